"""Filled forms and what is held, from a terminal."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload, undefer

from server import clock
from server.db import db, transaction
from server.problems import NotFound
from server.submissions import opening, queries, review, rights, sealed, service, versions, words
from server.submissions.holding import sender_of
from server.submissions.models import Decision, Held, HeldState, Submission
from server.submissions.review import Verdict
from server.submissions.sealed import Opened
from server.surveys import keys
from server.surveys.models import Form
from server.terminal import actor, as_json, plan_option, say


@click.group("submission")
def group() -> None:
    """Filled forms (phiếu đã nhận)."""


@group.command("list")
@plan_option
@click.option("--form", "form_id", help="Mã biểu mẫu; bỏ trống là mọi biểu mẫu.")
@as_json
def list_submissions(plan_id: int, form_id: str | None, as_json: bool) -> None:
    """Print the instanceID of every submission, oldest first, one a line."""
    query = (
        select(
            Submission.id,
            Submission.instance_id,
            Form.form_id,
            Submission.received_at,
            Submission.files_named,
            Submission.files_held,
        )
        .join(Form, Form.id == Submission.form_pk)
        .where(Submission.plan_id == plan_id)
        .order_by(Submission.id)
        .execution_options(yield_per=1000)
    )
    if form_id:
        query = query.where(Form.form_id == form_id)
    for row in db.session().execute(query):
        say(as_json, dict(row._mapping), row.instance_id)


@group.command("show")
@click.argument("which")
@as_json
def show(which: str, as_json: bool) -> None:
    """Print one submission: WHICH is its instanceID or its number."""
    found = (
        db.session()
        .scalars(
            select(Submission)
            .where(Submission.id == _number(db.session(), which))
            .options(
                undefer(Submission.answers),
                undefer(Submission.oddities),
                selectinload(Submission.files),
                selectinload(Submission.form),
                selectinload(Submission.version),
            )
        )
        .first()
    )
    if found is None:  # pragma: no cover - it was there a moment ago
        raise NotFound()
    value = _as_json(found)
    say(as_json, value, lambda: "\n".join(_lines(value)))


def _number(session: Session, which: str) -> int:
    """Return the number of a record, given that or any instanceID that it has had.

    Raises:
        NotFound: there is none.
    """
    if which.isascii() and which.isdigit() and len(which) < 10:
        query = select(Submission.id).where(Submission.id == int(which))
    else:
        query = select(Submission.id).where(Submission.id.in_(queries.that_came_as([which])))
    found = session.scalars(query.limit(1)).first()
    if found is None:
        raise NotFound()
    return found


@group.command("review")
@click.argument("which")
@click.argument("state", type=click.Choice([each.value for each in Decision]))
@click.option("--reason", default="", help="Lý do; bắt buộc khi không chấp nhận, trả lại máy.")
@as_json
def decide(which: str, state: str, reason: str, as_json: bool) -> None:
    """Decide on one submission, as the office does: WHICH is its instanceID or its number."""
    with transaction() as session:
        verdict = Verdict(Decision(state), reason)
        made = review.decide(session, _number(session, which), verdict, rights.OFFICE, actor())
        value = {
            "id": made.submission_id,
            "decision": made.decision.value,
            "review_state": made.state.value,
            "reason": made.reason,
            "number": made.number,
        }
    current_app.extensions["jobs"].poke()
    said = words.STATES[made.state][0]
    say(as_json, value, f"Phiếu {made.submission_id}: {said}.")


@group.command("versions")
@click.argument("which")
@as_json
def list_versions(which: str, as_json: bool) -> None:
    """List every content that one submission has had, the newest first."""
    session = db.session()
    found = session.get_one(Submission, _number(session, which))
    for each in versions.every(session, found.id):
        changed = _changed(session, found, each.number)
        value = {
            "number": each.number,
            "instance_id": each.instance_id,
            "version": each.version,
            "received_at": each.received_at.isoformat(),
            "person": each.person,
            "reason": each.reason,
            "xml_sha256": each.xml_sha256,
            "changed": changed,
        }
        at = f"{clock.local(each.received_at):%H:%M %d/%m/%Y}"
        line = f"{each.number}\t{at}\t{each.instance_id}\t{each.person}\t{len(changed)} thay đổi"
        say(as_json, value, line)


def _changed(session: Session, found: Submission, number: int) -> list[dict[str, Any]]:
    """Return what a content says otherwise than the one before it."""
    before, after = (
        versions.before(session, found, number),
        versions.content(session, found, number),
    )
    if before is None:
        return []
    return [
        {"path": each.path, "before": each.before, "after": each.after}
        for each in versions.differences(before, after)
    ]


def _as_json(found: Submission) -> dict[str, Any]:
    return {
        "id": found.id,
        "instance_id": found.instance_id,
        "form_id": found.form.form_id,
        "version": found.version.version,
        "received_at": found.received_at.isoformat(),
        "started_at": found.started_at and found.started_at.isoformat(),
        "ended_at": found.ended_at and found.ended_at.isoformat(),
        "xml_sha256": found.xml_sha256,
        "review_state": found.review_state.value,
        "review_level": found.review_level,
        "returned_at": found.returned_at and found.returned_at.isoformat(),
        "number": found.number,
        "root_instance_id": found.root_instance_id,
        "edited_at": found.edited_at and found.edited_at.isoformat(),
        "visit_id": found.visit_id,
        "area": found.area,
        "answers": found.answers,
        "oddities": found.oddities,
        "files": [
            {"name": file.name, "sha256": file.sha256, "size_bytes": file.size_bytes}
            for file in found.files
        ],
    }


def _lines(value: dict[str, Any], indent: str = "") -> Iterator[str]:
    for name, item in value.items():
        if isinstance(item, dict):
            yield f"{indent}{name}:"
            yield from _lines(item, indent + "  ")
        elif isinstance(item, list) and item and isinstance(item[0], dict):
            for number, row in enumerate(item, start=1):
                yield f"{indent}{name} [{number}]:"
                yield from _lines(row, indent + "  ")
        else:
            yield f"{indent}{name}: {item}"


@group.command("decrypt")
@click.argument("which")
@click.option("--to", type=click.Path(file_okay=False, path_type=Path), help="Thư mục để ghi ra.")
@click.option("--take-in", is_flag=True, help="Nhận nội dung vào phiếu.")
@as_json
def decrypt(which: str, to: Path | None, take_in: bool, as_json: bool) -> None:
    """Decrypt one submission: print its answers, write all --to a folder, or --take-in.

    WHICH is its instanceID or its number. The passphrase is asked here, and kept nowhere.
    """
    files = current_app.extensions["files"]
    found = _found(which)
    key = keys.key_of(found.version)
    hint = f" ({key.hint})" if key.hint else ""
    passphrase = click.prompt(f"Cụm mật khẩu{hint}", hide_input=True, err=True)
    inside = opening.opened(files, found, keys.unlock(key, passphrase))
    if to is not None:
        _write(inside, to)
    parts = opening.kept(files, inside) if take_in else []
    with transaction() as session:
        if take_in:
            opening.take_in(session, found.id, inside, parts, actor())
        else:
            opening.note_reading(session, [(found.id, found.plan_id)], actor())
    current_app.extensions["jobs"].poke()
    value = {
        "id": found.id,
        "instance_id": found.instance_id,
        "files": [file.name for file in inside.files],
        "taken_in": take_in,
    }
    shown = (
        inside.xml.decode() if to is None and not take_in else f"Đã giải mã {found.instance_id}."
    )
    say(as_json, value, shown)


def _write(inside: Opened, to: Path) -> None:
    """Write the answers and files into a folder that holds nothing else.

    Raises:
        UsageError: it holds something.
    """
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(to.iterdir()):
        raise click.UsageError(f"{to} không trống / is not empty")
    (to / sealed.ANSWERS).write_bytes(inside.xml)
    for number, file in enumerate(inside.files, start=1):
        name = re.sub(r"[^\w. -]", "-", file.name).strip(" .") or "tep"
        path = to / name if not (to / name).exists() else to / f"{number}-{name}"
        with path.open("xb") as out:
            for piece in inside.chunks(file):
                out.write(piece)


def _found(which: str) -> Submission:
    """Return a submission by its number or instanceID.

    Raises:
        NotFound: there is none.
    """
    key = Submission.id == int(which) if which.isdigit() else queries.came_as([which])
    found = db.session().scalars(select(Submission).where(key)).first()
    if found is None:
        raise NotFound()
    return found


@click.group("held")
def held() -> None:
    """What was refused or held (chờ kiểm tra), whole."""


@held.command("list")
@plan_option
@as_json
def list_held(plan_id: int, as_json: bool) -> None:
    """List what waits for the office, oldest first."""
    for found in db.session().scalars(
        select(Held)
        .where(Held.plan_id == plan_id, Held.state == HeldState.WAITING)
        .order_by(Held.id)
    ):
        value = {
            "id": found.id,
            "reason": found.reason,
            "form_id": found.form_id,
            "instance_id": found.instance_id,
            "times": found.times,
        }
        say(as_json, value, f"{found.id}\t{found.reason}\t{found.instance_id}\t×{found.times}")


@held.command("take-in")
@click.argument("held_id", type=int)
@as_json
def take_in(held_id: int, as_json: bool) -> None:
    """Take something held in as a record, now that its cause is mended."""
    with transaction() as session:
        found = session.get(Held, held_id)
        if found is None:
            raise NotFound()
        sender = sender_of(found)
        if sender is None:
            raise NotFound()
        receipt = service.reingest(session, found, sender, actor())
        instance_id = receipt.instance_id
    current_app.extensions["jobs"].poke()
    say(as_json, {"id": held_id, "instance_id": instance_id}, f"Đã nhận {instance_id}.")
