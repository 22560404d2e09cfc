"""What a Word template may hold: text, pictures, page numbers; nothing that reaches outside.

A field other than a page number can read files or ask servers when the paper is opened, an
external relationship loads what somebody else may change, and macros and objects run.
"""

import re
import zipfile
from pathlib import Path

from server.documents.problems import TemplateRefused

LARGEST = 20_000_000
FIELDS = {"PAGE", "NUMPAGES", "SECTIONPAGES"}
_PARTS = re.compile(r"(?i)vbaproject|activex|/embeddings/|\.bin$|afchunk|altchunk")
_INSTRUCTIONS = re.compile(
    rb"<w:instrText[^>]*>([^<]*)</w:instrText>|w:instr=[\"']([^\"']*)[\"']|<w:altChunk()"
)


def template(path: Path) -> bytes:
    """Return the bytes of a Word template that may be used.

    Raises:
        TemplateRefused: saying what in it is not allowed.
    """
    data = path.read_bytes()
    try:
        with zipfile.ZipFile(path) as archive:
            wrong = _wrong(archive)
    except (zipfile.BadZipFile, OSError, RuntimeError, ValueError) as error:
        raise TemplateRefused(name=path.name, why=f"không phải tệp .docx ({error})") from error
    if wrong:
        raise TemplateRefused(name=path.name, why=wrong)
    return data


def _wrong(archive: zipfile.ZipFile) -> str:
    """Return what is not allowed in a document, '' when nothing."""
    names = archive.namelist()
    if "word/document.xml" not in names:
        return "không có word/document.xml"
    if sum(info.file_size for info in archive.infolist()) > LARGEST:
        return "quá lớn"
    for name in names:
        if _PARTS.search(name):
            return f"có phần {name}"
        if not name.endswith((".xml", ".rels")):
            continue
        text = archive.read(name)
        if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
            return f"{name} có khai báo thực thể"
        if name.endswith(".rels") and re.search(rb"TargetMode\s*=\s*[\"']External", text):
            return f"{name} trỏ ra ngoài tài liệu"
        odd = _odd_fields(text)
        if odd:
            return f"{name} có trường {odd}"
    return ""


def _odd_fields(text: bytes) -> str:
    r"""Return the first field that is no page number.

    >>> _odd_fields(b'<w:instrText> PAGE \\* MERGEFORMAT </w:instrText>')
    ''
    >>> _odd_fields(b'<w:fldSimple w:instr=" INCLUDETEXT x ">')
    'INCLUDETEXT'
    """
    for found in _INSTRUCTIONS.finditer(text):
        instruction = (found[1] or found[2] or b"altChunk").decode(errors="replace").split()
        if instruction and not (instruction[0].upper() in FIELDS or instruction[0][0] == "\\"):
            return instruction[0]
    return ""
