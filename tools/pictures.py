"""Takes the README's pictures from a served demonstration, in Debian's chromium.

make run                                                     # in one window
.venv/bin/python tools/pictures.py http://127.0.0.1:8000 EMAIL PASSWORD
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

FOLDER = Path(__file__).resolve().parents[1] / "docs/pictures"
SIZE = {"width": 1280, "height": 860}
PAGES = {
    "home": "/",
    "plan": "/plans/1",
    "draw": "/draws/1",
    "records": "/plans/1/submissions?form=gnbv_household",
    "record": "/submissions/9",
    "map": "/map?plan=1",
    "photos": "/plans/1/photos",
    "findings": "/findings?plan=1",
    "finding": "/findings/1",
}


def main(address: str, email: str, password: str) -> int:
    """Sign in, open each page, keep what the window shows."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        page = browser.new_page(viewport=SIZE, locale="vi-VN")  # type: ignore[arg-type]
        _sign_in(page, address, email, password)
        for name, path in PAGES.items():
            page.goto(address + path, wait_until="networkidle")
            page.screenshot(path=FOLDER / f"{name}.png")
            sys.stdout.write(f"{name}.png\n")
        browser.close()
    return 0


def _sign_in(page: Page, address: str, email: str, password: str) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("[name=email]", email)
    page.fill("[name=password]", password)
    page.click("main button[type=submit]")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
