"""How long a list of 50,000 rows takes: read in, on every phone first, and after ten changes.

    python -m bench.entities [--rows 50000] [--phones 100] [--url postgresql://…]

The real server on a port of this machine, phones as strict as the app. The list is divided among
ten teams and once given to all. Printed are the seconds of each step and how many requests gave
new bytes; the hash of parts in which nothing changed is checked to be the same.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace

from flask import Flask
from sqlalchemy import select

from bench import postgres
from server import migrate
from server.app import create_app
from server.config import from_environment
from server.db import db, transaction
from server.demo.loopback import serving
from server.demo.phone import Phone
from server.entities import importing, queries, service
from server.entities.models import Delivery, Entity, EntityList
from server.journal import Actor
from server.monitoring import catalogue
from server.monitoring import service as monitoring
from server.places import queries as places
from server.places import service as places_service
from server.surveys import compile as compiler
from server.surveys import service as surveys
from server.teams import service as teams

ACTOR = Actor("command", None, "bench")
TEAMS = 10
FORM = """
| survey |                             |      |         |         |
|        | type                        | name | label   | save_to |
|        | select_one_from_file ho.csv | ho   | Hộ nào? |         |
|        | text                        | tinh | Tình hình | tinh_trang |
| entities |                           |      |         |         |
|        | list_name                   | entity_id | update_if |  |
|        | ho                          | ${ho} | true() |         |
| settings |                           |      |         |         |
|        | form_title                  | form_id | version |       |
|        | Thăm hộ                     | tham_ho | 1       |       |
"""
PROPERTIES = ("ma", "ma_xa", "chu_ho", "loai", "nhan_khau", "tinh_trang")


@dataclass(frozen=True)
class Setting:
    """A plan with its list, and the addresses of its phones: team by team, all around."""

    plan_id: int
    phones: list[str]


def main() -> None:
    """Measure on SQLite, then on PostgreSQL when it is installed, or on the one given."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=50_000)
    options.add_argument("--phones", type=int, default=100)
    options.add_argument("--url", help="an empty database to fill and measure")
    given = options.parse_args()
    if given.url is not None:
        run(given.rows, given.phones, given.url)
        return
    run(given.rows, given.phones, "")
    try:
        with postgres.running() as cluster:
            run(given.rows, given.phones, f"{cluster.url}/postgres")
    except postgres.Missing as missing:
        print(missing)


def run(rows: int, phones: int, url: str) -> None:
    """Fill one database, let the phones come, print."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"THUCDIA_VAR": folder, "DATABASE_URL": url, "THUCDIA_DEMO": "0"}
        app = create_app(replace(from_environment(env), secret_key="bench"))
        with app.app_context():
            setting = prepare(app, phones)
            print(f"{db.engine.dialect.name}, {rows:,} rows, {phones} phones")
            read_in(setting, rows)
            with serving(app, threads=8) as address:
                measure(setting, address)
            db.session.remove()
            db.engine.dispose()
    tempfile.tempdir = None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'largest memory of server and phones together':<58}{peak:8.0f} MB\n")


def prepare(app: Flask, phones: int) -> Setting:
    """Make a plan with ten teams, their phones, and a form that changes households."""
    migrate.upgrade(db.engine)
    with transaction() as session:
        places_service.load_editions(session)
        catalogue.load(session)
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        plan = monitoring.add_plan(session, "Đo", "gnbv-2021-2025", district, "2024", ACTOR)
        found = service.add_list(session, plan.id, "ho", ACTOR, properties=PROPERTIES)
        found.delivery = Delivery.TEAM
        crews = [teams.add_team(session, plan.id, f"Đoàn {n}", ACTOR) for n in range(TEAMS)]
        addresses = []
        for number in range(phones):
            person = teams.add_person(session, f"Máy {number}", ACTOR)
            _phone, token = teams.issue_phone(
                session, plan.id, person, ACTOR, team=crews[number % TEAMS]
            )
            addresses.append(f"/v1/key/{token}/projects/{plan.id}")
        compiled = compiler.compile(FORM.encode(), "tham_ho.md", validate=False)
        version = surveys.upload(
            session, app.extensions["files"], plan.id, FORM.encode(), "tham_ho.md", compiled, ACTOR
        )
        surveys.publish(session, version, ACTOR)
    return Setting(plan.id, addresses)


def table(rows: int, state: str = "mới") -> bytes:
    """Return a list of households, each given to a team."""
    lines = [",".join(["label", *PROPERTIES, "__team"])]
    lines += [
        f"Hộ {n:05d} – thôn {n % 97},MH{n:06d},13753,N.V.{n % 26},nghèo,{n % 9},{state},"
        f"Đoàn {n % TEAMS}"
        for n in range(rows)
    ]
    return "\n".join(lines).encode()


@contextmanager
def timed(what: str) -> Iterator[list[str]]:
    """Print how long the block took, with the notes it leaves."""
    notes: list[str] = []
    began = time.perf_counter()
    yield notes
    print(f"{what:<58}{time.perf_counter() - began:8.2f} s  {'  '.join(notes)}")


def the_list(setting: Setting) -> EntityList:
    """Return the list, in a session of now."""
    db.session().rollback()
    return queries.list_named(db.session(), setting.plan_id, "ho")


def read_in(setting: Setting, rows: int) -> None:
    """Read the table in, then once more with a thousandth of it changed."""
    data = table(rows)
    with timed("the differences of a new table") as notes:
        found = the_list(setting)
        seen = importing.preview(db.session(), found, data, "ho.csv")
        notes.append(f"{len(seen.added)} added")
    with timed("the table read in"), transaction() as session:
        importing.apply(session, found, seen, ACTOR)
    changed = data.replace(b"00,13753,N.V.", b"00,13754,N.V.")
    with timed("the differences of the same table, a hundredth changed") as notes:
        found = the_list(setting)
        seen = importing.preview(db.session(), found, changed, "ho.csv", key="ma")
        notes.append(f"{len(seen.changed)} changed, {seen.unchanged} not")
    with timed("the changes read in"), transaction() as session:
        importing.apply(session, found, seen, ACTOR)


def measure(setting: Setting, address: str) -> None:
    """Let phones come: first, again, after ten changes; by team, then with all rows on each."""
    phones = [Phone(address + each) for each in setting.phones]
    with timed("one phone's first sync, its team's part") as notes:
        notes.append(told(phones[0]))
    with timed("one phone's second sync") as notes:
        notes.append(told(phones[0]))
    with timed(f"the first sync of all {len(phones)} phones, eight at once"):
        at_once(phones)
    before = hashes(phones)
    change_ten(setting)
    with timed(f"all {len(phones)} phones after ten rows of one team changed"):
        at_once(phones)
    after = hashes(phones)
    same = sum(a == b for a, b in zip(before, after, strict=True))
    moved = {n % TEAMS for n, (a, b) in enumerate(zip(before, after, strict=True)) if a != b}
    assert moved == {0}, moved
    print(f"{'phones whose part kept its hash':<58}{same:8d} of {len(phones)}")
    found = the_list(setting)
    with transaction() as session:
        service.change_list(session, found, ACTOR, delivery=Delivery.ALL)
    with timed("one phone's first sync, the whole list") as notes:
        notes.append(told(phones[0]))
    with timed("another phone's, the copy being made") as notes:
        notes.append(told(phones[1]))
    with timed("one phone's second sync, the whole list") as notes:
        notes.append(told(phones[0]))
    change_ten(setting)
    with timed("after ten rows changed, the whole list") as notes:
        notes.append(told(phones[0]))
    for phone in phones:
        phone.close()


def told(phone: Phone) -> str:
    """Sync a phone and return what came."""
    before = len(phone.wire.log)
    content = phone.sync()["tham_ho"].media["ho.csv"]
    lines = content.count(b"\n") - 1
    statuses = [each[2] for each in phone.wire.log[before:]]
    return f"{lines} rows, {len(content) / 1e6:.1f} MB, answers {statuses}"


def at_once(phones: list[Phone]) -> None:
    """Sync phones, eight at a time; each hangs up, as one does that goes back to sleep."""

    def sync(phone: Phone) -> None:
        phone.sync()
        phone.close()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sync, phones))


def hashes(phones: list[Phone]) -> list[int]:
    """Return a mark of each phone's part."""
    return [hash(phone.forms["tham_ho"].media["ho.csv"]) for phone in phones]


def change_ten(setting: Setting) -> None:
    """Change ten rows of the first team, one by one, as forms do."""
    found = the_list(setting)
    query = select(Entity).where(Entity.list_id == found.id, Entity.label.like("Hộ %0 – %"))
    rows = db.session().scalars(query.order_by(Entity.id).limit(10)).all()
    now = f"{time.time()}"
    with timed("ten rows changed"), transaction() as session:
        for row in rows:
            service.update(session, row, ACTOR, data={"tinh_trang": now})


if __name__ == "__main__":
    main()
