"""What is to be drawn: the method, how many, in which strata, with how many reserves.

>>> Design("srs", n=4, reserves=3).as_dict()
{'method': 'srs', 'n': 4, 'reserves': 3}
>>> Design("pps_pivotal", n=12, strata=Allocation("neyman", minimum=2, spread={"NUI": 40}))
... # doctest: +ELLIPSIS
Design(method='pps_pivotal', n=12, ...
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sampling.errors import BadDesign
from sampling.seeds import Json

METHODS = ("srs", "systematic", "pps_systematic", "pps_pivotal", "spatial")
ALLOCATIONS = ("proportional", "equal", "size", "neyman", "power", "fixed")
ORDERS = ("ticket", "key")


@dataclass(frozen=True)
class Allocation:
    """How the n units are split among the strata of the frame.

    kind:
        proportional: by the number of units, largest remainders;
        equal: the same to each;
        size: by total size, largest remainders;
        neyman: by units times `spread`, exact integers (Wright 2012);
        power: by the square root of units times `spread` (Bankier 1988, power one half);
        fixed: the numbers in `fixed`.
    spread: a whole number per stratum, in proportion to its standard deviation; 1 where absent.
    """

    kind: str
    minimum: int = 0
    maximum: int | None = None
    spread: Mapping[str, int] = field(default_factory=dict)
    fixed: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in ALLOCATIONS:
            _refuse(
                f"cách phân bổ {self.kind!r} không có; dùng {', '.join(ALLOCATIONS)}",
                f"no allocation {self.kind!r}; use {', '.join(ALLOCATIONS)}",
            )
        if self.minimum < 0 or (self.maximum is not None and self.maximum < self.minimum):
            _refuse("mức tối thiểu, tối đa trái nhau", "minimum and maximum contradict each other")
        if min([*self.spread.values(), *self.fixed.values()], default=0) < 0:
            _refuse("số trong tầng phải từ 0 trở lên", "a stratum's number is below zero")
        if (self.kind == "fixed") != bool(self.fixed):
            _refuse("'fixed' cần đúng bảng số từng tầng", "'fixed' goes with a table of numbers")

    def as_dict(self) -> dict[str, Json]:
        """Return the allocation as the commitment writes it."""
        record: dict[str, Json] = {"kind": self.kind, "minimum": self.minimum}
        if self.maximum is not None:
            record["maximum"] = self.maximum
        if self.spread:
            record["spread"] = dict(self.spread)
        if self.fixed:
            record["fixed"] = dict(self.fixed)
        return record


@dataclass(frozen=True)
class Design:
    """One stage of a draw.

    method:
        srs: n smallest tickets, each unit equally likely;
        systematic: every (N/n)-th of the ordered list;
        pps_systematic: the same by cumulated size;
        pps_pivotal: by size, units fighting in pairs (Deville and Tillé 1998), in integers;
        spatial: pivotal among nearest neighbours (Grafström, Lundström and Schelin 2012),
            by size where the frame has sizes and `by_size` is set.
    reserves: ordered substitutes, in each stratum; a stratum that runs out gives fewer.
    certainty: take units that fill a whole step first, with probability one.
    order: of `pps_pivotal`: "ticket" (random) or "key" (order_key, then id: spread over the list).
    teams: how many places each team visits: consecutive blocks of the drawn order, disjoint.
    """

    method: str
    n: int
    reserves: int = 0
    strata: Allocation | None = None
    certainty: bool = False
    order: str = ""  # "ticket" for pps_pivotal, unless "key" is asked for
    teams: tuple[int, ...] = ()
    by_size: bool = False

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            _refuse(
                f"phương pháp {self.method!r} không có; dùng {', '.join(METHODS)}",
                f"no method {self.method!r}; use {', '.join(METHODS)}",
            )
        if self.n < 1 or self.reserves < 0:
            _refuse(
                f"số lượng {self.n} phải từ 1, dự phòng {self.reserves} từ 0",
                f"n is {self.n} and must be 1 or more; reserves {self.reserves}, 0 or more",
            )
        if self.method == "pps_pivotal" and not self.order:
            object.__setattr__(self, "order", "ticket")
        self._check_order()
        self._check_teams()

    def _check_order(self) -> None:
        if self.order and (self.method != "pps_pivotal" or self.order not in ORDERS):
            _refuse(
                "'order' chỉ dùng với pps_pivotal: ticket hoặc key",
                "'order' goes with pps_pivotal: ticket or key",
            )
        if self.certainty and not self.sized:
            _refuse(
                "chọn chắc chắn chỉ có khi chọn theo quy mô",
                "certainty units exist only in draws by size",
            )
        if self.by_size and self.method != "spatial":
            _refuse("'by_size' chỉ dùng với spatial", "'by_size' goes with spatial")

    def _check_teams(self) -> None:
        if not self.teams:
            return
        if sum(self.teams) != self.n or min(self.teams) < 1:
            _refuse(
                f"tổng số của các đoàn phải bằng {self.n}",
                f"the teams' numbers must add up to {self.n}",
            )
        if self.strata or self.certainty:
            _refuse(
                "chia đoàn chỉ làm được khi không chia tầng và không chọn chắc chắn",
                "teams go with neither strata nor certainty units",
            )

    @property
    def sized(self) -> bool:
        """Whether units are drawn in proportion to their size."""
        return self.method.startswith("pps_") or self.by_size

    def as_dict(self) -> dict[str, Json]:
        """Return the design as the commitment writes it: what is absent is not used."""
        record: dict[str, Json] = {"method": self.method, "n": self.n, "reserves": self.reserves}
        if self.strata:
            record["strata"] = self.strata.as_dict()
        if self.certainty:
            record["certainty"] = 1
        if self.method == "pps_pivotal":
            record["order"] = self.order
        if self.by_size:
            record["by_size"] = 1
        if self.teams:
            record["teams"] = list(self.teams)
        return record


def design_from(record: Mapping[str, Json]) -> Design:
    """Return the design that a commitment describes.

    Raises:
        BadDesign: something in it means nothing.
    """
    try:
        strata = record.get("strata")
        return Design(
            method=str(record["method"]),
            n=_whole(record["n"]),
            reserves=_whole(record["reserves"]),
            strata=_allocation_from(strata) if strata is not None else None,
            certainty=record.get("certainty", 0) == 1,
            order=str(record.get("order", "")),
            teams=tuple(_whole(size) for size in _sequence(record.get("teams", []))),
            by_size=record.get("by_size", 0) == 1,
        )
    except (KeyError, TypeError) as error:
        raise BadDesign(
            reason_vi=f"thiếu hoặc sai kiểu: {error}",
            reason_en=f"absent or of a wrong kind: {error}",
        ) from error


def _allocation_from(record: Json) -> Allocation:
    if not isinstance(record, dict):
        raise TypeError("strata")
    maximum = record.get("maximum")
    return Allocation(
        kind=str(record["kind"]),
        minimum=_whole(record["minimum"]),
        maximum=None if maximum is None else _whole(maximum),
        spread=_numbers(record.get("spread", {})),
        fixed=_numbers(record.get("fixed", {})),
    )


def _numbers(record: Json) -> dict[str, int]:
    if not isinstance(record, dict):
        raise TypeError("strata")
    return {stratum: _whole(number) for stratum, number in record.items()}


def _sequence(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise TypeError("teams")
    return value


def _whole(value: Json) -> int:
    if not isinstance(value, int):
        raise TypeError(f"{value!r}")
    return value


def _refuse(vi: str, en: str) -> None:
    raise BadDesign(reason_vi=vi, reason_en=en)
