"""What the invented households and hamlet heads answer: believable, and the same every time."""

import datetime as dt
import enum
from dataclasses import dataclass

from server.demo.chance import between, happens, one_of, share, weighed
from server.demo.javarosa import Answer, Answers

Point = tuple[float, float]
REFUSE, ABSENT, NO_POSITION, TROUBLE = 0.06, 0.04, 0.07, 0.1


class Oddity(enum.Enum):
    """What goes wrong on purpose with one interview."""

    PHOTO_LATE = "its photo comes with a second request"
    NO_PICTURE = "its photo is no picture"
    FAR_AWAY = "it was held nine kilometres from its hamlet"
    SENT_TWICE = "it is sent twice"


@dataclass(frozen=True)
class Interview:
    """One household visited: `key` decides every answer, whatever the draw chose.

    `point` is where the hamlet lies.
    """

    key: str
    visit: str
    hamlet: str
    household: str
    label: str
    reserve: bool
    at: dt.datetime
    point: Point
    oddity: Oddity | None = None
    trouble: str | None = None

    @property
    def plain(self) -> bool:
        """Tell whether chance may keep this household from being asked."""
        return self.oddity is None and self.trouble is None

    @property
    def met(self) -> bool:
        """Tell whether somebody was at home."""
        return not self.plain or self.reserve or not happens(ABSENT, self.key, "absent")

    @property
    def agreed(self) -> bool:
        """Tell whether the household agreed to be asked."""
        return self.met and (not self.plain or not happens(REFUSE, self.key, "no"))

    @property
    def minutes(self) -> int:
        """Return how long the phone was at work."""
        return between(13, 24, self.key, "minutes") if self.agreed else between(2, 4, self.key)

    @property
    def stood_at(self) -> Point:
        """Return where the phone was."""
        if self.oddity is Oddity.FAR_AWAY:
            return self.point[0] + 0.075, self.point[1] + 0.035
        return near(self.point, self.key, 0.0042)


def near(point: Point, key: str, reach: float) -> Point:
    """Return a point within `reach` degrees of `point`, nearer ones more often."""
    north, east = (share(key, way) + share(key, way, 2) - 1 for way in ("north", "east"))
    return round(point[0] + north * reach, 6), round(point[1] + east * reach, 6)


def geopoint(point: Point, key: str) -> str:
    """Return a point as a phone writes it, with an altitude and accuracy of the delta."""
    altitude, accuracy = between(1, 5, key, "altitude"), between(32, 148, key, "accuracy") / 10
    return f"{point[0]:.6f} {point[1]:.6f} {altitude}.0 {accuracy}"


def household(interview: Interview) -> Answers:
    """Return what is answered in the household form, photos apart."""
    key = interview.key
    given: dict[str, Answer] = {
        "@start": interview.at.isoformat(),
        "set:end": _ends(interview.at, interview.minutes),
        "visit": interview.visit,
        "hamlet": interview.hamlet,
        "met": "yes" if interview.met else "no",
    }
    if not interview.met:
        why = weighed({"vang": 8, "chuyen_di": 1, "khong_thay": 1}, key, "why")
        return given | {"not_met_why": why, "hh": interview.household, "hh_reserve": "no"}
    if not interview.agreed:
        why = weighed({"khong_muon": 5, "ban": 4, "khong_du_dk": 1}, key, "why")
        return given | {"consent": "no", "refuse_why": why}
    given |= {"consent": "yes", "hh": interview.household, "consent_audio": "no"}
    given["hh_reserve"] = "yes" if interview.reserve else "no"
    given["consent_photo"] = "no" if interview.plain and happens(0.2, key, "photo") else "yes"
    given |= _position(interview) | _people(key) | _told(key)
    received = _received(interview)
    given["received"] = received
    given["needed"] = [name for name in ("tin_dung", "viec_lam") if happens(0.3, key, "n", name)]
    given |= _livelihood(key, received) | _other_support(key, given["p_children"]) | _opinions(key)
    return given | _TROUBLES.get(_trouble(interview) or "", {})


def _ends(start: dt.datetime, minutes: int) -> str:
    return (start + dt.timedelta(minutes=minutes)).isoformat(timespec="milliseconds")


def _position(interview: Interview) -> dict[str, Answer]:
    if interview.plain and happens(NO_POSITION, interview.key, "indoors"):
        return {
            "no_gps": weighed({"trong_nha": 8, "may": 1, "khong_cho": 2}, interview.key, "why not")
        }
    return {"gps": geopoint(interview.stood_at, interview.key)}


def _people(key: str) -> dict[str, Answer]:
    status = {"ngheo": 34, "can_ngheo": 38, "moi_thoat": 18, "tbinh": 10}
    members = between(1, 6, key, "members")
    now = weighed(status, key, "status")
    before = "ngheo" if now == "moi_thoat" else now
    return {
        "p_age": between(24, 82, key, "age"),
        "p_sex": one_of(("nam", "nu", "nu"), key, "sex"),
        "p_minority": "no",
        "p_status": now,
        "p_status_prev": before,
        "p_members": members,
        "p_children": between(0, max(0, members - 1) // 2 + (members > 1), key, "children"),
    }


def _told(key: str) -> dict[str, Answer]:
    ways = {"hop_thon": 0.6, "loa": 0.7, "niem_yet": 0.4, "can_bo": 0.25, "mang": 0.3}
    heard = [way for way, likely in ways.items() if happens(likely, key, way)]
    return {
        "i_channel": heard or ["loa"],
        "i_meeting": "yes" if happens(0.82, key, "meeting") else "dk",
        "i_posted": weighed({"yes": 7, "no": 1, "dk": 2}, key, "posted"),
    }


_SUPPORTS = {
    "sinh_ke": 0.34, "san_xuat": 0.1, "dinh_duong": 0.05, "dao_tao_nghe": 0.07, "viec_lam": 0.06,
    "nha_o": 0.08, "thong_tin": 0.1, "bhyt": 0.82, "tin_dung": 0.3, "giao_duc": 0.25,
    "tien_dien": 0.45,
}  # fmt: skip


def _received(interview: Interview) -> list[str]:
    key, trouble = interview.key, _trouble(interview)
    found = {name for name, likely in _SUPPORTS.items() if happens(likely, key, "got", name)}
    if trouble is not None and trouble in _NEEDS:
        found.add(_NEEDS[trouble])
    if interview.oddity is not None:
        found.add("sinh_ke")
    return [name for name in _SUPPORTS if name in found] or ["khong"]


_MODELS = (
    ("chan_nuoi", "1 con bò cái sinh sản, 2 bao cám"),
    ("chan_nuoi", "100 con gà giống 21 ngày tuổi, 5 bao cám"),
    ("chan_nuoi", "2 con lợn nái hậu bị, thuốc thú y"),
    ("trong_trot", "Giống lạc 25 kg, phân lân 50 kg"),
    ("trong_trot", "Giống khoai tây 200 kg, màng phủ"),
    ("thuy_san", "1.500 con cá giống, vôi xử lý ao"),
    ("nghe", "1 máy may công nghiệp"),
)


def _livelihood(key: str, received: list[str]) -> dict[str, Answer]:
    if not {"sinh_ke", "san_xuat"} & set(received):
        return {}
    kind, item = one_of(_MODELS, key, "model")
    given: dict[str, Answer] = {
        "l_type": kind,
        "l_item": item,
        "l_value": between(24, 180, key, "value") / 10,
        "l_enough": "yes",
        "l_time": weighed({"dung_han": 8, "cham": 2}, key, "time"),
        "l_quality": weighed({"tot": 7, "dat": 3}, key, "quality"),
        "l_trained": "yes",
        "l_paid": 0,
        "l_state": weighed({"tot": 5, "duy_tri": 4, "giam": 1}, key, "state"),
        "l_income": between(0, 30, key, "income") / 10,
        "l_sat": weighed({"3": 2, "4": 5, "5": 3}, key, "l_sat"),
    }
    if {"sinh_ke", "san_xuat"} <= set(received):
        given["l_from"] = "DA2"
    return given


def _other_support(key: str, children: Answer) -> dict[str, Answer]:
    norm = one_of((22, 44), key, "norm")
    return {
        "n_child": children, "n_weigh": "yes", "n_micronut": "yes", "n_sat": "4",
        "v_trade": one_of(("May công nghiệp", "Hàn", "Nấu ăn"), key, "trade"),
        "v_level": "duoi_3t", "v_allow": "yes", "v_cert": "yes",
        "v_job": weighed({"dung_nghe": 5, "khac_nghe": 2, "tu_tao": 2, "chua": 1}, key, "job"),
        "v_sat": "4",
        "ho_work": "xay_moi" if norm == 44 else "sua_chua", "ho_recv": norm, "ho_norm": norm,
        "ho_state": weighed({"xong": 7, "dang": 3}, key, "house"), "ho_3hard": "yes",
        "ho_area": between(32, 64, key, "area"), "ho_sat": "4",
    }  # fmt: skip


_HARD = (
    "Thiếu vốn chăn nuôi.", "Sức khỏe yếu, không làm được việc nặng.", "Con còn đi học.",
    "Ruộng xa nhà, khó tưới.", "Giá thức ăn chăn nuôi cao.", "",
)  # fmt: skip
_WISHES = (
    "Được vay vốn lâu hơn.", "Thêm lớp hướng dẫn kỹ thuật.", "Hỗ trợ sớm trước vụ.",
    "Có việc làm gần nhà.", "",
)  # fmt: skip


def _opinions(key: str) -> dict[str, Answer]:
    likert = {"3": 3, "4": 5, "5": 2}
    given: dict[str, Answer] = {
        name: weighed(likert, key, name)
        for name in ("g_access", "g_benefit", "g_attitude", "g_overall")
    }
    given |= {
        "t_net": "yes" if happens(0.7, key, "net") else "no",
        "t_device": "yes" if happens(0.93, key, "device") else "no",
        "t_speaker": "yes" if happens(0.85, key, "speaker") else "no",
        "g_fee": "no",
        "g_complain": "yes" if happens(0.08, key, "complain") else "no",
        "g_complain_state": "xong",
        "g_others": "yes" if happens(0.12, key, "others") else "no",
    }
    for name, texts in (("g_difficult", _HARD), ("g_propose", _WISHES)):
        if said := one_of(texts, key, name):
            given[name] = said
    return given


def _trouble(interview: Interview) -> str | None:
    """Return which shortcoming, if any, this household tells of: about one in ten."""
    if interview.trouble is not None:
        return interview.trouble
    if interview.oddity is not None or not happens(TROUBLE, interview.key, "shortcoming"):
        return None
    return one_of(tuple(_TROUBLES), interview.key, "which")


_TROUBLES: dict[str, dict[str, Answer]] = {
    "short": {"l_enough": "no", "l_sat": "2"},
    "late": {"l_time": "rat_cham", "l_sat": "2"},
    "dead": {"l_state": "mat", "l_income": 0},
    "untaught": {"l_trained": "no"},
    "charged": {"l_paid": 0.5, "l_paid_ok": "no"},
    "unpaid": {"v_allow": "no"},
    "soft house": {"ho_state": "xong", "ho_3hard": "no"},
    "untold": {"i_channel": ["khong"], "i_posted": "no", "i_meeting": "no"},
    "unhappy": {"g_overall": "2", "g_access": "2"},
    "unheard": {"g_complain": "yes", "g_complain_state": "chua"},
    "outside": {"p_status": "khac", "p_status_prev": "khac"},
}
_NEEDS = {
    **dict.fromkeys(("short", "late", "dead", "untaught", "charged"), "sinh_ke"),
    "unpaid": "dao_tao_nghe",
    "soft house": "nha_o",
    "outside": "bhyt",
}


@dataclass(frozen=True)
class Inspection:
    """One hamlet inspected by a team's leader."""

    key: str
    number: int
    visit: str
    hamlet: str
    label: str
    at: dt.datetime
    point: Point

    @property
    def stood_at(self) -> Point:
        """Return where the phone was: at the hamlet's hall."""
        return near(self.point, self.key, 0.0012)

    @property
    def minutes(self) -> int:
        """Return how long the phone was at work."""
        return between(12, 22, self.key, "minutes")


_HAMLET_TROUBLES: dict[int, dict[str, Answer]] = {
    1: {"h_posted": "no"},
    4: {"h_train": "no"},
    7: {
        "h_missed": "yes",
        "h_missed_txt": "Một hộ già yếu sống một mình chưa được đưa vào danh sách rà soát (mẫu).",
    },
    10: {
        "manual_finding": "yes",
        "count:mf": 1,
        "mf_text": "Sổ theo dõi mô hình của thôn bỏ trống từ đầu năm (mẫu).",
        "mf_project": "DA2",
        "mf_severity": "2",
    },
}


def hamlet(inspection: Inspection) -> Answers:
    """Return what is answered in the hamlet form, photos apart."""
    key = inspection.key
    households = between(120, 320, key, "households")
    poor = between(1, 6, key, "poor")
    given: dict[str, Answer] = {
        "@start": inspection.at.isoformat(),
        "set:end": _ends(inspection.at, inspection.minutes),
        "visit": inspection.visit,
        "hamlet": inspection.hamlet,
        "visit_kind": "dinh_ky",
        "consent": "yes",
        "consent_photo": "yes",
        "consent_audio": "no",
        "gps": geopoint(inspection.stood_at, key),
        "role": weighed({"truong_thon": 7, "bi_thu": 2, "mat_tran": 2}, key, "role"),
        "h_hh": households,
        "h_poor": poor,
        "h_near": between(2, 9, key, "near"),
        "h_esc": between(0, 3, key, "escaped"),
        "h_new": between(0, 1, key, "new"),
        "h_projects": ["DA2", "DA6_2"] if happens(0.6, key, "projects") else ["DA2"],
        "h_meeting": "yes",
        "h_meeting_n": between(1, 3, key, "meetings"),
        "h_select": "yes",
        "h_posted": "yes",
        "h_train": "yes",
        "h_community": "yes" if happens(0.8, key, "board") else "dk",
        "h_missed": "no",
        "h_wrong": "no",
        "h_sat": weighed({"3": 2, "4": 5, "5": 2}, key, "sat"),
        "manual_finding": "no",
    }
    return given | _HAMLET_TROUBLES.get(inspection.number, {})
