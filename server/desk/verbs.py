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
    "entity-list.added": ("Tạo danh sách trên máy", "List for phones added"),
    "entity-list.changed": ("Đổi cách phát danh sách", "Delivery of a list changed"),
    "entity-list.property-added": ("Thêm thuộc tính vào danh sách", "Property added to a list"),
    "entity.created": ("Thêm dòng vào danh sách", "Row added to a list"),
    "entity.updated": ("Sửa dòng của danh sách", "Row of a list changed"),
    "entity.deleted": ("Xóa dòng của danh sách", "Row of a list deleted"),
    "entity.restored": ("Khôi phục dòng", "Row restored"),
    "entity.resolved": ("Kết thúc xung đột của dòng", "Row's conflict settled"),
    "entity.assigned": ("Giao dòng cho đoàn, người", "Rows given to a team or person"),
    "entity.held": ("Giữ lần sửa chờ phiếu trước", "Change held for the form before it"),
    "entity.awaiting": ("Dòng mới chờ duyệt phiếu", "New row waits for approval"),
    "entity.failed": ("Không ghi được vào danh sách", "A form's change could not be done"),
    "entity.forced": ("Ghi khi chưa có lần sửa trước", "Change done without the one before"),
    "entity.retried": ("Làm lại yêu cầu của phiếu", "A form's request tried again"),
    "entity.dismissed": ("Gác lại yêu cầu của phiếu", "A form's request put aside"),
    "entities.imported": ("Nộp tệp vào danh sách", "Table read into a list"),
    "hamlets.imported": ("Nhập danh sách thôn", "Hamlets imported"),
    "households.added": ("Thêm hộ vào mẫu", "Households added"),
}


def verb(code: str) -> tuple[str, str]:
    """Return what a verb says; one without words here stands for itself.

    >>> verb("finding.settled")[1], verb("new.thing")[0]
    ('Finding settled', 'new.thing')
    """
    return VERBS.get(code, (code, code))
