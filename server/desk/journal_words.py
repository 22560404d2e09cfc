"""A line of the journal as a sentence: who did what to which thing, and the facts told with it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from server import web
from server.desk import formats
from server.desk.verbs import verb
from server.draws.models import Draw, Replacement
from server.entities.models import Entity, EntityList
from server.findings import words as findings
from server.findings.models import Finding
from server.journal import Line
from server.monitoring import words as monitoring
from server.monitoring.models import Plan, Record, Round, Visit
from server.permissions import ROLE_NAMES, Role
from server.places.models import Place
from server.submissions.models import Submission
from server.surveys import words as surveys
from server.surveys.models import Form, FormVersion
from server.teams.models import Person, Phone, Team

Key = tuple[str, str]
VIAS: dict[str, tuple[str, str]] = {
    "page": ("trang web", "web page"),
    "phone": ("điện thoại", "phone"),
    "job": ("việc nền", "background work"),
    "command": ("dòng lệnh", "command line"),
    "api": ("chương trình", "program"),
}
FACTS: dict[str, tuple[str, str]] = {
    "reason": ("lý do", "reason"),
    "form_id": ("biểu mẫu", "form"),
    "version": ("phiên bản", "version"),
    "settings": ("thiết lập", "settings"),
    "url": ("địa chỉ", "address"),
    "place": ("mã xã", "commune"),
    "code": ("mã", "code"),
    "rows": ("số dòng", "rows"),
    "files": ("số tệp", "files"),
    "units": ("số đơn vị", "units"),
    "replaced": ("thay bản cũ", "replaced"),
    "revived": ("trở về bản trước", "back to the one before"),
    "rejected": ("bị loại", "rejected"),
    "source": ("nguồn", "source"),
    "import_id": ("lần nhập số", "import"),
    "state": ("trạng thái", "state"),
    "fields": ("phần đã sửa", "changed"),
    "param": ("ngưỡng", "threshold"),
    "before": ("trước", "before"),
    "after": ("sau", "after"),
    "due": ("hạn", "due"),
    "asked": ("xin gia hạn đến", "more time asked until"),
    "unit": ("địa bàn của đơn vị", "area of the unit"),
    "unit_sha256": ("mã băm tên đơn vị", "hash of the unit's name"),
    "level": ("cấp", "level"),
    "result": ("kết quả", "result"),
    "run": ("lần chạy thử", "dry run"),
    "records": ("số phiếu", "records"),
    "role": ("vai trò", "role"),
    "area": ("địa bàn", "area"),
    "digits": ("dãy số", "number"),
    "day": ("ngày", "day"),
    "name": ("tên", "name"),
    "findings": ("phát hiện số", "findings"),
    "value": ("giá trị", "value"),
    "note": ("ghi chú", "note"),
    "instance_id": ("mã phiếu", "instance"),
    "frame_sha256": ("mã băm danh sách", "list's hash"),
    "commitment_sha256": ("mã cam kết", "commitment"),
    "result_sha256": ("mã băm kết quả", "result's hash"),
    "sha256": ("mã băm", "hash"),
}
_STATES: dict[Key, tuple[str, ...]] = {
    (subject, state.value): words
    for subject, states in (
        ("plan", monitoring.PLAN_STATES),
        ("visit", monitoring.VISIT_STATES),
        ("finding", findings.STATES),
        ("form", surveys.STATES),
    )
    for state, words in states.items()
}
HASH = 16  # the head of a hash is enough to compare by eye


@dataclass(frozen=True)
class Thing:
    """What a line is about: what kind of thing, its name, and where it is to be seen."""

    kind: str
    name: str
    url: str = ""


@dataclass(frozen=True)
class Sentence:
    """A line as people read it."""

    line: Line
    what: str
    thing: Thing
    facts: list[str]


@dataclass(frozen=True)
class _Kind:
    """How things of one kind are called, found by their ids, and addressed.

    `rows` selects id, name and plan id.
    """

    word: tuple[str, str]
    rows: Callable[[], Select[Any, Any, Any]] | None = None
    url: str = ""


_KINDS: dict[str, _Kind] = {
    "plan": _Kind(("kế hoạch", "plan"), lambda: select(Plan.id, Plan.name, Plan.id), "/plans/{id}"),
    "round": _Kind(
        ("đợt", "round"),
        lambda: select(Round.id, Round.name, Round.plan_id),
        "/plans/{plan}#round-{id}",
    ),
    "visit": _Kind(
        ("lượt", "visit"),
        lambda: select(Visit.id, Place.name, Visit.plan_id).join(Place),
        "/visits/{id}",
    ),
    "record": _Kind(
        ("hồ sơ", "record"),
        lambda: select(Record.id, Record.number, Visit.plan_id).join(Visit),
        "/records/{id}",
    ),
    "draw": _Kind(
        ("lần rút số", "draw"), lambda: select(Draw.id, Draw.number, Draw.plan_id), "/draws/{id}"
    ),
    "replacement": _Kind(
        ("thay đơn vị", "replacement of"),
        lambda: select(Replacement.id, Replacement.unit_code, Draw.plan_id).join(Draw),
    ),
    "submission": _Kind(
        ("phiếu", "submission"),
        lambda: select(Submission.id, Submission.label, Submission.plan_id),
        "/submissions/{id}",
    ),
    "held": _Kind(("phiếu bị giữ số", "held submission"), url="/held/{id}"),
    "finding": _Kind(
        ("phát hiện", "finding"),
        lambda: select(Finding.id, Finding.title, Finding.plan_id),
        "/findings/{id}",
    ),
    "recommendation": _Kind(("kiến nghị số", "recommendation"), url="/recommendations/{id}"),
    "letter": _Kind(("văn bản số", "letter"), url="/letters"),
    "form": _Kind(
        ("biểu mẫu", "form"),
        lambda: select(Form.id, Form.title, Form.plan_id),
        "/plans/{plan}/forms",
    ),
    "form_version": _Kind(
        ("biểu mẫu", "form"),
        lambda: select(FormVersion.id, FormVersion.title, Form.plan_id).join(
            Form, Form.id == FormVersion.form_pk
        ),
        "/plans/{plan}/forms",
    ),
    "team": _Kind(
        ("đoàn", "team"), lambda: select(Team.id, Team.name, Team.plan_id), "/plans/{plan}/teams"
    ),
    "phone": _Kind(
        ("điện thoại của", "phone of"),
        lambda: select(Phone.id, Person.name, Phone.plan_id).join(
            Person, Person.id == Phone.person_id
        ),
        "/plans/{plan}/phones",
    ),
    "person": _Kind(("cán bộ", "person"), lambda: select(Person.id, Person.name, Person.id)),
    "entity_list": _Kind(
        ("danh sách", "list"), lambda: select(EntityList.id, EntityList.name, EntityList.plan_id)
    ),
    "entity": _Kind(
        ("dòng", "row"),
        lambda: select(Entity.id, Entity.label, EntityList.plan_id).join(
            EntityList, EntityList.id == Entity.list_id
        ),
    ),
    "edition": _Kind(("danh mục đơn vị", "code list")),
}


def sentences(session: Session, lines: Sequence[Line]) -> list[Sentence]:
    """Return lines as sentences, with one look-up for each kind of thing among them."""
    things = _things(session, lines)
    return [
        Sentence(
            line,
            formats.word(verb(line.verb)),
            things.get((line.subject, line.subject_id)) or _unnamed(line),
            facts(line.detail, line.subject),
        )
        for line in lines
    ]


def _things(session: Session, lines: Iterable[Line]) -> dict[Key, Thing]:
    wanted: dict[str, set[int]] = defaultdict(set)
    for line in lines:
        kind = _KINDS.get(line.subject)
        if kind is not None and kind.rows is not None and _is_key(line.subject_id):
            wanted[line.subject].add(int(line.subject_id))
    found: dict[Key, Thing] = {}
    for subject, ids in wanted.items():
        kind = _KINDS[subject]
        assert kind.rows is not None  # noqa: S101 - only such kinds are wanted
        rows = kind.rows()
        for key, name, plan_id in session.execute(rows.where(rows.selected_columns[0].in_(ids))):
            url = kind.url.format(id=key, plan=plan_id)
            found[subject, str(key)] = Thing(formats.word(kind.word), str(name or key), url)
    return found


def _is_key(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _unnamed(line: Line) -> Thing:
    """Return what is said of a thing that has no name here, or is no more."""
    kind = _KINDS.get(line.subject)
    if kind is None:
        return Thing(line.subject, line.subject_id)
    url = kind.url.format(id=line.subject_id, plan="") if kind.rows is None else ""
    return Thing(formats.word(kind.word), line.subject_id, url)


def facts(detail: Mapping[str, Any], subject: str = "") -> list[str]:
    """Return what a line tells beside who did what, in words where there are some."""
    return [f"{_named(key)}: {_said(key, value, subject)}" for key, value in detail.items()]


def _named(key: str) -> str:
    return formats.word(FACTS[key]) if key in FACTS else key


def _said(key: str, value: object, subject: str) -> str:
    if key == "state" and (words := _STATES.get((subject, str(value)))) is not None:
        return formats.word(words)
    if key.endswith("sha256"):
        return str(value)[:HASH]
    if key == "role":
        names = {role.value: role for role in Role}
        role = names.get(str(value))
        return ROLE_NAMES[role][web.language() == "en"] if role else str(value)
    if isinstance(value, list):
        return ", ".join(str(each) for each in value[:20])
    return str(value)
