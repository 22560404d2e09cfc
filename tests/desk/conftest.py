"""One commune's story: a form with rules, a visit, a hamlet, and interviews sent by Lan's phone."""

import io
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from server.db import db, transaction
from server.monitoring import service as monitoring
from server.monitoring.models import Visit
from server.permissions import Role
from server.places.models import Hamlet, Place
from server.submissions.models import Submission
from server.teams import service as teams
from server.teams.models import Person
from tests import forms
from tests.conftest import ACTOR
from tests.worlds import kept

WORKBOOK = """
| survey |                      |          |                             |                        |          |                   |
|        | type                 | name     | label::Tiếng Việt (vi)      | label::English (en)    | required | relevant          |
|        | start                | start    |                             |                        |          |                   |
|        | end                  | end      |                             |                        |          |                   |
|        | deviceid             | deviceid |                             |                        |          |                   |
|        | begin group          | id       | Thông tin lượt              | The visit              |          |                   |
|        | select_one_from_file visits.csv | visit | Lượt giám sát       | Visit                  | yes      |                   |
|        | select_one_from_file hamlets.csv | hamlet | Thôn             | Hamlet                 | yes      |                   |
|        | end group            |          |                             |                        |          |                   |
|        | text                 | ten      | Tên chủ hộ                  | Head of household      |          |                   |
|        | select_one yn        | du       | **Hộ** ${ten} nhận đủ không? | Did ${ten} get all?   | yes      |                   |
|        | select_multiple kenh | kenh     | Biết qua đâu?               | Heard where?           |          |                   |
|        | integer              | so_tien  | Số tiền đã góp (đồng)       | Money paid             | yes      |                   |
|        | date                 | ngay     | Ngày nhận                   | Date received          |          |                   |
|        | geopoint             | gps      | Tọa độ                      | Position               |          |                   |
|        | begin repeat         | tv       | Thành viên                  | Member                 |          |                   |
|        | text                 | ten_tv   | Tên thành viên              | Name                   |          |                   |
|        | integer              | tuoi     | Tuổi thành viên             | Age                    |          |                   |
|        | end repeat           |          |                             |                        |          |                   |
|        | image                | anh      | Ảnh con bò                  | Photo of the cow       |          |                   |
|        | audio                | tieng    | Ghi âm ý kiến               | Recording              |          |                   |
|        | note                 | het      | Xin cảm ơn                  | Thank you              |          |                   |
| choices |                     |          |                             |                        |          |                   |
|        | list_name            | name     | label::Tiếng Việt (vi)      | label::English (en)    |          |                   |
|        | yn                   | yes      | Có                          | Yes                    |          |                   |
|        | yn                   | no       | Không                       | No                     |          |                   |
|        | kenh                 | loa      | Loa truyền thanh            | Loudspeaker            |          |                   |
|        | kenh                 | hop      | Họp thôn                    | Meeting                |          |                   |
| settings |                    |          |                             |                        |          |                   |
|        | form_title           | form_id  | version                     | default_language       |          |                   |
|        | Phỏng vấn hộ         | hogd     | 7                           | Tiếng Việt (vi)        |          |                   |
| finding_rules |               |          |                             |                        |          |                   |
|        | rule_id | when               | severity | topic | project | bieu    | title_vi                 | title_en       | due_days |
|        | B01     | du = 'no'          | 4        | TH01  | DA2     | Biểu 05 | Hộ nhận thiếu            | Received short | 10       |
|        | B02     | so_tien > 100000   | 3        | TH05  |         |         | Thu khoản ngoài quy định | Charges        | 15       |
|        | B03     | any(tv: tuoi < 6)  | 1        | TICH_CUC |      |         | Có trẻ dưới sáu tuổi     | A small child  | 0        |
|        | B04     | so_tien > param('loss_rate_max') and du = 'yes' | 2 | TH04 | DA2 | | Góp trên ngưỡng của đợt  | Over the limit | 5        |
"""  # noqa: E501
CHILDREN = "<tv><ten_tv>Bé Na</ten_tv><tuoi>4</tuoi></tv><tv><ten_tv>Cả</ten_tv><tuoi>9</tuoi></tv>"


def photo(colour: str = "brown") -> bytes:
    """Return a small JPEG."""
    out = io.BytesIO()
    Image.new("RGB", (640, 480), colour).save(out, "JPEG")
    return out.getvalue()


@dataclass
class Story:
    """What the tests of the desk stand on: `base` is the address of Lan's phone."""

    app: Flask
    plan_id: int
    visit: Visit
    hamlet: Hamlet
    other_commune: Place
    version_id: int
    base: str

    def send(
        self,
        files: dict[str, bytes] | None = None,
        expected: int = 201,
        xml: bytes = b"",
        **said: Any,
    ) -> int:
        """Send an interview as Lan's phone does, do the work after it; return its record."""
        xml = xml or interview(self.visit.code, self.hamlet.code, **said)
        answer = self.app.test_client().post(f"{self.base}/submission", **forms.parts(xml, files))
        assert answer.status_code == expected, answer.text
        self.app.extensions["jobs"].drain()
        db.session().rollback()
        db.session().expire_all()
        return db.session().scalar(select(Submission.id).order_by(Submission.id.desc())) or 0


def interview(story_visit: str, hamlet: str, **said: Any) -> bytes:
    """Return the XML of one interview; `more` is written as it is."""
    more = said.pop("more", "")
    instance_id = said.pop("instance_id", None) or f"uuid:{uuid.uuid4()}"
    label = said.pop("label", "Hộ 01")
    answers = {"ten": "Nguyễn Thị Nhung", "du": "yes", "so_tien": "0"} | said
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in answers.items())
    return (
        '<data id="hogd" version="7" xmlns:orx="http://openrosa.org/xforms">'
        "<start>2024-04-15T08:00:00.000+07:00</start><end>2024-04-15T08:21:30.000+07:00</end>"
        "<deviceid>collect:abc</deviceid>"
        f"<id><visit>{story_visit}</visit><hamlet>{hamlet}</hamlet></id>{inner}{more}"
        f"<orx:meta><orx:instanceID>{instance_id}</orx:instanceID>"
        f"<orx:instanceName>{label}</orx:instanceName></orx:meta></data>"
    ).encode()


@pytest.fixture
def communes(session: Session) -> list[Place]:
    """The communes of Vụ Bản under the code list of 2024, by name."""
    return _communes(session)


def _communes(session: Session) -> list[Place]:
    query = select(Place).where(Place.edition_id == "2024", Place.parent_code == "359")
    return list(session.scalars(query.order_by(Place.sort_key)))


@kept
def story(app, plan, round_, base) -> Story:
    """A published form, a visit to the first commune, its hamlet, and a phone that sends."""
    communes = _communes(db.session())
    with transaction() as writing:
        team = teams.add_team(writing, plan.id, "Đoàn 1", ACTOR)
        visit = monitoring.add_visit(writing, round_, communes[0], ACTOR, team=team)
        hamlet = Hamlet(
            edition_id="2024", place_id=communes[0].id, code="H001", name="Thôn Vân Cát",
            folded="thon van cat", sort_key="van cat", latitude=20.38, longitude=106.08,
            radius_m=600, source="thử",
        )  # fmt: skip
        writing.add(hamlet)
    version_id = forms.publish(app, plan.id, WORKBOOK)
    app.extensions["jobs"].drain()
    assert visit.place == communes[0]  # and is kept with the visit: nobody asks for it again
    return Story(app, plan.id, visit, hamlet, communes[1], version_id, base)


@pytest.fixture
def officer(app, story) -> Person:
    """An officer of the visited commune: sees its findings and nothing else."""
    with transaction() as session:
        person = teams.add_person(session, "Cán bộ xã", ACTOR, "xa@example.vn")
        teams.grant(session, person, Role.UNIT_OFFICER, story.visit.area, ACTOR)
        return person


@pytest.fixture
def viewer_of_commune(app, story) -> Callable[[str], Person]:
    """Make somebody who looks at the records of one area alone."""

    def make(area: str) -> Person:
        with transaction() as session:
            person = teams.add_person(session, "Lãnh đạo", ACTOR, f"{area[-5:]}@example.vn")
            teams.grant(session, person, Role.VIEWER, area, ACTOR)
            return person

    return make


@pytest.fixture
def statements(app) -> Callable[[], Any]:
    """Count the statements that the database is asked to run inside a `with` block."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        seen: list[str] = []

        def note(_c: Any, _cur: Any, statement: str, *_rest: Any) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return counting
