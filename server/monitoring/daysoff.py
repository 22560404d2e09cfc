"""Days on which offices are closed: weekends and the public holidays of Article 112, Labour Code.

Two holidays follow the lunar calendar. Its months begin with the day of the new moon in Vietnam's
time, and the winter solstice falls in the eleventh; new moon and sun are computed by the series of
J. Meeus, Astronomical Algorithms, which are right to a few minutes over these centuries.
"""

import datetime as dt
import functools
from math import floor, pi, sin

_EPOCH = 1721424.5  # the Julian day on which Python's ordinal 0 begins, at midnight UTC
_HOURS_AHEAD = 7
_MONTH = 29.530588853
_WINTER = 9  # the sun passes 270 degrees: the ninth of twelve sectors


def holiday(day: dt.date) -> tuple[str, str] | None:
    """Return the public holiday that a day is, in Vietnamese and English, or None.

    Of Tết, for which the Government names five days each year, the eve and the first four.

    >>> holiday(dt.date(2024, 2, 10)), holiday(dt.date(2024, 4, 18)), holiday(dt.date(2024, 4, 19))
    (('Tết Nguyên đán', 'Lunar New Year'), ('Giỗ Tổ Hùng Vương', 'Hung Kings'), None)
    """
    return _holidays(day.year).get(day)


def is_off(day: dt.date) -> bool:
    """Tell whether offices are closed that day.

    >>> is_off(dt.date(2024, 4, 30)), is_off(dt.date(2024, 4, 28)), is_off(dt.date(2024, 4, 29))
    (True, True, False)
    """
    return day.weekday() >= 5 or holiday(day) is not None


@functools.lru_cache(maxsize=64)
def _holidays(year: int) -> dict[dt.date, tuple[str, str]]:
    found = {
        dt.date(year, 1, 1): ("Tết Dương lịch", "New Year"),
        dt.date(year, 4, 30): ("Ngày Chiến thắng", "Reunification Day"),
        dt.date(year, 5, 1): ("Quốc tế lao động", "Labour Day"),
        dt.date(year, 9, 2): ("Quốc khánh", "National Day"),
    }
    first = new_year(year)
    for offset in range(-1, 4):
        found[first + dt.timedelta(days=offset)] = ("Tết Nguyên đán", "Lunar New Year")
    kings = _month_start(year, 3) + dt.timedelta(days=9)
    found.setdefault(kings, ("Giỗ Tổ Hùng Vương", "Hung Kings"))
    return found


def new_year(year: int) -> dt.date:
    """Return the first day of the lunar year that begins in `year`.

    In 2007 it fell a day earlier than in China: the new moon was before midnight here.

    >>> [f"{new_year(year):%d/%m}" for year in (1985, 2007, 2023, 2024, 2025, 2026)]
    ['21/01', '17/02', '22/01', '10/02', '29/01', '17/02']
    """
    return _month_start(year, 1)


def _month_start(year: int, month: int) -> dt.date:
    """Return the first day of a month, 1 to 10, of the lunar year that begins in `year`.

    Between two eleventh months with thirteen new moons, the first month in which the sun enters
    no new sector is counted twice.
    """
    first, following = _eleventh(year - 1), _eleventh(year)
    ahead = month + 1
    if following - first == 13:
        leap = next(n for n in range(1, 13) if _sector(first + n) == _sector(first + n + 1))
        ahead += leap <= ahead
    return _new_moon(first + ahead)


def _eleventh(year: int) -> int:
    """Return the number of the new moon that begins the month of a year's winter solstice."""
    end = dt.date(year, 12, 31).toordinal() + _EPOCH
    number = floor((end - 2415021.0) / _MONTH)
    while _new_moon(number) > dt.date(year, 12, 31):
        number -= 1
    return number - 1 if _sector(number) >= _WINTER else number


@functools.lru_cache(maxsize=2048)
def _new_moon(number: int) -> dt.date:
    """Return the day in Vietnam of a new moon, counted from January 1900."""
    t = number / 1236.85
    mean = (
        2415020.75933 + 29.53058868 * number + 0.0001178 * t**2 - 0.000000155 * t**3
        + 0.00033 * _sin(166.56 + 132.87 * t - 0.009173 * t**2)
    )  # fmt: skip
    sun = 359.2242 + 29.10535608 * number - 0.0000333 * t**2
    moon = 306.0253 + 385.81691806 * number + 0.0107306 * t**2
    node = 21.2964 + 390.67050646 * number - 0.0016528 * t**2
    shift = (
        (0.1734 - 0.000393 * t) * _sin(sun) + 0.0021 * _sin(2 * sun) - 0.4068 * _sin(moon)
        + 0.0161 * _sin(2 * moon) - 0.0004 * _sin(3 * moon) + 0.0104 * _sin(2 * node)
        - 0.0051 * _sin(sun + moon) - 0.0074 * _sin(sun - moon) + 0.0004 * _sin(2 * node + sun)
        - 0.0004 * _sin(2 * node - sun) - 0.0006 * _sin(2 * node + moon)
        + 0.0010 * _sin(2 * node - moon) + 0.0005 * _sin(2 * moon + sun)
    )  # fmt: skip
    slower = -0.000278 + 0.000265 * t + 0.000262 * t**2  # the earth's turning, in days
    return dt.date.fromordinal(floor(mean + shift - slower - _EPOCH + _HOURS_AHEAD / 24))


def _sector(number: int) -> int:
    """Return in which of twelve sectors the sun stands as the day of a new moon begins."""
    day = _new_moon(number).toordinal() + _EPOCH - _HOURS_AHEAD / 24
    t = (day - 2451545.0) / 36525
    mean = 280.46645 + 36000.76983 * t + 0.0003032 * t**2
    anomaly = 357.52910 + 35999.05030 * t - 0.0001559 * t**2
    true = mean + (1.914600 - 0.004817 * t) * _sin(anomaly) + 0.019993 * _sin(2 * anomaly)
    return floor(true % 360 / 30)


def _sin(degrees: float) -> float:
    return sin(degrees * pi / 180)
