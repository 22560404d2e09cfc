"""The answers of records, one narrow row each, so that a list is filtered and sorted by any.

Nothing here is an original: the rows are made from `Submission.answers` by the job that links a
record, and can be made anew at any time (`thucdia submission index`).
"""

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Model
from server.places.models import Ordered


class FormQuestion(Model):
    """A question of a form, whatever the version: what its answers are filtered and sorted as.

    `kind` is a `server.submissions.indexing.Kind` of the newest published version that asks it.
    """

    __tablename__ = "form_question"
    __table_args__ = (UniqueConstraint("form_pk", "path"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    form_pk: Mapped[int] = mapped_column(ForeignKey("form.id"))
    path: Mapped[str]
    kind: Mapped[str]


class SubmissionAnswer(Model):
    """One answer, or one of several chosen (`position` from 0); a blank has no row.

    `number` is a number; `key` orders everything else by its bytes: a choice's value, a day as
    'YYYY-MM-DD', a text by the Vietnamese alphabet; `folded` is a text without tone marks.
    SQLite keeps the table itself in the order of its key: a question's answers lie together.
    """

    __tablename__ = "submission_answer"
    __table_args__ = (
        Index(
            "ix_submission_answer_number",
            "question_id", "number", "submission_id",
            sqlite_where=text("number IS NOT NULL"),
            postgresql_where=text("number IS NOT NULL"),
        ),
        Index(
            "ix_submission_answer_key",
            "question_id", "key", "submission_id", "position",
            sqlite_where=text("key IS NOT NULL"),
            postgresql_where=text("key IS NOT NULL"),
            postgresql_include=["folded"],  # a question's answers lie far apart there
        ),
        {"sqlite_with_rowid": False},
    )  # fmt: skip

    question_id: Mapped[int] = mapped_column(ForeignKey("form_question.id"), primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[float | None]
    key: Mapped[str | None] = mapped_column(Ordered)
    folded: Mapped[str | None]
