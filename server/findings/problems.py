"""Refusals about findings."""

from server.problems import Problem


class AlreadySettled(Problem):
    """Somebody has decided on this finding before."""

    code = "findings.already-settled"
    status = 409
    message = "Phát hiện số {finding_id} đã được {reviewer} kết luận trước đó. Hãy tải lại trang."
    message_en = "Finding {finding_id} was already settled by {reviewer}. Reload the page."


class ReasonNeeded(Problem):
    """A finding was rejected without saying why."""

    code = "findings.reason-needed"
    status = 422
    message = "Hãy ghi lý do bác bỏ phát hiện."
    message_en = "Give the reason for rejecting the finding."


class UnknownDecision(Problem):
    """Neither confirmed nor rejected was chosen."""

    code = "findings.unknown-decision"
    status = 422
    message = "Hãy chọn xác nhận hoặc bác bỏ phát hiện."
    message_en = "Choose to confirm or to reject the finding."
