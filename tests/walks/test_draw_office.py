"""The draw office's story: Vụ Bản in March 2024, Bến Tre, and somebody who wants a better draw.

Everything goes through the pages that people use; packages are checked elsewhere, by the one file
that ships in them. Communes are those of the published plans; hamlets and households are made up.
"""

import datetime as dt
import html
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from sampling.register import check as check_register
from server import clock
from server.db import db, transaction
from server.draws.models import Draw, DrawState, RegisterEntry, Replacement, UnitRole
from server.entities.models import Household
from server.monitoring.models import Plan, Round, Visit, VisitState
from server.permissions import Role
from server.places.models import Place
from server.surveys.models import PhoneList
from server.teams import service as teams
from tests.conftest import ACTOR, ON_POSTGRES, PASSWORD, VU_BAN

WITNESSES = ["Trần Thị Hoa", "Lê Văn Sơn", "Phạm Thu Hà"]
HOP_HUNG = "13753"


def digits(draw_id: int) -> str:
    """Return what the dice showed at one ceremony."""
    return str(int(sha256(f"xúc xắc {draw_id}".encode()).hexdigest(), 16))[:20]


def fresh() -> Any:
    db.session.rollback()
    db.session.expire_all()
    return db.session()


@dataclass
class Office:
    """A coordinator at their desk, and who approves."""

    client: FlaskClient
    plan_id: int
    round_id: int
    approver: int

    def kept(self, answer: Any) -> Draw:
        assert answer.status_code == 302, html.unescape(answer.text)[:2000]
        return fresh().get_one(Draw, int(answer.location.rsplit("/", 1)[1]))

    def dice(self, draw: Draw, thrown: str = "") -> Any:
        form = {"digits": thrown or digits(draw.id), "witness": WITNESSES}
        return self.client.post(f"/draws/{draw.id}/seed", data=form)

    def drawn(self, draw: Draw) -> Draw:
        assert self.dice(draw).status_code == 302
        return fresh().get_one(Draw, draw.id)

    def drawn_with(self, draw: Draw, thrown: str) -> Draw:
        assert self.dice(draw, thrown).status_code == 302
        return fresh().get_one(Draw, draw.id)

    def communes(self, size: int, reserves: int, **more: str) -> Draw:
        form = {"round": self.round_id, "size": size, "reserves": reserves, "kind": "dice-d10"}
        here = f"/plans/{self.plan_id}/draws/new"
        return self.kept(self.client.post(here, data=form | more))

    def hamlets(self, commune: str, size: int, reserves: int, **more: str) -> Draw:
        form = {"size": size, "reserves": reserves, "kind": "dice-d10"} | more
        here = f"/plans/{self.plan_id}/rounds/{self.round_id}/communes/{commune}/hamlets/draw"
        return self.kept(self.client.post(here, data=form))

    def households(self, hamlet: str, size: int, reserves: int, listed: str) -> Draw:
        form = {"size": size, "reserves": reserves, "kind": "dice-d10", "list_text": listed}
        here = f"/plans/{self.plan_id}/rounds/{self.round_id}/hamlets/{hamlet}/households/draw"
        return self.kept(self.client.post(here, data=form))

    def void(self, draw: Draw, reason: str) -> Any:
        form = {"reason": reason, "approver": self.approver, "password": PASSWORD}
        return self.client.post(f"/draws/{draw.id}/void", data=form)

    def page(self, address: str) -> str:
        answer = self.client.get(address)
        assert answer.status_code == 200, f"{address}: {answer.status_code}"
        return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


@pytest.fixture
def hoa(app, cast):
    with transaction() as session:
        teams.set_password(session, session.merge(cast.hoa), PASSWORD, ACTOR)
    return cast.hoa


@pytest.fixture
def office(browser, cast, hoa, plan, round_) -> Office:
    return Office(browser(cast.minh), plan.id, round_.id, hoa.id)


@pytest.fixture
def rival(browser, hoa, plan, round_) -> Office:
    """Thảo, the second coordinator of the district."""
    with transaction() as session:
        person = teams.add_person(session, "Thảo", ACTOR, "thao@example.vn", None)
        teams.grant(session, person, Role.COORDINATOR, VU_BAN, ACTOR)
    return Office(browser(person), plan.id, round_.id, hoa.id)


@pytest.fixture
def verified(tmp_path, office):
    """Check a draw's package in another folder, without the project."""

    def check(draw: Draw) -> list[str]:
        package = office.client.get(f"/draws/{draw.id}/package.zip")
        assert package.status_code == 200
        folder = tmp_path / f"elsewhere-{draw.id}"
        folder.mkdir()
        (folder / "package.zip").write_bytes(package.data)
        with zipfile.ZipFile(folder / "package.zip") as held:
            (folder / "verify_draw.py").write_bytes(held.read("verify_draw.py"))
        ran = subprocess.run(
            [sys.executable, "-I", "verify_draw.py", "package.zip", "--json",
             "--commitment", draw.commitment_sha256],
            cwd=folder, capture_output=True, text=True,
        )  # fmt: skip
        checks = json.loads(ran.stdout)["checks"]
        assert ran.returncode == 0 and len(checks) > 8
        return [one["code"] for one in checks if not one["ok"]]

    return check


def codes(draw: Draw, *roles: UnitRole) -> list[str]:
    return [u.unit_code for u in draw.drawn if u.role in (roles or tuple(UnitRole))]


def main(draw: Draw) -> list[str]:
    return codes(draw, UnitRole.MAIN, UnitRole.CERTAIN)


def carried(plan_id: int, name: str) -> list[str]:
    held = fresh().scalar(
        select(PhoneList.content).where(
            PhoneList.plan_id == plan_id, PhoneList.name == name, PhoneList.team_id.is_(None)
        )
    )
    return [line.split(",")[0] for line in held.decode().splitlines()[1:]]


def workbook(rows: list[list[Any]]) -> io.BytesIO:
    book, file = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(file)
    file.seek(0)
    return file


def vu_ban_list() -> list[list[Any]]:
    """The 18 units as the office sends them; one code has lost a digit."""
    places = fresh().scalars(
        select(Place).where(Place.edition_id == "2024", Place.parent_code == "359")
    )
    rows = [[place.code, place.name, 60 + n] for n, place in enumerate(places)]
    rows[4][0] = rows[4][0][:4]
    return [["PHÒNG LAO ĐỘNG HUYỆN VỤ BẢN"], ["Mã xã", "Tên xã", "Số hộ nghèo"], *rows]


HOUSEHOLDS = "Mã hộ\tChủ hộ\tĐịa chỉ\n" + "".join(
    f"{n:03d}\tHộ Mẫu {chr(64 + n)}\tngõ {n}\n" for n in range(1, 13)
)


# --- Vụ Bản ---------------------------------------------------------------------------------


def test_vu_ban_from_the_list_of_communes_to_the_household_at_the_door(
    office, browser, cast, verified, drain, monkeypatch
):
    communes = a_list_is_mended_and_four_communes_drawn(office)
    assert verified(communes) == []
    assert "4/17" in office.page(f"/draws/{communes.id}/minutes")
    assert fresh().query(Visit).count() == 4

    hamlets = [two_hamlets(office, commune) for commune in main(communes)]
    again = one_commune_is_voided_and_redrawn(office, hamlets[2])
    hamlets[2] = again
    drain()
    chosen = [hamlet for draw in hamlets for hamlet in main(draw)]
    assert sorted(carried(office.plan_id, "hamlets.csv")) == sorted(chosen)

    households = [office.drawn(office.households(h, 5, 2, HOUSEHOLDS)) for h in chosen]
    drain()
    assert len(carried(office.plan_id, "households.csv")) == 8 * 5
    assert fresh().query(Household).count() == 8 * 7
    one_household_is_replaced(office, browser(cast.lan), households[0], drain, monkeypatch)

    for draw in (*hamlets, *households[:3]):
        assert verified(draw) == []
    entries = fresh().scalars(select(RegisterEntry).order_by(RegisterEntry.id)).all()
    check_register([entry.entry for entry in entries])
    assert [e.kind for e in entries].count("draw") == 1 + 5 + 8
    assert [e.kind for e in entries if e.kind != "draw"] == ["void", "release"]


def a_list_is_mended_and_four_communes_drawn(office: Office) -> Draw:
    """18 units, one code mended; Hợp Hưng stands out for the flood; 4 and 3 by twenty dice."""
    here = f"/plans/{office.plan_id}/draws/new/listed"
    form = {
        "round": office.round_id, "size": 4, "reserves": 3, "kind": "dice-d10", "method": "srs",
        "excluded_lines": f"{HOP_HUNG} = ngập lụt, đường bị cắt",
    }  # fmt: skip
    sent = form | {"list_file": (workbook(vu_ban_list()), "vu-ban.xlsx")}
    refused = office.client.post(here, data=sent, content_type="multipart/form-data")
    text = html.unescape(re.search(r"<textarea[^>]*list_text[^>]*>([^<]*)<", refused.text)[1])
    wrong = vu_ban_list()[6][0]
    assert refused.status_code == 422 and f"mã '{wrong}'" in html.unescape(refused.text)
    assert fresh().query(Draw).count() == 0

    meant = next(p for p in fresh().scalars(select(Place.code).where(
        Place.edition_id == "2024", Place.parent_code == "359")) if p[:4] == wrong
        and p not in text)  # fmt: skip
    mended = re.sub(rf"(?m)^{wrong}\t", f"{meant}\t", text)
    draw = office.kept(office.client.post(here, data=form | {"list_text": mended}))

    before = office.page(f"/draws/{draw.id}/commitment")
    assert "18 đơn vị" in before and "ngập lụt, đường bị cắt" in before
    assert office.dice(draw, "123").status_code == 422
    assert office.client.post(
        f"/draws/{draw.id}/seed", data={"digits": digits(draw.id), "witness": WITNESSES[:2]}
    ).status_code == 422  # fmt: skip
    return office.drawn(draw)


def two_hamlets(office: Office, commune: str) -> Draw:
    """On site the hamlets are written down, and two are drawn."""
    names = "\n".join(f"Thôn {n} (mẫu)" for n in range(1, 8))
    return office.drawn(office.hamlets(commune, 2, 1, names=names))


def one_commune_is_voided_and_redrawn(office: Office, draw: Draw) -> Draw:
    """The hamlets of one commune are drawn anew, with Hoa's agreement, and every paper says so."""
    assert office.void(draw, "thiếu một thôn mới tách").status_code == 302
    again = office.drawn(office.hamlets(draw.parent_code, 2, 1))
    assert '"draw_no":2' in again.commitment
    assert "thiếu một thôn mới tách" in office.page(f"/draws/{again.id}/minutes")
    assert fresh().get_one(Draw, draw.id).state is DrawState.VOID
    return again


def one_household_is_replaced(
    office: Office, lan: FlaskClient, draw: Draw, drain: Any, monkeypatch: Any
) -> None:
    """Nobody at home twice that day: Lan asks, Minh agrees, the first reserve goes to the phone."""
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + dt.timedelta(hours=9))
    gone, reserve = main(draw)[1], codes(draw, UnitRole.RESERVE)[0]
    times = [clock.local(clock.now() - dt.timedelta(hours=h)) for h in (6, 3)]
    form = {"reason": "absent", "first": f"{times[0]:%Y-%m-%dT%H:%M}",
            "second": f"{times[1]:%Y-%m-%dT%H:%M}"}  # fmt: skip
    assert lan.post(f"/draws/{draw.id}/replace/{gone}", data=form).status_code == 302
    asked = fresh().query(Replacement).one()
    assert office.client.post(f"/replacements/{asked.id}/approve").status_code == 302
    drain()
    listed = carried(office.plan_id, "households.csv")
    assert reserve in listed and gone not in listed and len(listed) == 40
    assert codes(draw, UnitRole.RESERVE)[1] not in listed
    assert f"{gone} được thay bằng {reserve}" in office.page(f"/draws/{draw.id}")
    progress = office.page(f"/plans/{office.plan_id}/rounds/{office.round_id}/progress")
    assert "Thay thế quá 10%" not in progress  # one of forty


# --- seven ways to a better draw ------------------------------------------------------------


def refused_by_the_database(statement: str) -> bool:
    with pytest.raises(DBAPIError, match="refused"), transaction() as session:
        session.connection().exec_driver_sql(statement)
    return True


def test_1_drawing_again_leads_to_the_draw_there_is(office, rival):
    draw = office.drawn(office.communes(4, 3))
    form = {"round": rival.round_id, "size": 4, "reserves": 3, "kind": "dice-d10"}

    again = rival.client.post(f"/plans/{rival.plan_id}/draws/new", data=form)
    other_seed = rival.dice(draw, "90210338475612098471")
    alone = rival.client.post(
        f"/draws/{draw.id}/void", data={"reason": "muốn rút lại", "approver": "", "password": ""}
    )

    assert again.location == f"/draws/{draw.id}"
    assert other_seed.status_code == 302
    assert alone.status_code == 400
    assert fresh().get_one(Draw, draw.id).seed == draw.seed
    assert fresh().query(Draw).count() == 1


def test_2_a_cloned_plan_names_the_first_draw_on_its_page_and_papers(office, rival):
    draw = office.drawn(office.communes(4, 3))
    district = fresh().scalars(
        select(Place).where(Place.edition_id == "2024", Place.code == "359")
    ).one()  # fmt: skip
    rival.client.post(
        "/plans/new",
        data={"name": "Giám sát huyện Vụ Bản 2024 (bản sao)", "programme_id": "gnbv-2021-2025",
              "edition_id": "2024", "place_id": district.id},
    )  # fmt: skip
    clone = fresh().scalars(select(Plan).order_by(Plan.id.desc())).first()
    rival.client.post(f"/plans/{clone.id}/rounds", data={"code": "VB24-1", "name": "Đợt 1"})
    round_ = fresh().scalars(select(Round).order_by(Round.id.desc())).first()
    copy = Office(rival.client, clone.id, round_.id, rival.approver)
    second = copy.drawn(copy.communes(4, 3))

    for page in (f"/draws/{second.id}", f"/draws/{second.id}/commitment",
                 f"/draws/{second.id}/minutes"):  # fmt: skip
        told = copy.page(page)
        assert "Giám sát huyện Vụ Bản 2024" in told and f"lần rút số {draw.number}" in told.lower()


def test_3_a_stratum_changed_after_the_freeze_is_another_list_and_refused(office, rival):
    here = f"/plans/{office.plan_id}/draws/new/listed"
    rows = [f"{c},{'A' if n < 9 else 'B'}" for n, c in enumerate(vu_ban_codes())]
    form = {"round": office.round_id, "size": 4, "reserves": 1, "kind": "dice-d10",
            "method": "srs", "split": "equal", "minimum": 2}  # fmt: skip
    draw = office.kept(
        office.client.post(here, data=form | {"list_text": "\n".join(["ma,tang", *rows])})
    )
    rows[0] = rows[0].replace(",A", ",B")

    moved = rival.client.post(here, data=form | {"list_text": "\n".join(["ma,tang", *rows])})

    assert moved.status_code == 422 and f"lần rút số {draw.number}" in html.unescape(moved.text)
    assert refused_by_the_database("UPDATE draw SET frame = x'00'" if not ON_POSTGRES else (
        "UPDATE draw SET frame = '\\x00'"))  # fmt: skip


def vu_ban_codes() -> list[str]:
    return list(fresh().scalars(select(Place.code).where(
        Place.edition_id == "2024", Place.parent_code == "359").order_by(Place.code)))  # fmt: skip


def test_4_a_size_edited_after_the_freeze_changes_nothing_drawn(office, rival, verified):
    here = f"/plans/{office.plan_id}/draws/new/listed"
    sizes = "\n".join(f"{code},{60 + n}" for n, code in enumerate(vu_ban_codes()))
    form = {"round": office.round_id, "size": 4, "reserves": 1, "kind": "dice-d10",
            "method": "pps_pivotal", "list_text": f"ma,quy mo\n{sizes}"}  # fmt: skip
    draw = office.kept(office.client.post(here, data=form))
    larger = form | {"list_text": form["list_text"].replace(",60", ",6000")}

    assert rival.client.post(here, data=larger).status_code == 422
    for column in ("frame_sha256", "units", "size", "commitment", "commitment_sha256"):
        assert refused_by_the_database(f"UPDATE draw SET {column} = {column} || '1'") if (
            column not in ("units", "size")
        ) else refused_by_the_database(f"UPDATE draw SET {column} = {column} + 1")  # fmt: skip
    assert verified(office.drawn(draw)) == []


def test_5_another_lottery_date_is_another_commitment_and_an_early_result_is_refused(
    office, rival, monkeypatch
):
    evening = clock.local(clock.now() + dt.timedelta(hours=5))
    lottery = {"kind": "lottery", "lottery_company": "XSMB", "lottery_prizes": "Nhì: 5 x 4"}
    past = office.client.post(
        f"/plans/{office.plan_id}/draws/new",
        data={"round": office.round_id, "size": 4, "reserves": 3, **lottery,
              "lottery_at": f"{evening - dt.timedelta(days=1):%Y-%m-%dT%H:%M}"},
    )  # fmt: skip
    draw = office.communes(4, 3, **lottery, lottery_at=f"{evening:%Y-%m-%dT%H:%M}")
    result = "12345 67890 24680 13579"

    early = rival.dice(draw, result)
    form = {"round": rival.round_id, "size": 4, "reserves": 3, **lottery,
            "lottery_at": f"{evening + dt.timedelta(days=1):%Y-%m-%dT%H:%M}"}  # fmt: skip
    other = rival.client.post(f"/plans/{rival.plan_id}/draws/new", data=form)

    assert past.status_code == 422
    assert early.status_code == 409 and fresh().get_one(Draw, draw.id).seed is None
    assert other.location == f"/draws/{draw.id}"
    assert refused_by_the_database("UPDATE draw SET seed_kind = 'dice-d10'")


@pytest.mark.skipif(ON_POSTGRES, reason="copies the file of an SQLite database")
def test_6_a_restored_backup_lacks_the_entry_that_the_signed_minutes_name(
    app, office, rival, tmp_path
):
    draw = office.communes(4, 3)
    db.session.remove()
    db.engine.dispose()
    path = make_url(str(db.engine.url)).database
    shutil.copy(path, tmp_path / "backup.sqlite3")
    first = office.drawn(draw)
    minutes = re.sub(r"\s", "", office.page(f"/draws/{first.id}/minutes"))
    signed = db.session.scalars(select(RegisterEntry.sha256)).one()
    assert signed in minutes

    db.session.remove()
    db.engine.dispose()
    for tail in ("-wal", "-shm"):
        Path(f"{path}{tail}").unlink(missing_ok=True)
    shutil.copy(tmp_path / "backup.sqlite3", path)
    second = rival.drawn_with(draw, "90210338475612098471")

    package = rival.client.get(f"/draws/{second.id}/package.zip").data
    with zipfile.ZipFile(io.BytesIO(package)) as held:
        lines = held.read("register.jsonl").decode().splitlines()
    heads = {sha256(line.encode()).hexdigest() for line in lines}
    assert second.commitment_sha256 == first.commitment_sha256  # the paper signed before the dice
    assert second.seed != first.seed  # and the digits that witnesses signed differ
    assert signed not in heads


def test_7_a_register_row_cannot_be_deleted_or_changed_and_voids_stay_on_papers(office, rival):
    draw = office.drawn(office.communes(4, 3))
    assert office.void(draw, "xúc xắc rơi khỏi bàn").status_code == 302
    second = office.drawn(office.communes(4, 3))

    assert refused_by_the_database("DELETE FROM draw_register")
    assert refused_by_the_database("UPDATE draw_register SET kind = 'draw'")
    assert refused_by_the_database("DELETE FROM draw")
    assert refused_by_the_database("UPDATE draw SET state = 'drawn' WHERE state = 'void'")
    assert refused_by_the_database("DELETE FROM drawn_unit")
    assert refused_by_the_database("UPDATE drawn_unit SET rank = rank + 10")
    assert "xúc xắc rơi khỏi bàn" in rival.page(f"/draws/{second.id}/minutes")
    assert "xúc xắc rơi khỏi bàn" in rival.page(f"/plans/{rival.plan_id}/draws")


# --- Bến Tre --------------------------------------------------------------------------------


def test_ben_tre_names_three_districts_and_draws_communes_and_hamlets_in_them(
    app, browser, hoa, verified, drain
):
    """Plan of Bến Tre, 2024: Bình Đại, Châu Thành, Chợ Lách on purpose; xã and ấp by lot."""
    with transaction() as session:
        person = teams.add_person(session, "Quang", ACTOR, "quang@example.vn", None)
        teams.grant(session, person, Role.COORDINATOR, "2024/83", ACTOR)
        province = session.scalars(
            select(Place).where(Place.edition_id == "2024", Place.code == "83")
        ).one()
    quang = browser(person)
    quang.post("/plans/new", data={"name": "Giám sát tỉnh Bến Tre 2024", "place_id": province.id,
                                   "programme_id": "gnbv-2021-2025",
                                   "edition_id": "2024"})  # fmt: skip
    plan = fresh().scalars(select(Plan).order_by(Plan.id.desc())).first()
    quang.post(f"/plans/{plan.id}/rounds", data={"code": "BT24-Q2", "name": "Quý II"})
    round_ = fresh().scalars(select(Round).order_by(Round.id.desc())).first()
    office = Office(quang, plan.id, round_.id, hoa.id)

    drawn = [office.drawn(office.communes(2, 1, within=code)) for code in ("835", "831", "832")]
    hamlets = []
    for draw in drawn:
        commune = main(draw)[0]
        names = "\n".join(f"Ấp {n} (mẫu)" for n in range(1, 6))
        hamlets.append(office.drawn(office.hamlets(commune, 2, 1, names=names)))
    drain()

    assert [draw.units for draw in drawn] == [20, 21, 11]
    states = [visit.state for visit in fresh().query(Visit)]
    assert states == [VisitState.PLANNED] * 6
    assert "1/10 (10,0 %)" in office.page(f"/draws/{drawn[0].id}")
    weights = quang.get(f"/draws/{hamlets[2].id}/weights.tsv").text
    assert "\t4/55\t" in weights  # 2/11 of the communes, 2/5 of the hamlets
    package = quang.get(f"/draws/{hamlets[0].id}/package.zip")
    assert package.status_code == 200
