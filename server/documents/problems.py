"""Refusals of the press."""

from server.problems import Problem


class TemplateRefused(Problem):
    """The office's own Word template cannot be used."""

    code = "documents.template-refused"
    status = 409
    message = (
        "Mẫu Word {name} của cơ quan không dùng được: {why}. "
        "Hãy sửa mẫu, hoặc bỏ tệp đó khỏi thư mục templates để dùng mẫu có sẵn."
    )
    message_en = (
        "The office's Word template {name} cannot be used: {why}. "
        "Correct it, or take it out of the folder templates to use the one that is shipped."
    )


class NotPrinted(Problem):
    """The paper could not be made in the time and memory allowed."""

    code = "documents.not-printed"
    status = 503
    message = "Chưa in được văn bản. Hãy thử lại sau ít phút, hoặc dùng trang in trên trình duyệt."
    message_en = (
        "The paper could not be printed. Try again in some minutes, or print the page itself."
    )
