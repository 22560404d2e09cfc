"""Pages of many rows: the database is asked no more often, and what travels stays small.

Made from the addresses themselves, as in `test_permissions`: a page that is added is held to it.
"""

import gzip
from collections import Counter
from dataclasses import dataclass
from urllib.parse import urlsplit

import pytest
from lxml import html
from sqlalchemy import event

from server.db import db, transaction
from server.permissions import Role
from tests.conftest import VU_BAN, same_on_both
from tests.crowd import Crowd
from tests.test_permissions import communes, one_of_each, pages, story, world

communes, story, world, one_of_each = communes, story, world, one_of_each
FEW, MANY = 8, 50
MOST_BYTES = 100_000
APART = ("/static/vendor/leaflet/", "/static/fill.js")
"""What is fetched after the page can be read: the drawing of a map (56 kB), and the form that
people fill in a browser (about 900 kB, once)."""
GZIP = {"Accept-Encoding": "gzip"}
_weights: dict[str, int] = {}


@dataclass
class Seen:
    """One page as it came: how often the database was asked, and the bytes on a first visit."""

    status: int
    asked: list[str]
    weight: int


def look(client, address) -> Seen:
    """Open a page as a browser that kept nothing; photos do not count."""
    asked = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        with client.get(address, headers=GZIP, buffered=True) as answer:
            status, kind, data = answer.status_code, answer.mimetype, answer.data
            packed = answer.headers.get("Content-Encoding") == "gzip"
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    if kind != "text/html":
        return Seen(status, asked, 0)
    links = _links(gzip.decompress(data) if packed else data)
    return Seen(status, asked, len(data) + sum(_bytes(client, link) for link in links))


def twice(client, address) -> Seen:
    """Open a page again: what a process reads once in its life is not asked for any more."""
    look(client, address)
    return look(client, address)


def _links(text: bytes) -> set[str]:
    """Return the addresses of what a page is drawn with."""
    found = html.fromstring(text).xpath("//link/@href | //script/@src | //img/@src | //use/@href")
    static = {urlsplit(each)._replace(fragment="").geturl() for each in found}
    return {each for each in static if each.startswith("/static/") and not each.startswith(APART)}


def _bytes(client, address: str) -> int:
    if address not in _weights:
        with client.get(address, headers=GZIP, buffered=True) as answer:
            assert answer.status_code == 200, address
            _weights[address] = len(answer.data)
    return _weights[address]


def _still_slower(crowd, few, slow):
    """Return those of the `slow` pages that ask yet more often of yet more rows, with what.

    A page that asks once more only because none of its few rows had something is not slow.
    """
    if slow:
        with transaction() as session:
            crowd.session = session
            crowd.grow(MANY - FEW)
    found = {}
    for rule, before in slow.items():
        client, address, _ = few[rule]
        after = twice(client, address)
        if len(after.asked) > len(before.asked):
            found[rule] = Counter(after.asked) - Counter(before.asked)
    return found


@pytest.mark.slow
@same_on_both
def test_pages_of_many_rows_ask_no_more_often_and_stay_light(app, world, one_of_each):
    clients = one_of_each(VU_BAN)
    with transaction() as session:
        crowd = Crowd(session)
        crowd.grow(FEW)
    few = {}
    for rule, right in pages(app, "GET"):
        role = Role.UNIT_OFFICER if right.value == "answer-findings" else Role.ADMINISTRATOR
        client, address = clients[role], world.address(rule)
        few[rule.rule] = client, address, twice(client, address)
    with transaction() as session:
        crowd.session = session
        crowd.grow(MANY - FEW)

    slow, heavy, failed = {}, {}, {}
    for rule, (client, address, before) in few.items():
        after = look(client, address)
        if len(after.asked) > len(before.asked):
            after = look(client, address)
        if after.status != before.status or after.status >= 500:
            failed[rule] = before.status, after.status
        if len(after.asked) > len(before.asked):
            slow[rule] = after
        if after.weight > MOST_BYTES:
            heavy[rule] = after.weight

    assert failed == {}
    assert _still_slower(crowd, few, slow) == {}
    assert heavy == {}
