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


class BadMediaName(Problem):
    """A file that the form does not ask for, or with a name that phones cannot hold."""

    code = "surveys.bad-media-name"
    status = 422
    message = "Biểu mẫu không dùng tệp “{name}”. Các tệp nó cần: {needs}."
    message_en = "The form does not use the file '{name}'. It needs: {needs}."
