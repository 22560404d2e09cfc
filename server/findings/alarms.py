"""By the clock: units are reminded before and after a deadline, and the next levels are told.

Nothing is sent: the reminder stands in the thread, in the journal and on the first page of whoever
has to act. However seldom the clock is asked, an escalation is recorded once for each level, and
of reminders that were missed only the last.
"""

import datetime as dt

from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock
from server.findings import deadlines, steps
from server.findings.deadlines import Alarm
from server.findings.models import Finding, StepKind
from server.findings.steps import Said
from server.jobs import every_minute
from server.journal import SYSTEM

AT_ONCE = 200


@every_minute
def ring(session: Session) -> int:
    """Record what has fallen due until today; return how many findings it concerned."""
    today = clock.today()
    found = session.scalars(
        select(Finding)
        .where(Finding.alarm_on <= today)
        .order_by(Finding.alarm_on, Finding.id)
        .limit(AT_ONCE)
        .with_for_update(of=Finding, skip_locked=True)
        .execution_options(populate_existing=True)
    ).all()
    for finding in found:
        for alarm in _due(finding, today):
            _record(session, finding, alarm)
        finding.alarm_on = deadlines.next_alarm(finding, today)
    session.flush()
    return len(found)


def _due(finding: Finding, today: dt.date) -> list[Alarm]:
    passed = [each for each in deadlines.alarms(finding) if each.day <= today]
    since = finding.alarm_on or today
    reminders = [each for each in passed if each.kind is StepKind.REMIND and each.day >= since]
    return reminders[-1:] + [each for each in passed if each.kind is StepKind.ESCALATE]


def _record(session: Session, finding: Finding, alarm: Alarm) -> None:
    if alarm.kind is StepKind.ESCALATE:
        finding.escalated = alarm.number
    steps.write(session, finding, alarm.kind, SYSTEM, Said(level=alarm.level))
