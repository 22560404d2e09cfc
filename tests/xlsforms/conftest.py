import datetime as dt
import io
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image
from pyxform.xls2xform import convert

from server import xml
from server.demo import javarosa
from server.demo.javarosa import Answers, Filled
from server.findings import rules
from server.submissions import instance
from server.surveys.xform import XForm, fields_of
from xlsforms import workbook

METADATA = {"start", "end", "today", "deviceid", "username", "audit"}
METADATA |= {"instanceID", "instanceName", "consent_at", "entity"}

MEDIA = {
    "visits.csv": """name,label,round_code,commune_code
v1,Xã Kim Thái – đợt 1,R1,13780
v2,Xã Liên Minh – đợt 1,R1,13783
""",
    "hamlets.csv": """name,label,commune_code
t1,Thôn Vân Cát,13780
t2,Thôn Tiên Hương,13780
t9,Thôn Ngõ Trang,13783
""",
    "households.csv": """name,label,hamlet_code,commune_code
h1,KT-001 N.V.A,t1,13780
h2,KT-002 T.T.B,t1,13780
h3,KT-003 L.V.D,t2,13780
h9,LM-001 P.V.C,t9,13783
""",
    "models.csv": """name,label,commune_code
m1,Nuôi bò sinh sản,13780
m9,Trồng nấm,13783
""",
    "classes.csv": """name,label,planned
c1,Lớp nâng cao năng lực số 1,60
""",
    "can_sua.csv": """name,label,__version,reason,notes,form,returned_by,returned_at,record
5d1c0c52-6f1e-4c57-8a86-52a6d8a6f7b1,KT-001,1,Thiếu ảnh,• Ảnh: chụp lại,Phiếu hộ,Hoa,08:00 16/4,12
5d1c0c52-6f1e-4c57-8a86-52a6d8a6f7b2,KT-002,1,Sai tên,,Phiếu hộ,Hoa,09:00 16/4,13
""",
    "findings.csv": """\
name,label,__version,code,text_vi,due_date,responsible,commune_code,status,asked_due
2f0b7c1e-7a2f-4f6e-9d0e-0d6a4d6b1a01,T1,1,TT-001,Bò đã chết,2024-06-30,UBND xã,13780,m,2024-07-15
2f0b7c1e-7a2f-4f6e-9d0e-0d6a4d6b1a09,TT-009,1,TT-009,Nhà dở,2024-06-30,UBND xã,13783,da_giao,
""",
}


@cache
def compiled(form_id: str) -> bytes:
    """Return the XForm of a shipped workbook; any warning of the compiler is a failure."""
    made = convert(workbook.HOME / f"{form_id}.xlsx")
    assert made.warnings == []
    return made.xform.encode()


def notes(form_id: str) -> set[str]:
    """Return the names of what a form only says."""
    rows = workbook.read_texts(form_id)["survey"].rows
    return {row["name"] for row in rows if row["type"] == "note"}


@pytest.fixture(scope="session")
def xform() -> Callable[[str], bytes]:
    return compiled


@pytest.fixture(scope="session")
def fill_form() -> Callable[..., list[Filled]]:
    """Fill a shipped form as often as there are answers, inventing nothing."""

    def fill(form_id: str, *answers: Answers, **options: object) -> list[Filled]:
        media = {name: text.encode() for name, text in MEDIA.items()}
        settings = {"auto": "none", "username": "lan"} | options
        return javarosa.fill(compiled(form_id), media, answers, **settings)

    return fill


@pytest.fixture(scope="session")
def refused_at(fill_form: Callable[..., list[Filled]]) -> Callable[..., list[str]]:
    """Return, for each set of answers, the first question at which the phone refuses."""

    def ask(form_id: str, answers: Iterable[Answers]) -> list[str]:
        filled = fill_form(form_id, *answers, lenient=True)
        return [each.report["problems"][0]["path"].rpartition("/")[2] for each in filled]

    return ask


@pytest.fixture(scope="session")
def photo() -> bytes:
    """Return a small picture."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 24), "olive").save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def record() -> Callable[[Filled], dict[str, str]]:
    """Return what a filled form answers: name -> text; in repeats 'name#2' for the second round.

    Metadata and notes are left out, a photo stands as 'photo', so the rest can be compared whole:
    what is not in the expected answers must not be in the XML.
    """

    def read(filled: Filled) -> dict[str, str]:
        found: dict[str, str] = {}
        silent = METADATA | notes(filled.report["formId"])
        for node in ElementTree.fromstring(filled.xml).iter():
            name = node.tag.rpartition("}")[2]
            if len(node) or name in silent:
                continue
            text = node.text or ""
            if re.fullmatch(r"\d+\.(jpg|png|m4a)", text):
                assert text in filled.attachments
                text = "photo"
            number = sum(key.split("#")[0] == name for key in found) + 1
            found[name if number == 1 else f"{name}#{number}"] = text
        return found

    return read


THRESHOLDS = {"disbursement_floor": 50, "review_progress_expected": 95, "review_error_max": 10}
THRESHOLDS |= {"loss_rate_max": 15, "job_rate_floor": 0.7, "attendance_floor": 80}


@cache
def understood(form_id: str) -> tuple[dict[str, instance.Node], list[rules.FindingRule]]:
    """Return a form as the server reads its records, and its rules."""
    fields = fields_of(XForm(xml.parse(compiled(form_id), xml.FORM_DEFINITION)))
    rows = workbook.read_texts(form_id)["finding_rules"].rows
    return instance.plan(fields), rules.read_rules(rows, fields, THRESHOLDS)


@pytest.fixture(scope="session")
def fired() -> Callable[[Filled], set[str]]:
    """Return the ids of the rules that a filled form fires, read and judged as the server does."""

    def judge(filled: Filled) -> set[str]:
        nodes, known = understood(filled.report["formId"])
        reading = instance.read(instance.parse(filled.xml), nodes)
        assert reading.oddities == []
        day = dt.date(2024, 7, 10)
        return {
            each.rule_id
            for each in known
            if rules.evaluate(each.rule, reading.answers, THRESHOLDS, day)
        }

    return judge


@pytest.fixture(scope="session")
def validated() -> subprocess.CompletedProcess[str]:
    """Return what ODK Validate says of all shipped forms, asked once."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for form_id in workbook.form_ids():
            path = Path(folder) / f"{form_id}.xml"
            path.write_bytes(compiled(form_id))
            paths.append(str(path))
        line = javarosa.command(
            [javarosa.engine_jar()], "org.opendatakit.validate.FormValidator", *paths
        )
        return subprocess.run(line, capture_output=True, text=True, timeout=120)
