"""A reviewer's and a coordinator's way through the demonstration, in a real browser.

Every page is looked at on a wide screen and on a phone: it answers, stays inside the screen, runs
nothing that its content policy forbids, and asks no other host for anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from playwright.sync_api import Browser

from bench import everyday
from bench.everyday import Hand
from server.db import db
from server.demo import keys
from server.demo.loopback import serving
from server.permissions import Role
from server.places import queries as places
from tests.conftest import same_on_both
from tests.demo.test_loader import demonstration
from tests.places import shapes
from tests.walks.browsing import AXE, NARROW, WIDE, Reader, needs_chromium
from tests.walks.browsing import chromium as chromium
from tests.walks.days import DAYS
from tests.walks.spider import Spider

pytestmark = [
    same_on_both,
    pytest.mark.browser,
    pytest.mark.java,
    pytest.mark.slow,
    needs_chromium,
]


@dataclass
class Place:
    """Where the application is served, and who may sign in."""

    app: Flask
    address: str
    accounts: dict[str, keys.Account]


@pytest.fixture(scope="module")
def served(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The demonstration, served on loopback."""
    with demonstration(template, tmp_path_factory.mktemp("browser")) as app:
        found = keys.read(app.config["THUCDIA"].var)
        assert found is not None
        db.session.remove()  # a transaction left open would be ended under us
        accounts = {account.role: account for account in reversed(found.accounts)}
        with serving(app) as address:
            yield Place(app, address, accounts)


@pytest.fixture(params=(WIDE, NARROW))
def reader(request: pytest.FixtureRequest, chromium: Browser, served: Place) -> Iterator[Reader]:
    """Somebody before a screen of one of the two widths."""
    context = chromium.new_context(viewport={"width": request.param, "height": 900})
    yield Reader.at(context, served.address)
    context.close()


def test_a_reviewer_goes_from_the_plan_to_the_finding_and_its_record(reader, served):
    reader.sign_in(served.accounts[Role.REVIEWER.value])
    reader.look()
    reader.follow("Giám sát CTMTQG giảm nghèo bền vững năm 2024")
    assert reader.page.locator("main table tbody tr").count() >= 4
    reader.follow("Xã ")
    reader.open("/findings")
    reader.page.locator("main table tbody a").first.click()
    reader.page.wait_for_load_state()
    reader.look()
    reader.follow("HS001-")
    assert "Hồ sơ giám sát" in reader.page.locator("h1").inner_text()
    assert reader.faults == []


def test_a_reviewer_reads_a_record_with_its_answers_photos_and_place(reader, served):
    reader.sign_in(served.accounts[Role.REVIEWER.value])
    reader.open("/plans/1/photos")
    reader.page.locator("main a[href^='/submissions/']").first.click()
    reader.page.wait_for_load_state()
    reader.look()

    text = reader.page.locator("main").inner_text()
    assert "Câu trả lời" in text and "Máy chủ nhận" in text
    assert reader.page.locator("main img").count() >= 1
    fetched = []
    reader.page.on("response", lambda answer: fetched.append(answer.url))
    reader.page.locator(".map").scroll_into_view_if_needed()
    reader.page.locator(".leaflet-container").wait_for()
    assert any("/leaflet.js" in each for each in fetched)  # and so not with the page
    assert reader.faults == []


def test_a_map_that_nobody_scrolled_to_is_drawn_before_its_page_is_printed(reader, served):
    page = reader.page
    reader.sign_in(served.accounts[Role.REVIEWER.value])
    page.add_init_script(f"window.print = () => {{ document.body.dataset.printed = {PINS}; }}")
    page.set_viewport_size({"width": WIDE, "height": 300})
    reader.open("/plans/1/submissions?form=gnbv_household")
    page.locator("#records tbody a").first.click()
    page.wait_for_load_state()
    assert page.locator(".leaflet-container").count() == 0
    page.emulate_media(media="print")
    assert page.locator(".map-points li").first.is_visible()  # what a browser's own print shows
    page.emulate_media(media="screen")

    page.locator("[data-print]").click()
    page.locator("[data-printed]").wait_for()
    assert page.locator("body").get_attribute("data-printed") == "1"

    page.emulate_media(media="print")
    assert not page.locator(".map-points").is_visible()
    assert reader.faults == []


def test_a_photo_at_full_size_leads_back_to_its_record(reader, served):
    page = reader.page
    reader.sign_in(served.accounts[Role.REVIEWER.value])
    reader.open("/plans/1/photos")
    page.locator(".gallery .photo a").first.click()
    page.wait_for_load_state()
    reader.look()
    assert page.locator(".full-photo img").evaluate("photo => photo.naturalWidth") > 300

    page.get_by_role("link", name="Mở phiếu").click()
    page.wait_for_load_state()

    assert "/submissions/" in page.url and page.locator("#review").count() == 1
    assert reader.faults == []


def test_an_administrator_takes_in_boundaries_and_sees_them_on_the_map(reader, served, tmp_path):
    path = tmp_path / "bia-de-thu.geojson"
    path.write_bytes(shapes.collection(*squares_around(served.app), shapes.DISTRICT))
    page = reader.page
    reader.sign_in(served.accounts[Role.ADMINISTRATOR.value])
    reader.open("/places/boundaries?edition=2024")
    page.set_input_files("[name=file]", path)
    page.fill("[name=source]", "Bịa để thử")
    page.fill("[name=attribution]", "© Ô vuông bịa để thử")
    for step in ("Xem trước", "Nhập địa giới 19 đơn vị"):
        page.get_by_role("button", name=step).click()
        page.wait_for_load_state()
        reader.look()

    reader.open("/map?plan=1")
    page.locator("#atlas-legend .area-drawn").wait_for()

    assert page.locator(".map path.area-drawn").count() == 4  # the communes drawn, of eighteen
    assert page.locator(".map path.area-frame").count() == 1
    assert "Địa giới: © Ô vuông bịa để thử." in page.locator(".map-credit").inner_text()
    reader.judge()
    assert reader.faults == []


def squares_around(app):
    """Return a made-up square for every commune of Vụ Bản."""
    with app.app_context():
        communes = db.session().scalars(places.communes_under("2024", "359")).all()
        db.session.remove()
    return [
        shapes.feature(shapes.beside(number), ma=each.code, ten=each.name)
        for number, each in enumerate(communes)
    ]


PINS = "document.querySelectorAll('.leaflet-container .pin').length"
LOOKS = [(WIDE, "vi", "light"), (NARROW, "en", "dark")]
LOOKED_AT = ("administrator", "unit-officer")
"""Whose pages are looked at one by one: between them they have all."""


@pytest.fixture(scope="module")
def met(served, chromium) -> dict[str, Spider]:
    """What people meet who follow every link: of everything, of their communes, of their unit."""
    return {role: _follow_all(served, chromium, role) for role in (*LOOKED_AT, "team-leader")}


def _follow_all(served: Place, chromium: Browser, role: str) -> Spider:
    context = chromium.new_context()
    Reader.at(context, served.address).sign_in(served.accounts[role])

    def fetch(path: str) -> tuple[int, str, str]:
        answer = context.request.get(served.address + path)
        kind = answer.headers.get("content-type", "")
        return answer.status, kind, answer.text() if kind.startswith("text/html") else ""

    spider = Spider(served.app, fetch)
    spider.crawl("/")
    context.close()
    return spider


def test_every_link_leads_somewhere(met):
    assert [fault for spider in met.values() for fault in spider.faults] == []
    assert len(met["administrator"].pages) > 60 and len(met["unit-officer"].pages) > 3


@pytest.mark.parametrize(("width", "language", "light"), LOOKS)
def test_every_page_reads_well_on_a_desk_and_in_the_hand(
    met, served, chromium, width, language, light
):
    """No script fails, nothing is asked of others, nothing sticks out, and axe finds no fault."""
    faults = []
    for role in LOOKED_AT:
        size = {"width": width, "height": 900}
        context = chromium.new_context(viewport=size, color_scheme=light)
        reader = Reader.at(context, served.address, language)
        reader.sign_in(served.accounts[role])
        context.add_init_script(AXE)
        for path in sorted(met[role].examples()):
            reader.open(path)
            reader.judge()
        faults += reader.faults
        context.close()

    assert faults == []


def test_the_pages_speak_english_when_asked(reader, served):
    reader.sign_in(served.accounts[Role.COORDINATOR.value])
    reader.speak("en")
    reader.open("/plans/1")

    assert reader.page.locator("html").get_attribute("lang") == "en"
    assert "Sign out" in reader.page.content()
    assert reader.faults == []


def test_a_wrong_password_says_so_and_keeps_the_address_typed(reader, served):
    reader.page.goto(f"{served.address}/sign-in")
    reader.page.fill("[name=email]", "nguoiduyet@vuban.example")
    reader.page.fill("[name=password]", "không phải mật khẩu")
    reader.page.click("main form button:not([name=lang])")
    reader.page.wait_for_load_state()

    assert "không đúng" in reader.page.locator("main").inner_text()
    assert reader.page.input_value("[name=email]") == "nguoiduyet@vuban.example"


@pytest.mark.parametrize("role", DAYS, ids=lambda role: role.value)
def test_a_day_from_sign_in_to_sign_out(role, served, chromium):
    """At a desk in Vietnamese, then on a phone in English: the same steps lead to the same ends."""
    context = chromium.new_context(viewport={"width": WIDE, "height": 900})
    reader = Reader.at(context, served.address)
    reader.sign_in(served.accounts[role.value])
    for width, language, _ in LOOKS:
        reader.page.set_viewport_size({"width": width, "height": 900})
        if language != reader.language:
            reader.speak(language)
        reader.page.goto(served.address)
        for step in DAYS[role]:
            Hand(reader.page).do(step)
            reader.look()
    reader.sign_out()
    context.close()

    assert reader.faults == []


def test_everyday_tasks_take_no_more_clicks_and_keys_than_the_table_says(served, chromium):
    table = everyday.TABLE.read_text("utf-8").splitlines()
    told = {row.rsplit(" ", 2)[0] for row in table if row.startswith("| ")}
    context = chromium.new_context(viewport={"width": WIDE, "height": 900})
    everyday.correct(context.new_page(), served.address, served.accounts)
    served.app.extensions["jobs"].drain()
    played = []
    for task in everyday.TASKS:
        reader = Reader.at(context, served.address)
        reader.sign_in(served.accounts[task.role])
        hand = Hand(reader.page)
        for step in task.steps:
            try:
                hand.do(step)
            except Exception as error:
                error.add_note(f"{task.name}: {step} on {reader.page.url}")
                raise
        played.append(everyday.line(task, hand))
        reader.page.close()
        context.clear_cookies()
    context.close()

    assert [row for row in played if row not in told] == []


@pytest.mark.parametrize("address", ["/plans/1/submissions", "/findings", "/map?plan=1"])
def test_an_older_browser_without_has_folds_nothing_away_on_a_phone(served, chromium, address):
    """Browsers older than `:has()` drop every rule that names it: the same as another name."""
    context = chromium.new_context(viewport={"width": NARROW, "height": 900})
    context.route("**/*.css*", lambda route: route.fulfill(
        body=(sent := route.fetch()).text().replace(":has(", ":unheard-of("), response=sent,
    ))  # fmt: skip
    reader = Reader.at(context, served.address)
    reader.sign_in(served.accounts[Role.REVIEWER.value])
    reader.open(address)
    filters = reader.page.locator(".filters").first

    assert filters.locator("> .field").count() > 3
    assert filters.locator("> .field:not(:visible)").count() == 0
    assert filters.locator("> .actions button").first.is_visible()
    assert not reader.page.locator(".fold").first.is_visible()
    assert reader.faults == []
    context.close()


@pytest.mark.parametrize(("locale", "said"), [("en-US", ["01/04/2024", "30/11/2024"]), ("vi", [])])
def test_days_typed_in_a_browser_of_another_language_are_said_as_pages_say_them(
    served, chromium, locale, said
):
    context = chromium.new_context(locale=locale)
    reader = Reader.at(context, served.address)
    reader.sign_in(served.accounts[Role.COORDINATOR.value])
    reader.open("/plans/1/edit")
    shown = reader.page.locator(".day-said")

    assert shown.all_inner_texts() == said
    reader.page.fill("[name=ends_on]", "2024-12-09")
    assert shown.all_inner_texts() == [*said[:1], *(["09/12/2024"] if said else [])]
    reader.page.fill("[name=ends_on]", "")
    assert shown.locator("visible=true").count() == len(said[:1])
    assert reader.faults == []
    context.close()
