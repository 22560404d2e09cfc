"""What runs every minute, whoever asks: seals, and tidying of what has expired."""

from sqlalchemy.orm import Session

from server import journal
from server.jobs import every_minute
from server.teams import service as teams


@every_minute
def seal_journal(session: Session) -> None:
    """Seal the journal's lines of the minutes before."""
    journal.seal(session)


@every_minute
def forget_old_sign_ins(session: Session) -> None:
    """Remove what no longer lets anybody in."""
    teams.forget_old(session)
