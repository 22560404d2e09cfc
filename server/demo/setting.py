"""Sets the stage of the demonstration, in one transaction: all of it stands, or nothing does.

Everything goes through the services that pages and commands call; nothing is written as raw rows.
"""

import csv
import io
import math
import uuid
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import journal
from server.db import transaction
from server.demo import keys as secret
from server.demo import story
from server.demo.chance import between, one_of, share
from server.demo.interviews import Point
from server.demo.keys import Account, Keys, PhoneKey
from server.demo.story import Character, TeamStory
from server.desk.shipped import WORKBOOKS
from server.draws import queries as draw_queries
from server.draws import service as draws
from server.entities import service as entities
from server.files import Files
from server.journal import Actor
from server.monitoring import service as monitoring
from server.monitoring.models import Plan, Round, RoundKind, Visit, VisitState
from server.places import queries as places
from server.places import service as places_service
from server.places.models import Hamlet, Place
from server.surveys import compile as compiler
from server.surveys import service as surveys
from server.surveys.compile import Compiled
from server.teams import service as teams
from server.teams.models import Person, Team

DESK = Actor("command", None, "demo")
PREPARED = "demo.prepared"


@dataclass(frozen=True)
class Workbook:
    """A shipped form with what became of it."""

    name: str
    data: bytes
    compiled: Compiled


def compiled_forms() -> list[Workbook]:
    """Compile the shipped workbooks, side by side; slow, so before the transaction."""
    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(_compiled, story.FORMS))


def _compiled(form_id: str) -> Workbook:
    path = WORKBOOKS / f"{form_id}.xlsx"
    data = path.read_bytes()
    return Workbook(path.name, data, compiler.compile(data, path.name))


def prepare(app: Flask, forms: list[Workbook]) -> Keys:
    """Write plan, people, draw, visits, hamlets, households and forms; return their secrets.

    The secrets are on disk before the commit: a stage that stands has its keys. The journal keeps
    the name space of the forms to come, so that none is sent twice.
    """
    keys = Keys()
    with transaction() as session:
        stage = _Stage(session, keys)
        stage.office()
        plan = stage.plan()
        keys.plan_id = plan.id
        visits = stage.draw(plan)
        stage.hamlets(plan, visits)
        for number, team in enumerate(story.TEAMS):
            stage.team(plan, number, team, visits[number * 2 : number * 2 + 2])
        stage.unit_officer(visits[0])
        stage.forms(plan, app.extensions["files"], forms)
        space = str(uuid.uuid4())
        journal.write(session, DESK, PREPARED, "plan", plan.id, plan.id, space=space)
        secret.write(app.config["THUCDIA"].var, keys)
    return keys


class _Stage:
    """The steps of the setting, in one session."""

    def __init__(self, session: Session, keys: Keys) -> None:
        self.session = session
        self.keys = keys
        self.coordinator = DESK
        district = session.scalars(places.place(story.EDITION, story.DISTRICT)).one()
        self.district = district
        self.areas = {"country": "", "district": district.area}

    def office(self) -> None:
        """Add the people of the office; the coordinator then does the rest."""
        for character in story.OFFICE:
            person = self._person(character)
            if character is not story.UNIT_OFFICER:
                area = self.areas[character.at]
                teams.grant(self.session, person, character.role, area, DESK)
            if character is story.COORDINATOR:
                self.coordinator = Actor("command", person.id, person.name)

    def _person(self, character: Character) -> Person:
        if not character.address:
            return teams.add_person(self.session, character.name, DESK)
        email = f"{character.address}@{story.MAIL}"
        password = secret.password()
        account = Account(character.role.value, character.name, email, password)
        self.keys.accounts.append(account)
        return teams.add_person(self.session, character.name, DESK, email, password)

    def plan(self) -> Plan:
        """Add the plan of the published document."""
        return monitoring.add_plan(
            self.session, story.PLAN_NAME, story.PROGRAMME, self.district, story.EDITION,
            self.coordinator, **story.PLAN,
        )  # fmt: skip

    def draw(self, plan: Plan) -> list[Visit]:
        """Freeze the district's units, commit, read the dice aloud; return the visits."""
        round_ = monitoring.add_round(
            self.session, plan, story.ROUND_CODE, story.ROUND_NAME, self.coordinator,
            kind=RoundKind.PERIODIC, starts_on=story.ROUND_DAYS[0], ends_on=story.ROUND_DAYS[1],
        )  # fmt: skip
        draw = draws.commit(
            self.session, round_, self._units(round_), story.DRAWN, story.RESERVES,
            draws.source_of("dice-d10"), self.coordinator,
        )  # fmt: skip
        draws.seed(self.session, draw, story.DICE, story.WITNESSES, self.coordinator)
        return list(draw_queries.visits_of(self.session, draw))

    def _units(self, round_: Round) -> list[Place]:
        return list(
            self.session.scalars(places.communes_under(round_.plan.edition_id, story.DISTRICT))
        )

    def hamlets(self, plan: Plan, visits: list[Visit]) -> None:
        """Import a list of invented hamlets, as an office would, and sample households there."""
        data = _hamlet_list(self.session, [visit.place for visit in visits])
        preview = places_service.preview_hamlets(
            self.session, story.EDITION, data, "thon-mau.csv", [story.DISTRICT]
        )
        added = places_service.import_hamlets(self.session, preview)
        journal.write(
            self.session, self.coordinator, "hamlets.imported", "edition", story.EDITION,
            rows=added,
        )  # fmt: skip
        communes = [visit.place_id for visit in visits]
        chosen = select(Hamlet).where(
            Hamlet.place_id.in_(communes), Hamlet.source == preview.source
        )
        sampled = 0
        for hamlet in self.session.scalars(chosen.order_by(Hamlet.code)).all():
            sampled += entities.add_households(self.session, plan.id, hamlet, _sample(hamlet.code))
        journal.write(
            self.session, self.coordinator, "households.added", "plan", plan.id, plan.id,
            rows=sampled,
        )  # fmt: skip

    def team(self, plan: Plan, number: int, told: TeamStory, visits: list[Visit]) -> None:
        """Make a team with its phones, and give it its visits and their days."""
        team = teams.add_team(self.session, plan.id, told.name, self.coordinator)
        for character in told.members:
            person = self._person(character)
            for visit in visits:
                area = visit.place.area
                teams.grant(self.session, person, character.role, area, self.coordinator)
            teams.join(self.session, team, person, character.post, character is told.leader)
        self.keys.phones += new_phones(self.session, plan.id, team, number, told)
        for visit, days in zip(visits, story.VISIT_DAYS, strict=False):
            monitoring.assign(self.session, visit, team, *days, self.coordinator)
            monitoring.send_notice(self.session, visit, story.NOTICE_ON, self.coordinator)
            monitoring.move(self.session, visit, VisitState.UNDER_WAY, self.coordinator)

    def unit_officer(self, visit: Visit) -> None:
        """Let the officer of a drawn commune see what was found there."""
        email = f"{story.UNIT_OFFICER.address}@{story.MAIL}"
        officer = self.session.scalars(select(Person).where(Person.email == email)).one()
        role = story.UNIT_OFFICER.role
        teams.grant(self.session, officer, role, visit.place.area, self.coordinator)

    def forms(self, plan: Plan, files: Files, forms: list[Workbook]) -> None:
        """Upload and publish the shipped forms."""
        for form in forms:
            version = surveys.upload(
                self.session, files, plan.id, form.data, form.name, form.compiled,
                self.coordinator,
            )  # fmt: skip
            surveys.publish(self.session, version, self.coordinator)


def new_phones(
    session: Session, plan_id: int, team: Team, number: int, told: TeamStory
) -> list[PhoneKey]:
    """Issue a phone to every member of a team and return its key; older phones are revoked."""
    characters = {character.name: character for character in told.members}
    found = []
    for member in team.members:
        _, token = teams.issue_phone(session, plan_id, member.person, DESK, team)
        work = _work(told, characters[member.person.name])
        found.append(PhoneKey(member.person.name, token, number, work))
    return found


def _work(told: TeamStory, character: Character) -> str:
    if character is told.leader:
        return "hamlets"
    if character in told.inspectors:
        return f"households:{told.inspectors.index(character)}"
    return ""


def _hamlet_list(session: Session, communes: list[Place]) -> bytes:
    """Return the CSV file an office would import: three invented hamlets around each commune."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["Mã xã", "Tên thôn", "Vĩ độ", "Kinh độ", "Bán kính", "Số hộ"])
    for commune in communes:
        middle = point_of(session, commune)
        for number in range(1, story.HAMLETS + 1):
            latitude, longitude = _around(middle, number, commune.code)
            size = between(120, 320, commune.code, number, "size")
            writer.writerow(
                [commune.code, story.hamlet_name(number), latitude, longitude, 500, size]
            )
    return out.getvalue().encode()


def _around(middle: Point, number: int, code: str) -> Point:
    """Return a point some 700-1,000 m from the middle, each hamlet in its own direction."""
    angle = 2 * math.pi * (number / story.HAMLETS + share(code, "turn") / 6)
    reach = 0.0065 + 0.0025 * share(code, number, "reach")
    return round(middle[0] + reach * math.sin(angle), 6), round(
        middle[1] + reach * math.cos(angle), 6
    )


def point_of(session: Session, commune: Place) -> Point:
    """Return about where a commune of 2024 lies.

    The edition of 2024 has no coordinates: the same unit of June 2025 has, or the one it became
    part of, or any neighbour in the district.
    """
    later = "2025-06"
    same = session.scalar(places.place(later, commune.code))
    followed = [
        place for place, _ in session.execute(places.successors(story.EDITION, commune.code))
    ]
    near = session.scalars(places.communes_under(later, commune.parent_code or "")).all()
    for place in [*([same] if same and same.name == commune.name else []), *followed, *near]:
        if place.latitude is not None and place.longitude is not None:
            return place.latitude, place.longitude
    raise LookupError(f"no point near {commune.code}")


_FAMILIES = "NTLPHVĐBDM"


def _sample(hamlet_code: str) -> list[tuple[str, str, bool]]:
    """Return code, label and whether it is a reserve, of the hamlet's sampled households."""
    rows = []
    for number in range(1, story.HOUSEHOLDS + story.RESERVE_HOUSEHOLDS + 1):
        code = story.household_code(hamlet_code, number)
        letters = [one_of(_FAMILIES, code, 0), one_of("VT", code, 1), one_of(_FAMILIES, code, 2)]
        label = f"{code} {'.'.join(letters)}. (mẫu)"
        rows.append((code, label, number > story.HOUSEHOLDS))
    return rows
