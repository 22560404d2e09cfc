"""What a phone gets before it goes out: list, form, manifest, files and lists of its own team."""

import csv
import hashlib
import io
import shutil
from contextlib import contextmanager
from dataclasses import replace
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

import pytest
from lxml import etree
from sqlalchemy import event, select

from server.db import db, transaction
from server.entities import plain as entities
from server.monitoring import service as monitoring
from server.places.models import Hamlet, Place
from server.problems import Unavailable
from server.surveys import queries as survey_queries
from server.surveys import service as surveys
from server.surveys.models import Form, FormState, PhoneList
from server.teams import phone as teams_phone
from server.teams import service as teams
from server.teams.models import Person, Phone, Team
from tests import forms
from tests.conftest import ACTOR
from tests.worlds import kept

LIST = "{http://openrosa.org/xforms/xformsList}"
MANIFEST = "{http://openrosa.org/xforms/xformsManifest}"
REVOKED = "Mã kết nối của máy này không còn hiệu lực"
WITH_FILES = """
| survey |                                  |        |              |              |
|        | type                             | name   | label        | media::image |
|        | select_one_from_file visits.csv  | visit  | Lượt         |              |
|        | select_one_from_file hamlets.csv | hamlet | Thôn         |              |
|        | select_one_from_file gia.csv     | gia    | Giá          |              |
|        | note                             | xem    | Xem con bò   | con bo.png   |
| settings |                                |        |              |              |
|        | form_title                       | form_id | version     |              |
|        | Phiếu có tệp                     | tep    | 2024-04      |              |
"""
PRICES = "name,label\nbo,Bò sữa\n".encode()
PICTURE = b"\x89PNG\r\n\x1a\n not looked into"


def md5(data):
    return hashlib.md5(data).hexdigest()


@pytest.fixture
def get(app, base):
    """Ask as Collect asks: every address with the device's id, and its headers."""
    client = app.test_client()

    def ask(path="/formList", root=base, method="get", query="", **headers):
        mark = "&" if "?" in path + query else "?"
        sent = {"X-OpenRosa-Version": "1.0", "Date": "Mon, 22 Apr 2024 02:30:00 GMT"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        address = f"{root}{path}{query}{mark}deviceID=collect%3Aabc"
        return getattr(client, method)(address, headers=sent)

    return ask


def publish(app, plan_id, form_id="thu", version="1", title="Phiếu thử", workbook=forms.WORKBOOK):
    """Publish the small form under another name: only its identity differs."""
    compiled = forms.compiled(workbook)
    identity = f"id={quoteattr(form_id)} version={quoteattr(version)}".encode()
    xform = compiled.xform.replace(b'id="thu" version="1"', identity)
    other = replace(compiled, form_id=form_id, version=version, title=title, xform=xform)
    with transaction() as session:
        found = surveys.upload(
            session, app.extensions["files"], plan_id, b"workbook", "thu.md", other, ACTOR
        )
        surveys.publish(session, found, ACTOR)
        return found.id


@kept
def with_files(app, plan):
    """A published form with a picture, a fixed list and two lists that the server makes."""
    files = app.extensions["files"]
    with transaction() as session:
        compiled = forms.compiled(WITH_FILES)
        version = surveys.upload(session, files, plan.id, b"workbook", "tep.md", compiled, ACTOR)
        for name, kind, data in (
            ("gia.csv", "text/csv", PRICES),
            ("con bo.png", "image/png", PICTURE),
        ):
            surveys.attach(session, files, version, name, kind, io.BytesIO(data), ACTOR)
        surveys.publish(session, version, ACTOR)
        entities.refresh_lists(session, plan.id)
        return version.id


def entries(answer):
    """Return the children of a list, each as a dict of its elements' texts."""
    root = etree.fromstring(answer.data)
    return [{etree.QName(part).localname: part.text for part in child} for child in root]


def path(url):
    """Return the path of an absolute address, as it stands on the line."""
    split = urlsplit(url)
    assert split.scheme and split.netloc
    return split.path


@contextmanager
def statements():
    seen = []

    def note(_c, _cur, statement, *_rest):
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


# --- phones.md 1, 2: the list -----------------------------------------------------------------


def test_the_list_is_of_the_kind_that_collect_accepts(app, plan, get):
    publish(app, plan.id)

    answer = get()

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert answer.headers["Date"].endswith("GMT")
    assert etree.fromstring(answer.data).tag == f"{LIST}xforms"
    assert {child.tag for child in etree.fromstring(answer.data)} == {f"{LIST}xform"}


def test_an_entry_says_all_that_a_phone_needs_and_nothing_blank(app, plan, get, with_files):
    publish(app, plan.id, "khong-ban", version="")

    answer = get()

    with_version, without = entries(answer)[0], entries(answer)[1]
    assert with_version["formID"] == "tep"
    assert with_version["name"] == "Phiếu có tệp"
    assert with_version["version"] == "2024-04"
    assert set(with_version) == {"formID", "name", "version", "hash", "downloadUrl", "manifestUrl"}
    assert set(without) == {"formID", "name", "hash", "downloadUrl"}
    assert all(text and text.strip() for entry in entries(answer) for text in entry.values())


def test_the_hash_is_that_of_the_bytes_served_at_the_address(app, plan, get, with_files):
    publish(app, plan.id)

    for entry in entries(get()):
        served = get(path(entry["downloadUrl"]), root="")
        assert served.status_code == 200
        assert entry["hash"] == f"md5:{md5(served.data)}"


def test_version_and_id_in_the_list_are_those_inside_the_form(app, plan, get, with_files):
    publish(app, plan.id, "phiếu & <thôn>", 'v "1.0" & 2')
    publish(app, plan.id)

    for entry in entries(get()):
        form = etree.fromstring(get(path(entry["downloadUrl"]), root="").data)
        (root,) = form.xpath("//*[local-name()='instance'][1]/*[1]")[:1]
        assert (root.get("id"), root.get("version")) == (entry["formID"], entry.get("version"))


def test_names_with_marks_of_xml_do_not_break_the_list(app, plan, get):
    publish(app, plan.id, title='Phiếu <b>"A&B"</b> \x0b của xã\N{COMBINING ACUTE ACCENT}')

    (entry,) = entries(get())

    assert entry["name"].startswith('Phiếu <b>"A&B"</b>')


def test_a_form_without_a_title_is_listed_by_its_id(app, plan, get):
    """One blank name and the phone throws the whole list away."""
    publish(app, plan.id, title=" ")

    assert [entry["name"] for entry in entries(get())] == ["thu"]


def test_a_host_name_made_up_by_the_sender_does_not_break_the_list(app, plan, get):
    publish(app, plan.id)

    answer = get(Host='a"&b')

    assert answer.status_code in {200, 400}
    etree.fromstring(answer.data)


def test_the_public_address_is_used_when_there_is_one(app, plan, get):
    publish(app, plan.id)
    app.config["THUCDIA"] = replace(app.config["THUCDIA"], public_url="https://thucdia.example.vn")

    (entry,) = entries(get())

    assert entry["downloadUrl"].startswith("https://thucdia.example.vn/v1/key/")


def test_the_list_is_ordered_by_name_and_the_same_each_time(app, plan, get):
    for number, title in enumerate(["Phiếu C", "Phiếu A", "Phiếu B"]):
        publish(app, plan.id, f"f{number}", title=title)

    assert [entry["name"] for entry in entries(get())] == ["Phiếu A", "Phiếu B", "Phiếu C"]
    assert get().data == get().data


def test_one_form_can_be_asked_for_and_a_blank_question_asks_for_all(app, plan, get):
    for form_id in ("a", "b", "hộ"):
        publish(app, plan.id, form_id)

    def asked(query):
        return [entry["formID"] for entry in entries(get(query=query))]

    assert asked("?formID=b") == ["b"]
    assert asked("?formID=h%E1%BB%99") == ["hộ"]
    assert asked("?formID=ho%CC%A3%CC%82") == ["hộ"], "NFD and NFC are one name"
    assert asked("?formID=z") == []
    assert asked("?formID=") == ["a", "b", "hộ"]


@pytest.mark.parametrize(
    "query",
    ["?verbose=true", "?listAllVersions=true", "?numEntries=1&cursor=x", "?deviceID=", "?x=%00%FF"],
)
def test_unknown_questions_are_passed_over(app, plan, get, query):
    publish(app, plan.id)

    assert len(entries(get(query=query))) == 1


def test_a_date_of_twelve_hours_and_no_openrosa_header_are_taken(app, plan, base):
    publish(app, plan.id)

    answer = app.test_client().get(f"{base}/formList", headers={"Date": "nonsense"})

    assert answer.status_code == 200


@pytest.mark.parametrize("state", [FormState.CLOSING, FormState.CLOSED])
def test_a_form_that_closes_is_not_listed_but_can_be_fetched_by_those_who_had_it(
    app, plan, get, state
):
    publish(app, plan.id)
    (entry,) = entries(get())
    with transaction() as session:
        surveys.set_state(session, session.scalars(select(Form)).one(), state, ACTOR)

    assert entries(get()) == []
    assert get(path(entry["downloadUrl"]), root="").status_code == 200


def test_only_the_newest_published_version_is_listed_and_no_draft(app, plan, get):
    publish(app, plan.id, version="1")
    publish(app, plan.id, version="2")
    draft = replace(forms.compiled(), version="3")
    with transaction() as session:
        unpublished = surveys.upload(
            session, app.extensions["files"], plan.id, b"x", "thu.md", draft, ACTOR
        ).id

    (entry,) = entries(get())

    assert entry["version"] == "2"
    assert get(f"/versions/{unpublished}/form.xml").status_code == 404
    assert get(f"/versions/{unpublished}/manifest").status_code == 404


def test_an_unchanged_list_is_not_sent_again_and_a_changed_one_is(app, plan, get):
    publish(app, plan.id)
    first = get()

    again = get(If_None_Match=first.headers["ETag"])
    publish(app, plan.id, version="2")
    changed = get(If_None_Match=first.headers["ETag"])

    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["X-OpenRosa-Version"] == "1.0"
    assert changed.status_code == 200


def test_a_head_of_the_list_has_its_headers_and_no_body(app, plan, get):
    publish(app, plan.id)

    answer = get(method="head")

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["X-OpenRosa-Version"] == "1.0"


def test_fifty_forms_cost_as_many_look_ups_as_one(app, plan, get):
    publish(app, plan.id)
    get()
    with statements() as few:
        get()
    compiled = forms.compiled()
    with transaction() as session:
        for number in range(49):
            other = replace(compiled, form_id=f"f{number}")
            version = surveys.upload(
                session, app.extensions["files"], plan.id, b"x", "thu.md", other, ACTOR
            )
            surveys.publish(session, version, ACTOR)

    with statements() as many:
        answer = get()

    assert len(entries(answer)) == 50
    assert len(many) == len(few) <= 3


# --- phones.md 3, 4: form, manifest, files ----------------------------------------------------


def test_a_manifest_names_every_file_once_with_the_hash_of_what_is_served(get, with_files):
    answer = get(f"/versions/{with_files}/manifest")

    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert answer.headers["X-OpenRosa-Version"] == "1.0"
    assert etree.fromstring(answer.data).tag == f"{MANIFEST}manifest"
    assert {child.tag for child in etree.fromstring(answer.data)} == {f"{MANIFEST}mediaFile"}
    named = {entry["filename"]: entry for entry in entries(answer)}
    assert set(named) == {"visits.csv", "hamlets.csv", "gia.csv", "con bo.png"}
    for entry in named.values():
        served = get(path(entry["downloadUrl"]), root="")
        assert entry["hash"] == f"md5:{md5(served.data)}"
        assert set(entry) == {"filename", "hash", "downloadUrl"}


def test_files_come_whole_with_the_kind_that_readers_choose_their_parser_by(get, with_files):
    base = f"/versions/{with_files}"
    prices, picture = get(f"{base}/media/gia.csv"), get(f"{base}/media/con%20bo.png")

    assert (prices.data, prices.headers["Content-Type"]) == (PRICES, "text/csv; charset=utf-8")
    assert (picture.data, picture.headers["Content-Type"]) == (PICTURE, "image/png")
    assert picture.headers["Content-Length"] == str(len(PICTURE))
    assert get(f"{base}/lists/visits.csv").headers["Content-Type"] == "text/csv; charset=utf-8"


def test_what_a_phone_holds_already_is_not_sent_again(get, with_files):
    base = f"/versions/{with_files}"
    for address in ("form.xml", "manifest", "media/gia.csv", "lists/visits.csv"):
        first = get(f"{base}/{address}")
        again = get(f"{base}/{address}", If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.data) == (304, b""), address
        assert first.headers["Cache-Control"] == "private, no-cache"


@pytest.mark.parametrize("address", ["form.xml", "manifest", "media/gia.csv", "lists/visits.csv"])
def test_a_head_tells_the_length_without_the_body(get, with_files, address):
    whole = get(f"/versions/{with_files}/{address}")
    answer = get(f"/versions/{with_files}/{address}", method="head")

    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Length"] == str(len(whole.data))


def test_a_manifest_reads_no_file_and_asks_little_however_many_there_are(app, get, with_files):
    address = f"/versions/{with_files}/manifest"
    before = get(address).data
    shutil.rmtree(app.extensions["files"].folder)

    with statements() as asked:
        assert get(address).data == before

    assert len(asked) <= 6, asked


def test_a_form_without_files_has_no_manifest_to_ask_for_and_an_empty_one_if_asked(app, plan, get):
    version = publish(app, plan.id)

    (entry,) = entries(get())

    assert "manifestUrl" not in entry
    assert entries(get(f"/versions/{version}/manifest")) == []


def test_a_file_that_was_lost_or_spoilt_here_is_refused_and_never_sent_wrong(
    app, get, with_files, caplog
):
    caplog.set_level("CRITICAL")
    files = app.extensions["files"]
    stored = files.folder / md5_to_path(with_files, "gia.csv")
    stored.write_bytes(PRICES.replace(b"bo", b"tr"))
    spoilt = get(f"/versions/{with_files}/media/gia.csv")
    stored.unlink()
    lost = get(f"/versions/{with_files}/media/gia.csv")

    for answer in (spoilt, lost):
        assert answer.status_code == 503
        assert b"<message" in answer.data


def md5_to_path(version_id, name):
    db.session().rollback()
    found = survey_queries.media(db.session(), version_id, name)
    return f"{found.sha256[:2]}/{found.sha256}"


@pytest.mark.parametrize(
    "address",
    [
        "/versions/999999/form.xml",
        "/versions/999999/manifest",
        "/versions/99999999999999999999/form.xml",
        "/versions/{}/media/khac.png",
        "/versions/{}/media/..%2f..%2fsecret",
        "/versions/{}/lists/khac.csv",
        "/versions/{}/nothing",
        "/versions/-1/manifest",
    ],
)
def test_what_is_not_there_is_refused_in_words_for_the_carrier(get, with_files, address):
    answer = get(address.format(with_files))

    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert "Không tìm thấy" in answer.text


@pytest.mark.parametrize("address", ["media/gia%00.csv", "lists/visits.csv%00", "media/%ED%A0%80"])
def test_a_name_that_no_database_holds_is_refused_in_words_too(get, with_files, address):
    answer = get(f"/versions/{with_files}/{address}")

    assert answer.status_code in {400, 404}
    assert "<message" in answer.text


# --- phones.md 10, 11: keys, other plans, never an empty list by mistake ----------------------


@pytest.fixture
def elsewhere(app, plan):
    """A second plan, of another district, with a form of its own."""
    with transaction() as session:
        district = session.scalars(
            select(Place).where(Place.edition_id == "2024", Place.code == "835")
        ).one()
        other = monitoring.add_plan(
            session, "Kế hoạch khác", "gnbv-2021-2025", district, "2024", ACTOR
        )
    return other.id, publish(app, other.id, "khac")


def test_a_form_of_another_plan_is_not_there(app, plan, get, elsewhere):
    _, version = elsewhere
    publish(app, plan.id)

    for address in ("form.xml", "manifest", "media/x.csv"):
        assert get(f"/versions/{version}/{address}").status_code == 404
    assert [entry["formID"] for entry in entries(get())] == ["thu"]


def refused(answer):
    """Whether a phone is told to get a new key, in its own format, and its forms stay."""
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert REVOKED in answer.text
    assert "<xforms" not in answer.text
    return True


ADDRESSES = ["/formList", "/versions/1/form.xml", "/versions/1/manifest", "/versions/1/lists/a.csv"]


@pytest.mark.parametrize("address", [*ADDRESSES, "/versions/1/media/a.csv", "/submission"])
def test_a_key_that_opens_nothing_is_refused_with_a_sentence(app, plan, base, token, get, address):
    publish(app, plan.id)
    for key in (token[:-1], token + "x", token[: len(token) // 2], "x", token.swapcase(), "%00"):
        assert refused(get(address, root=f"/v1/key/{key}/projects/{plan.id}"))


def test_a_revoked_key_is_refused_from_the_next_request_on(app, plan, get):
    publish(app, plan.id)
    assert get().status_code == 200
    with transaction() as session:
        teams.revoke_phone(session, session.scalars(select(Phone)).one(), ACTOR)

    for address in ADDRESSES:
        assert refused(get(address))


def test_a_key_of_another_plan_is_refused(get, base, elsewhere):
    plan_id, _ = elsewhere

    assert refused(get(root=f"{base.rsplit('/', 1)[0]}/{plan_id}"))


def test_the_phone_of_somebody_who_no_longer_serves_is_refused(app, plan, get, cast):
    publish(app, plan.id)
    with transaction() as session:
        teams.set_active(session, session.get(Person, cast.lan.id), False, ACTOR)

    assert refused(get())


def test_no_failure_of_ours_reads_as_an_empty_list(app, plan, get, monkeypatch, caplog):
    """An error-free empty list wipes the forms from phones that match exactly."""
    publish(app, plan.id)
    caplog.set_level("CRITICAL")
    for failure, status in ((KeyError("x"), 500), (Unavailable(reason="bận"), 503)):

        def fails(*_args, _failure=failure):
            raise _failure

        monkeypatch.setattr(survey_queries, "listed", fails)
        answer = get()
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
        assert "<xforms" not in answer.text


def test_the_last_contact_is_kept_and_a_list_is_given_even_when_it_cannot_be(
    app, plan, get, monkeypatch
):
    publish(app, plan.id)

    def busy(*_args):
        raise Unavailable(reason="bận")

    monkeypatch.setattr(teams_phone.service, "see", busy)
    assert len(entries(get())) == 1
    monkeypatch.undo()
    get(User_Agent="org.odk.collect.android/v2026.3.3")

    db.session().rollback()
    phone = db.session().scalars(select(Phone)).one()
    assert (phone.last_device, phone.last_agent) == (
        "collect:abc",
        "org.odk.collect.android/v2026.3.3",
    )
    assert phone.last_seen_at is not None


@pytest.mark.parametrize("device", ["%00", "a%00b", "x" * 5000, "%ED%A0%80", "%E1%BB%99"])
def test_any_device_id_is_taken(app, plan, base, device):
    publish(app, plan.id)

    answer = app.test_client().get(f"{base}/formList?deviceID={device}")

    assert len(entries(answer)) == 1


# --- lists of one team ------------------------------------------------------------------------


@pytest.fixture
def two_teams(app, plan, round_, cast, with_files, drain):
    """Two teams with a visit each, and the root address of a phone of each."""
    with transaction() as session:
        communes = session.scalars(
            select(Place).where(Place.edition_id == "2024", Place.parent_code == "359").limit(2)
        ).all()
        roots = []
        for number, (commune, person) in enumerate(zip(communes, (cast.an, cast.hoa), strict=True)):
            team = teams.add_team(session, plan.id, f"Đoàn {number}", ACTOR)
            monitoring.add_visit(session, round_, commune, ACTOR, team=team)
            session.add(
                Hamlet(
                    edition_id="2024", place_id=commune.id, code=f"H{number}",
                    name=f'Thôn "{number}", xã', folded="x", sort_key=str(number), source="thử",
                )
            )  # fmt: skip
            person = session.merge(person)
            token = teams.issue_phone(session, plan.id, person, ACTOR, team)[1]
            roots.append(f"/v1/key/{token}/projects/{plan.id}")
    drain()
    return roots


def rows(answer):
    return list(csv.DictReader(io.StringIO(answer.text)))


def test_a_phone_gets_the_rows_of_its_own_team_alone(get, base, with_files, two_teams):
    address = f"/versions/{with_files}/lists"
    first, second = (
        {name: rows(get(f"{address}/{name}.csv", root=root)) for name in ("visits", "hamlets")}
        for root in two_teams
    )

    assert (len(first["visits"]), len(second["visits"])) == (1, 1)
    assert first["visits"] != second["visits"]
    assert [row["label"] for row in first["hamlets"]] == ['Thôn "0", xã']
    assert [row["label"] for row in second["hamlets"]] == ['Thôn "1", xã']
    assert {row["commune_code"] for row in first["hamlets"]} == {
        row["commune_code"] for row in first["visits"]
    }


def test_a_phone_without_a_team_gets_the_rows_of_all(get, with_files, two_teams):
    assert len(rows(get(f"/versions/{with_files}/lists/visits.csv"))) == 2


def test_each_teams_manifest_has_the_hash_of_its_own_list(get, with_files, two_teams):
    for root in two_teams:
        named = {
            e["filename"]: e for e in entries(get(f"/versions/{with_files}/manifest", root=root))
        }
        served = get(path(named["visits.csv"]["downloadUrl"]), root="")
        assert named["visits.csv"]["hash"] == f"md5:{md5(served.data)}"
        assert (
            named["visits.csv"]["downloadUrl"].split("/projects/")[0].endswith(root.split("/")[3])
        )


def test_a_list_that_changes_changes_its_hash_and_the_others_keep_theirs(
    get, plan, with_files, two_teams, drain, round_
):
    def hashes(root):
        manifest = get(f"/versions/{with_files}/manifest", root=root)
        return {entry["filename"]: entry["hash"] for entry in entries(manifest)}

    before = [hashes(root) for root in two_teams]
    with transaction() as session:
        commune = session.scalars(
            select(Place).where(Place.edition_id == "2024", Place.parent_code == "359").offset(2)
        ).first()
        team = session.scalars(select(Team).order_by(Team.id)).first()
        monitoring.add_visit(session, round_, commune, ACTOR, team=team)
    drain()

    after = [hashes(root) for root in two_teams]
    assert after[0]["visits.csv"] != before[0]["visits.csv"]
    assert after[0]["gia.csv"] == before[0]["gia.csv"]
    assert after[1] == before[1]


def test_a_team_made_before_any_visit_finds_its_lists_empty_and_not_missing(
    app, plan, cast, get, with_files, drain
):
    """A form whose list is missing does not open on the phone; an empty list does."""
    with transaction() as session:
        session.execute(PhoneList.__table__.delete())
        team = teams.add_team(session, plan.id, "Đoàn mới", ACTOR)
        token = teams.issue_phone(session, plan.id, session.merge(cast.hoa), ACTOR, team)[1]
    drain()

    for root in (f"/v1/key/{token}/projects/{plan.id}", None):
        manifest = get(f"/versions/{with_files}/manifest", **({"root": root} if root else {}))
        assert {"visits.csv", "hamlets.csv"} <= {e["filename"] for e in entries(manifest)}
