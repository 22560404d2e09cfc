"""Lists that rooms above this one keep for phones: how the manifest learns of them.

A room registers what it offers; here nobody knows how it is made.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from server.surveys.models import FormVersion
from server.teams.service import Carrier


@dataclass(frozen=True)
class Offered:
    """A list as one phone gets it.

    Attributes:
        name: the file that forms ask for.
        md5: of exactly the bytes that `path` gives.
        path: below the phone's address of the plan, ready for an address.
        kind: 'entityList' or 'approvalEntityList', which the phone treats as such; '' for a file.
        integrity_path: where the phone asks what became of rows that it made itself.
    """

    name: str
    md5: str
    path: str
    kind: str = ""
    integrity_path: str = ""


Offer = Callable[[Carrier, Collection[str]], Iterable[Offered]]
Supply = Callable[[Sequence[FormVersion]], Mapping[int, Collection[str]]]
_offers: list[Offer] = []
_supplies: list[Supply] = []


def offers(offer: Offer) -> Offer:
    """Register who gives a phone the lists among the files that it asks for."""
    _offers.append(offer)
    return offer


def supplies(supply: Supply) -> Supply:
    """Register who tells which files of versions nobody needs to upload, by version id."""
    _supplies.append(supply)
    return supply


def offered(carrier: Carrier, names: Collection[str]) -> list[Offered]:
    """Return the lists among `names` as this phone gets them."""
    return [each for offer in _offers for each in offer(carrier, names)] if names else []


def supplied(version: FormVersion) -> set[str]:
    """Return the files of a version that the server makes by itself."""
    return supplied_to([version])[version.id]


def supplied_to(versions: Sequence[FormVersion]) -> dict[int, set[str]]:
    """Return, by version id, the files that the server makes by itself."""
    found: dict[int, set[str]] = {version.id: set() for version in versions}
    for supply in _supplies:
        for version_id, names in supply(versions).items():
            found[version_id].update(names)
    return found
