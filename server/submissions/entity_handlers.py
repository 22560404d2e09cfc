"""After a form is linked: what it says of rows of the phones' lists is handed on.

The reading is here, where filled forms are known; the rules are in `entities`.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from server import xml
from server.entities import declared, requests
from server.entities.requests import Ask, Origin
from server.journal import Line, Write, handles
from server.submissions import arrivals, instance
from server.submissions.models import (
    ReviewState,
    Submission,
    SubmissionOpened,
    SubmissionVersion,
)
from server.surveys.models import FormVersion
from server.surveys.xform import EntityUse
from server.teams.models import Person, Phone

# What an edit has superseded since, oldest first: each content speaks for itself, once.
_BEFORE = (
    select(
        SubmissionVersion.version_id,
        SubmissionVersion.instance_id,
        SubmissionVersion.deprecated_id,
        SubmissionVersion.encrypted,
        SubmissionVersion.person_id,
        SubmissionVersion.xml,
        FormVersion.xform_md5,
        Person.name,
        Phone.last_agent,
    )
    .join(FormVersion, FormVersion.id == SubmissionVersion.version_id)
    .outerjoin(Person, Person.id == SubmissionVersion.person_id)
    .outerjoin(Phone, Phone.id == SubmissionVersion.phone_id)
    .where(SubmissionVersion.submission_id == bindparam("which"))
    .order_by(SubmissionVersion.number)
)
_XML = (
    select(func.coalesce(SubmissionOpened.xml, Submission.xml))
    .select_from(Submission)
    .outerjoin(
        SubmissionOpened,
        (SubmissionOpened.submission_id == Submission.id)
        & (SubmissionOpened.number == Submission.number),
    )
    .where(Submission.id == bindparam("which"))
)
_REVIEWED = select(Submission.plan_id, Submission.instance_id, Submission.review_state).where(
    Submission.id == bindparam("which")
)


@handles("submission.linked")
def hand_on_rows(session: Session, line: Line) -> Write | None:
    """Hand on what a linked form asks of rows of lists; most forms ask nothing."""
    row = arrivals.told_of(session, line)
    if row is None:
        return None
    asked = [*_asked_before(session, row), *_asked(session, row, row, None)]

    def write(session: Session) -> None:
        for origin, asks in asked:
            requests.take(session, origin, asks)

    return write if asked else None


def _asked_before(session: Session, row: Any) -> Iterator[tuple[Origin, list[Ask]]]:
    if row.number > 1:
        for each in session.connection().execute(_BEFORE, {"which": row.id}):
            yield from _asked(session, row, each, each.xml)


def _asked(
    session: Session, row: Any, content: Any, document: bytes | None
) -> Iterator[tuple[Origin, list[Ask]]]:
    """Give what one content of a record asks of rows, if anything; `row` is the record."""
    if content.encrypted:
        return
    uses = declared.uses_of(session, content.version_id, content.xform_md5)
    if not uses:
        return
    if document is None:
        document = session.connection().execute(_XML, {"which": row.id}).scalar_one()
    if asks := read(instance.parse(document), uses):
        yield _origin(row, content), asks


def _origin(row: Any, content: Any) -> Origin:
    return Origin(
        plan_id=row.plan_id,
        submission_id=row.id,
        instance_id=content.instance_id,
        person_id=content.person_id,
        actor=content.name or "",
        agent=content.last_agent or "",
        team_id=row.team_id,
        area=row.area,
        replaces=content.deprecated_id or "",
        approved=content is row and row.review_state is ReviewState.APPROVED,
    )


@handles("submission.reviewed")
def rows_of_the_approved(session: Session, line: Line) -> Write | None:
    """Do what waited for a form's approval."""
    row = session.connection().execute(_REVIEWED, {"which": int(line.subject_id)}).one_or_none()
    if row is None or row.review_state is not ReviewState.APPROVED:
        return None

    def write(session: Session) -> None:
        requests.approve(session, row.plan_id, row.instance_id)

    return write


def read(filled: instance.Instance, uses: Sequence[EntityUse]) -> list[Ask]:
    """Return what a filled form asks of rows, in its order, with the values that it holds.

    A question that was not asked is not among the values; one left empty is there as ''.
    """
    by_place = {(use.dataset, use.path): use for use in uses}
    asks = []
    for each in filled.entities:
        use = by_place.get((each.dataset, _path(each.above, filled.root)))
        asks.append(
            Ask(
                dataset=each.dataset,
                uuid=each.entity_id,
                create=each.create,
                update=each.update,
                label=each.label,
                data=_values(each.above, use) if use else {},
                base_version=each.base_version,
                trunk_version=each.trunk_version,
                branch_id=each.branch_id,
            )
        )
    return asks


def _path(element: xml.Element | None, root: xml.Element) -> str:
    """Return the names from below the root down to `element`, with slashes."""
    names: list[str] = []
    while element is not None and element is not root:
        names.insert(0, xml.local(element.tag))
        element = element.getparent()
    return "/".join(names)


def _values(above: xml.Element | None, use: EntityUse) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, path in use.properties.items():
        inside = path.removeprefix(f"{use.path}/") if use.path else path
        node = _node(above, inside.split("/"))
        if node is not None:
            found[name] = (node.text or "").strip()
    return found


def _node(element: xml.Element | None, names: Sequence[str]) -> xml.Element | None:
    for name in names:
        if element is None:
            return None
        element = next((child for child in element if xml.local(child.tag) == name), None)
    return element
