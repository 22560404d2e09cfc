"""The journal's verbs as people read them: (Vietnamese, English)."""

VERBS: dict[str, tuple[str, str]] = {
    "submission.received": ("Nhận phiếu từ điện thoại", "Received from the phone"),
    "submission.files-received": ("Nhận thêm tệp", "More files received"),
    "submission.linked": ("Gắn với lượt và địa bàn", "Linked to visit and place"),
    "submission.held": ("Giữ riêng chờ xử lý", "Held for the office"),
    "submission.reviewed": ("Xét duyệt phiếu", "Reviewed"),
    "held.ingested": ("Nhận phiếu bị giữ", "Held submission taken in"),
    "held.dismissed": ("Gác lại phiếu bị giữ", "Held submission put aside"),
    "finding.raised": ("Luật của biểu mẫu nêu phát hiện", "Raised by the form's rules"),
    "finding.raised-by-hand": ("Nêu phát hiện bằng tay", "Finding raised by hand"),
    "finding.settled": ("Kết luận phát hiện", "Finding settled"),
    "form.uploaded": ("Tải tệp biểu mẫu lên", "Workbook uploaded"),
    "form.file-added": ("Thêm tệp kèm biểu mẫu", "File added to the form"),
    "form.published": ("Phát hành biểu mẫu", "Form published"),
    "form.state-set": ("Đổi trạng thái biểu mẫu", "State of the form changed"),
    "plan.added": ("Lập kế hoạch", "Plan added"),
    "round.added": ("Thêm đợt", "Round added"),
    "visit.added": ("Thêm lượt giám sát", "Visit added"),
    "visit.changed": ("Đổi đoàn, ngày hoặc trạng thái", "Team, days or state changed"),
    "visit.notified": ("Ghi đã thông báo cho đơn vị", "Notice recorded"),
    "visit.decided": ("Ghi quyết định kiểm tra", "Decision recorded"),
    "team.added": ("Thêm đoàn", "Team added"),
    "team.member-added": ("Thêm thành viên đoàn", "Member added"),
    "team.member-removed": ("Đưa thành viên ra khỏi đoàn", "Member removed"),
    "phone.issued": ("Cấp mã điện thoại", "Phone key issued"),
    "phone.revoked": ("Thu hồi mã điện thoại", "Phone key revoked"),
    "person.added": ("Thêm cán bộ", "Person added"),
    "person.granted": ("Giao vai trò", "Role given"),
    "person.ungranted": ("Thu vai trò", "Role taken back"),
    "person.password-set": ("Đặt mật khẩu mới", "New password set"),
    "person.activated": ("Mở lại tài khoản", "Account opened again"),
    "person.deactivated": ("Khóa tài khoản", "Account locked"),
    "person.signed-in": ("Đăng nhập", "Signed in"),
    "hamlets.imported": ("Nhập danh sách thôn", "Hamlets imported"),
    "households.added": ("Thêm hộ vào mẫu", "Households added"),
}


def verb(code: str) -> tuple[str, str]:
    """Return what a verb says; one without words here stands for itself.

    >>> verb("finding.settled")[1], verb("new.thing")[0]
    ('Finding settled', 'new.thing')
    """
    return VERBS.get(code, (code, code))
