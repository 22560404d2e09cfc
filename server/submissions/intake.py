"""What a phone sent, before anything is stored: read, and set against what we know of its form."""

import datetime as dt
from dataclasses import dataclass, field
from typing import IO, Any

from sqlalchemy import and_, bindparam, literal, select
from sqlalchemy.orm import Session

from server import text
from server.monitoring.models import Plan, PlanState
from server.often import Often
from server.submissions import instance
from server.submissions.instance import Reading
from server.submissions.models import AwaitedOriginal, Submission, SubmissionVersion
from server.submissions.problems import PlanClosed
from server.surveys import fields
from server.surveys.models import Form, FormState, FormVersion
from server.surveys.problems import FormClosed, UnknownForm

OCTETS = "application/octet-stream"
LONGEST_NAME = 255
"""Characters of a file's name: what file systems hold, and an index of the database too."""


@dataclass(frozen=True)
class Part:
    """A file that came with the form, under the name the phone gave it, NFC."""

    name: str
    content_type: str
    stream: IO[bytes]


@dataclass(frozen=True)
class KeptPart:
    """The same once it is safely stored."""

    name: str
    content_type: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True)
class Known:
    """What the database says about a form and an instanceID.

    `superseded_id` is the content of the record that had the instanceID before an edit;
    `awaited`: a record was made of an edit of it, and waits for it.
    """

    form_pk: int
    version_id: int
    submission_id: int | None
    xml_sha256: str | None
    superseded_id: int | None = None
    awaited: bool = False


@dataclass
class Sent:
    """One filled form, read and recognised.

    `reason`: why an edit was made, when whoever made it said so.
    """

    xml: bytes
    instance: instance.Instance
    known: Known
    reading: Reading = field(default_factory=Reading)
    label: str = ""
    device: str | None = None
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    point: dict[str, float | None] = field(default_factory=dict)
    reason: str = ""

    @property
    def named(self) -> list[str]:
        """Return the names of the files that the answers speak of, once each, in order."""
        return list(dict.fromkeys(name[:LONGEST_NAME] for name in self.reading.files))


@dataclass(frozen=True)
class Reader:
    """How to read the answers of one published version; it never changes, so it is kept."""

    nodes: dict[str, instance.Node]
    roles: dict[str, str]


# Asked at every sending, so it is put together once.
_KNOWN = Often(
    lambda _engine: (
        select(
            Form.id,
            Form.state,
            Plan.state,
            FormVersion.id,
            FormVersion.published_at,
            Submission.id,
            Submission.xml_sha256,
            SubmissionVersion.submission_id,
            SubmissionVersion.xml_sha256,
            SubmissionVersion.id,
            AwaitedOriginal.submission_id,
        )
        .join(Plan, Plan.id == Form.plan_id)
        .outerjoin(
            FormVersion,
            and_(FormVersion.form_pk == Form.id, FormVersion.version == bindparam("version")),
        )
        .outerjoin(
            Submission,
            and_(Submission.form_pk == Form.id, Submission.instance_id == bindparam("instance")),
        )
        .outerjoin(
            SubmissionVersion,
            and_(
                SubmissionVersion.form_pk == Form.id,
                SubmissionVersion.instance_id == bindparam("instance"),
            ),
        )
        .outerjoin(
            AwaitedOriginal,
            and_(
                AwaitedOriginal.form_pk == Form.id,
                AwaitedOriginal.instance_id == bindparam("instance"),
            ),
        )
        .where(Form.plan_id == bindparam("plan"), Form.form_id == bindparam("form"))
    )
)


def recognise(session: Session, plan_id: int, found: instance.Instance) -> Known:
    """Return the form, version and submission that `found` belongs to: one look-up.

    Raises:
        UnknownForm: the plan has no such form, or never published that version.
        FormClosed: the form takes no more.
        PlanClosed: the plan takes no more.
    """
    key = {
        "plan": plan_id,
        "form": found.form_id,
        "version": found.version,
        "instance": found.instance_id,
    }
    row = _KNOWN.look(session, key)
    if row is None or row[3] is None or row[4] is None:
        raise UnknownForm(form_id=found.form_id, version=found.version)
    known = Known(row[0], row[3], row[5] or row[7], row[6] or row[8], row[9], row[10] is not None)
    if known.xml_sha256 == found.xml_sha256:
        return known  # what we hold is held: a retry succeeds even after closing
    if row[2] is PlanState.CLOSED:
        raise PlanClosed()
    if row[1] is FormState.CLOSED:
        raise FormClosed(form_id=found.form_id)
    return known


def again(session: Session, sent: Sent) -> Known:
    """Return what is known of a form's instanceID by now: others may have sent it meanwhile."""
    known = sent.known
    now = select(Submission.id, Submission.xml_sha256, literal(None)).where(
        Submission.form_pk == known.form_pk, Submission.instance_id == sent.instance.instance_id
    )
    before = select(
        SubmissionVersion.submission_id, SubmissionVersion.xml_sha256, SubmissionVersion.id
    ).where(
        SubmissionVersion.form_pk == known.form_pk,
        SubmissionVersion.instance_id == sent.instance.instance_id,
    )
    row = session.execute(now).one_or_none() or session.execute(before).one_or_none()
    if row is None:
        return Known(known.form_pk, known.version_id, None, None)
    return Known(known.form_pk, known.version_id, row[0], row[1], row[2])


def content(sent: Sent) -> dict[str, Any]:
    """Return the columns of a record that hold what was sent."""
    return {
        "version_id": sent.known.version_id,
        "instance_id": sent.instance.instance_id,
        "deprecated_id": sent.instance.deprecated_id or None,
        "encrypted": sent.instance.encrypted,
        "xml": sent.xml,
        "xml_sha256": sent.instance.xml_sha256,
        "device_id": sent.device,
        "answers": sent.reading.answers,
        "oddities": sent.reading.oddities,
        "label": sent.label,
        "started_at": sent.started_at,
        "ended_at": sent.ended_at,
        "latitude": sent.point.get("lat"),
        "longitude": sent.point.get("lon"),
        "accuracy_m": sent.point.get("accuracy"),
    }


def read(session: Session, plan_id: int, data: bytes) -> Sent:
    """Return a filled form with its answers by type.

    Raises:
        UnreadableXml, UnreadableInstance, MissingInstanceId: see `instance.parse`.
        UnknownForm, FormClosed, PlanClosed: see `recognise`.
    """
    found = instance.parse(data)
    known = recognise(session, plan_id, found)
    sent = Sent(data, found, known)
    if known.xml_sha256 == found.xml_sha256:
        return sent
    understand(sent, reader(session, known.version_id))
    return sent


def understand(sent: Sent, how: Reader) -> None:
    """Read the answers of `sent`, and what they say of when, where and about whom."""
    sent.reading = instance.read(sent.instance, how.nodes)
    answers = sent.reading.answers
    sent.device = _text(at(answers, how.roles.get("device")))
    sent.started_at = _instant(at(answers, how.roles.get("start")))
    sent.ended_at = _instant(at(answers, how.roles.get("end")))
    named = next(sent.instance.root.iter("{*}instanceName"), None)
    sent.label = text.clean(named.text or "")[:200] if named is not None else ""
    point = at(answers, how.roles.get("point"))
    sent.point = point if isinstance(point, dict) and "lat" in point else {}


_readers: dict[tuple[object, int], Reader] = {}


def reader(session: Session, version_id: int) -> Reader:
    """Return how to read a version's answers; looked up once in the life of a process."""
    key = (session.get_bind().engine.url, version_id)
    if key not in _readers:
        row = session.execute(
            select(FormVersion.fields, FormVersion.roles).where(FormVersion.id == version_id)
        ).one()
        if len(_readers) > 500:
            _readers.clear()
        _readers[key] = Reader(instance.plan(fields.from_json(row[0])), row[1])
    return _readers[key]


def at(answers: Any, path: str | None) -> Any:
    """Return the answer at a path outside repeats, or None."""
    if not path:
        return None
    for name in path.split("/"):
        if not isinstance(answers, dict):
            return None
        answers = answers.get(name)
    return answers


def _text(value: Any) -> str | None:
    return value[:200] if isinstance(value, str) and value else None


def _instant(value: Any) -> dt.datetime | None:
    moment = value.get("at") if isinstance(value, dict) else None
    return dt.datetime.fromisoformat(moment) if moment else None
