"""create_app(settings): joins the parts; the only module that knows them all."""

import secrets
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from flask import Flask, g

from server import db as database
from server import packing, programs, web
from server.config import Settings, from_environment
from server.db import db
from server.desk import formats
from server.files import Files
from server.jobs import Jobs
from server.permissions import ROLE_NAMES, May
from server.teams import api as teams_api
from server.teams import service as teams
from server.teams.fetched import Fetched

EDGES = (
    "server.health",
    "server.teams.pages",
    "server.teams.api",
    "server.teams.people",
    "server.places.pages",
    "server.places.boundary_pages",
    "server.monitoring.pages",
    "server.monitoring.changes",
    "server.monitoring.catalogue_pages",
    "server.monitoring.timetable",
    "server.desk.plans",
    "server.desk.projects_api",
    "server.desk.phones_api",
    "server.desk.forms_api",
    "server.desk.drafts_api",
    "server.desk.trials_api",
    "server.desk.setup",
    "server.desk.thresholds",
    "server.desk.calendar",
    "server.desk.late",
    "server.desk.plan_charts",
    "server.desk.map_pages",
    "server.desk.record_papers",
    "server.desk.record_values",
    "server.desk.teams",
    "server.desk.phone_setup",
    "server.desk.one_phone",
    "server.desk.journal",
    "server.surveys.phone",
    "server.entities.phone",
    "server.desk.forms",
    "server.desk.filling",
    "server.submissions.phone",
    "server.submissions.trial_phone",
    "server.desk.submissions_api",
    "server.desk.odata_api",
    "server.desk.submissions",
    "server.desk.on_screen",
    "server.desk.review",
    "server.desk.gallery",
    "server.desk.views",
    "server.desk.bulk",
    "server.desk.held",
    "server.desk.sealed",
    "server.entities.api",
    "server.desk.entities",
    "server.desk.entity_rows",
    "server.draws.pages",
    "server.draws.stage_pages",
    "server.draws.api",
    "server.desk.screen",
    "server.desk.draw_papers",
    "server.desk.public",
    "server.desk.fieldwork",
    "server.desk.reinterview_pages",
    "server.desk.register",
    "server.desk.findings_api",
    "server.desk.findings",
    "server.desk.unit",
    "server.desk.rechecks",
    "server.desk.letters",
    "server.home",
)
HANDLERS = (
    "server.submissions.handlers",
    "server.submissions.entity_handlers",
    "server.submissions.returning",
    "server.submissions.overview_handlers",
    "server.submissions.progress",
    "server.quality.handlers",
    "server.findings.handlers",
    "server.findings.alarms",
    "server.findings.weighing",
    "server.draws.handlers",
    "server.desk.shipped",
    "server.entities.handlers",
    "server.entities.declared",
    "server.timers",
)
MODELS = (
    "server.journal",
    "server.places.models",
    "server.places.boundary_models",
    "server.teams.models",
    "server.monitoring.models",
    "server.monitoring.record_models",
    "server.surveys.models",
    "server.entities.models",
    "server.submissions.models",
    "server.submissions.trial_models",
    "server.submissions.answer_models",
    "server.submissions.progress_models",
    "server.submissions.views",
    "server.quality.models",
    "server.draws.models",
    "server.findings.models",
    "server.findings.letters",
    "server.findings.dry_run_models",
)


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application, ready to serve; its tables are the migrations' matter."""
    settings = settings or from_environment()
    app = Flask("server", static_folder=str(web.STATIC))
    furnish(app, settings)
    db.init_app(app)
    with app.app_context():
        database.prepare(db.engine)
    for name in MODELS + HANDLERS:
        import_module(name)
    web.init(app, _load, _nav)
    app.add_template_filter(formats.project, "project")
    packing.init(app)
    programs.init(app, teams_api.by_key, teams_api.by_password)
    for name in EDGES:
        blueprint = import_module(name).bp
        app.register_blueprint(blueprint)
        if name.endswith(("phone", "api")):  # they bring no cookie that another page could use
            web.csrf.exempt(blueprint)
    return app


def furnish(app: Flask, settings: Settings) -> None:
    """Give `app` its settings, the folder of its data, its files and its queue."""
    settings.var.mkdir(parents=True, exist_ok=True)
    spool = settings.var / "tmp"
    spool.mkdir(exist_ok=True)
    tempfile.tempdir = str(spool)  # uploads wait on the disk that will keep them
    app.config.update(
        THUCDIA=settings,
        SECRET_KEY=_secret(settings),
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=_engine_options(settings),
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
        SEND_FILE_MAX_AGE_DEFAULT=31_536_000,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=bool(settings.public_url and settings.public_url[:5] == "https"),
        WTF_CSRF_TIME_LIMIT=None,
        TESTING=settings.testing,
    )
    app.extensions["files"] = Files(settings.files)
    app.extensions["jobs"] = Jobs(app, settings)
    app.extensions["fetched"] = Fetched(app, by_itself=not settings.testing)


def _engine_options(settings: Settings) -> dict[str, Any]:
    if settings.database_url.startswith("sqlite"):
        return {"connect_args": {"timeout": 15, "check_same_thread": False}}
    return {
        "pool_size": settings.threads + 2,
        "max_overflow": 4,
        "connect_args": {
            "options": " ".join(f"-c {name}={value}" for name, value in LIMITS.items())
        },
    }


LIMITS = {
    "statement_timeout": 30_000,
    "idle_in_transaction_session_timeout": 30_000,
    "work_mem": "32MB",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}
"""How PostgreSQL runs our statements.

Lists are narrowed by sets of records, of which this memory holds two million; one that it thinks
larger it would read again for every record. To compile, or to start a process for half of the work,
takes longer than our statements run; and the other processors have pages of their own to answer.
"""


def _secret(settings: Settings) -> str:
    """Return the key that signs cookies; made once and kept beside the data."""
    if settings.secret_key:
        return settings.secret_key
    path = settings.var / "secret"
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(secrets.token_hex(32))
    return path.read_text().strip()


def _load(key: str) -> web.Reader | None:
    person = teams.signed_in(db.session(), key)
    if person is None:
        return None
    language = web.language()
    titles = {ROLE_NAMES[grant.role][language == "en"]: None for grant in person.grants}
    g.reader_card = {"name": person.name, "role": ", ".join(titles), "language": language}
    return person


def _nav() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = import_module("server.home").navigation(g.reader)
    return found


def sources() -> Path:
    """Return the folder of this package, where data that ships with it lies."""
    return Path(__file__).parent


__all__ = ["May", "create_app", "sources"]
