"""From confirmation to the end: each step, who may take it, and what is refused."""

import datetime as dt
import io

import pytest
from PIL import Image
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError

from server import clock
from server.db import db, transaction
from server.findings import alarms, deadlines, evidence, remedy, service
from server.findings.models import (
    Authority,
    Finding,
    FindingState,
    FindingStep,
    Result,
    StepKind,
)
from server.findings.problems import (
    DayNeeded,
    DeadlinePassed,
    DocumentNeeded,
    EvidenceNeeded,
    EvidenceTooLarge,
    NotDone,
    NoteNeeded,
    NotHigher,
    NothingToRemedy,
    OnlyPerson,
    SamePerson,
    UnitNeeded,
    WrongEvidence,
    WrongOrder,
)
from server.findings.remedy import Unit
from server.journal import Actor, Line
from server.maintenance import soundness
from tests.desk.conftest import CHILDREN, photo
from tests.worlds import kept

HOA, XA, MINH = Actor("page", 1, "Hoa"), Actor("page", 2, "Cán bộ xã"), Actor("page", 3, "Minh")
UBND = Unit("UBND xã")
PDF = b"%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"


@pytest.fixture
def today(monkeypatch):
    """Let tests move the calendar; instants stay real."""
    day = [clock.today()]
    monkeypatch.setattr(clock, "today", lambda: day[0])

    def move(days):
        day[0] += dt.timedelta(days=days)
        return day[0]

    return move


@kept
def short(story):
    """A household that received short."""
    return story.send(du="no")


@pytest.fixture
def act(short, session):
    """Take a step on the one finding there is, in a transaction of its own."""

    def take(verb, *args, **more):
        with transaction() as writing:
            finding = writing.scalars(select(Finding)).one()
            verb(writing, finding, *args, **more)
        session.expire_all()
        return session.scalars(select(Finding)).one()

    return take


@pytest.fixture
def files(story):
    return story.app.extensions["files"]


@pytest.fixture
def proof(files):
    return evidence.keep(files, [("sau.jpg", io.BytesIO(photo()))])


@pytest.fixture
def assigned(act):
    act(service.settle, FindingState.CONFIRMED, "", HOA)
    return act(remedy.assign, UBND, in_days(10), "45/UBND", HOA)


def in_days(count):
    return clock.today() + dt.timedelta(days=count)


def steps(session):
    session.rollback()
    return session.scalars(select(FindingStep).order_by(FindingStep.id)).all()


def kinds(session):
    return [step.kind for step in steps(session)]


def test_a_finding_is_assigned_reported_checked_and_closed(act, assigned, proof, session):
    assert (assigned.state, assigned.responsible) == (FindingState.ASSIGNED, "UBND xã")
    assert assigned.responsible_area == assigned.area
    act(remedy.start, XA)
    reported = act(remedy.report, "Đã cấp bù", proof, XA)
    assert reported.state is FindingState.REPORTED and reported.alarm_on is None
    act(remedy.check, Result.DONE, "", HOA)

    closed = act(remedy.close, MINH)

    assert closed.state is FindingState.CLOSED
    assert [(step.kind.value, step.actor) for step in steps(session)] == [
        ("xac_nhan", "Hoa"), ("giao", "Hoa"), ("bat_dau", "Cán bộ xã"), ("bao_cao", "Cán bộ xã"),
        ("kiem_tra", "Hoa"), ("dong", "Minh"),
    ]  # fmt: skip
    report = steps(session)[3]
    assert (report.from_state, report.to_state) == (FindingState.UNDER_WAY, FindingState.REPORTED)
    assert [(each.name, each.content_type) for each in report.files] == [("sau.jpg", "image/jpeg")]
    verbs = session.scalars(select(Line.verb).where(Line.subject == "finding").order_by(Line.id))
    assert list(verbs) == [
        f"finding.{what}"
        for what in ("settled", "assigned", "started", "reported", "checked", "closed")
    ]


def test_the_deadline_proposed_is_the_rules_own_or_by_severity(assigned, session):
    day = dt.date(2024, 5, 1)
    assert deadlines.default_due(assigned, day) == dt.date(2024, 5, 11)
    assigned.due_days = 0
    assert deadlines.default_due(assigned, day) == dt.date(2024, 5, 16)
    session.rollback()


@pytest.mark.parametrize(
    ("unit", "days", "document", "refusal", "field"),
    [
        (Unit("  "), 5, "1/UB", UnitNeeded, "responsible"),
        (UBND, 5, " ", DocumentNeeded, "document"),
        (UBND, None, "1/UB", DayNeeded, "due_on"),
        (UBND, -1, "1/UB", DeadlinePassed, "due_on"),
        (UBND, 366, "1/UB", DeadlinePassed, "due_on"),
    ],
)
def test_an_assignment_names_what_is_wrong(act, session, unit, days, document, refusal, field):
    act(service.settle, FindingState.CONFIRMED, "", HOA)

    with pytest.raises(refusal) as caught:
        act(remedy.assign, unit, None if days is None else in_days(days), document, HOA)

    assert caught.value.field == field
    assert kinds(session) == [StepKind.CONFIRM]
    assert session.scalars(select(Finding)).one().state is FindingState.CONFIRMED


def test_a_deadline_of_today_can_still_be_met(act):
    act(service.settle, FindingState.CONFIRMED, "", HOA)

    assert act(remedy.assign, UBND, in_days(0), "1/UB", HOA).due_on == clock.today()


def test_steps_out_of_order_are_refused_and_leave_nothing(act, proof, session):
    day = in_days(9)
    for verb, args in [
        (remedy.assign, (UBND, day, "1/UB", HOA)),
        (remedy.start, (XA,)),
        (remedy.report, ("xong", proof, XA)),
        (remedy.check, (Result.DONE, "", HOA)),
        (remedy.close, (HOA,)),
        (remedy.reopen, ("chưa đạt", HOA)),
        (remedy.extend, (day, "mưa", HOA)),
        (remedy.transfer, (Unit("UBND huyện", Authority.DISTRICT), day, "2/UB", "vượt", HOA)),
    ]:
        with pytest.raises(WrongOrder) as caught:
            act(verb, *args)
        assert "Chờ kết luận" in caught.value.text("vi")

    assert kinds(session) == []


def test_good_practice_is_commended_and_never_assigned(story, session):
    story.send(more=CHILDREN)
    with transaction() as writing:
        finding = writing.scalars(select(Finding)).one()
        service.settle(writing, finding, FindingState.CONFIRMED, "", HOA)
        with pytest.raises(NothingToRemedy):
            remedy.assign(writing, finding, UBND, in_days(5), "1/UB", HOA)
        remedy.commend(writing, finding, "12/GK-UBND", HOA)

    assert kinds(session) == [StepKind.CONFIRM, StepKind.COMMEND]


def test_a_shortcoming_is_not_commended(act):
    act(service.settle, FindingState.CONFIRMED, "", HOA)

    with pytest.raises(NothingToRemedy):
        act(remedy.commend, "12/GK", HOA)


def test_a_report_needs_words_and_evidence(act, assigned, proof):
    with pytest.raises(EvidenceNeeded) as caught:
        act(remedy.report, "Đã cấp bù", [], XA)
    assert caught.value.field == "evidence"
    with pytest.raises(NoteNeeded):
        act(remedy.report, "  ", proof, XA)


@pytest.mark.parametrize("part", ["start", "report"])
def test_who_had_a_part_in_the_remedy_neither_checks_nor_closes(act, assigned, proof, part):
    if part == "start":
        act(remedy.start, HOA)
    else:
        act(remedy.report, "xong", proof, HOA)

    with pytest.raises(SamePerson):
        act(remedy.check, Result.DONE, "", HOA)
    act(remedy.check, Result.DONE, "", MINH)
    with pytest.raises(SamePerson):
        act(remedy.close, HOA)

    assert act(remedy.close, MINH).state is FindingState.CLOSED


def test_nobody_alone_carries_a_finding_from_its_assignment_to_its_end(act, assigned, proof):
    act(remedy.check, Result.DONE, "", HOA)
    with pytest.raises(OnlyPerson):
        act(remedy.close, HOA)
    act(remedy.reopen, "kiểm tra thêm", HOA)
    act(remedy.report, "xong", proof, XA)
    act(remedy.check, Result.DONE, "", HOA)

    assert act(remedy.close, HOA).state is FindingState.CLOSED


def test_someone_at_a_terminal_is_known_by_name(act, assigned, proof):
    somebody = Actor("command", None, "lan")
    act(remedy.report, "xong", proof, somebody)

    with pytest.raises(SamePerson):
        act(remedy.check, Result.DONE, "", somebody)
    act(remedy.check, Result.DONE, "", Actor("command", None, "hoa"))


@pytest.mark.parametrize("result", [Result.PARTLY, Result.NOTHING])
def test_what_is_not_done_is_not_closed(act, assigned, result):
    act(remedy.check, result, "còn thiếu", HOA)

    with pytest.raises(NotDone):
        act(remedy.close, MINH)


def test_what_cannot_be_done_for_good_reason_is_closed(act, assigned):
    act(remedy.check, Result.IMPOSSIBLE, "hộ đã chuyển đi", HOA)

    assert act(remedy.close, MINH).state is FindingState.CLOSED


def test_a_check_that_is_not_satisfied_says_what_is_missing(act, assigned):
    with pytest.raises(NoteNeeded):
        act(remedy.check, Result.PARTLY, "", HOA)


def test_a_closed_finding_is_opened_again_with_a_reason(act, assigned):
    act(remedy.check, Result.DONE, "", HOA)
    act(remedy.close, MINH)
    with pytest.raises(NoteNeeded):
        act(remedy.reopen, "", HOA)

    found = act(remedy.reopen, "Bò lại chết", HOA, in_days(20))

    assert (found.state, found.due_on) == (FindingState.REOPENED, in_days(20))
    with pytest.raises(WrongOrder):
        act(remedy.close, HOA)


def test_an_extension_keeps_the_old_deadline_and_goes_beyond_it(act, assigned, session):
    for day in (in_days(10), in_days(3)):
        with pytest.raises(DeadlinePassed):
            act(remedy.extend, day, "mưa lũ", HOA)
    with pytest.raises(NoteNeeded):
        act(remedy.extend, in_days(30), " ", HOA)

    found = act(remedy.extend, in_days(30), "mưa lũ", HOA)

    assert (found.state, found.due_on) == (FindingState.ASSIGNED, in_days(30))
    step = steps(session)[-1]
    assert (step.due_before, step.due_after, step.note) == (in_days(10), in_days(30), "mưa lũ")


def test_a_half_done_remedy_gets_more_time_after_the_check(act, assigned):
    act(remedy.check, Result.PARTLY, "thiếu một con", HOA)

    assert act(remedy.extend, in_days(30), "chờ vốn", HOA).state is FindingState.UNDER_WAY


def test_a_transfer_goes_up_and_takes_the_unit_with_it(act, assigned):
    with pytest.raises(NotHigher):
        act(remedy.transfer, UBND, in_days(9), "9/UB", "vượt thẩm quyền", HOA)

    found = act(
        remedy.transfer, Unit("UBND huyện Vụ Bản", Authority.DISTRICT), in_days(40), "9/UB",
        "vượt thẩm quyền", HOA,
    )  # fmt: skip

    assert (found.state, found.level) == (FindingState.ASSIGNED, Authority.DISTRICT)
    assert found.responsible_area == "2024/36/359"


def test_a_step_is_never_changed_nor_deleted(act, assigned):
    for statement in (
        "UPDATE finding_step SET note = 'khác'",
        "DELETE FROM finding_step",
    ):
        with pytest.raises(DatabaseError), transaction() as writing:
            writing.execute(text(statement))


def rung(session):
    with transaction() as writing:
        alarms.ring(writing)
    found = [
        (step.kind, step.level)
        for step in steps(session)
        if step.kind in (StepKind.REMIND, StepKind.ESCALATE)
    ]
    session.rollback()
    return found


def test_units_are_reminded_before_and_after_and_each_level_above_is_told_once(
    act, assigned, session, today
):
    told = []
    for _ in range(60):
        today(1)
        told.append(len(rung(session)))

    remind = (StepKind.REMIND, None)
    up = [(StepKind.ESCALATE, level) for level in list(Authority)[1:]]
    assert rung(session) == [remind, remind, remind, *up]
    before = [0, *told]
    assert [day for day in range(1, 61) if before[day] > before[day - 1]] == [3, 9, 11, 25, 40]


def test_a_server_that_slept_records_the_last_reminder_and_every_escalation(
    act, assigned, session, today
):
    today(27)

    assert rung(session) == [
        (StepKind.REMIND, None),
        (StepKind.ESCALATE, Authority.DISTRICT),
        (StepKind.ESCALATE, Authority.PROVINCE),
    ]
    assert len(rung(session)) == 3


def test_a_new_deadline_is_escalated_anew(act, assigned, session, today):
    today(11)
    rung(session)
    act(remedy.extend, in_days(5), "mưa", HOA)
    today(6)

    found = rung(session)

    assert found.count((StepKind.ESCALATE, Authority.DISTRICT)) == 2


def test_nobody_is_reminded_of_what_was_reported(act, assigned, proof, session, today):
    act(remedy.report, "xong", proof, XA)
    today(60)

    assert rung(session) == []


def picture(kind):
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, kind)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (picture("JPEG"), "image/jpeg"),
        (picture("PNG"), "image/png"),
        (picture("WEBP"), "image/webp"),
        (PDF, "application/pdf"),
    ],
)
def test_photos_and_papers_are_evidence_whatever_they_are_called(files, content, kind):
    [found] = evidence.keep(files, [("../../x.exe", io.BytesIO(content))])

    assert (found.content_type, found.name) == (kind, "x.exe")
    assert files.read(found.sha256) == content
    assert (found.thumb_sha256 is not None) is (kind != "application/pdf")


@pytest.mark.parametrize(
    "content",
    [b"", b"MZ\x90 program", b"<html>%PDF-1.4", picture("GIF"), picture("JPEG")[:300], PDF[:20]],
)
def test_other_files_and_broken_ones_are_refused_by_name(files, content):
    with pytest.raises(WrongEvidence) as caught:
        evidence.keep(files, [("anh.jpg", io.BytesIO(content))])

    assert caught.value.field == "evidence" and "anh.jpg" in caught.value.text("vi")


def test_too_large_and_too_many_files_are_refused(files):
    with pytest.raises(EvidenceTooLarge):
        evidence.keep(files, [("to.pdf", io.BytesIO(PDF + b" " * evidence.LARGEST_BYTES))])
    with pytest.raises(EvidenceTooLarge):
        evidence.keep(files, [(f"{n}.pdf", io.BytesIO(PDF)) for n in range(11)])


def test_evidence_is_not_swept_away(act, assigned, proof):
    act(remedy.report, "xong", proof, XA)

    named = set(soundness.named(db.session()))
    assert {proof[0].sha256, proof[0].thumb_sha256, proof[0].view_sha256} <= named
