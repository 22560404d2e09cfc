"""The Word templates: as the wording says, editable, and harmless."""

import io
import zipfile

import pytest
from docx import Document

from server.desk.draw_wording import BEFORE, PAPERS, TIMETABLE
from server.documents import checks, press
from server.documents.problems import TemplateRefused
from tools.build_paper_templates import Template

FIELDS = {"issuer": "Phòng", "stamp": "", "round_name": "Đợt 1", "timetable": []}


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_the_template_shipped_is_the_one_that_the_wording_makes(paper):
    shipped = press.SHIPPED / f"{paper.name}.docx"

    assert shipped.read_bytes() == Template(paper).write()
    assert checks.template(shipped)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_a_template_has_the_page_and_face_of_decree_30(paper):
    document = Document(press.SHIPPED / f"{paper.name}.docx")
    section = document.sections[0]
    sides = (section.top_margin.mm, section.bottom_margin.mm)

    assert {round(section.page_width.mm), round(section.page_height.mm)} == {210, 297}
    assert all(20 <= round(side) <= 25 for side in sides)
    assert 30 <= round(section.left_margin.mm) <= 35 and 15 <= round(section.right_margin.mm) <= 20
    assert document.styles["Normal"].font.name == "Times New Roman"
    assert section.different_first_page_header_footer
    assert "PAGE" in section.header._element.xml
    assert "PAGE" not in section.first_page_header._element.xml


@pytest.mark.parametrize(
    "paper", [paper for paper in PAPERS if paper.signed], ids=lambda paper: paper.name
)
def test_nobody_signs_an_empty_page(paper):
    """The last sentence goes with the signatures onto the next page."""
    document = Document(press.SHIPPED / f"{paper.name}.docx")
    body = list(document.element.body)
    signed = next(table for table in document.tables if "(Ký" in table._tbl.xml)
    before = body[body.index(signed._tbl) - 1]

    assert "keepNext" in before.xml


def own(tmp_path, words):
    """An office's own timetable, with one paragraph."""
    document = Document()
    document.add_paragraph(words)
    folder = tmp_path / "templates"
    folder.mkdir()
    document.save(folder / "lich.docx")
    return folder / "lich.docx"


def test_the_offices_own_template_is_used_when_there_is_one(tmp_path):
    own(tmp_path, "LỊCH CỦA CHÚNG TÔI: {{ round_name }}")

    made = press.word(TIMETABLE, FIELDS, tmp_path)

    assert Document(io.BytesIO(made)).paragraphs[0].text == "LỊCH CỦA CHÚNG TÔI: Đợt 1"


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("{{ ten_dot }}", "ten_dot"),
        ("{% for row in %}", "TemplateSyntaxError"),
        ("{{ ''.__class__.__mro__ }}", "SecurityError"),
        ("{{ round_name.__init__.__globals__ }}", "SecurityError"),
    ],
)
def test_a_template_that_cannot_be_filled_says_which_field(tmp_path, words, named):
    own(tmp_path, words)

    with pytest.raises(TemplateRefused, match=r"lich\.docx") as refused:
        press.word(TIMETABLE, FIELDS, tmp_path)

    assert named in refused.value.text("vi")


def changed(path, **parts):
    """Put other parts into a Word file."""
    old = {}
    with zipfile.ZipFile(path) as archive:
        old = {name: archive.read(name) for name in archive.namelist()}
    old.update(parts.pop("more", {}))
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in old.items():
            archive.writestr(name, text)


FIELD = (
    '<d:document xmlns:d="x"><d:r><d:instrText xml:space="preserve"> {} </d:instrText></d:r>'
    "</d:document>"
)
LINK = '<r><Relationship Id="x" Target="http://a.example/t" TargetMode="External"/></r>'


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("word/document.xml", FIELD.format("DDEAUTO c cmd"), "DDEAUTO"),
        ("word/document.xml", FIELD.format('INCLUDETEXT "http://a/b"'), "INCLUDETEXT"),
        (
            "word/document.xml",
            '<w:fldSimple xmlns:w="x" w:instr=" INCLUDEPICTURE x "/>',
            "INCLUDEPICTURE",
        ),
        ("word/document.xml", '<w:altChunk xmlns:w="x" id="x"/>', "altChunk"),
        ("word/document.xml", '<!DOCTYPE a [<!ENTITY b "c">]><a/>', "DOCTYPE"),
        ("word/_rels/document.xml.rels", LINK, "trỏ ra ngoài"),
        ("word/vbaProject.bin", "x", "vbaProject"),
        ("word/embeddings/oleObject1.bin", "x", "oleObject1"),
    ],
)
def test_a_template_that_reaches_out_of_the_document_is_refused(tmp_path, name, text, why):
    path = own(tmp_path, "x")
    changed(path, more={name: text})

    with pytest.raises(TemplateRefused) as refused:
        press.word(TIMETABLE, FIELDS, tmp_path)

    assert why in refused.value.text("vi")


def test_what_is_no_word_file_is_refused(tmp_path):
    own(tmp_path, "x").write_bytes(b"MZ")

    with pytest.raises(TemplateRefused, match=r"lich\.docx"):
        press.word(TIMETABLE, FIELDS, tmp_path)


def test_a_name_stays_a_name_whatever_it_holds(tmp_path):
    own(tmp_path, "{{ round_name }}")
    hostile = '<w:p/>&<![CDATA[x]]> {{ 7*7 }} {% x %} \x00\x0b\ufffe\ud800 "é"'

    made = press.word(TIMETABLE, FIELDS | {"round_name": hostile}, tmp_path)

    text = Document(io.BytesIO(made)).paragraphs[0].text
    assert text == '<w:p/>&<![CDATA[x]]> {{ 7*7 }} {% x %}  "é"'


def test_the_wording_of_the_minutes_has_its_fields_in_the_template():
    document = Document(press.SHIPPED / f"{BEFORE.name}.docx")
    xml = document.element.xml

    assert "{{ plan_said }}" in xml and "{%tr for row in frame %}" in xml
