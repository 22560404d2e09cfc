"""The inspectors' days: phones sync, forms are filled by JavaRosa and sent through HTTP.

Everything a phone answers with comes from the lists it has just downloaded. Some things go wrong
on purpose, because on real phones they do.
"""

import csv
import datetime as dt
import io
import re
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from server import clock
from server.demo import interviews, javarosa, story
from server.demo.chance import happens
from server.demo.interviews import Inspection, Interview, Oddity, Point
from server.demo.javarosa import Answer, Answers, Filled
from server.demo.keys import Keys, PhoneKey
from server.demo.phone import BlankForm, Odd, Phone, Refused

HOUSEHOLD, HAMLET = story.INTERVIEWS
LANGUAGE = "Tiếng Việt (vi)"
NO_PICTURE = "Đây không phải là ảnh (mẫu).".encode()
LUNCH_AFTER, LUNCH = 9, dt.timedelta(minutes=70)
Told = Callable[[int], None]


@dataclass(frozen=True)
class Row:
    """A line of a list on the phone."""

    cells: Mapping[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]


@dataclass
class Field:
    """What the phones share: the server's address, the keys, where hamlets lie, what is there.

    `space` names the forms: the same form has the same instanceID after an interrupted start.
    `held` are the instanceIDs that the server has already: after an interrupted start only the
    rest is sent.
    """

    address: str
    keys: Keys
    space: uuid.UUID
    points: Mapping[str, Point]
    held: set[str]
    tell: Told = lambda _: None
    sent: list[str] = field(default_factory=list)

    def instance_id(self, key: str) -> str:
        """Return the instanceID of a form of the story: always the same one in this database."""
        return f"uuid:{uuid.uuid5(self.space, key)}"

    def phone(self, key: PhoneKey) -> Phone:
        """Return a person's phone."""
        device = "collect:" + uuid.uuid5(self.space, key.person).hex[:16]
        url = f"{self.address}/v1/key/{key.token}/projects/{self.keys.plan_id}"
        return Phone(url, device)


def go(work: Field, count: int) -> None:
    """Hold `count` household interviews and inspect every hamlet; two phones work at a time."""
    quotas = _quotas(count)
    with ThreadPoolExecutor(2) as pool:
        jobs = [
            pool.submit(_day, work, team, number, quotas)
            for team in range(len(story.TEAMS))
            for number in (*range(len(story.TEAMS[team].inspectors)), None)
        ]
        try:
            for job in jobs:
                job.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _quotas(count: int) -> list[int]:
    """Return how many households each hamlet gives, in the order of communes and hamlets.

    >>> _quotas(14)[:4], sum(_quotas(200))
    ([2, 2, 1, 1], 200)
    """
    hamlets = story.DRAWN * story.HAMLETS
    return [count // hamlets + (number < count % hamlets) for number in range(hamlets)]


def _day(work: Field, team: int, commune: int | None, quotas: Sequence[int]) -> None:
    """Let one phone do its work: interviews in one commune, or the team's hamlets (None)."""
    key = work.keys.phone("hamlets" if commune is None else f"households:{commune}", team)
    with work.phone(key) as phone:
        blank = phone.sync()
        if commune is None:
            _inspect(work, phone, key, blank[HAMLET], team)
            return
        first = (team * 2 + commune) * story.HAMLETS
        mine = interviews_of(
            blank[HOUSEHOLD], work.points, team, commune, quotas[first : first + story.HAMLETS]
        )
        _interview(work, phone, key, blank[HOUSEHOLD], mine)


def _rows(blank: BlankForm, name: str) -> list[Row]:
    return [Row(row) for row in csv.DictReader(io.StringIO(blank.media[name].decode()))]


def _communes(blank: BlankForm) -> list[Row]:
    """Return the visits of the phone's lists by their first day."""
    return sorted(_rows(blank, "visits.csv"), key=lambda row: (row["starts_on"], row["name"]))


def interviews_of(
    blank: BlankForm, points: Mapping[str, Point], team: int, commune: int, quotas: Sequence[int]
) -> list[Interview]:
    """Return the interviews of one commune, a hamlet a day, from the lists of the phone."""
    visit = _communes(blank)[commune]
    hamlets = [h for h in _rows(blank, "hamlets.csv") if h["commune_code"] == visit["commune_code"]]
    households = _rows(blank, "households.csv")
    found: list[Interview] = []
    for day, (hamlet, quota) in enumerate(zip(hamlets, quotas, strict=True)):
        mine = [row for row in households if row["hamlet_code"] == hamlet["name"]]
        start = dt.date.fromisoformat(visit["starts_on"]) + dt.timedelta(days=day)
        make = _Maker(
            visit["name"], hamlet, points[hamlet["name"]], f"{team}/{commune}/{day}", start
        )
        found += make.interviews(mine, quota)
    return found


@dataclass
class _Maker:
    """Makes the interviews of one hamlet; who was not at home is replaced by a reserve."""

    visit: str
    hamlet: Row
    point: Point
    key: str
    day: dt.date

    def interviews(self, households: list[Row], quota: int) -> list[Interview]:
        sample, reserves = households[: story.HOUSEHOLDS], households[story.HOUSEHOLDS :]
        waiting = [(row, False) for row in sample]
        found: list[Interview] = []
        while waiting and len(found) < quota:
            row, reserve = waiting.pop(0)
            made = self._one(row, reserve, len(found))
            found.append(made)
            if not made.met and reserves:
                waiting.insert(0, (reserves.pop(0), True))
        return found

    def _one(self, row: Row, reserve: bool, number: int) -> Interview:
        at = dt.datetime.combine(self.day, dt.time(7, 20), clock.VIETNAM)
        at += dt.timedelta(minutes=27 * number) + (
            LUNCH if number >= LUNCH_AFTER else dt.timedelta()
        )
        key = f"{self.key}/{number}"
        return Interview(
            key, self.visit, self.hamlet["name"], row["name"], row["label"], reserve, at,
            self.point, _ODDITIES.get(key), _TROUBLES.get(key),
        )  # fmt: skip


_ODDITIES = {
    "0/0/0/0": Oddity.PHOTO_LATE,
    "0/0/1/0": Oddity.NO_PICTURE,
    "0/0/2/0": Oddity.FAR_AWAY,
    "0/1/0/0": Oddity.SENT_TWICE,
}
_TROUBLES = {"1/0/0/0": "short"}


def _interview(
    work: Field, phone: Phone, key: PhoneKey, blank: BlankForm, mine: list[Interview]
) -> None:
    new = [each for each in mine if work.instance_id(each.key) not in work.held]
    asked = [
        {**answered, **_photos(each, answered), "set:meta/instanceID": work.instance_id(each.key)}
        for each in new
        for answered in [interviews.household(each)]
    ]
    target = phone.preflight()
    for each, filled in zip(new, _fill(blank, key, phone, asked), strict=True):
        paced = _paced(filled, each.minutes)
        for odd in _ways(each, paced):
            phone.send(paced, title=blank.name, tries=3, preflight=target, odd=odd)
        _note(work, filled)


def _ways(each: Interview, filled: Filled) -> Iterable[Odd]:
    """Return how often and in which way a form goes over the line."""
    if each.oddity is Oddity.PHOTO_LATE:
        photos = [name for name in filled.attachments if name.endswith(".jpg")]
        return Odd(leave_out=photos), Odd()
    return (Odd(repeat=2 if each.oddity is Oddity.SENT_TWICE else 1),)


def _inspect(work: Field, phone: Phone, key: PhoneKey, blank: BlankForm, team: int) -> None:
    found = inspections_of(blank, work.points, team)
    new = [each for each in found if work.instance_id(each.key) not in work.held]
    asked = []
    for each in new:
        answered = dict(interviews.hamlet(each))
        answered["inspectors"] = f"{key.person}, trưởng đoàn"
        answered["set:meta/instanceID"] = work.instance_id(each.key)
        for question in ("h_photo", "h_select_photo", "mf_photo"):
            if question != "mf_photo" or "mf_text" in answered:
                answered[question] = _scene(f"{each.key}/{question}", each.label, each)
        asked.append(answered)
    target = phone.preflight()
    for each, filled in zip(new, _fill(blank, key, phone, asked), strict=True):
        phone.send(_paced(filled, each.minutes), title=blank.name, tries=3, preflight=target)
        _note(work, filled)


def inspections_of(blank: BlankForm, points: Mapping[str, Point], team: int) -> list[Inspection]:
    """Return the inspections of a team's hamlets from the lists of the phone."""
    found: list[Inspection] = []
    hamlets = _rows(blank, "hamlets.csv")
    for commune, visit in enumerate(_communes(blank)):
        mine = [row for row in hamlets if row["commune_code"] == visit["commune_code"]]
        for day, hamlet in enumerate(mine):
            on = dt.date.fromisoformat(visit["starts_on"]) + dt.timedelta(days=day)
            number = (team * 2 + commune) * story.HAMLETS + day
            found.append(
                Inspection(
                    f"hamlet/{number}", number, visit["name"], hamlet["name"], hamlet["label"],
                    dt.datetime.combine(on, dt.time(14, 30), clock.VIETNAM),
                    points[hamlet["name"]],
                )
            )  # fmt: skip
    return found


def _photos(each: Interview, answered: Answers) -> dict[str, Answer]:
    """Return the photos that go with an interview, by question."""
    received = answered.get("received", ())
    got = set(received) if isinstance(received, Sequence) else set()
    if answered.get("consent_photo") != "yes":
        return {}
    found: dict[str, Answer] = {}
    for question, kinds in (("l_photo", {"sinh_ke", "san_xuat"}), ("ho_photo", {"nha_o"})):
        if got & kinds and (not each.plain or happens(0.85, each.key, question)):
            found[question] = _scene(f"{each.key}/{question}", each.household, each)
    if each.oddity is Oddity.NO_PICTURE:
        found["l_photo"] = NO_PICTURE
    return found


def _scene(key: str, what: str, each: Interview | Inspection) -> bytes:
    from server.demo import pictures  # what it draws with takes memory that a server needs

    at = each.at + dt.timedelta(minutes=each.minutes // 2)
    point = None if happens(0.1, key, "no gps") else interviews.near(each.stood_at, key, 0.0003)
    return pictures.scene(key, f"{what} – {at:%d/%m/%Y %H:%M}", at, point)


def _fill(blank: BlankForm, key: PhoneKey, phone: Phone, asked: Sequence[Answers]) -> list[Filled]:
    return javarosa.fill(
        blank.xform, blank.media, asked,
        auto="required", username=key.person, device_id=phone.device_id, language=LANGUAGE,
    )  # fmt: skip


def _note(work: Field, filled: Filled) -> None:
    work.sent.append(filled.instance_id)
    work.tell(len(work.sent))


AUDIT = "audit.csv"
_MOMENT = re.compile(r"(?<=,)\d{13}(?=,|$)", re.MULTILINE)


def _paced(filled: Filled, minutes: int) -> Filled:
    """Return the form with its log stretched to a talk: the engine answers faster than people."""
    log = filled.attachments.get(AUDIT, b"").decode()
    moments = [int(found) for found in _MOMENT.findall(log)]
    if len(set(moments)) < 2:
        return filled
    first, last = min(moments), max(moments)
    slower = minutes * 60_000 / (last - first)
    stretched = _MOMENT.sub(lambda m: str(first + round((int(m[0]) - first) * slower)), log)
    return replace(filled, attachments={**filled.attachments, AUDIT: stretched.encode()})


def wrongs(work: Field) -> list[Refused]:
    """Send what a server must not take as a record, and return its refusals, in order.

    Other answers under an instanceID it holds; a version nobody published; half a file; a form
    without an instanceID.
    """
    key = work.keys.phone("households:0")
    with work.phone(key) as phone:
        blank = phone.sync()[HOUSEHOLD]
        [first, *_] = interviews_of(blank, work.points, 0, 0, [1] * story.HAMLETS)
        answered = interviews.household(first)
        names = [work.instance_id(name) for name in (first.key, "wrong/version", "wrong/id")]
        other = {**answered, "g_overall": "1"}
        asked = [{**other, "set:meta/instanceID": name} for name in names]
        conflict, version, nameless = _fill(blank, key, phone, asked)
        named = f'version="{blank.version}"'.encode()
        spoilt = [
            conflict,
            replace(version, xml=version.xml.replace(named, b'version="2023010101"', 1)),
            replace(version, xml=version.xml[: len(version.xml) // 2]),
            replace(nameless, xml=re.sub(rb"<instanceID>.*?</instanceID>", b"", nameless.xml)),
        ]
        return [_refused(phone, blank, filled) for filled in spoilt]


def _refused(phone: Phone, blank: BlankForm, filled: Filled) -> Refused:
    try:
        phone.send(filled, title=blank.name)
    except Refused as refusal:
        return refusal
    raise AssertionError("the server took what it must not take")
