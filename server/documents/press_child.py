"""The child process of `press`, and the only door to docxtpl and typst.

One job on stdin as JSON, the paper on stdout. Values are texts to both: what a template does with
them is bounded by a sandbox, and typst gets them as data beside its program, never within it.
"""

import base64
import io
import json
import os
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
MAX_MEMORY_BYTES = 3_000_000_000


def main() -> None:
    """Answer for the job on stdin; the argument: the seconds allowed."""
    _limit(int(sys.argv[1]))
    answer_to = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # libraries may print; the answer goes alone
    job = json.load(sys.stdin.buffer)
    try:
        made = {"pdf": pdf, "cards": cards, "docx": word}[job["as"]]
        answer = b"+" + made(job)
    except Exception as error:  # whatever a template leads them to, its author is told
        answer = b"-" + f"{type(error).__name__}: {error}".encode()[:2000]
    answer_to.write(answer)
    answer_to.close()


def _limit(seconds: int) -> None:
    for what, most in (
        (resource.RLIMIT_AS, MAX_MEMORY_BYTES),
        (resource.RLIMIT_CPU, 2 * seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (most, most))


def pdf(job: dict[str, Any]) -> bytes:
    """Return the PDF of a filled paper, with the parts of the fonts that it uses."""
    return _set("paper", _drawn(job["paper"]), job)


def cards(job: dict[str, Any]) -> bytes:
    """Return the PDF of a sheet of phones' cards."""
    import segno

    sheet = job["sheet"]
    for card in sheet["cards"]:
        picture = io.BytesIO()
        # A mask that is given and not sought makes a code in a sixth of the time.
        code = segno.make_qr(card.pop("code"), error="l", mask=3, boost_error=False)
        code.save(picture, kind="png", border=2)
        card["picture"] = list(picture.getvalue())
    return _set("cards", sheet, job, "sheet")


def _set(program: str, data: dict[str, Any], job: dict[str, Any], name: str = "") -> bytes:
    import typst

    done = typst.compile(
        HERE / f"{program}.typ",
        root=HERE,
        font_paths=[HERE / "fonts"],
        ignore_system_fonts=True,
        sys_inputs={name or program: json.dumps(data, ensure_ascii=False)},
        timestamp=job["at"],
        pdf_tags=False,  # tags of ten thousand rows cost more than the rows
    )
    assert isinstance(done, bytes)  # noqa: S101 - one file, so one answer
    return done


def _drawn(value: Any) -> Any:
    """Return a paper whose QR codes are pictures."""
    if isinstance(value, list):
        return [_drawn(one) for one in value]
    if isinstance(value, dict):
        return {
            name: _qr(one, "svg").decode() if name == "qr" else _drawn(one)
            for name, one in value.items()
        }
    return value


def _qr(text: str, kind: str) -> bytes:
    import segno

    made = io.BytesIO()
    segno.make_qr(text, error="m").save(made, kind=kind, border=0, scale=1 if kind == "svg" else 8)
    return made.getvalue()


def word(job: dict[str, Any]) -> bytes:
    """Return a Word template with its fields filled."""
    from docx.shared import Mm
    from docxtpl import DocxTemplate, InlineImage
    from jinja2 import StrictUndefined
    from jinja2.sandbox import SandboxedEnvironment

    template = DocxTemplate(io.BytesIO(base64.b64decode(job["template"])))
    picture: Callable[[str], Any] = lambda text: InlineImage(  # noqa: E731 - one place
        template, io.BytesIO(_qr(text, "png")), width=Mm(28)
    )
    values = {
        name: picture(value["qr"]) if isinstance(value, dict) and "qr" in value else value
        for name, value in job["values"].items()
    }
    rules = SandboxedEnvironment(undefined=StrictUndefined, autoescape=True)
    template.render(values, jinja_env=rules, autoescape=True)
    made = io.BytesIO()
    template.save(made)
    return made.getvalue()


if __name__ == "__main__":
    main()
