"""Takes the pictures of the README and the user guide from a served demonstration, in chromium.

make run                                                     # in one window
.venv/bin/python tools/pictures.py http://127.0.0.1:8000 var
"""

import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench import chromium  # noqa: E402 - the path above comes first
from server.demo import keys  # noqa: E402 - the path above comes first

FOLDER = ROOT / "docs/pictures"
WIDE, NARROW = (1280, 860), (390, 780)
README = {
    "home": "/",
    "plan": "/plans/1",
    "draw": "/draws/1",
    "records": "/plans/1/submissions?form=gnbv_household",
    "map": "/map?plan=1",
    "photos": "/plans/1/photos",
    "findings": "/findings?plan=1",
    "finding": "/findings/1",
}
RECORD = "/submissions/9"
"""As its reviewer sees it: the coordinator decides on none."""
GUIDE = (
    ("quan-tri", "administrator", "/people", WIDE),
    ("nhat-ky", "administrator", "/journal", WIDE),
    ("dieu-phoi", "coordinator", "/plans/1/setup", WIDE),
    ("dien-thoai", "coordinator", "/plans/1/phones", WIDE),
    ("lich-doan", "coordinator", "/plans/1/calendar?view=month&day=2024-04-01", WIDE),
    ("truong-doan", "team-leader", "/", WIDE),
    ("thanh-vien", "inspector", "/plans/1", NARROW),
    ("duyet-nhieu", "reviewer", "/plans/1/submissions?waits=1", WIDE),
    ("lanh-dao", "viewer", "/plans/1/charts", WIDE),
    ("don-vi", "unit-officer", "/unit", NARROW),
)
"""Name, whose page, which, and how large the window: kept as JPEG, beside the README's PNG."""


def main(address: str, var: str) -> int:
    """Sign in as each role, open its pages, keep what the window shows."""
    held = keys.read(Path(var))
    if held is None:
        sys.exit(f"{var}: no demonstration there")
    accounts = {account.role: account for account in reversed(held.accounts)}
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        page = _signed_in(browser, address, accounts["coordinator"], WIDE)
        for name, path in README.items():
            page.goto(address + path, wait_until="networkidle")
            page.screenshot(path=FOLDER / f"{name}.png")
        page = _signed_in(browser, address, accounts["reviewer"], WIDE)
        page.goto(address + RECORD, wait_until="networkidle")
        page.screenshot(path=FOLDER / "record.png")
        for name, role, path, size in GUIDE:
            page = _signed_in(browser, address, accounts[role], size)
            page.goto(address + path, wait_until="networkidle")
            page.screenshot(path=FOLDER / f"{name}.jpg", type="jpeg", quality=72)
            sys.stdout.write(f"{name}.jpg\n")
        browser.close()
    return 0


def _signed_in(
    browser: Browser, address: str, account: keys.Account, size: tuple[int, int]
) -> Page:
    width, height = size
    page = browser.new_page(viewport={"width": width, "height": height}, locale="vi-VN")
    page.goto(f"{address}/sign-in")
    page.fill("[name=email]", account.email)
    page.fill("[name=password]", account.password)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
