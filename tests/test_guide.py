"""The user guide names buttons and pages as they are, and shows pictures that are there."""

import re
from pathlib import Path

import pytest

from server.permissions import ROLE_NAMES

ROOT = Path(__file__).parents[1]
PAGES = sorted((ROOT / "docs").glob("*/*.md"))
CATALOGUE = (ROOT / "server/translations/en/LC_MESSAGES/messages.po").read_text("utf-8")
ELSEWHERE = {"Quét mã QR", "Bắt đầu phiếu mới", "Đã gửi", "Phiếu cần sửa", "English"}
"""Words of ODK Collect, of our forms, and of the switch of languages."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_leads_to_what_is_there(page):
    targets = re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8"))

    assert [each for each in targets if not (page.parent / each).is_file()] == []


@pytest.mark.parametrize("page", sorted((ROOT / "docs/vi").glob("*.md")), ids=lambda p: p.stem)
def test_a_page_names_what_stands_on_the_screen(page):
    text = re.sub(r"\*\*.+?\*\*", "", page.read_text("utf-8"), flags=re.S)
    said = {" ".join(each.split()) for each in re.findall(r"\*([^*]+)\*", text)}

    assert [each for each in said if each not in CATALOGUE and each not in ELSEWHERE] == []


def test_every_role_has_a_page():
    index = (ROOT / "docs/vi/README.md").read_text("utf-8")

    assert [names[0] for names in ROLE_NAMES.values() if f"[{names[0]}]" not in index] == []
