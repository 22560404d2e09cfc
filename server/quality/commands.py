"""What lists and pages know of records besides the records, made anew from a terminal."""

import click
from sqlalchemy import select

from server.db import db, transaction
from server.quality import facts, service
from server.submissions import answer_index
from server.submissions.models import Submission
from server.surveys.models import Form
from server.terminal import as_json, say


@click.command("refresh")
@as_json
def refresh(as_json: bool) -> None:
    """Write anew what lists are sorted by and what the checks say, from the records themselves.

    After an upgrade from a version that had neither, or when the rows are in doubt. Records keep
    coming meanwhile.
    """
    records = sum(refresh_form(form_pk) for form_pk in db.session().scalars(select(Form.id)).all())
    say(as_json, {"records": records}, f"Đã làm lại {records} phiếu.")


def refresh_form(form_pk: int) -> int:
    """Refresh the records of one form, a batch in each transaction; return how many."""
    with transaction() as session:
        answer_index.learn(session, answer_index.news(session, form_pk))
    done, last = 0, 0
    while True:
        with transaction() as session:
            after = answer_index.rebuild(session, form_pk, last)
            if after is None:
                return done
            batch = Submission.form_pk == form_pk, Submission.id > last, Submission.id <= after
            judged = list(facts.read(session, *batch))
            service.write(session, service.judge(judged))
        done, last = done + len(judged), after
