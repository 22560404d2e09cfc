"""The difference between two contents tells all that differs, and nothing else."""

from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st

from server.submissions import instance, versions
from server.submissions.versions import Content

names = st.sampled_from(["a", "b", "c", "d", "e"])
plain = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["", "x", "1.jpg"]))
rows = st.lists(st.dictionaries(names, plain, min_size=1), min_size=1, max_size=3)
groups = st.dictionaries(names, plain, min_size=1)
answers = st.dictionaries(names, st.one_of(plain, rows, groups))


def content(said, **files):
    kept = {name: SimpleNamespace(name=name, sha256=sha256) for name, sha256 in files.items()}
    return Content(1, "uuid:1", b"", said, None, kept)


@settings(deadline=None)
@given(answers, answers)
def test_the_old_answers_with_the_differences_are_the_new_ones(old, new):
    found = versions.differences(content(old), content(new))

    before, after = dict(instance.flat(old)), dict(instance.flat(new))
    made = before | {each.path: each.after for each in found}
    assert {path for path, value in made.items() if value is not None} == {
        path for path, value in after.items() if value is not None
    }
    assert all(each.before != each.after for each in found)
    assert len({each.path for each in found}) == len(found)


@given(answers)
def test_a_content_does_not_differ_from_itself(said):
    assert versions.differences(content(said), content(said)) == []


def test_other_bytes_under_one_name_are_a_difference():
    old, new = (
        content({"anh": "1.jpg"}, **{"1.jpg": "aa"}),
        content({"anh": "1.jpg"}, **{"1.jpg": "bb"}),
    )

    [found] = versions.differences(old, new)

    assert (found.path, found.before, found.after) == ("anh", "1.jpg", "1.jpg")
    missing = content({"anh": "1.jpg"}, **{"1.jpg": None})
    assert versions.differences(missing, new) == []


def test_what_phones_note_by_themselves_is_no_difference():
    old = content({"start": 1, "end": 2, "meta": {"instanceID": "a"}, "ten": "Lan"})
    new = content({"start": 3, "end": 4, "meta": {"instanceID": "b"}, "ten": "Lan"})

    assert versions.differences(old, new) == []
