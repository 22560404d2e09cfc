import datetime as dt
from collections import Counter

import pytest

from server import clock
from server.demo import fieldwork, interviews
from server.demo.interviews import Inspection, Interview
from server.places.distance import metres_between

AT = dt.datetime(2024, 4, 9, 8, 0, tzinfo=clock.VIETNAM)
POINT = (20.33, 106.07)


@pytest.fixture(scope="module")
def story() -> list[Interview]:
    """All 200 interviews of the demonstration, without the places that the draw decides."""
    keys = [
        f"{team}/{commune}/{day}/{number}"
        for team in (0, 1)
        for commune in (0, 1)
        for day in range(3)
        for number in range(fieldwork._quotas(200)[(team * 2 + commune) * 3 + day])
    ]
    return [
        Interview(
            key, "v", "t", "h", "h", False, AT, POINT,
            fieldwork._ODDITIES.get(key), fieldwork._TROUBLES.get(key),
        )
        for key in keys
    ]  # fmt: skip


def test_about_one_household_in_ten_tells_of_a_shortcoming(story):
    told = [each for each in story if each.agreed and interviews._trouble(each)]

    assert len(story) == 200
    assert 15 <= len(told) <= 25


def test_some_are_away_and_some_refuse(story):
    assert 4 <= sum(not each.met for each in story) <= 12
    assert 8 <= sum(each.met and not each.agreed for each in story) <= 16


def test_who_refuses_is_asked_nothing_more(story):
    refused = next(each for each in story if each.met and not each.agreed)

    answered = interviews.household(refused)
    assert set(answered) == {
        "@start", "set:end", "visit", "hamlet", "met", "consent", "refuse_why",
    }  # fmt: skip
    assert refused.minutes <= 4


def test_interviews_are_held_near_their_hamlet_but_for_one(story):
    metres = sorted(metres_between(each.stood_at, POINT) for each in story)

    assert metres[-2] < 700 and metres[0] > 0
    assert 8_500 < metres[-1] < 9_500


def test_answers_are_the_same_every_time(story):
    again = [interviews.household(each) for each in story]

    assert again == [interviews.household(each) for each in story]
    assert len({str(answered) for answered in again if answered.get("consent") == "yes"}) > 180


def test_one_thing_of_each_kind_goes_wrong(story):
    assert Counter(each.oddity for each in story if each.oddity) == dict.fromkeys(
        interviews.Oddity, 1
    )


def test_four_of_twelve_hamlets_have_a_shortcoming():
    answered = [
        interviews.hamlet(Inspection(str(n), n, "v", "t", "t", AT, POINT)) for n in range(12)
    ]

    wrong = [
        each
        for each in answered
        if "no" in (each["h_posted"], each["h_train"])
        or "yes" in (each["h_missed"], each["manual_finding"])
    ]
    assert len(wrong) == 4
