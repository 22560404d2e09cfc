"""The Vụ Bản case: 18 communes, one flooded, 4 to visit and 3 in reserve, 20 dice."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

import sampling
from server.db import transaction
from server.draws import service
from server.draws.models import Draw
from server.journal import Actor
from server.monitoring.models import Round
from server.places import queries as places

MINH = Actor("page", 1, "Minh")
DIGITS = "48371 02955 61382 07714"
WITNESSES = ["Trần Thị Hoa", "Lê Văn Sơn", "Phạm Thu Hà"]
HOP_HUNG = "13753"
FLOODED = {HOP_HUNG: "ngập lụt, đường bị cắt"}


def thrown(number: int) -> str:
    """Return twenty digits of a ceremony: those of the story first, then others each time."""
    return DIGITS if number == 1 else f"{int(sha256(str(number).encode()).hexdigest(), 16)}"[:20]


@dataclass
class DrawOffice:
    """What the coordinator of Vụ Bản does, with the usual numbers unless told otherwise."""

    round_: Round

    def commit(self, size=4, reserves=3, excluded=FLOODED, source=None, round_=None) -> Draw:
        with transaction() as session:
            units = session.scalars(places.communes_under("2024", "359")).all()
            found = session.merge(round_ or self.round_)
            kind = source or service.source_of("dice-d10")
            return service.commit(session, found, units, size, reserves, kind, MINH, excluded)

    def seed(self, draw, digits=DIGITS, witnesses=WITNESSES) -> Draw:
        with transaction() as session:
            return service.seed(session, session.merge(draw), digits, witnesses, MINH)

    def drawn(self, digits="", **wishes) -> Draw:
        draw = self.commit(**wishes)
        return self.seed(draw, digits or thrown(draw.id))

    def void(self, draw, reason="xúc xắc rơi khỏi bàn", approver="Trần Thị Hoa") -> None:
        with transaction() as session:
            service.void(session, session.merge(draw), reason, approver, MINH)

    def visits(self, draw) -> list[str]:
        with transaction() as session:
            return [v.code for v in service.make_visits(session, session.merge(draw), MINH)]

    def package(self, draw) -> bytes:
        with transaction() as session:
            return service.package(session, session.merge(draw))


@pytest.fixture
def office(round_) -> DrawOffice:
    return DrawOffice(round_)


@pytest.fixture
def verify(tmp_path) -> Callable[..., tuple[int, list[str]]]:
    """Check a package as an outsider would: elsewhere, with the one file; name what failed."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    tool = folder / "verify_draw.py"
    tool.write_bytes(Path(sampling.__file__).with_name("verify_draw.py").read_bytes())

    def check(package: bytes, commitment: str = "") -> tuple[int, list[str]]:
        (folder / "package.zip").write_bytes(package)
        command = [sys.executable, "-I", tool.name, "package.zip", "--json"]
        paper = ["--commitment", commitment] if commitment else []
        ran = subprocess.run([*command, *paper], cwd=folder, capture_output=True, text=True)
        checks = json.loads(ran.stdout)["checks"]
        return ran.returncode, [check["code"] for check in checks if not check["ok"]]

    return check
