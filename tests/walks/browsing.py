"""A real browser before the real application: what it shows, and whatever is wrong with a page."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.chromium import launch, program
from server.demo import keys

needs_chromium = pytest.mark.skipif(
    program() is None, reason="no chromium: apt install chromium-headless-shell"
)
WIDE, NARROW = 1280, 390
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text("utf-8")
_RUN_AXE = """() => axe.run({iframes: false, resultTypes: ['violations']})
  .then(found => found.violations
  .filter(each => ['serious', 'critical'].includes(each.impact))
  .flatMap(each => each.nodes.map(node => each.id + ': ' + node.html.slice(0, 160))))"""
_LOOK = """() => {
  const page = document.documentElement
  return [page.scrollWidth > page.clientWidth, document.querySelector('h1') !== null,
          document.querySelector('.languages') && page.lang]
}"""
"""Whether it sticks out, has a heading, and its language; what is printed for the file is
Vietnamese always, and offers no choice."""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One headless browser for the module."""
    with sync_playwright() as playwright:
        found = launch(playwright)
        yield found
        found.close()


@dataclass
class Reader:
    """A person before a screen, who notes whatever is wrong with a page."""

    page: Page
    address: str
    language: str = "vi"
    faults: list[str] = field(default_factory=list)

    @classmethod
    def at(cls, context: BrowserContext, address: str, language: str = "vi") -> "Reader":
        """Sit down before a window of `context`."""
        reader = cls(context.new_page(), address, language)
        reader.watch()
        return reader

    def watch(self) -> None:
        """Note failed scripts, refused content, dialogs and requests to other hosts."""
        self.page.on("pageerror", lambda error: self.note(f"script: {error}"))
        self.page.on("console", lambda said: self.note(said.text) if said.type == "error" else None)
        self.page.on("request", self._asked)
        self.page.on("dialog", self._asked_back)

    def note(self, fault: str) -> None:
        """Write down a fault, and where it was."""
        self.faults.append(f"{self.page.url.removeprefix(self.address)}: {fault}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.note(f"asked {request.url}")

    def _asked_back(self, dialog: Any) -> None:
        if dialog.type != "beforeunload":
            self.note(f"a dialog says {dialog.message}")
        dialog.accept()

    def sign_in(self, account: keys.Account) -> None:
        """Sign in as anybody would."""
        self.page.goto(f"{self.address}/sign-in")
        if self.page.locator("html").get_attribute("lang") != self.language:
            self.speak(self.language)
        self.page.fill("[name=email]", account.email)
        self.page.fill("[name=password]", account.password)
        self.page.click("main form button:not([name=lang])")
        self.page.wait_for_url(lambda url: "/sign-in" not in url)

    def sign_out(self) -> None:
        """Sign out by the button that the screen shows."""
        menu = self.page.locator(".menu > summary")
        if menu.is_visible():
            menu.click()
        self.page.locator(".sign-out:visible").click()
        self.page.wait_for_url("**/sign-in*")

    def enter(self, app: Flask, key: str) -> None:
        """Come in by a sign-in that is there already."""
        with app.app_context():
            serializer = app.session_interface.get_signing_serializer(app)  # type: ignore[attr-defined]
        kept = serializer.dumps({"key": key, "lang": self.language})
        self.page.context.add_cookies([{"name": "session", "value": kept, "url": self.address}])

    def speak(self, language: str) -> None:
        """Choose a language."""
        button = f"document.querySelector('form[action=\"/language\"] button[value={language}]')"
        with self.page.expect_navigation():
            self.page.evaluate(f"{button}.click()")
        self.language = language

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
        """Note a page that is wider than the screen, has no heading or speaks another language."""
        wider, headed, language = self.page.evaluate(_LOOK)
        if wider:
            self.note("wider than the screen")
        if not headed:
            self.note("no heading")
        if language not in (None, self.language):
            self.note("another language")

    def judge(self) -> None:
        """Note what axe finds serious or critical, as a person who cannot see would.

        A context that is given AXE for each of its pages need not send it again.
        """
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        for fault in self.page.evaluate(_RUN_AXE):
            self.note(fault)
