"""The plan whose forms a reader may see, or change; and where its files lie."""

from flask import current_app
from sqlalchemy.orm import Session

from server import web
from server.files import Files
from server.monitoring import queries as monitoring
from server.monitoring.models import Plan
from server.permissions import May
from server.places.scope import covers
from server.problems import NotAllowed


def files() -> Files:
    """Return the store of this installation."""
    found: Files = current_app.extensions["files"]
    return found


def plan(session: Session, plan_id: int, right: May = May.SEE_FORMS) -> Plan:
    """Return a plan whose forms this reader may see, or change by another `right`.

    Raises:
        NotFound: they may not see it.
        NotAllowed: they hold `right`, but not over the whole plan.
    """
    reader = web.reader()
    found = monitoring.plan_for(session, plan_id, reader.areas(May.SEE_FORMS))
    if right is not May.SEE_FORMS and not covers(reader.areas(right), found.area):
        raise NotAllowed()
    return found
