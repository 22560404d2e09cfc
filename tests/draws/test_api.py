"""The draw office for programs: the Vụ Bản draw by JSON, and everything that is refused."""

import base64
import datetime as dt
import io
import json
import subprocess
import urllib.error
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256

import pytest
from sqlalchemy import func, select

from sampling.protocol import canonical
from server import clock
from server.db import db, transaction
from server.demo.loopback import serving
from server.draws import service
from server.draws.models import Draw, DrawState
from server.journal import Line
from server.monitoring.models import Plan, PlanState, Round, RoundKind, Visit
from server.permissions import Role
from server.teams import service as teams
from server.teams.models import SignIn
from tests.conftest import ACTOR, PASSWORD, VU_BAN
from tests.draws.conftest import DIGITS, HOP_HUNG, WITNESSES

SEED = {"digits": DIGITS, "witnesses": WITNESSES}


@pytest.fixture
def minh(program, cast):
    return program(cast.minh)


@pytest.fixture
def hoa(cast):
    with transaction() as session:
        teams.set_password(session, session.merge(cast.hoa), PASSWORD, ACTOR)
    return {"email": "hoa@example.vn", "password": PASSWORD}


@pytest.fixture
def wish(round_):
    return {
        "round": round_.id,
        "size": 4,
        "reserves": 3,
        "excluded": [{"code": HOP_HUNG, "reason": "ngập lụt, đường bị cắt"}],
        "source": {"kind": "dice-d10"},
    }


@pytest.fixture
def office_at(plan):
    return f"/v1/plans/{plan.id}/draws"


@pytest.fixture
def number(minh, office_at, wish):
    return minh.post(office_at, json=wish).json["id"]


@pytest.fixture
def officer(app):
    with transaction() as session:
        person = teams.add_person(session, "Cán bộ Hợp Hưng", ACTOR, "xa@example.vn", None)
        teams.grant(session, person, Role.UNIT_OFFICER, f"{VU_BAN}/{HOP_HUNG}", ACTOR)
    return person


def count(table):
    db.session().rollback()
    return db.session().scalar(select(func.count()).select_from(table))


def refused(answer, status, code, field=""):
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    assert answer.json["problem"] == code
    if field:
        assert [one["field"] for one in answer.json["details"]["fields"]] == [field]
        assert field in answer.json["title"] and field in answer.json["detail"]
    return answer.json


# --- from the list to the visits --------------------------------------------------------------


def test_minh_draws_vu_ban_from_the_list_to_the_visits_by_json(minh, office_at, wish, verify):
    made = minh.post(office_at, json=wish)
    promise = made.json
    entered = minh.post(f"{made.location}/seed", json=SEED).json
    told = minh.get(made.location).json

    assert (made.status_code, promise["state"], promise["units"]) == (201, "committed", 17)
    assert promise["excluded"] == wish["excluded"]
    text = canonical(promise["commitment"])
    assert sha256(text.encode()).hexdigest() == promise["commitmentSha256"]
    assert (
        sha256(minh.get(f"{made.location}/commitment.json").data).hexdigest()
        == sha256(text.encode()).hexdigest()
    )
    frame = minh.get(f"{made.location}/frame.tsv").data
    assert sha256(frame).hexdigest() == promise["frameSha256"]
    assert entered == told
    assert (told["state"], told["seed"]) == ("drawn", DIGITS.replace(" ", ""))
    assert told["witnesses"] == WITNESSES
    assert [unit["role"] for unit in told["result"]] == ["main"] * 4 + ["reserve"] * 3
    assert {unit["probability"] for unit in told["result"]} == {"4/17"}
    tickets = [unit["ticket"] for unit in told["result"]]
    assert tickets == sorted(tickets) and HOP_HUNG not in [u["code"] for u in told["result"]]
    assert told["inUse"] == [unit["code"] for unit in told["result"][:4]]
    (entry,) = told["register"]
    assert sha256(entry["entry"].encode()).hexdigest() == entry["sha256"]
    assert told["visits"] == 4 and count(Visit) == 4
    assert minh.post(f"{made.location}/visits").json == {"made": []}
    package = minh.get(f"{made.location}/package.zip").data
    assert verify(package, promise["commitmentSha256"]) == (0, [])


def test_the_verification_text_is_run_as_it_stands(minh, number):
    told = minh.post(f"/v1/draws/{number}/seed", json=SEED).json["verification"]

    ran = subprocess.run(["bash", "-c", told["commands"]], capture_output=True, text=True)

    assert ran.stdout.split()[0] == told["answer"]
    assert told["unit"] in told["commands"]


def test_a_program_and_a_page_see_one_draw_and_the_journal_knows_which_was_used(
    minh, number, browser, cast
):
    page = browser(cast.minh).get(f"/draws/{number}")
    minh.post(f"/v1/draws/{number}/seed", json=SEED)

    assert page.status_code == 200
    found = db.session().execute(select(Line.verb, Line.via).where(Line.subject == "draw"))
    vias = dict(found.all())
    assert vias["draw.committed"] == vias["draw.drawn"] == "api"


def test_a_list_of_the_office_with_sizes_and_strata_is_drawn_by_size(minh, office_at, wish):
    listed = minh.post(office_at, json=wish | {"excluded": []})
    codes = [line.split("\t")[0] for line in minh.get(f"{listed.location}/frame.tsv").text.split()]
    units = [c for c in codes if len(c) == 5 and c.isdigit()]
    with transaction() as session:
        service.void(session, session.get_one(Draw, listed.json["id"]), "thử", "Hoa", ACTOR)
    rows = [
        {"code": code, "size": 100 + at, "stratum": "A" if at % 2 else "B"}
        for at, code in enumerate(sorted(set(units))[:12])
    ]
    sized = wish | {"excluded": [], "method": "pps_pivotal", "units": rows, "reserves": 0}

    short = minh.post(office_at, json=sized)
    sized["absent"] = "chưa có số liệu"
    made = minh.post(office_at, json=sized)
    strangers = minh.post(office_at, json=sized | {"units": [{"code": "99999", "size": 4}]})

    assert refused(short, 422, "draws.units-missing")["details"]["count"] == 6
    assert made.status_code == 201, made.text
    assert made.json["commitment"]["method"] == "pps_pivotal"
    refused(strangers, 422, "draws.bad-list")


def test_every_source_the_page_offers_can_be_named(minh, office_at, wish):
    sources = [
        {"kind": "dice-d6"},
        {"kind": "joint", "parties": ["UBND huyện", "MTTQ huyện"], "digits": 6},
        {
            "kind": "lottery",
            "company": "Miền Bắc",
            "drawnAt": "2099-03-08T18:15:00+07:00",
            "prizes": [{"name": "Đặc biệt", "digits": 5}, *[{"name": "Nhì", "digits": 5}] * 3],
        },
        {"kind": "beacon", "chain": "drand quicknet", "round": 12345},
    ]
    for source in sources:
        made = minh.post(office_at, json=wish | {"source": source})
        assert made.status_code == 201, made.text
        assert made.json["commitment"]["seed_source"]["kind"] == source["kind"]
        if source["kind"] == "joint":
            papers = "UBND huyện = 123456\nMTTQ huyện = 654 321"
            sown = minh.post(f"{made.location}/seed", json={"digits": papers})
            assert sown.json["state"] == "drawn"
        with transaction() as session:
            service.void(session, session.get_one(Draw, made.json["id"]), "thử", "Hoa", ACTOR)


NO_SOURCES = [
    ({"kind": "coin"}, "source.kind"),
    ("dice-d10", "source.kind"),
    ({"kind": "dice-d10", "digits": 3}, "source.digits"),
    ({"kind": "joint", "parties": ["UBND", "ubnd"]}, "source.parties"),
    ({"kind": "joint", "parties": ["UBND", "MT=TQ"]}, "source.parties"),
    ({"kind": "lottery", "company": "MB", "drawnAt": "mai", "prizes": []}, "source.drawnAt"),
    ({"kind": "beacon", "chain": "drand", "round": "12345"}, "source.round"),
]


def test_a_source_that_cannot_be_used_is_refused_by_its_field(minh, office_at, wish):
    for source, field in NO_SOURCES:
        answer = minh.post(office_at, json=wish | {"source": source})
        refused(answer, 422, "bad-fields", field)

    assert count(Draw) == 0


def test_the_list_of_draws_is_read_in_pages(minh, office_at, wish, hoa):
    for _ in range(3):
        at = minh.post(office_at, json=wish).location
        minh.post(f"{at}/void", json={"reason": "thử", "approver": hoa})

    first = minh.get(office_at, query_string={"limit": 2}).json
    last = minh.get(first["next"]).json

    assert [draw["number"] for draw in first["draws"] + last["draws"]] == [3, 2, 1]
    assert first["draws"][0]["voidReason"] == "thử" and "seed" not in first["draws"][0]
    assert last["next"] is None
    for junk in ("0", "-1", "x", "9" * 30, "2147483648", "\x00"):
        refused(minh.get(office_at, query_string={"before": junk}), 422, "bad-fields", "before")


# --- who may ----------------------------------------------------------------------------------


def all_of(client, plan_at, number):
    """Give the answers of every address of a draw."""
    at = f"/v1/draws/{number}"
    for path in (plan_at, at, f"{at}/frame.tsv", f"{at}/commitment.json", f"{at}/package.zip"):
        yield client.get(path)
    for path in (plan_at, f"{at}/seed", f"{at}/visits", f"{at}/void", f"{at}/replacements"):
        yield client.post(path, json=SEED)


def test_an_of_another_district_finds_nothing(program, cast, office_at, number):
    answers = list(all_of(program(cast.an), office_at, number))

    assert {answer.status_code for answer in answers} == {404}
    assert {answer.json["problem"] for answer in answers} == {"not-found"}


def test_a_unit_officer_is_refused_everywhere(program, officer, office_at, number):
    assert {a.status_code for a in all_of(program(officer), office_at, number)} == {403}


def test_a_viewer_of_the_commune_does_not_learn_of_a_draw_for_an_unannounced_round(
    program, app, round_, office_at, number
):
    with transaction() as session:
        session.get_one(Round, round_.id).kind = RoundKind.UNANNOUNCED
        person = teams.add_person(session, "Xem xã", ACTOR, "xem@example.vn", None)
        teams.grant(session, person, Role.VIEWER, f"{VU_BAN}/{HOP_HUNG}", ACTOR)
    viewer = program(person)

    assert viewer.get(office_at).json["draws"] == []
    assert viewer.get(f"/v1/draws/{number}").status_code == 404


def test_who_sees_and_does_not_draw_changes_nothing(program, cast, office_at, wish, number):
    hoa = program(cast.hoa)

    assert hoa.get(f"/v1/draws/{number}").status_code == 200
    for answer in (
        hoa.post(office_at, json=wish),
        hoa.post(f"/v1/draws/{number}/seed", json=SEED),
        hoa.post(f"/v1/draws/{number}/visits"),
    ):
        refused(answer, 403, "not-allowed")
    assert db.session().get_one(Draw, number).state is DrawState.COMMITTED


HIDDEN = ("seed", "seededAt", "witnesses", "result", "inUse", "visits", "register", "verification")


@pytest.mark.parametrize("when", ["day", "sealed"])
def test_before_disclosure_nothing_of_the_result_is_told(
    minh, program, cast, office_at, wish, when
):
    later = (clock.today() + dt.timedelta(days=3)).isoformat()
    secret = {"discloseOn": later} if when == "day" else {"sealed": True}
    at = minh.post(office_at, json=wish | secret).location
    drawn = minh.post(f"{at}/seed", json=SEED).json
    hoa = program(cast.hoa)

    told = hoa.get(at)

    assert told.json["disclosed"] is False and drawn["disclosed"] is True
    assert [told.json[name] for name in HIDDEN] == [None] * len(HIDDEN)
    everything = told.text + hoa.get(office_at).text
    assert drawn["seed"] not in everything and WITNESSES[0] not in everything
    assert drawn["result"][0]["ticket"] not in everything
    refused(hoa.get(f"{at}/package.zip"), 403, "draws.sealed")


def test_before_the_seed_there_is_no_result_for_anybody(minh, number):
    told = minh.get(f"/v1/draws/{number}").json

    assert [told[name] for name in HIDDEN if name != "register"] == [None] * (len(HIDDEN) - 1)
    refused(minh.get(f"/v1/draws/{number}/package.zip"), 409, "draws.not-drawn")
    refused(minh.post(f"/v1/draws/{number}/visits"), 409, "draws.not-drawn")


# --- what is refused --------------------------------------------------------------------------


def test_of_two_that_commit_at_once_one_is_told_of_the_other(app, minh, office_at, wish):
    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(lambda _: minh.post(office_at, json=wish), range(2)))

    late = next(answer for answer in answers if answer.status_code != 201)
    assert refused(late, 409, "draws.live-draw")["details"]["number"] == 1
    assert count(Draw) == 1


NO_NUMBERS = ["8,842", "4", 8.842, 4.0, -1, None, True, [4], 10**30, "NaN"]


def test_a_number_that_is_none_is_refused_by_name_and_stores_nothing(minh, office_at, wish):
    for field in ("size", "reserves", "round"):
        for given in [*NO_NUMBERS, *([] if field == "reserves" else [0])]:
            answer = minh.post(office_at, json=wish | {field: given})
            refused(answer, 422, "bad-fields", field)

    assert count(Draw) == 0


NO_WISHES = [
    ({"size": ...}, "size"),
    ({"sizes": 4}, "sizes"),
    ({"round": 2_000_000}, "round"),
    ({"excluded": [{"code": HOP_HUNG}]}, "excluded.0.reason"),
    ({"excluded": {HOP_HUNG: "ngập"}}, "excluded"),
    ({"excluded": [{"code": HOP_HUNG, "reason": "a"}] * 2}, "excluded"),
    ({"method": "best"}, "method"),
    ({"discloseOn": "2020-01-01"}, "discloseOn"),
    ({"sealed": "yes"}, "sealed"),
]


def test_a_field_that_cannot_be_used_is_named(minh, office_at, wish):
    for change, field in NO_WISHES:
        body = {key: value for key, value in (wish | change).items() if value is not ...}
        refused(minh.post(office_at, json=body), 422, "bad-fields", field)

    assert count(Draw) == 0


def test_the_refusals_of_the_verb_are_those_of_the_page(minh, office_at, wish, plan):
    many = refused(minh.post(office_at, json=wish | {"size": 40}), 422, "draws.refused")
    reason = wish | {"excluded": [{"code": HOP_HUNG, "reason": " "}]}
    refused(minh.post(office_at, json=reason), 422, "draws.reason-needed")
    other = wish | {"excluded": [{"code": "99999", "reason": "ngập"}]}
    refused(minh.post(office_at, json=other), 422, "draws.unknown-unit")
    refused(minh.post(office_at, json=wish | {"within": "835"}), 422, "monitoring.outside-plan")
    refused(minh.post(office_at, json=wish | {"within": "00000"}), 409, "draws.not-in-use")
    with transaction() as session:
        session.get_one(Plan, plan.id).state = PlanState.CLOSED
    refused(minh.post(office_at, json=wish), 409, "draws.plan-closed")

    assert "Không thể chọn 40 đơn vị" in many["detail"]
    assert count(Draw) == 0


NO_BODIES = [
    b"", b"junk", b"[]", b"4", b"null", b'{"size":4,"size":5}', b"\xff\xfe", b'{"size":1e999}',
    b"[" * 200_000, b'{"size":' + b"9" * 6000 + b"}", b'{"round":"\\ud800"}', b'{"\\ud800":1}',
]  # fmt: skip


def test_a_body_that_is_no_wish_is_refused_in_words(minh, office_at):
    for body in NO_BODIES:
        answer = minh.post(office_at, data=body, content_type="application/json")
        assert answer.status_code in {400, 422}, body[:40]
        assert answer.json["problem"] in {"bad-input", "bad-fields"}
        assert answer.json["detail"]


def test_a_form_of_a_page_or_a_body_too_large_is_refused(minh, office_at, wish):
    assert minh.post(office_at, data=wish | {"excluded": "", "source": ""}).status_code == 415
    large = json.dumps(wish | {"within": "x" * 6_000_000})
    answer = minh.post(office_at, data=large, content_type="application/json")
    assert refused(answer, 413, "too-large")["details"]["limit_mb"] == 5


NO_SEEDS = [
    ({"digits": "48371 02955"}, 422, "draws.refused"),
    ({"digits": "4837 abcd 5561 3820 7714"}, 422, "draws.refused"),
    ({"digits": "7" * 20}, 422, "draws.refused"),
    ({"digits": "\ud800\x00"}, 422, "draws.refused"),
    ({"digits": 48371029556138207714}, 422, "bad-fields"),
    ({"witnesses": WITNESSES[:2]}, 422, "draws.refused"),
    ({"witnesses": "Hoa"}, 422, "bad-fields"),
]


def test_a_seed_that_is_refused_leaves_the_draw_waiting(minh, number):
    for change, status, code in NO_SEEDS:
        refused(minh.post(f"/v1/draws/{number}/seed", json=SEED | change), status, code)
        assert minh.get(f"/v1/draws/{number}").json["state"] == "committed"


def test_a_second_seed_is_refused_and_changes_nothing(minh, number):
    first = minh.post(f"/v1/draws/{number}/seed", json=SEED).json
    other = SEED | {"digits": "90210 33847 56120 98471"}

    refused(minh.post(f"/v1/draws/{number}/seed", json=other), 409, "draws.already-drawn")
    assert minh.get(f"/v1/draws/{number}").json == first


# --- voiding and reserves ---------------------------------------------------------------------


def test_hoa_approves_a_voiding_with_her_own_account(minh, number, hoa, office_at, wish):
    at = f"/v1/draws/{number}/void"
    wrong = minh.post(at, json={"reason": "xúc xắc rơi", "approver": hoa | {"password": "sai"}})
    silent = minh.post(at, json={"reason": " ", "approver": hoa})
    alone = {"email": "minh@example.vn", "password": PASSWORD}
    own = minh.post(at, json={"reason": "xúc xắc rơi", "approver": alone})
    done = minh.post(at, json={"reason": "xúc xắc rơi", "approver": hoa})

    refused(wrong, 422, "draws.not-agreed")
    refused(silent, 422, "draws.reason-needed")
    refused(own, 400, "bad-input")
    assert (done.json["state"], done.json["voidReason"]) == ("void", "xúc xắc rơi")
    assert json.loads(done.json["register"][-1]["entry"])["approved_by"] == "Hoa"
    refused(minh.post(at, json={"reason": "nữa", "approver": hoa}), 409, "draws.already-void")
    assert minh.post(office_at, json=wish).json["number"] == 2


def test_a_reserve_is_released_in_its_order_by_another_person(
    minh, program, cast, number, monkeypatch
):
    at = f"/v1/draws/{number}"
    drawn = minh.post(f"{at}/seed", json=SEED).json
    gone, first = drawn["result"][1]["code"], drawn["result"][4]["code"]
    later = clock.now() + dt.timedelta(hours=2)
    asking = {"unit": gone, "reason": "unsafe", "attempts": [later.isoformat()], "note": "x"}
    refused(minh.post(f"{at}/replacements", json=asking), 422, "draws.attempts-needed")
    monkeypatch.setattr(clock, "now", lambda: later + dt.timedelta(hours=1))
    refused(minh.post(f"{at}/replacements", json=asking), 422, "draws.evidence-needed")
    asking["note"] = "sạt lở, xã có văn bản cấm đường"
    asked = minh.post(f"{at}/replacements", json=asking).json
    decision = f"{at}/replacements/{asked['id']}/approve"

    refused(minh.post(decision), 422, "draws.own-request")
    refused(program(cast.an).post(decision), 404, "not-found")
    given = program(cast.admin).post(decision).json

    assert (asked["state"], given["state"], given["released"]) == ("asked", "approved", first)
    using = minh.get(at).json["inUse"]
    assert gone not in using and using[-1] == first


# --- signing in -------------------------------------------------------------------------------


def basic(email, password=PASSWORD):
    return {"Authorization": "Basic " + base64.b64encode(f"{email}:{password}".encode()).decode()}


def test_a_program_signs_in_with_a_key_or_with_the_password_each_time(app, hoa):
    client = app.test_client()
    opened = client.post("/v1/sessions", json=hoa)
    key = {"Authorization": f"Bearer {opened.json['token']}"}

    assert set(opened.json) == {"token", "createdAt", "expiresAt"}
    assert opened.headers["Cache-Control"] == "no-store"
    assert db.session().get(SignIn, teams.sha256(opened.json["token"])) is not None
    for headers in (key, basic("Hoa@example.vn")):
        who = client.get("/v1/users/current", headers=headers).json
        assert (who["displayName"], who["email"]) == ("Hoa", "hoa@example.vn")
        assert who["roles"] == [{"role": "reviewer", "area": VU_BAN}]
    assert client.delete("/v1/sessions/current", headers=key).json == {"success": True}
    refused(client.get("/v1/users/current", headers=key), 401, "sign-in-needed")
    refused(
        client.delete("/v1/sessions/current", headers=basic("hoa@example.vn")), 404, "not-found"
    )


def test_basic_leaves_no_sign_in_behind(app, hoa):
    client = app.test_client()
    for _ in range(3):
        assert client.get("/v1/users/current", headers=basic("hoa@example.vn")).status_code == 200

    assert count(SignIn) == 0


@pytest.mark.parametrize("way", ["basic", "session"])
def test_the_eleventh_guess_in_an_hour_is_not_even_checked(app, hoa, way):
    client = app.test_client()

    def attempt(password):
        if way == "basic":
            headers = basic("hoa@example.vn", password)
            return client.get("/v1/users/current", headers=headers)
        return client.post("/v1/sessions", json=hoa | {"password": password})

    for _ in range(10):
        refused(attempt("đoán mò thôi"), 401, "teams.wrong-password")
    refused(attempt(PASSWORD), 429, "teams.too-many-tries")
    app.config["WTF_CSRF_ENABLED"] = False
    assert client.post("/sign-in", data=hoa).status_code == 429


def test_a_program_that_asks_all_the_time_forgives_nobodys_guesses(app, hoa):
    client = app.test_client()
    for _ in range(10):
        client.get("/v1/users/current", headers=basic("hoa@example.vn"))
        client.get("/v1/users/current", headers=basic("hoa@example.vn", "đoán mò"))

    answer = client.get("/v1/users/current", headers=basic("hoa@example.vn", "đoán mò"))

    refused(answer, 429, "teams.too-many-tries")


def test_a_cookie_is_not_accepted_from_a_program(browser, cast, office_at, wish, number):
    minh = browser(cast.minh)

    assert minh.get(f"/draws/{number}").status_code == 200
    for answer in (minh.get(f"/v1/draws/{number}"), minh.post(office_at, json=wish)):
        refused(answer, 401, "sign-in-needed")
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


NO_HEADERS = ["", "Basic", "Basic !!!", "Basic aG9h", "Bearer", "Bearer \xff", "Digest a=b"]


def test_a_header_that_names_nobody_is_refused(app, hoa):
    for header in NO_HEADERS:
        headers = {"Authorization": header}
        answer = app.test_client().get("/v1/users/current", headers=headers)
        assert answer.status_code == 401, header
        assert "WWW-Authenticate" not in answer.headers


def test_somebody_who_was_let_go_is_not_let_in_by_key_or_password(app, program, cast, hoa):
    with_key = program(cast.hoa)
    with transaction() as session:
        teams.set_active(session, session.merge(cast.hoa), False, ACTOR)

    assert with_key.get("/v1/users/current").status_code == 401
    answer = app.test_client().get("/v1/users/current", headers=basic("hoa@example.vn"))
    refused(answer, 401, "teams.wrong-password")


def test_the_draw_over_a_real_line(app, cast, office_at, wish):
    with transaction() as session:
        teams.set_password(session, session.merge(cast.minh), PASSWORD, ACTOR)

    with serving(app) as server:

        def ask(path, body=None, headers=()):
            data = None if body is None else json.dumps(body).encode()
            kind = {"Content-Type": "application/json", **dict(headers)}
            request = urllib.request.Request(server + path, data, kind)
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return answer.status, answer.read()
            except urllib.error.HTTPError as error:
                with error:
                    return error.code, error.read()

        minh = {"email": "minh@example.vn", "password": PASSWORD}
        key = json.loads(ask("/v1/sessions", minh)[1])["token"]
        signed = {"Authorization": f"Bearer {key}"}
        with ThreadPoolExecutor(4) as pool:
            tries = list(pool.map(lambda _: ask(office_at, wish, signed), range(4)))
        made = json.loads(next(body for status, body in tries if status == 201))
        at = f"/v1/draws/{made['id']}"
        short = ask(f"{at}/seed", SEED | {"digits": "123"}, basic("minh@example.vn"))
        drawn = json.loads(ask(f"{at}/seed", SEED, signed)[1])
        package = ask(f"{at}/package.zip", headers=basic("minh@example.vn"))[1]
        nobody = ask(at)

    assert sorted(status for status, _ in tries) == [201, 409, 409, 409]
    assert short[0] == 422 and json.loads(short[1])["details"]["kind"] == "short-seed"
    assert (drawn["state"], len(drawn["result"])) == ("drawn", 7)
    assert "result.tsv" in str(zipfile.ZipFile(io.BytesIO(package)).namelist())
    assert nobody[0] == 401
