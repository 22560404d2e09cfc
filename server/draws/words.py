"""How draws are named to people: (Vietnamese, English), states with a tone."""

from server.draws.models import DrawState, UnitRole

STATES: dict[DrawState, tuple[str, str, str]] = {
    DrawState.COMMITTED: ("Đã cam kết, chờ gieo số", "Committed, waiting for the seed", "wait"),
    DrawState.DRAWN: ("Đã có kết quả", "Drawn", "good"),
    DrawState.VOID: ("Đã hủy", "Void", "bad"),
}
ROLES: dict[UnitRole, tuple[str, str, str]] = {
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
