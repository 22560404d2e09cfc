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


class StepRefused(Problem):
    """A step in the life of a finding that cannot be taken; `field` names what to mend."""

    code = "findings.step-refused"
    status = 422
    field = ""


class WrongOrder(StepRefused):
    """The finding is in a state from which this step does not lead."""

    code = "findings.wrong-order"
    status = 409
    message = "Không thể {step} khi phát hiện “{state}”. Hãy tải lại trang."
    message_en = "One cannot {step_en} while the finding is “{state_en}”. Reload the page."


class NothingToRemedy(StepRefused):
    """What deserves praise was to be assigned, or a shortcoming to be praised."""

    code = "findings.nothing-to-remedy"
    status = 409
    message = "Điểm tích cực chỉ biểu dương, không giao khắc phục; tồn tại thì không biểu dương."
    message_en = "A positive note is commended and never assigned; a shortcoming is not commended."


class SamePerson(StepRefused):
    """Who remedied, or reported the remedy, was to judge it."""

    code = "findings.same-person"
    status = 403
    message = "Người đã khắc phục hoặc báo cáo khắc phục không được tự kiểm tra hay đóng phát hiện."
    message_en = "Whoever remedied the finding or reported it done may neither check nor close it."


class OnlyPerson(StepRefused):
    """One person alone was to carry a finding from its assignment to its end."""

    code = "findings.only-person"
    status = 403
    message = "Phát hiện này từ khi giao đến khi kiểm tra chỉ do bạn làm: người thứ hai phải đóng."
    message_en = "You alone assigned and checked this finding: a second person has to close it."


class AskedYourself(StepRefused):
    """Who asked for more time was to grant or decline it."""

    code = "findings.asked-yourself"
    status = 403
    message = "Người đã ghi đề nghị gia hạn không được tự trả lời đề nghị đó."
    message_en = "Whoever asked for more time may not answer the request."


class TimeAsked(StepRefused):
    """The unit asks for more time while an earlier request waits."""

    code = "findings.time-asked"
    status = 409
    message = "Đã có đề nghị gia hạn đến {day} đang chờ trả lời."
    message_en = "A request for more time, until {day}, waits for an answer."


class NoTimeAsked(StepRefused):
    """A request for more time was to be declined, and none waits."""

    code = "findings.no-time-asked"
    status = 409
    message = "Không có đề nghị gia hạn nào đang chờ. Hãy tải lại trang."
    message_en = "No request for more time waits. Reload the page."


class NotDone(StepRefused):
    """The finding was to be closed though the check shows that it is not remedied."""

    code = "findings.not-done"
    status = 409
    message = "Lần kiểm tra gần nhất chưa đạt; chỉ được gia hạn hoặc mở lại."
    message_en = "The latest check was not satisfied; extend or reopen the finding instead."


class DeadlinePassed(StepRefused):
    """The deadline lies before today, or too far ahead to be meant."""

    code = "findings.deadline-passed"
    field = "due_on"
    message = (
        "Hạn {day} không dùng được: hạn phải từ ngày {first} đến ngày {last} "
        "(không quá một năm sau khi đợt, kế hoạch kết thúc)."
    )
    message_en = (
        "The deadline {day} cannot be used: it must be from {first} to {last} "
        "(not more than a year after the round or plan ends)."
    )


class DayNeeded(StepRefused):
    """No deadline was given, or what was given is no day."""

    code = "findings.day-needed"
    field = "due_on"
    message = "Hãy nhập hạn khắc phục."
    message_en = "Enter the deadline."


class NoteNeeded(StepRefused):
    """A step was to be taken without saying why, or what was done."""

    code = "findings.note-needed"
    field = "note"
    message = "Hãy ghi rõ lý do hoặc nội dung."
    message_en = "Say why, or what was done."


class UnitNeeded(StepRefused):
    """No responsible unit was named."""

    code = "findings.unit-needed"
    field = "responsible"
    message = "Hãy ghi đơn vị chịu trách nhiệm khắc phục."
    message_en = "Name the unit responsible for the remedy."


class DocumentNeeded(StepRefused):
    """A step that goes by a paper was to be taken without its number."""

    code = "findings.document-needed"
    field = "document"
    message = "Hãy ghi số, ký hiệu văn bản."
    message_en = "Give the number of the document."


class NotHigher(StepRefused):
    """A finding was to be transferred to a level that is not above the one it has."""

    code = "findings.not-higher"
    field = "level"
    message = "Chỉ chuyển lên cấp cao hơn cấp đang chịu trách nhiệm."
    message_en = "A finding is transferred only to a level above the one responsible now."


class EvidenceNeeded(StepRefused):
    """A remedy was reported without evidence."""

    code = "findings.evidence-needed"
    field = "evidence"
    message = "Hãy gửi kèm ít nhất một ảnh hoặc tệp PDF làm bằng chứng."
    message_en = "Attach at least one photo or PDF as evidence."


class WrongEvidence(StepRefused):
    """A file is none of the kinds that count as evidence, or is broken."""

    code = "findings.wrong-evidence"
    field = "evidence"
    message = "Tệp “{name}” không dùng được: chỉ nhận ảnh JPEG, PNG, WebP hoặc PDF còn nguyên vẹn."
    message_en = "The file “{name}” cannot be used: only whole JPEG, PNG, WebP or PDF files."


class EvidenceTooLarge(StepRefused):
    """A file is too large, or there are too many."""

    code = "findings.evidence-too-large"
    status = 413
    field = "evidence"
    message = "Mỗi tệp tối đa {limit_mb} MB và mỗi lần tối đa {most} tệp (“{name}”)."
    message_en = "At most {limit_mb} MB a file and {most} files at a time (“{name}”)."


class CheckSettled(StepRefused):
    """Somebody has dealt with this check before."""

    code = "findings.check-settled"
    status = 409
    message = "Phiếu kiểm tra này đã được xử lý. Hãy tải lại trang."
    message_en = "This check was already dealt with. Reload the page."


class ChangedMeanwhile(StepRefused):
    """A check was made of the finding as it stood before somebody else changed it."""

    code = "findings.changed-meanwhile"
    status = 409
    message = "Phát hiện đã thay đổi từ khi điện thoại tải danh sách."
    message_en = "The finding has changed since the phone fetched its list."


class TextNeeded(StepRefused):
    """A recommendation or a difficulty without words."""

    code = "findings.text-needed"
    field = "text"
    message = "Hãy ghi nội dung."
    message_en = "Write the text."


class SenderNeeded(StepRefused):
    """A paper was entered without saying who sent it."""

    code = "findings.sender-needed"
    field = "sender"
    message = "Hãy ghi đơn vị gửi văn bản."
    message_en = "Say who sent the document."


class AddresseeNeeded(StepRefused):
    """A recommendation was made to nobody."""

    code = "findings.addressee-needed"
    field = "addressee"
    message = "Hãy ghi cơ quan nhận kiến nghị."
    message_en = "Name the agency that the recommendation goes to."


class DayAhead(StepRefused):
    """A paper was sent or answered on a day that is yet to come."""

    code = "findings.day-ahead"
    field = "day"
    message = "Ngày {day} không dùng được: không được sau hôm nay hoặc trước ngày gửi."
    message_en = "The day {day} cannot be used: not after today, nor before the day it was sent."


class LetterSettled(StepRefused):
    """Somebody has dealt with this letter before."""

    code = "findings.letter-settled"
    status = 409
    message = "Mục này đã được xử lý. Hãy tải lại trang."
    message_en = "This item was already dealt with. Reload the page."


class NoneWaiting(StepRefused):
    """A whole group was to be acted on, and none of it waits for that."""

    code = "findings.none-waiting"
    status = 409
    message = "Nhóm này không còn phát hiện nào ở trạng thái “{state}”. Hãy tải lại trang."
    message_en = "No finding of this group is “{state_en}” any more. Reload the page."


class WrongMoment(StepRefused):
    """A recommendation is in a state from which this step does not lead."""

    code = "findings.wrong-moment"
    status = 409
    message = "Không thể {step} khi kiến nghị “{state}”. Hãy tải lại trang."
    message_en = "One cannot {step_en} while the recommendation is “{state_en}”. Reload the page."


class UnknownThreshold(Problem):
    """A round was to be given a threshold that no rule can ask for."""

    code = "findings.unknown-threshold"
    status = 422
    message = "Không có ngưỡng “{name}”. Các ngưỡng: {known}."
    message_en = "There is no threshold “{name}”. There are: {known}."


class BadThreshold(Problem):
    """A threshold was given a value that it cannot take."""

    code = "findings.bad-threshold"
    status = 422
    message = "Ngưỡng {name}: “{typed}” không dùng được: {reason}."
    message_en = "The threshold {name} cannot be “{typed}”: {reason_en}."


class DryRunNeeded(Problem):
    """Other rules were to be published, and nobody has looked at what they would change."""

    code = "findings.dry-run-needed"
    status = 409
    message = (
        "Luật của {form_id} phiên bản {version} khác bản đang dùng: hãy chạy thử trên phiếu đã có "
        "và xem kết quả ở trang bản nháp trước khi phát hành, hoặc ghi lý do không chạy thử."
    )
    message_en = (
        "The rules of {form_id}, version {version}, are not those in use: try them on the records "
        "held and look at the outcome on the draft's page before publishing, or say why not."
    )
