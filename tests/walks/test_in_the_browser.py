"""A reviewer's and a coordinator's way through the demonstration, in a real browser.

Every page is looked at on a wide screen and on a phone: it answers, stays inside the screen, runs
nothing that its content policy forbids, and asks no other host for anything.
"""

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, sync_playwright
from waitress import create_server

from server.db import db
from server.demo import keys, loader
from server.permissions import Role
from tests.demo.test_loader import FEW, installation

CHROMIUM = shutil.which("chromium")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
WIDTHS = (1280, 390)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.java,
    pytest.mark.slow,
    pytest.mark.xdist_group("browser"),  # one of two workers makes the demonstration
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt install chromium"),
]


@dataclass
class Place:
    """Where the application is served, and who may sign in."""

    address: str
    accounts: dict[str, keys.Account]


@pytest.fixture(scope="module")
def served(template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The demonstration, served on loopback."""
    with installation(template, tmp_path_factory.mktemp("browser")) as app:
        loader.load(app, FEW)
        found = keys.read(app.config["THUCDIA"].var)
        assert found is not None
        db.session.remove()  # a transaction left open would be ended under us
        with Serving(app) as address:
            yield Place(address, {account.role: account for account in reversed(found.accounts)})


class Serving:
    """The application on loopback, for the length of a block."""

    def __init__(self, app: Flask) -> None:
        self.server = create_server(app, host="127.0.0.1", port=0, threads=4)
        self.thread = threading.Thread(target=self.server.run, daemon=True)

    def __enter__(self) -> str:
        self.thread.start()
        return f"http://127.0.0.1:{self.server.effective_port}"

    def __exit__(self, *_: object) -> None:
        self.server.close()
        self.thread.join(5)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One headless browser for the module."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


@dataclass
class Reader:
    """A person before a screen, who notes whatever is wrong with a page."""

    page: Page
    address: str
    faults: list[str] = field(default_factory=list)

    def watch(self) -> None:
        """Note failed scripts, refused content and requests to other hosts."""
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on(
            "console",
            lambda said: self.faults.append(said.text) if said.type == "error" else None,
        )
        self.page.on(
            "request",
            lambda request: (
                None
                if request.url.startswith((self.address, "data:", "blob:"))
                else self.faults.append(f"asked {request.url}")
            ),
        )

    def sign_in(self, account: keys.Account) -> None:
        """Sign in as anybody would."""
        self.page.goto(f"{self.address}/sign-in")
        self.page.fill("[name=email]", account.email)
        self.page.fill("[name=password]", account.password)
        self.page.click("main form button:not([name=lang])")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def follow(self, words: str) -> None:
        """Follow the first link of the page that says `words`."""
        self.page.locator("main a", has_text=words).first.click()
        self.page.wait_for_load_state()
        self.look()

    def open(self, path: str) -> None:
        """Open an address and look at it."""
        answer = self.page.goto(self.address + path)
        if answer is None or answer.status != 200:
            self.faults.append(f"{path}: {answer and answer.status}")
        self.look()

    def look(self) -> None:
        """Note a page that is wider than the screen or has no heading."""
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        if self.page.evaluate(wide):
            self.faults.append(f"{self.page.url} is wider than the screen")
        if self.page.locator("main h1").count() != 1:
            self.faults.append(f"{self.page.url} has no single heading")


@pytest.fixture(params=WIDTHS)
def reader(request: pytest.FixtureRequest, chromium: Browser, served: Place) -> Iterator[Reader]:
    """Somebody before a screen of one of the two widths."""
    context = chromium.new_context(viewport={"width": request.param, "height": 900})
    found = Reader(context.new_page(), served.address)
    found.watch()
    yield found
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
    assert reader.page.locator(".leaflet-container").count() == 1
    assert reader.faults == []


def test_every_page_of_the_plan_opens_for_its_coordinator(reader, served):
    reader.sign_in(served.accounts[Role.COORDINATOR.value])
    for path in (
        "/plans",
        "/plans/1",
        "/plans/1/forms",
        "/forms/1/versions/1",
        "/plans/1/draws",
        "/draws/1",
        "/draws/1/minutes",
        "/plans/1/teams",
        "/plans/1/phones",
        "/plans/1/submissions",
        "/plans/1/held",
        "/held/1",
        "/findings",
        "/visits/1",
        "/records/1",
        "/places",
        "/programme",
        "/journal",
    ):
        reader.open(path)
    assert reader.faults == []


def test_the_pages_speak_english_when_asked(reader, served):
    reader.sign_in(served.accounts[Role.COORDINATOR.value])
    english = "document.querySelector('form[action=\"/language\"] button[value=en]').click()"
    with reader.page.expect_navigation():
        reader.page.evaluate(english)
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
