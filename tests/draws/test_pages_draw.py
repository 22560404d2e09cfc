import html
import io
import re
import subprocess
import zipfile
from contextlib import contextmanager
from hashlib import sha256

import pytest
from sqlalchemy import event, select

from server.db import db, transaction
from server.draws import service
from server.draws.models import Draw, DrawState
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, PlanState, Visit
from server.permissions import Role
from server.teams import service as teams
from server.teams.models import SignIn, SignInFailure
from tests.conftest import ACTOR, PASSWORD
from tests.draws.conftest import DIGITS, HOP_HUNG, WITNESSES


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


@pytest.fixture
def wish(round_):
    """The form as the coordinator of Vụ Bản fills it in."""
    return {
        "round": str(round_.id),
        "size": "4",
        "reserves": "3",
        "kind": "dice-d10",
        f"out-{HOP_HUNG}": "1",
        f"why-{HOP_HUNG}": "ngập lụt, đường bị cắt",
    }


@pytest.fixture
def number(minh, plan, wish):
    """The id of a draw that Minh has committed on the page."""
    answer = minh.post(f"/plans/{plan.id}/draws/new", data=wish)
    return int(re.fullmatch(r"/draws/(\d+)", answer.location)[1])


def enter(client, number, digits=DIGITS, witnesses=WITNESSES):
    return client.post(f"/draws/{number}/seed", data={"digits": digits, "witness": witnesses})


def shown(answer):
    """The words of a page, without its tags."""
    assert answer.status_code == 200
    return html.unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)))


def fresh():
    """A session that sees what the pages have committed meanwhile."""
    db.session.rollback()
    return db.session


def kept(number):
    return fresh().get_one(Draw, number)


def compact(page):
    return page.replace(" ", "")


@contextmanager
def counted(app):
    statements = []
    with app.app_context():
        engine = db.engine

    def count(_connection, _cursor, statement, *_rest):
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    yield statements
    event.remove(engine, "before_cursor_execute", count)


# --- the ceremony ---------------------------------------------------------------------------


def test_the_form_lists_the_eighteen_units_and_says_that_none_is_missing(minh, plan):
    page = shown(minh.get(f"/plans/{plan.id}/draws/new"))

    assert page.count("Xã ") == 17 and "Thị trấn Gôi" in page
    assert "danh sách này có đủ 18 đơn vị, không thiếu, không thừa" in page


def test_minh_goes_from_the_list_to_the_visits_on_the_pages(minh, plan, number):
    before = shown(minh.get(f"/draws/{number}"))
    entered = enter(minh, number)
    after = shown(minh.get(f"/draws/{number}"))

    assert "loại trừ 1, còn 17 đơn vị để chọn (94,4 %)" in before
    assert "Loại trừ 13753 Xã Hợp Hưng: ngập lụt, đường bị cắt" in before
    assert entered.status_code == 302
    assert after.count("4/17 (23,5 %)") == 7
    assert after.count("Chính thức") == 4
    assert "Người chứng kiến: Trần Thị Hoa, Lê Văn Sơn, Phạm Thu Hà." in after
    assert "Đã có 4 lượt giám sát" in after
    assert fresh().query(Visit).count() == 4


def test_pressing_visits_twice_makes_four(minh, number):
    enter(minh, number)
    minh.post(f"/draws/{number}/visits")
    minh.post(f"/draws/{number}/visits")

    assert fresh().query(Visit).count() == 4
    assert "Đã có 4 lượt giám sát" in shown(minh.get(f"/draws/{number}"))


def test_the_commitment_is_shown_large_in_fours_with_its_code_to_scan(minh, number):
    code = kept(number).commitment_sha256

    answer = minh.get(f"/draws/{number}")

    fours = " ".join(code[i : i + 4] for i in range(0, 64, 4))
    assert fours in re.sub(r"\s+", " ", shown(answer))
    assert 'src="data:image/svg+xml' in answer.text


def test_no_page_tells_anything_of_the_result_before_the_seed(minh, number, office):
    """The page and the paper show the same whatever the number will be: there is no number."""
    pages = [f"/draws/{number}", f"/draws/{number}/commitment"]

    for path in pages:
        assert not re.search(r"0\.\d{12}", minh.get(path).text)
    assert minh.get(f"/draws/{number}/minutes").status_code == 409
    assert minh.get(f"/draws/{number}/package.zip").status_code == 409
    assert minh.post(f"/draws/{number}/visits").status_code == 409


def test_the_files_hash_to_what_was_printed(minh, number):
    draw = kept(number)

    frame = minh.get(f"/draws/{number}/frame.tsv")
    promise = minh.get(f"/draws/{number}/commitment.json")

    assert sha256(frame.data).hexdigest() == draw.frame_sha256
    assert sha256(promise.data).hexdigest() == draw.commitment_sha256
    assert "attachment" in frame.headers["Content-Disposition"]


def test_the_downloaded_package_is_verified_elsewhere(minh, number, verify):
    enter(minh, number)

    package = minh.get(f"/draws/{number}/package.zip").data

    assert verify(package, kept(number).commitment_sha256) == (0, [])
    assert "verify_draw.py" in zipfile.ZipFile(io.BytesIO(package)).namelist()


# --- what is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"size": "15"}, "Không thể chọn 15 đơn vị và 3 dự phòng từ 17 đơn vị"),
        ({"size": ""}, "Hãy ghi một số nguyên từ 1 trở lên"),
        ({"size": "8,842"}, "Hãy ghi một số nguyên từ 1 trở lên"),
        ({"size": "-4"}, "Hãy ghi một số nguyên từ 1 trở lên"),
        ({"reserves": "ba"}, "Hãy ghi một số nguyên từ 0 trở lên"),
        ({f"why-{HOP_HUNG}": " "}, "Hãy ghi lý do loại trừ mã 13753"),
        ({"why-13741": "xa quá"}, "Có lý do nhưng chưa đánh dấu loại mã 13741"),
        ({"excluded_lines": "99999 = không có"}, "Mã 99999 không có trong danh sách"),
        ({"excluded_lines": "Hợp Hưng ngập"}, "Mỗi dòng ghi: mã đơn vị = lý do"),
        ({"round": "99"}, "Hãy chọn một mục trong danh sách"),
        ({"kind": "roulette"}, "Hãy chọn một mục trong danh sách"),
        ({"kind": "joint", "joint_parties": "UBND"}, "Ghi ít nhất hai bên"),
        ({"kind": "lottery"}, "Hãy ghi đủ ngày và giờ quay số"),
        (
            {
                "kind": "lottery",
                "lottery_company": "Miền Bắc",
                "lottery_at": "2024-03-08T18:15",
                "lottery_prizes": "Đặc biệt: 5\nNhất: 5\nNhì: 5 x 2",
            },
            "không sau lúc cam kết",
        ),
    ],
)
def test_a_form_that_cannot_be_committed_comes_back_as_typed(minh, plan, wish, change, sentence):
    answer = minh.post(f"/plans/{plan.id}/draws/new", data={**wish, **change})

    assert answer.status_code == 422
    assert sentence in html.unescape(answer.text)
    assert 'value="4"' in answer.text or "size" in change
    assert fresh().query(Draw).count() == 0


def test_joint_numbers_a_lottery_and_a_beacon_can_be_named(minh, plan, wish, verify):
    settings = [
        {"kind": "joint", "joint_parties": "UBND huyện\nMTTQ huyện", "joint_digits": "6"},
        {
            "kind": "lottery",
            "lottery_company": "Miền Bắc",
            "lottery_at": "2099-03-08T18:15",
            "lottery_prizes": "Đặc biệt: 5\nNhất: 5\nNhì: 5 x 2",
        },
        {"kind": "beacon", "beacon_chain": "drand quicknet", "beacon_round": "12345"},
    ]
    for given in settings:
        answer = minh.post(f"/plans/{plan.id}/draws/new", data={**wish, **given})
        assert answer.status_code == 302
        page = minh.get(f"{answer.location}/commitment")
        assert "Biên bản" in shown(page)
        draw = fresh().scalars(select(Draw).order_by(Draw.id.desc())).first()
        if given["kind"] == "joint":
            enter(minh, draw.id, "UBND huyện = 123456\nMTTQ huyện = 654 321", [])
            package = minh.get(f"/draws/{draw.id}/package.zip").data
            assert verify(package) == (0, [])
        with transaction() as session:
            service.void(session, session.get_one(Draw, draw.id), "thử", "Hoa", ACTOR)


def test_the_loser_of_a_race_is_led_to_the_live_draw(minh, plan, wish, number):
    late = minh.post(f"/plans/{plan.id}/draws/new", data=wish)
    again = minh.get(f"/plans/{plan.id}/draws/new?round={wish['round']}")

    assert (late.location, again.location) == (f"/draws/{number}", f"/draws/{number}")
    assert "Đợt này đã có lần rút số 1" in shown(minh.get(late.location))


@pytest.mark.parametrize(
    ("digits", "witnesses", "sentence"),
    [
        ("48371 02955", WITNESSES, "Dãy số công khai ngắn: có 10 chữ số, cần 20"),
        (DIGITS, WITNESSES[:2], "Có 2 người chứng kiến, cam kết 3"),
        ("4837 abcd 5561 3820 7714", WITNESSES, "không đúng dạng"),
    ],
)
def test_a_refused_seed_comes_back_to_be_mended(minh, number, digits, witnesses, sentence):
    answer = enter(minh, number, digits, witnesses)

    assert answer.status_code == 422
    assert sentence in html.unescape(answer.text)
    assert f'value="{digits}"' in answer.text and f'value="{witnesses[0]}"' in answer.text
    assert kept(number).state is DrawState.COMMITTED


def test_refusals_speak_the_readers_language(minh, number):
    minh.post("/language", data={"lang": "en"})

    assert "The public number is short: 3 digits, 20 needed" in enter(minh, number, "123").text


def test_a_seed_sent_twice_changes_nothing(minh, number):
    enter(minh, number)
    first = minh.get(f"/draws/{number}/minutes").text

    again = enter(minh, number, "90210 33847 56120 98471")

    assert again.status_code == 302
    assert minh.get(f"/draws/{number}/minutes").text == first


def test_a_closed_plan_offers_no_form_and_takes_none(minh, plan, wish):
    with transaction() as session:
        session.get_one(Plan, plan.id).state = PlanState.CLOSED

    assert "Kế hoạch đã đóng" in shown(minh.get(f"/plans/{plan.id}/draws/new"))
    assert minh.post(f"/plans/{plan.id}/draws/new", data=wish).status_code == 422


# --- voiding --------------------------------------------------------------------------------


@pytest.fixture
def hoa(app, cast):
    with transaction() as session:
        teams.set_password(session, session.merge(cast.hoa), PASSWORD, ACTOR)
    return cast.hoa


def ask_to_void(client, number, hoa, **change):
    form = {"reason": "xúc xắc rơi", "approver": str(hoa.id), "password": PASSWORD, **change}
    return client.post(f"/draws/{number}/void", data=form)


def test_hoa_approves_a_voiding_with_her_own_password(minh, hoa, number, plan):
    enter(minh, number)

    assert ask_to_void(minh, number, hoa).status_code == 302

    page = shown(minh.get(f"/draws/{number}"))
    assert "Lần rút này đã hủy" in page and "Người phê duyệt: Hoa" in page
    assert "Lý do: xúc xắc rơi" in shown(minh.get(f"/plans/{plan.id}/draws"))
    stamp = shown(minh.get(f"/draws/{number}/minutes"))
    assert "ĐÃ HỦY" in stamp and "Lý do: xúc xắc rơi" in stamp
    with transaction() as session:
        assert session.query(SignIn).filter_by(person_id=hoa.id).count() == 0


def test_a_wrong_password_approves_nothing_and_is_counted(minh, hoa, number):
    answer = ask_to_void(minh, number, hoa, password="đoán mò thôi mà")

    page = html.unescape(answer.text)
    assert answer.status_code == 422 and "Mật khẩu của người phê duyệt không đúng" in page
    assert re.search(r'<textarea[^>]*name="reason"[^>]*>xúc xắc rơi</textarea>', page)
    assert f'<option value="{hoa.id}" selected>' in page and "đoán mò" not in page
    assert kept(number).state is DrawState.COMMITTED
    assert fresh().query(SignInFailure).count() == 2


def test_guessing_the_password_of_who_approves_ends_as_at_the_sign_in(minh, hoa, number):
    tries = [ask_to_void(minh, number, hoa, password=f"đoán lần {n}") for n in range(12)]

    assert tries[0].status_code == 422 and tries[-1].status_code == 429
    last = html.unescape(tries[-1].text)
    assert "sai quá nhiều lần" in last and "xúc xắc rơi" in last
    assert ask_to_void(minh, number, hoa).status_code == 429
    assert kept(number).state is DrawState.COMMITTED


def test_minh_an_and_those_without_a_say_cannot_approve(minh, hoa, cast, number):
    for person in (cast.minh, cast.an, cast.lan):
        assert ask_to_void(minh, number, person).status_code == 400

    assert kept(number).state is DrawState.COMMITTED


def test_a_voiding_without_a_reason_is_refused(minh, hoa, number):
    assert ask_to_void(minh, number, hoa, reason="  ").status_code == 422
    assert kept(number).state is DrawState.COMMITTED


def test_later_papers_name_the_draw_that_was_voided(minh, hoa, number, plan, wish):
    enter(minh, number)
    ask_to_void(minh, number, hoa)
    answer = minh.post(f"/plans/{plan.id}/draws/new", data=wish)
    second = int(answer.location.rsplit("/", 1)[1])
    enter(minh, second, "90210 33847 56120 98471")

    for paper in ("commitment", "minutes"):
        page = shown(minh.get(f"/draws/{second}/{paper}"))
        assert "lần rút thứ 02" in page
        assert "xúc xắc rơi" in page and "Hoa" in page


# --- the papers -----------------------------------------------------------------------------


def test_the_paper_before_the_seed_has_everything_that_was_promised(minh, number):
    draw = kept(number)

    page = shown(minh.get(f"/draws/{number}/commitment"))

    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in page
    assert "Độc lập - Tự do - Hạnh phúc" in page
    assert draw.commitment_sha256 in compact(page) and draw.frame_sha256 in compact(page)
    assert "Danh mục chính thức có 18 đơn vị" in page
    assert "Xã Hợp Hưng (mã 13753), lý do: ngập lụt, đường bị cắt" in page
    assert "04 đơn vị chính thức và 03 đơn vị dự phòng" in page
    assert "lần rút thứ 01" in page and "không có lần rút nào bị hủy" in page
    assert "NGƯỜI CHỨNG KIẾN" in page


def test_the_minutes_hold_number_result_and_register(minh, number):
    enter(minh, number)
    draw = kept(number)

    page = shown(minh.get(f"/draws/{number}/minutes"))

    assert "48371 02955 61382 07714" in page
    assert draw.commitment_sha256 in compact(page)
    assert service.head(fresh()()) in compact(page)
    for unit in draw.drawn:
        assert f"{unit.rank} {unit.unit_code} {unit.place.name} {unit.ticket[:14]} 4/17" in page


def test_the_commands_printed_in_the_minutes_give_the_printed_answer(minh, number):
    enter(minh, number)
    page = minh.get(f"/draws/{number}/minutes").text
    commands = html.unescape(re.search(r"<pre>(.+?)</pre>", page, re.S)[1])

    ran = subprocess.run(["sh", "-c", commands], capture_output=True, text=True, check=True)

    answer = ran.stdout.split()[0]
    first = kept(number).drawn[0]
    assert "0." + str(int(answer, 16)).zfill(64)[::-1] == first.ticket
    assert answer in compact(html.unescape(re.sub(r"<[^>]+>|\s", "", page)))


def test_the_papers_stay_vietnamese_for_a_reader_in_english(minh, number):
    minh.post("/language", data={"lang": "en"})

    assert "Biên bản" in shown(minh.get(f"/draws/{number}/commitment"))


# --- who sees and who acts ------------------------------------------------------------------

READ = ("", "/commitment", "/minutes", "/frame.tsv", "/commitment.json", "/package.zip")


def test_hoa_sees_a_draw_and_cannot_act(browser, cast, minh, plan, number, wish):
    enter(minh, number)
    hoa = browser(cast.hoa)

    assert [hoa.get(f"/draws/{number}{page}").status_code for page in READ] == [200] * 6
    assert hoa.get(f"/plans/{plan.id}/draws").status_code == 200
    assert "Hủy lần rút" not in hoa.get(f"/draws/{number}").text
    assert hoa.get(f"/plans/{plan.id}/draws/new").status_code == 403
    assert hoa.post(f"/plans/{plan.id}/draws/new", data=wish).status_code == 403
    for verb in ("seed", "visits", "void"):
        assert hoa.post(f"/draws/{number}/{verb}").status_code == 403


def test_an_of_another_district_finds_nothing(browser, cast, minh, plan, number, wish):
    enter(minh, number)
    an = browser(cast.an)

    assert [an.get(f"/draws/{number}{page}").status_code for page in READ] == [404] * 6
    assert an.get(f"/plans/{plan.id}/draws").status_code == 404
    assert an.get(f"/plans/{plan.id}/draws/new").status_code == 404
    assert an.post(f"/plans/{plan.id}/draws/new", data=wish).status_code == 404
    for verb in ("seed", "visits", "void"):
        assert an.post(f"/draws/{number}/{verb}").status_code == 404


def test_a_coordinator_of_one_commune_does_not_draw_for_the_district(
    browser, cast, app, plan, number
):
    with transaction() as session:
        person = teams.add_person(session, "Thảo", ACTOR, "thao@example.vn", None)
        teams.grant(session, person, Role.COORDINATOR, "2024/36/359/13741", ACTOR)
    thao = browser(person)

    assert thao.get(f"/draws/{number}").status_code == 200
    assert enter(thao, number).status_code == 403
    assert kept(number).seed is None


def test_lan_with_her_phone_and_nobody_see_no_draw(browser, cast, plan, number):
    assert browser(cast.lan).get(f"/draws/{number}").status_code == 403
    assert browser(None).get(f"/draws/{number}").status_code == 302
    assert browser(None).get(f"/plans/{plan.id}/draws").status_code == 302


# --- the list -------------------------------------------------------------------------------


def test_the_list_asks_as_much_for_many_draws_as_for_one(app, minh, plan, office, number):
    minh.get(f"/plans/{plan.id}/draws")
    with counted(app) as few:
        minh.get(f"/plans/{plan.id}/draws")
    with transaction() as session:
        rounds = [
            monitoring.add_round(session, session.merge(plan), f"VB24-{n}", f"Đợt {n}", ACTOR)
            for n in range(2, 12)
        ]
    for round_ in rounds:
        office.drawn(round_=round_)

    with counted(app) as many:
        page = shown(minh.get(f"/plans/{plan.id}/draws"))

    assert page.count("Lần rút số") == 11
    assert len(many) == len(few)


def test_a_draw_of_fourteen_asks_as_much_as_a_draw_of_four(app, minh, plan, office, number):
    enter(minh, number)
    with transaction() as session:
        later = monitoring.add_round(session, session.merge(plan), "VB24-2", "Đợt 2", ACTOR)
    large = office.drawn(round_=later, size=14)
    minh.get(f"/draws/{number}")

    with counted(app) as few:
        minh.get(f"/draws/{number}")
    with counted(app) as many:
        minh.get(f"/draws/{large.id}")

    assert len(many) == len(few)


def test_a_long_list_is_paged_by_number(minh, plan, office, monkeypatch, number):
    from server.draws import pages

    monkeypatch.setattr(pages, "PAGE", 1)
    with transaction() as session:
        later = monitoring.add_round(session, session.merge(plan), "VB24-2", "Đợt 2", ACTOR)
    office.commit(round_=later)

    first = minh.get(f"/plans/{plan.id}/draws")
    second = minh.get(f"/plans/{plan.id}/draws?before=2")

    assert f"/plans/{plan.id}/draws?before=2" in first.text
    assert "Lần rút số 2" in shown(first) and "Lần rút số 1" not in shown(first)
    assert "Lần rút số 1" in shown(second)


def test_a_plan_without_draws_says_what_to_do(minh, plan):
    assert "Chưa có lần rút nào" in shown(minh.get(f"/plans/{plan.id}/draws"))
