"""The list of records narrowed and sorted by what was answered."""

import re

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.submissions import indexing, listing
from server.submissions.models import ReviewState, Submission
from tests.worlds import kept

PAGE = "/plans/{}/submissions"


@kept
def four(story):
    """Four interviews: A, B, C answer differently, D leaves most questions blank."""
    return {
        name: story.send(label=f"Hộ {name}", **said)
        for name, said in {
            "A": {"ten": "Điện Biên Phủ", "du": "yes", "so_tien": "2500", "kenh": "loa hop",
                  "ngay": "2024-04-02"},
            "B": {"ten": "Đa Mai", "du": "no", "so_tien": "300", "kenh": "loa",
                  "ngay": "2024-04-20"},
            "C": {"ten": "Da Kao", "du": "no", "so_tien": "2500", "kenh": "hop",
                  "ngay": "2024-05-01"},
            "D": {"ten": "Ân", "du": "yes", "so_tien": ""},
        }.items()
    }  # fmt: skip


@pytest.fixture
def names(story, browser, cast):
    client = browser(cast.hoa)

    def get(**asked):
        asked = {"form": "hogd"} | {key.replace("_", "."): value for key, value in asked.items()}
        answer = client.get(PAGE.format(story.plan_id), query_string=asked)
        assert answer.status_code == 200
        return re.findall(r">Hộ (\w+)</a>", answer.text)

    return get


FOUND = [
    ({"c1": "ten", "c1_v": "dien bien"}, "A"),
    ({"c1": "ten", "c1_v": "ĐIỆN"}, "A"),
    ({"c1": "ten", "c1_v": "da"}, "BC"),
    ({"c1": "ten", "c1_v": "đa"}, "BC"),
    ({"c1": "ten", "c1_v": "phu dien"}, "A"),
    ({"c1": "ten", "c1_is": "is", "c1_v": "da kao"}, "C"),
    ({"c1": "ten", "c1_is": "is", "c1_v": "da"}, ""),
    ({"c1": "du", "c1_v": "no"}, "BC"),
    ({"c1": "du", "c1_v": ["no", "yes"]}, "ABCD"),
    ({"c1": "so_tien", "c1_from": "2500"}, "AC"),
    ({"c1": "so_tien", "c1_to": "2499,5"}, "B"),
    ({"c1": "so_tien", "c1_from": "300", "c1_to": "300"}, "B"),
    ({"c1": "so_tien", "c1_is": "empty"}, "D"),
    ({"c1": "so_tien", "c1_is": "filled"}, "ABC"),
    ({"c1": "ngay", "c1_from": "2024-04-02", "c1_to": "20/4/2024"}, "AB"),
    ({"c1": "ngay", "c1_is": "empty"}, "D"),
    ({"c1": "kenh", "c1_v": "loa"}, "AB"),
    ({"c1": "kenh", "c1_v": ["loa", "hop"]}, "ABC"),
    ({"c1": "kenh", "c1_is": "all", "c1_v": ["loa", "hop"]}, "A"),
    ({"c1": "kenh", "c1_is": "empty"}, "D"),
    ({"c1": "du", "c1_v": "no", "c2": "so_tien", "c2_from": "1000"}, "C"),
    ({"c1": "du", "c1_v": "no", "q": "da mai"}, "B"),
    ({"c3": "du", "c3_v": "no", "drop": "3"}, "ABCD"),
]


FEW = pytest.mark.parametrize("tried", [1, 3, listing.TRIED])
"""How many records are tried one by one before conditions are read as sets."""


@FEW
def test_records_are_found_by_any_answer(four, names, monkeypatch, tried):
    monkeypatch.setattr(listing, "TRIED", tried)
    for asked, found in FOUND:
        assert "".join(sorted(names(**asked))) == found, asked


UNREADABLE = [
    {"c1": "so_tien", "c1_from": "hai nghìn"},
    {"c1": "so_tien", "c1_from": "nan"},
    {"c1": "so_tien", "c1_from": "1e999"},
    {"c1": "ngay", "c1_from": "31/02/2024"},
]


def test_a_bound_that_cannot_be_read_is_named_and_narrows_nothing(
    four, story, browser, cast, names
):
    client = browser(cast.hoa)
    for each in UNREADABLE:
        assert len(names(**each)) == 4, each
        asked = {"form": "hogd"} | {key.replace("_", "."): value for key, value in each.items()}
        page = client.get(PAGE.format(story.plan_id), query_string=asked).text
        assert "field-error" in page and "hãy viết" in page, each


STRANGE = [
    {"c1": "khong_co", "c1_v": "x"},
    {"c1": "tv/tuoi", "c1_from": "3"},
    {"c1": "ten"},
    {"c1": "du", "c1_is": "between", "c1_from": "1"},
    {"c1": "ten", "c1_v": "%"},
    {"c9": "du", "c9_v": "no"},
    {"sort": "answer/khong_co", "dir": "lên"},
    {"before": "999999999999", "sort": "answer/ten"},
]


def test_whatever_an_address_says_the_list_opens(four, names):
    for asked in STRANGE:
        names(**asked)


def test_a_condition_on_another_form_asks_nothing(four, story, names):
    assert len(names(form="", c1="du", c1_v="no")) == 4


ORDERS = [
    ("answer/ten", "DCBA"),
    ("answer/so_tien", "BACD"),
    ("answer/ngay", "ABCD"),
    ("answer/du", "BCAD"),
    ("received", "ABCD"),
]


def test_records_are_sorted_by_any_answer_blanks_last_equals_as_they_came(four, names):
    """Da before Đa before Điện, Ân before all of them: the Vietnamese alphabet."""
    for sort, up in ORDERS:
        given = up.replace("D", "") if sort in {"answer/so_tien", "answer/ngay"} else up
        blank = "D" if len(given) < 4 else ""
        assert "".join(names(sort=sort, dir="asc")) == given + blank, sort
        assert "".join(names(sort=sort, dir="desc")) == given[::-1] + blank, sort


SORTS = ["answer/ten", "answer/so_tien", "answer/kenh", "started", "place", "state", "verdict"]


def test_pages_of_any_order_follow_each_other_there_and_back(
    four, story, browser, cast, names, monkeypatch
):
    """Every page has one record here, so that each key is once a page's edge."""
    with transaction() as session:
        for name, state in (("A", ReviewState.APPROVED), ("B", ReviewState.REJECTED)):
            session.get(Submission, four[name]).review_state = state
        session.get(Submission, four["C"]).started_at = None
    orders = [(sort, way) for sort in SORTS for way in ("asc", "desc")]
    whole = {each: names(sort=each[0], dir=each[1]) for each in orders}
    monkeypatch.setattr("server.desk.asking.page.__defaults__", (1,))
    monkeypatch.setattr(listing, "TRIED", 2)
    client = browser(cast.hoa)

    def walk(address, rel):
        seen = []
        while address:
            text = client.get(address.replace("&amp;", "&")).text
            seen += re.findall(r">Hộ (\w+)</a>", text)
            link = re.search(rf'href="([^"]+)" rel="{rel}"', text)
            last, address = address, link and link[1]
        return seen, last

    for sort, way in orders:
        for narrowed, left in (("", "ABCD"), ("&c1=so_tien&c1.from=1&c2=kenh&c2.v=hop", "AC")):
            address = f"{PAGE.format(story.plan_id)}?form=hogd&sort={sort}&dir={way}{narrowed}"
            there, last = walk(address, "next")
            back, _ = walk(last, "prev")
            assert there == back[::-1], (sort, way, narrowed)
            assert there == [one for one in whole[sort, way] if one in left], (sort, way, narrowed)


def test_records_beside_one_are_those_of_the_list_it_was_opened_from(four, story, browser, cast):
    client = browser(cast.hoa)
    asked = "form=hogd&c1=so_tien&c1.from=1&sort=answer%2Fso_tien&dir=asc"
    listed = client.get(f"{PAGE.format(story.plan_id)}?{asked}").text

    link = re.search(rf'href="(/submissions/{four["A"]}\?[^"]+)"', listed)[1]
    page = client.get(link.replace("&amp;", "&")).text

    assert f"/submissions/{four['B']}?" in re.search(r'href="([^"]+)" rel="prev"', page)[1]
    assert f"/submissions/{four['C']}?" in re.search(r'href="([^"]+)" rel="next"', page)[1]


def test_a_record_that_left_its_list_still_leads_on(four, story, browser, cast):
    """Approving takes a record out of a list of new ones; the next one must not be lost by it."""
    with transaction() as session:
        session.get(Submission, four["C"]).review_state = ReviewState.APPROVED

    page = browser(cast.hoa).get(f"/submissions/{four['C']}?form=hogd&state=received").text

    assert f'href="/submissions/{four["B"]}?' in page
    assert f'href="/submissions/{four["D"]}?' in page


def test_who_watches_one_commune_finds_nothing_of_another_by_its_answers(
    four, story, browser, viewer_of_commune
):
    with transaction() as session:
        session.get(Submission, four["B"]).area = story.other_commune.area
    client = browser(viewer_of_commune(story.visit.area))

    for asked in ("c1=du&c1.v=no", "sort=answer/du&dir=asc", "sort=answer/ngay"):
        text = client.get(f"{PAGE.format(story.plan_id)}?form=hogd&{asked}").text
        assert "Hộ C" in text
        assert "Hộ B" not in text


def test_conditions_and_more_records_do_not_mean_more_statements(
    four, story, browser, statements, cast
):
    client = browser(cast.hoa)
    address = f"{PAGE.format(story.plan_id)}?form=hogd&sort=answer/ten&dir=asc"

    def shown(asked):
        with statements() as seen:
            client.get(f"{address}{asked}")
        return len(seen)

    shown("")
    before = shown("")
    for number in range(6):
        story.send(label=f"Hộ {number}", du="no")

    assert shown("") == before
    assert shown("&c1=du&c1.v=no&c2=ten&c2.v=a") == before


def test_records_are_found_by_oddity_and_verdict(four, story, names):
    odd = story.send(label="Hộ E", so_tien="nhiều")
    found = db.session().scalars(select(Submission).where(Submission.id == odd)).one()

    assert names(odd="1") == ["E"]
    assert names(verdict=found.verdict.value) != []
    assert names(c1="so_tien", c1_is="filled", sort="answer/so_tien", dir="asc")[-1] == "E"


def test_a_text_whose_letters_fold_to_many_still_fits_an_index():
    """PostgreSQL's index takes rows of a third of a page, and refuses the record otherwise."""
    cell = indexing.cells("\ufdfa" * 1000, indexing.Kind.TEXT)[0]

    assert len(cell.folded) == indexing.LONGEST_TEXT
    assert len(f"{cell.key}{cell.folded}".encode()) < 2000
