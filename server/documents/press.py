"""Printing: fields filled, as DOCX from a Word template or as PDF, in a child process."""

import base64
import json
import logging
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from server import clock
from server.documents import checks
from server.documents.blocks import Filled, Paper, Qr, Values
from server.documents.problems import NotPrinted, TemplateRefused

log = logging.getLogger(__name__)
SECONDS = 60
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHIPPED = Path(__file__).parent / "templates"
_PRESSES = BoundedSemaphore(2)  # a long paper takes hundreds of megabytes while it is made
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def pdf(paper: Paper, values: Values) -> bytes:
    """Return a paper as PDF (A4, fonts embedded).

    Raises:
        NotPrinted: it could not be made, e.g. it is too long for the time and memory allowed.
    """
    filled = Filled(clean(values)).paper(paper)
    done = _press({"as": "pdf", "paper": filled, "at": int(clock.now().timestamp())})
    if done[:1] != b"+":
        log.error("the paper %s was not printed: %s", paper.name, done[1:300])
        raise NotPrinted()
    return done[1:]


@dataclass(frozen=True)
class Card:
    """A phone's card: whose, and the text of the code that sets the phone up."""

    name: str
    team: str
    commune: str
    plan: str
    code: str


STEPS = (
    "Cài ứng dụng ODK Collect từ cửa hàng ứng dụng.",
    "Mở ứng dụng, chọn “Cấu hình bằng mã QR” rồi quét mã này.",
    "Khi có mạng, biểu mẫu tự tải về; sau đó điền được cả khi không có mạng.",
)
WARNING = "Giữ thẻ như giữ chìa khóa: không chụp, không chuyển. Mất máy: báo ngay điều phối viên."


def cards(title: str, given: Sequence[Card]) -> bytes:
    """Return a PDF of cards to be cut apart, eight on a page (A4).

    Raises:
        NotPrinted: it could not be made.
    """
    sheet = {
        "title": title, "steps": STEPS, "warning": WARNING, "cards": [asdict(one) for one in given],
    }  # fmt: skip
    done = _press({"as": "cards", "sheet": clean(sheet), "at": int(clock.now().timestamp())})
    if done[:1] != b"+":
        log.error("a sheet of cards was not printed: %s", done[1:300])
        raise NotPrinted()
    return done[1:]


def word(paper: Paper, values: Values, var: Path) -> bytes:
    """Return a paper as DOCX, from the office's own template when `var`/templates has one.

    Raises:
        TemplateRefused: the office's template names a field that is not there, is no DOCX, or
            holds what would reach out of the document when it is opened.
        NotPrinted: it could not be made.
    """
    own = var / "templates" / f"{paper.name}.docx"
    path = own if own.is_file() else SHIPPED / f"{paper.name}.docx"
    template = checks.template(path)
    job = {
        "as": "docx",
        "template": base64.b64encode(template).decode(),
        "values": _plain(clean(values)),
    }
    done = _press(job)
    if done[:1] != b"+":
        if path == own:
            raise TemplateRefused(name=own.name, why=done[1:].decode(errors="replace"))
        log.error("the template %s was not filled: %s", path.name, done[1:300])
        raise NotPrinted()
    return done[1:]


def _press(job: dict[str, Any]) -> bytes:
    """Return the child's answer: '+' and the paper, or '-' and why not."""
    root = str(Path(__file__).resolve().parents[2])
    with _PRESSES, tempfile.TemporaryDirectory() as folder:
        try:
            done = subprocess.run(  # noqa: S603 - our own program, nothing of the caller's in the line
                [sys.executable, "-m", "server.documents.press_child", str(SECONDS)],
                input=json.dumps(job, ensure_ascii=False).encode(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
                cwd=folder,
                env={"TMPDIR": folder, "LANG": "C.UTF-8", "PATH": os.defpath, "PYTHONPATH": root},
            )
        except subprocess.TimeoutExpired as late:
            log.warning("a paper took over %s seconds", SECONDS)
            raise NotPrinted() from late
    if not done.stdout:
        log.error("the press stopped with %s: %s", done.returncode, done.stderr[-500:])
        raise NotPrinted()
    return done.stdout


def clean(value: Any) -> Any:
    r"""Return a value without the characters that no document may hold.

    >>> clean({"a": ["Gôi\x00\ud800", Qr("x")]})
    {'a': ['Gôi', Qr(text='x')]}
    """
    if isinstance(value, str):
        return _UNPRINTABLE.sub("", value)
    if isinstance(value, dict):
        return {name: clean(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [clean(one) for one in value]
    return value


def _plain(values: Values) -> dict[str, Any]:
    return {
        name: {"qr": value.text} if isinstance(value, Qr) else value
        for name, value in values.items()
    }
