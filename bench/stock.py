"""Fills an installation with more than commands would in reasonable time, by the same verbs.

THUCDIA_VAR=… DATABASE_URL=… python -m bench.stock FORMS [LISTS PHONES]

With LISTS every form asks for that many lists, a fifth of them uploaded with each form, the rest
entity lists of the plan, each divided in its own way; the paths of PHONES phones are printed.
"""

import io
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import cycle

from flask import current_app
from sqlalchemy import select

from bench.house import FORM
from server.app import create_app
from server.db import transaction
from server.entities import service as entities
from server.entities.models import Delivery
from server.entities.service import Part
from server.journal import Actor
from server.surveys import compile as compiler
from server.surveys import service
from server.surveys.xform import MediaNeed
from server.teams import service as teams
from server.teams.models import Team

ACTOR = Actor("command", None, "bench")
TEAMS, ROWS = 10, 200
FILES = ("anh-mau.png", "danh-muc.csv", "huong-dan.pdf")


def forms(count: int, needs: list[MediaNeed], uploaded: Sequence[str]) -> None:
    """Publish `count` forms in plan 1; each needs `needs`, and has files for `uploaded`."""
    data = FORM.read_bytes()
    compiled = compiler.compile(data, FORM.name, validate=False)
    with transaction() as session:
        files = current_app.extensions["files"]
        for number in range(count):
            form_id = f"bench_{number:02d}"
            xform = compiled.xform.replace(b'"bench_interview"', f'"{form_id}"'.encode())
            one = replace(
                compiled, form_id=form_id, xform=xform, media=list(needs), title=f"Phiếu {number}"
            )
            version = service.upload(session, files, 1, data, FORM.name, one, ACTOR)
            for name in uploaded:
                content = io.BytesIO(f"{form_id} {name}".encode() * 1000)
                service.attach(session, files, version, name, "text/plain", content, ACTOR)
            service.publish(session, version, ACTOR)


def lists(count: int) -> list[str]:
    """Make entity lists of 200 rows in plan 1, delivered in turn to all, by team, owner, area."""
    names = [f"danh_sach_{number:02d}" for number in range(count)]
    with transaction() as session:
        crews = [teams.add_team(session, 1, f"Đoàn {n}", ACTOR) for n in range(TEAMS)]
        for name, delivery in zip(names, cycle(Delivery), strict=False):
            found = entities.add_list(session, 1, name, ACTOR, properties=["ma"], delivery=delivery)
            for row in range(ROWS):
                part = Part(team_id=crews[row % TEAMS].id)
                entities.create(session, found, f"{name} {row}", {"ma": str(row)}, ACTOR, part=part)
    return names


def phones(count: int) -> list[str]:
    """Issue phones of plan 1, team by team, and return their paths."""
    with transaction() as session:
        crews = session.scalars(select(Team).order_by(Team.id)).all()
        found = []
        for number in range(count):
            person = teams.add_person(session, f"Máy {number}", ACTOR)
            crew = crews[number % len(crews)]
            token = teams.issue_phone(session, 1, person, ACTOR, team=crew)[1]
            found.append(f"/v1/key/{token}/projects/1")
    return found


def main(count: int, listed: int = 0, carried: int = 0) -> None:
    """Fill plan 1, and print the phones' paths as JSON."""
    app = create_app()
    with app.app_context():
        if not listed:
            forms(count, [MediaNeed(name, "file") for name in FILES], FILES)
            return
        uploaded = [f"bang_{number:02d}.csv" for number in range(listed // 5)]
        names = [f"{name}.csv" for name in lists(listed - len(uploaded))]
        forms(count, [MediaNeed(name, "csv") for name in [*uploaded, *names]], uploaded)
        print(json.dumps(phones(carried)))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
