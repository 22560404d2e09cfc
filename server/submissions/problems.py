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


class InstanceConflict(Problem):
    """The phone resent an instanceID we hold, with different answers."""

    code = "submissions.instance-conflict"
    status = 409
    message = (
        "Phiếu {instance_id} đã được gửi trước đó với nội dung khác. Bản này đã được giữ riêng ở "
        "máy chủ: không cần gửi lại, hãy báo điều phối viên."
    )
    message_en = (
        "The form {instance_id} was sent before with other content. This copy is held here: "
        "do not send it again, tell the coordinator."
    )


class EditOutdated(Problem):
    """An edit of a content that another edit has superseded before it came."""

    code = "submissions.edit-outdated"
    status = 409
    message = (
        "Phiếu này đã được sửa từ một bản khác trước đó. Bản sửa của bạn đã được giữ riêng ở máy "
        "chủ: không cần gửi lại, hãy báo điều phối viên (phiếu số {submission_id})."
    )
    message_en = (
        "Another edit of this form came first. Yours is held here: do not send it again, tell the "
        "coordinator (record {submission_id})."
    )


class EditOfAnotherForm(Problem):
    """An edit names an original that was filled in another form."""

    code = "submissions.edit-of-another-form"
    status = 409
    message = (
        "Bản sửa này ghi là sửa từ một phiếu của biểu mẫu khác ({form}, mã {form_id}). Bản sao đã "
        "được giữ ở máy chủ: hãy báo điều phối viên."
    )
    message_en = (
        "This edit names an original of another form ({form}, id {form_id}). A copy is held here: "
        "tell the coordinator."
    )


class EditOfAnotherPlan(Problem):
    """An edit names an original that belongs to another plan."""

    code = "submissions.edit-of-another-plan"
    status = 409
    message = (
        "Bản sửa này ghi là sửa từ một phiếu của kế hoạch khác ({plan}). Bản sao đã được giữ ở "
        "máy chủ: hãy chọn đúng kế hoạch trên máy rồi gửi lại, hoặc báo điều phối viên."
    )
    message_en = (
        "This edit names an original of another plan ({plan}). A copy is held here: choose that "
        "plan on the phone and send again, or tell the coordinator."
    )


class EditOfAnotherRecord(Problem):
    """What was sent as a correction of one record corrects another, or none."""

    code = "submissions.edit-of-another-record"
    status = 409
    message = "Nội dung gửi lên không phải bản sửa của phiếu này. Hãy mở lại phiếu rồi sửa."
    message_en = "What was sent does not correct this record. Open the record again, then edit."


class EditNamesNothing(Problem):
    """What was sent as an edit does not say which content it is an edit of."""

    code = "submissions.edit-names-nothing"
    message = "Bản sửa cần deprecatedID bằng instanceID của bản hiện tại ({current})."
    message_en = "An edit needs a deprecatedID that names the current instanceID ({current})."


class EditReasonNeeded(Problem):
    """A correction made at a desk is kept with its reason."""

    code = "submissions.edit-reason-needed"
    message = "Hãy ghi lý do sửa: lý do được giữ cùng bản sửa để người sau hiểu."
    message_en = "Give a reason for the change: it is kept with the new version."


class NoFormSent(Problem):
    """The request lacks its part with the filled form, or was cut off before its end."""

    code = "submissions.no-form-sent"
    message = (
        "Lần gửi bị đứt giữa chừng hoặc thiếu nội dung phiếu (xml_submission_file). Hãy gửi lại."
    )
    message_en = "The upload was cut off or lacks xml_submission_file. Send it again."


class SeveralFormsSent(Problem):
    """Two different filled forms in one request: an answer could speak for one of them only."""

    code = "submissions.several-forms-sent"
    message = "Một lần gửi chỉ được có một phiếu. Phiếu vẫn còn trên máy: hãy gửi từng phiếu."
    message_en = "A request may carry one filled form only. Send them one by one."


class PlanClosed(Problem):
    """The plan takes no more submissions."""

    code = "submissions.plan-closed"
    status = 409
    message = (
        "Kế hoạch này đã đóng, không nhận phiếu nữa. Bản sao đã được giữ ở máy chủ: "
        "đừng xóa phiếu, hãy báo điều phối viên."
    )
    message_en = "This plan is closed. A copy is held here: keep the form, tell the coordinator."


class AlreadySettled(Problem):
    """Somebody has taken this in or put it aside before."""

    code = "submissions.held-settled"
    status = 409
    message = "Mục này đã được {who} xử lý trước đó. Hãy tải lại trang."
    message_en = "This was already dealt with by {who}. Reload the page."


class FileHeldBefore(Problem):
    """A file came under the name of one we hold, with other bytes: the first stays."""

    code = "submissions.file-held-before"
    status = 409
    message = (
        "Phiếu đã có tệp cùng tên với nội dung khác; tệp nhận trước được giữ. "
        "Hãy tải bản này về so sánh, rồi gác lại."
    )
    message_en = (
        "The record already has a file of that name with other content; the first is kept. "
        "Download this one to compare, then put it aside."
    )


class FilesNotHere(Problem):
    """An encrypted form whose files have not all arrived."""

    code = "submissions.sealed-files-missing"
    status = 409
    message = (
        "Chưa giải mã được: còn thiếu {count} tệp ({names}). Điện thoại sẽ gửi tiếp khi có mạng."
    )
    message_en = "Not decrypted: {count} files have yet to arrive ({names})."


class KeyDoesNotFit(Problem):
    """The key inside an encrypted form does not open with ours."""

    code = "submissions.sealed-key-does-not-fit"
    status = 409
    message = (
        "Chưa giải mã được: khóa trong phiếu bị hỏng hoặc không phải của kế hoạch này. "
        "Phiếu vẫn được giữ nguyên."
    )
    message_en = (
        "Not decrypted: the key inside the form is damaged or meant for another key. "
        "The submission is kept as it came."
    )


class DamagedSeal(Problem):
    """A part of an encrypted form cannot be decrypted."""

    code = "submissions.sealed-damaged"
    status = 409
    message = "Chưa giải mã được: “{what}” bị hỏng. Phiếu và mọi tệp vẫn được giữ nguyên."
    message_en = "Not decrypted: '{what}' is damaged. The submission and its files are kept."


class SealBroken(Problem):
    """The content is not what the phone signed."""

    code = "submissions.sealed-signature"
    status = 409
    message = (
        "Chưa giải mã được: chữ ký không khớp, nội dung đã bị đổi sau khi rời điện thoại. "
        "Phiếu và mọi tệp vẫn được giữ nguyên."
    )
    message_en = (
        "Not decrypted: the signature does not match, so something was changed after it left "
        "the phone. The submission and its files are kept."
    )


class OtherFormInside(Problem):
    """The answers are of another form, version or instance than the outside says."""

    code = "submissions.sealed-other-form"
    status = 409
    message = "Chưa giải mã được: bên trong là phiếu khác với vỏ ngoài. Phiếu vẫn được giữ nguyên."
    message_en = "Not decrypted: inside is another form than the outside says. It is kept."


class OriginalSealed(Problem):
    """An edit cannot join a record of which nobody can tell yet what it says."""

    code = "submissions.original-sealed"
    status = 409
    message = (
        "Đây là bản sửa của phiếu {instance_id}, phiếu đó chưa giải mã. Hãy giải mã phiếu gốc "
        "trước, rồi giải mã bản sửa này."
    )
    message_en = (
        "This is an edit of {instance_id}, which is still encrypted. Decrypt that one first, "
        "then this."
    )


class NotSealed(Problem):
    """There is nothing to decrypt: it came in the plain, or was taken in before."""

    code = "submissions.not-sealed"
    status = 409
    message = "Phiếu này không (còn) mã hóa. Hãy tải lại trang."
    message_en = "This submission is not, or no longer, encrypted. Reload the page."


class ReviewMoved(Problem):
    """The record is no longer what the reviewer's page showed: edited, or decided on by another."""

    code = "submissions.review-moved"
    status = 409
    message = "Phiếu đã thay đổi từ khi bạn mở trang: {what}. Hãy xem lại rồi quyết định."
    message_en = "The record changed since you opened the page: {what_en}. Look again, then decide."

    def __init__(self, what: str, what_en: str) -> None:
        super().__init__(what=what, what_en=what_en)


class ReviewReasonNeeded(Problem):
    """Whoever gets a record back, or sees it refused, must read why."""

    code = "submissions.review-reason-needed"
    message = "Hãy ghi lý do: người điền phiếu cần biết phải sửa gì."
    message_en = "Give a reason: whoever filled the form needs to know what to mend."


class FinalDecision(Problem):
    """The office has decided; the team's leader can no longer."""

    code = "submissions.review-final"
    status = 409
    message = (
        "Phiếu đã có kết luận của người duyệt. Trưởng đoàn chỉ quyết định lại sau khi phiếu được "
        "sửa và gửi lại."
    )
    message_en = (
        "The reviewer has decided on this record. The team's leader decides again only after it "
        "is edited and resent."
    )


class AlreadySo(Problem):
    """One of many records stands already as it would after the decision."""

    code = "submissions.already-so"
    status = 409
    message = "Phiếu đã ở trạng thái này, không có gì thay đổi."
    message_en = "The record stands so already; nothing changes."


class NothingReturned(Problem):
    """The record is not on a phone to be corrected."""

    code = "submissions.not-returned"
    status = 409
    message = "Phiếu này không ở trạng thái trả lại máy."
    message_en = "This record is not returned to a phone."


class NoTeamToReturnTo(Problem):
    """A record without a team has no phones to go back to."""

    code = "submissions.no-team"
    status = 409
    message = "Phiếu chưa thuộc đoàn nào nên không trả lại máy được. Hãy giao lượt cho một đoàn."
    message_en = "The record belongs to no team, so there is no phone to return it to."


class CommentNeeded(Problem):
    """An empty comment says nothing."""

    code = "submissions.comment-needed"
    message = "Hãy viết nội dung ý kiến."
    message_en = "Write the comment."


class UnknownAnswer(Problem):
    """A note or a comment is about an answer that the record does not have."""

    code = "submissions.unknown-answer"
    message = "Phiếu không có câu trả lời ở '{path}'."
    message_en = "The record has no answer at '{path}'."


class NoFilesChosen(Problem):
    """Nothing was ticked, or nothing fits what the gallery is narrowed to."""

    code = "submissions.no-files-chosen"
    status = 422
    message = (
        "Chưa chọn ảnh hay ghi âm nào. Hãy quay lại, đánh dấu các ảnh cần tải, "
        "hoặc chọn tải tất cả theo bộ lọc."
    )
    message_en = (
        "No photo or sound was chosen. Go back and tick those you need, "
        "or take all that the filter shows."
    )


class ViewNameTaken(Problem):
    """Somebody has two views and gives both the same name."""

    code = "submissions.view-name-taken"
    status = 409
    message = "Bạn đã có góc nhìn tên “{name}” trong kế hoạch này. Hãy đặt tên khác."
    message_en = "You already have a view named “{name}” in this plan. Choose another name."


class TooManyViews(Problem):
    """A person keeps more views than a list can offer."""

    code = "submissions.too-many-views"
    status = 409
    message = "Mỗi người lưu tối đa {most} góc nhìn trong một kế hoạch. Hãy xóa bớt rồi lưu lại."
    message_en = "Each person keeps at most {most} views in a plan. Delete some, then save again."
