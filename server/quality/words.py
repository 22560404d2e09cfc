"""How verdicts and checks are named to people: (Vietnamese, English)."""

from server.quality.checks import Mark
from server.submissions.models import VisitVerdict

VERDICTS: dict[VisitVerdict, tuple[str, str, str, str]] = {
    VisitVerdict.DOUBT: ("Có điều cần xem", "Worth a look", "wait", "exclamation-triangle"),
    VisitVerdict.MISSING: ("Chưa đủ dữ liệu", "Too little known", "muted", "dash-circle"),
    VisitVerdict.CLEAR: ("Khớp", "As planned", "good", "check-circle"),
}
"""The third word is the tone in which pages show it, the fourth its picture."""

MARKS: dict[Mark, tuple[str, str, str, str]] = {
    Mark.PASS: ("Khớp", "As planned", "good", "check-circle"),
    Mark.DOUBT: ("Cần xem", "Worth a look", "wait", "exclamation-triangle"),
    Mark.MISSING: ("Thiếu dữ liệu", "Not known", "muted", "dash-circle"),
}

CHECKS: dict[str, tuple[str, str]] = {
    "place": ("Đúng nơi", "At the place"),
    "boundary": ("Trong địa giới xã", "Within the commune's border"),
    "accuracy": ("Tọa độ tin được", "A sound position"),
    "window": ("Trong ngày của lượt", "Within the visit's days"),
    "duration": ("Thời gian hỏi", "Time taken"),
    "clock": ("Đồng hồ máy", "The phone's clock"),
}

WHY: dict[tuple[str, str], tuple[str, str]] = {
    ("place", "no-point"): ("phiếu không có tọa độ", "the form has no position"),
    ("place", "no-place"): (
        "chưa biết tọa độ thôn hay xã để so; hãy bổ sung danh sách thôn",
        "no point of hamlet or commune to compare with; add it to the hamlet list",
    ),
    ("place", "near"): (
        "cách điểm {place} {distance_m}, bán kính {radius_m}",
        "{distance_m} from the point of the {place}, radius {radius_m}",
    ),
    ("place", "far"): (
        "cách điểm {place} {distance_m}, bán kính {radius_m}",
        "{distance_m} from the point of the {place}, radius {radius_m}",
    ),
    ("boundary", "inside"): ("trong địa giới {commune}", "within the border of {commune}"),
    ("boundary", "at-border"): (
        "sát địa giới {commune}, ngoài đường ranh {outside_m}",
        "at the border of {commune}, {outside_m} beyond it",
    ),
    ("boundary", "outside"): (
        "ngoài địa giới {commune}, cách {outside_m}",
        "outside {commune}, {outside_m} from its border",
    ),
    ("accuracy", "no-point"): ("phiếu không có tọa độ", "the form has no position"),
    ("accuracy", "no-accuracy"): (
        "máy không ghi sai số", "the phone gave no error of the position"
    ),
    ("accuracy", "mock"): (
        "sai số 0 m: ODK Collect ghi như vậy khi tọa độ do ứng dụng giả lập đưa ra",
        "error 0 m: ODK Collect writes this for a point made up by a mock-location app",
    ),
    ("accuracy", "vague"): ("sai số {error_m}, quá {most_m}", "error {error_m}, over {most_m}"),
    ("accuracy", "sharp"): ("sai số {error_m}", "error {error_m}"),
    ("window", "no-start"): ("phiếu không ghi lúc bắt đầu", "the form has no start time"),
    ("window", "no-days"): (
        "phiếu không gắn với lượt nào có ngày", "the form belongs to no visit with days"
    ),
    ("window", "within"): (
        "làm ngày {day_on}, lượt {first_on} – {last_on}",
        "done {day_on}, visit {first_on} – {last_on}",
    ),
    ("window", "early"): (
        "làm ngày {day_on}, sớm {days} ngày so với lượt {first_on} – {last_on}",
        "done {day_on}, {days} day(s) before the visit {first_on} – {last_on}",
    ),
    ("window", "late"): (
        "làm ngày {day_on}, muộn {days} ngày so với lượt {first_on} – {last_on}",
        "done {day_on}, {days} day(s) after the visit {first_on} – {last_on}",
    ),
    ("duration", "no-times"): (
        "phiếu không ghi đủ lúc bắt đầu và kết thúc", "the form lacks its start or end"
    ),
    ("duration", "backwards"): (
        "kết thúc trước khi bắt đầu {took_s}: đồng hồ máy đã bị chỉnh",
        "ended {took_s} before it began: the clock was moved",
    ),
    ("duration", "very-long"): (
        "mở trong {took_s}, quá {most_s}",
        "open for {took_s}, over {most_s}",
    ),
    ("duration", "very-short"): (
        "{took_s} cho {answered} câu trả lời, ít nhất phải {least_s}",
        "{took_s} for {answered} answers, at least {least_s} expected",
    ),
    ("duration", "long-enough"): (
        "{took_s} cho {answered} câu trả lời",
        "{took_s} for {answered} answers",
    ),
    ("clock", "no-times"): ("phiếu không ghi lúc kết thúc", "the form has no end time"),
    ("clock", "ahead"): (
        "kết thúc sau khi máy chủ đã nhận {way_s}: đồng hồ máy chạy nhanh",
        "ended {way_s} after it arrived: the phone's clock is ahead",
    ),
    ("clock", "long-way"): (
        "nhận sau khi kết thúc {way_s}, quá {days} ngày: không rõ gửi muộn hay đồng hồ chậm",
        "arrived {way_s} after its end, over {days} days: sent late, or a clock that is behind",
    ),
    ("clock", "in-step"): (
        "máy chủ nhận sau khi kết thúc {way_s}",
        "arrived {way_s} after its end",
    ),
}  # fmt: skip
"""Why a check says what it says; the braces are its numbers as people read them."""

PLACES: dict[str, tuple[str, str]] = {"hamlet": ("thôn", "hamlet"), "commune": ("xã", "commune")}
