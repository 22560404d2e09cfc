"""Refusals about draws. Those of the method itself keep the code and sentences of `sampling`."""

from sampling import SamplingError
from server.problems import Problem


class DrawRefused(Problem):
    """The frame, the design or the seed cannot be used; `kind` is the method's own code."""

    code = "draws.refused"
    status = 422
    message = "{vi}"
    message_en = "{en}"

    @classmethod
    def of(cls, error: SamplingError) -> "DrawRefused":
        """Return the method's refusal as one of ours."""
        return cls(vi=error.vi, en=error.en, kind=error.code)


class LiveDraw(Problem):
    """One draw for one purpose: a second must wait until the first is voided with a reason."""

    code = "draws.live-draw"
    status = 409
    message = (
        "Đợt này đã có lần rút số {number} cho cùng mục đích. "
        "Muốn rút lại phải hủy lần đó, có lý do và người thứ hai phê duyệt."
    )
    message_en = (
        "This round already has draw {number} for the same purpose. "
        "To draw again, void it with a reason and a second person's approval."
    )


class AlreadyDrawn(Problem):
    """A draw takes one seed."""

    code = "draws.already-drawn"
    status = 409
    message = "Lần rút này đã có dãy số và kết quả; không thể nhập dãy số khác."
    message_en = "This draw already has its seed and result; another seed cannot be entered."


class UnknownUnit(Problem):
    """An exclusion names a unit that the list does not have."""

    code = "draws.unknown-unit"
    status = 422
    message = "Mã {codes} không có trong danh sách. Hãy kiểm tra lại các đơn vị loại trừ."
    message_en = "{codes} not in the list. Check the units to be left out."


class ReasonNeeded(Problem):
    """A unit was left out, or a draw voided, without saying why."""

    code = "draws.reason-needed"
    status = 422
    message = "Cần ghi lý do cho: {what}."
    message_en = "Give the reason for: {what_en}."


class SecondPersonNeeded(Problem):
    """Nobody voids a draw alone."""

    code = "draws.second-person"
    status = 422
    message = "Người phê duyệt hủy phải là người khác với người đề nghị."
    message_en = "The person who approves the voiding must be another than who asks for it."


class AlreadyVoid(Problem):
    """What was set aside stays as it was written."""

    code = "draws.already-void"
    status = 409
    message = "Lần rút số {number} đã được hủy trước đó; lý do đã ghi sổ không sửa được."
    message_en = "Draw {number} was voided before; the reason in the register cannot be changed."


class NotDrawn(Problem):
    """There is no result to act on."""

    code = "draws.not-drawn"
    status = 409
    message = "Lần rút này chưa có kết quả hoặc đã hủy."
    message_en = "This draw has no result yet, or is void."


class TooEarly(Problem):
    """A number that is known before its time was not thrown after the commitment."""

    code = "draws.too-early"
    status = 409
    message = (
        "Dãy số chỉ được nhập sau {at} (lúc in cam kết hoặc lúc quay số đã hẹn). "
        "Hãy kiểm tra đồng hồ máy chủ, hoặc đợi đến giờ."
    )
    message_en = (
        "The number may only be entered after {at} (the commitment, or the lottery it names). "
        "Check the server's clock, or wait."
    )


class PlanClosed(Problem):
    """Nothing is drawn for a plan that is closed."""

    code = "draws.plan-closed"
    status = 409
    message = "Kế hoạch đã đóng nên không rút mẫu được nữa."
    message_en = "The plan is closed; nothing more is drawn for it."
