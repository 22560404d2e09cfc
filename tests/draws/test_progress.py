"""What forms tell of drawn households shows at once; replacements go by pages."""

import datetime as dt
import html
import re

import pytest
from sqlalchemy import delete, func, select

from server import clock
from server.db import db, transaction
from server.desk import outcomes, overview
from server.desk.outcomes import Outcome
from server.draws import lineage
from server.draws.models import Draw, Replacement, ReplacementState, UnitRole
from server.draws.service import Disclosure
from server.entities.models import Household
from server.monitoring.models import Plan
from server.permissions import Role
from server.places import queries as places
from server.places.models import Hamlet
from server.submissions import progress
from server.submissions.models import ReviewState, Submission
from server.submissions.progress_models import VisitProgressDue
from server.teams import service as teams
from tests.conftest import ACTOR, VU_BAN
from tests.draws.conftest import visit_of
from tests.draws.test_stages import codes

TOLD = "chủ hộ nói không, trưởng thôn chứng kiến"


@pytest.fixture
def leader(app):
    """Tuấn leads a team: sees draws and sends forms."""
    with transaction() as session:
        person = teams.add_person(session, "Tuấn", ACTOR, "tuan@example.vn", None)
        teams.grant(session, person, Role.TEAM_LEADER, VU_BAN, ACTOR)
    return person


def progress_of(sample, drawing=True):
    db.session.rollback()
    rows = rows_of(visit_of(sample), drawing)
    return next(row for row in rows if row.hamlet.code == sample.parent_code)


def rows_of(visit, drawing=True):
    """Return the progress of a visit, the same whether it is due, or counted and kept."""
    session = db.session()
    session.add(VisitProgressDue(visit_id=visit.id))
    session.flush()
    at_once = outcomes.hamlets(session, [visit], drawing=drawing)
    while write := progress.count_anew(session):
        write(session)
    kept = outcomes.hamlets(session, [visit], drawing=drawing)
    assert kept == at_once
    session.rollback()
    return kept


def shown(answer):
    assert answer.status_code == 200, answer.text[:300]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def fresh():
    db.session.rollback()
    db.session.expire_all()
    return db.session()


def test_outcomes_come_back_from_the_forms_by_hamlet(sample, send):
    first, second, third = codes(sample)[:3]
    send(first)
    send(second, met="no", why="vang")
    send(third, met="no", why="chuyen_di")
    send(consent="no")  # who refuses leaves no code

    row = progress_of(sample)

    assert (row.done, row.target, row.forms, row.response) == (1, 5, 4, 20)
    assert row.ended == {
        Outcome.DONE: 1, Outcome.ABSENT: 1, Outcome.MOVED: 1, Outcome.REFUSED: 1,
    }  # fmt: skip


def test_an_interview_counts_whatever_came_before_or_after(sample, send):
    code = codes(sample)[0]
    send(code, met="no", why="vang")
    send(code)
    send(code, met="no", why="vang")

    assert progress_of(sample).ended == {Outcome.DONE: 1}


def test_a_household_outside_the_sample_counts_as_a_form_only(sample, send):
    send("99999.001")

    row = progress_of(sample)
    assert (row.done, row.forms) == (0, 1)


def test_the_progress_page_shows_it_to_those_who_see_records(browser, cast, sample, send, field):
    send(codes(sample)[0])
    here = f"/plans/{field.plan_id}/rounds/{field.round_.id}/progress"

    for person in (cast.minh, cast.lan, cast.hoa):
        assert "1 trên 5" in shown(browser(person).get(here))
    assert browser(cast.an).get(here).status_code == 404
    assert browser(None).get(here).status_code == 302


def test_hamlets_and_households_stay_hidden_from_the_team_before_their_day(browser, cast, field):
    later = Disclosure(clock.today() + dt.timedelta(days=3))
    hamlet = field.hamlets(field.communes[0], when=later).drawn[0].unit_code
    sample = field.households(hamlet, when=later)
    here = f"/plans/{field.plan_id}/rounds/{field.round_.id}/progress"
    visit = visit_of(sample)

    name = f"Thôn {int(hamlet[-2:])} của {hamlet[:5]}"
    assert name in shown(browser(cast.minh).get(here))
    assert name not in shown(browser(cast.lan).get(here))
    assert codes(sample)[0] in shown(browser(cast.minh).get(f"/visits/{visit.id}/sample"))
    assert codes(sample)[0] not in shown(browser(cast.lan).get(f"/visits/{visit.id}/sample"))


def test_lan_asks_with_two_forms_and_minh_agrees(browser, cast, sample, send, field):
    gone, reserve = codes(sample)[0], codes(sample, UnitRole.RESERVE)[0]
    send(gone, met="no", why="vang", hours_ago=20)
    lan, minh = browser(cast.lan), browser(cast.minh)
    ask = f"/draws/{sample.id}/replace/{gone}"
    early = lan.post(ask, data={"reason": "absent"})
    send(gone, met="no", why="vang", hours_ago=2)

    assert early.status_code == 422 and "hai giờ" not in early.text.split("problem")[0]
    assert shown(lan.get(ask)).count("Vắng nhà") >= 3
    assert lan.post(ask, data={"reason": "absent"}).status_code == 302
    asked = fresh().query(Replacement).one()
    assert [one["submission"] for one in asked.evidence] == [1, 2]
    here = f"/plans/{field.plan_id}/rounds/{field.round_.id}/progress"
    assert "Lan đề nghị" in shown(minh.get(here))
    assert "Lan đề nghị" not in shown(lan.get(here))
    assert minh.post(f"/replacements/{asked.id}/approve").status_code == 302

    row = progress_of(sample)
    assert (row.target, row.replaced, row.issued) == (5, 1, 6)
    listed = shown(lan.get(f"/visits/{visit_of(sample).id}/sample"))
    assert reserve in listed and gone not in listed
    page = shown(minh.get(here))
    assert "Thay thế quá 10%" in page and "1 trên 5 hộ (20%)" in page
    assert "được thay bằng" in shown(minh.get(f"/draws/{sample.id}"))


def test_a_typed_refusal_needs_words_and_a_form_that_tells_of_it_does(
    browser, cast, leader, sample, send
):
    at = clock.local(clock.now() - dt.timedelta(hours=3))
    form = {"reason": "refused", "first": f"{at:%Y-%m-%dT%H:%M}"}
    one, other = codes(sample)[:2]

    bare = browser(leader).post(f"/draws/{sample.id}/replace/{one}", data=form)
    send(other, consent="no", hours_ago=2)
    told = browser(leader).post(f"/draws/{sample.id}/replace/{other}", data={"reason": "refused"})

    assert bare.status_code == 422 and "cần minh chứng" in html.unescape(bare.text)
    assert told.status_code == 302
    assert [asked.unit_code for asked in fresh().query(Replacement)] == [other]


def test_typed_times_are_evidence_too(browser, leader, sample):
    at = [clock.local(clock.now() - dt.timedelta(hours=h)) for h in (20, 3)]
    form = {"reason": "absent", "first": f"{at[0]:%Y-%m-%dT%H:%M}",
            "second": f"{at[1]:%Y-%m-%dT%H:%M}", "note": "khóa cửa"}  # fmt: skip
    page = f"/draws/{sample.id}/replace/{codes(sample)[0]}"

    bad = browser(leader).post(page, data=form | {"first": "hôm qua"})
    good = browser(leader).post(page, data=form)

    assert (bad.status_code, good.status_code) == (422, 302)
    assert fresh().query(Replacement).one().note == "khóa cửa"


def test_a_place_is_not_replaced_for_what_only_a_household_does(browser, leader, field, sample):
    of_place = browser(leader).get(f"/draws/{field.first.id}/replace/{field.communes[0]}").text
    of_household = browser(leader).get(f"/draws/{sample.id}/replace/{codes(sample)[0]}").text

    assert ('value="absent"' in of_household, 'value="absent"' in of_place) == (True, False)
    assert 'value="unsafe"' in of_place


def test_nobody_approves_their_own_request_on_the_page(browser, cast, sample):
    minh = browser(cast.minh)
    at = clock.local(clock.now() - dt.timedelta(hours=3))
    form = {"reason": "refused", "first": f"{at:%Y-%m-%dT%H:%M}", "note": TOLD}
    minh.post(f"/draws/{sample.id}/replace/{codes(sample)[0]}", data=form)
    asked = fresh().query(Replacement).one()

    assert minh.post(f"/replacements/{asked.id}/approve").status_code == 422
    assert minh.post(f"/replacements/{asked.id}/decline").status_code == 422
    assert fresh().get_one(Replacement, asked.id).state is ReplacementState.ASKED


def test_only_those_who_go_or_draw_ask_and_only_those_who_draw_decide(
    browser, cast, leader, sample
):
    at = clock.local(clock.now() - dt.timedelta(hours=3))
    form = {"reason": "refused", "first": f"{at:%Y-%m-%dT%H:%M}", "note": TOLD}
    page = f"/draws/{sample.id}/replace/{codes(sample)[0]}"
    assert browser(cast.hoa).post(page, data=form).status_code == 403
    assert browser(cast.an).post(page, data=form).status_code == 404
    assert browser(leader).post(page, data=form).status_code == 302
    asked = fresh().query(Replacement).one()

    for person, status in ((leader, 403), (cast.hoa, 403), (cast.an, 404)):
        for verb in ("approve", "decline"):
            answer = browser(person).post(f"/replacements/{asked.id}/{verb}")
            assert answer.status_code == status
    reserve = codes(sample, UnitRole.RESERVE)[0]
    assert browser(leader).get(f"/draws/{sample.id}/replace/{reserve}").status_code == 404
    assert lineage.replacements(fresh(), sample.id) == []


def test_a_declined_request_stays_with_the_household(browser, cast, leader, sample):
    at = clock.local(clock.now() - dt.timedelta(hours=3))
    form = {"reason": "refused", "first": f"{at:%Y-%m-%dT%H:%M}", "note": TOLD}
    browser(leader).post(f"/draws/{sample.id}/replace/{codes(sample)[0]}", data=form)
    asked = fresh().query(Replacement).one()

    assert browser(cast.minh).post(f"/replacements/{asked.id}/decline").status_code == 302

    session = fresh()
    using = lineage.in_use(session, session.get_one(Draw, sample.id))
    assert codes(sample)[0] in [unit.unit_code for unit in using]


def test_progress_is_told_by_team_and_asks_for_itself_again(browser, cast, sample, send):
    first, second, third = codes(sample)[:3]
    with transaction() as session:
        team = teams.add_team(session, sample.plan_id, "Đoàn 1", ACTOR)
        session.merge(visit_of(sample)).team_id = team.id
    send(first)
    send(second, met="no", why="vang")
    send(third, met="no", why="chuyen_di")

    address = f"/plans/{sample.plan_id}/rounds/{sample.round_id}/progress"
    answer = browser(cast.minh).get(address)

    live = answer.text.split('id="live"')[1]
    row = re.search(r">Đoàn 1</th>(.*?)</tr>", html.unescape(live), re.S)[1]
    assert re.findall(r'class="number"[^>]*>(?:<span>)?(\d+)', row) == ["0", "1", "1", "0"]
    assert "1 trên 5" in row
    assert f'hx-get="{address}"' in live.split(">")[0] and 'data-refresh="30"' in live.split(">")[0]


def test_teams_and_hamlets_add_up_to_the_same(sample, send):
    for code in codes(sample)[:3]:
        send(code)
    visits = [visit_of(sample)]
    rows = outcomes.hamlets(db.session(), visits, drawing=True)

    (team,) = outcomes.by_team(visits, rows)

    assert (team.name, team.visits, team.over) == ("", 1, 0)
    assert (team.done, team.target) == (sum(r.done for r in rows), sum(r.target for r in rows))
    assert team.done == 3


@pytest.fixture
def listed(sample):
    """A list brought in without a visit for another hamlet: two households and a reserve."""
    with transaction() as session:
        hamlet = session.scalars(places.hamlet("2024", f"{sample.parent_code[:5]}-06")).one()
        for code, waits in (("L1", False), ("L2", False), ("L3", True)):
            session.add(
                Household(
                    plan_id=sample.plan_id, hamlet_id=hamlet.id, code=code, label=code,
                    reserve=waits,
                )
            )  # fmt: skip
    return hamlet.name


def test_every_page_counts_the_same_households_drawn_or_listed(
    browser, cast, sample, listed, send, field
):
    """One drawn household refused and was interviewed later, one refused twice."""
    first, _second, third = codes(sample)[:3]
    for code, consent in (
        (first, "no"), (first, "yes"), ("L1", "yes"), ("L3", "yes"), (third, "no"), (third, "no"),
    ):  # fmt: skip
        send(code, consent=consent)
    visit, minh = visit_of(sample), browser(cast.minh)
    rows = outcomes.hamlets(db.session(), [visit], drawing=True)
    plan = db.session().get(Plan, field.plan_id)
    total = overview.rounds(db.session(), cast.minh, [plan])[plan.id][0]

    assert (total.households, total.interviewed, total.refused) == (7, 2, 1)
    assert (sum(row.target for row in rows), sum(row.done for row in rows)) == (7, 2)
    assert sum(row.ended[Outcome.REFUSED] for row in rows) == 1
    progress = shown(minh.get(f"/plans/{plan.id}/rounds/{field.round_.id}/progress"))
    assert "2 trên 7" in progress and listed in progress
    assert "2/7" in shown(minh.get(f"/plans/{plan.id}/charts"))
    page = shown(minh.get(f"/visits/{visit.id}/sample"))
    assert "L1" in page and "L3" not in page


def due():
    """Return the visits whose counts have changed since the job last looked."""
    return set(fresh().scalars(select(VisitProgressDue.visit_id)))


def one(model, **changed):
    """Return what changes the newest row of a table."""

    def change(session, visit):
        row = session.scalars(select(model).order_by(model.id.desc()).limit(1)).one()
        for name, value in changed.items():
            setattr(row, name, value)

    return change


def list_one(session, visit):
    hamlet = session.scalars(select(Hamlet).where(Hamlet.place_id == visit.place_id)).first()
    session.add(Household(plan_id=visit.plan_id, hamlet=hamlet, code="L1", label="L1"))


COUNTED = {
    "another outcome": one(Submission, outcome=Outcome.MOVED),
    "an outcome less": one(Submission, outcome=None),
    "a rejected form": one(Submission, review_state=ReviewState.REJECTED),
    "another household": one(Submission, household_code="X"),
    "another hamlet": one(Submission, hamlet_id=None),
    "another visit": one(Submission, visit_id=None),
    "a released reserve": one(Household, in_use=True),
    "a household of another day": one(Household, shown_on=dt.date(2024, 5, 1)),
    "a household less": lambda session, _visit: session.execute(
        delete(Household).where(Household.id == select(func.max(Household.id)).scalar_subquery())
    ),
    "a listed household": list_one,
}
PASSED_BY = {
    "an approved form": one(Submission, review_state=ReviewState.APPROVED),
    "another label": one(Submission, label="khác"),
    "the same outcome": one(Submission, outcome=Outcome.DONE),
    "a household's label": one(Household, label="khác"),
}


@pytest.mark.parametrize("what", [*COUNTED, *PASSED_BY])
def test_a_visit_is_counted_anew_after_what_changes_its_counts(sample, send, drain, what):
    send(codes(sample)[0])
    visit = visit_of(sample)
    drain()
    assert due() == set()

    with transaction() as session:
        (COUNTED | PASSED_BY)[what](session, visit)

    assert due() == ({visit.id} if what in COUNTED else set())
    rows_of(visit)


def test_pages_count_what_the_job_has_not_yet(sample, send, browser, cast):
    send(codes(sample)[0])
    visit = visit_of(sample)
    with transaction() as session:
        one(Submission, outcome=Outcome.MOVED)(session, visit)

    row = next(row for row in outcomes.hamlets(fresh(), [visit], drawing=True) if row.forms)
    pages = [browser(cast.hoa).get(address) for address in ("/", f"/plans/{visit.plan_id}/charts")]

    assert row.ended == {Outcome.MOVED: 1}
    assert due() == {visit.id}
    assert [page.status_code for page in pages] == [200, 200]


def test_visits_beyond_what_a_statement_names_are_looked_up(sample, send, monkeypatch):
    send(codes(sample)[0])
    named = progress_of(sample)
    monkeypatch.setattr(progress, "MOST_NAMED", 0)

    assert progress_of(sample) == named
