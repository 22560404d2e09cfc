"""What bears on one record: its answers laid out, its files, its points on a map, its history."""

import csv
import datetime as dt
import functools
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Response, current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from server import clock, web
from server.db import db
from server.desk import answers, downloads, formats
from server.desk.answers import Question, Sheet
from server.desk.verbs import verb
from server.files import Files
from server.journal import Line
from server.monitoring.models import Visit
from server.problems import NotFound
from server.submissions.models import Exhibit, Submission, SubmissionFile
from server.surveys import fields as form_fields
from server.surveys.models import FormMedia, FormVersion

LARGEST_LIST = 5_000_000
MOST_LINES = 200
_SCREEN_COPIES = {"thumb": "thumb_sha256", "view": "view_sha256"}


def sheet(found: Submission, said: Mapping[str, Any] | None = None) -> Sheet:
    """Return the record's answers laid out by the version that the interviewer used.

    `said` are answers that are not the record's own, or not yet.
    """
    return sheet_of(found, found.version, found.answers if said is None else said)


def sheet_of(found: Submission, version: FormVersion, said: Mapping[str, Any]) -> Sheet:
    """Return one content of a record laid out by the version that it was filled in."""
    lists = _lists(version, found)
    fields = form_fields.from_json(version.fields)
    return answers.sheet(fields, said, web.language(), lists)


def _lists(version: FormVersion, found: Submission) -> dict[str, Mapping[str, str]]:
    """Return the words of choices that lie outside the form: our own rows, uploaded lists."""
    files: Files = current_app.extensions["files"]
    known: dict[str, Mapping[str, str]] = {
        media.name: _words(files, media.sha256) for media in version.media if _is_list(media)
    }
    if found.visit is not None:
        known["visits.csv"] = {found.visit.code: _visit_name(found.visit)}
    if found.hamlet is not None:
        known["hamlets.csv"] = {found.hamlet.code: found.hamlet.name}
    return known


def _is_list(media: FormMedia) -> bool:
    return media.name.lower().endswith(".csv") and media.size_bytes <= LARGEST_LIST


def _visit_name(visit: Visit) -> str:
    return f"{visit.place.name} – {visit.round.name}"


@functools.lru_cache(maxsize=16)
def _words(files: Files, sha256: str) -> Mapping[str, str]:
    """Return the labels of an uploaded list by name; its bytes never change under a hash."""
    try:
        rows = csv.DictReader(io.StringIO(files.read(sha256).decode("utf-8-sig")))
        return {row["name"]: row["label"] for row in rows if row.get("name") and row.get("label")}
    except (FileNotFoundError, UnicodeDecodeError, csv.Error):
        return {}


@dataclass(frozen=True)
class FileRow:
    """A file of a record with the question it answers."""

    file: SubmissionFile
    label: str
    kind: str
    taken_at: str
    notes: list[str]

    @property
    def alt(self) -> str:
        """Return what the picture is, for those who cannot see it."""
        return self.label or self.file.name

    @property
    def taken(self) -> str:
        """Return when the camera says it was taken, as pages write moments; '' if it does not."""
        if not self.taken_at:
            return ""
        return dt.datetime.fromisoformat(self.taken_at).strftime("%H:%M %d/%m/%Y")


def files(found: Submission, laid_out: Sheet) -> dict[str, FileRow]:
    """Return the record's files by name, those that have yet to arrive too."""
    asked = {each.file: each for each in laid_out.questions() if each.file}
    return {file.name: _file_row(file, asked.get(file.name)) for file in found.files}


def _file_row(file: SubmissionFile, question: Question | None) -> FileRow:
    facts = file.facts or {}
    return FileRow(
        file,
        question.label if question else "",
        _kind(file, question),
        str(facts.get("taken_at") or ""),
        [str(facts["error"])] if facts.get("error") else [],
    )


def _kind(file: SubmissionFile, question: Question | None) -> str:
    """Return 'photo', 'audio' or 'file': how the page shows it."""
    if file.thumb_sha256 or (question is not None and question.media == "image"):
        return "photo"
    if downloads.audio_type(file.name):
        return "audio"
    return "photo" if file.content_type.startswith("image/") else "file"


def features(found: Submission) -> dict[str, Any] | None:
    """Return the point where the form was filled and where it was expected, as GeoJSON."""
    points = []
    if (expected := _expected(found)) is not None:
        points.append(expected)
    if found.latitude is not None and found.longitude is not None:
        properties = {
            "label": found.label or found.form.title,
            "kind": "actual",
            "tone": "good",
            "accuracy_m": found.accuracy_m or 0,
            "note": formats.distance(found.distance_m),
        }
        if expected is not None:
            properties["ref"] = "expected"
        points.append(_point("actual", found.latitude, found.longitude, properties))
    return {"type": "FeatureCollection", "features": points} if points else None


def _expected(found: Submission) -> dict[str, Any] | None:
    for place, radius in ((found.hamlet, True), (found.place, False)):
        if place is None or place.latitude is None or place.longitude is None:
            continue
        properties: dict[str, Any] = {"label": place.name, "kind": "expected", "named": True}
        if radius:
            properties["radius_m"] = getattr(place, "radius_m", None) or 0
        return _point("expected", place.latitude, place.longitude, properties)
    return None


def _point(key: str, lat: float, lon: float, properties: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": [lon, lat]}
    return {"type": "Feature", "id": key, "geometry": geometry, "properties": properties}


def history(session: Session, subject: str, subject_id: int) -> list[dict[str, str]]:
    """Return what the journal tells of one thing, oldest first, for `ui.timeline`."""
    lines = session.scalars(
        select(Line)
        .where(Line.subject == subject, Line.subject_id == str(subject_id))
        .order_by(Line.id)
        .limit(MOST_LINES)
    )
    return [
        {
            "at": formats.moment(line.at),
            "who": line.actor,
            "what": formats.word(verb(line.verb)),
            "note": _note(line),
        }
        for line in lines
    ]


def _note(line: Line) -> str:
    count = line.detail.get("files")
    if isinstance(count, int) and count:
        return str(_("%(count)s tệp kèm theo", count=count))
    return ""


def name_parts(found: Submission) -> list[str]:
    """Return what the names of a record's files begin with: place, form, day."""
    place = found.place.name if found.place else ""
    return [place, found.form.form_id, clock.local(found.received_at).date().isoformat()]


def file_name(shown: Exhibit) -> str:
    """Return what a photo or sound is called on the caller's disk: place, form, day, question.

    The number at its end is the file's own, so that no two have one name.
    """
    record = shown.submission
    place = record.place.name if record.place else ""
    question = shown.question.rsplit("/", 1)[-1]
    parts = [place, record.form.form_id, shown.day.isoformat(), question, str(shown.file_id)]
    ending = shown.file.name.rsplit(".", 1)[-1].lower() if "." in shown.file.name else ""
    return downloads.filename(parts, f".{ending[:5]}" if ending.isalnum() else "")


def answer_file(found: SubmissionFile, kind: str) -> Response:
    """Return one copy of a file.

    Raises:
        NotFound: it has no copy of that kind.
    """
    if kind in _SCREEN_COPIES:
        copy = getattr(found, _SCREEN_COPIES[kind])
        if copy is None:
            raise NotFound()
        return downloads.kept(copy, None, "image/webp")
    if kind != "original" or found.sha256 is None:
        raise NotFound()
    content_type = downloads.audio_type(found.name) or "application/octet-stream"
    name = downloads.filename([*name_parts(found.submission), found.name])
    if (shown := db.session().get(Exhibit, found.id)) is not None:
        name = file_name(shown)
    return downloads.kept(found.sha256, found.size_bytes, content_type, name)
