"""Each phone carries its own part of a list; a part's hash changes only when its rows do."""

import csv
import hashlib
import io

import pytest

from server import xml
from server.db import db, transaction
from server.demo.loopback import serving
from server.demo.phone import Phone
from server.entities import service
from server.entities.models import Delivery, Entity, EntityCopy
from server.entities.writing import Part
from server.monitoring import service as monitoring
from server.permissions import Role
from server.places import queries as places
from server.teams import service as teams
from tests import forms
from tests.conftest import ACTOR, VU_BAN
from tests.entities.conftest import OTHER, TREE

UNKNOWN = "3f6c2f0e-6a1d-4b7e-8a55-0d4f1d1a2b09"


def rule(grove, delivery: Delivery, **how) -> None:
    with transaction() as session:
        service.change_list(session, grove.trees, ACTOR, delivery=delivery, **how)


def plant(grove, label: str, part: Part = service.NOBODY, uuid: str | None = None, **data) -> str:
    with transaction() as session:
        return service.create(session, grove.trees, label, data, ACTOR, part=part, uuid=uuid).uuid


def offered(client, address: str) -> tuple[str, str, xml.Element]:
    """Return the hash and address of cay.csv in the manifest, and its element."""
    listing = xml.parse(client.get(f"{address}/formList").data)
    path = listing.findtext("{*}xform/{*}manifestUrl").replace("http://localhost", "")
    answer = client.get(path)
    assert answer.status_code == 200
    file = xml.parse(answer.data).find("{*}mediaFile")
    url = file.findtext("{*}downloadUrl").replace("http://localhost", "")
    return file.findtext("{*}hash").removeprefix("md5:"), url, file


def carried(app, address: str) -> list[str]:
    """Return the labels that a phone carries, having checked the file against its hash."""
    client = app.test_client()
    md5, url, _file = offered(client, address)
    answer = client.get(url)
    assert hashlib.md5(answer.data).hexdigest() == md5
    assert answer.content_type == "text/csv; charset=utf-8"
    return [row["label"] for row in csv.DictReader(io.StringIO(answer.text))]


@pytest.fixture
def two_teams(app, plan, cast, phone_of):
    """Two teams with a phone each: Lan's in the first, Hoa's in the second."""
    with transaction() as session:
        first = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
        second = teams.add_team(session, plan.id, "Đoàn 2", ACTOR)
    return (first, phone_of(cast.lan, first)), (second, phone_of(cast.hoa, second))


def test_the_file_is_as_the_app_wants_it(app, grove, base):
    plant(grove, 'Cây "lim", lớn', uuid=TREE, loai="lim", cao="3")
    client = app.test_client()

    md5, url, file = offered(client, base)

    assert file.get("type") == "entityList"
    assert file.findtext("{*}integrityUrl") == f"http://localhost{base}/datasets/cay/integrity"
    answer = client.get(url)
    assert answer.text == (f'name,label,__version,loai,cao\n{TREE},"Cây ""lim"", lớn",1,lim,3\n')
    assert answer.headers["ETag"] == f'"{md5}"'
    assert client.get(url, headers={"If-None-Match": f'"{md5}"'}).status_code == 304


def test_a_list_that_needs_approval_says_so(app, grove, base):
    with transaction() as session:
        service.change_list(session, grove.trees, ACTOR, approval_required=True)

    assert offered(app.test_client(), base)[2].get("type") == "approvalEntityList"


def test_whoever_takes_it_packed_gets_it_packed(app, grove, base):
    plant(grove, "Cây 1")
    client = app.test_client()
    _md5, url, _file = offered(client, base)

    packed = client.get(url, headers={"Accept-Encoding": "gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.data) != len(client.get(url).data)


def test_everybodys_list_is_on_every_phone(app, grove, two_teams):
    plant(grove, "Cây 1")

    for _team, address in two_teams:
        assert carried(app, address) == ["Cây 1"]


def test_each_team_carries_its_own_rows_and_they_can_pass_to_another(app, grove, two_teams):
    (first, lan), (second, hoa) = two_teams
    rule(grove, Delivery.TEAM)
    plant(grove, "Của 1", Part(team_id=first.id), uuid=TREE)
    plant(grove, "Của 2", Part(team_id=second.id))
    plant(grove, "Của không ai")
    assert carried(app, lan) == ["Của 1"]
    assert carried(app, hoa) == ["Của 2"]

    with transaction() as session:
        service.assign(session, [grove.tree()], Part(team_id=second.id), ACTOR)

    assert carried(app, lan) == []
    assert carried(app, hoa) == ["Của 1", "Của 2"]


def test_a_phone_without_a_team_carries_no_teams_rows(app, grove, cast, phone_of, two_teams):
    rule(grove, Delivery.TEAM)
    plant(grove, "Của 1", Part(team_id=two_teams[0][0].id))
    plant(grove, "Của không ai")

    assert carried(app, phone_of(cast.an)) == []


def test_each_person_carries_what_they_own(app, grove, cast, two_teams):
    (_first, lan), (_second, hoa) = two_teams
    rule(grove, Delivery.OWNER)
    plant(grove, "Của Lan", Part(owner_id=cast.lan.id))
    plant(grove, "Của Hoa", Part(owner_id=cast.hoa.id))

    assert carried(app, lan) == ["Của Lan"]
    assert carried(app, hoa) == ["Của Hoa"]


def test_a_team_carries_the_communes_it_is_sent_to_and_all_below(
    app, grove, round_, session, two_teams
):
    (first, lan), (second, hoa) = two_teams
    communes = session.scalars(places.children("2024", "359")).all()[:3]
    rule(grove, Delivery.AREA)
    with transaction() as writing:
        monitoring.add_visit(writing, round_, communes[0], ACTOR, team=first)
        monitoring.add_visit(writing, round_, communes[1], ACTOR, team=first)
        monitoring.add_visit(writing, round_, communes[2], ACTOR, team=second)
    for place in communes:
        plant(grove, place.code, Part(area=place.area))
    plant(grove, "thôn", Part(area=f"{communes[2].area}/H1"))

    assert carried(app, lan) == [communes[0].code, communes[1].code]
    assert carried(app, hoa) == [communes[2].code, "thôn"]


def test_without_a_team_the_persons_own_area_counts(app, grove, cast, phone_of):
    rule(grove, Delivery.AREA)
    plant(grove, "trong huyện", Part(area=f"{VU_BAN}/13753"))
    plant(grove, "huyện khác", Part(area="2024/83/835/29000"))
    with transaction() as session:
        teams.grant(session, cast.an, Role.INSPECTOR, "", ACTOR)

    assert carried(app, phone_of(cast.lan)) == ["trong huyện"]
    assert carried(app, phone_of(cast.an)) == ["trong huyện", "huyện khác"]


def test_a_list_may_read_the_area_from_a_code_among_its_values(app, grove, cast, phone_of):
    with transaction() as session:
        service.add_property(session, grove.trees, "ma_xa", ACTOR)
    rule(grove, Delivery.AREA, area_property="ma_xa")
    uuid = plant(grove, "Cây 1", ma_xa="13753")
    lan = phone_of(cast.lan)
    assert carried(app, lan) == ["Cây 1"]

    with transaction() as session:
        service.update(session, grove.tree(uuid), ACTOR, data={"ma_xa": "29000"})

    assert carried(app, lan) == []


def test_only_rows_with_the_wanted_values_are_delivered(app, grove, base):
    rule(grove, Delivery.ALL, filters=[{"property": "loai", "values": ["lim", "gụ"]}])
    for loai in ("lim", "gụ", "xoan"):
        plant(grove, loai, loai=loai)
    plant(grove, "không ghi")

    assert carried(app, base) == ["lim", "gụ"]


def test_a_change_of_one_teams_row_leaves_the_others_hash(app, grove, two_teams):
    (first, lan), (second, hoa) = two_teams
    rule(grove, Delivery.TEAM)
    plant(grove, "Của 1", Part(team_id=first.id), uuid=TREE)
    plant(grove, "Của 2", Part(team_id=second.id))
    client = app.test_client()
    before = offered(client, lan)[0], offered(client, hoa)[0]
    made = db.session().query(EntityCopy.id).order_by(EntityCopy.id).all()

    with transaction() as session:
        service.update(session, grove.tree(), ACTOR, data={"cao": "2"})

    assert offered(client, hoa)[0] == before[1]
    db.session().rollback()
    assert db.session().query(EntityCopy.id).order_by(EntityCopy.id).all() == made
    assert offered(client, lan)[0] != before[0]


def test_a_row_changed_back_gives_a_new_version_and_deleted_ones_leave(app, grove, base):
    plant(grove, "Cây 1", uuid=TREE)
    plant(grove, "Cây 2", uuid=OTHER)
    client = app.test_client()
    both = offered(client, base)[0]

    with transaction() as session:
        service.delete(session, grove.tree(OTHER), ACTOR)
    assert carried(app, base) == ["Cây 1"]
    with transaction() as session:
        service.restore(session, grove.tree(OTHER), ACTOR)

    assert offered(client, base)[0] == both


def test_a_new_property_reaches_every_phone(app, grove, base):
    plant(grove, "Cây 1")
    client = app.test_client()
    before = offered(client, base)[0]

    with transaction() as session:
        service.add_property(session, grove.trees, "ghi_chu", ACTOR)

    md5, url, _file = offered(client, base)
    assert md5 != before
    assert client.get(url).text.startswith("name,label,__version,loai,cao,ghi_chu\n")


def test_the_bytes_that_a_manifest_named_can_still_be_fetched_after_a_change(app, grove, base):
    plant(grove, "Cây 1", uuid=TREE)
    client = app.test_client()
    md5, url, _file = offered(client, base)

    with transaction() as session:
        service.update(session, grove.tree(), ACTOR, label="Cây đổi tên")
    offered(client, base)

    assert hashlib.md5(client.get(url).data).hexdigest() == md5
    assert "Cây đổi tên" in client.get(url.partition("?")[0]).text


class TestIntegrity:
    """The app asks only about rows that it made itself and misses in the list."""

    def ask(self, app, base, *uuids):
        answer = app.test_client().get(
            f"{base}/datasets/cay/integrity?id={','.join(uuids)}&deviceID=collect%3Ax"
        )
        assert answer.status_code == 200
        assert answer.content_type == "text/xml; charset=utf-8"
        assert answer.headers["X-OpenRosa-Version"] == "1.0"
        root = xml.parse(answer.data)
        assert root.tag == "data" and root[0].tag == "entities"
        return {each.get("id"): each.findtext("deleted") for each in root[0]}

    def test_tells_what_is_there_what_is_gone_and_nothing_of_the_rest(self, app, grove, base):
        plant(grove, "Cây 1", uuid=TREE)
        plant(grove, "Cây 2", uuid=OTHER)
        with transaction() as session:
            service.delete(session, grove.tree(OTHER), ACTOR)

        assert self.ask(app, base, TREE, OTHER, UNKNOWN) == {TREE: "false", OTHER: "true"}
        assert self.ask(app, base) == {}

    def test_rows_of_others_are_gone_for_this_phone(self, app, grove, two_teams, cast):
        (_first, lan), (second, _hoa) = two_teams
        rule(grove, Delivery.TEAM)
        plant(grove, "Của 2", Part(team_id=second.id), uuid=TREE)
        plant(grove, "Lan làm", Part(owner_id=cast.lan.id), uuid=OTHER)

        assert self.ask(app, lan, TREE, OTHER) == {TREE: "true", OTHER: "false"}

    def test_of_a_list_that_is_not_there_is_refused_in_words(self, app, grove, base):
        answer = app.test_client().get(f"{base}/datasets/khac/integrity?id={TREE}")

        assert answer.status_code == 404
        assert "OpenRosaResponse" in answer.text


def test_the_old_lists_of_visits_are_no_entity_lists(app, plan, base, session, round_):
    commune = session.scalars(places.children("2024", "359")).first()
    with transaction() as writing:
        monitoring.add_visit(writing, round_, commune, ACTOR)
    app.extensions["jobs"].drain()

    forms.publish(
        app,
        plan.id,
        forms.WORKBOOK.replace(
            "text             | visit", "select_one_from_file visits.csv | visit"
        ),
    )
    _md5, url, file = offered(app.test_client(), base)

    assert file.get("type") is None and file.find("{*}integrityUrl") is None
    assert url.endswith("/lists/visits.csv")


def test_a_phone_as_strict_as_the_app_syncs_changed_lists_once(app, grove, base):
    plant(grove, "Cây 1", uuid=TREE)
    with serving(app) as address, Phone(address + base) as phone:
        first = phone.sync()["do_cay"].media["cay.csv"]
        fetched = len(phone.wire.log)
        phone.sync()
        assert not any("entities.csv" in line[1] for line in phone.wire.log[fetched:])

        with transaction() as session:
            service.update(session, grove.tree(), ACTOR, data={"cao": "2"})
        second = phone.sync()["do_cay"].media["cay.csv"]

    assert first.count(b"\n") == second.count(b"\n") == 2
    assert b",2,," not in first and b",2,,2" in second
    assert db.session().query(Entity).count() == 1
