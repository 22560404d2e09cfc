"""Questions about forms; nothing here writes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import String, bindparam, cast, func, select
from sqlalchemy.orm import Session, joinedload

from server.surveys.models import Form, FormMedia, FormState, FormVersion, PhoneList


@dataclass(frozen=True)
class Listed:
    """A form as a phone's list shows it."""

    form_id: str
    name: str
    version: str
    md5: str
    version_id: int
    has_files: bool


# Asked by every phone at every sync, for each form, so these are put together once.
_LISTED = (
    select(
        Form.form_id,
        FormVersion.title,
        FormVersion.version,
        FormVersion.xform_md5,
        FormVersion.id,
        cast(FormVersion.needs, String) != "[]",
    )
    .join(FormVersion, FormVersion.id == Form.current_id)
    .where(Form.plan_id == bindparam("plan"), Form.state == FormState.OPEN)
    .order_by(FormVersion.title, Form.form_id)
)
_NEEDS = (
    select(FormVersion.needs)
    .join(Form, Form.id == FormVersion.form_pk)
    .where(
        FormVersion.id == bindparam("version"),
        Form.plan_id == bindparam("plan"),
        FormVersion.published_at.is_not(None),
    )
)
_UPLOADED = select(FormMedia.name, FormMedia.md5).where(
    FormMedia.version_id == bindparam("version")
)
_LISTS = select(PhoneList.name, PhoneList.md5).where(
    PhoneList.plan_id == bindparam("plan"),
    PhoneList.name.in_(bindparam("names", expanding=True)),
)
_TEAM_LISTS = _LISTS.where(PhoneList.team_id == bindparam("team"))
_COMMON_LISTS = _LISTS.where(PhoneList.team_id.is_(None))


def listed(session: Session, plan_id: int, only: str | None = None) -> list[Listed]:
    """Return the open, published forms of a plan, by title: one look-up."""
    query = _LISTED if only is None else _LISTED.where(Form.form_id == only)
    rows = session.connection().execute(query, {"plan": plan_id})
    return [Listed(*row) for row in rows]


@dataclass(frozen=True)
class File:
    """A file of the manifest: where it lies and its hash."""

    name: str
    md5: str
    is_list: bool


def manifest(
    session: Session, plan_id: int, version_id: int, team_id: int | None, names: Collection[str]
) -> list[File]:
    """Return the files among `names` that go with a version for a team's phone; reads none.

    Lists that rooms above keep are not among them.
    """
    if not names:
        return []
    connection = session.connection()
    uploaded = connection.execute(_UPLOADED, {"version": version_id})
    found = {name: File(name, md5, is_list=False) for name, md5 in uploaded}
    asked = {"plan": plan_id, "names": list(names)}
    lists = (
        connection.execute(_COMMON_LISTS, asked)
        if team_id is None
        else connection.execute(_TEAM_LISTS, {**asked, "team": team_id})
    )
    for name, md5 in lists:
        found.setdefault(name, File(name, md5, is_list=True))
    return list(found.values())


def needs_of(session: Session, plan_id: int, version_id: int) -> list[Any] | None:
    """Return what a published version of the plan needs, or None when there is no such version."""
    asked = {"plan": plan_id, "version": version_id}
    needs: list[Any] | None = session.connection().execute(_NEEDS, asked).scalar_one_or_none()
    return needs


def xform(session: Session, plan_id: int, version_id: int) -> bytes | None:
    """Return the XForm of a published version of the plan."""
    return session.scalar(
        select(FormVersion.xform)
        .join(Form, Form.id == FormVersion.form_pk)
        .where(
            FormVersion.id == version_id,
            Form.plan_id == plan_id,
            FormVersion.published_at.is_not(None),
        )
    )


def phone_list(session: Session, plan_id: int, team_id: int | None, name: str) -> PhoneList | None:
    """Return a list as a team's phones get it, content included."""
    own = PhoneList.team_id == team_id if team_id is not None else PhoneList.team_id.is_(None)
    return session.scalar(
        select(PhoneList).where(PhoneList.plan_id == plan_id, PhoneList.name == name, own)
    )


def media(session: Session, version_id: int, name: str) -> FormMedia | None:
    """Return an uploaded file of a version."""
    return session.scalar(
        select(FormMedia).where(FormMedia.version_id == version_id, FormMedia.name == name)
    )


def form(session: Session, plan_id: int, form_id: str) -> Form | None:
    """Return a form of a plan by its form id."""
    return session.scalar(select(Form).where(Form.plan_id == plan_id, Form.form_id == form_id))


def forms(session: Session, plan_id: int) -> Sequence[Form]:
    """Return every form of a plan with its current version, by title."""
    return session.scalars(
        select(Form)
        .where(Form.plan_id == plan_id)
        .options(joinedload(Form.current))
        .order_by(Form.title, Form.id)
    ).all()


def version_of(session: Session, form_pk: int, version: str) -> FormVersion | None:
    """Return one version of a form."""
    return session.scalar(
        select(FormVersion).where(FormVersion.form_pk == form_pk, FormVersion.version == version)
    )


def published(session: Session, form_pk: int) -> Sequence[FormVersion]:
    """Return the versions of a form that phones have had, the newest first."""
    return session.scalars(
        select(FormVersion)
        .where(FormVersion.form_pk == form_pk, FormVersion.published_at.is_not(None))
        .order_by(FormVersion.published_at.desc(), FormVersion.id.desc())
    ).all()


def latest_drafts(session: Session, form_pks: Sequence[int]) -> dict[int, FormVersion]:
    """Return the newest draft of each of these forms that has one newer than what phones get."""
    newest = (
        select(func.max(FormVersion.id))
        .where(
            FormVersion.form_pk.in_(form_pks),
            FormVersion.published_at.is_(None),
            FormVersion.dropped_at.is_(None),
        )
        .group_by(FormVersion.form_pk)
    )
    rows = session.scalars(select(FormVersion).where(FormVersion.id.in_(newest)))
    return {row.form_pk: row for row in rows}


def question_counts(session: Session, version_ids: Sequence[int]) -> dict[int, int]:
    """Return how many questions people are asked in each of these versions."""
    rows = session.execute(
        select(FormVersion.id, FormVersion.fields).where(FormVersion.id.in_(version_ids))
    )
    return {row[0]: sum(1 for each in row[1] if is_asked(each)) for row in rows}


def is_asked(field: Any) -> bool:
    """Tell whether a field, as JSON keeps it, is a question that somebody answers.

    >>> is_asked({"type": "int", "labels": {"vi": "Số người"}}), is_asked({"type": "calculate"})
    (True, False)
    """
    never = {"group", "repeat", "note", "calculate"}
    return bool(field.get("labels")) and field["type"] not in never


def live_lists(session: Session, plan_id: int) -> dict[str, int]:
    """Return how many rows each list has that the server makes for the plan's phones."""
    rows = session.execute(
        select(PhoneList.name, PhoneList.rows).where(
            PhoneList.plan_id == plan_id, PhoneList.team_id.is_(None)
        )
    )
    return {row[0]: row[1] for row in rows}
