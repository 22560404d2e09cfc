"""The refusals of filled forms."""

from server.problems import Problem


class UnreadableInstance(Problem):
    """The XML is not a filled form: it names no form."""

    code = "submissions.unreadable"
    message = "Không đọc được phiếu: {reason}. Hãy giữ phiếu trên máy và báo cho điều phối viên."
    message_en = "The form cannot be read: {reason_en}. Keep it and tell the coordinator."

    def __init__(self, reason: str, reason_en: str) -> None:
        super().__init__(reason=reason, reason_en=reason_en)


class MissingInstanceId(Problem):
    """Without an instanceID a second sending could not be told from a second form."""

    code = "submissions.no-instance-id"
    message = (
        "Phiếu không có mã riêng (instanceID) nên máy chủ không thể nhận. "
        "Hãy tải lại biểu mẫu mới nhất và báo cho điều phối viên."
    )
    message_en = (
        "The form carries no instanceID, so it cannot be taken. "
        "Fetch the latest blank form and tell the coordinator."
    )
