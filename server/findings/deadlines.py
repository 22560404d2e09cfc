"""Days on which a remedy is due, and on which somebody is reminded or told above.

All are proposals: no text of law sets them.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from server import clock
from server.findings.models import WITH_THE_UNIT, Authority, Finding, StepKind
from server.findings.problems import DayNeeded, DeadlinePassed

BY_SEVERITY = {1: 60, 2: 45, 3: 30, 4: 15}
"""Days for the remedy when the rule says none."""
LONGEST_DAYS = 365
"""How long after the end of the round or plan, or after today when that is over, one may be due."""
REMIND = (-7, -1, 1)
"""Days from the deadline on which the unit is reminded: twice before, once after."""
ESCALATE = (1, 15, 30)
"""Days after the deadline on which the next level above is told."""


def default_due(finding: Finding, today: dt.date) -> dt.date:
    """Return the day that is proposed when a finding is assigned today."""
    day = today + dt.timedelta(days=finding.due_days or BY_SEVERITY[finding.severity])
    return min(day, latest(finding, today))


def latest(finding: Finding, today: dt.date) -> dt.date:
    """Return the last day on which a finding may be due."""
    ends = [today, finding.plan.ends_on]
    if finding.visit is not None:
        ends.append(finding.visit.round.ends_on)
    return max(day for day in ends if day is not None) + dt.timedelta(days=LONGEST_DAYS)


def usable(finding: Finding, day: dt.date | None, after: dt.date | None = None) -> dt.date:
    """Return a deadline that was asked for; with `after`, it must lie behind that day.

    Raises:
        DayNeeded: there is none.
        DeadlinePassed: it has passed, or lies more than a year behind the round and the plan.
    """
    if day is None:
        raise DayNeeded()
    today = clock.today()
    first = max(today, after + dt.timedelta(days=1)) if after is not None else today
    last = latest(finding, today)
    if not first <= day <= last:
        raise DeadlinePassed(
            day=f"{day:%d/%m/%Y}", first=f"{first:%d/%m/%Y}", last=f"{last:%d/%m/%Y}"
        )
    return day


def ladder(finding: Finding) -> list[Authority]:
    """Return the levels from the commune upwards, as its edition of the code list has them."""
    levels = list(Authority)
    place = finding.place
    if place is not None and place.parent_code == place.province_code:
        levels.remove(Authority.DISTRICT)
    return levels


def area_at(finding: Finding, level: Authority) -> str:
    """Return the area whose officers answer at a level; '' for the whole country.

    >>> area_at(Finding(area="2024/36/359/13753"), Authority.DISTRICT)
    '2024/36/359'
    """
    parts = finding.area.split("/")
    up = ladder(finding).index(level) if level in ladder(finding) else 0
    return "" if level is Authority.CENTRAL else "/".join(parts[: max(1, len(parts) - up)])


@dataclass(frozen=True)
class Alarm:
    """Something to record on a day; `level` is told in an escalation, the `number`th."""

    day: dt.date
    kind: StepKind
    number: int = 0
    level: Authority | None = None


def alarms(finding: Finding) -> Iterator[Alarm]:
    """Give what is still to be recorded while the unit's deadline runs, escalations once each."""
    if finding.due_on is None or finding.state not in WITH_THE_UNIT:
        return
    for days in REMIND:
        yield Alarm(finding.due_on + dt.timedelta(days=days), StepKind.REMIND)
    levels = ladder(finding)
    here = levels.index(finding.level) if finding.level in levels else 0
    for number, (days, level) in enumerate(zip(ESCALATE, levels[here + 1 :], strict=False), 1):
        if number > finding.escalated:
            yield Alarm(finding.due_on + dt.timedelta(days=days), StepKind.ESCALATE, number, level)


def next_alarm(finding: Finding, today: dt.date) -> dt.date | None:
    """Return the day of the next alarm after `today`; a missed escalation falls on tomorrow."""
    days = [
        max(each.day, today + dt.timedelta(days=1)) if each.kind is StepKind.ESCALATE else each.day
        for each in alarms(finding)
    ]
    return min((day for day in days if day > today), default=None)
