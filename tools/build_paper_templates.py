"""Make the Word templates that are shipped from the wording of the papers.

    python tools/build_paper_templates.py          writes server/documents/templates/*.docx

The office may edit a copy in Word and put it in the folder `templates` of its data.
"""

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt

from server.desk.draw_wording import PAPERS
from server.documents.blocks import Block, Each, Framed, Paper, Say, Table, When

TARGET = Path(__file__).parents[1] / "server" / "documents" / "templates"
ALIGN = {
    "left": WD_ALIGN_PARAGRAPH.LEFT,
    "center": WD_ALIGN_PARAGRAPH.CENTER,
    "right": WD_ALIGN_PARAGRAPH.RIGHT,
}
CENTER = WD_ALIGN_PARAGRAPH.CENTER


class Template:
    """One Word template under the hand that writes it."""

    def __init__(self, paper: Paper) -> None:
        self.paper = paper
        self.document = Document()
        about: Any = self.document.core_properties
        about.author, about.comments, about.title = "", "", paper.name
        self._page()
        self._font()
        self.width = Mm(249 if paper.landscape else 162)

    def write(self) -> bytes:
        """Return the template's bytes, the same for the same wording."""
        paper = self.paper
        if paper.letterhead:
            self.letterhead()
        self.when("stamp", lambda: self.line("{{ stamp }}", bold=True))
        if paper.kind:
            self.heading(paper.kind, paper.title)
        self.blocks(paper.body)
        if paper.signed:  # nobody signs an empty page: the last sentence goes along
            self.document.paragraphs[-1].paragraph_format.keep_with_next = True
            self.signatures()
        if paper.annex:
            self.document.add_page_break()  # type: ignore[no-untyped-call]
            self.heading("Phụ lục", paper.annex[0])
            self.blocks(paper.annex[1])
        made = io.BytesIO()
        self.document.save(made)
        return without_times(made.getvalue())

    def _page(self) -> None:
        section = self.document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        if self.paper.landscape:
            section.orientation = WD_ORIENT.LANDSCAPE
            section.page_width, section.page_height = Mm(297), Mm(210)
        section.top_margin = section.bottom_margin = Mm(20)
        section.left_margin, section.right_margin = Mm(30), Mm(18)
        section.header_distance = Mm(10)
        section.different_first_page_header_footer = True
        number = section.header.paragraphs[0]
        number.alignment = CENTER
        for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
            run = number.add_run()
            part = OxmlElement("w:fldChar" if kind else "w:instrText")
            if kind:
                part.set(qn("w:fldCharType"), kind)
            part.text = text
            run._r.append(part)

    def _font(self) -> None:
        style: Any = self.document.styles["Normal"]
        style.font.name, style.font.size = "Times New Roman", Pt(13)
        fonts = style.element.rPr.rFonts
        for script in ("w:ascii", "w:hAnsi", "w:eastAsia", "w:cs"):
            fonts.set(qn(script), "Times New Roman")
        language = OxmlElement("w:lang")
        language.set(qn("w:val"), "vi-VN")
        style.element.rPr.append(language)
        style.paragraph_format.space_after = Pt(6)
        style.paragraph_format.line_spacing = 1.1

    def letterhead(self) -> None:
        """Write the agency and number on the left, Quốc hiệu, tiêu ngữ and day on the right."""
        left, right = self.row((65, 97)).cells
        self.when(
            "agency_above", lambda: self.line("{{ agency_above|upper }}", 12, into=left), left
        )
        agency = self.line("{{ agency|upper }}", 12, bold=True, into=left)
        self.rule(agency, 21, 65)
        self.line(f"Số: ……/{self.paper.symbol}", 13, into=left)
        if not self.paper.kind:
            self.line(self.paper.title, 12, into=left)
        self.line("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 12, bold=True, into=right)
        motto = self.line("Độc lập - Tự do - Hạnh phúc", 13, bold=True, into=right)
        self.rule(motto, 59, 97)
        self.line(f"{{{{ town }}}}, {self.paper.date}", 13, italic=True, into=right)
        for cell in (left, right):
            cell._tc.remove(cell.paragraphs[0]._p)
        self.document.add_paragraph()

    def row(self, widths: tuple[int, ...]) -> Any:
        """Return the one row of a table without lines."""
        table = self.document.add_table(rows=1, cols=len(widths))
        table.alignment, table.autofit = WD_TABLE_ALIGNMENT.CENTER, False
        for cell, column, width in zip(table.rows[0].cells, table.columns, widths, strict=True):
            cell.width = column.width = Mm(width)
        return table.rows[0]

    def line(
        self, text: str, size: int = 13, bold: bool = False, italic: bool = False, into: Any = None
    ) -> Any:
        """Write one centred line."""
        paragraph = (into or self.document).add_paragraph()
        paragraph.alignment = CENTER
        paragraph.paragraph_format.space_after = Pt(2)
        self.runs(paragraph, text, size=size, bold=bold, italic=italic)
        return paragraph

    def runs(self, paragraph: Any, text: str, size: float = 13, **looks: bool) -> None:
        """Write text whose line breaks stay."""
        for place, piece in enumerate(text.split("\n")):
            run = paragraph.add_run()
            if place:
                run.add_break()
            run.add_text(piece)
            run.font.size = Pt(size)
            for look, wanted in looks.items():
                setattr(run, look, wanted)

    def rule(self, paragraph: Any, length: int, within: int) -> None:
        """Draw the line beneath: a border of the paragraph, as long as it should be."""
        beneath = OxmlElement("w:pBdr")
        bottom = OxmlElement("w:bottom")
        for name, value in (("val", "single"), ("sz", "6"), ("space", "1"), ("color", "000000")):
            bottom.set(qn(f"w:{name}"), value)
        beneath.append(bottom)
        side = Mm((within - 4 - length) / 2)
        parent = paragraph._parent
        spacer = parent.add_paragraph()
        spacer.paragraph_format.left_indent = spacer.paragraph_format.right_indent = side
        spacer.paragraph_format.space_after = Pt(4)
        spacer.paragraph_format.line_spacing = Pt(3)
        spacer._p.get_or_add_pPr().append(beneath)

    def heading(self, kind: str, title: str) -> None:
        """Write what kind of paper it is, what about, and the line beneath."""
        self.line(kind.upper(), 14, bold=True)
        self.rule(self.line(title, 14, bold=True), 45, int(self.width / Mm(1)) + 4)

    def when(self, test: str, write: Any, into: Any = None) -> None:
        """Write something that stands only when a condition holds."""
        self.tag(f"if {test}", into)
        write()
        self.tag("endif", into)

    def tag(self, rule: str, into: Any = None) -> None:
        """Write a rule of the template; its paragraph goes when the fields are filled."""
        (into or self.document).add_paragraph(f"{{%p {rule} %}}")

    def blocks(self, blocks: tuple[Block, ...]) -> None:
        """Write blocks one after the other."""
        for block in blocks:
            match block:
                case Say():
                    self.say(block)
                case Each():
                    self.tag(f"for row in {block.rows}")
                    self.say(block.say)
                    self.tag("endfor")
                case Table():
                    self.table(block)
                case Framed():
                    self.framed(block)
                case When():
                    self.tag(f"if {block.test}")
                    self.blocks(block.then)
                    if block.otherwise:
                        self.tag("else")
                        self.blocks(block.otherwise)
                    self.tag("endif")

    def say(self, block: Say, into: Any = None) -> None:
        """Write one paragraph in its style."""
        paragraph = (into or self.document).add_paragraph()
        style = block.style
        paragraph.alignment = WD_ALIGN_PARAGRAPH.LEFT
        if style in ("body", "basis"):
            paragraph.alignment = WD_ALIGN_PARAGRAPH.JUSTIFY
        if style in ("body", "basis", "plain", "heading") and into is None:
            paragraph.paragraph_format.first_line_indent = Mm(10)
        if style == "heading":
            paragraph.paragraph_format.keep_with_next = True
        sizes = {"code": 10.5, "commands": 8, "digits": 19}
        size = 14 if style == "code" and into is not None else sizes.get(style, 13)
        self.runs(
            paragraph, block.text, size=size,
            bold=style in ("heading", "digits") or size == 14, italic=style == "basis",
        )  # fmt: skip
        if style in ("code", "commands", "digits"):
            self.mono(paragraph)
        if style in ("digits", "to"):
            paragraph.alignment = CENTER
        if style == "code" and into is None:
            paragraph.paragraph_format.left_indent = Mm(10)

    def mono(self, paragraph: Any) -> None:
        """Set a paragraph in a face in which all signs are equally wide."""
        for run in paragraph.runs:
            run.font.name = "Courier New"
            for script in ("w:eastAsia", "w:cs", "w:hAnsi"):
                run._r.rPr.rFonts.set(qn(script), "Courier New")

    def table(self, block: Table) -> None:
        """Write a table: its head, and one row between the rules of the loop."""
        columns = block.columns
        table: Any = self.document.add_table(rows=4, cols=len(columns))
        table.style, table.alignment, table.autofit = "Table Grid", WD_TABLE_ALIGNMENT.CENTER, False
        whole = sum(column.width for column in columns)
        head, begin, row, end = table.rows
        for place, column in enumerate(columns):
            table.columns[place].width = width = int(self.width * column.width / whole)
            for each in table.rows:
                each.cells[place].width = width
            self.cell(head.cells[place], column.title, CENTER, block.size, bold=True)
            self.cell(row.cells[place], column.cell, ALIGN[column.align], block.size)
        begin.cells[0].paragraphs[0].add_run(f"{{%tr for row in {block.rows} %}}")
        end.cells[0].paragraphs[0].add_run("{%tr endfor %}")
        for each, names in ((head, ("w:cantSplit", "w:tblHeader")), (row, ("w:cantSplit",))):
            for name in names:
                each._tr.get_or_add_trPr().append(OxmlElement(name))
        self.document.add_paragraph().paragraph_format.space_after = Pt(0)

    def cell(self, cell: Any, text: str, align: Any, size: int, bold: bool = False) -> None:
        """Write one cell."""
        paragraph = cell.paragraphs[0]
        paragraph.alignment = align
        paragraph.paragraph_format.space_after = Pt(1)
        self.runs(paragraph, text, size=size, bold=bold)

    def framed(self, block: Framed) -> None:
        """Write paragraphs in a frame, the QR code beside them."""
        table: Any = self.document.add_table(rows=1, cols=2)
        table.autofit = False
        box = OxmlElement("w:tblBorders")
        for side in ("top", "left", "bottom", "right"):
            line = OxmlElement(f"w:{side}")
            for name, value in (("val", "single"), ("sz", "8"), ("color", "000000")):
                line.set(qn(f"w:{name}"), value)
            box.append(line)
        table._tbl.tblPr.append(box)
        words, picture = table.rows[0].cells
        words.width = table.columns[0].width = Mm(126)
        picture.width = table.columns[1].width = Mm(36)
        for line_ in block.lines:
            self.say(line_, words)
        words._tc.remove(words.paragraphs[0]._p)
        picture.paragraphs[0].alignment = CENTER
        picture.paragraphs[0].add_run(f"{{{{ {block.qr} }}}}")
        self.document.add_paragraph().paragraph_format.space_after = Pt(0)

    def signatures(self) -> None:
        """Write Nơi nhận and the places for signatures."""
        signed, alone = self.paper.signed, len(self.paper.signed) == 1
        cells = self.row((81, 81) if alone else (54,) * len(signed)).cells
        for (title, how), cell in zip(signed, cells[1:] if alone else cells, strict=True):
            self.line(title, 13, bold=True, into=cell)
            self.line(how, 13, italic=True, into=cell)
            for _ in range(4):
                cell.add_paragraph()
            cell._tc.remove(cell.paragraphs[0]._p)
        self.recipients(cells[0] if alone else self.document)
        if alone:
            cells[0]._tc.remove(cells[0].paragraphs[0]._p)

    def recipients(self, into: Any) -> None:
        """Write Nơi nhận."""
        for place, text in enumerate(("Nơi nhận:", *self.paper.recipients)):
            paragraph = into.add_paragraph()
            paragraph.paragraph_format.space_after = Pt(0)
            looks = {"bold": place == 0, "italic": place == 0}
            self.runs(paragraph, text if not place else f"- {text}", 11 if place else 12, **looks)


def without_times(data: bytes) -> bytes:
    """Return a DOCX whose parts carry no times, so that building it again changes nothing."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w") as new:
        for name in old.namelist():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name))
    return made.getvalue()


def main() -> None:
    """Write all templates."""
    TARGET.mkdir(exist_ok=True)
    for paper in PAPERS:
        (TARGET / f"{paper.name}.docx").write_bytes(Template(paper).write())
        sys.stdout.write(f"{paper.name}.docx\n")


if __name__ == "__main__":
    main()
