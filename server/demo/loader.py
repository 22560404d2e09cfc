"""Loads the demonstration once, from an empty database to records with their findings.

The stage (plan, people, draw, lists, forms) is one transaction, and the passwords lie in
`var/demo.json` before it commits. Sending the forms takes longer; when that is interrupted, the
next start goes on where it stopped: every form has an instanceID of its own that stays the same,
so what the server holds is not sent again. A database with plans of its own is left alone.
"""

import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import journal
from server.db import db, transaction
from server.demo import fieldwork, setting, story
from server.demo import keys as secret
from server.demo.interviews import Point
from server.demo.keys import Account, Keys
from server.demo.loopback import serving
from server.draws.models import Draw
from server.entities.models import Household
from server.findings.models import Finding
from server.journal import Line, Work
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, Visit, VisitState
from server.places.models import Hamlet
from server.submissions.models import Held, Submission, SubmissionFile
from server.surveys.models import Form
from server.teams import service as teams
from server.teams.models import Person, Phone, Team

LOADED = "demo.loaded"
INTERVIEWS = 200
log = logging.getLogger(__name__)
RETRY_SECONDS = (2.5, 4.5, 8.5)
NO_SPACE = uuid.UUID(int=0)
Tell = Callable[[str], None]


@dataclass(frozen=True)
class Summary:
    """What the demonstration holds; `loaded` is false when there was nothing to do."""

    loaded: bool
    plan_id: int | None = None
    counts: dict[str, int] | None = None
    seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON can hold it."""
        return asdict(self)


@dataclass(frozen=True)
class State:
    """How far a database has come with the demonstration; `space` names its forms."""

    plan_id: int | None = None
    space: uuid.UUID = NO_SPACE
    done: bool = False
    foreign: bool = False

    @property
    def settled(self) -> bool:
        """Nothing is left to load: it is there, or somebody's own people or plans are."""
        return self.done or self.foreign


def state(session: Session) -> State:
    """Return whether the demonstration is there, half there, or not wanted here."""
    verbs = (setting.PREPARED, LOADED)
    lines = select(Line).where(Line.subject == "plan", Line.verb.in_(verbs))
    marks = {line.verb: line for line in session.scalars(lines)}
    prepared = marks.get(setting.PREPARED)
    if prepared is None:
        held = session.scalar(select(Plan.id).limit(1)) or session.scalar(
            select(Person.id).limit(1)
        )
        return State(foreign=held is not None)
    return State(prepared.plan_id, uuid.UUID(prepared.detail["space"]), LOADED in marks)


def load(app: Flask, count: int = INTERVIEWS, tell: Tell = lambda _: None) -> Summary:
    """Load the demonstration with `count` household interviews, unless it is there.

    Raises:
        NoJava: there is no JVM to fill forms with.
        FillFailed: a shipped form does not take the story's answers.
    """
    begun = time.monotonic()
    here = state(db.session())
    if here.settled:
        return Summary(False, here.plan_id)
    if here.plan_id is None:
        tell("Biên dịch biểu mẫu, lập kế hoạch, chọn ngẫu nhiên …")
        keys = setting.prepare(app, setting.compiled_forms())
        here = state(db.session())
    else:
        tell("Làm tiếp bản mẫu dở dang …")
        keys = _keys(app, here.plan_id)
    _work(app)
    with serving(app) as address:
        _send(keys, here.space, address, count, tell)
    tell("Gắn phiếu với lượt giám sát, xét tồn tại, thu nhỏ ảnh …")
    _work(app)
    _finish(keys.plan_id)
    _work(app)
    return Summary(True, keys.plan_id, counts(keys.plan_id), round(time.monotonic() - begun, 1))


def _work(app: Flask) -> None:
    """Do the work that waits; what failed once is tried again, as the worker would."""
    for seconds in (0, *RETRY_SECONDS):
        time.sleep(seconds)
        app.extensions["jobs"].drain()
        left = dict(db.session().execute(select(Work.line_id, Work.error)).all())
        db.session.rollback()
        if not left:
            return
    log.error("what follows these journal lines is left to the server's jobs: %s", left)


def _send(keys: Keys, space: uuid.UUID, address: str, count: int, tell: Tell) -> None:
    session = db.session()
    held = select(Submission.instance_id).where(Submission.plan_id == keys.plan_id)
    work = fieldwork.Field(address, keys, space, _points(session), set(session.scalars(held)))
    total = count + story.DRAWN * story.HAMLETS - len(work.held)
    work.tell = lambda done: tell(f"Điện thoại điền và gửi phiếu: {done}/{total}")
    refused = session.scalar(
        select(func.count()).select_from(Held).where(Held.plan_id == keys.plan_id)
    )
    session.rollback()
    fieldwork.go(work, count)
    if not refused:
        fieldwork.wrongs(work)


def _points(session: Session) -> dict[str, Point]:
    rows = session.execute(
        select(Hamlet.code, Hamlet.latitude, Hamlet.longitude).where(
            Hamlet.edition_id == story.EDITION, Hamlet.latitude.is_not(None)
        )
    )
    return {code: (north, east) for code, north, east in rows if north and east}


def _finish(plan_id: int) -> None:
    """Close all visits but the last, and note that the demonstration stands."""
    with transaction() as session:
        visits = session.scalars(
            select(Visit).where(Visit.plan_id == plan_id).order_by(Visit.starts_on, Visit.id)
        ).all()
        for visit in visits[:-1]:
            if visit.state is VisitState.UNDER_WAY:
                monitoring.move(session, visit, VisitState.DONE, setting.DESK)
        journal.write(session, setting.DESK, LOADED, "plan", plan_id, plan_id)


def _keys(app: Flask, plan_id: int) -> Keys:
    """Return the keys of a half-loaded demonstration, new ones when the file is gone."""
    held = secret.read(app.config["THUCDIA"].var)
    if held is not None and held.plan_id == plan_id:
        return held
    keys = Keys(plan_id)
    with transaction() as session:
        for person in session.scalars(
            select(Person).where(Person.email.endswith(f"@{story.MAIL}"))
        ):
            password = secret.password()
            teams.set_password(session, person, password, setting.DESK)
            role = person.grants[0].role.value if person.grants else ""
            keys.accounts.append(Account(role, person.name, person.email or "", password))
        for number, told in enumerate(story.TEAMS):
            team = session.scalars(
                select(Team).where(Team.plan_id == plan_id, Team.name == told.name)
            ).one()
            keys.phones += setting.new_phones(session, plan_id, team, number, told)
        secret.write(app.config["THUCDIA"].var, keys)
    return keys


def counts(plan_id: int) -> dict[str, int]:
    """Return how much of everything the plan holds."""
    session = db.session()
    found = {
        table.__tablename__: session.scalar(
            select(func.count()).select_from(table).where(table.plan_id == plan_id)
        )
        or 0
        for table in (Draw, Visit, Team, Phone, Household, Form, Submission, Held, Finding)
    }
    photos = (
        select(func.count())
        .select_from(SubmissionFile)
        .join(Submission)
        .where(Submission.plan_id == plan_id, SubmissionFile.content_type.startswith("image/"))
    )
    forms = (
        select(Form.form_id, func.count())
        .join(Submission, Submission.form_pk == Form.id)
        .where(Form.plan_id == plan_id)
        .group_by(Form.form_id)
    )
    return found | {"photo": session.scalar(photos) or 0} | dict(session.execute(forms).all())
