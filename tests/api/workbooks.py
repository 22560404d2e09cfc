"""Workbooks as people keep them: the sheets of a Markdown form in an .xlsx."""

from functools import cache
from io import BytesIO

from openpyxl import Workbook

from server.surveys import workbook

FORM = """
| survey |                              |       |             |
|        | type                         | name  | label       |
|        | text                         | ten   | Họ tên      |
|        | integer                      | tuoi  | Tuổi        |
|        | select_one_from_file xom.csv | xom   | Xóm         |
|        | image                        | anh   | Ảnh         |
|        | begin repeat                 | tv    | Thành viên  |
|        | text                         | ten_tv | Tên        |
|        | end repeat                   |       |             |
| settings |                            |         |           |
|        | form_title                   | form_id | version   |
|        | Phiếu hộ                     | ho      | VERSION   |
"""
LIST = "name,label\n1,Xóm Một\n2,Xóm Hai\n".encode()


@cache
def xlsx(markdown: str = FORM, version: str = "1") -> bytes:
    """Return an .xlsx with the sheets that a Markdown form describes, always the same bytes."""
    text = workbook.plain(markdown.replace("VERSION", version).encode())
    book = Workbook(write_only=True)
    for name, rows in workbook.sheets(text, ".md").items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append([cell or None for cell in row])
    out = BytesIO()
    book.save(out)
    return out.getvalue()
