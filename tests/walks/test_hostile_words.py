"""Whatever people and phones may write is shown as they wrote it, on every page, and does nothing.

One of everything stands in the database as in `test_permissions`; then every word that somebody
may choose becomes a hostile one, and every address of the application is opened.
"""

import csv
import io

import pytest
from sqlalchemy import String, cast, literal, update
from sqlalchemy.exc import DBAPIError

from server.db import Model, db, transaction
from server.demo.loopback import serving
from server.permissions import Role
from server.teams import service as teams
from tests.conftest import ACTOR, VU_BAN, same_on_both
from tests.desk import conftest as desk
from tests.test_permissions import World, communes, pages, story, world
from tests.walks.browsing import NARROW, Reader, needs_chromium
from tests.walks.browsing import chromium as chromium

communes, story, world = communes, story, world
pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    needs_chromium,
    same_on_both,
]
EVIL = (
    "=cmd|' /C calc'!A0 <script data-evil>alert(1)</script>"
    '"><img data-evil src=x onerror=alert(2)>{{7*7}} ${7*7} %(x)s'
    " \u202egnp.exe \u200b\U0001f9a0 </title></textarea>--> javascript:alert(3)"
)
CHOSEN = {
    "actor", "addressee", "agency", "agent", "answer", "asked_by", "body", "causes", "conclusions",
    "content", "decided_by", "document_no", "entered_by", "explanation", "judged_by", "label",
    "last_agent", "last_device", "lead", "made_by", "name", "note", "notes", "notice_no", "number",
    "opened_by", "parent", "place", "post", "purpose", "reason", "responsible", "sender",
    "settled_by", "summary", "text", "title", "title_en", "unit", "void_reason", "workbook_name",
}  # fmt: skip
"""Columns that hold what somebody wrote."""
KEYS = {"entity_list.name", "entity_property.name", "phone_list.name", "form_media.name"}
"""Names that a form or a phone asks by: they cannot be chosen so."""


@pytest.fixture
def hostile(app, world, story) -> World:
    """The world in which every word is hostile, as far as the database lets it be rewritten."""
    tag = EVIL.replace("&", "&amp;").replace("<", "&lt;")
    story.send({f"{EVIL[:60]}.jpg".replace("/", "∕"): desk.photo("red")}, ten=tag, label=tag)
    rewritten = {
        f"{table.name}.{column.name}"
        for table in Model.metadata.sorted_tables
        for column in table.columns
        if column.name in CHOSEN
        and type(column.type) is String
        and f"{table.name}.{column.name}" not in KEYS
        and _rewrite(table, column)
    }
    assert len(rewritten) > 60, sorted(rewritten)
    return world


def _rewrite(table, column) -> bool:
    """Make a column hostile, unless the database keeps it as it is (history, unique names)."""
    of_here = (table.c.parent_code == "359",) if table.name == "place" else ()
    value = literal(EVIL) + cast(table.c.id, String) if "id" in table.c else EVIL
    try:
        with transaction() as session:
            session.execute(update(table).where(*of_here).values({column.name: value}))
    except DBAPIError:
        return False
    return True


def test_hostile_words_are_shown_and_do_nothing_on_any_page(app, hostile, chromium):
    shown, faults = 0, []
    with serving(app) as address:
        for role in (Role.ADMINISTRATOR, Role.UNIT_OFFICER):
            reader = _reader(app, chromium, address, role)
            for rule, right in pages(app, "GET"):
                if rule.rule.startswith("/v1/") or not _may(role, right):
                    continue
                shown += _open(reader, hostile.address(rule))
            faults += reader.faults
            reader.page.context.close()

    assert faults == []
    assert shown > 60


def _may(role: Role, right) -> bool:
    return right.value == "answer-findings" if role is Role.UNIT_OFFICER else True


def _reader(app, chromium, address: str, role: Role) -> Reader:
    with transaction() as session:
        person = teams.add_person(session, EVIL, ACTOR, f"{role.value}@xau.vn")
        teams.grant(session, person, role, VU_BAN, ACTOR)
        key = teams.open_sign_in(session, person)
    db.session.remove()
    context = chromium.new_context(viewport={"width": NARROW, "height": 900})
    reader = Reader.at(context, address)
    reader.enter(app, key)
    return reader


def _open(reader: Reader, path: str) -> bool:
    """Open an address; tell whether it is a page that shows a hostile word as it was written."""
    answer = reader.page.context.request.get(reader.address + path)
    kind = answer.headers.get("content-type", "")
    if answer.status >= 500:
        reader.faults.append(f"{path}: {answer.status}")
    if kind.startswith("text/csv"):
        cells = [cell for row in csv.reader(io.StringIO(answer.text())) for cell in row]
        reader.faults += [f"{path}: a formula" for cell in cells if cell.startswith("=")]
    if answer.status != 200 or not kind.startswith("text/html"):
        return False
    reader.page.goto(reader.address + path)
    reader.look()
    if reader.page.locator("[data-evil]").count():
        reader.note("a hostile element")
    text = reader.page.locator("body").inner_text()
    if "49 $" in text or "$49" in text:
        reader.note("a hostile word was worked out")
    return "<script data-evil>" in text
