"""The fields of a form are read by type; what cannot be used is said, never guessed."""

import datetime as dt

import pytest

from server.fields import Fields
from server.permissions import Role


@pytest.fixture(autouse=True)
def _in_a_request(app):
    with app.test_request_context():
        yield


def test_text_comes_composed_trimmed_and_without_nul():
    assert Fields({"name": "  Đoa\u0300n\0  1 "}).text("name") == "Đoàn 1"


@pytest.mark.parametrize("typed", ["32/01/2024", "2024-13-01", "mai", "01/01/24", "٠١/٠١/٢٠٢٤x"])
def test_a_day_that_is_none_is_refused(typed):
    fields = Fields({"on": typed})

    assert fields.day("on") is None
    assert "on" in fields.errors


@pytest.mark.parametrize("typed", ["2024-04-05", "5/4/2024", "05.04.2024", "05-04-2024"])
def test_a_day_may_be_typed_as_people_do(typed):
    assert Fields({"on": typed}).day("on") == dt.date(2024, 4, 5)


@pytest.mark.parametrize("typed", ["-1", "1e3", "", "10000000000", "²"])
def test_what_cannot_be_a_key_is_none(typed):
    assert Fields({"id": typed}).number("id") is None


def test_a_choice_that_was_never_offered_is_an_error():
    fields = Fields({"role": "king"})

    assert fields.choice("role", Role, Role.VIEWER) is Role.VIEWER
    assert "role" in fields.errors
