"""How findings are named to people: (Vietnamese, English) of each state, step, severity, topic."""

from server.findings.letters import LetterKind, LetterState, RecommendationState
from server.findings.models import (
    Authority,
    Decision,
    FindingState,
    Result,
    StepKind,
)
from server.findings.raising import BY_HAND, ON_FORM

STATES: dict[FindingState, tuple[str, str, str]] = {
    FindingState.NEW: ("Chờ kết luận", "Waiting for a decision", "wait"),
    FindingState.CONFIRMED: ("Đã xác nhận", "Confirmed", "info"),
    FindingState.REJECTED: ("Đã bác bỏ", "Rejected", "muted"),
    FindingState.ASSIGNED: ("Đã giao khắc phục", "Assigned", "info"),
    FindingState.UNDER_WAY: ("Đang khắc phục", "Being remedied", "info"),
    FindingState.REPORTED: ("Đã báo cáo khắc phục", "Reported remedied", "wait"),
    FindingState.CHECKED: ("Đã kiểm tra lại", "Checked on site", "wait"),
    FindingState.CLOSED: ("Đã đóng", "Closed", "good"),
    FindingState.REOPENED: ("Đã mở lại", "Reopened", "bad"),
}
"""The third word is the tone in which pages show it."""

LATE = ("Quá hạn", "Overdue", "bad")

STEPS: dict[StepKind, tuple[str, str]] = {
    StepKind.CONFIRM: ("Xác nhận", "Confirm"),
    StepKind.REJECT: ("Bác bỏ", "Reject"),
    StepKind.ASSIGN: ("Giao khắc phục", "Assign"),
    StepKind.START: ("Bắt đầu khắc phục", "Begin the remedy"),
    StepKind.REPORT: ("Báo cáo đã khắc phục", "Report it remedied"),
    StepKind.CHECK: ("Kiểm tra tại chỗ", "Check on site"),
    StepKind.CLOSE: ("Đóng", "Close"),
    StepKind.REOPEN: ("Mở lại", "Reopen"),
    StepKind.EXTEND: ("Gia hạn", "Extend"),
    StepKind.TRANSFER: ("Chuyển cấp có thẩm quyền", "Transfer to the competent level"),
    StepKind.ESCALATE: ("Báo lên cấp trên vì quá hạn", "Tell the level above: overdue"),
    StepKind.REMIND: ("Nhắc hạn", "Remind of the deadline"),
    StepKind.COMMENT: ("Ý kiến", "Comment"),
    StepKind.COMMEND: ("Biểu dương", "Commend"),
    StepKind.ASK_TIME: ("Đề nghị gia hạn", "Ask for more time"),
    StepKind.DECLINE_TIME: ("Không cho gia hạn", "Decline more time"),
}

RESULTS: dict[Result, tuple[str, str, str]] = {
    Result.DONE: ("Đã xong", "Done", "good"),
    Result.PARTLY: ("Xong một phần", "Partly done", "wait"),
    Result.NOTHING: ("Chưa làm", "Not done", "bad"),
    Result.IMPOSSIBLE: ("Không làm được, có lý do chính đáng", "Cannot be done, for good reason",
                        "muted"),
}  # fmt: skip

LEVELS: dict[Authority, tuple[str, str]] = {
    Authority.COMMUNE: ("Cấp xã", "Commune"),
    Authority.DISTRICT: ("Cấp huyện", "District"),
    Authority.PROVINCE: ("Cấp tỉnh", "Province"),
    Authority.CENTRAL: ("Trung ương", "Central government"),
}

DECISIONS: dict[Decision, tuple[str, str]] = {
    Decision.CLOSE: ("Đề nghị đóng", "Close"),
    Decision.EXTEND: ("Gia hạn", "Extend"),
    Decision.REOPEN: ("Mở lại", "Reopen"),
}

WHY: dict[str, tuple[str, str]] = {
    "findings.changed-meanwhile": (
        "Phát hiện đã thay đổi từ khi điện thoại tải danh sách",
        "The finding changed after the phone fetched its list",
    ),
    "findings.same-person": (
        "Người kiểm tra cũng là người khắc phục hoặc báo cáo khắc phục",
        "The checker had a part in the remedy",
    ),
    "findings.only-person": (
        "Người kiểm tra cũng là người duy nhất đã giao và theo dõi phát hiện",
        "The checker alone had assigned and followed the finding",
    ),
    "findings.wrong-order": (
        "Phát hiện không còn ở bước chờ kiểm tra",
        "The finding no longer waits for a check",
    ),
    "findings.deadline-passed": ("Hạn mới không còn dùng được", "The new deadline has passed"),
    "findings.day-needed": ("Thiếu hạn mới", "The new deadline is missing"),
    "findings.note-needed": ("Thiếu lý do", "The reason is missing"),
    "findings.not-done": ("Kết quả chưa đạt nên không đóng được", "Not done, so it cannot close"),
}
"""Why a check on site waits for a person, by the code of the refusal."""

RECOMMENDATIONS: dict[RecommendationState, tuple[str, str, str]] = {
    RecommendationState.NEW: ("Mới", "New", "wait"),
    RecommendationState.SENT: ("Đã gửi", "Sent", "info"),
    RecommendationState.ANSWERED: ("Đã trả lời", "Answered", "info"),
    RecommendationState.DONE: ("Đã thực hiện", "Carried out", "good"),
    RecommendationState.NOT_DONE: ("Không thực hiện", "Not carried out", "muted"),
}

LETTERS: dict[LetterKind, tuple[str, str, str]] = {
    LetterKind.DIFFICULTY: ("Khó khăn, vướng mắc", "Difficulty", "wait"),
    LetterKind.PROPOSAL: ("Kiến nghị, đề xuất", "Proposal", "info"),
}

LETTER_STATES: dict[LetterState, tuple[str, str, str]] = {
    LetterState.WAITING: ("Chờ xử lý", "Waiting", "wait"),
    LetterState.HANDLED: ("Đã xử lý", "Dealt with", "good"),
    LetterState.PUT_ASIDE: ("Đã gác lại", "Put aside", "muted"),
}

SEVERITIES: dict[int, tuple[str, str, str]] = {
    1: ("Ghi nhận", "Observation", "muted"),
    2: ("Nhẹ", "Minor", "info"),
    3: ("Trung bình", "Moderate", "wait"),
    4: ("Nghiêm trọng", "Serious", "bad"),
}

TOPICS: dict[str, tuple[str, str]] = {
    "QL01": ("Không có kế hoạch", "No plan"),
    "QL02": ("Ban quản lý, Ban phát triển thôn", "Management boards"),
    "QL03": ("Hướng dẫn chậm", "Guidance late"),
    "QL04": ("Không tự giám sát, đánh giá", "No monitoring of its own"),
    "QL05": ("Hồ sơ, sổ sách", "Files and books"),
    "QL06": ("Báo cáo, biểu mẫu chậm", "Reports or tables late"),
    "QL07": ("Chưa cập nhật hệ thống", "System not updated"),
    "QL08": ("Kiến nghị trước chưa thực hiện", "Earlier recommendations ignored"),
    "VO01": ("Giao vốn chậm", "Allocation late"),
    "VO02": ("Giải ngân thấp", "Disbursement low"),
    "VO03": ("Sử dụng vốn sai", "Money wrongly used"),
    "VO04": ("Hồ sơ thanh, quyết toán", "Settlement papers"),
    "TT01": ("Chưa niêm yết công khai", "Not posted publicly"),
    "TT02": ("Người dân không được thông tin", "People not told"),
    "DT01": ("Sai đối tượng", "Wrong beneficiary"),
    "DT02": ("Bỏ sót đối tượng", "Beneficiary left out"),
    "DT03": ("Không họp dân, bình xét", "No residents' meeting"),
    "TH01": ("Nhận thiếu", "Received short"),
    "TH02": ("Nhận chậm", "Received late"),
    "TH03": ("Chất lượng kém", "Poor quality"),
    "TH04": ("Không phù hợp", "Unsuitable"),
    "TH05": ("Thu khoản ngoài quy định", "Unofficial charges"),
    "TH06": ("Kiến nghị, khiếu nại chưa giải quyết", "Complaint unresolved"),
    "TH07": ("Không hài lòng", "Dissatisfied"),
    "KP01": ("Khắc phục quá hạn", "Remedy overdue"),
    "KP02": ("Khắc phục không đạt", "Remedy not accepted"),
    "KT01": ("Chất lượng số liệu", "Quality of data"),
    "TICH_CUC": ("Điểm tích cực", "Positive note"),
    "KHAC": ("Nội dung khác", "Other matters"),
}
"""Topics of the forms' rules that have a name of their own."""

GROUPS: dict[str, tuple[str, str]] = {
    "QL": ("Chỉ đạo, quản lý", "Steering and reporting"),
    "VO": ("Vốn", "Capital"),
    "TT": ("Công khai, thông tin", "Information"),
    "DT": ("Đối tượng thụ hưởng", "Beneficiaries"),
    "RS": ("Rà soát hộ nghèo", "Poverty review"),
    "TH": ("Thụ hưởng", "Benefit received"),
    "KP": ("Khắc phục", "Remedy"),
    "KT": ("Kiểm tra số liệu", "Data checks"),
    "D0": ("Chỉ tiêu", "Targets"),
}
"""Groups of topics, by the letters that topic codes begin with."""


RULES: dict[str, tuple[str, str]] = {
    BY_HAND: ("Nêu bằng tay", "Raised by hand"),
    ON_FORM: ("Đoàn ghi thêm trên phiếu", "Written down on the form"),
}
"""What stands in the place of a rule where there is none."""


def rule(code: str, english: bool = False) -> str:
    """Return a rule as people read it: its code, or how the finding was raised without one.

    >>> rule("B04"), rule("TAY", english=True)
    ('B04', 'Raised by hand')
    """
    return RULES[code][english] if code in RULES else code


def topic(code: str, english: bool = False) -> str:
    """Return a topic in words, else its group, else the code itself.

    >>> topic("TH01"), topic("RS04", english=True), topic("D2_03"), topic("X9")
    ('Nhận thiếu', 'Poverty review', 'Kết quả dự án 2', 'X9')
    """
    named = TOPICS.get(code) or GROUPS.get(code[:2])
    if named is not None:
        return named[english]
    if code[:1] == "D" and code[1:2].isdigit():
        return f"Results of project {code[1]}" if english else f"Kết quả dự án {code[1]}"
    return code
