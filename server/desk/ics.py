"""Days with a name as an iCalendar file (RFC 5545), for the calendars of phones and offices."""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 75  # bytes of a line, its end not counted
_SPECIAL = re.compile(r"[\\;,]")


@dataclass(frozen=True)
class Event:
    """Whole days, from the first to the last; `uid` stays the same when the days move."""

    uid: str
    first: dt.date
    last: dt.date
    summary: str
    place: str = ""
    url: str = ""
    note: str = ""


def calendar(name: str, events: Iterable[Event], at: dt.datetime) -> bytes:
    """Return a calendar of events, stamped with the instant it was made."""
    stamp = at.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%SZ")
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Thuc Dia//VI",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{escaped(name)}",
    ]
    for event in events:
        lines += _event(event, stamp)
    lines.append("END:VCALENDAR")
    return "".join(f"{folded(line)}\r\n" for line in lines).encode()


def _event(event: Event, stamp: str) -> list[str]:
    after = event.last + dt.timedelta(days=1)
    told = (("LOCATION", event.place), ("DESCRIPTION", event.note))
    return [
        "BEGIN:VEVENT",
        f"UID:{event.uid}",
        f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{event.first:%Y%m%d}",
        f"DTEND;VALUE=DATE:{after:%Y%m%d}",
        f"SUMMARY:{escaped(event.summary)}",
        *(f"{name}:{escaped(text)}" for name, text in told if text),
        *([f"URL:{event.url}"] if event.url else []),
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
    ]


def escaped(text: str) -> str:
    r"""Return text as a property holds it, on one line.

    >>> print(escaped("Xã A; B, C\n2"))
    Xã A\; B\, C\n2
    """
    plain = "\n".join(text.splitlines())
    return _SPECIAL.sub(lambda at: "\\" + at[0], plain).replace("\n", "\\n")


def folded(line: str) -> str:
    r"""Return a long line in parts of at most 75 bytes, never within a letter.

    >>> [len(part.encode()) for part in folded("ế" * 40).split("\r\n ")]
    [75, 45]
    """
    parts, room, part = [], WIDTH, ""
    for letter in line:
        size = len(letter.encode())
        if size > room:
            parts.append(part)
            part, room = "", WIDTH - 1  # the blank that marks a part counts
        part, room = part + letter, room - size
    return "\r\n ".join([*parts, part])
