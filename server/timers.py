"""What runs by the clock: seals every minute, tidying, and the nightly sweep of unused files."""

from flask import current_app
from sqlalchemy.orm import Session

from server import journal
from server.jobs import every_minute, every_night
from server.maintenance import soundness
from server.teams import service as teams


@every_minute
def seal_journal(session: Session) -> None:
    """Seal the journal's lines of the minutes before."""
    journal.seal(session)


@every_minute
def forget_old_sign_ins(session: Session) -> None:
    """Remove what no longer lets anybody in."""
    teams.forget_old(session)


@every_night
def sweep_files(session: Session) -> None:
    """Remove stored files that no row names and that are a day old."""
    soundness.sweep(session, current_app.extensions["files"])
