"""Saved views of a plan's list: a name for filters, columns and order, one's own or shared."""

import datetime as dt
from collections.abc import Sequence

from sqlalchemy import ForeignKey, UniqueConstraint, delete, or_, select
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from server import clock, journal
from server.db import Model
from server.journal import Actor
from server.problems import NotAllowed, NotFound
from server.submissions.problems import TooManyViews, ViewNameTaken
from server.teams.models import Person

MOST = 50


class RecordView(Model):
    """A view that somebody saved. `asked` is what follows the '?' of the list's address."""

    __tablename__ = "record_view"
    __table_args__ = (UniqueConstraint("plan_id", "person_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    name: Mapped[str]
    asked: Mapped[str]
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[dt.datetime]

    person: Mapped[Person] = relationship(lazy="select")


class RecordViewFirst(Model):
    """The view with which a plan's list opens for one person."""

    __tablename__ = "record_view_first"

    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    view_id: Mapped[int] = mapped_column(ForeignKey("record_view.id"), index=True)


def seen(session: Session, plan_id: int, person_id: int) -> Sequence[RecordView]:
    """Return the views of a plan that a person may use: their own, then those shared by others."""
    query = (
        select(RecordView)
        .where(
            RecordView.plan_id == plan_id,
            or_(RecordView.person_id == person_id, RecordView.shared),
        )
        .options(joinedload(RecordView.person))
        .order_by(RecordView.person_id != person_id, RecordView.name)
    )
    return session.scalars(query).all()


def first(session: Session, plan_id: int, person_id: int) -> RecordView | None:
    """Return the view with which the list opens for a person, if they chose one."""
    return session.scalar(
        select(RecordView)
        .join(RecordViewFirst, RecordViewFirst.view_id == RecordView.id)
        .where(RecordViewFirst.plan_id == plan_id, RecordViewFirst.person_id == person_id)
        .where(or_(RecordView.person_id == person_id, RecordView.shared))
    )


def one(session: Session, view_id: int, person_id: int) -> RecordView:
    """Return a view that a person may use.

    Raises:
        NotFound: there is none, or it is another's own.
    """
    found = session.get(RecordView, view_id)
    if found is None or not (found.shared or found.person_id == person_id):
        raise NotFound()
    return found


def save(
    session: Session, plan_id: int, person_id: int, name: str, asked: str, shared: bool,
    actor: Actor,
) -> RecordView:  # fmt: skip
    """Keep a view under a name; a view of one's own with this name is written over.

    Raises:
        TooManyViews: the person has as many as a list can show.
    """
    held = session.scalars(
        select(RecordView).where(RecordView.plan_id == plan_id, RecordView.person_id == person_id)
    ).all()
    found = next((view for view in held if view.name == name), None)
    if found is None:
        if len(held) >= MOST:
            raise TooManyViews(most=MOST)
        found = RecordView(
            plan_id=plan_id, person_id=person_id, name=name, created_at=clock.now()
        )  # fmt: skip
        session.add(found)
    found.asked, found.shared = asked, shared
    session.flush()
    journal.write(session, actor, "view.saved", "record_view", found.id, plan_id, shared=shared)
    return found


def must_keep(view: RecordView, person_id: int, manages: bool) -> None:
    """Refuse to change a view of somebody else's, but to those who manage its plan.

    Raises:
        NotAllowed: it is somebody else's.
    """
    if view.person_id != person_id and not manages:
        raise NotAllowed()


def change(session: Session, view: RecordView, name: str, shared: bool, actor: Actor) -> None:
    """Give a view another name, share it or keep it to its owner.

    Raises:
        ViewNameTaken: another view of the owner's has this name.
    """
    same = select(RecordView.id).where(
        RecordView.plan_id == view.plan_id,
        RecordView.person_id == view.person_id,
        RecordView.name == name,
        RecordView.id != view.id,
    )
    if session.scalar(same) is not None:
        raise ViewNameTaken(name=name)
    view.name, view.shared = name, shared
    session.flush()
    journal.write(
        session, actor, "view.changed", "record_view", view.id, view.plan_id, shared=shared
    )


def remove(session: Session, view: RecordView, actor: Actor) -> None:
    """Take a view away; lists that opened with it open with all records again."""
    session.execute(delete(RecordViewFirst).where(RecordViewFirst.view_id == view.id))
    journal.write(session, actor, "view.removed", "record_view", view.id, view.plan_id)
    session.delete(view)
    session.flush()


def put_first(
    session: Session, plan_id: int, person_id: int, view: RecordView | None, actor: Actor
) -> None:
    """Let a plan's list open with a view for one person; None: with all records."""
    mine = RecordViewFirst.plan_id == plan_id, RecordViewFirst.person_id == person_id
    session.execute(delete(RecordViewFirst).where(*mine))
    if view is not None:
        session.add(RecordViewFirst(plan_id=plan_id, person_id=person_id, view_id=view.id))
    session.flush()
    which = view.id if view else None
    journal.write(session, actor, "view.put-first", "plan", plan_id, plan_id, view=which)
