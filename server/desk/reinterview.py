"""Random re-interview (hậu kiểm): households interviewed once are drawn to be asked again.

The list is of the received forms, frozen with their numbers like any other; whoever filled them
knows neither before nor after which will be checked until the number is thrown. The second
interview is the same form about the same household, filled by somebody else after the draw.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from server.desk.agreement import Agreement, Pair, agreement
from server.draws import lineage, method, service
from server.draws.models import Draw, DrawState
from server.draws.problems import NotInUse
from server.draws.service import Ask
from server.draws.stages import Wish
from server.draws.words import INTERVIEWS
from server.journal import Actor
from server.monitoring.models import Round, Visit
from server.submissions import intake
from server.submissions.models import Outcome, ReviewState, Submission
from server.surveys import fields as questions
from server.surveys.fields import Field
from server.surveys.models import Form, FormVersion

PURPOSE = "hậu kiểm"
COMPARED = frozenset(
    {"select_one", "select_multiple", "int", "decimal", "date", "string", "acknowledge"}
)
JUDGED = frozenset({"select_one", "acknowledge"})  # kappa needs answers from a short list


def _interviews(round_: Round) -> tuple[ColumnElement[bool], ...]:
    """Return what makes a form one that may be asked again: an interview of a known household."""
    return (
        Submission.visit_id.in_(select(Visit.id).where(Visit.round_id == round_.id)),
        Submission.outcome == Outcome.DONE,
        Submission.review_state != ReviewState.REJECTED,
        Submission.household_code != "",
    )


def candidates(session: Session, round_: Round, form: Form) -> list[Submission]:
    """Return the first interview of every household of the round by this form, oldest first."""
    found = session.scalars(
        select(Submission)
        .where(Submission.form_pk == form.id, *_interviews(round_))
        .order_by(Submission.id)
    )
    first: dict[str | None, Submission] = {}
    for each in found:
        first.setdefault(each.household_code, each)
    return list(first.values())


def counts(session: Session, round_: Round) -> dict[int, int]:
    """Return how many households of the round were interviewed by each form: its candidates."""
    rows = session.execute(
        select(Submission.form_pk, func.count(Submission.household_code.distinct()))
        .where(*_interviews(round_))
        .group_by(Submission.form_pk)
    )
    return {row[0]: row[1] for row in rows}


def commit(session: Session, round_: Round, form: Form, wish: Wish, actor: Actor) -> Draw:
    """Freeze the forms received so far and commit to drawing some to be asked again.

    Raises:
        NotInUse: no form of the round tells of an interview.
        LiveDraw: the round has such a draw of this form that is not void.
        Others as in `service.commit`.
    """
    service.refuse_second(session, round_, PURPOSE, INTERVIEWS, form.form_id)
    found = candidates(session, round_, form)
    if not found:
        raise NotInUse(unit=form.title)
    rows: list[method.Row] = [{"unit_id": unit_id(one.instance_id)} for one in found]
    frame = method.frame_from(rows, wish.excluded)
    method.enough(frame, wish.size, wish.reserves)
    ask = Ask(
        round_, frame, wish.design(), wish.source, INTERVIEWS, PURPOSE,
        parent_code=form.form_id, when=wish.when,
    )  # fmt: skip
    return service.freeze(session, ask, actor)


def unit_id(instance_id: str) -> str:
    """Return a form's number as a frame holds it: without the scheme.

    >>> unit_id("uuid:7a0c")
    '7a0c'
    """
    return instance_id.rsplit(":", 1)[-1]


def drawn(session: Session, round_: Round) -> dict[str, Draw]:
    """Return the round's live draws of what is asked again, by the id of the form."""
    found = session.scalars(
        select(Draw).where(
            Draw.round_id == round_.id,
            Draw.purpose == PURPOSE,
            Draw.stage == INTERVIEWS,
            Draw.state != DrawState.VOID,
        )
    )
    return {draw.parent_code: draw for draw in found.unique()}


@dataclass(frozen=True)
class Check:
    """A drawn form, and the second interview when it is in."""

    first: Submission
    second: Submission | None


def checks(session: Session, draw: Draw, form: Form) -> list[Check]:
    """Return the forms in use of a draw with their second interviews, in the order drawn."""
    order = {unit.unit_code: n for n, unit in enumerate(lineage.in_use(session, draw))}
    sent = session.scalars(
        select(Submission).where(Submission.form_pk == form.id).order_by(Submission.id)
    ).all()
    drawn = [one for one in sent if unit_id(one.instance_id) in order]
    seconds: dict[tuple[int | None, str], list[Submission]] = {}
    for one in sent:
        if draw.seeded_at and one.received_at > draw.seeded_at and one.household_code:
            seconds.setdefault((one.visit_id, one.household_code), []).append(one)
    found = [
        Check(one, _second(one, seconds.get((one.visit_id, one.household_code or ""), [])))
        for one in drawn
    ]
    return sorted(found, key=lambda check: order[unit_id(check.first.instance_id)])


def _second(first: Submission, later: Iterable[Submission]) -> Submission | None:
    """Return the first of the later interviews that somebody else made."""
    for one in later:
        other = one.person_id != first.person_id or one.phone_id != first.phone_id
        if one.id != first.id and other:
            return one
    return None


@dataclass(frozen=True)
class Compared:
    """One question, and how far both interviews agree on it."""

    field: Field
    result: Agreement
    judged: bool


def compare(session: Session, form: Form, found: Sequence[Check]) -> list[Compared]:
    """Return the questions that both interviews answer, those with least agreement first."""
    version = session.get(FormVersion, form.current_id) if form.current_id else None
    both = [(check.first, check.second) for check in found if check.second is not None]
    if version is None or not both:
        return []
    asked = set(version.roles.values())
    compared = []
    for field in questions.from_json(version.fields):
        if field.repeat or field.type not in COMPARED or field.path in asked:
            continue
        pairs = _pairs(field.path, both)
        if pairs:
            compared.append(Compared(field, agreement(pairs), field.type in JUDGED))
    return sorted(compared, key=lambda one: (one.result.percent, one.field.path))


def _pairs(path: str, both: Sequence[tuple[Submission, Submission]]) -> list[Pair]:
    pairs = ((_said(a.answers, path), _said(b.answers, path)) for a, b in both)
    return [(first, second) for first, second in pairs if first and second]


def _said(answers: Any, path: str) -> str:
    """Return an answer as text that can be compared; several chosen values in one order."""
    value = intake.at(answers, path)
    if isinstance(value, list):
        return " ".join(sorted(map(str, value)))
    return "" if value is None or isinstance(value, dict) else str(value).strip()


def overall(found: Sequence[Compared]) -> Agreement | None:
    """Return the agreement over all questions; chance is judged by question only."""
    pairs = sum(one.result.pairs for one in found)
    same = sum(one.result.same for one in found)
    return Agreement(pairs, same, None) if pairs else None
