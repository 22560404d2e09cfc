"""The limits of the checks, each with its reason: the one place where they stand.

They tell what is worth a second look, not what is false.
"""

HAMLET_RADIUS_M = 1500
"""A hamlet's reach when its list gives no radius (metres).

Rural hamlets of the delta reach some hundred metres, those of the mountains a few kilometres; the
hamlet list should say. 1.5 km keeps most honest delta records inside.
"""

BORDER_M = 100
"""A point may lie so far beyond its commune's official border (metres).

Borders are kept straightened by some 40 m, and published ones come from maps of 1:10,000 to
1:50,000, on which a line is itself 5 to 25 m off.
"""

ACCURACY_M = 50
"""A position is vague beyond this (metres).

ODK Collect takes a position by itself at 5 m and warns from 100 m; under trees or a tin roof a
phone stays at 10 to 30 m. Beyond 50 m it mostly comes from a mast and not from the sky.
"""

LEAST_SECONDS_A_QUESTION = 3
"""Faster than this for each answered question, nobody can have read it out and heard the answer.

Read silently a question of twelve words takes about three seconds (240 words a minute).
"""

LEAST_SECONDS = 60
"""However short a form, a talk takes a minute; a form with fewer than 20 answers is held to it."""

FORGIVEN_QUESTIONS = 5
"""Forms with no more answers than this are not held to any time: a photo and a note take none."""

LONGEST_HOURS = 12
"""A form open for longer was left open, or the clock was moved meanwhile (hours)."""

AHEAD_SECONDS = 300
"""A phone's clock may run ahead of ours by this much (seconds).

A form cannot be finished after it arrived: beyond five minutes the clock was wrong, or was set.
Phones on a network keep theirs within seconds; by hand people are some minutes off.
"""

DAYS_ON_THE_WAY = 30
"""A form usually arrives within so many days; teams come back to a line within a week or two.

After a longer way nothing can be said of the clock: one set back looks like a late sending.
"""
