"""How findings are named to people: (Vietnamese, English) of each state, severity and topic."""

from server.findings.models import FindingState

STATES: dict[FindingState, tuple[str, str, str]] = {
    FindingState.NEW: ("Chờ kết luận", "Waiting for a decision", "wait"),
    FindingState.CONFIRMED: ("Đã xác nhận", "Confirmed", "info"),
    FindingState.REJECTED: ("Đã bác bỏ", "Rejected", "muted"),
}
"""The third word is the tone in which pages show it."""

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
