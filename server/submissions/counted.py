"""Which households count for a visit, and which forms: one definition for every page and chart.

Those drawn for the visit, and those of lists that were brought in without one, for its commune;
of both only the ones in use, from the day they are shown. Reserves of such a list wait, though
they are in use, since nobody drew from it.
"""

from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from server import clock
from server.entities.models import Household
from server.monitoring.models import Visit
from server.places.models import Hamlet
from server.submissions.models import ReviewState, Submission

_DRAWN = Household.visit_id == Visit.id
_LISTED = and_(
    Household.visit_id.is_(None),
    Household.plan_id == Visit.plan_id,
    ~Household.reserve,
    Hamlet.place_id == Visit.place_id,
)

Rows = Select[*tuple[Any, ...]]


def households(drawing: ColumnElement[bool], *columns: Any) -> tuple[Rows, Rows]:
    """Return two queries that together give `columns` of each household of each visit.

    Both hold visits, households and their hamlets; two, since each finds its rows by an index.

    Args:
        drawing: whether the reader draws there, and knows of households before their day.
        columns: what is asked of visits, households and hamlets.
    """
    asked = select(*columns).select_from(Visit)
    drawn = asked.join(Household, _DRAWN).join(Hamlet, Hamlet.id == Household.hamlet_id)
    listed = asked.join(Hamlet, Hamlet.place_id == Visit.place_id).join(
        Household, Household.hamlet_id == Hamlet.id
    )
    known = _known(drawing)
    return drawn.where(known), listed.where(_LISTED, known)


def telling() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions under which a form tells how an attempt ended: not once rejected."""
    return Submission.outcome.is_not(None), Submission.review_state != ReviewState.REJECTED


def _known(drawing: ColumnElement[bool]) -> ColumnElement[bool]:
    day = Household.shown_on
    return and_(Household.in_use, or_(day.is_(None), day <= clock.today(), drawing))
