"""The QR code that sets up ODK Collect: base64 of zlib of JSON, as the app scans it."""

import base64
import io
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from server.problems import Problem
from server.teams.collect import SUGGESTED, sections

if TYPE_CHECKING:
    import segno

LIMIT = 4000


class SettingsTooLong(Problem):
    """More than phones read from one code."""

    code = "teams.settings-too-long"
    status = 422
    message = "Cài đặt dài {length} ký tự, mã QR chứa tối đa {limit}. Hãy rút ngắn các ô chữ tự do."
    message_en = (
        "The settings take {length} characters; a QR code holds {limit}. Shorten the texts."
    )


@dataclass(frozen=True)
class Way:
    """How a phone finds its server: an address, and a user name and password unless it has a key.

    `chosen` is what the plan chose of `collect.EVERY`.
    """

    url: str
    username: str = ""
    password: str = ""
    chosen: Mapping[str, str] = field(default_factory=lambda: SUGGESTED)


def settings(way: Way, plan_name: str, person_name: str) -> dict[str, Any]:
    """Return Collect's settings for one person in one plan."""
    found: dict[str, Any] = sections(way.chosen)
    general = found["general"]
    general |= {"protocol": "odk_default", "server_url": way.url, "metadata_username": person_name}
    if way.username:
        general |= {"username": way.username, "password": way.password}
    return {
        **found,
        "project": {"name": plan_name[:60], "icon": "🌾", "color": "#1f6f54"},
    }


def payload(values: dict[str, Any]) -> str:
    """Return the text of the code.

    Raises:
        SettingsTooLong: longer than the 4,000 characters that phones read.
    """
    packed = zlib.compress(json.dumps(values, ensure_ascii=False).encode(), 9)
    text = base64.b64encode(packed).decode()
    if len(text) > LIMIT:
        raise SettingsTooLong(length=len(text), limit=LIMIT)
    return text


def code(values: dict[str, Any]) -> "segno.QRCode":
    """Return the QR code itself, at the low error correction that phones expect."""
    import segno  # a server seldom draws codes

    return segno.make_qr(payload(values), error="l")


def svg(values: dict[str, Any]) -> bytes:
    """Return the code as an SVG picture."""
    out = io.BytesIO()
    code(values).save(out, kind="svg", scale=4, border=3)
    return out.getvalue()


def png(values: dict[str, Any]) -> bytes:
    """Return the code as a PNG picture."""
    out = io.BytesIO()
    code(values).save(out, kind="png", scale=6, border=3)
    return out.getvalue()


def terminal(values: dict[str, Any]) -> str:
    """Return the code drawn with block characters, two rows a line."""
    out = io.StringIO()
    code(values).terminal(out=out, border=2, compact=True)
    return out.getvalue()
