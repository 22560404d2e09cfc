"""Filled forms as phones and browsers really write them, and as nobody should."""

import hashlib
import json
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server import xml
from server.problems import Problem
from server.submissions import instance
from server.submissions.problems import MissingInstanceId, UnreadableInstance
from server.surveys.fields import Field

FORM = instance.plan(
    [
        Field("start", "start", "dateTime"),
        Field("today", "today", "date"),
        Field("ho", "ho", "group"),
        Field("ho/ten", "ten", "string"),
        Field("ho/khau", "khau", "int"),
        Field("ho/thu_nhap", "thu_nhap", "decimal"),
        Field("ho/toa_do", "toa_do", "geopoint"),
        Field("ho/kenh", "kenh", "select_multiple", choices=(("loa", {}), ("họp", {}))),
        Field("ho/loai", "loai", "select_one", choices=(("ngheo", {}), ("khac", {}))),
        Field("tv", "tv", "repeat"),
        Field("tv/tuoi", "tuoi", "int", repeat=True),
        Field("tv/benh", "benh", "repeat", repeat=True),
        Field("tv/benh/ten", "ten", "string", repeat=True),
        Field("gio", "gio", "time"),
        Field("duong", "duong", "geotrace"),
        Field("anh", "anh", "binary"),
        Field("nhac", "nhac", "note"),
        Field("meta", "meta", "group"),
        Field("meta/audit", "audit", "binary"),
        Field("meta/instanceName", "instanceName", "string"),
    ]
)


def filled(body="", meta="<instanceID>uuid:1</instanceID>", attributes="id='f' version='7'"):
    return f"<data {attributes}>{body}<meta>{meta}</meta></data>".encode()


def reading(body, **kwargs):
    return instance.read(instance.parse(filled(body, **kwargs)), FORM)


def answers(body):
    return {name: value for name, value in reading(body).answers.items() if name != "meta"}


COLLECT = """<?xml version='1.0' encoding='UTF-8' ?><data id="f" version="2026112201" \
xmlns:ev="http://www.w3.org/2001/xml-events" xmlns:orx="http://openrosa.org/xforms" \
xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa">\
<start>2026-11-22T08:00:00.125+07:00</start><today>2026-11-22</today>\
<ho><ten>Hồ Thị Ế</ten><khau>4</khau><thu_nhap>1.0E7</thu_nhap>\
<toa_do>20.4 106.1 0.0 4.5</toa_do><kenh>loa họp</kenh><loai>ngheo</loai></ho>\
<tv><tuoi>40</tuoi><benh><ten>ho</ten></benh><benh><ten>sốt</ten></benh></tv><tv><tuoi/></tv>\
<anh>1700000000000.jpg</anh><nhac />\
<orx:meta><orx:instanceID>uuid:5f7b</orx:instanceID>\
<orx:instanceName>PV 1</orx:instanceName><orx:audit>audit.csv</orx:audit></orx:meta></data>"""


def test_a_form_from_collect_is_understood():
    found = instance.parse(COLLECT.encode())
    read = instance.read(found, FORM)

    assert (found.form_id, found.version, found.instance_id) == ("f", "2026112201", "uuid:5f7b")
    assert (found.deprecated_id, found.encrypted) == ("", False)
    assert found.xml_sha256 == hashlib.sha256(COLLECT.encode()).hexdigest()
    assert read.answers == {
        "start": {
            "text": "2026-11-22T08:00:00.125+07:00",
            "at": "2026-11-22T01:00:00.125000+00:00",
        },
        "today": "2026-11-22",
        "ho": {
            "ten": "Hồ Thị Ế",
            "khau": 4,
            "thu_nhap": 10_000_000.0,
            "toa_do": {"lat": 20.4, "lon": 106.1, "alt": 0.0, "accuracy": 4.5},
            "kenh": ["loa", "họp"],
            "loai": "ngheo",
        },
        "tv": [{"tuoi": 40, "benh": [{"ten": "ho"}, {"ten": "sốt"}]}, {"tuoi": None}],
        "anh": "1700000000000.jpg",
        "meta": {"instanceName": "PV 1", "audit": "audit.csv"},
    }
    assert read.oddities == []
    assert read.files == ["1700000000000.jpg", "audit.csv"]


def test_every_answer_has_its_path_with_rows_counted_from_one():
    read = instance.read(instance.parse(COLLECT.encode()), FORM)

    paths = [path for path, _value in instance.flat(read.answers)]

    assert paths == [
        "start", "today", "ho/ten", "ho/khau", "ho/thu_nhap", "ho/toa_do", "ho/kenh", "ho/loai",
        "tv[1]/tuoi", "tv[1]/benh[1]/ten", "tv[1]/benh[2]/ten", "tv[2]/tuoi",
        "anh", "meta/instanceName", "meta/audit",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "xmlns",
    ["", "xmlns='http://openrosa.org/xforms'", "xmlns='http://somewhere.else/'"],
    ids=["none", "default", "other"],
)
def test_meta_is_found_in_any_namespace(xmlns):
    data = f"<d id='f'><meta {xmlns}><instanceID> uuid:1 </instanceID></meta></d>".encode()

    assert instance.parse(data).instance_id == "uuid:1"


def test_a_question_not_asked_is_absent_and_one_left_empty_is_none():
    assert answers("<ho><ten/><khau>  </khau></ho>") == {"ho": {"ten": None, "khau": None}}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<khau>1500.0</khau>", 1500),
        ("<khau>1.0E7</khau>", 10_000_000),
        ("<khau> 12 </khau>", 12),
        ("<khau>-3</khau>", -3),
        ("<thu_nhap>0.125</thu_nhap>", 0.125),
        ("<thu_nhap>1500</thu_nhap>", 1500.0),
        ("<toa_do>20.4 106.1</toa_do>", {"lat": 20.4, "lon": 106.1, "alt": None, "accuracy": None}),
        ("<toa_do>-90 -180 -3.5 0</toa_do>", {"lat": -90, "lon": -180, "alt": -3.5, "accuracy": 0}),
        ("<kenh>loa  họp</kenh>", ["loa", "họp"]),
        ("<ten>  dòng 1\r\ndòng 2 </ten>", "dòng 1\ndòng 2"),
        ("<ten><![CDATA[a < b]]> &amp; c</ten>", "a < b & c"),
    ],
)
def test_answers_have_the_type_of_their_question(written, read):
    assert list(answers(f"<ho>{written}</ho>")["ho"].values()) == [read]
    assert reading(f"<ho>{written}</ho>").oddities == []


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("<gio>08:30:00.000+07:00</gio>", "08:30:00"),
        ("<gio>08:30</gio>", "08:30:00"),
    ],
)
def test_times_of_day_are_kept_as_given_beside_the_plain_time(written, read):
    found = answers(written)["gio"]

    assert found["time"] == read
    assert found["text"] in written


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2024-04-01T23:59:59+07:00", "2024-04-01T16:59:59+00:00"),
        ("2024-04-01T17:00:00Z", "2024-04-01T17:00:00+00:00"),
        ("2024-04-01T17:00:00.5+00:00", "2024-04-01T17:00:00.500000+00:00"),
        ("1950-01-01T00:00:00+07:06:40", "1949-12-31T16:53:20+00:00"),
        ("2024-04-01T08:00:00.000+0700", "2024-04-01T01:00:00+00:00"),
        ("2024-04-01T08:00:00", None),
    ],
)
def test_instants_are_kept_as_given_and_in_utc_unless_no_zone_was_said(written, utc):
    assert answers(f"<start>{written}</start>") == {"start": {"text": written, "at": utc}}


ODD = {
    "letters for a number": ("<khau>bốn</khau>", "not-a-number"),
    "half a person": ("<khau>3.5</khau>", "not-whole"),
    "full-width digits": ("<khau>１２３</khau>", "not-a-number"),
    "underscore in a number": ("<thu_nhap>1_000</thu_nhap>", "not-a-number"),
    "comma in a number": ("<thu_nhap>1,5</thu_nhap>", "not-a-number"),
    "not a number": ("<thu_nhap>NaN</thu_nhap>", "not-a-number"),
    "infinity": ("<thu_nhap>-Infinity</thu_nhap>", "not-a-number"),
    "beyond all numbers": ("<thu_nhap>1e999</thu_nhap>", "too-large"),
    "a very large whole number": ("<khau>1e30</khau>", "too-large"),
    "hexadecimal": ("<khau>0x10</khau>", "not-a-number"),
    "5,000 digits": (f"<khau>{'9' * 5000}</khau>", "too-long"),
    "5,000 decimals": (f"<thu_nhap>0.{'9' * 5000}</thu_nhap>", "too-long"),
    "north of the pole": ("<toa_do>91 106 0 0</toa_do>", "not-on-earth"),
    "one number for a place": ("<toa_do>20.4</toa_do>", "not-a-point"),
    "words for a place": ("<toa_do>tại thôn</toa_do>", "not-a-number"),
    "a value not on the list": ("<loai>giàu</loai>", "unknown-choice"),
    "parts in a text": ("<ten>Lan<b>x</b></ten>", "has-parts"),
    "an answer to no question": ("<la>1</la>", "not-in-form"),
    "two answers to one question": ("<ten>Lan</ten><ten>Hoa</ten>", "given-twice"),
}


@pytest.mark.parametrize(("written", "why"), ODD.values(), ids=ODD)
def test_an_odd_answer_is_noted_and_its_text_kept(written, why):
    read = reading(f"<ho>{written}</ho>")

    assert [oddity["why"] for oddity in read.oddities] == [why]
    assert read.oddities[0]["path"].startswith("ho/")
    kept = read.answers["ho"].values()
    assert why == "not-in-form" or all(text in written for text in kept)


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("today", "20240101", "not-a-date"),
        ("today", "2024-W01-1", "not-a-date"),
        ("today", "2023-02-29", "no-such-date"),
        ("today", "0000-01-01", "no-such-date"),
        ("start", "2024-04-01", "not-a-moment"),
        ("start", "2016-12-31T23:59:60Z", "no-such-moment"),
        ("start", "0001-01-01T00:00:00+07:00", "no-such-moment"),
        ("gio", "25:00:00", "no-such-time"),
        ("gio", "sáng", "not-a-time"),
        ("duong", "20 106 0 0;x", "not-a-point"),
    ],
)
def test_odd_dates_times_and_traces_stay_as_text(name, text, why):
    read = reading(f"<{name}>{text}</{name}>")

    assert read.answers[name] == text
    assert read.oddities == [{"path": name, "why": why}]


def test_a_trace_is_a_list_of_places():
    found = answers("<duong>20.4 106.1 0 0;20.5 106.2 0 0;</duong>")

    assert [point["lat"] for point in found["duong"]] == [20.4, 20.5]


def test_nfd_and_nfc_spellings_read_the_same():
    body = "<ho><ten>Nguyễn Thị Hồng Nhung</ten><kenh>họp</kenh></ho><anh>ảnh.jpg</anh>"

    composed = reading(unicodedata.normalize("NFC", body))
    decomposed = reading(unicodedata.normalize("NFD", body))

    assert composed.answers == decomposed.answers
    assert composed.oddities == decomposed.oddities == []
    assert decomposed.files == [unicodedata.normalize("NFC", "ảnh.jpg")]


@pytest.mark.parametrize(
    "text",
    [
        "\u202eđảo ngược",
        "a\u200bb",
        "👩‍👩‍👧 hộ",
        "H’Mông, M'Nông",
        "=1+1",
        "<script>",
        "x\u0085\u2028y",
    ],
)
def test_odd_text_survives(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")

    assert answers(f"<ho><ten>{escaped}</ten></ho>") == {"ho": {"ten": text}}


def test_an_edit_names_the_form_it_replaces():
    meta = "<instanceID>uuid:2</instanceID><deprecatedID>uuid:1</deprecatedID>"

    assert instance.parse(filled(meta=meta)).deprecated_id == "uuid:1"


ENCRYPTED = """<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="f" version="7" \
encrypted="yes"><base64EncryptedKey>x</base64EncryptedKey>\
<orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>uuid:9</orx:instanceID></orx:meta>\
<media><file>a.jpg.enc</file><file>b.m4a.enc</file></media>\
<encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"""


@pytest.mark.parametrize(
    "namespace",
    ["http://www.opendatakit.org/xforms/encrypted", "http://opendatakit.org/submissions"],
)
def test_an_encrypted_form_names_its_files_and_no_answers(namespace):
    data = ENCRYPTED.replace("http://www.opendatakit.org/xforms/encrypted", namespace).encode()

    found = instance.parse(data)

    assert (found.form_id, found.instance_id, found.encrypted) == ("f", "uuid:9", True)
    assert found.attachments == ("a.jpg.enc", "b.m4a.enc", "submission.xml.enc")
    assert instance.read(found, FORM).answers == {}


ENTITY = """<entity dataset="ho" id="{id}" create="{create}" update="{update}" baseVersion="2" \
trunkVersion="1" branchId="b7"><label>Hộ A</label></entity>"""


@pytest.mark.parametrize(
    ("create", "update", "read"),
    [("1", "", (True, False)), ("", "true", (False, True)), ("0", "1", (False, True))],
)
def test_entities_are_read_as_collect_and_browsers_write_them(create, update, read):
    entity = ENTITY.format(id="uuid:12", create=create, update=update)

    (found,) = instance.parse(filled(meta=f"<instanceID>u</instanceID>{entity}")).entities

    assert (found.create, found.update) == read
    assert (found.dataset, found.entity_id, found.label) == ("ho", "12", "Hộ A")
    assert (found.base_version, found.trunk_version, found.branch_id) == (2, 1, "b7")


def test_entities_in_rows_of_a_repeat_are_all_found():
    row = "<tv><meta>" + ENTITY.format(id="{}", create="1", update="") + "</meta></tv>"

    found = instance.parse(filled(row.format("a") + row.format("b"))).entities

    assert [entity.entity_id for entity in found] == ["a", "b"]


def test_a_question_called_entity_is_not_one():
    assert instance.parse(filled("<entity dataset='x'/>")).entities == ()


@pytest.mark.parametrize(
    ("data", "problem", "code"),
    [
        (filled(meta=""), MissingInstanceId, "submissions.no-instance-id"),
        (
            filled(meta="<instanceID> </instanceID>"),
            MissingInstanceId,
            "submissions.no-instance-id",
        ),
        (b"<d id='f'/>", MissingInstanceId, "submissions.no-instance-id"),
        (filled(attributes=""), UnreadableInstance, "submissions.unreadable"),
        (filled(attributes="id=' '"), UnreadableInstance, "submissions.unreadable"),
        (filled(attributes=f"id='{'x' * 250}'"), UnreadableInstance, "submissions.unreadable"),
        (b"not XML", Problem, "xml.unreadable"),
        (b"<!DOCTYPE d><d id='f'/>", Problem, "xml.unreadable"),
    ],
)
def test_what_cannot_be_told_apart_is_refused_with_a_sentence(data, problem, code):
    with pytest.raises(problem) as refusal:
        instance.parse(data)

    assert (refusal.value.code, refusal.value.status) == (code, 400)
    assert "điều phối viên" in refusal.value.text("vi")
    assert "coordinator" in refusal.value.text("en")


def test_a_traversal_name_is_only_a_name():
    found = instance.parse(filled(meta="<instanceID>../../etc/passwd</instanceID>"))

    assert found.instance_id == "../../etc/passwd"


def test_a_hundred_thousand_strange_answers_are_noted_up_to_a_bound():
    began = time.monotonic()

    read = reading("<la/>" * 99_000)

    assert len(read.oddities) == instance.MOST_ODDITIES
    assert time.monotonic() - began < 30  # it does not hang; how fast it is, a bench says


@given(st.binary(max_size=400))
@example(b"<d id='f'><meta><instanceID/></meta></d>")
def test_any_bytes_give_an_instance_or_a_problem(data):
    try:
        found = instance.parse(data)
    except (xml.UnreadableXml, UnreadableInstance, MissingInstanceId):
        return
    assert found.form_id and found.instance_id


NAMES = st.sampled_from(
    [
        "start",
        "today",
        "ho",
        "ten",
        "khau",
        "thu_nhap",
        "toa_do",
        "kenh",
        "loai",
        "tv",
        "tuoi",
        "benh",
        "gio",
        "duong",
        "anh",
        "nhac",
        "x",
    ]
)
TEXTS = st.one_of(
    st.sampled_from(
        ["", " ", "1", "1.0E7", "2024-01-01", "20 106 0 5", "loa", "24:00", "0001-01-01T"]
    ),
    st.floats().map(str),
    st.integers().map(str),
    st.datetimes(timezones=st.timezones()).map(lambda moment: moment.isoformat()),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=20),
)
TREES = st.recursive(
    TEXTS, lambda inner: st.lists(st.tuples(NAMES, inner), max_size=5), max_leaves=20
)


def write(tree):
    if isinstance(tree, str):
        kept = "".join(letter for letter in tree if letter not in "\ufffe\uffff")
        return kept.replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"<{name}>{write(inner)}</{name}>" for name, inner in tree)


@given(TREES)
def test_any_tree_of_answers_reads_to_json_and_flattens(tree):
    read = reading(write(tree))

    assert json.loads(json.dumps(read.answers, allow_nan=False)) == read.answers
    assert all(isinstance(path, str) for path, _value in instance.flat(read.answers))
