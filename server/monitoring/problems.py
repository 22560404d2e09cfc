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
