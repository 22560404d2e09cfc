"""Problem: an expected refusal, said once in Vietnamese and once in English.

Models and services raise problems; the edges write them, each in its caller's format:
OpenRosa XML to a phone, `application/problem+json` (RFC 9457) to a program, a page to a browser.
"""

from typing import ClassVar


class Problem(Exception):
    """A refusal that we expect, with a code for programs and a sentence for people.

    Keyword arguments fill the braces of `message` and `message_en` and are handed to programs as
    `details`. They carry codes, numbers and file names, never a household's name or place.
    """

    code: ClassVar[str] = "problem"
    status: ClassVar[int] = 400
    message: ClassVar[str] = "Yêu cầu không thực hiện được."
    message_en: ClassVar[str] = "The request cannot be carried out."

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.text("en"))

    def text(self, language: str = "vi") -> str:
        """Return the sentence in `language` ('vi' or 'en'), its braces filled.

        >>> NotFound(what="x").text("en")
        'Not found. Check the address, or go back and choose again.'
        """
        template = self.message_en if language == "en" else self.message
        return template.format_map(dict(self.details.items()))


class NotFound(Problem):
    """Nothing here, or nothing that this caller may know of: both read the same."""

    code = "not-found"
    status = 404
    message = "Không tìm thấy. Hãy kiểm tra lại địa chỉ hoặc quay lại và chọn lại."
    message_en = "Not found. Check the address, or go back and choose again."


class NotAllowed(Problem):
    """The caller may see this and not do that."""

    code = "not-allowed"
    status = 403
    message = "Tài khoản của bạn không có quyền làm việc này. Hãy liên hệ điều phối viên."
    message_en = "Your account may not do this. Ask the coordinator."


class SignInNeeded(Problem):
    """The caller has not said who they are, or not rightly."""

    code = "sign-in-needed"
    status = 401
    message = "Cần đăng nhập."
    message_en = "Please sign in."


class BadInput(Problem):
    """What came in cannot be used; `reason` names what, where and how to mend it."""

    code = "bad-input"
    status = 400
    message = "{reason}"
    message_en = "{reason_en}"

    def __init__(self, reason: str, reason_en: str, **details: object) -> None:
        super().__init__(reason=reason, reason_en=reason_en, **details)


class TooLarge(Problem):
    """The body is larger than we take."""

    code = "too-large"
    status = 413
    message = "Dữ liệu gửi lên quá lớn (tối đa {limit_mb} MB). Hãy giảm cỡ ảnh rồi gửi lại."
    message_en = (
        "The upload is too large (at most {limit_mb} MB). Make photos smaller, then resend."
    )


class Unavailable(Problem):
    """We cannot take this now; nothing was kept, and the caller should come again."""

    code = "unavailable"
    status = 503
    message = (
        "Máy chủ tạm thời chưa nhận được ({reason}). "
        "Phiếu vẫn còn trên máy, hãy gửi lại sau ít phút."
    )
    message_en = (
        "The server cannot take this now ({reason}). Nothing is lost; send again in a few minutes."
    )


class NotOffered(Problem):
    """Something that other servers answer and this one does not."""

    code = "not-offered"
    status = 501
    message = "Máy chủ này chưa có “{what}”."
    message_en = "This server does not offer '{what}'."


class NeverDeleted(Problem):
    """Something that other servers delete; here it is kept, and there is another way."""

    code = "never-deleted"
    status = 409
    message = "Máy chủ này không xóa {what}: những gì đã có được giữ lại. {instead}"
    message_en = "This server never deletes {what_en}: whatever is here is kept. {instead_en}"

    def __init__(self, what: tuple[str, str], instead: tuple[str, str]) -> None:
        super().__init__(what=what[0], what_en=what[1], instead=instead[0], instead_en=instead[1])
