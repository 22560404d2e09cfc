"""The only place that asks the time. UTC inside; Vietnam's time on pages."""

import datetime as dt
from zoneinfo import ZoneInfo

VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> dt.datetime:
    """Return this instant, aware, in UTC."""
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - this is the door


def today() -> dt.date:
    """Return today's date in Vietnam, where deadlines run."""
    return now().astimezone(VIETNAM).date()


def local(instant: dt.datetime) -> dt.datetime:
    """Return `instant` as a clock in Vietnam shows it.

    >>> local(dt.datetime(2024, 4, 1, 20, 0, tzinfo=dt.UTC)).isoformat()
    '2024-04-02T03:00:00+07:00'
    """
    return instant.astimezone(VIETNAM)


def start_of(day: dt.date) -> dt.datetime:
    """Return the instant at which `day` begins in Vietnam.

    >>> start_of(dt.date(2024, 4, 5)).isoformat()
    '2024-04-04T17:00:00+00:00'
    """
    return end_of(day - dt.timedelta(days=1))


def end_of(day: dt.date) -> dt.datetime:
    """Return the instant at which a deadline on `day` passes: that local day's end.

    >>> end_of(dt.date(2024, 4, 5)).isoformat()
    '2024-04-05T17:00:00+00:00'
    """
    midnight = dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), VIETNAM)
    return midnight.astimezone(dt.UTC)
