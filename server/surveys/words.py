"""How forms, their states and the types of questions are named to people: (Vietnamese, English)."""

import re

from server.surveys.changes import Kind
from server.surveys.fields import Field
from server.surveys.models import FormState

STATES: dict[FormState, tuple[str, str, str]] = {
    FormState.OPEN: ("Đang mở", "Open", "good"),
    FormState.CLOSING: ("Sắp đóng: chỉ nhận phiếu đã điền", "Closing: filled forms only", "wait"),
    FormState.CLOSED: ("Đã đóng", "Closed", "muted"),
}
"""The third word is the tone in which pages show it."""

CHANGES: dict[Kind, tuple[str, str, str]] = {
    Kind.REFUSED: ("Đổi kiểu: không được", "Type changes: refused", "bad"),
    Kind.WIDENED: ("Đổi kiểu: được", "Type changes: safe", "good"),
    Kind.RENAMED: ("Đổi tên", "Renamed", "wait"),
    Kind.VANISHED: ("Không còn", "Gone", "wait"),
}
ELSEWHERE: dict[str, tuple[str, str]] = {
    "submission_url": (
        "Gửi phiếu tới máy chủ khác (submission_url)",
        "Send filled forms to another server (submission_url)",
    ),
    "public_key": (
        "Mã hóa bằng khóa mà máy chủ này không có (public_key)",
        "Encrypt with a key that this server does not have (public_key)",
    ),
    "namespaces": (
        "Dùng không gian tên riêng (namespaces)",
        "Use namespaces of its own (namespaces)",
    ),
}
TYPES: dict[str, tuple[str, str]] = {
    "string": ("Văn bản", "Text"),
    "int": ("Số nguyên", "Whole number"),
    "decimal": ("Số thập phân", "Decimal number"),
    "date": ("Ngày", "Date"),
    "time": ("Giờ", "Time"),
    "dateTime": ("Ngày giờ", "Date and time"),
    "geopoint": ("Tọa độ", "Position"),
    "geotrace": ("Đường đi", "Line"),
    "geoshape": ("Vùng", "Area"),
    "barcode": ("Mã vạch", "Barcode"),
    "select_one": ("Chọn một", "One choice"),
    "select_multiple": ("Chọn nhiều", "Several choices"),
    "rank": ("Xếp thứ tự", "Ranking"),
    "acknowledge": ("Xác nhận", "Acknowledgement"),
    "note": ("Ghi chú", "Note"),
    "calculate": ("Tự tính", "Worked out"),
    "group": ("Nhóm", "Group"),
    "repeat": ("Nhóm lặp", "Repeat"),
}
MEDIA: dict[str, tuple[str, str]] = {
    "image": ("Ảnh", "Photo"),
    "audio": ("Ghi âm", "Sound"),
    "video": ("Video", "Video"),
    "application": ("Tệp", "File"),
}


def kind(field: Field) -> tuple[str, str]:
    """Return what a question asks for.

    >>> kind(Field("a", "a", "binary", media="image"))[0], kind(Field("a", "a", "odd"))[1]
    ('Ảnh', 'odd')
    """
    if field.type == "binary":
        return MEDIA.get(field.media, MEDIA["application"])
    return TYPES.get(field.type, (field.type, field.type))


_PATH = re.compile(r"(?<![\w)\]'/.])(?:/[\w.-]+)+/([\w.-]+)")


def logic(formula: str) -> str:
    """Return a formula as its author writes it in a workbook, the questions by their names.

    >>> logic("/data/cs/met = 'no' and . > 0")
    "${met} = 'no' and . > 0"
    >>> logic("instance('visits')/root/item[name=/data/id/visit]/commune_code")
    "instance('visits')/root/item[name=${visit}]/commune_code"
    """
    return _PATH.sub(r"${\1}", formula)
