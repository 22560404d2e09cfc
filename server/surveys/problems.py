"""Refusals about forms, their versions and files."""

from server.problems import Problem


class UnknownForm(Problem):
    """The plan has no such form, or no such published version of it."""

    code = "surveys.unknown-form"
    status = 404
    message = (
        "Máy chủ không có biểu mẫu “{form_id}” phiên bản “{version}” trong kế hoạch này. "
        "Phiếu vẫn còn trên máy và bản sao đã được giữ ở máy chủ: đừng xóa, hãy báo điều phối viên."
    )
    message_en = (
        "This plan has no form '{form_id}' in version '{version}'. The filled form is still on "
        "the phone and a copy is held here: delete nothing and tell the coordinator."
    )


class FormClosed(Problem):
    """The form takes no more submissions."""

    code = "surveys.form-closed"
    status = 409
    message = (
        "Biểu mẫu “{form_id}” đã đóng, không nhận phiếu nữa. "
        "Bản sao đã được giữ ở máy chủ: đừng xóa phiếu, hãy báo điều phối viên."
    )
    message_en = (
        "The form '{form_id}' is closed and takes no more submissions. A copy is held here: "
        "keep the filled form and tell the coordinator."
    )


class VersionTaken(Problem):
    """A published version never changes."""

    code = "surveys.version-taken"
    status = 409
    message = (
        "Phiên bản “{version}” của biểu mẫu “{form_id}” đã phát hành với nội dung khác. "
        "Hãy đổi ô version ở trang settings của tệp rồi tải lên lại."
    )
    message_en = (
        "Version '{version}' of form '{form_id}' is published with other content. "
        "Change the version on the settings sheet and upload again."
    )


class FormIdTaken(Problem):
    """Two workbooks with one form id."""

    code = "surveys.other-form"
    status = 409
    message = "Tệp này là biểu mẫu “{found}”, không phải “{expected}”. Hãy chọn đúng tệp."
    message_en = "This workbook is the form '{found}', not '{expected}'. Choose the right file."


class MissingMedia(Problem):
    """A form would reach phones without the files it needs."""

    code = "surveys.missing-media"
    status = 409
    message = "Biểu mẫu cần các tệp {names}. Hãy tải chúng lên trước khi phát hành."
    message_en = "The form needs the files {names}. Upload them before publishing."


class FileNeeded(Problem):
    """A list of the plan stands for a file as long as no file was uploaded."""

    code = "surveys.file-needed"
    status = 409
    message = (
        "Danh sách của kế hoạch đang đứng cho tệp “{name}”. Hãy tải tệp đó lên: tệp tải lên được "
        "dùng thay danh sách."
    )
    message_en = (
        "The plan's list stands for the file '{name}'. Upload the file: it is then used instead "
        "of the list."
    )


class BadMediaName(Problem):
    """A file that the form does not ask for, or with a name that phones cannot hold."""

    code = "surveys.bad-media-name"
    status = 422
    message = "Biểu mẫu không dùng tệp “{name}”. Các tệp nó cần: {needs}."
    message_en = "The form does not use the file '{name}'. It needs: {needs}."


class EncryptionOn(Problem):
    """The plan encrypts its forms already."""

    code = "surveys.encryption-on"
    status = 409
    message = "Kế hoạch này đang mã hóa phiếu. Hãy tắt trước khi tạo khóa khác."
    message_en = "This plan encrypts its forms already. Switch it off before making another key."


class EncryptionOff(Problem):
    """The plan has no key in force."""

    code = "surveys.encryption-off"
    status = 409
    message = "Kế hoạch này không mã hóa phiếu. Hãy tải lại trang."
    message_en = "This plan does not encrypt its forms. Reload the page."


class WeakPassphrase(Problem):
    """Too short to stand against guessing by whoever gets hold of the database."""

    code = "surveys.weak-passphrase"
    status = 422
    message = "Cụm mật khẩu cần ít nhất {least} ký tự; nên là vài từ ghép lại."
    message_en = "The passphrase needs at least {least} characters; several words are best."


class HintTellsAll(Problem):
    """The hint is stored and shown; the passphrase never is."""

    code = "surveys.hint-tells-all"
    status = 422
    message = "Gợi ý không được chứa chính cụm mật khẩu."
    message_en = "The hint must not hold the passphrase itself."


class WrongPassphrase(Problem):
    """The private key does not open."""

    code = "surveys.wrong-passphrase"
    status = 422
    message = "Cụm mật khẩu không đúng, chưa mở được gì. Gợi ý đã ghi: {hint}."
    message_en = "The passphrase is wrong; nothing was opened. The hint on file: {hint}."


class TooManyPassphrases(Problem):
    """Wrong passphrases again and again."""

    code = "surveys.too-many-passphrases"
    status = 429
    message = "Nhập sai cụm mật khẩu quá nhiều lần. Hãy thử lại sau {minutes} phút."
    message_en = "Too many wrong passphrases. Try again in {minutes} minutes."


class DamagedKey(Problem):
    """What is stored of the private key is not what was stored."""

    code = "surveys.damaged-key"
    status = 409
    message = (
        "Khóa riêng lưu ở máy chủ đã bị hỏng, không mở được phiếu nào. Phiếu vẫn được giữ nguyên: "
        "hãy khôi phục khóa từ bản sao lưu."
    )
    message_en = (
        "The private key kept here is damaged and opens nothing. The submissions are kept: "
        "restore the key from a backup."
    )


class NoKeyHere(Problem):
    """The form brought a key of its own: its private half was never on this server."""

    code = "surveys.no-key-here"
    status = 409
    message = (
        "Biểu mẫu “{form_id}” mã hóa bằng khóa riêng của nó, máy chủ không có khóa để giải mã. "
        "Hãy tải phiếu và các tệp về, giải mã bằng công cụ của người giữ khóa."
    )
    message_en = (
        "The form '{form_id}' encrypts with a key of its own, which is not on this server. "
        "Download the record and its files and decrypt them with its owner's tool."
    )


class NoDraftMade(Problem):
    """The form has no draft, or nothing published that one could be copied from."""

    code = "surveys.no-draft-made"
    status = 404
    message = "Biểu mẫu “{form_id}” không có bản nháp. Hãy tải tệp mới lên để tạo."
    message_en = "The form '{form_id}' has no draft. Upload a workbook to make one."


class OnlyADraft(Problem):
    """A form that was never published has nothing but its draft."""

    code = "surveys.only-a-draft"
    status = 409
    message = "Biểu mẫu “{form_id}” chưa phát hành lần nào: hãy tải tệp khác lên thay bản nháp."
    message_en = (
        "The form '{form_id}' was never published: upload another workbook in the draft's place."
    )


class FormExists(Problem):
    """The plan has a form of that id; a new version of it is a draft."""

    code = "surveys.form-exists"
    status = 409
    message = "Kế hoạch đã có biểu mẫu “{form_id}”. Hãy tải lên làm bản nháp của biểu mẫu đó."
    message_en = "The plan already has a form '{form_id}'. Upload it as a draft of that form."


class FormWarnings(Problem):
    """The form can be used, but its author should read what the converter said first."""

    code = "surveys.warnings"
    message = (
        "Biểu mẫu dùng được nhưng có {count} cảnh báo: {said} "
        "Nếu chấp nhận, hãy gửi lại với ignoreWarnings=true."
    )
    message_en = (
        "The form is valid, with {count} warnings: {said} "
        "If they are acceptable, send it again with ignoreWarnings=true."
    )

    def __init__(self, warnings: list[str]) -> None:
        told = {"xlsFormWarnings": warnings, "workflowWarnings": []}
        super().__init__(count=len(warnings), said=" ".join(warnings)[:1000], warnings=told)


class GoesToEveryPhone(Problem):
    """A form goes to every phone of its plan; none can be left out of it."""

    code = "surveys.goes-to-every-phone"
    status = 409
    message = (
        "Biểu mẫu đang mở được gửi tới mọi điện thoại của kế hoạch. "
        "Muốn một máy không nhận nữa, hãy thu hồi máy đó hoặc đóng biểu mẫu."
    )
    message_en = (
        "An open form goes to every phone of the plan. To stop a phone, revoke it, "
        "or close the form."
    )
