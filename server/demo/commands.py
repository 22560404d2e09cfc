"""demo: fills an empty installation with the demonstration, from a terminal; greets at start."""

import shutil
import socket
import sys
from typing import Any
from urllib.parse import urlsplit

import click
from flask import Flask

from server.db import db
from server.demo import keys as secret
from server.demo import loader, story
from server.demo.keys import Keys
from server.maintenance.commands import prepare
from server.permissions import ROLE_NAMES, Role
from server.teams import settings_qr
from server.teams.settings_qr import Way
from server.terminal import as_json, say

LEAST, MOST = story.DRAWN * story.HAMLETS, 240
ANYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not bound to
ESSENTIAL = ("server_url", "form_update_mode", "autosend", "app_language", "metadata_username")
ELSEWHERE = ("192.0.2.1", 9)
"""An address of RFC 5737 that belongs to nobody: a UDP socket towards it sends nothing."""


@click.command("demo")
@click.option(
    "--interviews",
    type=click.IntRange(LEAST, MOST),
    default=loader.INTERVIEWS,
    show_default=True,
    help="Số phiếu hộ / how many household interviews.",
)
@as_json
@click.pass_obj
def demo(app: Flask, interviews: int, as_json: bool) -> None:
    """Load the demonstration, once: a true plan of 2024 with invented people and answers."""
    summary = load(app, interviews)
    say(as_json, summary.to_json(), lambda: _sentence(summary))


def load(app: Flask, interviews: int = loader.INTERVIEWS) -> loader.Summary:
    """Prepare the database and load the demonstration into it, with a progress line."""
    prepare(app)
    summary = loader.load(app, interviews, _progress)
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)
    return summary


def _progress(what: str) -> None:
    if sys.stderr.isatty():
        click.echo(f"\r\x1b[K{what[:76]}", nl=False, err=True)


def _sentence(summary: loader.Summary) -> str:
    if summary.loaded and summary.counts:
        held = summary.counts
        return (
            f"Đã nạp bản mẫu trong {summary.seconds:g} giây: kế hoạch số {summary.plan_id}, "
            f"{held['visit']} xã, {held['household']} hộ trong danh sách, "
            f"{held['gnbv_household']} phiếu hộ, {held['gnbv_hamlet']} phiếu thôn, "
            f"{held['photo']} ảnh, {held['finding']} tồn tại, {held['held']} gói tạm giữ."
        )
    if summary.plan_id is not None:
        return f"Bản mẫu đã có (kế hoạch số {summary.plan_id}); không nạp lại."
    return "Cơ sở dữ liệu đã có kế hoạch khác; không nạp bản mẫu vào."


def greet(app: Flask) -> None:
    """Print where the server is and, with the demonstration loaded, the ways into it."""
    address = public_address(app)
    click.echo(f"Thực Địa: {address}")
    plan_id = loader.state(db.session()).plan_id
    db.session.rollback()
    if plan_id is None:
        return
    keys = secret.read(app.config["THUCDIA"].var)
    if keys is None or keys.plan_id != plan_id:
        click.echo(
            "Không còn tệp demo.json: đặt lại mật khẩu bằng `thucdia person password EMAIL`."
        )
        return
    click.echo(_accounts(keys))
    click.echo(_phone(keys, address))


def _accounts(keys: Keys) -> str:
    """Return one sign-in for each role, in columns."""
    first = {account.role: account for account in reversed(keys.accounts)}
    rows = [
        (ROLE_NAMES[role][0], first[role.value].email, first[role.value].password)
        for role in Role
        if role.value in first
    ]
    wide = max(len(title) for title, _, _ in rows), max(len(email) for _, email, _ in rows)
    lines = [f"  {title:<{wide[0]}}  {email:<{wide[1]}}  {word}" for title, email, word in rows]
    return "\n".join(["Đăng nhập bản mẫu (dữ liệu hư cấu):", *lines])


def _phone(keys: Keys, address: str) -> str:
    """Return the QR code that sets up ODK Collect for the guest of the first team."""
    key = keys.phone("")
    url = f"{address}/v1/key/{key.token}/projects/{keys.plan_id}"
    lines = [f"Thử bằng một điện thoại, cài ODK Collect rồi quét mã này ({key.person}):"]
    code = settings_qr.terminal(
        _essential(settings_qr.settings(Way(url), "Vụ Bản (mẫu)", key.person))
    )
    if max(map(len, code.splitlines())) <= shutil.get_terminal_size().columns:
        lines.append(code.rstrip("\n"))
    return "\n".join([*lines, f"Hoặc nhập địa chỉ máy chủ: {url}"])


def _essential(values: dict[str, Any]) -> dict[str, Any]:
    """Return the settings without those that are a convenience: a terminal has 80 columns."""
    general = {name: values["general"][name] for name in ESSENTIAL}
    return {"general": general, "admin": {}, "project": {"name": values["project"]["name"]}}


def public_address(app: Flask) -> str:
    """Return the address to tell people and phones, without a final slash.

    A server that listens everywhere is told by this machine's own address in its network.
    """
    settings = app.config["THUCDIA"]
    if settings.public_url:
        return str(settings.public_url)
    host = _own_address() if settings.host in ANYWHERE else settings.host
    shown = f"[{host}]" if ":" in host else host
    return urlsplit(f"http://{shown}:{settings.port}").geturl()


def _own_address() -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(ELSEWHERE)
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"
