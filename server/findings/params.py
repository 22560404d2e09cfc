"""The thresholds (ngưỡng) that rules ask for with param('…'), when a round does not set its own.

All are proposals that a coordinator may change for a round, except where a source is named.
"""

import datetime as dt
from collections.abc import Mapping
from typing import Any

Steps = Mapping[str, float]

DEFAULTS: dict[str, float | Steps] = {
    "disbursement_floor": {"06-30": 50, "11-15": 85},
    "review_progress_expected": {"10-01": 30, "11-01": 70, "12-01": 95, "12-14": 100},
    "review_error_max": 10,
    "loss_rate_max": 20,
    "job_rate_floor": 0.7,
    "attendance_floor": 80,
    "gps_km_max": 5,
}
"""Per cent, but for job_rate_floor (a share) and gps_km_max. Steps hold from 'month-day' on.

The poverty review runs from 1 September to 14 December (Decision 24/2021/QĐ-TTg).
"""


def of_round(own: Mapping[str, Any] | None, day: dt.date) -> dict[str, Any]:
    """Return the thresholds that hold on `day`: the round's own over the defaults.

    Before the first step of a threshold nothing is expected yet, and it is left out: a rule that
    asks for it does not fire then.

    >>> found = of_round({"loss_rate_max": 15}, dt.date(2024, 4, 2))
    >>> found["loss_rate_max"], "disbursement_floor" in found
    (15, False)
    >>> of_round({}, dt.date(2024, 11, 20))["disbursement_floor"]
    85
    """
    found: dict[str, Any] = {}
    for name, value in {**DEFAULTS, **(own or {})}.items():
        held = _step(value, day) if isinstance(value, Mapping) else value
        if held is not None:
            found[name] = held
    return found


def _step(steps: Steps, day: dt.date) -> float | None:
    passed = [start for start in steps if start <= day.strftime("%m-%d")]
    return steps[max(passed)] if passed else None
