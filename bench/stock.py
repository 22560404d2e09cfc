"""Fills an installation with more than commands would in reasonable time, by the same verbs.

THUCDIA_VAR=… DATABASE_URL=… python -m bench.stock FORMS
"""

import io
import sys
from dataclasses import replace

from bench.house import FORM
from server.app import create_app
from server.db import transaction
from server.journal import Actor
from server.surveys import compile as compiler
from server.surveys import service
from server.surveys.xform import MediaNeed

ACTOR = Actor("command", None, "bench")
FILES = ("anh-mau.png", "danh-muc.csv", "huong-dan.pdf")


def forms(count: int) -> None:
    """Publish `count` forms in plan 1, each with three files in its manifest."""
    app = create_app()
    data = FORM.read_bytes()
    compiled = compiler.compile(data, FORM.name, validate=False)
    needs = [MediaNeed(name, "file") for name in FILES]
    with app.app_context(), transaction() as session:
        files = app.extensions["files"]
        for number in range(count):
            form_id = f"bench_{number:02d}"
            xform = compiled.xform.replace(b'"bench_interview"', f'"{form_id}"'.encode())
            one = replace(
                compiled, form_id=form_id, xform=xform, media=needs, title=f"Phiếu {number}"
            )
            version = service.upload(session, files, 1, data, FORM.name, one, ACTOR)
            for name in FILES:
                content = io.BytesIO(f"{form_id} {name}".encode() * 1000)
                service.attach(session, files, version, name, "text/plain", content, ACTOR)
            service.publish(session, version, ACTOR)


if __name__ == "__main__":
    forms(int(sys.argv[1]))
