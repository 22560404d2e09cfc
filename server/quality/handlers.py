"""Records are judged once they are linked, and anew when what they are held against changes."""

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from server.jobs import in_between
from server.journal import Line, Write, handles
from server.monitoring.models import Visit
from server.places.boundary_models import Boundary, BoundaryImport
from server.places.models import Hamlet
from server.quality import facts, service
from server.quality.service import Said
from server.submissions.models import Submission


def _anew(session: Session, *where: ColumnElement[bool]) -> Write | None:
    return _write(service.judge(facts.read(session, *where)))


def _write(said: list[Said]) -> Write | None:
    def write(session: Session) -> None:
        service.write(session, said)

    return write if said else None


@handles("submission.linked")
def judge_the_linked(session: Session, line: Line) -> Write | None:
    """Judge one record, also when it is linked again after an edit."""
    found = facts.read_one(session, int(line.subject_id))
    return None if found is None else _write(service.judge([found]))


@handles("visit.changed")
def judge_the_visits(session: Session, line: Line) -> Write | None:
    """Judge a visit's records anew: its days may have changed."""
    return _anew(session, Submission.visit_id == int(line.subject_id))


@handles("round.changed")
def judge_the_rounds(session: Session, line: Line) -> Write | None:
    """Judge a round's records anew: the days of its undated visits may have changed."""
    visits = select(Visit.id).where(Visit.round_id == int(line.subject_id))
    return _anew(session, Submission.visit_id.in_(visits))


@handles("hamlets.imported")
def judge_the_hamlets(session: Session, line: Line) -> Write | None:
    """Judge records of hamlets anew: points and radii may have changed.

    The line names a commune, or an edition when the file held hamlets of many.
    """
    if line.subject == "place":
        hamlets = select(Hamlet.id).where(Hamlet.place_id == int(line.subject_id))
    else:
        hamlets = select(Hamlet.id).where(Hamlet.edition_id == line.subject_id)
    return _anew(session, Submission.hamlet_id.in_(hamlets))


@in_between
def judge_within_borders(session: Session) -> Write | None:
    """Judge anew some records of the communes that got, or lost, an official border."""
    made = session.scalars(
        select(BoundaryImport)
        .where(BoundaryImport.judging_from.is_not(None))
        .order_by(BoundaryImport.id)
        .limit(1)
        .execution_options(populate_existing=True)
    ).first()
    if made is None:
        return None
    key, begun, withdrawn_at = made.id, made.judging_from, made.withdrawn_at
    ids = session.scalars(
        select(Submission.id)
        .where(
            Submission.id > begun,
            Submission.place_id.in_(select(Boundary.place_id).where(Boundary.import_id == key)),
        )
        .order_by(Submission.id)
        .limit(facts.BATCH)
    ).all()
    said = service.judge(facts.read(session, Submission.id.in_(ids))) if ids else []

    def write(session: Session) -> None:
        service.write(session, said)
        held = session.get(BoundaryImport, key, populate_existing=True, with_for_update=True)
        if held is not None and held.withdrawn_at == withdrawn_at:  # else they wait anew
            held.judging_from = ids[-1] if ids else None

    return write
