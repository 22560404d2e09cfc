"""What the team's leader and the office may decide about a record, and what then stands."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DatabaseError

from server.db import db, transaction
from server.journal import Actor, Line
from server.permissions import Role
from server.submissions import review, rights
from server.submissions.models import (
    Decision,
    ReviewState,
    Submission,
    SubmissionComment,
    SubmissionReview,
)
from server.submissions.problems import (
    AlreadySo,
    CommentNeeded,
    FinalDecision,
    NoTeamToReturnTo,
    NothingReturned,
    ReviewMoved,
    ReviewReasonNeeded,
    UnknownAnswer,
)
from server.submissions.review import Verdict
from server.teams import service as teams
from server.teams.models import Phone
from tests import forms
from tests.conftest import ACTOR, VU_BAN, somebody

LEADER, OFFICE = rights.TEAM_LEADER, rights.OFFICE
HOA = Actor("page", None, "Hoa")
SON = Actor("page", None, "Sơn")
D, S = Decision, ReviewState


@pytest.fixture
def team(plan, cast):
    """Lan's team, led by Sơn; Lan's phone belongs to it."""
    with transaction() as session:
        found = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
        son = somebody("Sơn", Role.TEAM_LEADER, VU_BAN)
        session.add(son)
        session.flush()
        teams.join(session, found, son, leads=True, actor=ACTOR)
        teams.join(session, found, session.merge(cast.lan), actor=ACTOR)
    found.leader = son
    return found


@pytest.fixture
def record(post, token, team, only):
    """A record of the team, as the phone first sent it."""
    with transaction() as session:
        session.scalars(select(Phone)).one().team_id = team.id
    assert post(forms.filled("uuid:1", ten="Lan")).status_code == 201
    return only(Submission)


def decide(record, decision, level=OFFICE, reason="Thiếu ảnh", by=HOA, revision=None, **notes):
    with transaction() as session:
        return review.decide(session, record.id, Verdict(decision, reason, notes), level, by,
                             revision)  # fmt: skip


def edit(post, key="uuid:2", old="uuid:1"):
    assert post(forms.filled(key, replaces=old, ten="Hoa")).status_code == 201


STEPS = [
    # what was decided before, by whom; what is decided now, by whom; state, level, on the phone?
    ([], (D.APPROVE, LEADER), (S.RECEIVED, 1, False)),
    ([], (D.APPROVE, OFFICE), (S.APPROVED, 2, False)),
    ([], (D.HAS_ISSUES, LEADER), (S.HAS_ISSUES, 1, False)),
    ([], (D.REJECT, LEADER), (S.REJECTED, 1, False)),
    ([], (D.RETURN, LEADER), (S.HAS_ISSUES, 1, True)),
    ([], (D.RETURN, OFFICE), (S.HAS_ISSUES, 2, True)),
    ([(D.APPROVE, LEADER)], (D.APPROVE, OFFICE), (S.APPROVED, 2, False)),
    ([(D.APPROVE, LEADER)], (D.RETURN, OFFICE), (S.HAS_ISSUES, 2, True)),
    ([(D.RETURN, LEADER)], (D.TAKE_BACK, LEADER), (S.HAS_ISSUES, 1, False)),
    ([(D.RETURN, OFFICE)], (D.TAKE_BACK, OFFICE), (S.HAS_ISSUES, 2, False)),
    ([(D.RETURN, LEADER)], (D.APPROVE, LEADER), (S.RECEIVED, 1, False)),
    ([(D.REJECT, OFFICE)], (D.APPROVE, OFFICE), (S.APPROVED, 2, False)),
    ([(D.APPROVE, OFFICE)], (D.RETURN, OFFICE), (S.HAS_ISSUES, 2, True)),
]


@pytest.mark.parametrize(("before", "now", "then"), STEPS)
def test_each_decision_leads_to_its_state(record, only, before, now, then):
    for decision, level in before:
        decide(record, decision, level)

    made = decide(record, *now)

    found = only(Submission)
    assert (found.review_state, found.review_level, found.returned_at is not None) == then
    assert (made.state, made.level, made.number, made.actor) == (then[0], then[1], 1, "Hoa")
    assert found.revision == 2 + len(before)


REFUSED = [
    ([(D.APPROVE, OFFICE)], (D.RETURN, LEADER), "Vì", FinalDecision),
    ([(D.RETURN, OFFICE)], (D.TAKE_BACK, LEADER), "Vì", FinalDecision),
    ([], (D.REJECT, OFFICE), " ", ReviewReasonNeeded),
    ([], (D.RETURN, LEADER), "", ReviewReasonNeeded),
    ([], (D.TAKE_BACK, OFFICE), "", NothingReturned),
]


@pytest.mark.parametrize(("before", "now", "reason", "why"), REFUSED)
def test_what_review_does_not_allow_is_refused_and_changes_nothing(
    record, only, count, before, now, reason, why
):
    for decision, level in before:
        decide(record, decision, level)
    revision = only(Submission).revision

    with pytest.raises(why):
        decide(record, *now, reason=reason)

    assert only(Submission).revision == revision
    assert count(SubmissionReview) == len(before)


def test_a_record_of_no_team_has_no_phone_to_go_back_to(post, only):
    post(forms.filled())

    with pytest.raises(NoTeamToReturnTo):
        decide(only(Submission), D.RETURN)


def test_two_reviewers_never_overwrite_each_other(record):
    seen = record.revision
    decide(record, D.HAS_ISSUES, LEADER, by=SON, revision=seen)

    with pytest.raises(ReviewMoved) as refused:
        decide(record, D.APPROVE, revision=seen)

    assert refused.value.status == 409
    assert "Sơn đã ghi là có vấn đề lúc " in refused.value.text("vi")


def test_whoever_looked_before_an_edit_is_told_of_it(post, record):
    edit(post)

    with pytest.raises(ReviewMoved, match="the phone sent an edit"):
        decide(record, D.APPROVE, revision=record.revision)


def test_an_edit_after_approval_reopens_review_on_both_levels(post, record, only):
    decide(record, D.APPROVE)

    edit(post)

    found = only(Submission)
    assert (found.review_state, found.review_level) == (S.EDITED, 0)
    decide(record, D.APPROVE, LEADER, by=SON)
    assert only(Submission).review_state is S.EDITED
    decide(record, D.APPROVE)
    assert only(Submission).review_state is S.APPROVED
    numbers = db.session().scalars(select(SubmissionReview.number).order_by(SubmissionReview.id))
    assert list(numbers) == [1, 2, 2]


def test_an_edit_takes_a_returned_record_off_the_phone(post, record, only):
    decide(record, D.RETURN)

    edit(post)

    assert only(Submission).returned_at is None


def test_notes_are_about_answers_that_the_record_has(record, only):
    decide(record, D.RETURN, reason="", ten="Ghi đủ họ tên")

    assert only(SubmissionReview).notes == [{"path": "ten", "note": "Ghi đủ họ tên"}]
    with pytest.raises(UnknownAnswer):
        decide(record, D.RETURN, khong_co="?")


def test_each_decision_leaves_a_line_in_the_journal(record):
    decide(record, D.RETURN)

    line = db.session().scalars(select(Line).where(Line.verb == "submission.reviewed")).one()
    assert (line.subject_id, line.actor) == (str(record.id), "Hoa")
    assert (line.detail["decision"], line.detail["level"]) == ("return", 2)
    assert "Thiếu ảnh" not in str(line.detail)


def test_comments_are_added_on_the_record_and_on_one_answer(record, count):
    with transaction() as session:
        found = session.get(Submission, record.id)
        review.comment(session, found, " Đã gọi  lại cho hộ. ", HOA)
        review.comment(session, found, "Tên này viết sai", SON, "ten")

    rows = db.session().scalars(select(SubmissionComment).order_by(SubmissionComment.id))
    assert [(row.body, row.path, row.actor) for row in rows] == [
        ("Đã gọi lại cho hộ.", "", "Hoa"),
        ("Tên này viết sai", "ten", "Sơn"),
    ]
    for body, path, why in (("  ", "", CommentNeeded), ("Gì", "khong_co", UnknownAnswer)):
        with pytest.raises(why), transaction() as session:
            review.comment(session, session.get(Submission, record.id), body, HOA, path)
    assert count(SubmissionComment) == 2


@pytest.mark.parametrize("table", ["submission_review", "submission_comment"])
@pytest.mark.parametrize("change", ["UPDATE {} SET actor = 'x'", "DELETE FROM {}"])
def test_what_was_decided_or_said_is_never_rewritten(record, table, change):
    decide(record, D.APPROVE)
    with transaction() as session:
        review.comment(session, session.get(Submission, record.id), "Được", HOA)

    with pytest.raises(DatabaseError, match="refused"), db.engine.begin() as connection:
        connection.exec_driver_sql(change.format(table))


def test_who_reviews_what_depends_on_office_area_and_team(session, record, cast, team):
    with transaction() as writing:
        other = somebody("Tư", Role.TEAM_LEADER, VU_BAN)
        writing.add(other)
        writing.flush()
        far = somebody("Xa", Role.REVIEWER, "2024/83/835")
        writing.add(far)
        writing.flush()
    found = {
        who.name: rights.level(session, session.merge(who), session.get(Submission, record.id))
        for who in (cast.hoa, cast.admin, team.leader, cast.lan, cast.minh, other, far)
    }

    assert found == {
        "Hoa": OFFICE, "Quản trị": OFFICE, "Sơn": LEADER,
        "Lan": None, "Minh": None, "Tư": None, "Xa": None,
    }  # fmt: skip


def test_many_records_are_decided_as_the_preview_said(post, record, cast, session, count):
    for number in (2, 3, 4):
        post(forms.filled(f"uuid:{number}"))
    session.rollback()
    ids = list(session.scalars(select(Submission.id).order_by(Submission.id)))
    decide(record, D.APPROVE)
    hoa = session.merge(cast.hoa)
    verdict = Verdict(D.APPROVE)

    planned = review.plan_all(
        session, hoa, session.query(Submission).order_by(Submission.id).all(), verdict
    )
    revisions = {each.submission.id: each.revision for each in planned}
    session.rollback()
    with transaction() as writing:
        review.decide(writing, ids[2], Verdict(D.HAS_ISSUES), LEADER, SON)
    with transaction() as writing:
        done = review.decide_all(writing, hoa, revisions, verdict, HOA)

    assert [each.after for each in planned] == [S.APPROVED] * 4
    assert [type(each.refusal) for each in planned] == [AlreadySo, *[type(None)] * 3]
    assert [each.after for each in done] == [S.APPROVED, S.APPROVED, S.HAS_ISSUES, S.APPROVED]
    assert isinstance(done[2].refusal, ReviewMoved)
    assert count(SubmissionReview) == 4


def test_a_leader_decides_of_many_only_those_of_their_team(post, record, team, session):
    with transaction() as writing:
        writing.scalars(select(Phone)).one().team_id = None
    post(forms.filled("uuid:8"))
    son = session.merge(team.leader)

    planned = review.plan_all(
        session, son, session.query(Submission).order_by(Submission.id).all(), Verdict(D.APPROVE)
    )

    assert [each.refusal and each.refusal.code for each in planned] == [None, "not-allowed"]
