"""How lists, conflicts and requests are named to people: (Vietnamese, English, tone)."""

from server.entities.models import Conflict, Delivery, RequestState

DELIVERIES: dict[Delivery, tuple[str, str]] = {
    Delivery.ALL: ("Mọi máy của kế hoạch", "Every phone of the plan"),
    Delivery.TEAM: ("Máy của đoàn được giao", "Phones of the row's team"),
    Delivery.OWNER: ("Máy của người được giao", "The phone of the row's owner"),
    Delivery.AREA: ("Máy của đoàn đến địa bàn đó", "Phones of teams sent to the row's area"),
}

CONFLICTS: dict[Conflict, tuple[str, str, str]] = {
    Conflict.NONE: ("Không xung đột", "No conflict", "muted"),
    Conflict.SOFT: ("Xung đột nhẹ", "Soft conflict", "wait"),
    Conflict.HARD: ("Xung đột", "Hard conflict", "bad"),
}

REQUESTS: dict[RequestState, tuple[str, str, str]] = {
    RequestState.APPLIED: ("Đã thực hiện", "Done", "good"),
    RequestState.HELD: ("Chờ phiếu trước", "Waits for the form before", "wait"),
    RequestState.AWAITING: ("Chờ duyệt phiếu", "Waits for approval", "wait"),
    RequestState.FAILED: ("Không thực hiện được", "Could not be done", "bad"),
    RequestState.DISMISSED: ("Đã gác lại", "Put aside", "muted"),
    RequestState.REPLACED: ("Đã có bản sửa", "Replaced by an edit", "muted"),
}

VIAS: dict[str, tuple[str, str]] = {
    "phone": ("Phiếu từ điện thoại", "A form from a phone"),
    "page": ("Trang web", "A page"),
    "api": ("Chương trình khác", "A program"),
    "command": ("Dòng lệnh", "A command"),
    "job": ("Máy chủ", "The server"),
}
