"""Which findings belong together: one rule, one commune, one visit; and what came before."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server import clock
from server.db import table
from server.findings.models import FindingGroup
from server.findings.raising import ALONE, Raised, Where
from server.places.models import Succession

EDITIONS = 4
"""How many changes of the code list a commune is followed through, each way."""


def key_of(where: Where, rule_id: str, occurrence: int) -> str:
    """Return what the findings of one group share; what a person wrote down stands alone.

    >>> where = Where(7, 1, 3, None, None, "2024/36/359/13753", form_pk=2)
    >>> key_of(where, "B04", 0), key_of(where, "TAY", 1)
    ('v3:2:B04', 's7:TAY:1')
    """
    if rule_id in ALONE:
        return f"s{where.submission_id}:{rule_id}:{occurrence}"
    spot = f"v{where.visit_id}" if where.visit_id else f"a{where.area}"
    return f"{spot}:{where.form_pk}:{rule_id}"


def group_for(session: Session, where: Where, found: Raised) -> int:
    """Return the id of the group that a finding belongs to, made if need be."""
    key = key_of(where, found.rule_id, found.occurrence)
    held = select(FindingGroup.id).where(
        FindingGroup.plan_id == where.plan_id, FindingGroup.key == key
    )
    group_id = session.scalar(held) or _make(session, where, found, key)
    return group_id or session.scalars(held).one()


def _make(session: Session, where: Where, found: Raised, key: str) -> int | None:
    engine: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = (
        engine.insert(table(FindingGroup))
        .on_conflict_do_nothing(index_elements=["plan_id", "key"])
        .returning(table(FindingGroup).c.id)
    )
    row = {
        "plan_id": where.plan_id,
        "key": key,
        "visit_id": where.visit_id,
        "form_pk": where.form_pk,
        "place_id": where.place_id,
        "area": where.area,
        "rule_id": found.rule_id,
        "topic": found.topic,
        "severity": found.severity,
        "project_code": found.project_code,
        "table_label": found.table_label,
        "title": found.title,
        "title_en": found.title_en,
        "raised_at": clock.now(),
        "repeats_id": _repeated(session, where, found),
    }
    made: int | None = session.execute(statement, row).scalar_one_or_none()
    return made


def _repeated(session: Session, where: Where, found: Raised) -> int | None:
    """Return the latest group that a new one repeats, None when it is the first of its kind."""
    if where.place_id is None or found.rule_id in ALONE:
        return None
    places = lineage(session, where.place_id)
    query = select(FindingGroup.id).where(alike(places, found.topic, where.visit_id))
    return session.scalar(query.order_by(FindingGroup.id.desc()).limit(1))


def alike(places: Sequence[int], topic: str, visit_id: int | None) -> ColumnElement[bool]:
    """Return the condition of groups of the same topic in these communes, at other visits."""
    other = (
        FindingGroup.visit_id.is_not(None)
        if visit_id is None
        else FindingGroup.visit_id.is_distinct_from(visit_id)
    )
    return (
        FindingGroup.place_id.in_(places)
        & (FindingGroup.topic == topic)
        & FindingGroup.rule_id.not_in(ALONE)
        & other
    )


def lineage(session: Session, place_id: int) -> list[int]:
    """Return the ids of a commune, of all it was made of and of all it became, itself first."""
    found = [place_id]
    for here, there in (
        (Succession.old_id, Succession.new_id),
        (Succession.new_id, Succession.old_id),
    ):
        ring = [place_id]
        for _ in range(EDITIONS):
            ring = list(session.scalars(select(there).where(here.in_(ring)).distinct()))
            if not ring:
                break
            found += ring
    return list(dict.fromkeys(found))
