"""Views of a plan's records that people keep, share and open with."""

import pytest
from sqlalchemy import select

from server.db import db
from server.journal import Line
from server.submissions.views import RecordView


@pytest.fixture
def address(story):
    return f"/plans/{story.plan_id}"


@pytest.fixture
def hoa(browser, cast):
    return browser(cast.hoa)


def keep(client, address, name, asked="form=hogd&state=received", **more):
    return client.post(f"{address}/views", data={"name": name, "asked": asked, **more})


def view(name):
    db.session().rollback()
    return db.session().scalars(select(RecordView).where(RecordView.name == name)).one()


def test_a_kept_view_opens_the_same_list_by_one_link(story, address, hoa):
    story.send(label="Hộ A")

    kept = keep(hoa, address, "Chờ duyệt", "form=hogd&c1=du&c1.v=yes&before=9&view=3")

    assert (
        kept.location
        == f"{address}/submissions?form=hogd&c1=du&c1.v=yes&view={view('Chờ duyệt').id}"
    )
    page = hoa.get(kept.location).text
    assert "Hộ A" in page
    assert 'aria-current="true">Chờ duyệt' in page


def test_a_view_is_ones_own_until_it_is_shared(story, address, hoa, browser, cast):
    keep(hoa, address, "Riêng")
    keep(hoa, address, "Chung", shared="1")
    lan = browser(cast.lan)

    page = lan.get(f"{address}/submissions?all=1").text

    assert "Chung" in page
    assert "Riêng" not in page
    assert lan.post(f"/views/{view('Riêng').id}/first").status_code == 404
    assert lan.post(f"/views/{view('Chung').id}/remove").status_code == 403
    assert lan.post(f"/views/{view('Chung').id}", data={"name": "Khác"}).status_code == 403
    assert browser(cast.minh).post(f"/views/{view('Chung').id}/remove").status_code == 302


def test_another_district_knows_nothing_of_shared_views(story, address, hoa, browser, cast):
    keep(hoa, address, "Chung", shared="1")
    an = browser(cast.an)

    assert an.get(f"{address}/views").status_code == 404
    assert keep(an, address, "Của An").status_code == 404
    assert an.post(f"/views/{view('Chung').id}/first").status_code == 404


def test_the_list_opens_with_the_view_chosen_for_it_and_all_records_stay_one_link_away(
    story, address, hoa
):
    story.send(label="Hộ A")
    keep(hoa, address, "Đã duyệt", "state=approved", first="1")

    opened = hoa.get(f"{address}/submissions")

    assert opened.location == f"{address}/submissions?state=approved&view={view('Đã duyệt').id}"
    assert "Hộ A" in hoa.get(f"{address}/submissions?all=1").text
    hoa.post(f"/views/{view('Đã duyệt').id}/first", data={"first": "no"})
    assert hoa.get(f"{address}/submissions").status_code == 200


def test_the_same_name_again_writes_over_ones_own_view_and_renaming_to_it_is_refused(
    story, address, hoa
):
    keep(hoa, address, "Một", "state=received")
    keep(hoa, address, "Một", "state=approved")
    keep(hoa, address, "Hai")

    refused = hoa.post(f"/views/{view('Hai').id}", data={"name": "Một"})

    assert view("Một").asked == "state=approved"
    assert refused.status_code == 409
    assert "Hãy đặt tên khác" in refused.text


def test_a_removed_view_opens_nothing_any_more(story, address, hoa):
    keep(hoa, address, "Tạm", first="1")

    hoa.post(f"/views/{view('Tạm').id}/remove")
    db.session().rollback()

    assert hoa.get(f"{address}/submissions").status_code == 200
    assert db.session().scalars(select(RecordView)).all() == []
    verbs = set(db.session().scalars(select(Line.verb).where(Line.verb.startswith("view."))))
    assert verbs == {"view.saved", "view.put-first", "view.removed"}


def test_a_view_needs_a_name_of_some_length(story, address, hoa):
    for name in ("", "   ", "x" * 61):
        keep(hoa, address, name)

    assert db.session().scalars(select(RecordView)).all() == []
    assert "Hãy điền ô này" in hoa.get(f"{address}/submissions?all=1").text
