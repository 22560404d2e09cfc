"""How plans, rounds and visits are named to people: (Vietnamese, English), states with a tone."""

from server.monitoring.models import (
    About,
    Method,
    Origin,
    PlanState,
    Purpose,
    RoundKind,
    VisitState,
)
from server.monitoring.record_models import DocumentState, VisitVerdict

PLAN_STATES: dict[PlanState, tuple[str, str, str]] = {
    PlanState.OPEN: ("Đang thực hiện", "Under way", "good"),
    PlanState.CLOSED: ("Đã đóng", "Closed", "muted"),
}
KINDS: dict[RoundKind, tuple[str, str]] = {
    RoundKind.PERIODIC: ("Định kỳ", "Periodic"),
    RoundKind.UNANNOUNCED: ("Đột xuất", "Unannounced"),
}
METHODS: dict[Method, tuple[str, str]] = {
    Method.DIRECT: ("Trực tiếp", "On site"),
    Method.INDIRECT: ("Gián tiếp qua báo cáo", "By reports"),
}
PURPOSES: dict[Purpose, tuple[str, str]] = {
    Purpose.MONITORING: ("Giám sát", "Monitoring"),
    Purpose.EVALUATION_START: ("Đánh giá đầu kỳ", "Evaluation at the start"),
    Purpose.EVALUATION_MIDTERM: ("Đánh giá giữa kỳ", "Midterm evaluation"),
    Purpose.EVALUATION_END: ("Đánh giá kết thúc", "Evaluation at the end"),
    Purpose.EVALUATION_YEARLY: ("Đánh giá hằng năm", "Yearly evaluation"),
    Purpose.EVALUATION_AD_HOC: ("Đánh giá đột xuất", "Evaluation when needed"),
}
VISIT_STATES: dict[VisitState, tuple[str, str, str]] = {
    VisitState.PLANNED: ("Đã lên lịch", "Planned", "muted"),
    VisitState.UNDER_WAY: ("Đang làm", "Under way", "info"),
    VisitState.DONE: ("Hoàn thành", "Done", "good"),
    VisitState.CANCELLED: ("Đã hủy", "Cancelled", "muted"),
}
MOVE_WORDS: dict[VisitState, tuple[str, str]] = {
    VisitState.PLANNED: ("Lên lịch lại", "Plan again"),
    VisitState.UNDER_WAY: ("Bắt đầu", "Start"),
    VisitState.DONE: ("Ghi đã xong", "Mark as done"),
    VisitState.CANCELLED: ("Hủy lượt này", "Cancel this visit"),
}
"""What the button says that brings a visit into the state."""

ORIGINS: dict[Origin, tuple[str, str]] = {
    Origin.DRAWN: ("Chọn ngẫu nhiên", "Drawn at random"),
    Origin.PURPOSIVE: ("Chỉ định", "Named on purpose"),
}

ABOUT: dict[About, tuple[str, str]] = {
    About.PROGRAMME: ("Thực hiện Chương trình", "Carrying out the programme"),
    About.REVIEW: ("Rà soát hộ nghèo, hộ cận nghèo", "Review of poor and near-poor households"),
}
DOCUMENT_STATES: dict[DocumentState, tuple[str, str, str]] = {
    DocumentState.ASKED: ("Chưa ghi nhận", "Not noted yet", "muted"),
    DocumentState.FULL: ("Có, đầy đủ", "Complete", "good"),
    DocumentState.PARTLY: ("Có nhưng thiếu", "Partly", "wait"),
    DocumentState.LATE: ("Có nhưng chậm", "Issued late", "wait"),
    DocumentState.NONE: ("Không có", "None", "bad"),
    DocumentState.NA: ("Không áp dụng", "Not applicable", "muted"),
}
VERDICTS: dict[VisitVerdict, tuple[str, str, str]] = {
    VisitVerdict.OPEN: ("Chờ kết luận", "Waits", "wait"),
    VisitVerdict.ACCEPTED: ("Được chấp nhận", "Accepted", "good"),
    VisitVerdict.REJECTED: ("Không chấp nhận", "Rejected", "bad"),
}
AGENCY_LEVELS: dict[str, tuple[str, str]] = {
    "central": ("Trung ương", "Central"),
    "province": ("Cấp tỉnh", "Province"),
    "district": ("Cấp huyện", "District"),
    "commune": ("Cấp xã", "Commune"),
}
