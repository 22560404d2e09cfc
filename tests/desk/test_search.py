"""Records are found by the words in them: without tone marks, by their beginnings, always."""

import re

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.submissions.models import Submission
from tests.worlds import kept


@kept
def sent(story):
    story.send(label="Hộ A", ten="Điện Biên Phủ")
    story.send(label="Hộ B", ten="Đa Mai 13747-01-003")
    story.send(label="Hộ C", ten="Da Kao")


@pytest.fixture
def found(story, sent, browser, cast):
    client = browser(cast.hoa)

    def search(words):
        answer = client.get(f"/plans/{story.plan_id}/submissions", query_string={"q": words})
        assert answer.status_code == 200
        return "".join(sorted(re.findall(r">Hộ (\w+)</a>", answer.text)))

    return search


@pytest.mark.parametrize(
    ("words", "records"),
    [
        ("dien bien", "A"), ("ĐIỆN", "A"), ("biên điện", "A"), ("phu dien", "A"),
        ("da", "BC"), ("đa", "BC"), ("đa mai", "B"), ("die", "A"), ("ien", ""),
        ("13747-01-003", "B"), ("13747-01", "B"), ("003", "B"), ("01-13747", "B"),
        ("khongco", ""), ("", "ABC"), ("  ", "ABC"), ("---", ""), ("dien khongco", ""),
        ('"', ""), ('dien" OR "da', ""), ("dien*", "A"), ("NEAR(da mai)", ""), ("da & !mai", "B"),
        ("search_text:dien", ""), ("'dien':*", "A"), ("\\", ""), ("%", ""), ("_", ""),
        ("dien " * 40, "A"),
    ],
)  # fmt: skip
def test_words_find_the_records_that_hold_them_all(found, words, records):
    assert found(words) == records


def test_a_record_is_found_by_what_it_says_now(found, app):
    with transaction() as session:
        one = session.scalars(select(Submission).where(Submission.label == "Hộ A")).one()
        one.search_text = "muong lay"

    assert found("dien bien") == "" and found("muong") == "A"
    with transaction() as session:
        session.merge(one).search_text = "dien bien"
    db.session().rollback()
    assert found("dien bien") == "A" and found("muong") == ""
