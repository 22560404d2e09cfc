"""How soon a page shows on a thin line, and how many bytes it takes.

    make run                                                     # in one window
    .venv/bin/python -m bench.paint http://127.0.0.1:8000 var

Opens pages of a served demonstration in Chromium behind a line of 1 Mbit/s with 60 ms to and fro:
once with nothing kept ('first'), once with styles and scripts kept as on any later page. Bytes are
those of the first opening without photos, as they travel.
"""

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from bench import chromium
from bench.everyday import sign_in
from server.demo import keys

LINE = {"offline": False, "latency": 60, "downloadThroughput": 125_000, "uploadThroughput": 125_000}
LIMIT_MS, LIMIT_KB = 1000, 100
PAGES = (
    "/", "/plans", "/plans/1", "/plans/1/submissions", "/submissions/9", "/plans/1/photos",
    "/map?plan=1", "/findings", "/findings/1", "/plans/1/charts", "/draws/1", "/journal",
    "/visits/1", "/visits/1/sample", "/records/1", "/plans/1/calendar",
    "/plans/1/rounds/1/progress",
)  # fmt: skip
_PAINTED = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? -1"


def main(address: str, var: str) -> int:
    """Open each page twice, print when it showed."""
    held = keys.read(Path(var))
    if held is None:
        sys.exit(f"{var}: no demonstration there")
    who = next(account for account in held.accounts if account.role == "administrator")
    print(f"{'page':28} {'kB':>6} {'first ms':>9} {'later ms':>9}")
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        for path in PAGES:
            page = browser.new_context().new_page()
            sign_in(page, address, who)
            told = Line(page)
            first, kilobytes = told.open(address + path, cold=True), told.taken / 1000
            later = told.open(address + path, cold=False)
            mark = "" if later < LIMIT_MS and kilobytes < LIMIT_KB else "  over"
            print(f"{path:28} {kilobytes:6.1f} {first:9.0f} {later:9.0f}{mark}")
            page.context.close()
        browser.close()
    return 0


class Line:
    """A thin line before one page, and what travelled on it."""

    def __init__(self, page: Page) -> None:
        self.page, self.taken = page, 0
        self._photos: set[str] = set()
        self.cdp = page.context.new_cdp_session(page)
        self.cdp.send("Network.enable")
        self.cdp.send("Network.emulateNetworkConditions", LINE)
        self.cdp.on("Network.responseReceived", self._came)
        self.cdp.on("Network.loadingFinished", self._whole)

    def open(self, address: str, cold: bool) -> float:
        """Return the milliseconds until something showed."""
        if cold:
            self.cdp.send("Network.clearBrowserCache")
        self.taken = 0
        self.page.goto(address, wait_until="networkidle")
        return float(self.page.evaluate(_PAINTED))

    def _came(self, event: dict[str, Any]) -> None:
        if event["response"]["mimeType"] in {"image/jpeg", "image/webp", "image/png"}:
            self._photos.add(event["requestId"])

    def _whole(self, event: dict[str, Any]) -> None:
        if event["requestId"] not in self._photos:
            self.taken += int(event["encodedDataLength"])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
