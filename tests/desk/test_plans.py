"""A plan, a visit and a monitoring record show what lies behind them, to those who may know."""

import re

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.findings.models import Finding
from server.monitoring import service as monitoring
from server.monitoring.models import Record
from server.places import queries as places
from server.submissions.models import Submission
from server.teams import service as teams
from tests.conftest import ACTOR


@pytest.fixture
def record(story):
    return db.session().scalars(select(Record).where(Record.visit_id == story.visit.id)).one()


def add_visits(plan, round_, codes):
    with transaction() as session:
        for code in codes:
            commune = session.scalars(places.place("2024", code)).one()
            monitoring.add_visit(session, session.merge(round_), commune, ACTOR)


def copies(count):
    """Store `count` more submissions and findings, each like the first."""
    with transaction() as session:
        first = session.scalars(select(Submission).order_by(Submission.id)).first()
        finding = session.scalars(select(Finding).order_by(Finding.id)).first()
        for number in range(count):
            kept = {c.key: getattr(first, c.key) for c in Submission.__table__.columns}
            key = f"uuid:{number}"
            kept |= {"id": None, "instance_id": key, "root_instance_id": key}
            copy = Submission(**kept)
            session.add(copy)
            session.flush()
            raised = {c.key: getattr(finding, c.key) for c in Finding.__table__.columns}
            session.add(Finding(**raised | {"id": None, "submission_id": copy.id}))


def test_the_plan_counts_what_each_visit_brought(browser, cast, story):
    story.send(du="no")
    story.send(du="yes")

    page = browser(cast.minh).get(f"/plans/{story.plan_id}").text

    row = page.split(f'href="/visits/{story.visit.id}"')[1].split("</tr>")[0]
    assert '<td class="number" data-label="Phiếu">2</td>' in row
    assert "<span>1 " in row and "1 chờ" in row
    assert "Đoàn 1" in row and "HS" in row


def test_an_inspector_sees_the_plan_but_neither_findings_nor_phones(browser, cast, story):
    story.send(du="no")

    page = browser(cast.lan).get(f"/plans/{story.plan_id}").text

    assert f"/plans/{story.plan_id}/submissions" in page
    assert "/findings" not in page and "/phones" not in page and "/held" not in page
    assert "/rounds/new" not in page


def test_a_plan_is_not_found_by_the_next_district(browser, cast, story, record):
    an = browser(cast.an)

    for path in (f"/plans/{story.plan_id}", f"/visits/{story.visit.id}", f"/records/{record.id}"):
        assert an.get(path).status_code == 404
        assert browser(None).get(path).headers["Location"].startswith("/sign-in")


def test_an_officer_of_the_visited_unit_learns_of_no_visit(browser, officer, story, record):
    """Unannounced visits must not leak to the unit; its officer sees findings alone."""
    page = browser(officer)

    assert page.get(f"/plans/{story.plan_id}").status_code == 403
    assert page.get(f"/visits/{story.visit.id}").status_code == 403
    assert page.get(f"/records/{record.id}").status_code == 403


def test_from_one_commune_only_its_own_visit_is_seen(
    browser, story, viewer_of_commune, round_, plan
):
    add_visits(plan, round_, ["13789"])
    page = browser(viewer_of_commune(story.visit.area)).get(f"/plans/{story.plan_id}").text

    assert story.visit.place.name in page
    assert "Xã Tam Thanh" not in page


def test_the_visit_sets_what_came_beside_where_it_should_be(browser, cast, story):
    near = story.send(du="no", gps="20.381 106.081 0 12", label="Hộ gần")
    far = story.send(gps="20.45 106.081 0 12", label="Hộ xa")

    page = browser(cast.minh).get(f"/visits/{story.visit.id}").text

    assert f'href="/submissions/{near}"' in page and f'href="/submissions/{far}"' in page
    points = page.split('id="visit-map-data">')[1].split("</script>")[0]
    assert f'"s{near}"' in points and f'"h{story.hamlet.id}"' in points
    assert points.count("Trong b") == 1 and points.count("Ngo\\u00e0i b") == 1
    assert "Hộ nhận thiếu" in page or "Hộ nhận" in page or "Hộ gần" in page


def test_the_visits_forms_are_for_those_who_may_use_them(browser, cast, story):
    assert "/assign" in browser(cast.minh).get(f"/visits/{story.visit.id}").text
    assert "/assign" not in browser(cast.hoa).get(f"/visits/{story.visit.id}").text


def test_the_record_groups_findings_by_project_and_table(browser, cast, story, record):
    sent = story.send(du="no", so_tien="250000")

    page = browser(cast.hoa).get(f"/records/{record.id}").text

    group = page.split("Dự án 2: Đa dạng hóa sinh kế")[1].split("</section>")[0]
    assert 'href="/programme#bieu-05"' in group and "đề xuất" in group
    assert "Hộ nhận thiếu" in group and "Nghiêm trọng" in group
    other = page.split("Không gắn với dự án nào")[1].split("</section>")[0]
    assert "Thu khoản ngoài quy định" in other
    assert f'href="/submissions/{sent}"' in group
    assert f'href="/visits/{story.visit.id}"' in page
    assert "2 chờ kết luận" in page


def test_a_long_list_of_findings_shows_the_gravest_and_leads_to_all(browser, cast, story, record):
    story.send(du="no")
    copies(30)
    hoa = browser(cast.hoa)

    group = hoa.get(f"/records/{record.id}").text.split("Dự án 2: Đa dạng")[1]
    group = group.split("</section>")[0]
    all_of_them = re.search(r'href="(/findings[^"]+)"', group.split("</table>")[1]).group(1)

    assert group.count('<th scope="row"') == 20
    assert "Xem đủ 31 phát hiện" in group
    assert hoa.get(all_of_them.replace("&amp;", "&")).text.count("Hộ nhận thiếu") >= 31


def test_an_inspector_reads_the_record_without_its_findings(browser, cast, story, record):
    story.send(du="no")

    page = browser(cast.lan).get(f"/records/{record.id}").text

    assert "Phỏng vấn hộ" in page
    assert "Hộ nhận thiếu" not in page


def test_names_with_marks_of_html_stay_text(browser, cast, story, record):
    story.send(label="&lt;script&gt;alert(1)&lt;/script&gt;", gps="20.38 106.08 0 5")
    hoa = browser(cast.hoa)

    for path in (f"/visits/{story.visit.id}", f"/records/{record.id}"):
        assert "<script>alert" not in hoa.get(path).text


@pytest.mark.parametrize("page", ["plan", "visit", "record", "home"])
def test_no_page_asks_more_of_the_database_when_there_is_more(
    browser, cast, story, record, statements, plan, round_, page
):
    story.send(du="no", gps="20.38 106.08 0 5")
    path = {
        "plan": f"/plans/{story.plan_id}",
        "visit": f"/visits/{story.visit.id}",
        "record": f"/records/{record.id}",
        "home": "/",
    }[page]
    minh = browser(cast.minh)
    minh.get(path)
    with statements() as few:
        assert minh.get(path).status_code == 200
    copies(30)
    add_visits(plan, round_, ["13789", "13786", "13783", "13780"])
    with transaction() as session:
        for number in range(5):
            team = teams.add_team(session, plan.id, f"Đội {number}", ACTOR)
            teams.join(session, team, teams.add_person(session, f"Người {number}", ACTOR))

    with statements() as many:
        assert minh.get(path).status_code == 200

    assert len(many) == len(few)
    assert len(few) <= 27


def test_no_two_links_of_a_plan_share_a_picture(browser, cast, round_, plan):
    page = browser(cast.admin).get(f"/plans/{plan.id}").text
    links = page.split("section-links")[1].split("</p>")[0]

    pictures = re.findall(r"icons\.svg[^#]*#([a-z0-9-]+)", links)

    assert len(pictures) >= 12
    assert len(pictures) == len(set(pictures))
