"""Several stages (xã, thôn, hộ): probabilities multiply, exactly; reserves that were released.

>>> from fractions import Fraction
>>> from sampling.draw import Selected
>>> commune = Selected("03217", 1, "0.27", "ALL", Fraction(1, 3), "main")
>>> hamlet = Selected("03217004", 1, "0.11", "03217", Fraction(2, 11), "main", "03217")
>>> weighted(stages=[[commune], [hamlet]])["03217004"]
Weighted(path=('03217', '03217004'), pi=Fraction(2, 33))
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from sampling.draw import Draw, Selected
from sampling.errors import BadDesign, ReleaseRefused


@dataclass(frozen=True)
class Weighted:
    """A unit of the last stage: the units it lies in, and its probability through all stages."""

    path: tuple[str, ...]
    pi: Fraction

    @property
    def weight(self) -> Fraction:
        """One over the probability."""
        return 1 / self.pi


@dataclass(frozen=True)
class MultiStage:
    """The draws of each stage, first stage first; a stage may be one draw or one per parent."""

    stages: Sequence[Draw | Sequence[Draw]]

    def weights(self) -> dict[str, Weighted]:
        """Return the last stage's units to visit, by id.

        Raises:
            BadDesign: a unit lies in a parent that the stage before did not draw.
        """
        return weighted([_visited(stage) for stage in self.stages])


def _visited(stage: Draw | Sequence[Draw]) -> list[Selected]:
    draws = [stage] if isinstance(stage, Draw) else stage
    return [unit for draw in draws for unit in draw.main]


def weighted(stages: Sequence[Iterable[Selected]]) -> dict[str, Weighted]:
    """Return the last stage's units with the product of their probabilities, by id.

    Raises:
        BadDesign: a unit lies in a parent that the stage before did not draw.
    """
    above: Mapping[str, Weighted] | None = None
    for stage in stages:
        here: dict[str, Weighted] = {}
        for unit in stage:
            if unit.pi is None:
                continue
            root = _root(unit, above)
            here[unit.id] = Weighted((*root.path, unit.id), root.pi * unit.pi)
        above = here
    return dict(above or {})


def _root(unit: Selected, above: Mapping[str, Weighted] | None) -> Weighted:
    if above is None:
        return Weighted((), Fraction(1))
    if unit.parent not in above:
        raise BadDesign(
            reason_vi=f"đơn vị '{unit.id}' thuộc '{unit.parent}', không được chọn ở bậc trước",
            reason_en=f"unit '{unit.id}' lies in '{unit.parent}', not drawn at the stage before",
        )
    return above[unit.parent]


# --- reserves -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Release:
    """One reserve put in the place of a unit that could not be visited."""

    unit_id: str
    replaces: str
    reason: str
    approved_by: str


def release(
    draw: Draw, before: Sequence[Release], unit_id: str, reason: str, approved_by: str
) -> Release:
    """Return the release of the next reserve of the unit's stratum, in the order drawn.

    `before` are the releases so far, in order. There is no way to ask for a certain reserve.

    Raises:
        ReleaseRefused: no reason, nobody approved, the unit is not in use, or no reserve is left.
    """
    if not reason.strip() or not approved_by.strip():
        _refuse("phải có lý do và người duyệt", "a reason and an approver are needed")
    gone = {past.replaces for past in before}
    used = {past.unit_id for past in before}
    in_use = {unit.id: unit for unit in draw.selected if unit in draw.main or unit.id in used}
    unit = in_use.get(unit_id)
    if unit is None or unit_id in gone:
        _refuse(f"đơn vị '{unit_id}' không đang được dùng", f"unit '{unit_id}' is not in use")
    elif unit.role == "certainty":
        _refuse(
            f"đơn vị '{unit_id}' chọn chắc chắn, không thay bằng đơn vị khác được",
            f"unit '{unit_id}' is certain: no other unit stands for it",
        )
    else:
        for spare in draw.reserves:
            if spare.stratum == unit.stratum and spare.id not in used:
                return Release(spare.id, unit_id, reason.strip(), approved_by.strip())
        _refuse(
            f"tầng '{unit.stratum}' đã hết dự phòng",
            f"stratum '{unit.stratum}' has no reserve left",
        )
    raise AssertionError


def _refuse(vi: str, en: str) -> None:
    raise ReleaseRefused(reason_vi=vi, reason_en=en)


def released(draw: Draw, releases: Sequence[Release]) -> tuple[Selected, ...]:
    """Return the units that count after the releases, with the probabilities of the larger sample.

    A release enlarges the sample: with m main units (not the certain ones) and r released in a
    stratum, each of them has (m + r)/m times its first probability, whoever answered. Units that
    were replaced stay: their non-response is adjusted for, not hidden (`calibrate.responding`).
    """
    used = {past.unit_id for past in releases}
    main: dict[str, int] = {}
    more: dict[str, int] = {}
    for unit in draw.selected:
        main[unit.stratum] = main.get(unit.stratum, 0) + (unit.role == "main")
        more[unit.stratum] = more.get(unit.stratum, 0) + (unit.id in used)
    counted = []
    for unit in draw.selected:
        if unit.role == "certainty":
            counted.append(unit)
        elif unit.pi and (unit.role == "main" or unit.id in used):
            grown = Fraction(main[unit.stratum] + more[unit.stratum], main[unit.stratum])
            counted.append(replace(unit, pi=unit.pi * grown, role="main"))
    return tuple(counted)
