"""How draws are named to people: (Vietnamese, English), states with a tone."""

import re

from server.draws.models import DrawState, ReplacementState, UnitRole, Why

VISITS = "giám sát"  # the purpose of draws that choose where teams go
COMMUNES, HAMLETS, HOUSEHOLDS, INTERVIEWS = "xã", "thôn", "hộ", "phiếu"
STAGES: dict[str, tuple[str, str]] = {
    COMMUNES: ("Chọn xã", "Communes"),
    HAMLETS: ("Chọn thôn", "Hamlets"),
    HOUSEHOLDS: ("Chọn hộ", "Households"),
    INTERVIEWS: ("Chọn phiếu hậu kiểm", "Interviews to repeat"),
}
UNITS: dict[str, tuple[str, str]] = {
    COMMUNES: ("xã, phường, thị trấn", "communes"),
    HAMLETS: ("thôn, bản, ấp, tổ dân phố", "hamlets"),
    HOUSEHOLDS: ("hộ", "households"),
    INTERVIEWS: ("phiếu", "interviews"),
}
METHODS: dict[str, tuple[str, str]] = {
    "srs": ("Ngẫu nhiên đơn giản, cơ hội như nhau", "Simple random, equal chance"),
    "pps_pivotal": ("Xác suất theo quy mô", "Chance in proportion to size"),
    "systematic": ("Hệ thống, cách đều theo danh sách", "Systematic, evenly along the list"),
}
SPLITS: dict[str, tuple[str, str]] = {
    "": ("Không chia tầng", "No strata"),
    "proportional": ("Chia theo số đơn vị của tầng", "By the number of units"),
    "equal": ("Mỗi tầng như nhau", "The same to each stratum"),
}
STATES: dict[DrawState, tuple[str, str, str]] = {
    DrawState.COMMITTED: ("Đã cam kết, chờ gieo số", "Committed, waiting for the seed", "wait"),
    DrawState.DRAWING: ("Đang rút", "Drawing", "wait"),
    DrawState.DRAWN: ("Đã có kết quả", "Drawn", "good"),
    DrawState.VOID: ("Đã hủy", "Void", "bad"),
}
ROLES: dict[UnitRole, tuple[str, str, str]] = {
    UnitRole.CERTAIN: ("Chắc chắn", "Certain", "good"),
    UnitRole.MAIN: ("Chính thức", "Main", "good"),
    UnitRole.RESERVE: ("Dự phòng", "Reserve", "muted"),
}
KINDS: dict[str, tuple[str, str]] = {
    "dice-d10": ("Xúc xắc 10 mặt, 20 chữ số", "Ten-sided dice, 20 digits"),
    "dice-d6": ("Xúc xắc 6 mặt, 25 lần gieo", "Six-sided dice, 25 throws"),
    "joint": ("Các bên cùng ghi số, lật cùng lúc", "Numbers written by several parties"),
    "lottery": ("Kết quả xổ số đã hẹn trước", "A lottery named beforehand"),
    "beacon": ("Trạm phát số ngẫu nhiên công khai", "A public randomness beacon"),
}
_CASCADE = "hủy theo lần rút số "
REASONS: dict[Why, tuple[str, str]] = {
    Why.REFUSED: ("Từ chối trả lời", "Refused"),
    Why.ABSENT: ("Vắng nhà sau hai lần đến", "Absent after two attempts"),
    Why.MOVED: ("Đã chuyển đi nơi khác", "Moved away"),
    Why.NOT_LISTED: ("Không có thật trong danh sách", "Not there, listed by mistake"),
    Why.UNSAFE: ("Không an toàn (lũ, sạt lở…)", "Unsafe to reach"),
}
REQUESTS: dict[ReplacementState, tuple[str, str, str]] = {
    ReplacementState.ASKED: ("Chờ phê duyệt", "Waiting for approval", "wait"),
    ReplacementState.APPROVED: ("Đã thay", "Replaced", "good"),
    ReplacementState.DECLINED: ("Không đồng ý", "Declined", "muted"),
}


def with_above(number: int, reason: str) -> str:
    """Return why a draw is void whose draw above, of that number, was voided for a reason."""
    return f"{_CASCADE}{number}: {reason}"


def void_reason(reason: str) -> tuple[str, str]:
    """Return in both languages why a draw is void; what somebody wrote stays as it is.

    >>> void_reason(with_above(3, "gieo nhầm"))[1]
    'voided with draw 3: gieo nhầm'
    """
    return reason, re.sub(rf"{_CASCADE}(\d+): ", r"voided with draw \1: ", reason)
