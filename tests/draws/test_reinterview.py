"""Random re-interview: received forms are drawn like any list, and the second answers compared."""

import html
import re
from fractions import Fraction

import pytest

from server import clock
from server.db import db, transaction
from server.desk import reinterview
from server.draws import service
from server.draws.models import Draw
from server.draws.problems import LiveDraw, NotInUse
from server.draws.stages import Wish
from server.monitoring.models import Round
from server.submissions.models import Submission
from server.surveys.models import Form
from server.teams import service as teams
from tests import forms as filled
from tests.conftest import ACTOR
from tests.draws.conftest import MINH, WITNESSES, thrown, visit_of
from tests.draws.test_stages import codes


@pytest.fixture
def received(sample, send):
    """Four of the five households interviewed, one absent, one refusal without a code."""
    for code in codes(sample)[:4]:
        send(code)
    send(codes(sample)[4], met="no", why="vang")
    send(consent="no")
    return sample


def form_and_round(received):
    db.session.rollback()
    form = db.session.query(Form).filter_by(plan_id=received.plan_id).one()
    return form, db.session.get_one(Round, received.round_id)


def commit(received, size=2, reserves=1):
    form, round_ = form_and_round(received)
    with transaction() as session:
        wish = Wish(size, reserves, service.source_of("dice-d10"))
        return reinterview.commit(
            session, session.get_one(Round, round_.id), session.get_one(Form, form.id), wish, MINH
        )


def drawn(office, received, **more):
    draw = commit(received, **more)
    return office.seed(draw, thrown(draw.id))


def test_the_list_is_of_interviews_once_a_household(received, send):
    send(codes(received)[0])  # the same household again
    draw = commit(received)

    firsts = db.session.query(Submission).order_by(Submission.id).limit(4).all()
    listed = draw.frame.decode().splitlines()[1:]
    assert sorted(listed) == sorted(one.instance_id.removeprefix("uuid:") for one in firsts)
    assert (draw.stage, draw.purpose, draw.units) == ("phiếu", "hậu kiểm", 4)


def test_the_package_is_verified_elsewhere(office, received, verify):
    draw = drawn(office, received)

    assert verify(office.package(draw), draw.commitment_sha256) == (0, [])


def test_one_live_draw_and_only_with_interviews(office, received, field):
    commit(received)
    with pytest.raises(LiveDraw):
        commit(received)
    with transaction() as session:
        session.query(Submission).update({"visit_id": None})
        form = session.query(Form).one()
        other = session.get_one(Round, received.round_id)
        assert reinterview.candidates(session, other, form) == []
    draw = db.session.query(Draw).filter_by(stage="phiếu").one()
    office.void(draw)
    with pytest.raises(NotInUse):
        commit(received)


@pytest.fixture
def ask_again(app, received, drain, plan):
    """Ask a household again with another person's phone; answers as told."""
    with transaction() as session:
        other = teams.add_person(session, "Sơn", ACTOR, "son@example.vn", None)
        token = teams.issue_phone(session, plan.id, other, ACTOR)[1]
    client = app.test_client()

    def send_again(check, met="yes"):
        code = check.first.household_code
        began = clock.local(clock.now()).isoformat()
        xml = (
            "<?xml version='1.0'?><data id='hogd' version='1' "
            "xmlns:orx='http://openrosa.org/xforms'>"
            f"<start>{began}</start><end>{began}</end>"
            f"<id><visit>{visit_of(received).code}</visit>"
            f"<hamlet>{received.parent_code}</hamlet></id>"
            f"<cs><met>{met}</met><consent>yes</consent></cs><hh>{code}</hh>"
            f"<orx:meta><orx:instanceID>uuid:again-{code}</orx:instanceID></orx:meta></data>"
        )
        address = f"/v1/key/{token}/projects/{plan.id}/submission"
        answer = client.post(address, **filled.parts(xml.encode()))
        assert answer.status_code == 201, answer.text
        drain()
        db.session.rollback()
        db.session.expire_all()

    return send_again


def found_checks(received, draw_id):
    form, _round = form_and_round(received)
    return form, reinterview.checks(db.session(), db.session.get_one(Draw, draw_id), form)


def test_the_second_interview_counts_when_somebody_else_made_it_after_the_draw(
    office,
    received,
    send,
    ask_again,
):
    draw = drawn(office, received)
    _form, before = found_checks(received, draw.id)
    send(before[0].first.household_code)  # the same person again: no check
    _form, same = found_checks(received, draw.id)
    ask_again(before[0])

    form, after = found_checks(received, draw.id)
    assert [c.second for c in before] == [c.second for c in same] == [None, None]
    assert after[0].second is not None and after[1].second is None
    compared = reinterview.compare(db.session(), form, after)
    assert {one.field.name: one.result.percent for one in compared} == {"met": 100, "consent": 100}


def test_answers_that_differ_lower_the_agreement_of_their_question(office, received, ask_again):
    draw = drawn(office, received)
    _form, checks = found_checks(received, draw.id)
    ask_again(checks[0])
    ask_again(checks[1], met="no")

    form, after = found_checks(received, draw.id)
    compared = reinterview.compare(db.session(), form, after)

    assert [(one.field.name, one.result.percent) for one in compared] == [
        ("met", 50), ("consent", 100),
    ]  # fmt: skip
    assert compared[0].judged and compared[0].result.kappa == 0
    assert reinterview.overall(compared).percent == Fraction(75)


def test_the_page_draws_and_shows_the_agreement(browser, cast, received, ask_again, field):
    minh = browser(cast.minh)
    here = f"/plans/{field.plan_id}/rounds/{field.round_.id}/reinterview"
    form, _round = form_and_round(received)
    answer = minh.post(
        here, data={"form": form.id, "size": "2", "reserves": "0", "kind": "dice-d10"}
    )
    number = int(answer.location.rsplit("/", 1)[1])
    minh.post(f"/draws/{number}/seed", data={"digits": thrown(88), "witness": WITNESSES})
    _form, checks = found_checks(received, number)
    ask_again(checks[0])

    page = shown(minh.get(here))
    assert "1 trên 2" in page and "Khớp 100% trên 2 câu trả lời" in page
    assert shown(browser(cast.hoa).get(here)).count("Kappa") >= 1
    assert browser(cast.hoa).post(here, data={}).status_code == 403
    assert browser(cast.an).get(here).status_code == 404
    assert browser(cast.lan).get(here).status_code == 403


def shown(answer):
    assert answer.status_code == 200, answer.text[:300]
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))


def test_more_forms_than_there_are_is_refused_on_the_page(browser, cast, received, field):
    here = f"/plans/{field.plan_id}/rounds/{field.round_.id}/reinterview"
    form, _round = form_and_round(received)

    answer = browser(cast.minh).post(
        here, data={"form": form.id, "size": "9", "reserves": "0", "kind": "dice-d10"}
    )

    assert answer.status_code == 422 and "từ 4 đơn vị" in html.unescape(answer.text)
