"""The Vụ Bản case: 18 communes, one flooded, 4 to visit and 3 in reserve, 20 dice."""

import datetime as dt
import json
import subprocess
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

import sampling
from server import clock, journal
from server.db import db, transaction
from server.draws import lineage, lists, queries, service, stages
from server.draws.models import Draw
from server.draws.stages import Wish
from server.journal import Actor
from server.monitoring import service as monitoring
from server.monitoring.models import Round, Visit
from server.places import queries as places
from server.places import service as places_service
from server.submissions import intake
from server.teams import service as teams
from tests import forms
from tests.worlds import kept

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
        db.session.rollback()
        return [v.code for v in queries.visits_of(db.session(), draw)]

    def make_visits(self, draw) -> list[str]:
        with transaction() as session:
            return [v.code for v in service.make_visits(session, session.merge(draw), MINH)]

    def package(self, draw) -> bytes:
        with transaction() as session:
            return service.package(session, session.merge(draw))


@pytest.fixture
def office(round_) -> DrawOffice:
    return DrawOffice(round_)


@pytest.fixture
def hamlets(app) -> Callable[[list[str]], None]:
    return store_hamlets


def store_hamlets(communes: list[str]) -> None:
    """Store six hamlets in each of these communes: 40, 50, ... 90 households."""
    rows = ["Mã xã,Mã thôn,Tên thôn,Số hộ"]
    for code in communes:
        rows += [f"{code},{code}-{n:02d},Thôn {n} của {code},{30 + 10 * n}" for n in range(1, 7)]
    with transaction() as session:
        preview = places_service.preview_hamlets(
            session, "2024", "\n".join(rows).encode(), "thon.csv"
        )
        places_service.import_hamlets(session, preview)
        journal.write(session, MINH, "hamlets.imported", "edition", "2024", rows=len(rows))


HOUSEHOLDS = "Mã hộ,Chủ hộ,Địa chỉ\n" + "".join(
    f"{number:02d},{name},Ngõ {number}\n"
    for number, name in enumerate(
        [
            "Trần Văn Ba",
            "Lê Thị Tư",
            "Vũ Năm",
            "Ngô Sáu",
            "Đỗ Bảy",
            "Hà Tám",
            "Bùi Chín",
            "Lý Mười",
        ],
        start=1,
    )
)


@dataclass
class Field:
    """Vụ Bản after its communes are drawn and have their visits and hamlets."""

    office: DrawOffice
    first: Draw

    @property
    def round_(self) -> Round:
        return self.office.round_

    @property
    def plan_id(self) -> int:
        return self.round_.plan_id

    @property
    def communes(self) -> list[str]:
        """The communes drawn, in order."""
        return [unit.unit_code for unit in self.first.drawn[:4]]

    def name_hamlets(self, commune: str) -> None:
        store_hamlets([commune])

    def hamlet_codes(self, commune: str) -> list[str]:
        return [f"{commune}-{n:02d}" for n in range(1, 7)]

    def commit_hamlets(self, commune: str, size=2, reserves=1, **more) -> Draw:
        with transaction() as session:
            round_ = session.merge(self.round_)
            place = session.scalars(places.place("2024", commune)).one()
            wish = Wish(size, reserves, service.source_of("dice-d10"), **more)
            return stages.commit_hamlets(session, round_, place, wish, MINH)

    def hamlets(self, commune: str, size=2, reserves=1, **more) -> Draw:
        draw = self.commit_hamlets(commune, size, reserves, **more)
        return self.office.seed(draw, thrown(draw.id))

    def drawn_hamlet(self) -> str:
        """Draw two hamlets in the first commune; return the first of them."""
        return self.hamlets(self.communes[0]).drawn[0].unit_code

    def used(self, hamlet: str) -> list[str]:
        """Return the hamlets in use in the commune of a hamlet."""
        session = db.session()
        draw = queries.live(session, self.round_.id, service.VISITS, "thôn", hamlet[:5])
        return [unit.unit_code for unit in lineage.in_use(session, draw)]

    def commit_households(self, hamlet: str, size=5, reserves=2, text=HOUSEHOLDS, **more) -> Draw:
        with transaction() as session:
            round_ = session.merge(self.round_)
            found = session.scalars(places.hamlet("2024", hamlet)).one()
            wish = Wish(size, reserves, service.source_of("dice-d10"), **more)
            items = lists.read(text.encode(), "ho.csv")
            return stages.commit_households(session, round_, found, items, wish, MINH)

    def households(self, hamlet: str, size=5, reserves=2, text=HOUSEHOLDS, **more) -> Draw:
        draw = self.commit_households(hamlet, size, reserves, text, **more)
        return self.office.seed(draw, thrown(draw.id))


@kept
def field(round_) -> Field:
    """Four communes drawn and visited, six hamlets in each."""
    office = DrawOffice(round_)
    found = Field(office, office.drawn())
    store_hamlets(found.communes)
    return found


WORKBOOK = """
| survey |                  |             |            |
|        | type             | name        | label      |
|        | start            | start       |            |
|        | end              | end         |            |
|        | begin group      | id          | Thông tin  |
|        | text             | visit       | Lượt       |
|        | text             | hamlet      | Thôn       |
|        | end group        |             |            |
|        | begin group      | cs          | Đồng ý     |
|        | select_one yn    | met         | Gặp?       |
|        | select_one nm    | not_met_why | Vì sao?    |
|        | select_one yn    | consent     | Đồng ý?    |
|        | end group        |             |            |
|        | text             | hh          | Hộ         |
| choices |                 |             |            |
|        | list_name        | name        | label      |
|        | yn               | yes         | Có         |
|        | yn               | no          | Không      |
|        | nm               | vang        | Vắng       |
|        | nm               | chuyen_di   | Chuyển đi  |
| settings |                |             |            |
|        | form_title       | form_id     | version    |
|        | Phỏng vấn        | hogd        | 1          |
"""


@kept
def households(field):
    """Five households of a hamlet."""
    return field.households(field.drawn_hamlet())


@pytest.fixture
def sample(households, monkeypatch):
    """It is two days after the draw of the households."""
    now = clock.now
    monkeypatch.setattr(clock, "now", lambda: now() + dt.timedelta(days=2))
    return households


def visit_of(sample):
    return next(v for v in db.session.query(Visit) if v.place.code == sample.parent_code[:5])


@pytest.fixture
def send(app, sample, base, drain):
    """Send a filled form about a household of the sample, by Lan's phone."""
    intake._readers.clear()
    forms.publish(app, sample.plan_id, WORKBOOK)
    client = app.test_client()

    def post(code="", met="yes", consent="yes", why="", hours_ago=1):
        began = clock.local(clock.now() - dt.timedelta(hours=hours_ago)).isoformat()
        said = f"<met>{met}</met>"
        said += f"<not_met_why>{why}</not_met_why>" if met == "no" else ""
        said += f"<consent>{consent}</consent>" if met == "yes" else ""
        household = f"<hh>{code}</hh>" if code else ""
        xml = (
            "<?xml version='1.0'?><data id='hogd' version='1' "
            "xmlns:orx='http://openrosa.org/xforms'>"
            f"<start>{began}</start><end>{began}</end>"
            f"<id><visit>{visit_of(sample).code}</visit><hamlet>{sample.parent_code}</hamlet></id>"
            f"<cs>{said}</cs>{household}"
            f"<orx:meta><orx:instanceID>uuid:{uuid.uuid4()}</orx:instanceID></orx:meta></data>"
        )
        answer = client.post(f"{base}/submission", **forms.parts(xml.encode()))
        assert answer.status_code == 201, answer.text
        drain()
        db.session.rollback()

    return post


@pytest.fixture
def program(app):
    """Make a client that shows a key of its own for a person, as a program does."""

    def start(person):
        client = app.test_client()
        with transaction() as session:
            key = teams.open_sign_in(session, session.merge(person), "api")
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
        return client

    return start


@dataclass
class Province:
    """Bến Tre: a province's plan whose districts are named on purpose."""

    office: DrawOffice

    def communes(self, district: str, size=2) -> Draw:
        with transaction() as session:
            round_ = session.merge(self.office.round_)
            wish = Wish(size, 1, service.source_of("dice-d10"))
            draw = stages.commit_communes(session, round_, wish, MINH, district)
        return self.office.seed(draw, thrown(draw.id + 100))


@pytest.fixture
def ben_tre(app) -> Province:
    with transaction() as session:
        place = session.scalars(places.place("2024", "83")).one()
        plan = monitoring.add_plan(
            session, "Giám sát tỉnh Bến Tre 2024", "gnbv-2021-2025", place, "2024", MINH
        )
        round_ = monitoring.add_round(session, plan, "BT24-1", "Quý II", MINH)
    return Province(DrawOffice(round_))


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
