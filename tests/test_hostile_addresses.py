"""Addresses that nobody types by hand lead nowhere, and never to a failure of the server."""

import pytest

HUGE = "9" * 25


@pytest.mark.parametrize(
    "path",
    [
        f"/plans/{HUGE}",
        f"/visits/{HUGE}",
        f"/records/{HUGE}",
        f"/people/{HUGE}",
        f"/places/{HUGE}",
        "/plans/2147483648/phones",
        "/visits/-1",
    ],
)
def test_a_number_that_is_no_key_is_not_found(browser, cast, path):
    assert browser(cast.admin).get(path).status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        f"/plans?before={HUGE}",
        f"/people?after={HUGE}",
        "/plans?before=x%00",
        "/places?q=%00a&edition=%00",
        "/places?q=%27%22%3C%3E%5C%25_",
        f"/journal?plan={HUGE}&verb=%00&before=%00",
        "/people/new?place_text=%00&edition_id=%00",
    ],
)
def test_odd_questions_get_an_ordinary_page(browser, cast, plan, path):
    assert browser(cast.admin).get(path).status_code == 200


def test_a_form_with_nul_in_every_field_is_an_ordinary_mistake(browser, cast):
    fields = ("name", "number", "place_text", "place_id", "edition_id", "programme_id", "starts_on")

    answer = browser(cast.admin).post("/plans/new", data=dict.fromkeys(fields, "\0"))

    assert answer.status_code == 422
