"""Records returned to the phone (phiếu cần sửa), as the list `can_sua` of their own team.

Stock Collect shows the list in the form `gnbv_fix`, with the reason; the sent form is then edited
under "Đã gửi" and sent again. A row leaves the list when the edit arrives, when somebody decides
otherwise, or when the return is taken back.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload, object_session, undefer

from server import clock, text
from server.entities import names
from server.entities import queries as entity_lists
from server.entities import service as entities
from server.entities.models import Delivery, EntityList
from server.entities.writing import Part
from server.journal import SYSTEM, Actor, Line, Write, handles
from server.submissions import arrivals, instance, review
from server.submissions.models import Submission, SubmissionComment, SubmissionReview
from server.surveys import fields as form_fields
from server.surveys import lists
from server.surveys import service as surveys
from server.surveys.models import FormVersion

LIST = "can_sua"
TITLE = "Phiếu cần sửa"
FORM = "gnbv_fix"
PROPERTIES = (
    "reason", "notes", "form", "place", "returned_by", "returned_at", "instance_id", "record",
)  # fmt: skip
LONGEST_LABEL = 120


@surveys.before_publishing
def list_is_there(version: FormVersion) -> None:
    """Make the list before any phone can ask for it."""
    session = object_session(version)
    if session is not None and _asks_for_it(version):
        the_list(session, version.form.plan_id)


@lists.supplies
def _supplied(versions: Sequence[FormVersion]) -> dict[int, Collection[str]]:
    return {version.id: [f"{LIST}.csv"] for version in versions if _asks_for_it(version)}


def _asks_for_it(version: FormVersion) -> bool:
    return any(need["name"] == f"{LIST}.csv" for need in version.needs)


def the_list(session: Session, plan_id: int) -> EntityList:
    """Return the plan's list of records to be corrected, made or set right if need be."""
    found = entities.ensure_list(
        session, plan_id, LIST, SYSTEM, PROPERTIES, title=TITLE, delivery=Delivery.TEAM
    )
    if found.delivery is not Delivery.TEAM:
        entities.change_list(session, found, SYSTEM, title=TITLE, delivery=Delivery.TEAM)
    return found


@handles("submission.reviewed")
@handles("submission.edited")
@handles("submission.linked")
def phones_follow(session: Session, line: Line) -> Write | None:
    """Put a record on its team's phones, or take it off, as it stands now."""
    row = arrivals.told_of(session, line)
    if row is None or (line.verb == "submission.linked" and row.returned_at is None):
        return None
    return lambda session: show(session, row.id)


def show(session: Session, submission_id: int) -> None:
    """Make sure that the phones of its team carry a returned record, and no others do."""
    found = session.scalars(
        select(Submission)
        .where(Submission.id == submission_id)
        .options(
            joinedload(Submission.form),
            joinedload(Submission.place),
            joinedload(Submission.hamlet),
            joinedload(Submission.version).undefer(FormVersion.fields),
        )
        .execution_options(populate_existing=True)
    ).one()
    key = names.stable_id(LIST, found.plan_id, found.id)
    last = review.last_decision(session, found.id) if found.returned_at else None
    if last is None or found.team_id is None:
        held = entity_lists.find_list(session, found.plan_id, LIST)
        if held is not None:
            entities.drop_row(session, held, key, SYSTEM)
        return
    entities.put_row(
        session,
        the_list(session, found.plan_id),
        key,
        _label(found),
        _values(found, last),
        SYSTEM,
        part=Part(team_id=found.team_id, area=found.area),
    )


def _label(found: Submission) -> str:
    day = clock.local(found.started_at or found.received_at)
    name = found.label or found.form.title
    return " · ".join(filter(None, [name, _where(found), f"{day:%d/%m/%Y}"]))[:LONGEST_LABEL]


def _where(found: Submission) -> str:
    named = [found.hamlet.name if found.hamlet else "", found.place.name if found.place else ""]
    return ", ".join(filter(None, named))


def _values(found: Submission, last: SubmissionReview) -> dict[str, str]:
    return {
        "reason": last.reason or "Xem ghi chú ở từng câu.",
        "notes": " ".join(
            f"• {_asked(found, each['path'])}: {each['note']}" for each in last.notes
        ),
        "form": found.form.title,
        "place": _where(found),
        "returned_by": last.actor,
        "returned_at": f"{clock.local(last.at):%H:%M %d/%m/%Y}",
        "instance_id": found.instance_id,
        "record": str(found.id),
    }


def _asked(found: Submission, path: str) -> str:
    """Return the question at a path as the form asks it; rows of repeats are counted."""
    plain, rows = instance.uncounted(path)
    for each in form_fields.from_json(found.version.fields):
        if each.path == plain:
            label = text.clean(each.label("vi", "en")) or each.name
            return f"{label} ({', '.join(rows)})" if rows else label
    return path


@handles("submission.linked")
def take_answers(session: Session, line: Line) -> Write | None:
    """Keep what an inspector answers about a returned record as a comment on it, once."""
    row = arrivals.told_of(session, line)
    if row is None or row.form_id != FORM:
        return None
    return lambda session: _answer(session, row.id)


def _answer(session: Session, submission_id: int) -> None:
    source = session.scalars(
        select(Submission)
        .where(Submission.id == submission_id)
        .options(undefer(Submission.answers), joinedload(Submission.person))
    ).one()
    flat = {path.rpartition("/")[2]: value for path, value in instance.flat(source.answers)}
    said = text.clean(str(flat.get("fix_say") or ""))
    found = _meant(session, source.plan_id, str(flat.get("fix_record") or ""))
    held = select(SubmissionComment.id).where(SubmissionComment.source_id == submission_id)
    if not said or found is None or session.scalar(held) is not None:
        return
    actor = Actor("phone", source.person_id, source.person.name if source.person else "")
    review.comment(session, found, said, actor, source_id=submission_id)


def _meant(session: Session, plan_id: int, number: str) -> Submission | None:
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return None
    query = select(Submission).where(Submission.id == int(number), Submission.plan_id == plan_id)
    return session.scalars(query.options(undefer(Submission.answers))).one_or_none()
