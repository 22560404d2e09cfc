"""Whoever asks for English gets English: each text of the pages is in the catalogue, compiled."""

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.mofile import read_mo
from babel.messages.pofile import read_po
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from server.monitoring.models import Plan, Programme, Project, Round, Table
from server.places.models import Edition, Place
from server.teams.models import Person

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "server/translations/en/LC_MESSAGES"
BLANK = re.compile(r"%\(\w+\)s|%%")
MARKED = re.compile(r"\w*[^\W\d_a-zA-Z]\w*")
"""A word with a letter that English has not."""

OURS = ("Thực Địa", "Tiếng Việt", "Biểu")
"""Names that stay as they are: the program, the language, and the tables' own numbering."""

EXAMPLES = ("Vụ Bản", "Đặc biệt", "Nhì", "Mã dòng", "Chỉ tiêu", "Giá trị")
"""Vietnamese words that English tells the reader to type, or to write over a column."""


@pytest.fixture(scope="module")
def asked() -> set[str]:
    """Every text that the code and the templates ask for."""
    with (ROOT / "babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT / "server", methods, options)
    return {message for _, _, message, _, _ in found if isinstance(message, str)}


@pytest.fixture(scope="module")
def written() -> Catalog:
    """The English catalogue as people write it."""
    with (FOLDER / "messages.po").open("rb") as file:
        return read_po(file, locale="en", abort_invalid=True)


def test_no_text_lacks_its_english(asked, written):
    assert len(asked) > 700
    told = {message.id for message in written if message.string}
    assert asked - told == set(), "make messages, then fill the empty msgstr"


def test_nothing_in_the_catalogue_is_guessed_or_out_of_use(asked, written):
    assert [message.id for message in written if message.id and message.fuzzy] == []
    assert {message.id for message in written if message.id} - asked == set(), "make messages"


def test_the_compiled_catalogue_says_what_the_written_one_does(written):
    with (FOLDER / "messages.mo").open("rb") as file:
        compiled = read_mo(file)

    said = {message.id: message.string for message in compiled}
    assert said == {message.id: message.string for message in written if message.string}


def test_both_languages_leave_the_same_blanks(written):
    odd = [
        message.id
        for message in written
        if message.string
        and sorted(set(BLANK.findall(message.id))) != sorted(set(BLANK.findall(message.string)))
    ]
    assert odd == []


def test_english_holds_no_vietnamese_but_names(written):
    left = {
        message.id: words
        for message in written
        if message.id and (words := _vietnamese(str(message.string), OURS + EXAMPLES))
    }
    assert left == {}


def test_pages_in_english_hold_no_vietnamese_but_data(app, session, browser, cast, plan, round_):
    somewhere = session.scalars(select(Place).filter_by(code="359", edition_id="2024")).one()
    keys = {
        "plan_id": plan.id,
        "round_id": round_.id,
        "person_id": cast.lan.id,
        "place_id": somewhere.id,
    }
    known = (*_data(session), *OURS, *EXAMPLES)
    reader = browser(cast.admin)
    reader.post("/language", data={"lang": "en", "next": "/"})

    seen, left = 0, {}
    for address in (*_addresses(app, keys), "/places?q=minh", "/journal?verb=held.", "/nowhere"):
        answer = reader.get(address, follow_redirects=True)
        assert answer.status_code in {200, 404}, address  # some pages wait for a draw
        assert '<html lang="en">' in answer.text
        seen += answer.status_code == 200
        words = _vietnamese(answer.text, known)
        if words and address != "/programme":  # names of agencies and standards stand in files
            left[address] = words
    assert seen > 15 and left == {}


def test_refusals_and_the_sign_in_page_are_in_english_too(browser):
    stranger = browser(None)
    stranger.post("/language", data={"lang": "en", "next": "/sign-in"})

    pages = [
        stranger.get("/sign-in").text,
        stranger.post("/sign-in", data={"email": "a@b.vn", "password": "wrong"}).text,
    ]
    assert [words for page in pages if (words := _vietnamese(page, OURS))] == []
    assert "Sign in" in pages[0]


def _addresses(app: Flask, keys: dict[str, Any]) -> Iterator[str]:
    """Yield every page for people whose address `keys` can fill; a file is no page."""
    for rule in app.url_map.iter_rules():
        page = not rule.rule.startswith(("/v1", "/static", "/health", "/sign-in"))
        ours = page and "." not in rule.rule
        if ours and "GET" in (rule.methods or ()) and rule.arguments <= keys.keys():
            with app.test_request_context():
                yield app.url_for(rule.endpoint, **{name: keys[name] for name in rule.arguments})


def _data(session: Session) -> list[str]:
    """Return the names that rows carry, the longest first."""
    columns = (
        *(Person.name, Plan.name, Round.name, Place.name, Edition.name),
        *(Programme.name, Programme.source, Project.name, Project.lead),
        *(Table.title, Table.filled_by),
    )
    found = {text for column in columns for text in session.scalars(select(column)) if text}
    found |= {str(row) for rows in session.scalars(select(Table.rows)) for row in rows}
    return sorted(found, key=len, reverse=True)


def _vietnamese(page: str, known: tuple[str, ...]) -> list[str]:
    """Return the words of `page` with Vietnamese marks that are in no known name."""
    text = html.unescape(page)
    if not MARKED.search(text):
        return []
    for name in known:
        if name in text:
            text = text.replace(name, " ")
    return MARKED.findall(text)
