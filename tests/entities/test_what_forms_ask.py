"""Held, forced, refused, edited, approved: what forms ask is never lost and never done twice."""

import datetime as dt

import pytest
from sqlalchemy import update

from server import journal
from server.db import db, transaction
from server.entities import queries, requests, service
from server.entities.models import EntityRequest, RequestState
from server.entities.problems import NotHeld
from server.submissions.models import ReviewState, Submission
from tests.conftest import ACTOR
from tests.entities.conftest import OTHER, TREE, said

BRANCH = "11111111-1111-4111-8111-111111111111"
PLANTED = {"create": 1, "label": "Cây 1", "loai": "lim", "cao": "1"}


def days_pass(days: int) -> None:
    """Make every request as old as if it had come so many days ago."""
    with transaction() as session:
        session.execute(
            update(EntityRequest).values(
                received_at=EntityRequest.received_at if not days else _ago(days)
            )
        )


def _ago(days: int) -> dt.datetime:
    return dt.datetime.now(dt.UTC) - dt.timedelta(days=days, seconds=1)


def force() -> None:
    with transaction() as session:
        requests.force_overdue(session)
    db.session().rollback()
    db.session().expire_all()


def test_a_change_whose_predecessor_is_lost_is_held_five_days_and_then_done(grove):
    grove.send(said(**PLANTED), said(update=1, base=3, trunk=1, branch=BRANCH, cao="4"))

    days_pass(4)
    force()
    assert [each.state.value for each in grove.requests()] == ["applied", "held"]
    days_pass(5)
    force()

    last = grove.versions()[-1]
    assert (last.version, last.base_version, last.forced, last.data["cao"]) == (2, 1, True, "4")
    assert [each.state.value for each in grove.requests()] == ["applied", "applied"]


def test_what_waited_behind_a_forced_change_follows_it(grove):
    grove.send(
        said(**PLANTED),
        said(update=1, base=4, trunk=1, branch=BRANCH, cao="5"),
        said(update=1, base=3, trunk=1, branch=BRANCH, cao="4"),
    )
    days_pass(5)

    force()

    assert [(v.data["cao"], v.forced) for v in grove.versions()] == [
        ("1", False), ("4", True), ("5", False),
    ]  # fmt: skip


def test_a_predecessor_that_comes_after_the_force_is_applied_as_a_conflict(grove):
    grove.send(said(**PLANTED), said(update=1, base=2, trunk=1, branch=BRANCH, cao="3"))
    days_pass(5)
    force()

    grove.send(said(update=1, base=1, trunk=1, branch=BRANCH, cao="2"))

    last = grove.versions()[-1]
    assert (last.version, last.base_version, last.conflict.value) == (3, 1, "hard")


def test_a_change_of_a_row_that_never_came_makes_it_when_forced(grove):
    grove.send(
        said(update=1, base=2, trunk="", branch=BRANCH, label="Cây B", cao="3"),
        said(update=1, base=3, trunk="", branch=BRANCH, cao="4"),
    )
    days_pass(5)

    force()

    assert [(v.version, v.forced, v.data) for v in grove.versions()] == [
        (1, True, {"cao": "3"}), (2, False, {"cao": "4"}),
    ]  # fmt: skip


def test_a_late_making_fills_what_is_missing_and_overrules_nothing(grove):
    grove.send(said(update=1, base=2, trunk="", branch=BRANCH, label="Cây B", cao="3"))
    days_pass(5)
    force()

    grove.send(said(**PLANTED))

    tree = grove.tree()
    assert (tree.label, tree.data, tree.version) == ("Cây B", {"loai": "lim", "cao": "3"}, 2)
    assert tree.conflict.value == "soft"


IMPOSSIBLE = [
    ({"create": 1, "loai": "lim", "uuid_": OTHER}, "entities.label-missing"),
    ({"create": 1, "label": "A", "uuid_": "khong-phai-ma"}, "entities.bad-id"),
    ({"create": 1, "label": "A", "uuid_": TREE.replace("-4b7e-", "-1b7e-")}, "entities.bad-id"),
    ({"update": 1, "base": 1, "uuid_": OTHER}, "entities.unknown-entity"),
    ({"update": 1, "base": 1, "trunk": 1, "branch": BRANCH, "uuid_": OTHER},
     "entities.unknown-entity"),
    ({"update": 1, "base": 9}, "entities.unknown-version"),
    ({"update": 1, "base": 9, "trunk": 9, "branch": BRANCH}, "entities.unknown-version"),
    ({"update": 1, "base": "", "trunk": "", "branch": BRANCH}, "entities.unknown-version"),
    ({"update": 1, "base": "x"}, "entities.unknown-version"),
    ({"create": 1, "label": "A"}, "entities.exists"),
]  # fmt: skip


def test_what_cannot_be_done_is_kept_for_the_office_and_the_form_is_taken(grove):
    grove.send(said(**PLANTED))

    grove.send(*(said(**asked) for asked, _code in IMPOSSIBLE))

    planted, *failed = grove.requests()
    assert planted.state is RequestState.APPLIED
    assert [each.problem for each in failed] == [code for _asked, code in IMPOSSIBLE]
    assert {each.state for each in failed} == {RequestState.FAILED}
    assert all(each.details["vi"] and each.details["en"] for each in failed)
    assert grove.tree().version == 1
    assert db.session().query(Submission).count() == 1 + len(IMPOSSIBLE)


def test_ids_are_taken_with_and_without_their_prefix_and_in_any_case(grove):
    grove.send(said(uuid_=f"uuid:{TREE.upper()}", **PLANTED))

    assert grove.tree().uuid == TREE


def test_a_form_that_comes_twice_and_work_that_is_done_twice_ask_once(grove, plan):
    planted = said(**PLANTED)
    changed = said(update=1, base=1, cao="2")
    grove.send(planted, changed, planted, changed)

    with transaction() as session:
        for submission in session.query(Submission):
            journal.write(session, ACTOR, "submission.linked", "submission", submission.id, plan.id)
    grove.send()

    assert [v.version for v in grove.versions()] == [1, 2]
    assert len(grove.requests()) == 2


def test_a_form_that_asks_nothing_leaves_no_request(grove):
    grove.send(said(loai="lim"), said(create=0, update="false", loai="lim"))

    assert grove.requests() == []


def test_a_form_that_makes_or_changes_does_what_fits(grove):
    grove.send(said(**PLANTED, update=1), said(update=1, base=1, **{**PLANTED, "cao": "2"}))

    assert [(v.version, v.data["cao"]) for v in grove.versions()] == [(1, "1"), (2, "2")]


def test_a_deleted_row_is_changed_only_once_it_is_restored(grove):
    grove.send(said(**PLANTED))
    with transaction() as session:
        service.delete(session, grove.tree(), ACTOR)
    grove.send(said(update=1, base=1, cao="2"))
    failed = grove.requests()[-1]
    assert failed.problem == "entities.deleted"

    with transaction() as session:
        service.restore(session, grove.tree(), ACTOR)
        requests.retry(session, session.get_one(EntityRequest, failed.id), ACTOR)

    assert grove.tree().data["cao"] == "2"
    assert grove.requests()[-1].state is RequestState.APPLIED


def test_a_dismissed_request_is_dealt_with_for_good(grove):
    grove.send(said(update=1, base=1))
    with transaction() as session:
        requests.dismiss(session, session.query(EntityRequest).one(), ACTOR)

    with pytest.raises(NotHeld), transaction() as session:
        requests.retry(session, session.query(EntityRequest).one(), ACTOR)


class TestEditedForms:
    """A form that the phone edits and sends again names the one it replaces."""

    def test_changes_only_what_it_says_otherwise(self, grove):
        grove.send(said("uuid:a", **PLANTED), said(update=1, base=1, loai="gụ"))

        grove.send(said("uuid:b", replaces="uuid:a", **{**PLANTED, "cao": "8"}))

        last = grove.versions()[-1]
        assert (last.data, last.received) == ({"loai": "gụ", "cao": "8"}, {"cao": "8"})
        assert last.conflict.value == "soft"

    def test_that_says_the_same_changes_nothing(self, grove):
        grove.send(said("uuid:a", **PLANTED), said("uuid:b", replaces="uuid:a", **PLANTED))

        assert [v.version for v in grove.versions()] == [1]
        assert [each.state.value for each in grove.requests()] == ["applied", "applied"]

    def test_is_edited_again(self, grove):
        grove.send(said("uuid:a", **PLANTED))
        for key, old, high in (("uuid:b", "uuid:a", "8"), ("uuid:c", "uuid:b", "9")):
            grove.send(said(key, replaces=old, **{**PLANTED, "cao": high}))

        assert [v.data["cao"] for v in grove.versions()] == ["1", "8", "9"]
        assert grove.tree().conflict.value == "none"

    def test_comes_after_its_late_original(self, grove):
        edit = said("uuid:b", replaces="uuid:a", **{**PLANTED, "cao": "8"})
        grove.send(edit)
        assert grove.requests() == []

        grove.send(said("uuid:a", **PLANTED))
        grove.send(said("uuid:a", **PLANTED), edit)

        assert [v.data["cao"] for v in grove.versions()] == ["1", "8"]
        assert {each.state for each in grove.requests()} == {RequestState.APPLIED}

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
    def test_each_content_is_taken_once_however_many_came_before_the_work_began(self, grove, order):
        chain = [
            said("uuid:a", **PLANTED),
            said("uuid:b", replaces="uuid:a", **{**PLANTED, "cao": "8"}),
            said("uuid:c", replaces="uuid:b", **{**PLANTED, "cao": "9"}),
        ]

        grove.send(*(chain[number] for number in order))

        assert [v.data["cao"] for v in grove.versions()] == ["1", "8", "9"]
        assert [each.instance_id for each in grove.requests()] == ["uuid:a", "uuid:b", "uuid:c"]

    def test_takes_the_place_of_one_that_still_waits(self, grove):
        held = {"update": 1, "base": 2, "trunk": 1, "branch": BRANCH}
        grove.send(said(**PLANTED), said("uuid:a", cao="3", **held))
        grove.send(said("uuid:b", replaces="uuid:a", cao="4", **held))

        grove.send(said(update=1, base=1, trunk=1, branch=BRANCH, cao="2"))

        assert [v.data["cao"] for v in grove.versions()] == ["1", "2", "4"]


class TestListsThatNeedApproval:
    """Rows come into being when a reviewer has said yes to the form that makes them."""

    @pytest.fixture(autouse=True)
    def _needs_approval(self, grove):
        with transaction() as session:
            service.change_list(session, grove.trees, ACTOR, approval_required=True)

    def approve(self, grove, plan):
        with transaction() as session:
            first = session.query(Submission).order_by(Submission.id).first()
            first.review_state = ReviewState.APPROVED
            journal.write(session, ACTOR, "submission.reviewed", "submission", first.id, plan.id)
        grove.send()

    def test_making_and_what_follows_wait_for_the_reviewer_however_long(self, grove, plan):
        grove.send(said(**PLANTED), said(update=1, base=1, branch=BRANCH, trunk="", cao="2"))
        days_pass(30)
        force()
        assert [each.state.value for each in grove.requests()] == ["awaiting", "held"]

        self.approve(grove, plan)

        assert [(v.version, v.data["cao"]) for v in grove.versions()] == [(1, "1"), (2, "2")]

    def test_approving_twice_does_it_once(self, grove, plan):
        grove.send(said(**PLANTED))

        self.approve(grove, plan)
        self.approve(grove, plan)

        assert [v.version for v in grove.versions()] == [1]

    def test_changes_of_rows_that_are_there_wait_for_nobody(self, grove, plan):
        grove.send(said(**PLANTED))
        self.approve(grove, plan)

        grove.send(said(update=1, base=1, cao="2"))

        assert grove.tree().data["cao"] == "2"


def test_publishing_a_form_makes_its_list_with_its_properties(grove):
    assert [each.name for each in grove.trees.properties] == ["loai", "cao"]
    assert queries.figures(db.session(), [grove.trees.id]) == {}


def test_the_phone_that_makes_a_row_owns_it(grove, cast):
    grove.send(said(**PLANTED))

    tree, version = grove.tree(), grove.versions()[0]
    assert tree.owner_id == cast.lan.id
    assert (version.via, version.person_id, version.actor) == ("phone", cast.lan.id, "Lan")
    assert version.submission_id is not None
