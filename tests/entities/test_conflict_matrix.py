"""What becomes of a row when changes arrive online, offline, out of order and at odds.

Each case is told as the forms that arrive, in that order, after a tree was planted at version 1
with loai 'lim' and cao '1'. A step is (what the form says) and a version is
(number, base, conflict, what is now there).
"""

from typing import Any

import pytest

from server.entities.models import RequestState
from tests.entities.conftest import said

PLANTED = {"create": 1, "label": "Cây 1", "loai": "lim", "cao": "1"}
B, C = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def online(base: int, **answers: str) -> dict[str, Any]:
    return {"update": 1, "base": base, **answers}


def offline(base: int, trunk: int | str, branch: str = B, **answers: str) -> dict[str, Any]:
    return {"update": 1, "base": base, "trunk": trunk, "branch": branch, **answers}


CASES: dict[str, tuple[list[dict[str, Any]], list[tuple[int, int | None, str, str, str]], str]] = {
    # name: (steps, [(version, base, conflict, loai, cao)], conflict of the row)
    "one change made online": (
        [online(1, cao="2")],
        [(2, 1, "none", "lim", "2")],
        "none",
    ),
    "two changes online, each on the newest": (
        [online(1, cao="2"), online(2, cao="3")],
        [(2, 1, "none", "lim", "2"), (3, 2, "none", "lim", "3")],
        "none",
    ),
    "an old base and another property: soft": (
        [online(1, cao="2"), online(1, loai="gụ")],
        [(2, 1, "none", "lim", "2"), (3, 1, "soft", "gụ", "2")],
        "soft",
    ),
    "an old base and the same property: hard, and applied": (
        [online(1, cao="2"), online(1, cao="3")],
        [(2, 1, "none", "lim", "2"), (3, 1, "hard", "lim", "3")],
        "hard",
    ),
    "an old base and the same new value: soft": (
        [online(1, cao="2"), online(1, cao="2")],
        [(2, 1, "none", "lim", "2"), (3, 1, "soft", "lim", "2")],
        "soft",
    ),
    "a hard conflict is not forgotten for a soft one": (
        [online(1, cao="2"), online(1, cao="3"), online(2, loai="gụ")],
        [
            (2, 1, "none", "lim", "2"),
            (3, 1, "hard", "lim", "3"),
            (4, 2, "soft", "gụ", "3"),
        ],
        "hard",
    ),
    "a base that was changed back since: nothing differs, soft": (
        [online(1, cao="2"), online(2, cao="1"), online(1, cao="5")],
        [
            (2, 1, "none", "lim", "2"),
            (3, 2, "none", "lim", "1"),
            (4, 1, "soft", "lim", "5"),
        ],
        "soft",
    ),
    "three changes offline of version 1, in order": (
        [offline(1, 1, cao="2"), offline(2, 1, cao="3"), offline(3, 1, cao="4")],
        [
            (2, 1, "none", "lim", "2"),
            (3, 2, "none", "lim", "3"),
            (4, 3, "none", "lim", "4"),
        ],
        "none",
    ),
    "three changes offline, the last one first": (
        [offline(3, 1, cao="4"), offline(2, 1, cao="3"), offline(1, 1, cao="2")],
        [
            (2, 1, "none", "lim", "2"),
            (3, 2, "none", "lim", "3"),
            (4, 3, "none", "lim", "4"),
        ],
        "none",
    ),
    "three changes offline, the middle one late": (
        [offline(1, 1, cao="2"), offline(3, 1, loai="gụ"), offline(2, 1, cao="3")],
        [
            (2, 1, "none", "lim", "2"),
            (3, 2, "none", "lim", "3"),
            (4, 3, "none", "gụ", "3"),
        ],
        "none",
    ),
    "a branch from a newer trunk": (
        [online(1, cao="2"), offline(2, 2, cao="3"), offline(3, 2, cao="4")],
        [
            (2, 1, "none", "lim", "2"),
            (3, 2, "none", "lim", "3"),
            (4, 3, "none", "lim", "4"),
        ],
        "none",
    ),
    "others changed another property before the branch arrived": (
        [online(1, loai="gụ"), offline(1, 1, cao="2"), offline(2, 1, cao="3")],
        [
            (2, 1, "none", "gụ", "1"),
            (3, 1, "soft", "gụ", "2"),
            (4, 3, "soft", "gụ", "3"),
        ],
        "soft",
    ),
    "others changed the same property before the branch arrived": (
        [online(1, cao="9"), offline(1, 1, cao="2"), offline(2, 1, cao="3")],
        [
            (2, 1, "none", "lim", "9"),
            (3, 1, "hard", "lim", "2"),
            (4, 3, "soft", "lim", "3"),
        ],
        "hard",
    ),
    "others changed the row in the middle of the branch": (
        [offline(1, 1, cao="2"), online(2, loai="gụ"), offline(2, 1, cao="3")],
        [
            (2, 1, "none", "lim", "2"),
            (3, 2, "none", "gụ", "2"),
            (4, 2, "soft", "gụ", "3"),
        ],
        "soft",
    ),
    "two phones offline with the same row": (
        [offline(1, 1, B, cao="2"), offline(1, 1, C, cao="7"), offline(2, 1, B, loai="gụ")],
        [
            (2, 1, "none", "lim", "2"),
            (3, 1, "hard", "lim", "7"),
            (4, 2, "soft", "gụ", "7"),
        ],
        "hard",
    ),
    "an empty label keeps the one there is, an empty answer empties the property": (
        [online(1, cao="", label="")],
        [(2, 1, "none", "lim", "")],
        "none",
    ),
    "what was not asked keeps its value": (
        [online(1)],
        [(2, 1, "none", "lim", "1")],
        "none",
    ),
}


def test_the_table(grove):
    """Every case has a tree of its own, so that all of them can be told in one go."""
    trees = {name: f"3f6c2f0e-6a1d-4b7e-8a55-{number:012x}" for number, name in enumerate(CASES)}
    for name, (steps, _versions, _conflict) in CASES.items():
        grove.send(*(said(uuid_=trees[name], **step) for step in [PLANTED, *steps]))

    for name, (_steps, versions, conflict) in CASES.items():
        first, *rest = grove.versions(trees[name])
        assert (first.label, first.data) == ("Cây 1", {"loai": "lim", "cao": "1"}), name
        assert [
            (v.version, v.base_version, v.conflict.value, v.data["loai"], v.data["cao"])
            for v in rest
        ] == versions, name
        tree = grove.tree(trees[name])
        assert (tree.conflict.value, tree.label) == (conflict, "Cây 1"), name
    assert {each.state for each in grove.requests()} == {RequestState.APPLIED}


@pytest.mark.parametrize(
    "name",
    [
        "three changes offline, the last one first",
        "others changed the same property before the branch arrived",
    ],
)
def test_forms_that_come_one_by_one_end_the_same(grove, name):
    """The work after each form is done before the next one comes, and after all of them again."""
    steps, expected, conflict = CASES[name]

    for step in [PLANTED, *steps]:
        grove.send(said(**step))

    assert [v.version for v in grove.versions()] == [1, *(each[0] for each in expected)]
    assert grove.tree().conflict.value == conflict


def test_both_ways_of_writing_a_flag_are_understood(grove):
    grove.send(said(**{**PLANTED, "create": "true"}), said(update="true", base=1, cao="2"))

    assert [v.version for v in grove.versions()] == [1, 2]


def test_a_row_made_offline_and_changed_twice_before_it_was_sent(grove):
    grove.send(said(**PLANTED), said(**offline(1, "", cao="2")), said(**offline(2, "", cao="3")))

    assert [(v.version, v.base_version, v.data["cao"]) for v in grove.versions()] == [
        (1, None, "1"), (2, 1, "2"), (3, 2, "3"),
    ]  # fmt: skip
    assert grove.tree().conflict.value == "none"


def test_changes_of_a_row_that_has_yet_to_come_wait_for_it(grove):
    grove.send(said(**offline(2, "", cao="3")), said(**offline(1, "", cao="2")))
    assert [each.state.value for each in grove.requests()] == ["held", "held"]

    grove.send(said(**PLANTED))

    assert [(v.version, v.data["cao"]) for v in grove.versions()] == [(1, "1"), (2, "2"), (3, "3")]
    assert {each.state.value for each in grove.requests()} == {"applied"}
