"""Lists on pages: the right person looks, changes, hands over, settles; the wrong one does not."""

import io
import re
from html import unescape

import pytest

from server.db import db, transaction
from server.entities import queries, service
from server.entities.models import Conflict, Delivery, Entity
from server.entities.writing import Part
from server.permissions import Role
from server.teams import service as teams
from tests.conftest import ACTOR
from tests.entities.conftest import OTHER, TREE, said
from tests.worlds import kept

PLANTED = {"create": 1, "label": "Cây 1", "loai": "lim", "cao": "1"}


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


@kept
def planted(grove):
    """Two trees, the first of them with a hard conflict."""
    grove.send(
        said(**PLANTED), said(update=1, base=1, cao="2"), said(update=1, base=1, cao="3"),
        said(uuid_=OTHER, **{**PLANTED, "label": "Cây gụ Đắk Hà"}),
    )  # fmt: skip
    return grove


def text_of(answer) -> str:
    assert answer.status_code == 200, answer.text
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.text)).split())


def after(answer) -> None:
    assert answer.status_code == 302
    db.session().rollback()
    db.session().expire_all()


def test_a_plan_tells_its_lists_and_what_waits(planted, minh):
    planted.send(said(update=1, base=9))

    page = text_of(minh.get(f"/plans/{planted.plan_id}/lists"))

    assert "cay.csv 2 1" in page.replace("Dòng ", "")
    assert "Việc cần xem 1" in page
    assert f"/plans/{planted.plan_id}/lists" in minh.get(f"/plans/{planted.plan_id}").text


def test_another_districts_people_find_nothing(planted, browser, cast):
    listed, row = f"/lists/{planted.trees.id}", f"/rows/{planted.tree().id}"
    plan = f"/plans/{planted.plan_id}/lists"

    for address in (plan, f"{plan}/review", listed, f"{listed}.csv", f"{listed}.xlsx", row):
        assert browser(cast.an).get(address).status_code == 404, address
        assert browser(None).get(address).status_code == 302, address
        assert browser(cast.hoa).get(address, buffered=True).status_code == 200, address


def test_who_only_looks_changes_nothing(planted, browser, cast):
    listed, row = f"/lists/{planted.trees.id}", f"/rows/{planted.tree().id}"
    verbs = [f"{listed}/{verb}" for verb in ("settings", "properties", "rows", "assign", "import")]
    verbs += [row, *(f"{row}/{verb}" for verb in ("delete", "assign", "resolve", "restore"))]
    form = {"label": "x", "title": "x", "name": "x"}

    for address in verbs:
        assert browser(cast.hoa).post(address, data=form).status_code == 403, address
        assert browser(cast.an).post(address, data=form).status_code == 404, address
    assert planted.tree().version == 3


def test_a_viewer_of_one_commune_sees_the_rows_that_lie_there(planted, browser):
    with transaction() as session:
        person = teams.add_person(session, "Cán bộ xã", ACTOR, "xa@example.vn")
        teams.grant(session, person, Role.VIEWER, "2024/36/359/13753", ACTOR)
        service.assign(session, [planted.tree()], Part(area="2024/36/359/13753"), ACTOR)
    client = browser(person)

    page = text_of(client.get(f"/lists/{planted.trees.id}"))

    assert "Cây 1" in page and "Cây gụ" not in page
    assert client.get(f"/rows/{planted.tree().id}").status_code == 200
    assert client.get(f"/rows/{planted.tree(OTHER).id}").status_code == 404
    assert client.get(f"/plans/{planted.plan_id}/lists").status_code == 404
    assert "Cây gụ" not in client.get(f"/lists/{planted.trees.id}.csv", buffered=True).text


def test_rows_are_found_without_marks_and_by_conflict(planted, minh):
    here = f"/lists/{planted.trees.id}"

    assert "Cây gụ Đắk Hà" in text_of(minh.get(f"{here}?q=dak+ha"))
    assert "Cây gụ" not in text_of(minh.get(f"{here}?q=lim+khong+co"))
    assert "Cây gụ" not in text_of(minh.get(f"{here}?show=conflict"))


def test_many_rows_are_read_page_by_page_with_the_same_few_questions(grove, minh):
    with transaction() as session:
        for number in range(60):
            service.create(session, grove.trees, f"Cây {number:02d}", {}, ACTOR)
    here = f"/lists/{grove.trees.id}"

    first = minh.get(here).text
    older = re.search(r'href="([^"]*before=\d+)"', first)

    assert "Cây 59" in first and "Cây 09" not in first
    assert "Cây 09" in minh.get(unescape(older[1])).text


def test_a_conflict_is_shown_side_by_side_and_settled(planted, minh):
    row = planted.tree()

    page = text_of(minh.get(f"/rows/{row.id}"))
    assert "Xung đột" in page and "dựa trên phiên bản 1" in page
    assert re.search(r"cao 1 2 3", page)
    after(minh.post(f"/rows/{row.id}/resolve"))

    assert planted.tree().conflict is Conflict.NONE
    assert "kết thúc xung đột" not in text_of(minh.get(f"/rows/{row.id}")).lower().replace(
        "đã kết thúc xung đột", ""
    )


def test_a_row_is_changed_by_hand_only_where_it_differs(planted, minh):
    row = planted.tree()
    form = {"version": "3", "label": "Cây 1", "p-loai": "xoan", "p-cao": "3", "settle": "1"}

    after(minh.post(f"/rows/{row.id}", data=form))

    last = planted.versions()[-1]
    assert (last.version, last.received, last.via) == (4, {"loai": "xoan"}, "page")
    assert planted.tree().conflict is Conflict.NONE


def test_a_row_that_changed_meanwhile_is_not_overwritten(planted, minh):
    row = planted.tree()

    answer = minh.post(
        f"/rows/{row.id}", data={"version": "2", "label": "Khác"}, follow_redirects=True
    )

    assert "đang ở phiên bản 3, không phải 2" in text_of(answer)
    assert planted.tree().label == "Cây 1"


def test_a_row_is_deleted_and_restored(planted, minh):
    row = planted.tree()

    after(minh.post(f"/rows/{row.id}/delete"))
    assert planted.tree().deleted_at is not None
    assert "Cây 1" in text_of(minh.get(f"/lists/{planted.trees.id}?show=deleted"))
    after(minh.post(f"/rows/{row.id}/restore"))

    assert planted.tree().deleted_at is None


def test_rows_are_handed_over_together(planted, minh, cast, plan):
    with transaction() as session:
        team = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
        teams.join(session, team, cast.hoa, "", False, ACTOR)
    chosen = {"row": [planted.tree().id, planted.tree(OTHER).id], "team_id": team.id,
              "owner_id": cast.hoa.id}  # fmt: skip

    after(minh.post(f"/lists/{planted.trees.id}/assign", data=chosen))

    assert {(e.team_id, e.owner_id) for e in db.session().query(Entity)} == {(team.id, cast.hoa.id)}
    stranger = {"row": [planted.tree().id], "owner_id": cast.an.id}
    assert minh.post(f"/lists/{planted.trees.id}/assign", data=stranger).status_code == 404


def test_a_list_is_made_filled_and_given_its_rule(plan, minh, app):
    answer = minh.post(
        f"/plans/{plan.id}/lists",
        data={"name": "ho_can_gap", "title": "Hộ cần gặp", "properties": "ma_xa, ma_ho",
              "delivery": "team"},
    )  # fmt: skip
    after(answer)
    here = answer.location
    after(minh.post(f"{here}/rows", data={"label": "Hộ 01", "p-ma_ho": "H01"}))
    after(minh.post(f"{here}/properties", data={"name": "ghi_chu"}))
    after(minh.post(f"{here}/settings", data={
        "title": "Hộ cần gặp lại", "delivery": "area", "area_property": "ma_xa",
        "filters": "ma_ho = H01, H02", "approval_required": "1",
    }))  # fmt: skip

    found = queries.list_named(db.session(), plan.id, "ho_can_gap")
    assert [p.name for p in found.properties] == ["ma_xa", "ma_ho", "ghi_chu"]
    assert (found.delivery, found.area_property) == (Delivery.AREA, "ma_xa")
    assert found.filters == [{"property": "ma_ho", "values": ["H01", "H02"]}]
    assert found.approval_required
    page = text_of(minh.get(here))
    assert "Hộ 01" in page and "ma_ho = H01, H02" in page


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"name": "số hộ"}, "Không đặt được tên"),
        ({"name": "households"}, "Không đặt được tên"),
        ({"name": ""}, "Hãy điền ô này"),
        ({"name": "a", "properties": "b B"}, "đã có thuộc tính"),
    ],
)
def test_a_list_that_cannot_be_is_refused_in_words(plan, minh, form, sentence):
    answer = minh.post(f"/plans/{plan.id}/lists", data=form, follow_redirects=True)

    assert sentence in text_of(answer)
    assert queries.lists(db.session(), plan.id) == []


def test_what_a_form_could_not_do_is_told_mended_and_done(planted, minh):
    with transaction() as session:
        service.delete(session, planted.tree(), ACTOR)
    planted.send(said(update=1, base=3, cao="9"))
    (failed,) = [each for each in planted.requests() if each.state.value == "failed"]
    here = f"/plans/{planted.plan_id}/lists/review"
    assert "đã bị xóa. Hãy khôi phục" in text_of(minh.get(here))

    after(minh.post(f"/rows/{planted.tree().id}/restore"))
    after(minh.post(f"/requests/{failed.id}/retry"))

    assert planted.tree().data["cao"] == "9"
    assert "Không có gì cần xem" in text_of(minh.get(here))


def test_a_held_change_is_done_at_once_when_somebody_says_so(planted, minh):
    planted.send(said(update=1, base=5, trunk=1, branch="b", cao="9"))
    (held,) = [each for each in planted.requests() if each.state.value == "held"]

    after(minh.post(f"/requests/{held.id}/force"))

    assert planted.tree().data["cao"] == "9"
    assert minh.post(f"/requests/{held.id}/dismiss").status_code == 409


def test_others_do_not_settle_requests(planted, browser, cast):
    planted.send(said(update=1, base=9))
    failed = planted.requests()[-1]

    assert browser(cast.hoa).post(f"/requests/{failed.id}/dismiss").status_code == 403
    assert browser(cast.an).post(f"/requests/{failed.id}/dismiss").status_code == 404


class TestImport:
    """A table is looked at first; what was looked at is what is done."""

    def look(self, grove, minh, table: str, **more):
        data = {"file": (io.BytesIO(table.encode()), "cay.csv"), **more}
        return minh.post(f"/lists/{grove.trees.id}/import", data=data)

    def hidden(self, page: str) -> dict[str, str]:
        found = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)
        return {name: unescape(value) for name, value in found}

    def test_shows_added_changed_conflicting_and_rejected_rows_then_does_it(self, planted, minh):
        table = (
            f"name,label,__version,cao\n{TREE},Cây 1,3,8\n{OTHER},Cây gụ,1,1\n,Cây mới,,4\n,,,5\n"
        )
        answer = self.look(planted, minh, table)
        page = text_of(answer)
        assert "Dòng chưa có nhãn" in page and "Cây mới" in page
        assert "Nhãn: Cây gụ Đắk Hà → Cây gụ" in page
        before = planted.tree().version

        done = minh.post(f"/lists/{planted.trees.id}/import/apply", data=self.hidden(answer.text))

        after(done)
        assert before == 3
        assert planted.tree().data["cao"] == "8"
        assert planted.tree(OTHER).label == "Cây gụ"
        assert db.session().query(Entity).count() == 3

    def test_shows_the_new_differences_when_rows_changed_meanwhile(self, planted, minh):
        answer = self.look(planted, minh, f"name,__version,cao\n{TREE},3,8\n")
        with transaction() as session:
            service.update(session, planted.tree(), ACTOR, data={"cao": "7"})

        again = minh.post(f"/lists/{planted.trees.id}/import/apply", data=self.hidden(answer.text))

        assert again.status_code == 409
        assert "đã thay đổi sau khi xem trước" in again.text
        assert "Xung đột: người khác đã sửa cùng ô" in again.text
        assert planted.tree().data["cao"] == "7"
        form = {**self.hidden(again.text), "overwrite": "1"}
        after(minh.post(f"/lists/{planted.trees.id}/import/apply", data=form))
        assert planted.tree().data["cao"] == "8"

    @pytest.mark.parametrize("table", ["", "ma\n1\n", "label,label\na,b\n"])
    def test_says_what_is_wrong_with_a_table(self, planted, minh, table):
        answer = self.look(planted, minh, table)

        assert answer.status_code in {400, 422}
        assert "Chưa đọc được tệp" in answer.text

    def test_a_file_that_nobody_sent_in_is_not_read(self, planted, minh):
        here = f"/lists/{planted.trees.id}/import/apply"
        for sha256 in ("../../secret", "0" * 64, ""):
            assert minh.post(here, data={"sha256": sha256, "name": "a"}).status_code == 404
