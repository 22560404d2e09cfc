"""What the XML door lets in, what it refuses, and how long a refusal takes."""

import time
import tracemalloc

import psutil
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from server import xml

WIDE = " ".join(f'a{n}="1"' for n in range(300))
LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)

READABLE = {
    "plain": b"<data id='f'><ten>Lan</ten></data>",
    "declared UTF-8": b"<?xml version='1.0' encoding='UTF-8'?><d><ten>Lan</ten></d>",
    "UTF-8 mark": "\ufeff<d><ten>Lan</ten></d>".encode(),
    "UTF-16 with mark": "<?xml version='1.0' encoding='UTF-16'?><d><ten>Lan</ten></d>".encode(
        "utf-16"
    ),
    "UTF-16 without mark": "<d><ten>Lan</ten></d>".encode("utf-16-be"),
    "ISO-8859-1": b"<?xml version='1.0' encoding='ISO-8859-1'?><d><ten>Lan</ten></d>",
    "comment before the root": b"<!-- <!DOCTYPE x> --><d><ten>Lan</ten></d>",
    "comment inside the text": b"<d><ten>L<!-- x -->an</ten></d>",
    "instruction inside the text": b"<d><ten>L<?x y?>an</ten></d>",
    "CDATA": b"<d><ten><![CDATA[Lan]]></ten></d>",
    "raw > in a value": b"<d a='>'><ten>Lan</ten></d>",
    "100 deep": b"<ten>" * 99 + b"<ten>Lan</ten>" + b"</ten>" * 99,
}

HOSTILE = {
    "nothing": (b"", "empty"),
    "blanks": (b" \n ", "empty"),
    "not XML": (b"PK\x03\x04", "malformed"),
    "cut off": (b"<data id='f'><ten>Lan</te", "malformed"),
    "two roots": (b"<a/><b/>", "malformed"),
    "undeclared prefix": (b"<a><orx:b/></a>", "malformed"),
    "unknown entity": (b"<a>&nbsp;</a>", "malformed"),
    "character 1": (b"<a>\x01</a>", "malformed"),
    "reference to character 0": (b"<a>&#0;</a>", "malformed"),
    "bytes that are not UTF-8": (b"<a>\xff\xfe</a>", "malformed"),
    "NUL": (b"<a>\x00</a>", "nul"),
    "broken UTF-16": (b"\xff\xfe<\x00a\x00\x00\xd8>\x00/\x00", "encoding"),
    "UTF-7": (b"<?xml version='1.0' encoding='UTF-7'?><a/>", "encoding"),
    "CP1258": (b"<?xml version='1.0' encoding='windows-1258'?><a>\xd0</a>", "encoding"),
    "no such encoding": (b"<?xml version='1.0' encoding='tcvn3'?><a/>", "encoding"),
    "billion laughs": (LAUGHS + b"]><l>&j;</l>", "doctype"),
    "external entity": (
        b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
        "doctype",
    ),
    "outside DTD": (b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd"><a/>', "doctype"),
    "parameter entity": (b'<!-- --><!DOCTYPE a [<!ENTITY % p SYSTEM "x">%p;]><a/>', "doctype"),
    "DOCTYPE in UTF-16": ("<!DOCTYPE a [<!ENTITY x 'y'>]><a>&x;</a>".encode("utf-16"), "doctype"),
    "101 deep": (b"<a>" * 101 + b"</a>" * 101, "depth"),
    "200 deep, unusual": (b"<a><![CDATA[]]>" * 200 + b"</a>" * 200, "depth"),
    "1,000,000 deep": (b"<a>" * 1_000_000 + b"</a>" * 1_000_000, "depth"),
    "1,000,000 deep, cut off": (b"<a>" * 1_000_000, "depth"),
    "100,001 elements": (b"<a>" + b"<b/>" * 100_000 + b"</a>", "nodes"),
    "300 attributes": (f"<a {WIDE}/>".encode(), "attributes"),
    "300 attributes, hidden": (
        f"<b x='>'/><a {WIDE}/>".join(("<c>", "</c>")).encode(),
        "attributes",
    ),
    "long name": (b"<" + b"a" * 300 + b"/>", "name"),
    "long attribute": (b"<a " + b"a" * 300 + b"='1'/>", "name"),
    "long attribute, hidden": (b"<a b='>' " + b"a" * 300 + b"='1'/>", "name"),
    "same attribute twice": (b"<a b='1' b='2'/>", "malformed"),
    "over ten megabytes": (b"<a>" + b"x" * 10_000_000 + b"</a>", "size"),
    "no end to a comment": (b"<!-- -->" * 100_000 + b"<!--", "malformed"),
    "one huge value": (b"<a b='" + b"x" * 9_000_000, "malformed"),
    "only '<'": (b"<" * 9_000_000, "malformed"),
}


@pytest.mark.parametrize("data", READABLE.values(), ids=READABLE)
def test_readable_documents_give_their_text(data):
    root = xml.parse(data)

    assert [found.text for found in root.iter("ten")][-1] == "Lan"


@pytest.mark.parametrize(("data", "why"), HOSTILE.values(), ids=HOSTILE)
def test_hostile_documents_are_refused_at_once_with_the_reason(data, why):
    began = time.monotonic()
    tracemalloc.start()

    with pytest.raises(xml.UnreadableXml) as refusal:
        xml.parse(data)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refusal.value.details["why"] == why
    assert refusal.value.code == "xml.unreadable"
    assert refusal.value.status == 400
    assert time.monotonic() - began < 30  # it does not hang; how fast it is, a bench says
    assert peak < 40_000_000


def test_a_refusal_says_where_in_vietnamese_and_english():
    with pytest.raises(xml.UnreadableXml) as refusal:
        xml.parse(b"<a>\n<b></a>")

    assert "XML sai cú pháp (dòng 2, cột" in refusal.value.text("vi")
    assert "not well-formed (line 2, column" in refusal.value.text("en")


def test_text_of_any_script_survives():
    text = "Hồ Thị Ế · H’Mông · \u202eabc\u200b · 👩‍🌾 · ５ · a&b<c>"

    root = xml.parse(xml.to_bytes(xml.element("d", text)))

    assert root.text == text


def test_a_form_definition_may_be_larger_than_a_filled_form():
    data = b"<a>" + b"<b/>" * 150_000 + b"</a>"

    assert len(xml.parse(data, xml.FORM_DEFINITION)) == 150_000


def test_invented_names_do_not_fill_the_memory_of_the_server():
    """20,000 new names of 90 bytes a document: kept, they would be 2 MB each, for ever."""
    process = psutil.Process()

    def send(number: int) -> None:
        names = "".join(f"<n{number}_{k}{'x' * 80}/>" for k in range(20_000))
        xml.parse(f"<a>{names}</a>".encode())

    for number in range(3):
        send(number)
    before = process.memory_info().rss
    for number in range(3, 33):
        send(number)

    assert process.memory_info().rss - before < 15_000_000


def test_small_documents_of_invented_names_do_not_fill_it_either():
    known = xml._Known(room=1000)
    kept = 0

    for number in range(100):
        kept += known.admit({b"n%d" % number + b"x" * 90}, 255)

    assert kept == 10
    assert known.admit({b"n3" + b"x" * 90}, 255)


@pytest.mark.parametrize(
    ("tag", "names"),
    [
        (b"data id='f' version=\"1\"", [b"data", b"id", b"version"]),
        (b"x /", [b"x"]),
        (b"orx:meta xmlns:orx='http://a'", [b"orx:meta", b"xmlns:orx='http://a'"]),
    ],
)
def test_names_of_a_start_tag_are_all_seen(tag, names):
    assert xml._NAMES.findall(tag) == names


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"<?xml version='1.0' encoding='x'")
def test_any_bytes_are_read_or_refused(data):
    try:
        root = xml.parse(data)
    except xml.UnreadableXml:
        return
    assert isinstance(xml.local(root.tag), str)


@given(st.text(max_size=200))
def test_any_text_can_be_put_into_an_answer(text):
    root = xml.parse(xml.to_bytes(xml.element("message", text, {"nature": text})))

    said = (root.text or "").replace("\r", "\n")
    assert said == xml.legal(text).replace("\r", "\n")
