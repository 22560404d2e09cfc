"""Everyday work at a desk, step by step in a browser: clicks and keys counted, seconds measured.

    make run                                                     # in one window
    .venv/bin/python -m bench.everyday http://127.0.0.1:8000 var

plays each task once on a served demonstration, measures from the first page to the last one
loaded, and writes `docs/everyday_tasks.md`. Seconds depend on the machine and on what else it does;
clicks and keys do not, and a test holds the pages to those of the table.
"""

import re
import sys
import time
import uuid
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote

from playwright.sync_api import FilePayload, Locator, Page, sync_playwright

from bench import chromium
from server.demo import keys
from server.permissions import ROLE_NAMES

TABLE = Path(__file__).resolve().parents[1] / "docs/everyday_tasks.md"
HEAD = (
    "# Việc hằng ngày: mấy lần bấm, mấy phím gõ",
    "",
    "Tính từ trang đầu sau khi đăng nhập, trên bản mẫu. `python -m bench.everyday` đo và ghi lại;",
    "một phép thử giữ cho số lần bấm và số phím không tăng. Giây tùy máy.",
    "",
    "| việc | ai làm | lần bấm | phím gõ | giây |",
    "|---|---|---|---|---|",
)
_ROLE_NAMES = {role.value: names[0] for role, names in ROLE_NAMES.items()}
Step = tuple[str, ...]
"""A verb of `Hand` and what it is done to."""


@dataclass
class Hand:
    """Somebody at a page, and what it costs them."""

    page: Page
    clicks: int = 0
    keys: int = 0

    def do(self, step: Step) -> None:
        """Take one step."""
        verb, *what = step
        act: Callable[..., None] = getattr(self, verb)
        act(*what)

    def click(self, css: str) -> None:
        """Click the first thing that fits and is in sight, and wait for where it leads."""
        self._click(self.page.locator(css).locator("visible=true").first)
        self.page.wait_for_load_state()

    def go(self, path: str) -> None:
        """Follow a link of the menu, which a narrow screen folds away."""
        menu = self.page.locator(".menu > summary")
        if menu.is_visible():
            self._click(menu)
        self.click(f"header nav a[href='{path}']")

    def type(self, css: str, text: str) -> None:
        """Type into a field; a key has its letter, Enter stands as a line's end."""
        field = self.page.locator(css).locator("visible=true").first
        field.fill(text.rstrip("\n"))
        if text.endswith("\n"):
            with self.page.expect_navigation():
                field.press("Enter")
        self.keys += len(text)

    def choose(self, css: str, value: str) -> None:
        """Choose from a list: one click opens it, one takes the word."""
        self.page.locator(css).first.select_option(value)
        self.clicks += 2

    def hand_in(self, css: str, name: str, content: str) -> None:
        """Choose a file of the desk's own: one click opens the window, one takes the file."""
        file = FilePayload(name=name, mimeType="text/csv", buffer=content.encode("utf-8-sig"))
        self.page.locator(css).first.set_input_files(file)
        self.clicks += 2

    def download(self, css: str) -> None:
        """Click what is kept as a file."""
        with self.page.expect_download() as coming:
            self._click(self.page.locator(css).locator("visible=true").first)
        if coming.value.failure():
            raise AssertionError(f"{css}: {coming.value.failure()}")

    def sees(self, css: str) -> None:
        """Look for something that must be in sight."""
        self.page.locator(css).locator("visible=true").first.wait_for(timeout=10_000)

    def scrolls_to(self, css: str) -> None:
        """Bring something into sight, which costs no click."""
        self.page.locator(css).first.scroll_into_view_if_needed()

    def _click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1


@dataclass(frozen=True)
class Task:
    """One thing that people do every day: who, from which page, and how."""

    name: str
    role: str
    steps: tuple[Step, ...]


PEOPLE = "Họ tên,Đoàn\n" + "".join(f"Người Thứ {n:02d},Đoàn số 1 (mẫu)\n" for n in range(1, 21))
TASKS = (
    Task("Duyệt cả trang phiếu (tối đa 50)", "reviewer", (
        ("click", "a[href$='/submissions?waits=1']"), ("click", "[name=decision][value=approve]"),
        ("click", "main form.panel button[type=submit]"), ("sees", "#messages .notice"),
    )),
    Task("Tìm một hộ", "reviewer", (
        ("click", "main a[href='/plans/1/submissions']"), ("type", "#q", "thon 1\n"),
        ("click", "#records tbody .row-title a"), ("sees", "#review"),
    )),
    Task("Xem một ảnh cỡ đầy đủ", "reviewer", (
        ("click", "main a[href='/plans/1/photos']"), ("click", ".gallery .photo a"),
        ("sees", "img"),
    )),
    Task("So hai bản của một phiếu", "reviewer", (
        ("click", "main a[href='/plans/1/submissions']"), ("type", "#q", "sua lan hai\n"),
        ("click", "#records tbody .row-title a"), ("click", "a[href$='/versions/2']"),
        ("sees", "#changes tbody tr"),
    )),
    Task("Xem đoàn nào chậm", "coordinator", (
        ("click", "a[href='/plans/1/late']"), ("sees", "#live table tbody tr"),
    )),
    Task("Trả lại một phiếu kèm lý do", "reviewer", (
        ("click", "main a[href='/plans/1/submissions']"),
        ("click", "#records tbody .row-title a"), ("type", "#reason", "Ghi lại tuổi chủ hộ"),
        ("click", "#review-form [value=return]"), ("sees", "[data-state=returned]"),
    )),
    Task("Rút mẫu và in biên bản", "coordinator", (
        ("click", "main h3 a[href='/plans/1']"), ("click", "a[href='/plans/1/rounds/new']"),
        ("type", "#code", "VB24-9"), ("type", "#name", "Đợt 9"),
        ("click", "main form.panel button[type=submit]"),
        ("click", "a[href='/plans/1/draws']"), ("click", "a[href='/plans/1/draws/new']"),
        ("type", "#size", "2"), ("click", "main form button[type=submit]"),
        ("type", "[data-digits]", "48371029556138207714"),
        ("type", "[name=witness]", "Hoa"), ("type", "[name=witness] >> nth=1", "Sơn"),
        ("type", "[name=witness] >> nth=2", "Hà"),
        ("click", "main form button.btn-primary"), ("click", "a[href$='/minutes']"),
        ("sees", "[data-print]"),
    )),
    Task("Cấp mã cho 20 điện thoại", "coordinator", (
        ("click", "main h3 a[href='/plans/1']"), ("click", "a[href='/plans/1/phones']"),
        ("click", "a[href$='/phones/import']"), ("hand_in", "#file", "danh-sach.csv", PEOPLE),
        ("click", "main form button[type=submit]"), ("download", "main form button[type=submit]"),
    )),
    Task("Theo một phát hiện", "reviewer", (
        ("go", "/findings"), ("click", "main table tbody a"), ("sees", "main h1"),
    )),
    Task("Tải bảng đang xem", "reviewer", (
        ("click", "main a[href='/plans/1/submissions']"), ("download", "a[href*='.xlsx']"),
    )),
)  # fmt: skip
"""In the order of the table; those that change something suit those after them."""


def main(address: str, var: str) -> int:
    """Play every task once, print its seconds."""
    held = keys.read(Path(var))
    if held is None:
        sys.exit(f"{var}: no demonstration there")
    accounts = {account.role: account for account in reversed(held.accounts)}
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        told = []
        for task in TASKS:
            page = browser.new_page(viewport={"width": 1280, "height": 900}, locale="vi-VN")
            correct(page, address, accounts)
            sign_in(page, address, accounts[task.role])
            hand, begun = Hand(page), time.perf_counter()
            for step in task.steps:
                hand.do(step)
            told.append(
                line(task, hand) + f" {time.perf_counter() - begun:.1f} |".replace(".", ",")
            )
            print(told[-1])
            page.close()
        browser.close()
    TABLE.write_text("\n".join([*HEAD, *told, ""]), "utf-8")
    return 0


def line(task: Task, hand: Hand) -> str:
    """Return a task's row of the table, but for its seconds."""
    return f"| {task.name} | {_ROLE_NAMES[task.role]} | {hand.clicks} | {hand.keys} |"


def correct(page: Page, address: str, accounts: dict[str, keys.Account]) -> None:
    """Have one record corrected by a program, once: two of its contents are to be compared."""
    forms = f"{address}/v1/projects/1/forms/gnbv_hamlet/submissions"
    who = accounts["reviewer"]
    key = b64encode(f"{who.email}:{who.password}".encode()).decode()
    headers = {"Authorization": f"Basic {key}", "Content-Type": "text/xml"}
    ids = sorted(each["instanceId"] for each in page.request.get(forms, headers=headers).json())
    at = f"{forms}/{quote(ids[0])}"
    if len(page.request.get(f"{at}/versions", headers=headers).json()) > 1:
        return
    held = page.request.get(f"{at}.xml", headers=headers).text()
    fresh = f"<instanceID>uuid:{uuid.uuid4()}</instanceID><deprecatedID>{ids[0]}</deprecatedID>"
    edit = re.sub("<instanceID>[^<]*</instanceID>", fresh, held)
    edit = re.sub("<causes ?/>|<causes>[^<]*</causes>", "<causes>sửa lần hai</causes>", edit)
    answer = page.request.put(at, headers=headers, data=edit)
    if answer.status != HTTPStatus.OK:
        raise AssertionError(answer.text())


def sign_in(page: Page, address: str, account: keys.Account) -> None:
    """Sign in as anybody would."""
    page.goto(f"{address}/sign-in")
    page.fill("[name=email]", account.email)
    page.fill("[name=password]", account.password)
    page.click("main form button:not([name=lang])")
    page.wait_for_url(lambda url: "/sign-in" not in url)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
