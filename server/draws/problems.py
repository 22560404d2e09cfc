"""Refusals about draws. Those of the method itself keep the code and sentences of `sampling`."""

from collections.abc import Sequence
from typing import Protocol

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


class UnitsMissing(Problem):
    """The list lacks official units of the area, and nobody said why; `units`: (code, name)."""

    units: Sequence[tuple[str, str]] = ()

    code = "draws.units-missing"
    status = 422
    message = (
        "Danh sách thiếu {count} đơn vị của địa bàn theo danh mục chính thức: {units}. "
        "Hãy bổ sung, hoặc ghi lý do không đưa vào; lý do được in trên biên bản."
    )
    message_en = (
        "The list lacks {count} units of the area's official list: {units}. "
        "Add them, or say why they are left out; the reason is printed in the minutes."
    )

    @classmethod
    def of(cls, units: Sequence[tuple[str, str]]) -> "UnitsMissing":
        """Return the refusal of a list that lacks these units."""
        named = ", ".join(f"{name} ({code})" for code, name in units[:5])
        rest = f", … (+{len(units) - 5})" if len(units) > 5 else ""
        refusal = cls(count=len(units), units=named + rest)
        refusal.units = units
        return refusal


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


class NotAgreed(Problem):
    """The second person's password is not theirs; who asks stays signed in."""

    code = "draws.not-agreed"
    status = 422
    message = (
        "Mật khẩu của người phê duyệt không đúng, lần rút chưa hủy. Hãy để chính người đó nhập lại."
    )
    message_en = (
        "The approver's password is wrong; the draw was not voided. Let that person type it again."
    )


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


class OneDigitOnly(Problem):
    """Dice that show one face all the time were not thrown, or not read."""

    code = "draws.one-digit-only"
    status = 422
    message = (
        "Dãy số chỉ gồm chữ số {digit} lặp lại. Hãy gieo lại trước mặt người chứng kiến "
        "và chép từng lần gieo."
    )
    message_en = (
        "The number is the digit {digit} repeated. Throw again before the witnesses "
        "and write down every throw."
    )


class SeedUsed(Problem):
    """Each draw has its own dice: a number read for another draw may have been chosen for this."""

    code = "draws.seed-used"
    status = 422
    message = (
        "Dãy số này đã dùng cho một lần rút khác. Mỗi lần rút có dãy số riêng: "
        "hãy gieo mới trước mặt người chứng kiến."
    )
    message_en = (
        "This number was already used for another draw. Each draw has its own: "
        "throw anew before the witnesses."
    )


class NotInUse(Problem):
    """The stage above did not draw this unit, or replaced it since."""

    code = "draws.not-in-use"
    status = 409
    message = (
        "Đơn vị {unit} không nằm trong kết quả đang dùng của bậc trước. "
        "Hãy rút bậc trước, hoặc chọn đơn vị khác."
    )
    message_en = (
        "Unit {unit} is not in the result in use of the stage above. "
        "Draw that stage first, or choose another unit."
    )


class Overlapping(Problem):
    """A whole area and a part of it cannot both be drawn from: one could pick the better."""

    code = "draws.overlapping"
    status = 409
    message = (
        "Đợt này đã có lần rút số {number} trên địa bàn chồng lên địa bàn này. "
        "Muốn rút cách khác phải hủy lần đó, có lý do và người thứ hai phê duyệt."
    )
    message_en = (
        "This round already has draw {number} over an area that overlaps this one. "
        "To draw otherwise, void it with a reason and a second person's approval."
    )


class CodeElsewhere(Problem):
    """A household's code is in use for a household of another hamlet."""

    code = "draws.code-elsewhere"
    status = 422
    message = "Mã hộ {codes} đã dùng cho hộ ở thôn khác. Hãy sửa mã trong danh sách."
    message_en = "Household codes {codes} belong to households of another hamlet. Mend the list."


class Sealed(Problem):
    """The hash is public; what it hides is not yet."""

    code = "draws.sealed"
    status = 403
    message = (
        "Kết quả đang được niêm phong hoặc chưa đến ngày công bố ({day}). "
        "Mã băm đã công khai; gói kiểm chứng có sau khi mở."
    )
    message_en = (
        "The result is sealed or not to be shown before its day ({day}). "
        "Its hash is public; the package follows when it is opened."
    )


class NotSealed(Problem):
    """There is nothing to open."""

    code = "draws.not-sealed"
    status = 409
    message = "Lần rút này không niêm phong, hoặc đã mở."
    message_en = "This draw is not sealed, or was opened."


class AttemptsNeeded(Problem):
    """Absence is proven by two attempts at different times, after the draw and not to come."""

    code = "draws.attempts-needed"
    status = 422
    message = (
        "Vắng nhà cần ít nhất {need} lần đến, cách nhau từ {hours} giờ, sau lúc rút mẫu và "
        "trước lúc này. Lý do khác cần ít nhất một lần đến."
    )
    message_en = (
        "Absence needs at least {need} attempts, {hours} hours or more apart, after the draw and "
        "before now. Other reasons need at least one attempt."
    )


class EvidenceNeeded(Problem):
    """A time alone shows nothing: a form tells of the attempt, or somebody describes what was."""

    code = "draws.evidence-needed"
    status = 422
    message = (
        "Lý do này cần minh chứng: phiếu ghi lần đến, hoặc mô tả từ {least} chữ trở lên: "
        "ai xác nhận, thấy gì, số biên bản hoặc ảnh nào."
    )
    message_en = (
        "This reason needs evidence: a form that tells of the attempt, or a description of "
        "{least} characters or more: who confirms it, what was seen, which minutes or photo."
    )


class ReplacementRefused(Problem):
    """The method does not allow it: e.g. no reserve is left, or the unit is not in use."""

    code = "draws.replacement-refused"
    status = 409
    message = "{vi}"
    message_en = "{en}"

    @classmethod
    def of(cls, error: SamplingError) -> "ReplacementRefused":
        """Return the method's refusal as one of ours."""
        return cls(vi=error.vi, en=error.en, kind=error.code)


class OutOfOrder(Problem):
    """Reserves are used in the order drawn."""

    code = "draws.out-of-order"
    status = 409
    message = "Dự phòng chỉ được dùng theo thứ tự: kế tiếp là {following}, không phải {asked}."
    message_en = "Reserves are used in their order: next is {following}, not {asked}."


class AlreadyAsked(Problem):
    """One replacement for one unit."""

    code = "draws.already-asked"
    status = 409
    message = "Đơn vị {unit} đã có đề nghị thay thế."
    message_en = "A replacement of unit {unit} was asked for already."


class AlreadyDecided(Problem):
    """A decision stands."""

    code = "draws.already-decided"
    status = 409
    message = "Đề nghị này đã được quyết định; quyết định đã ghi sổ không sửa được."
    message_en = "This request was decided; what is in the register cannot be changed."


class OwnRequest(Problem):
    """Nobody approves what they asked for."""

    code = "draws.own-request"
    status = 422
    message = "Người phê duyệt thay thế phải là người khác với người đề nghị."
    message_en = "Who approves a replacement must be another than who asked for it."


class Said(Protocol):
    """A sentence in the reader's language."""

    def text(self, language: str) -> str:
        """Return the sentence in a language."""
        ...


class BadList(Problem):
    """A list that cannot be used; `mistakes` says of every row what is wrong."""

    mistakes: Sequence[Said] = ()

    code = "draws.bad-list"
    status = 422
    message = "Danh sách có {count} chỗ cần sửa. {first}"
    message_en = "The list has {count} mistakes to mend. {first_en}"
