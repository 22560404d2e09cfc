"""How plans, rounds and visits are named to people: (Vietnamese, English), states with a tone."""

from server.monitoring.models import (
    Method,
    Origin,
    PlanState,
    Purpose,
    RoundKind,
    VisitState,
)

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
