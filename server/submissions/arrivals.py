"""A submission as the work after it reads it: asked of the database once, however many read it."""

from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from server import journal
from server.journal import Line
from server.often import Often
from server.submissions.models import Submission
from server.surveys.models import Form, FormVersion
from server.teams.models import Person, Phone

_COLUMNS = (
    Submission.id,
    Submission.plan_id,
    Submission.form_pk,
    Submission.version_id,
    Submission.instance_id,
    Submission.deprecated_id,
    Submission.number,
    Submission.encrypted,
    Submission.answers,
    Submission.oddities,
    Submission.label,
    Submission.latitude,
    Submission.longitude,
    Submission.started_at,
    Submission.ended_at,
    Submission.received_at,
    Submission.edited_at,
    Submission.linked_at,
    Submission.returned_at,
    Submission.person_id,
    Submission.team_id,
    Submission.visit_id,
    Submission.place_id,
    Submission.hamlet_id,
    Submission.area,
    Submission.outcome,
    Submission.review_state,
    Form.form_id,
    FormVersion.xform_md5,
    Person.name,
    Phone.last_agent,
)
_ONE = Often(
    lambda _engine: (
        select(*_COLUMNS)
        .join(Form, Form.id == Submission.form_pk)
        .join(FormVersion, FormVersion.id == Submission.version_id)
        .outerjoin(Person, Person.id == Submission.person_id)
        .outerjoin(Phone, Phone.id == Submission.phone_id)
        .where(Submission.id == bindparam("which"))
    )
)


def told_of(session: Session, line: Line) -> Any | None:
    """Return the submission of a line with its form, person (`name`) and phone (`last_agent`).

    None when there is none. Handlers of a batch are given the same row: nobody changes it.
    """
    which = int(line.subject_id)
    return journal.once(session, ("submission", which), lambda: _ONE.run(session, {"which": which}))
