"""A draw held before witnesses: one projector, a keyboard, a reload in the middle; and no scripts.

Every step fits on the projector, runs nothing that its content policy forbids, and asks no other
host for anything.
"""

import re
from collections.abc import Iterator

import pytest
from flask import current_app
from playwright.sync_api import Browser, Page, expect

from server.db import db, transaction
from server.demo.loopback import serving
from server.draws import service
from server.draws.models import Draw, DrawState
from server.places import queries as places
from server.teams import service as teams
from tests.conftest import ACTOR, same_on_both
from tests.walks.browsing import chromium as chromium
from tests.walks.browsing import needs_chromium

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    needs_chromium,
    same_on_both,
]
DIGITS = "48371029556138207714"
WITNESSES = ("Trần Thị Hoa", "Lê Văn Sơn", "Phạm Thu Hà")


@pytest.fixture
def committed(app, round_) -> int:
    """A draw of four communes of eighteen, with three in reserve, that waits for its dice."""
    with transaction() as session:
        units = session.scalars(places.communes_under("2024", "359")).all()
        found = session.merge(round_)
        return service.commit(session, found, units, 4, 3, service.source_of("dice-d10"), ACTOR).id


@pytest.fixture
def served(app, committed) -> Iterator[str]:
    with serving(app) as address:
        yield address


class Room:
    """A projector with somebody of the office at its keyboard, and whatever went wrong on it."""

    def __init__(self, browser: Browser, address: str, person, size, scripts=True) -> None:
        context = browser.new_context(viewport=size, java_script_enabled=scripts)
        with transaction() as session:
            key = teams.open_sign_in(session, session.merge(person))
        self.page: Page = context.new_page()
        self.address, self.faults = address, []
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("console", lambda s: s.type == "error" and self.faults.append(s.text))
        self.page.on("request", self._asked)
        self._sign_in(context, key)

    def _sign_in(self, context, key) -> None:
        serializer = current_app.session_interface.get_signing_serializer(current_app)
        cookie = {"name": "session", "value": serializer.dumps({"key": key}), "url": self.address}
        context.add_cookies([cookie])

    def _asked(self, request) -> None:
        if not request.url.startswith((self.address, "data:")):
            self.faults.append(f"asked {request.url}")

    def open(self, path: str) -> None:
        self.page.goto(self.address + path)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def at(self, step: int, more: str = "") -> None:
        self.page.wait_for_url(re.compile(rf"step={step}{more}"))

    def overflow(self) -> list[int]:
        """Return by how many pixels the page is wider and higher than the screen."""
        return self.page.evaluate(
            "[document.documentElement.scrollWidth - innerWidth,"
            " document.documentElement.scrollHeight - innerHeight]"
        )

    def codes(self) -> set[str]:
        """Return every number of five digits that is read on the page, inside no longer word."""
        return set(re.findall(r"\b\d{5}\b", self.page.inner_text("body")))


def drawn(draw_id: int) -> Draw:
    db.session.rollback()
    db.session.expire_all()
    return db.session.get_one(Draw, draw_id)


@pytest.mark.parametrize(
    "size", [{"width": 1920, "height": 1080}, {"width": 1280, "height": 720}], ids=["1080", "720"]
)
def test_a_ceremony_by_keyboard(chromium, served, committed, cast, size):
    room = Room(chromium, served, cast.minh, size)
    room.open(f"/draws/{committed}/screen")
    room.at(1)
    fits = [room.overflow()]
    room.press("PageDown")
    room.at(2)
    fits.append(room.overflow())
    room.press("ArrowRight")
    room.at(3)
    for name in WITNESSES:
        room.page.keyboard.type(name)
        room.press("Tab")
    room.press("Enter")
    boxes = room.page.locator("input[name=digit]")
    expect(boxes).to_have_count(20)
    room.page.keyboard.type(DIGITS[:7])
    room.page.reload()
    expect(boxes.nth(6)).to_have_value(DIGITS[6])
    expect(room.page.locator(".now")).to_have_text("Số thứ 8, Lê Văn Sơn đọc")
    fits.append(room.overflow())
    room.page.keyboard.type(DIGITS[7:])
    room.press("Enter")
    expect(room.page.locator(".number")).to_contain_text("48371 02955 61382 07714")
    fits.append(room.overflow())
    assert drawn(committed).state is DrawState.COMMITTED
    room.page.get_by_role("button", name="Đúng, rút mẫu").click()
    room.at(4)
    units = drawn(committed).drawn
    for shown in range(len(units) + 1):
        expect(room.page.locator(".told li")).to_have_count(shown)
        newest = units[max(shown - 1, 0)]
        shows = room.codes()
        assert [unit for unit in units if unit.unit_code in shows] == [newest] * bool(shown)
        fits.append(room.overflow())
        room.press(" ")
        room.at(*((4, f"&shown={shown + 1}") if shown < len(units) else (5,)))
    fits.append(room.overflow())
    room.press("4", "ArrowRight")

    assert fits == [[0, 0]] * len(fits)
    assert room.faults == []


def test_a_ceremony_without_scripts(chromium, served, committed, cast):
    room = Room(chromium, served, cast.minh, {"width": 1280, "height": 720}, scripts=False)
    page = room.page
    room.open(f"/draws/{committed}/screen")
    page.get_by_role("link", name="Tiếp").click()
    page.get_by_role("link", name="Tiếp").click()
    for box, name in enumerate(WITNESSES):
        page.locator("input[name=witness]").nth(box).fill(name)
    page.get_by_role("button", name="Tiếp").click()
    for box, digit in enumerate(DIGITS):
        page.locator("input[name=digit]").nth(box).fill(digit)
    page.get_by_role("button", name="Đọc lại").click()
    page.get_by_role("button", name="Đúng, rút mẫu").click()
    for _unit in range(3):
        page.get_by_role("link", name="Tiếp").click()

    expect(page.locator(".newest .rank")).to_have_text("3")
    assert drawn(committed).seed == DIGITS
    assert room.faults == []
