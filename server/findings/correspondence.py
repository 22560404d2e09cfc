"""Verbs of recommendations (kiến nghị) to higher levels, and of what came in writing."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, journal, text
from server.findings import words as names
from server.findings.letters import (
    Letter,
    LetterKind,
    LetterState,
    Recommendation,
    RecommendationState,
)
from server.findings.models import Authority
from server.findings.problems import (
    AddresseeNeeded,
    DayAhead,
    DocumentNeeded,
    LetterSettled,
    NoteNeeded,
    SenderNeeded,
    TextNeeded,
    WrongMoment,
)
from server.findings.raising import Where
from server.findings.reading import Told
from server.journal import Actor
from server.places.models import Place

_R = RecommendationState
LONGEST = 8000


@dataclass(frozen=True)
class Draft:
    """A recommendation to be: what is asked for, of whom, and what it rests on."""

    plan_id: int
    text: str
    level: Authority
    addressee: str
    area: str = ""
    finding_id: int | None = None
    submission_id: int | None = None


def recommend(
    session: Session, draft: Draft, actor: Actor, letter: Letter | None = None
) -> Recommendation:
    """Make a recommendation; with a `letter`, that is thereby dealt with.

    Raises:
        StepRefused: without text or addressee, or the letter was dealt with before.
    """
    words, addressee = text.clean(draft.text)[:LONGEST], text.clean(draft.addressee)
    if not words:
        raise TextNeeded()
    if not addressee:
        raise AddresseeNeeded()
    found = Recommendation(
        plan_id=draft.plan_id,
        area=draft.area,
        text=words,
        level=draft.level,
        addressee=addressee,
        finding_id=draft.finding_id,
        submission_id=draft.submission_id,
        state=_R.NEW,
        made_by=actor.name,
        made_at=clock.now(),
    )
    session.add(found)
    session.flush()
    _tell(session, found, actor, "made", level=draft.level.value)
    if letter is not None:
        settle_letter(session, letter, LetterState.HANDLED, "", actor, found)
    return found


def send(
    session: Session, found: Recommendation, document: str, day: dt.date | None, actor: Actor
) -> None:
    """Record that a recommendation went out, with the number and day of the document.

    Raises:
        StepRefused: it went before, no number, or a day that is yet to come.
    """
    _refuse_unless(found, (_R.NEW,), "gửi", "send it")
    number = text.clean(document)
    if not number:
        raise DocumentNeeded()
    found.sent_on, found.document_no = _past(day), number
    found.state = _R.SENT
    _tell(session, found, actor, "sent")


def answer(
    session: Session,
    found: Recommendation,
    words: str,
    document: str,
    day: dt.date | None,
    actor: Actor,
) -> None:
    """Record the answer of the addressee, with the number and day of its document.

    Raises:
        StepRefused: it was not sent, no words, no number, or a day that cannot be.
    """
    _refuse_unless(found, (_R.SENT,), "ghi trả lời", "record an answer")
    said, number = text.clean(words)[:LONGEST], text.clean(document)
    if not said:
        raise TextNeeded()
    if not number:
        raise DocumentNeeded()
    found.answered_on, found.answer, found.answer_no = _past(day, found.sent_on), said, number
    found.state = _R.ANSWERED
    _tell(session, found, actor, "answered")


def conclude(session: Session, found: Recommendation, done: bool, note: str, actor: Actor) -> None:
    """Record whether what was recommended was carried out.

    Raises:
        StepRefused: it was not sent, or was not carried out and nobody says why.
    """
    _refuse_unless(found, (_R.SENT, _R.ANSWERED), "kết luận", "conclude it")
    outcome = text.clean(note)[:LONGEST]
    if not done and not outcome:
        raise NoteNeeded()
    found.outcome, found.state = outcome, _R.DONE if done else _R.NOT_DONE
    _tell(session, found, actor, "concluded")


def _past(day: dt.date | None, not_before: dt.date | None = None) -> dt.date:
    today = clock.today()
    found = day or today
    if found > today or (not_before is not None and found < not_before):
        raise DayAhead(day=f"{found:%d/%m/%Y}")
    return found


def _refuse_unless(
    found: Recommendation, states: Sequence[RecommendationState], step: str, step_en: str
) -> None:
    if found.state not in states:
        state = names.RECOMMENDATIONS[found.state]
        raise WrongMoment(step=step, step_en=step_en, state=state[0], state_en=state[1])


def _tell(
    session: Session, found: Recommendation, actor: Actor, what: str, **detail: object
) -> None:
    session.flush()
    journal.write(
        session, actor, f"recommendation.{what}", "recommendation", found.id, found.plan_id,
        state=found.state.value, **detail,
    )  # fmt: skip


def keep_told(session: Session, where: Where, said: Sequence[Told]) -> None:
    """Keep the difficulties and proposals of a form, each once.

    One dealt with stays as it is; one that waits says what an edit of its form says.
    """
    query = select(Letter).where(Letter.submission_id == where.submission_id)
    held = {letter.kind: letter for letter in session.scalars(query)}
    for each in said:
        letter = held.get(each.kind)
        if letter is None:
            letter = Letter(
                plan_id=where.plan_id,
                kind=each.kind,
                text=each.text,
                causes=each.causes,
                submission_id=where.submission_id,
                received_on=clock.today(),
            )
            session.add(letter)
        elif letter.state is LetterState.WAITING:
            letter.text, letter.causes = each.text, each.causes
        letter.area, letter.place_id = where.area, where.place_id
    session.flush()


@dataclass(frozen=True)
class Paper:
    """A difficulty or proposal that the office received on paper."""

    kind: LetterKind
    text: str
    sender: str
    document_no: str = ""
    causes: str = ""
    received_on: dt.date | None = None


def enter(
    session: Session, plan_id: int, place: Place | None, paper: Paper, actor: Actor
) -> Letter:
    """Enter a paper into the inbox.

    Raises:
        StepRefused: without text or sender, or with a day that is yet to come.
    """
    words, sender = text.clean(paper.text)[:LONGEST], text.clean(paper.sender)
    if not words:
        raise TextNeeded()
    if not sender:
        raise SenderNeeded()
    letter = Letter(
        plan_id=plan_id,
        kind=paper.kind,
        area=place.area if place else "",
        place_id=place.id if place else None,
        text=words,
        causes=text.clean(paper.causes)[:LONGEST],
        sender=sender,
        document_no=text.clean(paper.document_no),
        received_on=_past(paper.received_on),
        entered_by=actor.name,
    )
    session.add(letter)
    session.flush()
    journal.write(session, actor, "letter.entered", "letter", letter.id, plan_id)
    return letter


def settle_letter(
    session: Session,
    letter: Letter,
    state: LetterState,
    note: str,
    actor: Actor,
    recommendation: Recommendation | None = None,
) -> None:
    """Say that a letter was dealt with, or put it aside with the reason.

    Raises:
        LetterSettled: somebody did before.
        NoteNeeded: nothing says how, or why not.
    """
    reason = text.clean(note)[:LONGEST]
    if letter.state is not LetterState.WAITING:
        raise LetterSettled()
    if not reason and recommendation is None:
        raise NoteNeeded()
    letter.state, letter.note = state, reason
    letter.settled_by, letter.settled_at = actor.name, clock.now()
    letter.recommendation_id = recommendation.id if recommendation else None
    session.flush()
    journal.write(
        session, actor, "letter.settled", "letter", letter.id, letter.plan_id, state=state.value
    )
