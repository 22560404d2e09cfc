"""What anybody sees of a plan's draws without signing in."""

import datetime as dt
import html
import io
import re
import zipfile
from hashlib import sha256

import pytest

from sampling import verify_draw
from server import clock
from server.db import db, transaction
from server.draws import disclosure, queries, register, service, stages
from server.draws.service import Disclosure
from server.draws.stages import Wish
from server.monitoring import service as monitoring
from server.monitoring.models import RoundKind, VisitState
from tests.draws.conftest import MINH, WITNESSES, thrown


@pytest.fixture
def anyone(browser):
    """Somebody who has no account."""
    return browser(None)


def seen(anyone, plan):
    answer = anyone.get(f"/public/plans/{plan.id}")
    assert answer.status_code == 200, answer.text
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def fours(code):
    return " ".join(code[i : i + 4] for i in range(0, 64, 4))


def change(draw, **facts):
    with transaction() as session:
        found = session.merge(draw)
        for name, value in facts.items():
            setattr(found, name, value)


def tomorrow():
    return clock.today() + dt.timedelta(days=1)


def test_a_drawn_draw_shows_hashes_number_result_and_how_to_check(anyone, plan, office):
    draw = office.drawn()

    page = seen(anyone, plan)

    for code in (draw.frame_sha256, draw.commitment_sha256, register.head(db.session())):
        assert fours(code) in page
    assert "48371 02955 61382 07714" in page
    for unit in draw.drawn:
        assert unit.place.name in page and unit.ticket[:14] in page
    assert (
        "sha256sum" in page
        and "/public/verify_draw.html" in anyone.get(f"/public/plans/{plan.id}").text
    )


def test_the_package_is_verified_by_anyone_and_served_from_what_was_made(anyone, plan, office):
    draw = office.drawn()
    path = f"/public/draws/{draw.id}/package.zip"

    first, second = anyone.get(path), anyone.get(path)

    found = verify_draw.verify(io.BytesIO(first.data), draw.commitment_sha256)
    assert found and all(check.ok for check in found)
    assert first.data == second.data
    again = anyone.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304


def test_no_person_is_named_on_the_page_or_in_the_result(anyone, plan, field):
    draw = field.households(field.drawn_hamlet())
    people = [*WITNESSES, "Trần Văn Ba", "Lê Thị Tư", "Ngô Sáu", "Minh"]

    page = seen(anyone, plan)
    package = zipfile.ZipFile(io.BytesIO(anyone.get(f"/public/draws/{draw.id}/package.zip").data))

    assert not any(name in page for name in people if name != "Minh")
    assert re.search(r"\bMinh\b(?! (Thuận|Tân))", page.replace("Liên Minh", "")) is None
    for name in ("seed.json", "result.tsv", "commitment.json", "frame.tsv", "register.jsonl"):
        text = package.read(name).decode()
        assert not any(person in text for person in people[:-1])
    assert all(unit.unit_code in page for unit in draw.drawn)


def test_before_the_number_only_the_promise_is_there(anyone, plan, office):
    draw = office.commit()

    page = seen(anyone, plan)

    assert fours(draw.commitment_sha256) in page and fours(draw.frame_sha256) in page
    assert "Chưa có kết quả" in page
    assert not re.search(r"0\.\d{12}", page)
    assert anyone.get(f"/public/draws/{draw.id}/package.zip").status_code == 404


def test_a_sealed_draw_shows_its_hashes_until_it_is_opened(anyone, plan, office):
    with transaction() as session:
        wish = Wish(4, 3, service.source_of("dice-d10"), when=Disclosure(sealed=True))
        draw = stages.commit_communes(session, session.merge(office.round_), wish, MINH)
    office.seed(draw, thrown(1))

    assert fours(draw.commitment_sha256) in (before := seen(anyone, plan))
    assert "Đang niêm phong" in before and not re.search(r"0\.\d{12}", before)
    assert "48371" not in before
    assert anyone.get(f"/public/draws/{draw.id}/package.zip").status_code == 404

    with transaction() as session:
        disclosure.open_sealed(session, session.merge(draw), MINH)
    assert "48371" in seen(anyone, plan)
    assert anyone.get(f"/public/draws/{draw.id}/package.zip").status_code == 200


def test_a_result_waits_for_its_day(anyone, plan, office):
    draw = office.drawn()
    change(draw, disclose_on=tomorrow())

    assert "48371" not in seen(anyone, plan)
    assert anyone.get(f"/public/draws/{draw.id}/package.zip").status_code == 404

    change(draw, disclose_on=clock.today())
    assert "48371" in seen(anyone, plan)


def test_a_hidden_draw_of_hamlets_does_not_tell_which_commune_was_drawn(anyone, plan, field):
    """Whoever has the list of a commune's hamlets could compare its hash."""
    change(field.first, disclose_on=tomorrow())
    below = field.commit_hamlets(field.communes[0])
    change(below, disclose_on=tomorrow())

    page = seen(anyone, plan)

    assert fours(below.frame_sha256) not in page
    assert fours(below.commitment_sha256) not in page
    assert "Lần rút số 2" not in page


def test_an_unannounced_round_is_not_there_at_all(anyone, plan, office):
    draw = office.drawn()
    with transaction() as session:
        session.merge(office.round_).kind = RoundKind.UNANNOUNCED

    assert anyone.get(f"/public/plans/{plan.id}").status_code == 404
    assert anyone.get(f"/public/draws/{draw.id}/package.zip").status_code == 404


def register_in(answer):
    assert answer.status_code == 200, answer.text
    with zipfile.ZipFile(io.BytesIO(answer.data)) as held:
        return held.read("register.jsonl").decode()


def failed(answer):
    return [check.code for check in verify_draw.verify(io.BytesIO(answer.data)) if not check.ok]


def test_a_package_does_not_tell_the_number_of_an_unannounced_draw(anyone, plan, office):
    """The register in it holds its place by a hash until all visits of that round have begun."""
    with transaction() as session:
        secret = monitoring.add_round(session, session.merge(plan), "VB24-X", "Đột xuất", MINH)
        secret.kind = RoundKind.UNANNOUNCED
    hidden = office.drawn(round_=secret)
    draw = office.drawn()
    path = f"/public/draws/{draw.id}/package.zip"

    before = anyone.get(path)
    assert hidden.seed not in register_in(before) and "VB24-X" not in register_in(before)
    assert queries.own_entry(db.session(), hidden).sha256 in register_in(before)
    assert failed(before) == []

    with transaction() as session:
        for visit in queries.visits_of(session, hidden):
            visit.state = VisitState.UNDER_WAY
    after = anyone.get(path)
    assert hidden.seed in register_in(after) and failed(after) == []
    assert after.headers["ETag"] != before.headers["ETag"]


def test_one_sealed_draw_blocks_no_other_plans_package(anyone, plan, field, office):
    """Its void and its releases are kept back with it, and what was drawn within its units."""
    commune = field.communes[0]
    sealed = field.hamlets(commune, when=Disclosure(sealed=True))
    within = field.households(sealed.drawn[0].unit_code)
    voided = field.hamlets(field.communes[1], when=Disclosure(sealed=True))
    office.void(voided)
    with transaction() as session:
        other = monitoring.add_round(session, session.merge(plan), "VB24-2", "Đợt 2", MINH)
    draw = office.drawn(round_=other)

    answer = anyone.get(f"/public/draws/{draw.id}/package.zip")

    told = register_in(answer)
    assert failed(answer) == [] and told.count('"kind":"withheld"') == 2
    for secret in (sealed, within):
        assert secret.seed not in told and secret.frame_sha256 not in told
        assert anyone.get(f"/public/draws/{secret.id}/package.zip").status_code == 404
    assert voided.seed in told  # a void is public, whatever it was
    with transaction() as session:
        disclosure.open_sealed(session, session.merge(sealed), MINH)
    assert "withheld" not in register_in(anyone.get(f"/public/draws/{draw.id}/package.zip"))


def test_a_void_draw_stays_with_its_reason(anyone, plan, office):
    first = office.drawn()
    office.void(first)
    second = office.drawn()

    page = seen(anyone, plan)

    assert "Đã hủy" in page and "xúc xắc rơi khỏi bàn" in page
    assert "Trần Thị Hoa" not in page
    assert fours(first.commitment_sha256) in page and fours(second.commitment_sha256) in page
    assert anyone.get(f"/public/draws/{first.id}/package.zip").status_code == 404


def test_a_plan_without_a_draw_is_not_there(anyone, plan):
    assert anyone.get(f"/public/plans/{plan.id}").status_code == 404
    assert anyone.get("/public/plans/999").status_code == 404


def test_the_one_unit_shown_is_checked_with_a_hash_alone(anyone, plan, office):
    draw = office.drawn()
    code = draw.drawn[0].unit_code

    page = seen(anyone, plan)

    key = sha256(f"rutmau/1|{draw.commitment_sha256}|{draw.seed}".encode()).hexdigest()
    answer = sha256((key + code).encode()).hexdigest()
    assert fours(answer) in page and f"printf '%s%s' \"$H\" {code} | sha256sum" in page


def test_both_verifiers_are_there_for_anyone(anyone):
    page, program = anyone.get("/public/verify_draw.html"), anyone.get("/public/verify_draw.py")

    assert "script-src 'sha256-" in page.headers["Content-Security-Policy"]
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert program.data.startswith(b"#!/usr/bin/env python3")


def test_a_long_history_goes_on_over_the_page(anyone, plan, office):
    for _ in range(21):
        office.void(office.commit())
    office.commit()

    page = anyone.get(f"/public/plans/{plan.id}").text
    older = re.search(rf"/public/plans/{plan.id}\?before=(\d+)", page)

    assert page.count('id="draw-') == 20
    assert anyone.get(older[0]).text.count('id="draw-') == 2
