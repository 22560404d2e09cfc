"""Refusals about plans, rounds and visits."""

from server.problems import Problem


class OutsidePlan(Problem):
    """The unit is not in the plan's area, or of another edition of the code list."""

    code = "monitoring.outside-plan"
    status = 422
    message = "Đơn vị mã {code} không thuộc địa bàn của kế hoạch này."
    message_en = "Unit {code} does not lie in this plan's area."


class AlreadyVisited(Problem):
    """A round visits a commune once."""

    code = "monitoring.already-visited"
    status = 409
    message = "Đợt này đã có lượt giám sát tại đơn vị mã {code}."
    message_en = "This round already has a visit to unit {code}."


class RoundCodeTaken(Problem):
    """Two rounds of a plan cannot share a code: visits are named after it."""

    code = "monitoring.round-code-taken"
    status = 409
    message = "Kế hoạch đã có đợt mang mã {round_code}. Hãy dùng mã khác."
    message_en = "The plan already has a round with code {round_code}. Use another."


class NoticeNeeded(Problem):
    """A periodic visit may not start before the unit was told (thông báo trước)."""

    code = "monitoring.notice-needed"
    status = 409
    message = (
        "Đợt định kỳ phải thông báo trước cho đơn vị. Hãy ghi ngày gửi thông báo, rồi bắt đầu."
    )
    message_en = (
        "A periodic visit needs a notice first. Record the day it was sent, then start the visit."
    )


class DecisionNeeded(Problem):
    """An unannounced visit rests on the head's decision instead of a notice."""

    code = "monitoring.decision-needed"
    status = 409
    message = "Đợt đột xuất cần số quyết định của người đứng đầu. Hãy ghi số, rồi bắt đầu."
    message_en = "An unannounced visit needs the head's decision number. Record it, then start."


class NoSuchMove(Problem):
    """A visit does not go from its state to that one."""

    code = "monitoring.no-such-move"
    status = 409
    message = "Lượt giám sát đã được người khác đổi trạng thái. Hãy tải lại trang."
    message_en = "Somebody has changed the state of this visit. Reload the page."
