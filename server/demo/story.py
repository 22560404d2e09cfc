"""What the demonstration tells: the true plan of huyện Vụ Bản for 2024, and invented people.

Numbers, dates, agencies and units are those of the district's published plan. People, hamlets,
households and every answer are made up; whatever a reader might take for true says '(mẫu)'.
"""

import datetime as dt
from dataclasses import dataclass

from server.permissions import Role

EDITION = "2024"
DISTRICT = "359"
PROGRAMME = "gnbv-2021-2025"

PLAN_NAME = "Giám sát CTMTQG giảm nghèo bền vững năm 2024, huyện Vụ Bản"
PLAN = {
    "number": "Kế hoạch của UBND huyện Vụ Bản ký ngày 27/3/2024",
    "agency": (
        "UBND huyện Vụ Bản; Phòng Lao động – Thương binh và Xã hội chủ trì, "
        "Phòng Tài chính – Kế hoạch phối hợp"
    ),
    "parent": (
        "Kế hoạch số 17/KH-SLĐTBXH ngày 18/3/2024 của Sở Lao động – Thương binh và Xã hội "
        "về giám sát, đánh giá CTMTQG giảm nghèo bền vững năm 2024"
    ),
    "legal_bases": [
        "Quyết định số 455/QĐ-UBND ngày 06/3/2024 của UBND tỉnh về phân bổ vốn sự nghiệp "
        "CTMTQG giảm nghèo bền vững năm 2024 (kinh phí: Dự án 7)",
    ],
    "starts_on": dt.date(2024, 4, 1),
    "ends_on": dt.date(2024, 11, 30),
}

ROUND_CODE = "VB24-1"
ROUND_NAME = "Đợt 1: giám sát định kỳ, các xã gửi báo cáo trước ngày 06/4/2024"
ROUND_DAYS = (dt.date(2024, 4, 1), dt.date(2024, 4, 30))
NOTICE_ON = dt.date(2024, 3, 29)

DRAWN, RESERVES = 4, 3
DICE = "7 2 9 0 4 4 1 8 6 3 5 0 9 7 2 6 1 3 8 5"
"""Twenty throws of a ten-sided die, invented."""
WITNESSES = ("Bùi Văn G (mẫu)", "Đỗ Thị H (mẫu)", "Ngô Văn K (mẫu)")

HAMLETS = 3
HOUSEHOLDS, RESERVE_HOUSEHOLDS = 20, 2
INTERVIEWS = ("gnbv_household", "gnbv_hamlet")
FORMS = (*INTERVIEWS, "gnbv_fix")
"""Those that are filled, and the one that shows a team which of them came back to be corrected."""

VISIT_DAYS = (
    (dt.date(2024, 4, 9), dt.date(2024, 4, 11)),
    (dt.date(2024, 4, 15), dt.date(2024, 4, 17)),
)
"""Of each team's first and second commune: three days each, a hamlet a day."""


@dataclass(frozen=True)
class Character:
    """Someone invented. `at` is the area of the role: the country, the district, or communes.

    Who has an address signs in; who has none only carries a phone.
    """

    name: str
    role: Role
    address: str = ""
    at: str = "district"
    post: str = ""


ADMINISTRATOR = Character("Quản trị (mẫu)", Role.ADMINISTRATOR, "quantri", "country")
COORDINATOR = Character("Nguyễn Thị A (mẫu)", Role.COORDINATOR, "dieuphoi")
REVIEWER = Character("Trần Văn B (mẫu)", Role.REVIEWER, "nguoiduyet")
VIEWER = Character("Phạm Văn C (mẫu)", Role.VIEWER, "lanhdao")
UNIT_OFFICER = Character("Lê Thị D (mẫu)", Role.UNIT_OFFICER, "donvi", "first commune")
OFFICE = (ADMINISTRATOR, COORDINATOR, REVIEWER, VIEWER, UNIT_OFFICER)


@dataclass(frozen=True)
class TeamStory:
    """A team: who leads it and inspects the hamlets, and who interviews in each commune."""

    name: str
    leader: Character
    inspectors: tuple[Character, ...]
    guest: Character | None = None

    @property
    def members(self) -> list[Character]:
        """Return everybody, the leader first."""
        return [self.leader, *self.inspectors, *([self.guest] if self.guest else [])]


TRY_IT = Character(
    "Khách dùng thử (mẫu)", Role.INSPECTOR, "thanhvien", "team", "Thành viên dùng thử"
)
"""Whose sign-in and phone are printed: the phone has sent nothing yet."""

TEAMS = (
    TeamStory(
        "Đoàn số 1 (mẫu)",
        Character("Vũ Văn Đ (mẫu)", Role.TEAM_LEADER, "truongdoan", "team", "Trưởng đoàn"),
        (
            Character("Hoàng Thị E (mẫu)", Role.INSPECTOR, "", "team", "Phòng LĐ-TB&XH"),
            Character("Phan Văn L (mẫu)", Role.INSPECTOR, "", "team", "Phòng TC-KH"),
        ),
        TRY_IT,
    ),
    TeamStory(
        "Đoàn số 2 (mẫu)",
        Character("Đặng Thị M (mẫu)", Role.TEAM_LEADER, "truongdoan2", "team", "Trưởng đoàn"),
        (
            Character("Dương Văn N (mẫu)", Role.INSPECTOR, "", "team", "UB MTTQ huyện"),
            Character("Lý Thị P (mẫu)", Role.INSPECTOR, "", "team", "Hội LHPN huyện"),
        ),
    ),
)

MAIL = "vuban.example"


def hamlet_name(number: int) -> str:
    """Return the name of an invented hamlet.

    >>> hamlet_name(1)
    'Thôn 1 (mẫu)'
    """
    return f"Thôn {number} (mẫu)"


def household_code(hamlet_code: str, number: int) -> str:
    """Return the code of an invented household.

    >>> household_code("13744-01", 7)
    'VB-13744-01-007'
    """
    return f"VB-{hamlet_code}-{number:03d}"
