"""What each check says of labelled records, and what the verdict makes of it."""

import datetime as dt
from dataclasses import replace

import pytest

from server.quality import words
from server.quality.checks import Check, Facts, Mark, judge, verdict
from server.submissions.models import VisitVerdict

START = dt.datetime(2024, 4, 15, 1, 0, tzinfo=dt.UTC)  # eight in the morning in Vietnam
HONEST = Facts(
    point=(20.381, 106.081),
    accuracy_m=6,
    expected=(20.38, 106.08),
    radius_m=600,
    in_hamlet=True,
    started_at=START,
    ended_at=START + dt.timedelta(minutes=25),
    received_at=START + dt.timedelta(hours=9),
    first_day=dt.date(2024, 4, 15),
    last_day=dt.date(2024, 4, 16),
    answered=40,
)
NORTH_3_KM = (20.4071, 106.08)  # 3 km of latitude: 111.2 km a degree
LABELLED = [
    ("done as planned", {}, None, None),
    ("three kilometres away", {"point": NORTH_3_KM}, "place", "far"),
    ("far, but so the phone says itself", {"point": NORTH_3_KM, "accuracy_m": 2600.0},
     "accuracy", "vague"),
    ("within a mountain hamlet's wide radius", {"point": NORTH_3_KM, "radius_m": 4000.0},
     None, None),
    ("a point made up by an app", {"accuracy_m": 0.0}, "accuracy", "mock"),
    ("a day before the visit", {"started_at": START - dt.timedelta(days=1),
                                "ended_at": START - dt.timedelta(hours=23)}, "window", "early"),
    ("at one at night of the day after, by Vietnam's clock",
     {"started_at": dt.datetime(2024, 4, 16, 18, 0, tzinfo=dt.UTC),
      "ended_at": dt.datetime(2024, 4, 16, 18, 30, tzinfo=dt.UTC),
      "received_at": dt.datetime(2024, 4, 16, 19, 0, tzinfo=dt.UTC)}, "window", "late"),
    ("the last minute of the last day, by Vietnam's clock",
     {"started_at": dt.datetime(2024, 4, 16, 16, 59, tzinfo=dt.UTC),
      "ended_at": dt.datetime(2024, 4, 16, 17, 20, tzinfo=dt.UTC),
      "received_at": dt.datetime(2024, 4, 17, tzinfo=dt.UTC)}, None, None),
    ("forty answers in a minute", {"ended_at": START + dt.timedelta(seconds=60)},
     "duration", "very-short"),
    ("a photo and a note in ten seconds",
     {"ended_at": START + dt.timedelta(seconds=10), "answered": 2}, None, None),
    ("left open overnight", {"ended_at": START + dt.timedelta(hours=20),
                             "received_at": START + dt.timedelta(hours=21)},
     "duration", "very-long"),
    ("ends before it begins", {"ended_at": START - dt.timedelta(minutes=2)},
     "duration", "backwards"),
    ("ends an hour after it came", {"received_at": START - dt.timedelta(minutes=35)},
     "clock", "ahead"),
    ("a clock four minutes ahead", {"received_at": START + dt.timedelta(minutes=21)}, None, None),
    ("sent after a week without a line", {"received_at": START + dt.timedelta(days=7)}, None, None),
    ("sent after months, or by a clock set back",
     {"received_at": START + dt.timedelta(days=90)}, None, None),
]  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "code", "why"), [each[1:] for each in LABELLED], ids=[each[0] for each in LABELLED]
)
def test_each_planted_fault_is_named_and_honest_work_is_not_doubted(changes, code, why):
    found = judge(replace(HONEST, **changes))

    doubts = [(check.code, check.why) for check in found if check.mark is Mark.DOUBT]
    assert doubts == ([(code, why)] if code else [])
    assert verdict(found) is (VisitVerdict.DOUBT if code else VisitVerdict.CLEAR)


def test_the_distance_and_the_radius_are_shown_as_they_are():
    check = judge(replace(HONEST, point=NORTH_3_KM))[0]

    assert check.numbers == {"distance_m": 3000, "radius_m": 600, "of": "hamlet"}


@pytest.mark.parametrize(
    "gone",
    [
        {"point": None},
        {"expected": None},
        {"radius_m": None},
        {"started_at": None},
        {"first_day": None},
    ],
)
def test_without_place_or_day_nothing_is_called_as_planned(gone):
    found = judge(replace(HONEST, **gone))

    assert Mark.MISSING in {check.mark for check in found}
    assert verdict(found) is VisitVerdict.MISSING


def test_of_an_empty_record_nothing_is_told_and_nothing_doubted():
    found = judge(Facts())

    assert {check.mark for check in found} == {Mark.MISSING}
    assert verdict(found) is VisitVerdict.MISSING


def test_a_check_is_read_back_as_it_was_kept():
    for check in judge(HONEST):
        assert Check.from_json(check.to_json()) == check


def test_every_reason_has_words_in_both_languages_with_the_same_numbers():
    said = [judge(replace(HONEST, **changes)) for _, changes, _, _ in LABELLED]
    said += [judge(Facts()), judge(replace(HONEST, expected=None, accuracy_m=None, first_day=None))]

    for check in (check for found in said for check in found):
        numbers = {**check.numbers, "place": ""}
        shown = [sentence.format_map(numbers) for sentence in words.WHY[check.code, check.why]]
        assert len(set(shown)) == 2


@pytest.mark.parametrize(
    ("outside_m", "accuracy_m", "mark", "why"),
    [
        (0.0, 6.0, Mark.PASS, "inside"),
        (100.0, None, Mark.PASS, "at-border"),
        (104.0, 6.0, Mark.PASS, "at-border"),
        (107.0, 6.0, Mark.DOUBT, "outside"),
        (320.0, 6.0, Mark.DOUBT, "outside"),
    ],
)
def test_a_record_beyond_its_communes_border_is_worth_a_look(outside_m, accuracy_m, mark, why):
    facts = replace(HONEST, outside_m=outside_m, accuracy_m=accuracy_m, commune="Xã Hợp Hưng")

    (said,) = [check for check in judge(facts) if check.code == "boundary"]

    assert (said.mark, said.why) == (mark, why)
    assert (verdict(judge(facts)) is VisitVerdict.DOUBT) == (mark is Mark.DOUBT)


def test_without_a_border_nothing_is_said_of_it():
    assert "boundary" not in {check.code for check in judge(HONEST)}


def test_within_its_border_a_record_needs_no_point_of_the_hamlet():
    nowhere = replace(HONEST, expected=None)

    assert verdict(judge(nowhere)) is VisitVerdict.MISSING
    assert verdict(judge(replace(nowhere, outside_m=0.0))) is VisitVerdict.CLEAR
