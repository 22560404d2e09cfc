"""How the phones of a plan are set up: what was chosen, and what a phone's card then carries."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from server import clock, journal
from server.journal import Actor
from server.teams import collect, settings_qr
from server.teams.models import PhoneSettings
from server.teams.service import Issued
from server.teams.settings_qr import Way

_LONGEST_WAY = Way("https://" + "x" * 200, "x" * 30, "x" * 30)


def chosen(session: Session, plan_id: int) -> PhoneSettings:
    """Return what a plan has chosen; what we suggest when it has chosen nothing yet."""
    held = session.get(PhoneSettings, plan_id)
    if held is not None:
        return held
    return PhoneSettings(plan_id=plan_id, by_password=False, chosen=dict(collect.SUGGESTED))


def choose(
    session: Session, plan_id: int, given: Mapping[str, str], by_password: bool, actor: Actor
) -> PhoneSettings:
    """Keep how phones of a plan are set up from now on; cards given out before stay as they are.

    Raises:
        BadSetting, BadSettingText: see `collect.checked`.
        SettingsTooLong: no code could carry them.
    """
    found = collect.checked(given)
    way = Way(_LONGEST_WAY.url, _LONGEST_WAY.username, _LONGEST_WAY.password, found)
    settings_qr.payload(settings_qr.settings(way, "x" * 60, "x" * 100))
    held = session.get(PhoneSettings, plan_id)
    if held is None:
        held = PhoneSettings(plan_id=plan_id)
        session.add(held)
    held.chosen, held.by_password, held.changed_at = found, by_password, clock.now()
    session.flush()
    journal.write(session, actor, "plan.phone-settings", "plan", plan_id, plan_id)
    return held


def way(settings: PhoneSettings, server: str, issued: Issued) -> Way:
    """Return how a new phone finds `server`."""
    plan_id = issued.phone.plan_id
    if settings.by_password:
        url = f"{server}/v1/projects/{plan_id}"
        return Way(url, issued.username, issued.password, settings.chosen)
    return Way(f"{server}/v1/key/{issued.token}/projects/{plan_id}", chosen=settings.chosen)


def code(settings: PhoneSettings, server: str, issued: Issued, plan_name: str) -> str:
    """Return the text of the QR code on a new phone's card."""
    found = way(settings, server, issued)
    values = settings_qr.settings(found, plan_name, issued.phone.person.name)
    return settings_qr.payload(values)
