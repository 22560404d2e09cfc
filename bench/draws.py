"""How long a draw takes: from the number entered to drawn, recorded and visits made.

    python -m bench.draws                 # 18 units, 10,500 communes, 100,000 hamlets
    python -m bench.draws --url postgresql+psycopg://...

The application's own services write to a database of its own; the best of five is told, and the
slowest. Hamlets are invented, communes are those of the list of 2024.
"""

import argparse
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter, process_time

from flask import Flask
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from server import migrate
from server.app import create_app
from server.config import from_environment
from server.db import db, transaction
from server.draws import handlers, service, stages
from server.draws.models import Draw, DrawState
from server.draws.stages import Wish
from server.journal import Actor, Line
from server.monitoring import catalogue
from server.monitoring import service as monitoring
from server.monitoring.models import Round
from server.places import queries as places
from server.places import service as places_service
from server.places.models import Hamlet, Level, Place

BENCH = Actor("command", None, "bench")
WITNESSES = ["A", "B", "C"]
HAMLETS = 100_000
GOALS = {"18 units": 0.2, "10,500 communes": 1.0, "100,000 hamlets": 3.0}
Clock = Callable[[], float]
Commit = Callable[[Session, Round, Wish], Draw]


def main() -> None:
    """Print how long each size takes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", default="")
    parser.add_argument("--cpu", action="store_true", help="processor time: on a busy machine")
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        app = _installation(Path(folder), asked.url)
        with app.app_context():
            _measure(app, asked.rounds, process_time if asked.cpu else perf_counter)
            db.session.remove()
            db.engine.dispose()


def _installation(folder: Path, url: str) -> Flask:
    settings = from_environment(
        {
            "THUCDIA_VAR": str(folder),
            "DATABASE_URL": url or f"sqlite:///{folder / 'bench.sqlite3'}",
            "THUCDIA_DEMO": "0",
        }
    )
    app = create_app(replace(settings, testing=True, secret_key="bench"))
    with app.app_context():
        migrate.upgrade(db.engine)
        with transaction() as session:
            places_service.load_editions(session)
            catalogue.load(session)
    return app


def _measure(app: Flask, rounds: int, clock: Clock) -> None:
    district = Wish(4, 3, service.source_of("dice-d10"))
    country = Wish(400, 100, service.source_of("dice-d10"))
    print("                     number entered -> result and visits kept")
    print("list                   best  slowest   goal   also: list frozen and committed")
    _tell(app, clock, "18 units", rounds, "359", district, _communes)
    _tell(app, clock, "10,500 communes", rounds, "", country, _communes)
    _add_hamlets()
    _tell(app, clock, "100,000 hamlets", max(1, rounds // 2), "", country, _hamlets)


def _tell(
    app: Flask, clock: Clock, name: str, rounds: int, code: str, wish: Wish,
    commit: Commit,
) -> None:  # fmt: skip
    took, before = [], []
    for number in range(rounds):
        committed, drawn = _once(app, clock, code, wish, commit, f"{name} {number}")
        before.append(committed)
        took.append(drawn)
    goal = GOALS[name]
    word = "ok" if max(took) < goal else "OVER"
    print(
        f"{name:20s} {min(took):7.3f} {max(took):8.3f} {goal:6.1f}   {min(before):.3f} s   {word}"
    )


def _once(
    app: Flask, clock: Clock, code: str, wish: Wish, commit: Commit, name: str
) -> tuple[float, float]:
    with transaction() as session:
        place = session.scalars(places.place("2024", code)).one() if code else None
        plan = monitoring.add_plan(session, name, "gnbv-2021-2025", place, "2024", BENCH)
        round_ = monitoring.add_round(session, plan, f"R{plan.id}", name, BENCH)
    started = clock()
    with transaction() as session:
        draw = commit(session, session.merge(round_), wish)
    committed = clock()
    with transaction() as session:
        found = session.get_one(Draw, draw.id)
        service.seed(session, found, f"{draw.id:020d}", WITNESSES, BENCH)
    if found.state is DrawState.DRAWING:  # a long list: the worker draws it
        _job_draws(draw.id)
    ended = clock()
    app.extensions["jobs"].drain()
    db.session.expire_all()
    assert db.session.get_one(Draw, draw.id).state is DrawState.DRAWN
    return committed - started, ended - committed


def _job_draws(draw_id: int) -> None:
    """Do what the worker does with the draw's own line; lists for phones follow later."""
    query = select(Line).where(Line.verb == "draw.seeded", Line.subject_id == str(draw_id))
    line = db.session.scalars(query).one()
    write = handlers.draw_long(db.session(), line)
    assert write is not None
    with transaction() as session:
        write(session)


def _communes(session: Session, round_: Round, wish: Wish) -> Draw:
    return stages.commit_communes(session, round_, wish, BENCH)


def _hamlets(session: Session, round_: Round, wish: Wish) -> Draw:
    return stages.commit_hamlets(session, round_, None, wish, BENCH)


def _add_hamlets() -> None:
    communes = select(Place.id, Place.code).where(
        Place.edition_id == "2024", Place.level == Level.COMMUNE
    )
    with transaction() as session:
        found = session.execute(communes.order_by(Place.code)).all()
        rows = []
        for number in range(HAMLETS):
            place_id, code = found[number % len(found)]
            name = f"Thôn {number // len(found) + 1}"
            rows.append(
                {
                    "edition_id": "2024", "place_id": place_id, "name": name, "folded": name,
                    "code": f"{code}-{number // len(found) + 1:02d}", "sort_key": name,
                    "source": "bench", "latitude": None, "longitude": None, "radius_m": None,
                    "households": None, "valid_from": None, "valid_to": None,
                }
            )  # fmt: skip
        session.execute(insert(Hamlet), rows)


if __name__ == "__main__":
    main()
