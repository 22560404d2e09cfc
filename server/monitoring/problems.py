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


class PlanClosed(Problem):
    """A closed plan is only read."""

    code = "monitoring.plan-closed"
    status = 409
    message = "Kế hoạch đã đóng, chỉ còn để xem. Muốn sửa thì mở lại kế hoạch trước."
    message_en = "The plan is closed and can only be read. Open it again to change it."


class BadParent(Problem):
    """The plan above cannot be the one chosen."""

    code = "monitoring.bad-parent"
    status = 422
    message = (
        "Kế hoạch cấp trên phải bao trùm địa bàn của kế hoạch này và không phải chính nó "
        "hay kế hoạch đang thực hiện nó."
    )
    message_en = (
        "The plan above must reach over this plan's whole area, and be neither this plan nor one "
        "that carries it out."
    )


class KindFixed(Problem):
    """Visits have begun under the rules of the round's kind."""

    code = "monitoring.kind-fixed"
    status = 409
    message = "Đợt đã có lượt bắt đầu nên không đổi giữa định kỳ và đột xuất được nữa."
    message_en = (
        "A visit of this round has begun: it cannot change between periodic and unannounced."
    )


class UnknownDocument(Problem):
    """Files are kept only of kinds that offices use, and not too large."""

    code = "monitoring.unknown-document"
    status = 422
    message = (
        "Không nhận tệp {file}: chỉ nhận PDF, ảnh JPG/PNG, Word, Excel, "
        "mỗi tệp tối đa {megabytes} MB."
    )
    message_en = "File {file} is not taken: PDF, JPG/PNG, Word, Excel only, {megabytes} MB at most."


class NoSuchRow(Problem):
    """The programme's catalogue has no such table or row."""

    code = "monitoring.no-such-row"
    status = 422
    message = "Danh mục của chương trình không có {what}."
    message_en = "The programme's catalogue has no {what}."


class NothingSeen(Problem):
    """A value can only be accepted when there is one."""

    code = "monitoring.nothing-seen"
    status = 409
    message = "Dòng này chưa có số liệu kiểm tra thực tế để kết luận."
    message_en = "Nothing was seen for this row yet, so there is nothing to judge."


class BadSessionTime(Problem):
    """A working session ends after it starts."""

    code = "monitoring.bad-session-time"
    status = 422
    message = "Giờ kết thúc phải sau giờ bắt đầu."
    message_en = "The end must be after the start."


class ProgrammeTwice(Problem):
    """A catalogue was loaded under a new code whose name holds on the same days already."""

    code = "monitoring.programme-twice"
    status = 409
    message = (
        "Đã có chương trình cùng tên “{name}” với thời gian hiệu lực chồng lên (mã {others}). Nếu "
        "{programme} thay chương trình đó thì dùng lại mã cũ hoặc sửa ngày hiệu lực; nếu đúng là "
        "hai chương trình thì xác nhận khi nạp."
    )
    message_en = (
        "There is a programme of the same name, “{name}”, valid on some of the same days "
        "({others}). If {programme} takes its place, use its code or mend the days; if they are "
        "two programmes, confirm that when loading."
    )


class ProgrammeInUse(Problem):
    """Plans and findings stand on a programme's catalogue: it does not change under them."""

    code = "monitoring.programme-in-use"
    status = 409
    message = (
        "Chương trình {programme} đã có với nội dung khác và đang có kế hoạch dùng. "
        "Hãy đặt mã chương trình khác cho danh mục mới."
    )
    message_en = (
        "Programme {programme} is held with other content and plans use it. "
        "Give the new catalogue another programme id."
    )


class CatalogueMistakes(Problem):
    """A catalogue with mistakes is not stored."""

    code = "monitoring.catalogue-mistakes"
    status = 422
    message = "Danh mục có {count} lỗi, chưa nạp gì."
    message_en = "The catalogue has {count} mistakes; nothing was loaded."
