"""Lists that phones carry (danh sách mang theo máy) and change: rows are entities, with versions.

Two kinds live here. Plain lists, visits (lượt), hamlets (thôn) and households (hộ trong mẫu), are
made by the server from its own rows whenever those change (`plain`). Entity lists hold rows that
forms on phones, the office and other rooms create and change: a tree planted, a household met, a
finding to look at again.

A row is never overwritten blindly. Every change is a version; a change that was made against an
older one is still applied, and marked as a soft conflict (others changed other things) or a hard
one (others changed the same thing), until somebody settles it. Phones that work offline number
their changes in a branch; what arrives before its predecessor is held and, after five days, done
anyway.

    names       what a list, a property and a row may be called
    merging     what a change makes of a row, and whether it contradicts another (pure)
    service     verbs of the office and of other rooms: create, update, put_row, assign, settle
    requests    what filled forms ask for: taken once, held, forced, or kept for the office
    applying    what one such request does to a row
    delivery    which rows a phone carries, as a file whose hash changes only when its rows do
    importing   tables from the office: the differences first, then the change
"""
