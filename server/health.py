"""GET /health: can this installation take submissions right now?"""

import shutil

from flask import Blueprint, Response, current_app, jsonify
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from server import clock, migrate
from server.db import db

bp = Blueprint("health", __name__)
FLOOR_BYTES = 64_000_000


@bp.get("/health")
def health() -> tuple[Response, int]:
    """Answer 200 when forms can be taken, 503 with the reason when not."""
    reason = _fault()
    body = {"status": "ok" if reason is None else "unavailable", "at": clock.now().isoformat()}
    if reason is not None:
        body["reason"] = reason
    return jsonify(body), 200 if reason is None else 503


def _fault() -> str | None:
    try:
        db.session().execute(text("SELECT 1"))
        if not migrate.is_current(db.engine):
            return "the database schema is not the one this program needs: run `thucdia migrate`"
    except SQLAlchemyError:
        return "the database does not answer"
    settings = current_app.config["THUCDIA"]
    if shutil.disk_usage(settings.var).free < FLOOR_BYTES:
        return "less than 64 MB of disk is free"
    return None
