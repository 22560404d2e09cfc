"""How long the server takes to open a page at 100,000 records with 300,000 photos.

    python -m bench.pages [--rows 100000] [--url postgresql://…]

Generates the records (an interview's answers of about 2.5 KB each, a finding and three photos
for each) in a scratch folder, opens each page several times in this process and prints the middle
of the times and how many statements the database was asked. No network, no template cache warmed
but by the first opening, which is shown too.
"""

import argparse
import datetime as dt
import json
import statistics
import tempfile
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from flask import Flask
from sqlalchemy import event, insert, select
from sqlalchemy.orm import Session

from server import clock, migrate
from server.app import create_app
from server.config import from_environment
from server.db import Model, db, table, transaction
from server.entities.models import Household
from server.findings import dry_runs
from server.findings.models import Finding, FindingGroup, FindingState, RuleAsked
from server.journal import Actor
from server.monitoring import catalogue
from server.monitoring import service as monitoring
from server.monitoring.models import Visit
from server.permissions import Role
from server.places import queries as places
from server.places import service as places_service
from server.places.models import Hamlet, Place
from server.quality.commands import refresh_form
from server.submissions import indexing
from server.submissions.indexing import Kind
from server.submissions.models import Exhibit, Outcome, ReviewState, Submission, SubmissionFile
from server.surveys import compile as compiler
from server.surveys import service as surveys
from server.surveys.fields import Field
from server.surveys.models import FormVersion
from server.teams import service as teams
from server.teams.models import Team

ACTOR = Actor("command", None, "bench")
FORM = Path(__file__).resolve().parents[1] / "xlsforms" / "gnbv_household.xlsx"
LIMIT_MS = 150
TIMES = 7
BATCH = 2000
HAMLETS, HOMES = 10, 300
"""Of a commune, and of a hamlet: half as many households as there are records."""
OUTCOMES = [*[Outcome.DONE] * 15, *Outcome]
"""About one attempt in twenty is refused."""
WORDS = ("ho ngheo nhan bo cai sinh san thon van cat da nhan du kho khan nuoc sach " * 6).strip()


def main() -> None:
    """Measure on SQLite, or on the database given."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--url", help="a migrated or empty database to fill and measure")
    given = options.parse_args()
    run(given.rows, given.url or "")


def run(rows: int, url: str) -> None:
    """Generate the records in one database, open the pages, print."""
    with tempfile.TemporaryDirectory() as folder:
        env = {"THUCDIA_VAR": folder, "DATABASE_URL": url, "THUCDIA_DEMO": "0"}
        app = create_app(replace(from_environment(env), secret_key="bench"))
        with app.app_context():
            key, areas = prepare(app, rows)
            print(f"{db.engine.dialect.name}, {rows:,} records")
            measure(app, key, pages(rows, areas))
            print("as the officer of a commune")
            measure(app, officer(areas[3]), pages_of_a_unit(rows))
            dry_run()
            db.session.remove()
            db.engine.dispose()
    tempfile.tempdir = None  # the application's own spool is gone


def prepare(app: Flask, rows: int) -> tuple[str, list[str]]:
    """Fill the database; return the cookie's key of a coordinator, and the communes' areas."""
    migrate.upgrade(db.engine)
    with transaction() as session:
        places_service.load_editions(session)
        catalogue.load(session)
    with transaction() as session:
        district = session.scalars(places.place("2024", "359")).one()
        plan = monitoring.add_plan(session, "Đo", "gnbv-2021-2025", district, "2024", ACTOR)
        round_ = monitoring.add_round(session, plan, "D1", "Đợt 1", ACTOR)
        query = select(Place).where(Place.edition_id == "2024", Place.parent_code == "359")
        communes = list(session.scalars(query.order_by(Place.sort_key)))
        visits = [monitoring.add_visit(session, round_, each, ACTOR) for each in communes]
        homes = _households(session, plan.id, visits)
        crews = [teams.add_team(session, plan.id, f"Đoàn {n}", ACTOR) for n in range(1, 9)]
        person = teams.add_person(session, "Minh", ACTOR)
        for role in (Role.COORDINATOR, Role.REVIEWER):
            teams.grant(session, person, role, "2024/36/359", ACTOR)
        data = FORM.read_bytes()
        compiled = compiler.compile(data, FORM.name, validate=False)
        version = surveys.upload(
            session, app.extensions["files"], plan.id, data, FORM.name, compiled, ACTOR
        )
        surveys.publish(session, version, ACTOR)
        key = teams.open_sign_in(session, person)
        shared = {"plan_id": plan.id, "form_pk": version.form_pk, "version_id": version.id}
        shared |= {"person_id": person.id}
    groups: dict[str, int] = {}
    for batch in _batches(rows, shared, visits, crews, homes, compiled.fields):
        with transaction() as session:
            _insert(session, Submission, [each for each, _ in batch])
            _keep_findings(session, [each for _, each in batch], groups)
            _keep_photos(session, [each for each, _ in batch])
    begun = time.process_time()
    done = refresh_form(shared["form_pk"])
    used = (time.process_time() - begun) / done * 1e6
    print(f"{done} records indexed and judged, {used:.0f} us of CPU each")
    app.extensions["jobs"].drain()
    _settle()
    return key, [each.area for each in communes]


def _insert(session: Session, model: type[Model], rows: list[dict[str, Any]]) -> None:
    """Insert rows that name the same columns; on PostgreSQL by COPY, as rows are slow."""
    connection = session.connection()
    if connection.dialect.name != "postgresql":
        session.execute(insert(model), rows)
        return
    columns = table(model).columns
    preset = {
        c.key: cast(Any, c.default).arg for c in columns if c.default and c.key not in rows[0]
    }
    names = [*rows[0], *preset]
    kinds = [columns[name].type.dialect_impl(connection.dialect) for name in names]
    made = [kind.bind_processor(connection.dialect) or _same for kind in kinds]
    driver: Any = connection.connection.dbapi_connection
    listed = ", ".join(f'"{name}"' for name in names)
    with (
        driver.cursor() as cursor,
        cursor.copy(f"COPY {table(model).name} ({listed}) FROM STDIN") as copy,
    ):
        for row in rows:
            values = (*row.values(), *preset.values())
            copy.write_row([make(value) for make, value in zip(made, values, strict=True)])


def _same(value: Any) -> Any:
    return value


def _settle() -> None:
    """Do what PostgreSQL does by itself soon after it was filled; SQLite is never analysed."""
    if db.engine.dialect.name == "postgresql":
        with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("VACUUM ANALYZE")


def _households(session: Session, plan_id: int, visits: list[Visit]) -> dict[int, list[Household]]:
    """Add the households drawn for each visit, in hamlets of its commune; return them by it."""
    found: dict[int, list[Household]] = {}
    for visit in visits:
        found[visit.id] = []
        for number in range(1, HAMLETS + 1):
            code = f"{visit.place.code}-{number:03d}"
            hamlet = Hamlet(
                edition_id="2024", place_id=visit.place_id, code=code, name=f"Thôn {number}",
                folded=f"thon {number}", sort_key=f"thon {number}", source="bench",
            )  # fmt: skip
            found[visit.id] += [
                Household(
                    plan_id=plan_id, hamlet=hamlet, visit_id=visit.id, code=f"{code}-{home:04d}",
                    label=f"Hộ {home}", rank=home,
                )
                for home in range(1, HOMES + 1)
            ]  # fmt: skip
        session.add_all(found[visit.id])
    session.flush()
    return found


def _batches(
    rows: int,
    shared: dict[str, Any],
    visits: list[Visit],
    crews: list[Team],
    homes: dict[int, list[Household]],
    asked: list[Field],
) -> Iterator[list[tuple[dict[str, Any], dict[str, Any]]]]:
    """Give the rows to insert, each with the finding it raised."""
    start = clock.now() - dt.timedelta(days=200)
    states = [*[ReviewState.RECEIVED] * 6, ReviewState.APPROVED, ReviewState.HAS_ISSUES]
    batch = []
    for number in range(1, rows + 1):
        visit, crew = visits[number % len(visits)], crews[number % len(crews)]
        answers = _answers(asked, number)
        at = start + dt.timedelta(seconds=150 * number)
        home = homes[visit.id][number // len(visits) % (HAMLETS * HOMES)]
        where = {"visit_id": visit.id, "place_id": visit.place_id, "area": visit.area}
        row = {
            **shared,
            **where,
            "id": number,
            "instance_id": f"uuid:{number:032x}",
            "root_instance_id": f"uuid:{number:032x}",
            "is_odd": number % 40 == 0,
            "encrypted": False,
            "xml": (json.dumps(answers) + WORDS * 2).encode(),
            "xml_sha256": f"{number:064x}",
            "received_at": at,
            "answers": answers,
            "oddities": [{"path": "p/p_age", "why": "not-a-number"}] if number % 40 == 0 else [],
            "label": f"{visit.place.code}-{number:06d}",
            "search_text": f"{visit.place.folded} ho so {number:06d} {WORDS}",
            "started_at": at,
            "ended_at": at + dt.timedelta(minutes=25),
            "linked_at": at,
            "team_id": crew.id,
            "review_state": states[number % len(states)],
            "files_named": 2,
            "files_held": 2,
            "latitude": 20.3 + number % 1000 / 5000,
            "longitude": 106.1,
            "accuracy_m": number % 60,
            "hamlet_id": home.hamlet_id,
            "household_code": home.code,
            "outcome": OUTCOMES[number // len(visits) % len(OUTCOMES)],
        }
        batch.append((row, _finding(row, number)))
        if len(batch) == BATCH or number == rows:
            yield batch
            batch = []


def _answers(asked: list[Field], number: int) -> dict[str, Any]:
    """Return answers to about two thirds of the questions, the first ones of the form always."""
    found: dict[str, Any] = {"note": WORDS * 2}
    for place, each in enumerate(asked):
        chance = zlib.crc32(f"{number}/{each.path}".encode())
        if each.repeat or (place > 30 and chance % 3 == 0):
            continue
        kind = indexing.kind_of(each)
        codes = [code for code, _ in each.choices]
        answer: Any = None
        if kind is Kind.NUMBER:
            answer = chance // 3 % 100_000
        elif kind is Kind.TEXT:
            answer = f"{NAMES[chance % 7]} {NAMES[chance // 7 % 7]} {chance % 5000}"
        elif kind is Kind.CHOICE:
            answer = codes[chance // 3 % len(codes)]
        elif kind is Kind.MANY:
            answer = codes[chance // 3 % 3 :][:2]
        if answer is not None:
            *groups, name = each.path.split("/")
            inner = found
            for group in groups:
                inner = inner.setdefault(group, {})
            inner[name] = answer
    return found


NAMES = [
    "bò cái sinh sản",
    "lợn nái",
    "giống lúa",
    "Đặng Văn Đông",
    "Điện Biên",
    "thôn Vân Cát",
    "phân",
]

STATES = [*[FindingState.NEW] * 4, *FindingState]
"""Every state, the new ones most."""
ALONE = 10
"""Every so many findings, one was raised by hand: a group of its own."""


def _finding(row: dict[str, Any], number: int) -> dict[str, Any]:
    same = {name: row[name] for name in ("plan_id", "visit_id", "place_id", "area")}
    state, due_on = STATES[number % len(STATES)], row["received_at"].date()
    settled = state is not FindingState.NEW
    assigned = state not in (FindingState.NEW, FindingState.CONFIRMED, FindingState.REJECTED)
    return {
        **same,
        "submission_id": row["id"],
        "rule_id": "TAY" if number % ALONE == 0 else f"B{number % 14:02d}",
        "occurrence": 0,
        "questions": ["p/p_age"],
        "severity": number % 4 + 1,
        "topic": "TICH_CUC" if number % 14 == 3 else "TH01",
        "project_code": "DA2",
        "table_label": "Biểu 05",
        "title": "Hộ nhận thiếu",
        "title_en": "Received short",
        "due_days": 10,
        "raised_at": row["received_at"],
        "state": state,
        "settled_at": row["received_at"] if settled else None,
        "settled_by": "Hoa" if settled else None,
        "note": "",
        "responsible": "UBND xã" if assigned else "",
        "responsible_area": row["area"] if assigned else "",
        "document_no": "45/UBND" if assigned else "",
        "due_on": due_on + dt.timedelta(days=number % 300) if assigned else None,
        "escalated": 0,
    }


def _keep_findings(session: Session, found: list[dict[str, Any]], groups: dict[str, int]) -> None:
    """Insert findings into their groups, which `groups` knows by what their members share."""
    fresh = []
    for each in found:
        alone = each["rule_id"] == "TAY"
        key = f"s{each['submission_id']}" if alone else f"v{each['visit_id']}:{each['rule_id']}"
        if key not in groups:
            groups[key] = len(groups) + 1
            fresh.append(_group(each, key, groups[key]))
        each["group_id"] = groups[key]
    if fresh:
        session.execute(insert(FindingGroup), fresh)
    _insert(session, Finding, found)
    asked = [each for each in fresh if each["rule_id"] != "TAY"]
    if asked:
        names = ("visit_id", "form_pk", "rule_id")
        rows = [{name: each[name] for name in names} | {"asked": 900} for each in asked]
        session.execute(insert(RuleAsked), rows)


PHOTOS = ("house_photo", "herd_photo", "paper_photo")


def _keep_photos(session: Session, records: list[dict[str, Any]]) -> None:
    """Insert what the database knows of each record's photos; no page reads their bytes."""
    files: list[dict[str, Any]] = []
    exhibits: list[dict[str, Any]] = []
    for record in records:
        for number, question in enumerate(PHOTOS):
            key = len(PHOTOS) * record["id"] + number
            files.append({
                "id": key,
                "submission_id": record["id"],
                "name": f"{question}.jpg",
                "sha256": f"{key:064x}",
                "size_bytes": 2_400_000,
                "content_type": "image/jpeg",
                "received_at": record["received_at"],
                "facts": {"lat": record["latitude"], "lon": record["longitude"], "width": 4000},
                "thumb_sha256": f"a{key:063x}",
                "view_sha256": f"b{key:063x}",
                "inherited": False,
            })  # fmt: skip
            exhibits.append({
                "file_id": key,
                "question": f"ev/{question}",
                "kind": "photo",
                "day": record["started_at"].date(),
                "located": key % 7 != 0,
                "submission_id": record["id"],
                **{name: record[name] for name in ("plan_id", "form_pk", "area", "team_id")},
            })  # fmt: skip
    _insert(session, SubmissionFile, files)
    _insert(session, Exhibit, exhibits)


def _group(finding: dict[str, Any], key: str, group_id: int) -> dict[str, Any]:
    names = ["plan_id", "visit_id", "place_id", "area", "rule_id", "topic", "severity"]
    names += ["project_code", "table_label", "title", "title_en", "raised_at"]
    return {name: finding[name] for name in names} | {"id": group_id, "key": key, "form_pk": 1}


def pages(rows: int, areas: list[str]) -> list[tuple[str, str]]:
    """Return (what, address) of every page measured."""
    base = "/plans/1/submissions"
    day = (clock.today() - dt.timedelta(days=150)).isoformat()
    return [
        ("newest page", base),
        ("middle page", f"{base}?before={rows // 2}"),
        ("oldest page", f"{base}?before=40"),
        ("back from the middle", f"{base}?after={rows // 2}"),
        ("one form, its columns", f"{base}?form=gnbv_household&before={rows // 3}"),
        ("one commune", f"{base}?commune={areas[3]}"),
        ("one commune, oldest", f"{base}?commune={areas[3]}&before=2000"),
        ("one team", f"{base}?team=3"),
        ("one state", f"{base}?state=hasIssues"),
        ("no record in a state", f"{base}?state=rejected"),
        ("days long past", f"{base}?from={day}&to={day}"),
        ("words in many records", f"{base}?q=bo+cai"),
        ("words in one record", f"{base}?q=ho+so+{rows // 2:06d}"),
        ("words in none", f"{base}?q=khongcodau"),
        *_by_answers(f"{base}?form=gnbv_household", rows),
        ("one record", f"/submissions/{rows // 2}"),
        ("findings by group", "/findings"),
        ("groups, middle page", f"/findings?before={rows // 20}"),
        ("groups overdue", "/findings?state=qua_han"),
        ("groups in a state", "/findings?state=bao_cao_xong"),
        ("groups of a commune", f"/findings?commune={areas[3]}&severity=4"),
        ("more time asked for", "/findings?state=xin_gia_han"),
        ("good practice", "/findings?kind=tich_cuc"),
        ("each finding", "/findings?view=each"),
        ("each, middle page", f"/findings?view=each&before={rows // 2}"),
        ("each, overdue", "/findings?view=each&state=qua_han"),
        ("one group", "/findings/groups/1"),
        ("one finding", f"/findings/{rows // 6}"),
        ("the first page", "/"),
        *_beside_lists(rows, areas),
    ]


def _beside_lists(rows: int, areas: list[str]) -> list[tuple[str, str]]:
    """Return the pages of a plan that count, draw or show what its records hold."""
    plan, day = "/plans/1", (clock.today() - dt.timedelta(days=150)).isoformat()
    photos, half = f"{plan}/photos", 3 * rows // 2
    return [
        ("photos, newest", photos),
        ("photos, middle", f"{photos}?before={half}"),
        ("photos of a question", f"{photos}?question=1:ev/herd_photo&before={half}"),
        ("photos of a commune", f"{photos}?commune={areas[3]}&located=no"),
        ("photos of a day, a team", f"{photos}?from={day}&to={day}&team=3"),
        ("the plan", plan),
        ("charts", f"{plan}/charts"),
        ("a round's progress", f"{plan}/rounds/1/progress"),
        ("calendar", f"{plan}/calendar"),
        ("late phones", f"{plan}/late"),
        ("forms", f"{plan}/forms"),
        ("phones", f"{plan}/phones"),
        ("a visit", "/visits/3"),
        ("a monitoring record", "/records/3"),
        ("its table", "/records/3/tables/01"),
        ("map", "/map"),
        ("what the map found", "/map/found.geojson"),
        ("what came, a commune", f"/map/received.geojson?commune={areas[3]}"),
        ("what came", "/map/received.geojson"),
        ("plans", "/plans"),
        ("journal", "/journal"),
    ]


def _by_answers(form: str, rows: int) -> list[tuple[str, str]]:
    """Return the pages of lists narrowed and sorted by answers; a third of the records each."""
    age, item, value = "p/p_age", "lk/l_item", "lk/l_value"
    third, half = rows // 3, rows // 2
    one, two = f"&c1={age}&c1.from=50000&c1.to=50050", "&c2=p/p_status&c2.v=ngheo&c2.v=khac"
    wide = f"&c1={age}&c1.from=100"
    named = f"&c3={item}&c3.v=dien+bien"
    return [
        ("a number in few", f"{form}{one}"),
        ("a number in nearly all", f"{form}{wide}&before={half}"),
        ("words of an answer", f"{form}{named}"),
        ("words in no answer", f"{form}&c3={item}&c3.v=khongcodau"),
        ("one of the choices", f"{form}{two}&before={third}"),
        ("several chosen", f"{form}&c1=inf/i_channel&c1.is=all&c1.v=loa&c1.v=hop_thon"),
        ("left blank", f"{form}&c1={value}&c1.is=empty&before={half}"),
        ("three answers, all wide", f"{form}{wide}{two}{named}"),
        ("three answers and a state", f"{form}{wide}{two}{named}&state=hasIssues"),
        ("by number, first page", f"{form}&sort=answer/{age}"),
        ("by number, middle", f"{form}&sort=answer/{age}&dir=desc&before={half}"),
        ("by text, middle", f"{form}&sort=answer/{item}&before={half}"),
        ("by text, back from there", f"{form}&sort=answer/{item}&after={half}"),
        ("by choice, middle", f"{form}&sort=answer/p/p_status&before={half}"),
        ("by number, three answers", f"{form}&sort=answer/{value}{wide}{two}{named}"),
        ("by number, no such state", f"{form}&sort=answer/{value}&state=rejected"),
        ("by text, one commune", f"{form}&sort=answer/{item}&commune=2024/36/359/13741"),
        ("by start", f"{form}&sort=started&dir=desc&before={half}"),
        ("by place", f"{form}&sort=place&before={half}"),
        ("by review, wide answer", f"{form}&sort=state{wide}&before={half}"),
        ("by verdict", f"{form}&sort=verdict&before={half}"),
        ("doubted ones", f"{form}&verdict=doubt&before={half}"),
        ("odd ones", f"{form}&odd=1&before={half}"),
        (
            "a record of a sorted list",
            f"/submissions/{half}?form=gnbv_household&sort=answer/{item}",
        ),
    ]


def officer(area: str) -> str:
    """Return the cookie's key of an officer of a unit under supervision."""
    with transaction() as session:
        person = teams.add_person(session, "Cán bộ xã", ACTOR)
        teams.grant(session, person, Role.UNIT_OFFICER, area, ACTOR)
        return teams.open_sign_in(session, person)


def pages_of_a_unit(rows: int) -> list[tuple[str, str]]:
    """Return what an officer opens, by name and address."""
    return [
        ("what the unit owes", "/unit"),
        ("the unit's groups", "/findings"),
        ("groups in a state", "/findings?state=bao_cao_xong"),
        ("more time asked for", "/findings?state=xin_gia_han"),
        ("each of the unit's", "/findings?view=each"),
        ("each, middle page", f"/findings?view=each&before={rows // 2}"),
    ]


def dry_run() -> None:
    """Try the rules of the form on all its records and print how long that took."""
    with transaction() as session:
        run = dry_runs.start(session, session.scalars(select(FormVersion)).one(), ACTOR)
    begun, pieces = time.process_time(), 0
    while run.finished_at is None:
        write = dry_runs.piece(db.session(), run)
        with transaction() as session:
            write(session)
        pieces += 1
    used = time.process_time() - begun
    print(f"dry run of {run.done:,} records: {used:.1f} s of CPU, {pieces} pieces")


def measure(app: Flask, key: str, wanted: list[tuple[str, str]]) -> None:
    """Open every page and print its times."""
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["key"] = key
    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
    print(f"{'page':26} {'first ms':>9} {'median ms':>10} {'CPU ms':>7} {'statements':>11}")
    for what, address in wanted:
        wall, cpu = [], []
        for _ in range(TIMES):
            asked.clear()
            begun, used = time.perf_counter(), time.process_time()
            answer = client.get(address)
            wall.append((time.perf_counter() - begun) * 1000)
            cpu.append((time.process_time() - used) * 1000)
            if answer.status_code != 200:
                raise SystemExit(f"{address}: {answer.status_code}")
        middle = statistics.median(wall)
        mark = "" if middle < LIMIT_MS else f"  over {LIMIT_MS} ms"
        print(
            f"{what:26} {wall[0]:9.1f} {middle:10.1f} {statistics.median(cpu):7.1f} "
            f"{len(asked):11}{mark}"
        )


if __name__ == "__main__":
    main()
