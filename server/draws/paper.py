"""What the papers of a draw say: the commitment before the seed, the minutes after it.

Official papers are in Vietnamese, in the layout of Decree 30/2020/NĐ-CP, whatever the language
of the reader's pages.
"""

import datetime as dt
import shlex
from dataclasses import dataclass
from fractions import Fraction
from hashlib import sha256
from typing import Any

from sqlalchemy.orm import Session

from sampling import Commitment, Coverage, Frame
from sampling.protocol import in_fours, seed_key
from sampling.seeds import Beacon, DiceD6, DiceD10, Joint, Lottery, Source, instant
from sampling.tickets import short
from server import clock
from server.draws import method, queries, words
from server.draws.models import Draw, DrawnUnit
from server.places import queries as places
from server.places.models import Edition, Place


@dataclass(frozen=True)
class Facts:
    """Everything about one draw that pages and papers show."""

    draw: Draw
    commitment: Commitment
    frame: Frame
    coverage: Coverage
    edition: Edition
    place: Place | None
    address: str
    voided: list[queries.Voided]
    head: str
    parent: str = ""
    kin: tuple[queries.Kin, ...] = ()

    @property
    def names(self) -> dict[str, str]:
        """The units' names as they were frozen, by code."""
        return {unit.id: unit.name for unit in self.frame.units}

    def name(self, code: str) -> str:
        """Return a unit's name; households have none on paper, only their code."""
        return self.names.get(code) or code

    @property
    def what(self) -> str:
        """What is chosen, as a title says it: 'thôn, bản, ấp của Xã Hợp Hưng'."""
        units = words.UNITS[self.draw.stage][0]
        return f"{units} {self.parent}".strip() if self.parent else units

    @property
    def method(self) -> str:
        """How it is chosen, in a sentence's part."""
        design = self.commitment.design
        said = words.METHODS.get(design.method, (design.method,))[0].lower()
        strata = f", {words.SPLITS[design.strata.kind][0].lower()}" if design.strata else ""
        return f"{said}{strata}"

    @property
    def own_void(self) -> queries.Voided | None:
        """Why and by whom this very draw was set aside."""
        return next((one for one in self.voided if one.number == self.draw.number), None)

    @property
    def earlier(self) -> list[queries.Voided]:
        """The attempts set aside before this one."""
        return [one for one in self.voided if one.number != self.draw.number]

    @property
    def town(self) -> str:
        """The name that stands before the date on a paper: 'Vụ Bản'."""
        return self.place.name.removeprefix(f"{self.place.kind} ") if self.place else ""

    @property
    def source(self) -> Source:
        """Where the seed comes from."""
        return self.commitment.seed_source

    @property
    def witnesses(self) -> list[str]:
        """Who read the seed aloud."""
        return [one["name"] for one in self.draw.witnesses if "name" in one]


def facts(session: Session, draw: Draw) -> Facts:
    """Return what is known of a draw; of its result only what is stored with it."""
    plan = draw.plan
    frame = method.frozen(draw)
    place = None
    if plan.area:
        code = plan.area.rsplit("/", 1)[-1]
        place = session.scalars(places.place(plan.edition_id, code)).first()
    own = queries.own_entry(session, draw)
    official = queries.official_codes(session, draw)
    return Facts(
        draw=draw,
        commitment=method.commitment_of(draw),
        frame=frame,
        coverage=frame.check((unit.id for unit in frame.units) if official is None else official),
        edition=session.get_one(Edition, plan.edition_id),
        place=place,
        address=places.addresses(session, [place])[place.id] if place else "Cả nước",
        voided=queries.voided_before(session, draw),
        head=own.sha256 if own else "",
        parent=queries.parent_name(session, draw),
        kin=tuple(queries.kin(session, draw)),
    )


def fours(hexadecimal: str) -> list[str]:
    """Return a hash in groups of four, for people to compare.

    >>> fours("ef648a09")
    ['ef64', '8a09']
    """
    return in_fours(hexadecimal).split()


def in_fives(seed: str) -> str:
    """Return plain digits in groups of five, as they are read aloud; other seeds as they are.

    >>> in_fives("48371029556138207714"), in_fives("123456-654321")
    ('48371 02955 61382 07714', '123456-654321')
    """
    if not seed.isdigit():
        return seed
    return " ".join(seed[i : i + 5] for i in range(0, len(seed), 5))


def said(at: dt.datetime) -> str:
    """Return an instant as minutes say it, days and months as Decree 30/2020/NĐ-CP writes them.

    >>> said(dt.datetime(2024, 2, 5, 1, 7, tzinfo=dt.UTC))
    '08 giờ 07 phút, ngày 05 tháng 02 năm 2024'
    """
    return f"{clock.local(at):%H giờ %M phút}, {day_said(at)}"


def day_said(at: dt.datetime) -> str:
    """Return the day of an instant in Vietnam as papers say it.

    >>> day_said(dt.datetime(2024, 4, 1, 20, 0, tzinfo=dt.UTC))
    'ngày 02 tháng 4 năm 2024'
    """
    local = clock.local(at)
    month = f"{local.month:02d}" if local.month <= 2 else str(local.month)
    return f"ngày {local.day:02d} tháng {month} năm {local.year}"


def percent(share: Fraction) -> str:
    """Return a share in percent with one decimal, as Vietnamese writes it.

    >>> percent(Fraction(17, 18))
    '94,4 %'
    """
    tenths = (share * 1000 + Fraction(1, 2)).__floor__()
    return f"{tenths // 10},{tenths % 10} %"


def chance(unit: DrawnUnit) -> str:
    """Return a unit's exact probability of being in the main sample: '4/17 (23,5 %)'."""
    return f"{unit.pi_num}/{unit.pi_den} ({percent(Fraction(unit.pi_num, unit.pi_den))})"


def ticket(unit: DrawnUnit) -> str:
    """Return a ticket as printed: twelve digits."""
    return short(unit.ticket)


def source_said(source: Source) -> str:
    """Return in Vietnamese where the seed comes from, as promised."""
    match source:
        case DiceD10():
            return (
                f"xúc xắc 10 mặt (0–9), đúng {source.digits} chữ số, "
                f"ít nhất {source.witnesses} người chứng kiến đọc số"
            )
        case DiceD6():
            return (
                f"xúc xắc 6 mặt (1–6), đúng {source.throws} lần gieo, "
                f"ít nhất {source.witnesses} người chứng kiến đọc số"
            )
        case Lottery():
            prizes = ", ".join(f"{name} ({width} chữ số)" for name, width in source.prizes)
            when = said(instant(source.drawn_at))
            return f"kết quả xổ số {source.company}, quay lúc {when}; theo thứ tự: {prizes}"
        case Joint():
            parties = ", ".join(sorted(source.parties))
            return f"mỗi bên ghi kín {source.digits} chữ số, lật cùng lúc: {parties}"
        case Beacon():
            return (
                f"trạm phát số {source.chain}, vòng {source.round}, "
                f"{source.hex_digits} chữ số thập lục phân"
            )
        case _:
            return source.kind


def boxes(source: Source) -> list[int]:
    """Return the lengths of the rows of boxes in which dice are written down by hand.

    >>> boxes(DiceD10()), boxes(Beacon("drand", 1))
    ([5, 5, 5, 5], [])
    """
    count = {DiceD10: "digits", DiceD6: "throws"}.get(type(source))
    throws = getattr(source, count) if count else 0
    return [min(5, throws - done) for done in range(0, throws, 5)]


def qr(*lines: str) -> str:
    """Return a QR code of some lines as the address of a picture."""
    import segno  # a server seldom draws codes

    code = segno.make_qr("\n".join(lines), error="m")
    return str(code.svg_data_uri(scale=4, border=2))


def by_hand(draw: Draw, code: str) -> dict[str, Any]:
    """Return how one unit's ticket is found with `sha256sum`: the commands and their answer."""
    seed = draw.seed or ""
    key = seed_key(f"rutmau/1|{draw.commitment_sha256}|{seed}")
    commands = [
        f"C={draw.commitment_sha256}",
        f"D={shlex.quote(seed)}",
        """H=$(printf 'rutmau/1|%s|%s' "$C" "$D" | sha256sum | cut -c1-64)""",
        f"""printf '%s%s' "$H" {code} | sha256sum""",
    ]
    return {
        "code": code,
        "commands": "\n".join(commands),
        "answer": sha256((key + code).encode()).hexdigest(),
    }


def plan_said(number: str, name: str) -> str:
    """Return how papers cite the plan.

    >>> plan_said("15/KH-UBND", "Giám sát 2024")
    'Kế hoạch số 15/KH-UBND “Giám sát 2024”'
    >>> plan_said("Kế hoạch của UBND huyện ký ngày 27/3/2024", "Giám sát 2024")
    'Kế hoạch của UBND huyện ký ngày 27/3/2024 “Giám sát 2024”'
    """
    if number.casefold().startswith("kế hoạch"):
        return f"{number} “{name}”"
    return f"Kế hoạch {f'số {number} ' if number else ''}“{name}”"
