"""Refusals about people, signing in and phones."""

from server.problems import Problem


class WrongPassword(Problem):
    """The account or the password is wrong; which of them is not said."""

    code = "teams.wrong-password"
    status = 401
    message = "Tài khoản hoặc mật khẩu không đúng. Hãy kiểm tra và nhập lại."
    message_en = "The account or the password is wrong. Check both and try again."


class TooManyTries(Problem):
    """The account or the address has failed too often within the hour."""

    code = "teams.too-many-tries"
    status = 429
    message = "Đã nhập sai quá nhiều lần. Hãy thử lại sau {minutes} phút hoặc gọi quản trị viên."
    message_en = "Too many wrong tries. Try again in {minutes} minutes, or call the administrator."


class PhoneRefused(Problem):
    """The phone's key is unknown, of another plan, or was revoked.

    403 and not 401, which would make the app ask for a password that nobody has; never an empty
    form list, which would wipe the forms from the phone.
    """

    code = "teams.phone-refused"
    status = 403
    message = (
        "Mã kết nối của máy này không còn hiệu lực. Phiếu đã điền vẫn còn trên máy: đừng xóa. "
        "Hãy gọi điều phối viên để lấy mã QR mới, quét lại rồi gửi."
    )
    message_en = (
        "This phone's key is no longer valid. Filled forms are still on the phone: delete nothing. "
        "Ask the coordinator for a new QR code, scan it and send again."
    )


class PhonePasswordNeeded(Problem):
    """The phone has to show its user name and password, or has shown wrong ones.

    `stale`: the password was right, or may have been; only the challenge was too old.
    """

    code = "teams.phone-password-needed"
    status = 401
    message = (
        "Cần tên đăng nhập và mật khẩu của máy này. Hãy quét lại mã QR trên thẻ điện thoại; "
        "nếu vẫn bị hỏi, hãy gọi điều phối viên để lấy mã mới."
    )
    message_en = (
        "This phone's user name and password are needed. Scan the QR code on the phone's card "
        "again; if you are still asked, get a new code from the coordinator."
    )


class EmailTaken(Problem):
    """Two people cannot share an address."""

    code = "teams.email-taken"
    status = 409
    message = "Địa chỉ {email} đã có tài khoản. Hãy dùng địa chỉ khác hoặc sửa tài khoản đó."
    message_en = "{email} already has an account. Use another address, or edit that account."


class WeakPassword(Problem):
    """The password is too short to protect anything."""

    code = "teams.weak-password"
    status = 422
    message = "Mật khẩu cần ít nhất {least} ký tự."
    message_en = "The password needs at least {least} characters."


class UnknownPerson(Problem):
    """No such person."""

    code = "teams.unknown-person"
    status = 404
    message = "Không có người nào là “{who}”."
    message_en = "There is no person '{who}'."


class TeamNameTaken(Problem):
    """Two teams of a plan cannot share a name."""

    code = "teams.team-name-taken"
    status = 409
    message = "Kế hoạch đã có đoàn tên “{name}”. Hãy đặt tên khác."
    message_en = "The plan already has a team '{name}'. Choose another name."


class AlreadyMember(Problem):
    """Nobody is in one team twice."""

    code = "teams.already-member"
    status = 409
    message = "{name} đã ở trong đoàn này."
    message_en = "{name} is in this team already."


class OwnAccount(Problem):
    """Nobody locks themselves out: another administrator has to do it."""

    code = "teams.own-account"
    status = 409
    message = (
        "Bạn không thể tự khóa hoặc tự thu quyền quản trị của mình. Hãy nhờ quản trị viên khác."
    )
    message_en = "You cannot lock yourself out. Ask another administrator."


class JustIssued(Problem):
    """The page that issued a key was sent again; a new key would kill the one just shown."""

    code = "teams.just-issued"
    status = 409
    message = (
        "Mã của {name} vừa được cấp và chỉ hiện một lần. "
        "Nếu chưa kịp quét, hãy mở lại trang Điện thoại rồi cấp mã mới."
    )
    message_en = (
        "The key of {name} was just issued and is shown once. "
        "If it was not scanned, open the phones page again and issue a new one."
    )


class PhoneHeld(Problem):
    """A person has a phone in the plan; another one would kill the key it works with."""

    code = "teams.phone-held"
    status = 409
    message = (
        "{name} đang dùng điện thoại số {phone_id} trong kế hoạch này. "
        "Hãy thu hồi máy đó trước rồi cấp mã mới."
    )
    message_en = (
        "{name} carries phone {phone_id} in this plan. Revoke it first, then issue a new one."
    )


class SeveralOfThatName(Problem):
    """A name alone does not tell which person is meant."""

    code = "teams.several-of-that-name"
    status = 409
    message = "Kế hoạch có nhiều người tên này (số {people}). Hãy ghi personId của một người."
    message_en = "Several people of the plan have this name ({people}). Give one's personId."
