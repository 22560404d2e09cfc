"""The draft of a form as phones may try it: by a token that lives as long as the draft."""

import hmac
import secrets
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session

from server.problems import Problem
from server.surveys import queries
from server.surveys.models import Form, FormVersion


class NoDraft(Problem):
    """The draft was published or never was; its test code opens nothing any more."""

    code = "surveys.no-draft"
    status = 403
    message = (
        "Bản nháp này không còn: đã phát hành hoặc mã thử đã đổi. "
        "Hãy quét mã thử mới trên trang biểu mẫu, hoặc dùng mã chính thức của máy."
    )
    message_en = (
        "This draft is gone: it was published, or its test code changed. Scan the new test code "
        "on the form's page, or use the phone's own code."
    )


def open_for_trial(form: Form) -> None:
    """Give the draft of a form a token, unless it has one: testers need not scan again."""
    form.test_token = form.test_token or secrets.token_urlsafe(48)


def draft_of(session: Session, plan_id: int, form_id: str, token: str) -> FormVersion:
    """Return the newest draft of a form, for whoever holds its token.

    Raises:
        NoDraft: there is no such form, token or draft.
    """
    form = session.scalar(select(Form).where(Form.plan_id == plan_id, Form.form_id == form_id))
    held = form.test_token if form is not None else None
    if form is None or not hmac.compare_digest((held or "\0").encode(), token.encode()):
        raise NoDraft()
    draft = queries.latest_drafts(session, [form.id]).get(form.id)
    if draft is None:
        raise NoDraft()
    return draft


def path(token: str, plan_id: int, form_id: str) -> str:
    """Return the address, below the server's own, that a phone is set up with to try a draft."""
    return f"/v1/test/{quote(token)}/projects/{plan_id}/forms/{quote(form_id)}/draft"
