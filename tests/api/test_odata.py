"""Filled forms are read as OData tables: by pyodk, and as Power BI, Excel and R ask for them."""

import datetime as dt
from xml.etree import ElementTree

import pytest
from sqlalchemy import update

from server import clock
from server.db import transaction
from server.permissions import Role
from server.submissions.models import ReviewState, Submission
from server.teams import service as teams
from tests import forms
from tests.api.conftest import number_of, odk_of
from tests.conftest import ACTOR, VU_BAN
from tests.worlds import kept

EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
WORKBOOK = """
| survey |                    |            |            |
|        | type               | name       | label      |
|        | text               | ten        | Tên        |
|        | integer            | tuoi       | Tuổi       |
|        | select_multiple kk | kenh       | Kênh       |
|        | begin group        | nha-o      | Nhà        |
|        | decimal            | dien_tich  | Diện tích  |
|        | geopoint           | cho        | Chỗ        |
|        | begin repeat       | tv         | Thành viên |
|        | text               | ten_tv     | Tên        |
|        | begin group        | hoc        | Học        |
|        | date               | tu_ngay    | Từ ngày    |
|        | end group          |            |            |
|        | begin repeat       | nghe       | Nghề       |
|        | text               | ten_nghe   | Nghề       |
|        | end repeat         |            |            |
|        | end repeat         |            |            |
|        | end group          |            |            |
|        | geotrace           | loi        | Lối        |
|        | dateTime           | luc        | Lúc        |
| choices |                   |            |            |
|        | list_name          | name       | label      |
|        | kk                 | loa        | Loa        |
|        | kk                 | mang       | Mạng       |
| settings |                  |            |            |
|        | form_title         | form_id    | version    |
|        | Bảng               | bang       | 1          |
"""
HOUSE = (
    "<nha-o><dien_tich>45.5</dien_tich><cho>20.4 106.1 2.0 4.5</cho>"
    "<tv><ten_tv>Lan</ten_tv><hoc><tu_ngay>2020-09-05</tu_ngay></hoc>"
    "<nghe><ten_nghe>may</ten_nghe></nghe><nghe><ten_nghe>cấy</ten_nghe></nghe></tv>"
    "<tv><ten_tv>Nam</ten_tv><hoc><tu_ngay>hôm qua</tu_ngay></hoc></tv></nha-o>"
)


def filled(key, inner=HOUSE, tuoi="45"):
    return (
        '<data id="bang" version="1" xmlns:orx="http://openrosa.org/xforms">'
        f"<ten>Hồng</ten><tuoi>{tuoi}</tuoi><kenh>loa mang</kenh>{inner}"
        "<loi>20.4 106.1 0 0; 20.5 106.2 0 0</loi><luc>2024-04-02T08:30:00.000+07:00</luc>"
        f"<orx:meta><orx:instanceID>{key}</orx:instanceID></orx:meta></data>"
    ).encode()


@kept
def base(app, plan):
    """The address of a published form with groups and repeats in each other."""
    forms.publish(app, plan.id, WORKBOOK)
    return f"/v1/projects/{plan.id}/forms/bang"


@pytest.fixture
def minh(program, cast):
    return program(cast.minh)


def send(client, base, xml):
    answer = client.post(f"{base}/submissions", data=xml, content_type="application/xml")
    assert answer.status_code == 200, answer.text


@pytest.fixture
def svc(base, minh):
    """The address of its tables, with two records."""
    send(minh, base, filled("uuid:1"))
    send(minh, base, filled("uuid:2", "", tuoi="nhiều"))
    return f"{base}.svc"


def test_pyodk_reads_a_form_whole_and_in_pages(odk, svc):
    odk.default_form_id = "bang"

    whole = odk.submissions.get_table("bang", expand="*")
    first = odk.submissions.get_table("bang", top=1, count=True)
    nested = odk.submissions.get_table("bang", table_name="Submissions.nha_o.tv.nghe")
    wkt = odk.submissions.get_table(
        "bang", wkt=True, filter="year(__system/submissionDate) gt 2020"
    )

    assert [row["__id"] for row in whole["value"]] == ["uuid:2", "uuid:1"]
    lan, nam = whole["value"][1]["nha_o"]["tv"]
    assert (lan["ten_tv"], lan["hoc"]["tu_ngay"], nam["hoc"]["tu_ngay"]) == (
        "Lan", "2020-09-05", None,
    )  # fmt: skip
    assert [each["ten_nghe"] for each in lan["nghe"]] == ["may", "cấy"] and nam["nghe"] == []
    assert first["@odata.count"] == 2 and len(first["value"]) == 1
    assert "skiptoken" in first["@odata.nextLink"]
    assert {row["__Submissions-nha_o-tv-id"] for row in nested["value"]} == {lan["__id"]}
    assert wkt["value"][1]["nha_o"]["cho"] == "POINT (106.1 20.4 2)"
    assert wkt["value"][1]["loi"] == "LINESTRING (106.1 20.4 0,106.2 20.5 0)"


def test_a_row_has_every_column_by_its_type_and_what_is_odd_is_empty(svc, minh, cast):
    new, old = minh.get(f"{svc}/Submissions").json["value"]

    assert (old["ten"], old["tuoi"], old["kenh"]) == ("Hồng", 45, "loa mang")
    assert old["nha_o"]["cho"] == {
        "type": "Point", "coordinates": [106.1, 20.4, 2.0], "properties": {"accuracy": 4.5},
    }  # fmt: skip
    assert old["luc"] == "2024-04-02T08:30:00.000+07:00"
    assert old["meta"]["instanceID"] == "uuid:1"
    link = old["nha_o"]["tv@odata.navigationLink"]
    assert link == "Submissions('uuid:1')/nha_o/tv" and "tv" not in old["nha_o"]
    assert new["tuoi"] is None and new["nha_o"]["dien_tich"] is None
    system = old["__system"]
    assert (system["submitterId"], system["submitterName"]) == (str(cast.minh.id), "Minh")
    assert "." in system["submissionDate"] and system["submissionDate"].endswith("Z")
    assert (system["status"], system["reviewState"], system["edits"]) == (None, None, 0)
    assert (system["attachmentsExpected"], system["formVersion"]) == (0, "1")


def test_links_lead_to_the_rows_that_they_name(svc, minh):
    (one,) = minh.get(f"{svc}/Submissions('uuid:1')").json["value"]
    rows = minh.get(f"{svc}/{one['nha_o']['tv@odata.navigationLink']}").json["value"]
    trades = minh.get(f"{svc}/{rows[0]['nghe@odata.navigationLink']}").json["value"]
    none = minh.get(f"{svc}/{rows[1]['nghe@odata.navigationLink']}").json["value"]

    assert [each["ten_tv"] for each in rows] == ["Lan", "Nam"]
    assert [each["ten_nghe"] for each in trades] == ["may", "cấy"] and none == []
    assert minh.get(f"{svc}/Submissions('uuid:khac')").json["value"] == []
    for wrong in ("Khac", "Submissions/nha_o/tv", "Submissions('uuid:1')/khac", "Submissions(1)"):
        assert number_of(minh.get(f"{svc}/{wrong}")) == 404


def test_the_service_and_its_metadata_name_every_table_and_column(svc, minh, base):
    service = minh.get(svc).json
    described = minh.get(f"{svc}/$metadata")
    root = ElementTree.fromstring(described.data)
    types = {each.get("Name"): each for each in root.iter(f"{EDM}EntityType")}
    types |= {each.get("Name"): each for each in root.iter(f"{EDM}ComplexType")}

    def check(kind, value):
        known = {p.get("Name"): p for p in types[kind].iter() if p.get("Type")}
        for name, inner in value.items():
            column = known[name.partition("@")[0]]
            of = column.get("Type").removeprefix("Collection(").removesuffix(")")
            if isinstance(inner, dict) and "coordinates" not in inner:
                check(of.rpartition("bang.")[2] if "user" in of else "metadata", inner)
            for each in inner if isinstance(inner, list) else ():
                check(of.partition("bang.")[2], each)

    names = ["Submissions", "Submissions.nha_o.tv", "Submissions.nha_o.tv.nghe"]
    assert [each["name"] for each in service["value"]] == names
    assert [each["url"] for each in service["value"]] == names
    assert service["@odata.context"] == f"http://localhost{svc}/$metadata"
    assert described.content_type.startswith("application/xml")
    assert described.headers["OData-Version"] == "4.0"
    assert [each.get("Name") for each in root.iter(f"{EDM}EntitySet")] == names
    for row in minh.get(f"{svc}/Submissions?$expand=*").json["value"]:
        check("Submissions", row)
    for name in names[1:]:
        for row in minh.get(f"{svc}/{name}").json["value"]:
            check(name, row)


def test_pages_follow_each_other_to_the_end_of_every_table(minh, base, svc):
    for number in range(3, 8):
        send(minh, base, filled(f"uuid:{number}"))

    def walk(address):
        found = []
        while address:
            page = minh.get(address).json
            found += [row["__id"] for row in page["value"]]
            assert len(page["value"]) <= 3
            address = page.get("@odata.nextLink", "").removeprefix("http://localhost")
        return found

    for table in ("Submissions", "Submissions.nha_o.tv", "Submissions.nha_o.tv.nghe"):
        every = [row["__id"] for row in minh.get(f"{svc}/{table}").json["value"]]
        assert walk(f"{svc}/{table}?$top=3") == every, table
        assert walk(f"{svc}/{table}?$top=3&$skip=2") == every[2:], table
        counted = minh.get(f"{svc}/{table}?$top=1&$count=true").json
        assert counted["@odata.count"] == len(every) and "@odata.nextLink" in counted
    oldest = minh.get(f"{svc}/Submissions?$orderby=__system/submissionDate asc").json["value"]
    assert walk(f"{svc}/Submissions?$top=3&$orderby=__system/submissionDate asc") == [
        row["__id"] for row in oldest
    ]
    assert oldest[0]["__id"] == "uuid:1"
    assert minh.get(f"{svc}/Submissions?$top=0&$count=true").json["@odata.count"] == 7


def test_columns_are_chosen(svc, minh):
    asked = "$select=__id,nha_o/dien_tich,__system/reviewState"
    row = minh.get(f"{svc}/Submissions?{asked}").json["value"][1]
    nested = minh.get(f"{svc}/Submissions.nha_o.tv?$select=ten_tv").json["value"]

    assert row == {
        "__id": "uuid:1", "__system": {"reviewState": None}, "nha_o": {"dien_tich": 45.5},
    }  # fmt: skip
    assert nested == [{"ten_tv": "Lan"}, {"ten_tv": "Nam"}]
    assert number_of(minh.get(f"{svc}/Submissions?$select=khac")) == 400


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("__system/reviewState eq 'approved'", ["uuid:1"]),
        ("__system/reviewState ne 'approved'", ["uuid:2"]),
        ("__system/reviewState eq null", ["uuid:2"]),
        ("not (__system/reviewState eq 'approved')", ["uuid:2"]),
        ("__system/updatedAt eq null", ["uuid:2", "uuid:1"]),
        ("__system/updatedAt gt 2020-01-01T00:00:00Z", []),
        ("not (__system/updatedAt gt 2020-01-01T00:00:00Z)", ["uuid:2", "uuid:1"]),
        ("__system/submissionDate lt 2024-03-01T01:00:00+07:00", ["uuid:1"]),
        ("__system/submissionDate ge 2024-03-01", ["uuid:2"]),
        ("__system/submissionDate le now()", ["uuid:2", "uuid:1"]),
        ("year({at}) eq 2024 and month({at}) eq 2", ["uuid:1"]),
        ("day({at}) eq 29 or hour({at}) eq 99", ["uuid:1"]),
        ("minute({at}) eq 5 and second({at}) eq 6 and hour({at}) eq 17", ["uuid:1"]),
        ("$root/Submissions/__system/submitterId eq {minh}", ["uuid:2", "uuid:1"]),
        ("__system/submitterId ne {minh}", []),
        ("__id eq 'uuid:2'", ["uuid:2"]),
        ("__id eq 'uuid''2'", []),
    ],
)  # fmt: skip
def test_rows_are_narrowed_in_the_database(base, minh, cast, monkeypatch, asked, found):
    early = dt.datetime(2024, 2, 29, 17, 5, 6, 900_000, dt.UTC)
    late = dt.datetime(2025, 3, 14, 8, 20, tzinfo=dt.UTC)
    for at, interview in ((early, filled("uuid:1")), (late, filled("uuid:2", ""))):
        with monkeypatch.context() as then:
            then.setattr(clock, "now", lambda at=at: at)
            send(minh, base, interview)
    with transaction() as session:
        state = {"review_state": ReviewState.APPROVED}
        first = Submission.root_instance_id == "uuid:1"
        session.execute(update(Submission).where(first).values(**state))
    svc = f"{base}.svc"
    query = {
        "$filter": asked.format(minh=cast.minh.id, at="__system/submissionDate"),
        "$count": "true",
    }

    told = minh.get(f"{svc}/Submissions", query_string=query).json
    nested = minh.get(f"{svc}/Submissions.nha_o.tv", query_string=query).json

    assert [row["__id"] for row in told["value"]] == found
    assert told["@odata.count"] == len(found)
    assert nested["@odata.count"] == (2 if "uuid:1" in found else 0)


@pytest.mark.parametrize(
    ("asked", "number"),
    [
        ({"$filter": "tuoi gt 40"}, 400),
        ({"$filter": "__system/reviewState"}, 400),
        ({"$filter": "__system/reviewState eq"}, 400),
        ({"$filter": "__system/reviewState eq 'a' x"}, 400),
        ({"$filter": "__system/reviewState eq 5"}, 400),
        ({"$filter": "year('2024') eq 5"}, 400),
        ({"$filter": "contains(__id, 'x') eq 5"}, 400),
        ({"$filter": "__system/submissionDate gt 2024-13-45"}, 400),
        ({"$filter": "(" * 500 + "__id eq 'x'" + ")" * 500}, 400),
        ({"$filter": " or ".join(["__id eq 'x'"] * 200)}, 400),
        ({"$filter": "__id eq 'x' ; drop table submission"}, 400),
        ({"$filter": "'"}, 400),
        ({"$orderby": "tuoi"}, 400),
        ({"$orderby": "__id sideways"}, 400),
        ({"$expand": "tv"}, 400),
        ({"$skiptoken": "khong"}, 400),
        ({"$skiptoken": "eyJpZCI6IFtdfQ"}, 400),
        ({"$top": "-1"}, 422),
        ({"$top": "x"}, 422),
        ({"$search": "x"}, 501),
        ({"$apply": "x"}, 501),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(svc, minh, asked, number):
    answer = minh.get(f"{svc}/Submissions", query_string=asked)

    assert number_of(answer) == answer.status_code == number, answer.text
    assert all(answer.json[each] for each in ("detail", "message"))


def test_tables_hold_what_the_caller_sees_and_nothing_else(svc, base, program, cast, minh):
    an = program(cast.an)
    for address in (svc, f"{svc}/$metadata", f"{svc}/Submissions"):
        assert number_of(an.get(address)) == 404
        assert program(None).get(address).headers["WWW-Authenticate"].startswith("Basic")
    assert number_of(minh.get(f"{base}x.svc/Submissions")) == 404
    with transaction() as session:
        teams.grant(session, session.merge(cast.an), Role.VIEWER, f"{VU_BAN}/13000", ACTOR)
    of_a_commune = an.get(f"{svc}/Submissions?$count=true").json
    assert of_a_commune["value"] == [] and of_a_commune["@odata.count"] == 0
    assert an.get(f"{svc}/Submissions.nha_o.tv").json["value"] == []


def test_an_encrypted_record_says_that_it_cannot_be_read(svc, minh):
    with transaction() as session:
        one = Submission.root_instance_id == "uuid:2"
        values = {"encrypted": True, "answers": {}, "files_named": 2, "files_held": 1}
        session.execute(update(Submission).where(one).values(**values))

    row = minh.get(f"{svc}/Submissions('uuid:2')").json["value"][0]

    assert row["__system"]["status"] == "missingEncryptedFormData" and row["ten"] is None
    assert len(minh.get(f"{svc}/Submissions?$expand=*").json["value"]) == 2


def test_reviewed_states_are_asked_for_as_pyodk_does(svc, address, cast, plan, tmp_path):
    hoa = odk_of(address, cast.hoa, plan, tmp_path)
    hoa.submissions.review("uuid:1", "approved", "bang")

    told = hoa.submissions.get_table(
        "bang", filter="__system/reviewState eq 'approved'", count=True
    )

    assert told["@odata.count"] == 1 and told["value"][0]["__system"]["reviewState"] == "approved"
