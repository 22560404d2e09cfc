"""A small real form, compiled once, published in a test's plan, and filled by hand."""

import uuid
from functools import cache
from io import BytesIO
from typing import Any

from flask import Flask

from server.db import transaction
from server.journal import Actor
from server.surveys import compile as compiler
from server.surveys import service as surveys
from server.surveys.compile import Compiled
from server.surveys.service import Looked

ACTOR = Actor("command", None, "tests")
WORKBOOK = """
| survey |                  |         |            |          |
|        | type             | name    | label      | required |
|        | start            | start   |            |          |
|        | end              | end     |            |          |
|        | deviceid         | deviceid |           |          |
|        | text             | visit   | Lượt       |          |
|        | text             | hamlet  | Thôn       |          |
|        | text             | hh      | Hộ         |          |
|        | text             | ten     | Họ tên     |          |
|        | select_one yn    | dong_y  | Đồng ý?    |          |
|        | integer          | tuoi    | Tuổi       |          |
|        | geopoint         | gps     | Tọa độ     |          |
|        | begin repeat     | tv      | Thành viên |          |
|        | text             | ten_tv  | Tên        |          |
|        | end repeat       |         |            |          |
|        | image            | anh     | Ảnh        |          |
|        | image            | anh2    | Ảnh khác   |          |
| choices |                 |         |            |          |
|        | list_name        | name    | label      |          |
|        | yn               | yes     | Có         |          |
|        | yn               | no      | Không      |          |
| settings |                |         |            |          |
|        | form_title       | form_id | version    |          |
|        | Phiếu thử        | thu     | 1          |          |
"""


@cache
def compiled(workbook: str = WORKBOOK, allowed: tuple[str, ...] = ()) -> Compiled:
    """Return the form of a Markdown workbook; compiled once, not validated (no JVM needed)."""
    return compiler.compile(workbook.encode(), "thu.md", validate=False, allowed=allowed)


def publish(
    app: Flask,
    plan_id: int,
    workbook: str = WORKBOOK,
    allowed: tuple[str, ...] = (),
    without: str = "",
) -> int:
    """Publish the form in a plan; return its version. `without`: why rules are not tried first."""
    with transaction() as session:
        version = surveys.upload(
            session,
            app.extensions["files"],
            plan_id,
            workbook.encode(),
            "thu.md",
            compiled(workbook, allowed),
            ACTOR,
        )
        return surveys.publish(session, version, ACTOR, looked=Looked(without=without)).id


def filled(
    instance_id: str | None = None,
    version: str = "1",
    form: str = "thu",
    replaces: str = "",
    **said: str,
) -> bytes:
    """Return the XML of a filled form as JavaRosa writes it: what was not asked is absent.

    `replaces` is the instanceID of the sent form that this one is an edit of.
    """
    answers = {"ten": "Nguyễn Thị Hồng Nhung", "dong_y": "yes", "tuoi": "45", **said}
    inner = "".join(f"<{name}>{value}</{name}>" for name, value in answers.items())
    key = instance_id or f"uuid:{uuid.uuid4()}"
    old = f"<orx:deprecatedID>{replaces}</orx:deprecatedID>" if replaces else ""
    return (
        "<?xml version='1.0' encoding='UTF-8' ?>"
        f'<data id="{form}" version="{version}" xmlns:orx="http://openrosa.org/xforms">'
        "<start>2024-04-15T08:00:00.000+07:00</start><end>2024-04-15T08:21:30.000+07:00</end>"
        f"{inner}<orx:meta><orx:instanceID>{key}</orx:instanceID>{old}"
        "<orx:instanceName>Phiếu thử</orx:instanceName></orx:meta></data>"
    ).encode()


def parts(xml: bytes, files: dict[str, bytes] | None = None) -> dict[str, Any]:
    """Return the keyword arguments of a client's POST with the parts that Collect sends."""
    data: dict[str, Any] = {
        "xml_submission_file": (BytesIO(xml), "Phiếu thử_2024-04-15_08-21-30.xml", "text/xml")
    }
    for name, content in (files or {}).items():
        data[name] = (BytesIO(content), name, "image/jpeg")
    return {"data": data, "content_type": "multipart/form-data"}
