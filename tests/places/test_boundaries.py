"""Official boundaries: previewed whole, stored version by version, taken back; drawn or refused."""

import io
import json
import re

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.journal import Line
from server.maintenance import soundness
from server.permissions import Role
from server.places import boundary_pages, boundary_queries, islands, outlines, queries
from server.places.boundary_models import Boundary, BoundaryImport
from server.places.commands import group
from server.teams import service as teams
from tests.conftest import ACTOR, VU_BAN
from tests.places.shapes import (
    COMMUNES,
    DISTRICT,
    HOANG_SA,
    ISLANDS,
    TRUONG_SA,
    beside,
    collection,
    feature,
    square,
)

CREDIT = {"source": "Sở mẫu", "attribution": "© Địa giới bịa để thử"}


def place(code, edition="2024"):
    return db.session().scalars(queries.place(edition, code)).one()


def send(client, data, edition="2024", name="ranh.geojson", **fields):
    form = {"edition": edition, "file": (io.BytesIO(data), name), **CREDIT, **fields}
    return client.post("/places/boundaries", data=form, content_type="multipart/form-data")


def confirm(client, page):
    hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
    return client.post("/places/boundaries/confirm", data=hidden)


def take_in(client, *features, **fields):
    page = send(client, collection(*features), **fields)
    assert page.status_code == 200, page.text[:2000]
    answer = confirm(client, page.text)
    assert answer.status_code == 302, answer.text[:2000]
    db.session().rollback()


def current():
    db.session().rollback()
    rows = db.session().execute(select(Boundary.place_id, Boundary.number).where(Boundary.current))
    return dict(rows.all())


@pytest.fixture
def admin(browser, cast):
    return browser(cast.admin)


def rejected(page):
    found = page.split("Vùng bị loại <small")[1].split("</table>")[0]
    return re.sub(r"<[^>]+>", " ", found)


def test_the_preview_tells_every_area_left_out_and_stores_nothing(admin):
    page = send(
        admin,
        collection(
            *COMMUNES,
            feature(beside(3), ma="99999", ten="Không có"),
            feature(beside(4), ma="13747", ten="Hợp Hưng"),
            feature(beside(5), ma="13741", ten="Gôi"),
            feature([106.0, 20.3], "Point", ma="13750"),
            feature(beside(6)),
        ),
    ).text

    why = rejected(page)
    assert "Mã “99999” không có trong danh mục 2024" in why
    assert "Xã Hiển Khánh, tệp ghi “Hợp Hưng”" in why
    assert "Trùng đơn vị Thị trấn Gôi với vùng số 1" in why
    assert "ở đây là “Point”" in why
    assert "không có mã đơn vị cũng không có tên" in why
    assert "Nhập địa giới 3 đơn vị" in page
    assert "Mã lấy từ thuộc tính ma, tên từ ten" in page
    assert current() == {}


def test_confirming_stores_versions_and_tells_the_journal(admin, cast):
    take_in(admin, *COMMUNES)
    take_in(admin, COMMUNES[0])

    assert current() == {
        place("13741").id: 2, place("13744").id: 1, place("13753").id: 1
    }  # fmt: skip
    line = db.session().scalars(select(Line).order_by(Line.id.desc())).first()
    assert (line.verb, line.subject_id, line.person_id) == (
        "boundaries.imported", "2024", cast.admin.id
    )  # fmt: skip
    assert (line.detail["units"], line.detail["replaced"]) == (1, 1)
    made = db.session().get(BoundaryImport, line.detail["import_id"])
    assert list(soundness.named(db.session())).count(made.sha256) == 1  # the sweeper leaves it
    assert (made.attribution, made.imported_by) == (CREDIT["attribution"], "Quản trị")


def test_an_import_is_taken_back_and_units_have_what_they_had_before(admin):
    take_in(admin, *COMMUNES)
    take_in(admin, COMMUNES[0], DISTRICT)
    take_in(admin, COMMUNES[0])
    first, second, third = db.session().scalars(
        select(BoundaryImport.id).order_by(BoundaryImport.id)
    )

    def withdraw(which):
        answer = admin.post(f"/places/boundaries/{which}/withdraw")
        db.session().rollback()
        return answer.status_code

    assert withdraw(second) == 302  # nothing of its commune was current
    assert current()[place("13741").id] == 3
    assert place("359").id not in current()
    assert withdraw(third) == 302
    assert current()[place("13741").id] == 1
    assert withdraw(third) == 409
    assert withdraw(first) == 302
    assert current() == {}
    assert "Đã rút lại" in admin.get("/places/boundaries?edition=2024").text
    verbs = db.session().scalars(select(Line.verb).order_by(Line.id.desc()).limit(3)).all()
    assert set(verbs) == {"boundaries.withdrawn"}


def test_properties_can_be_named_and_codes_trusted(admin):
    odd = feature(beside(0), dinh_danh="13753", nhan="Tên riêng", ten="Gôi")

    named = send(admin, collection(odd), code_property="Định danh", name_property="nhan").text
    trusted = send(
        admin, collection(odd), code_property="dinh_danh", name_property="nhan", trust_codes="1"
    ).text

    assert "Tin mã dù tên khác" in rejected(named)
    assert "<code>13753</code>" in trusted


def test_islands_are_taken_only_where_they_lie(admin):
    moved = feature(square(108.2, 16.0), ma="498", ten="Hoàng Sa")

    page = send(admin, collection(moved, ISLANDS[1])).text

    assert "không nằm ở quần đảo Hoàng Sa" in rejected(page)
    assert "<code>576</code>" in page


def test_the_islands_are_units_of_every_edition(session):
    for edition in ("2024", "2025-06", "2025-07"):
        for each in islands.of(edition):
            unit = place(each.code, edition)
            assert each.name in unit.name and unit.province_code == each.province_code
    latest = {each.code: place(each.code, "2025-07") for each in islands.of("2025-07")}
    for each in islands.of("2025-07"):
        at = latest[each.code]
        assert each.hold((at.longitude, at.latitude, at.longitude, at.latitude))


def test_an_edition_without_the_islands_says_that_the_country_is_not_drawn(admin):
    page = send(admin, collection(*COMMUNES)).text
    assert "chưa đủ để vẽ cả nước: thiếu địa giới Hoàng Sa (498), Trường Sa (576)" in page

    take_in(admin, *COMMUNES, ISLANDS[0])
    assert "thiếu địa giới Trường Sa (576)" in admin.get("/places/boundaries?edition=2024").text

    take_in(admin, ISLANDS[1])
    assert "Đã có Hoàng Sa và Trường Sa" in admin.get("/places/boundaries?edition=2024").text


PROVINCES = (
    feature(square(105.9, 20.1, 0.5), ma="36", ten="Nam Định"),
    feature(square(103.0, 21.5, 0.5), ma="11", ten="Điện Biên"),
    feature(square(109.0, 12.0, 0.3), ma="56", ten="Khánh Hòa"),
)


def drawn(*codes, frames=(), whole=False):
    db.session().rollback()
    ids = [{place(code).id for code in group_} for group_ in (codes, frames)]
    found = boundary_queries.areas(db.session(), *ids, whole)
    return {row.code for row in found.rows}, [each.code for each in found.lacking], found


def test_a_map_of_one_province_needs_no_islands(admin):
    take_in(admin, *COMMUNES, DISTRICT, PROVINCES[0])

    codes, lacking, found = drawn("13741", "13744", frames=["359", "36"])

    assert codes == {"13741", "13744", "359", "36"} and lacking == []
    assert not found.whole and found.attributions == (CREDIT["attribution"],)


def test_a_map_of_several_provinces_or_the_country_is_drawn_with_the_islands_or_not_at_all(admin):
    take_in(admin, *PROVINCES)

    for asked in ({"frames": ["36", "11"]}, {"frames": ["36"], "whole": True}):
        codes, lacking, found = drawn(**asked)
        assert (codes, lacking) == (set(), ["498", "576"])
        assert "Hoàng Sa (498), Trường Sa (576)" in found.shown(english=False).refusal
        assert "hãy nhập thêm" in found.shown(english=False).refusal
    take_in(admin, ISLANDS[0])
    assert drawn(frames=["36", "11"])[1] == ["576"]

    take_in(admin, ISLANDS[1])
    codes, lacking, found = drawn(frames=["36", "11"])

    assert codes == {"36", "11", "498", "576"} and lacking == []
    assert found.whole and found.shown(english=False).refusal == ""
    assert sorted(found.roles.values()) == ["frame", "frame", "islands", "islands"]


def test_a_province_of_islands_is_outlined_with_them_or_not_at_all(admin):
    take_in(admin, PROVINCES[2])
    assert drawn(frames=["56"])[:2] == (set(), ["576"])

    take_in(admin, ISLANDS[1])

    assert drawn(frames=["56"])[:2] == ({"56", "576"}, [])


def test_what_is_drawn_is_geojson_with_the_outer_area_first(admin):
    take_in(admin, *COMMUNES, DISTRICT)
    _codes, _lacking, found = drawn("13741", frames=["359"])

    body = json.loads("".join(boundary_queries.geojson(db.session(), found)))

    assert [each["properties"]["role"] for each in body["features"]] == ["frame", "drawn"]
    assert [each["properties"]["label"] for each in body["features"]] == [
        "Huyện Vụ Bản", "Thị trấn Gôi"
    ]  # fmt: skip
    assert body["features"][1]["geometry"]["type"] == "MultiPolygon"


def test_another_version_or_another_choice_has_another_address(admin):
    take_in(admin, *COMMUNES)
    one, two = drawn("13741")[2].version, drawn("13741", "13744")[2].version
    take_in(admin, COMMUNES[0])

    assert len({one, two, drawn("13741")[2].version, ""}) == 4


def test_the_imports_are_paged_by_their_number(admin, monkeypatch):
    monkeypatch.setattr(boundary_pages, "IMPORTS", 1)
    take_in(admin, COMMUNES[0], source="Lần một")
    take_in(admin, COMMUNES[0], source="Lần hai")

    newest = admin.get("/places/boundaries?edition=2024").text
    older = admin.get("/places/boundaries?edition=2024&before=2").text

    assert "Lần hai" in newest and "Lần một" not in newest and "before=2" in newest
    assert "Lần một" in older and "Lần hai" not in older and "before=1" not in older


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"[", b"{}", b'{"features":[NaN]}'])
def test_a_file_that_is_none_is_refused_on_the_page_it_came_from(admin, data):
    answer = send(admin, data)

    assert 400 <= answer.status_code < 500
    assert 'type="file"' in answer.text and "Sở mẫu" in answer.text


def test_a_file_beyond_the_limit_is_refused_before_it_is_kept(admin, app, monkeypatch):
    monkeypatch.setattr(outlines, "MAX_BYTES", 100)

    answer = send(admin, collection(*COMMUNES))

    assert answer.status_code == 413 and "quá lớn" in answer.text
    assert list(app.extensions["files"].names()) == []


def test_source_and_attribution_are_asked_for(admin):
    answer = send(admin, collection(*COMMUNES), source="", as_of="x")

    assert answer.status_code == 400
    assert 'id="source-error"' in answer.text and 'id="as_of-error"' in answer.text
    assert admin.post("/places/boundaries/confirm", data={}).status_code == 400


@pytest.mark.parametrize("sha256", ["", "0" * 64, "../../etc/passwd"])
def test_only_a_file_that_was_previewed_can_be_confirmed(admin, sha256):
    form = {**CREDIT, "sha256": sha256, "edition": "2024", "name": "x"}

    assert admin.post("/places/boundaries/confirm", data=form).status_code == 404


@pytest.mark.parametrize("edition", ["", "1999", "2024\0"])
def test_an_unknown_edition_is_not_filled(admin, edition):
    assert send(admin, collection(*COMMUNES), edition=edition).status_code in {200, 404}
    assert current() == {}


def test_only_administrators_of_the_area_keep_boundaries(browser, app, cast, admin):
    with transaction() as session:
        near = teams.add_person(session, "Gần", ACTOR, "gan@example.vn")
        teams.grant(session, near, Role.ADMINISTRATOR, VU_BAN, ACTOR)
    for person in (cast.lan, cast.minh, cast.hoa):
        assert browser(person).get("/places/boundaries").status_code == 403
        assert send(browser(person), collection(*COMMUNES)).status_code == 403
        assert "/places/boundaries" not in browser(person).get("/places").text
    mixed = collection(COMMUNES[0], PROVINCES[0])

    page = send(browser(near), mixed).text

    assert "Tỉnh Nam Định nằm ngoài địa bàn của bạn" in rejected(page)
    take_in(admin, *PROVINCES)
    (made,) = db.session().scalars(select(BoundaryImport.id))
    assert browser(near).post(f"/places/boundaries/{made}/withdraw").status_code == 403
    assert admin.post("/places/boundaries/99/withdraw").status_code == 404


def test_the_same_is_done_from_a_terminal(app, session, tmp_path):
    path = tmp_path / "ranh.geojson"
    path.write_bytes(collection(*COMMUNES, feature(beside(5), ma="1")))
    run = app.test_cli_runner().invoke
    options = ["--source", "Sở", "--attribution", "© Thử", "--as-of", "2024-03-01"]

    seen = run(group, ["boundaries", str(path), "--edition", "2024", "--json"])
    refused = run(group, ["boundaries", str(path), "--store"])
    stored = run(group, ["boundaries", str(path), *options, "--store", "--json"])
    listed = run(group, ["boundary-list", "--json"])
    back = run(group, ["boundary-withdraw", "1", "--json"])

    assert json.loads(seen.stdout) == {
        "accepted": 3, "rejected": 1, "lacking": ["498", "576"], "import": None
    }  # fmt: skip
    assert "vùng 4 1: Mã “1” không có" in seen.stderr
    assert refused.exit_code == 2
    assert json.loads(stored.stdout)["import"] == 1
    held = session.scalars(select(BoundaryImport.sha256)).one()
    assert app.extensions["files"].read(held) == path.read_bytes()
    assert json.loads(listed.stdout)["units"] == 3
    assert json.loads(back.stdout) == {"import": 1, "revived": 0}
    assert current() == {}


def test_the_made_up_islands_lie_where_the_islands_are():
    for (west, south), each in zip((HOANG_SA, TRUONG_SA), islands.of("2024"), strict=True):
        assert each.hold((west, south, west + 0.04, south + 0.04))
