"""The QR code that sets up ODK Collect: base64 of zlib of JSON, as the app scans it."""

import base64
import io
import json
import zlib
from typing import Any

import segno

LIMIT = 4000


def settings(url: str, plan_name: str, person_name: str) -> dict[str, Any]:
    """Return Collect's settings for one person in one plan.

    Forms follow the server exactly, are looked for every quarter of an hour and are sent by
    themselves as soon as there is a line; the app speaks Vietnamese. What was sent stays on the
    phone, where it can be looked at, edited and sent again.
    """
    return {
        "general": {
            "protocol": "odk_default",
            "server_url": url,
            "form_update_mode": "match_exactly",
            "periodic_form_updates_check": "every_fifteen_minutes",
            "autosend": "wifi_and_cellular",
            "delete_send": False,
            "hide_old_form_versions": True,
            "constraint_behavior": "on_swipe",
            "image_size": "original_image_size",
            "guidance_hint": "yes_collapsed",
            "app_language": "vi",
            "metadata_username": person_name,
        },
        "admin": {
            "change_server": False,
            "delete_saved": False,
            "delete_after_send": False,
            "view_sent": True,
            "edit_saved": True,
        },
        "project": {"name": plan_name[:60], "icon": "🌾", "color": "#1f6f54"},
    }


def payload(values: dict[str, Any]) -> str:
    """Return the text of the code.

    Raises:
        ValueError: longer than the 4,000 characters that phones read.
    """
    packed = zlib.compress(json.dumps(values, ensure_ascii=False).encode(), 9)
    text = base64.b64encode(packed).decode()
    if len(text) > LIMIT:
        raise ValueError(f"the settings take {len(text)} characters, {LIMIT} at most")
    return text


def code(values: dict[str, Any]) -> segno.QRCode:
    """Return the QR code itself, at the low error correction that phones expect."""
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
