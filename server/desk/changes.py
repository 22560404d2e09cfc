"""What an edit of a record changed, read as the form reads: question, answer before, answer now."""

from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from server.desk import record
from server.desk.answers import Question, Sheet
from server.submissions import instance, versions
from server.submissions.models import Submission, SubmissionFile, VersionFile
from server.submissions.versions import Content

MOST = 200


@dataclass(frozen=True)
class Said:
    """An answer of one content; a `file` may be looked at under `url`. Nothing: not asked."""

    values: tuple[str, ...]
    asked: bool
    url: str = ""
    thumb: str = ""


@dataclass(frozen=True)
class Changed:
    """A question that two contents answer differently; `row` names the row of a repeat."""

    path: str
    label: str
    row: str
    before: Said
    after: Said


def between(session: Session, found: Submission, number: int) -> list[Changed]:
    """Return what the content `number` of a record says otherwise than the one before it.

    What the form works out by itself is shown where it has a label.

    Raises:
        NotFound: the record never had such a content.
    """
    before = versions.before(session, found, number)
    if before is None:
        return []
    after = versions.content(session, found, number)
    old, new = _questions(found, before), _questions(found, after)
    changes = []
    for each in versions.differences(before, after)[:MOST]:
        question = new.get(each.path) or old.get(each.path)
        if question is None:
            continue
        _plain, rows = instance.uncounted(each.path)
        changes.append(
            Changed(
                each.path,
                question.label,
                ", ".join(rows),
                _said(found, before, old.get(each.path)),
                _said(found, after, new.get(each.path)),
            )
        )
    return changes


def _questions(found: Submission, content: Content) -> dict[str, Question]:
    sheet: Sheet = record.sheet_of(found, content.version, content.answers)
    return {each.path: each for each in [*sheet.questions(), *sheet.worked_out]}


def _said(found: Submission, content: Content, question: Question | None) -> Said:
    if question is None:
        return Said((), False)
    if not question.file:
        return Said(question.values, True)
    file = content.files.get(question.file)
    if file is None or file.sha256 is None:
        return Said((f"{question.file} ({_('chưa gửi tới')})",), True)
    return Said((question.file,), True, _url(found, content, file), _thumb(file))


def _url(found: Submission, content: Content, file: SubmissionFile | VersionFile) -> str:
    if isinstance(file, SubmissionFile):
        return f"/files/{file.id}/original"
    return f"/submissions/{found.id}/versions/{content.number}/files/{file.id}"


def _thumb(file: SubmissionFile | VersionFile) -> str:
    return (
        f"/files/{file.id}/thumb" if isinstance(file, SubmissionFile) and file.thumb_sha256 else ""
    )
