"""Every page with every role, here and elsewhere: made from the addresses themselves.

A page that is added needs `requires`, or a line in PUBLIC. One whose address has a new kind of
number is held against the wrong people at once; a line in `numbers` shows it to the right ones.
"""

import re
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from server import clock, openrosa
from server.db import db, transaction
from server.draws import service as draws
from server.draws.models import Draw
from server.entities import service as entities
from server.entities.models import EntityRequest, RequestState
from server.findings import service as findings
from server.findings.models import Finding, FindingState
from server.journal import Line
from server.monitoring.models import Record
from server.permissions import ROLES, May, Role
from server.places import queries as places
from server.submissions import views
from server.submissions.models import (
    Held,
    HeldFile,
    Submission,
    SubmissionFile,
    SubmissionOpened,
)
from server.submissions.views import RecordView
from server.surveys import drafts
from server.surveys.models import Form, FormMedia
from server.teams import service as teams
from server.teams.api import ROLE_IDS
from server.teams.models import Grant, Member, Phone, Team
from tests.conftest import ACTOR, VU_BAN
from tests.desk import conftest as desk
from tests.maintenance.conftest import publish_with_picture
from tests.worlds import kept

HERE, ELSEWHERE = VU_BAN, "2024/83/835"
PUBLIC = {
    "health.health", "static", "home.home",
    "teams.sign_in_page", "teams.sign_in", "teams.sign_out", "teams.set_language",
    "teams_api.open_session", "teams_api.close_session", "teams_api.close_named_session",
    "teams_api.current_user", "teams_api.roles", "teams_api.role",
    "desk_public.plan", "desk_public.package", "desk_public.verifier", "desk_public.program",
}  # fmt: skip
"""What needs no role: each of them decides by itself what it shows to whom.

Those of `teams_api` open and close a program's own sign-in, tell it who it is, and which roles
there are.

The pages of `desk_public` are for anybody who wants to check a draw that was made public.
"""
COUNTRYWIDE = {"places.place"}
"""What everybody with the right sees wherever they serve: the official code list."""
READ_BY_ALL = {"places.import_page", "places.preview", "places.confirm"}
"""What may be seen elsewhere but not changed there: refused as such, and not as absent."""
REFUSED = {403, 404}
FILLED = {"name": "moi", "title": "Mới", "state": "closed", "delivery": "all"}
"""Enough for a form to be right wherever its page looks at it before it looks for the place."""
SECRETS = ("Giám sát huyện Vụ Bản 2024", "Hộ bí mật", "uuid:bi-mat", "Đoàn 1")

communes, story = desk.communes, desk.story


@dataclass
class World:
    """One of everything in Vụ Bản: the number or name of each by how an address calls it."""

    numbers: dict[str, int | str]
    commune: str = "00000"
    hamlet: str = "H000"

    def address(self, rule):
        """Return the address of `rule` with the numbers of this world."""
        known = self.numbers | {"kind": "original", "code": self.commune}
        if "<int:held_id>/files" in rule.rule:
            known["file_id"] = self.numbers["held_file_id"]
        if "/hamlets/<code>" in rule.rule:
            known["code"] = self.hamlet
        if re.search(r"/forms/<form_id>(/submissions|\.svc)", rule.rule):
            known["form_id"] = self.numbers["record_form"]
        path = re.sub(r"<any\((\w+)[^<>]*>", r"\1", rule.rule)
        return re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda at: str(known.get(at[1], 1)), path)

    def knows(self, rule):
        """Tell whether there is something at the address of `rule`: else nobody sees it."""
        unknown = rule.arguments - {*self.numbers, "kind", "verb"}
        if re.search("/(communes|hamlets)/<code>", rule.rule):
            unknown -= {"code"}
        if "file_id" in rule.arguments and not rule.rule.startswith(("/files/", "/held/")):
            unknown |= {"file_id"}
        return not unknown


@kept
def world(app, story, round_, cast):
    """A story with a confirmed finding, a photo, something held, a draw, a list, a request."""
    story.send({"1.jpg": desk.photo()}, du="no", label="Hộ bí mật", instance_id="uuid:bi-mat",
               anh="1.jpg")  # fmt: skip
    story.send({"2.jpg": b"x"}, 409, du="yes", instance_id="uuid:bi-mat")
    publish_with_picture(app, story.plan_id)
    with transaction() as session:
        units = session.scalars(places.communes_under("2024", "359")).all()
        source = draws.source_of("dice-d10")
        drawn = draws.commit(session, session.merge(round_), units, 4, 3, source, ACTOR, {})
        draws.seed(session, drawn, "48371 02955 61382 07714", ["Hoa", "Sơn", "Hà"], ACTOR)
        team = session.scalars(select(Team)).one()
        teams.join(session, team, session.merge(cast.lan), actor=ACTOR)
        rows = entities.add_list(session, story.plan_id, "con_bo", ACTOR, area_property="xa")
        place = story.visit.place.code
        row = entities.create(session, rows, "Bò 1", {"xa": place}, ACTOR)
        sent = session.scalars(select(Submission)).first()
        session.add(_request(sent, row))
        session.add(_opened(sent))
        finding = session.scalars(select(Finding)).one()
        findings.settle(session, finding, FindingState.CONFIRMED, "", ACTOR)
        views.save(session, story.plan_id, cast.hoa.id, "Góc", "", True, ACTOR)
        drafts.copy(
            session, session.scalars(select(Form).where(Form.form_id == "anh")).one(), ACTOR
        )
    numbers = _numbers(story, round_, cast, rows, row)
    assert None not in numbers.values(), numbers
    return World(numbers, story.visit.place.code, story.hamlet.code)


def _opened(submission):
    inside = b"<data><ten>uuid:bi-mat</ten></data>"
    return SubmissionOpened(
        submission_id=submission.id,
        number=1,
        xml=inside,
        xml_sha256="",
        opened_at=clock.now(),
        opened_by="A",
    )


def _request(submission, row):
    return EntityRequest(
        plan_id=submission.plan_id, submission_id=submission.id, instance_id="uuid:bi-mat",
        position=0, dataset="con_bo", uuid=row.uuid, creates=False, updates=True, label="",
        data={}, area=submission.area, received_at=clock.now(), state=RequestState.FAILED,
    )  # fmt: skip


def _numbers(story, round_, cast, rows, row):
    def first(model):
        return db.session().scalars(select(model.id).order_by(model.id)).first()

    media = db.session().scalars(select(FormMedia).order_by(FormMedia.id)).first()
    return {
        "plan_id": story.plan_id,
        "round_id": round_.id,
        "visit_id": story.visit.id,
        "place_id": story.visit.place_id,
        "record_id": first(Record),
        "submission_id": first(Submission),
        "file_id": first(SubmissionFile),
        "held_id": first(Held),
        "held_file_id": first(HeldFile),
        "finding_id": first(Finding),
        "draw_id": first(Draw),
        "form_pk": db.session().scalar(select(Form.id).where(Form.form_id == "anh")),
        "form_id": "anh",
        "record_form": "hogd",
        "instance_id": "uuid:bi-mat",
        "table_name": "Submissions",
        "content_id": "uuid:bi-mat",
        "file_name": "1.jpg",
        "version": media.version.version,
        "filename": media.name,
        "version_id": media.version_id,
        "media_id": media.id,
        "team_id": first(Team),
        "member_id": first(Member),
        "phone_id": first(Phone),
        "person_id": cast.hoa.id,
        "role_id": ROLE_IDS[Role.COORDINATOR],
        "grant_id": db.session().scalar(select(Grant.id).where(Grant.person_id == cast.hoa.id)),
        "list_id": rows.id,
        "list_name": rows.name,
        "row_id": row.id,
        "uuid": row.uuid,
        "request_id": first(EntityRequest),
        "view_id": first(RecordView),
    }


@pytest.fixture
def one_of_each(app, browser):
    """Make a client for each role, all over one area: a browser, and a program under /v1."""

    def make(area):
        found = {}
        for role in Role:
            with transaction() as session:
                name = f"{role.value} {area[-3:]}"
                person = teams.add_person(session, name, ACTOR, f"{role.value}{area[-3:]}@a.vn")
                teams.grant(session, person, role, area, ACTOR)
            found[role] = browser(person)
            with found[role].session_transaction() as cookie:
                key = f"Bearer {cookie['key']}"
            found[role].environ_base["HTTP_AUTHORIZATION"] = key
        return found

    return make


def pages(app, method):
    """Give the rules of pages that need a right, with their right: (rule, right)."""
    for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule):
        view = app.view_functions[rule.endpoint]
        if method in rule.methods and hasattr(view, "right"):
            yield rule, view.right


WRITING = ("POST", "PUT", "PATCH", "DELETE")


def writing(app):
    """Give the rules of pages that change something, with their method and right."""
    for method in WRITING:
        for rule, right in pages(app, method):
            yield method, rule, right


def _refusals(rule, may):
    """Return how somebody from elsewhere is refused: what they may not see is not there."""
    return REFUSED if not may or rule.endpoint in READ_BY_ALL else {404}


def ask(client, method, address, data=None):
    """Return the status and text of an answer, without what tells one request from another."""
    with client.open(address, method=method, data=data, buffered=True) as answer:
        tells = answer.mimetype in {"text/html", "application/json", "application/problem+json"}
        text = answer.text.replace(address, "") if tells else ""
        text = re.sub(r'name="csrf[^>]*>|value="/[^"]*"', "", text)
        return answer.status_code, text


def test_every_address_needs_a_right_or_is_public_on_purpose(app):
    open_ones = set()
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        if openrosa.for_phones(re.sub("<[^<>]*>", "1", rule.rule)):
            assert getattr(view, "__wrapped__", None), f"{rule.rule} lets in phones without a key"
        elif not isinstance(getattr(view, "right", None), May):
            open_ones.add(rule.endpoint)

    assert open_ones <= PUBLIC


# What these allow depends on the finding's own unit and step, or on the record's team and place:
# the page judges, not the route.
JUDGED_INSIDE = {May.ANSWER_FINDINGS, May.COMMENT_FINDINGS, May.REVIEW}
# Written by the visit's own team and its coordinator; others may only read the record.
OWN_TEAM = {"/records/<int:record_id>/sessions/new"}


def test_every_right_is_held_by_somebody_and_asked_for_or_kept_for_phones(app):
    asked = {right for method in ("GET", *WRITING) for _, right in pages(app, method)}

    assert {right for rights in ROLES.values() for right in rights} == set(May)
    assert set(May) - asked <= {May.SEND_SUBMISSION, May.RUN_SERVER} | JUDGED_INSIDE


def test_whoever_serves_here_sees_what_their_role_may_see_and_nothing_else(app, world, one_of_each):
    wrong = {}
    for role, client in one_of_each(HERE).items():
        for rule, right in pages(app, "GET"):
            status, _ = ask(client, "GET", world.address(rule))
            seen = {200, 302, 303} | (set() if world.knows(rule) else REFUSED)
            seen |= {403} if rule.rule in OWN_TEAM else set()
            if status not in (seen if right in ROLES[role] else REFUSED):
                wrong[role.value, rule.rule] = status

    assert wrong == {}


def test_whoever_serves_elsewhere_sees_nothing_of_here(app, world, one_of_each):
    wrong = {}
    for role, client in one_of_each(ELSEWHERE).items():
        for rule, right in pages(app, "GET"):
            status, text = ask(client, "GET", world.address(rule))
            if not rule.arguments or rule.endpoint in COUNTRYWIDE:
                good = status in ({200, 302, 303} if right in ROLES[role] else REFUSED)
            else:
                good = status in _refusals(rule, right in ROLES[role])
            if not good or any(secret in text for secret in SECRETS):
                wrong[role.value, rule.rule] = status

    assert wrong == {}


def test_what_is_elsewhere_reads_the_same_as_what_is_not_there(app, world, one_of_each):
    """Otherwise numbers could be tried out to learn what others have."""
    client = one_of_each(ELSEWHERE)[Role.ADMINISTRATOR]
    nothing = dict.fromkeys(world.numbers, 2_000_000_000)
    for rule, _ in pages(app, "GET"):
        if rule.arguments and rule.endpoint not in COUNTRYWIDE | READ_BY_ALL:
            there = ask(client, "GET", world.address(rule))
            nowhere = ask(client, "GET", World(nothing).address(rule))
            assert there[0] == nowhere[0] == 404, rule.rule
            assert there[1].splitlines() == nowhere[1].splitlines(), rule.rule


def test_whoever_may_not_do_something_is_refused_and_changes_nothing(app, world, one_of_each):
    before = _journal()
    wrong = {}
    for area in (HERE, ELSEWHERE):
        for role, client in one_of_each(area).items():
            before = max(before, _journal_of_people())
            for method, rule, right in writing(app):
                may = right in ROLES[role]
                if may and (area == HERE or not rule.arguments):
                    continue
                status, _ = ask(client, method, world.address(rule), FILLED)
                if status not in _refusals(rule, may):
                    wrong[area, role.value, method, rule.rule] = status

    assert wrong == {}
    assert _journal() == _journal_of_people()


def _journal():
    db.session().rollback()
    return db.session().scalars(select(Line.id).order_by(Line.id.desc())).first()


def _journal_of_people():
    """Return the number of the last line that is about people, whom the test itself adds."""
    db.session().rollback()
    query = select(Line.id).where(Line.subject == "person").order_by(Line.id.desc())
    return db.session().scalars(query).first() or 0


def test_whoever_may_do_something_here_is_not_refused(app, world, one_of_each):
    """The empty form is mostly wrong: but it is the form that is refused, not the person."""
    clients = one_of_each(HERE)
    wrong = {}
    for method, rule, right in writing(app):
        role = next(role for role in Role if right in ROLES[role] and role is not Role.UNIT_OFFICER)
        status, _ = ask(clients[role], method, world.address(rule))
        if status in {401, 403} or status >= 500:
            wrong[role.value, method, rule.rule] = status

    assert wrong == {}


def test_nobody_is_sent_to_sign_in_or_refused(app, world, browser):
    client = browser(None)
    wrong = {}
    for method in ("GET", *WRITING):
        for rule, _ in pages(app, method):
            with client.open(world.address(rule), method=method, buffered=True) as answer:
                asked_to_sign_in = answer.status_code == 302 and answer.headers[
                    "Location"
                ].startswith("/sign-in?next=/")
                by_page = method == "GET" and not rule.rule.startswith("/v1/")
                if not (asked_to_sign_in if by_page else answer.status_code == 401):
                    wrong[method, rule.rule] = answer.status_code

    assert wrong == {}


def test_a_role_that_is_taken_back_or_an_account_that_is_locked_ends_with_the_next_request(
    app, world, browser, cast
):
    client = browser(cast.minh)
    address = f"/plans/{world.numbers['plan_id']}"
    assert client.get(address).status_code == 200

    with transaction() as session:
        person = session.merge(cast.minh)
        teams.ungrant(session, person.grants[0], ACTOR)
    taken_back = client.get(address).status_code
    with transaction() as session:
        teams.set_active(session, session.merge(cast.minh), False, ACTOR)

    assert taken_back == 403
    assert client.get(address).status_code == 302
