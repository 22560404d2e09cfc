"""The thresholds of a round: which rules ask for each, and the verb that changes them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from server import journal
from server.findings import firing, params
from server.findings.models import FindingGroup
from server.findings.params import Threshold, Value
from server.journal import Actor
from server.monitoring.models import Round, Visit
from server.surveys.models import Form


@dataclass(frozen=True)
class Use:
    """A rule of a form in use that asks for a threshold; `raised`: at how many visits it fired."""

    form_pk: int
    version_id: int
    form_title: str
    rule_id: str
    title: str
    title_en: str
    raised: int


@dataclass
class Standing:
    """A threshold as it stands in a round; `own` is None where the default holds."""

    name: str
    about: Threshold
    default: Value
    own: Value | None
    uses: list[Use] = field(default_factory=list)

    @property
    def value(self) -> Value:
        """Return what holds."""
        return self.default if self.own is None else self.own


def standing(session: Session, round_: Round) -> list[Standing]:
    """Return every threshold of a round with the rules, of the forms in use, that ask for it."""
    found = {
        name: Standing(name, about, params.DEFAULTS[name], (round_.params or {}).get(name))
        for name, about in params.KNOWN.items()
    }
    raised = _raised(session, round_)
    forms = session.execute(
        select(Form.id, Form.title, Form.current_id)
        .where(Form.plan_id == round_.plan_id, Form.current_id.is_not(None))
        .order_by(Form.title, Form.id)
    )
    for form_pk, title, version_id in forms.all():
        assert version_id is not None  # noqa: S101 - only such forms are asked for
        for rule in firing.rules_of(session, version_id):
            count = raised.get((form_pk, rule.rule_id), 0)
            use = Use(form_pk, version_id, title, rule.rule_id, rule.title_vi, rule.title_en, count)
            for name in rule.rule.params:
                found[name].uses.append(use)
    return list(found.values())


def _raised(session: Session, round_: Round) -> dict[tuple[int, str], int]:
    """Return in how many visits of a round each rule of each form has raised a finding."""
    rows = session.execute(
        select(FindingGroup.form_pk, FindingGroup.rule_id, func.count())
        .join(Visit, Visit.id == FindingGroup.visit_id)
        .where(FindingGroup.plan_id == round_.plan_id, Visit.round_id == round_.id)
        .group_by(FindingGroup.form_pk, FindingGroup.rule_id)
    )
    return {(form_pk, rule_id): count for form_pk, rule_id, count in rows}


def change(
    session: Session, round_: Round, typed: Mapping[str, str | None], actor: Actor
) -> list[str]:
    """Set thresholds of a round as somebody typed them, and return the names of those changed.

    None, and what equals the default, is the default. Findings that were raised stay; forms that
    come in, or are edited, from now on are judged by the new ones.

    Raises:
        PlanClosed: the round's plan is only read.
        UnknownThreshold: there is none of that name.
        BadThreshold: a value cannot be used. Nothing is changed then.
    """
    round_.plan.must_be_open()
    wanted = {name: _read(name, value) for name, value in typed.items()}
    session.refresh(round_, with_for_update=True)
    held: dict[str, Any] = dict(round_.params or {})
    changed = [name for name, value in wanted.items() if held.get(name) != value]
    for name in changed:
        before, after = held.pop(name, None), wanted[name]
        if after is not None:
            held[name] = after
        journal.write(
            session, actor, "round.param-set", "round", round_.id, round_.plan_id, param=name,
            before=_said(name, before), after=_said(name, after),
        )  # fmt: skip
    round_.params = held
    session.flush()
    return changed


def _read(name: str, typed: str | None) -> Value | None:
    params.known(name)
    if typed is None or not typed.strip():
        return None
    value = params.read(name, typed)
    return None if value == params.DEFAULTS[name] else value


def _said(name: str, value: Value | None) -> str:
    return params.told(params.DEFAULTS[name] if value is None else value)
