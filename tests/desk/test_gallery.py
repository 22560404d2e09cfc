"""The gallery of a plan: photos by place and question, and many of them in one ZIP."""

import csv
import io
import zipfile

from sqlalchemy import select

from server.db import db, transaction
from server.desk import bundle, gallery
from server.desk.bundle import Item
from server.files import Files
from server.journal import Line
from server.submissions.models import Exhibit, SubmissionFile
from tests import forms
from tests.desk.conftest import interview, photo
from tests.worlds import kept

RECORDING = b"ID3 not much of a song"


@kept
def seen(story):
    """Two interviews, three photos and a recording; one photo came without being asked for."""
    story.send({"1.jpg": photo("brown"), "2.m4a": RECORDING}, anh="1.jpg", tieng="2.m4a")
    story.send({"3.jpg": photo("green"), "la.jpg": photo("red")}, anh="3.jpg", label="Hộ 02")
    return story


def address(story, **asked):
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"/plans/{story.plan_id}/photos?{query}"


def unzipped(answer):
    assert answer.status_code == 200, answer.text[:500]
    return zipfile.ZipFile(io.BytesIO(answer.data))


def take(browser, person, story, **data):
    return browser(person).post(f"/plans/{story.plan_id}/photos/zip", data=data)


def ids(question=None):
    query = select(Exhibit.file_id).order_by(Exhibit.file_id)
    return (
        db.session()
        .scalars(query if question is None else query.where(Exhibit.question == question))
        .all()
    )


def test_each_photo_stands_with_its_question_place_and_record(browser, cast, seen):
    page = browser(cast.hoa).get(address(seen)).text

    assert page.count("/thumb") == 3
    assert "Ảnh con bò" in page
    assert "Thôn Vân Cát" in page
    assert "Hộ 02" in page
    assert page.count("<audio") == 1
    assert page.count('href="/submissions/') == 4


def test_it_is_narrowed_by_question_hamlet_team_day_kind_and_position(browser, cast, seen):
    hoa = browser(cast.hoa)
    form = db.session().scalars(select(Exhibit.form_pk)).first()

    def shown(**asked):
        page = hoa.get(address(seen, **asked)).text
        return page.count('name="file"')

    assert shown(question=f"{form}:anh") == 2
    assert shown(question=f"{form}:khac") == 0
    assert shown(hamlet=seen.hamlet.id) == 4
    assert shown(hamlet=seen.hamlet.id + 1) == 0
    assert shown(commune=seen.visit.area) == 4
    assert shown(commune=seen.other_commune.area) == 0
    assert shown(team=seen.visit.team_id) == 4
    assert shown(team=seen.visit.team_id + 1) == 0
    assert shown(to="2024-04-14") == 0
    assert shown(**{"from": "2024-04-15"}) == 4
    assert shown(kind="audio") == 1
    assert shown(located="yes") == 0
    assert shown(located="no", kind="photo") == 3


def test_a_file_that_comes_later_is_shown_once_it_is_here(browser, cast, story, base, drain):
    xml = interview(story.visit.code, story.hamlet.code, anh="1.jpg", instance_id="uuid:later")
    story.send(xml=xml)
    before = browser(cast.hoa).get(address(story)).text

    story.app.test_client().post(f"{base}/submission", **forms.parts(xml, {"1.jpg": photo()}))
    drain()

    assert "Chưa có ảnh hay ghi âm nào" in before
    assert "/thumb" in browser(cast.hoa).get(address(story)).text


def test_it_pages_by_key_and_asks_the_database_as_often_for_many_as_for_few(
    browser, cast, seen, statements, monkeypatch
):
    hoa = browser(cast.hoa)
    hoa.get(address(seen))
    with statements() as many:
        hoa.get(address(seen))
    monkeypatch.setattr(gallery, "SHOWN", 3)
    with statements() as few:
        first = hoa.get(address(seen)).text

    assert len(many) == len(few)
    assert first.count('name="file"') == 3
    assert f"before={ids()[1]}" in first
    second = hoa.get(address(seen, before=ids()[1])).text
    assert second.count('name="file"') == 1


def test_photos_of_another_place_are_neither_seen_nor_taken(browser, cast, seen, viewer_of_commune):
    there = viewer_of_commune(seen.other_commune.area)

    assert 'name="file"' not in browser(there).get(address(seen)).text
    assert take(browser, there, seen, file=ids()).status_code == 422
    assert browser(cast.an).get(address(seen)).status_code == 404
    assert take(browser, cast.an, seen, which="all").status_code == 404


def test_what_is_ticked_comes_as_one_zip_with_telling_names(browser, cast, seen):
    cow, recording = ids("anh")[0], ids("tieng")[0]

    held = unzipped(take(browser, cast.hoa, seen, which="ticked", file=[cow, recording]))

    place = seen.visit.place.name
    assert set(held.namelist()) == {
        f"{place}_hogd_2024-04-15_anh_{cow}.jpg",
        f"{place}_hogd_2024-04-15_tieng_{recording}.m4a",
        bundle.LIST,
    }
    assert held.read(f"{place}_hogd_2024-04-15_tieng_{recording}.m4a") == RECORDING
    rows = list(csv.DictReader(io.StringIO(held.read(bundle.LIST).decode("utf-8-sig"))))
    assert {row["thon"] for row in rows} == {"Thôn Vân Cát"}
    assert {row["cau_hoi"] for row in rows} == {"anh", "tieng"}


def test_the_original_alone_has_the_same_name_as_in_the_zip(browser, cast, seen):
    cow = ids("anh")[0]

    answer = browser(cast.hoa).get(f"/files/{cow}/original")

    assert f"_hogd_2024-04-15_anh_{cow}.jpg" in answer.headers["Content-Disposition"]


def test_all_that_the_filter_shows_is_taken_up_to_a_bound_that_is_told(
    browser, cast, seen, monkeypatch
):
    monkeypatch.setattr(gallery, "MOST_FILES", 2)

    held = unzipped(take(browser, cast.hoa, seen, which="all", kind="photo"))

    assert sum(name.endswith(".jpg") for name in held.namelist()) == 2
    assert "Chỉ gồm 2 tệp mới nhất" in held.read("doc-truoc.txt").decode()


def test_nothing_ticked_is_said_so(browser, cast, seen):
    answer = take(browser, cast.hoa, seen, which="ticked")

    assert answer.status_code == 422
    assert "đánh dấu các ảnh cần tải" in answer.text


def test_who_took_them_is_in_the_journal(browser, cast, seen):
    take(browser, cast.hoa, seen, which="all")

    line = db.session().scalars(select(Line).where(Line.verb == "photos.bundled")).one()
    assert line.person_id == cast.hoa.id
    assert line.detail["files"] == 4


def test_a_file_that_is_gone_or_spoilt_is_named_and_the_others_come(app, tmp_path):
    files = Files(str(tmp_path / "store"))
    kept = [files.keep_bytes(content) for content in (b"one", b"two", b"three")]
    items = [Item(f"{n}.jpg", one.sha256, one.size_bytes, {}) for n, one in enumerate(kept)]
    files.remove(kept[0].sha256)
    spoilt = files.folder / kept[1].sha256[:2] / kept[1].sha256
    spoilt.write_bytes(b"twO")

    held = zipfile.ZipFile(io.BytesIO(b"".join(bundle.stream(files, items))))

    assert held.testzip() is None
    assert held.read("2.jpg") == b"three"
    assert "0.jpg" not in held.namelist()
    told = held.read(bundle.LOST).decode()
    assert "0.jpg" in told
    assert "1.jpg" in told
    assert "2.jpg" not in told


def test_a_zip_larger_than_memory_allows_is_made_piece_by_piece(tmp_path):
    files = Files(str(tmp_path / "store"))
    one = files.keep_bytes(b"x" * 3_000_000)
    items = [Item(f"{n}.jpg", one.sha256, one.size_bytes, {}) for n in range(20)]

    sizes = [len(piece) for piece in bundle.stream(files, items)]

    assert sum(sizes) > 60_000_000
    assert max(sizes) < 1_000_000


def test_names_in_the_list_are_never_formulas(tmp_path):
    files = Files(str(tmp_path / "store"))
    one = files.keep_bytes(b"x")
    item = Item("a.jpg", one.sha256, 1, {"ten_phieu": "=HYPERLINK(1)"})

    held = zipfile.ZipFile(io.BytesIO(b"".join(bundle.stream(files, [item]))))

    assert "'=HYPERLINK" in held.read(bundle.LIST).decode()


def test_what_a_record_no_longer_has_leaves_the_gallery(session, seen):
    with transaction() as writing:
        files = SubmissionFile.__table__
        writing.execute(files.delete().where(files.c.id == ids("anh")[0]))

    assert len(ids("anh")) == 1
