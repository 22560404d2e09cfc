"""How filled forms and what is odd about them are named to people: (Vietnamese, English)."""

from server.submissions.models import Decision, HeldState, ReviewState

STATES: dict[ReviewState, tuple[str, str]] = {
    ReviewState.RECEIVED: ("Mới nhận", "Received"),
    ReviewState.EDITED: ("Đã sửa", "Edited"),
    ReviewState.HAS_ISSUES: ("Có vấn đề", "Has issues"),
    ReviewState.REJECTED: ("Không chấp nhận", "Rejected"),
    ReviewState.APPROVED: ("Đã duyệt", "Approved"),
}

DECISIONS: dict[Decision, tuple[str, str]] = {
    Decision.APPROVE: ("duyệt", "approved it"),
    Decision.HAS_ISSUES: ("ghi là có vấn đề", "noted issues"),
    Decision.REJECT: ("không chấp nhận", "rejected it"),
    Decision.RETURN: ("trả lại máy để sửa", "returned it to the phone"),
    Decision.TAKE_BACK: ("thôi trả lại máy", "took the return back"),
}
"""As the end of a sentence that begins with who decided."""

LEVELS: dict[int, tuple[str, str]] = {
    1: ("Trưởng đoàn", "Team leader"),
    2: ("Người duyệt", "Reviewer"),
}

HELD_STATES: dict[HeldState, tuple[str, str, str]] = {
    HeldState.WAITING: ("Chờ xử lý", "Waiting", "wait"),
    HeldState.INGESTED: ("Đã nhận vào", "Taken in", "good"),
    HeldState.DISMISSED: ("Đã gác lại", "Put aside", "muted"),
}
"""The third word is the tone in which pages show it."""

ODDITIES: dict[str, tuple[str, str]] = {
    "not-in-form": ("Câu này không có trong biểu mẫu", "The form has no such question"),
    "given-twice": ("Câu này có hai câu trả lời", "The question is answered twice"),
    "has-parts": ("Câu trả lời có phần lồng bên trong", "The answer has parts inside"),
    "unknown-choice": ("Giá trị không có trong danh sách", "The value is not on the list"),
    "too-long": ("Giá trị dài bất thường", "The value is unusually long"),
    "too-large": ("Số lớn bất thường", "The number is unusually large"),
    "not-whole": ("Cần số nguyên", "A whole number was expected"),
    "not-a-number": ("Không phải là số", "Not a number"),
    "not-a-point": ("Không phải là tọa độ", "Not a position"),
    "not-on-earth": ("Tọa độ ngoài phạm vi Trái Đất", "The position is not on Earth"),
    "not-a-date": ("Không phải là ngày", "Not a date"),
    "no-such-date": ("Ngày không có trên lịch", "There is no such date"),
    "not-a-time": ("Không phải là giờ", "Not a time"),
    "no-such-time": ("Giờ không có thật", "There is no such time"),
    "not-a-moment": ("Không phải là ngày giờ", "Not a date with time"),
    "no-such-moment": ("Ngày giờ không có thật", "There is no such date and time"),
}

REASONS: dict[str, tuple[str, str]] = {
    "submissions.unreadable": ("Không đọc được phiếu", "Unreadable form"),
    "xml.unreadable": ("XML không đọc được", "Unreadable XML"),
    "submissions.no-instance-id": ("Phiếu không có mã riêng", "No instanceID"),
    "submissions.instance-conflict": (
        "Cùng mã phiếu, nội dung khác",
        "Same instanceID, other content",
    ),
    "submissions.other-file": ("Cùng tên tệp, nội dung khác", "Same file name, other content"),
    "submissions.file-cleared": ("Tệp đã gỡ khỏi phiếu", "File taken off its record"),
    "submissions.plan-closed": ("Kế hoạch đã đóng", "The plan is closed"),
    "submissions.edit-awaits-original": ("Bản sửa đến trước bản gốc", "Edit before its original"),
    "submissions.edit-outdated": ("Bản gốc đã được sửa từ nơi khác", "Another edit came first"),
    "submissions.edit-of-another-form": ("Sửa phiếu của biểu mẫu khác", "Edit of another form"),
    "submissions.edit-of-another-plan": ("Sửa phiếu của kế hoạch khác", "Edit of another plan"),
    "surveys.unknown-form": ("Không có biểu mẫu hoặc phiên bản này", "Unknown form or version"),
    "surveys.form-closed": ("Biểu mẫu đã đóng", "The form is closed"),
}


def oddity(code: str) -> tuple[str, str]:
    """Return what a code of an oddity means; an unknown one stands for itself.

    >>> oddity("not-a-date")[0], oddity("new-kind")[0]
    ('Không phải là ngày', 'new-kind')
    """
    return ODDITIES.get(code, (code, code))


def reason(code: str) -> tuple[str, str]:
    """Return why something was held, in words."""
    return REASONS.get(code, (code, code))


TODO: dict[str, tuple[str, str]] = {
    "submissions.instance-conflict": (
        "So hai bản dưới đây, hỏi lại người gửi nếu cần. Bản đang có đúng thì gác lại bản này.",
        "Compare the two below and ask the sender if need be. Put this one aside if ours is right.",
    ),
    "submissions.other-file": (
        "Tải tệp này về so với tệp đang có, rồi gác lại.",
        "Download this file, compare it with the one we have, then put it aside.",
    ),
    "submissions.file-cleared": (
        "Gác lại nếu gỡ đúng. Gỡ nhầm thì tải tệp về rồi gửi lại vào phiếu.",
        "Put it aside if it was rightly taken off; else download it and send it to the record.",
    ),
    "submissions.plan-closed": (
        "Mở lại kế hoạch, rồi bấm nhận vào.",
        "Open the plan again, then take it in.",
    ),
    "submissions.edit-awaits-original": (
        "Bản này tự được nhận khi bản gốc đến. Chỉ bấm nhận vào, thành phiếu riêng, khi bản gốc "
        "không bao giờ đến nữa.",
        "It is taken in by itself when its original comes. Take it in, as a record of its own, "
        "only if the original will never come.",
    ),
    "submissions.edit-outdated": (
        "So với bản đang có, hỏi người gửi; cần thì trả phiếu lại máy để sửa tiếp từ bản mới nhất, "
        "rồi gác lại bản này.",
        "Compare it with the record and ask the sender; if need be return the record to be edited "
        "again from its newest content, then put this one aside.",
    ),
    "surveys.unknown-form": (
        "Phát hành đúng biểu mẫu và phiên bản này trong kế hoạch, rồi bấm nhận vào.",
        "Publish this form in this version in the plan, then take it in.",
    ),
    "surveys.form-closed": (
        "Mở lại biểu mẫu, rồi bấm nhận vào.",
        "Open the form again, then take it in.",
    ),
}
_UNREADABLE = (
    "Nội dung không thể thành phiếu. Đọc phần còn lại, liên hệ người gửi, rồi gác lại.",
    "This cannot become a submission. Read what is left, ask the sender, then put it aside.",
)


def todo(code: str) -> tuple[str, str]:
    """Return what the office does about something held."""
    return TODO.get(code, _UNREADABLE)
