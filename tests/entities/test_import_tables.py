"""A table of the office: the differences first, named row by row; then the change, or nothing."""

import io

import pytest
from openpyxl import Workbook, load_workbook

from server.db import db, transaction
from server.entities import exporting, importing, queries, service
from server.entities.models import Delivery, Entity, EntityVersion
from server.entities.problems import HeadingTwice, ListChanged, NoColumns
from server.entities.writing import Part
from server.places.problems import UnreadableFile
from server.teams import service as teams
from tests.conftest import ACTOR
from tests.entities.conftest import OTHER, TREE


@pytest.fixture
def trees(app, plan):
    """A list with two rows."""
    with transaction() as session:
        found = service.add_list(session, plan.id, "cay", ACTOR, properties=["ma", "loai", "cao"])
        service.create(
            session, found, "Cây 1", {"ma": "C1", "loai": "lim", "cao": "1"}, ACTOR, uuid=TREE
        )
        service.create(
            session, found, "Cây 2", {"ma": "C2", "loai": "gụ", "cao": "2"}, ACTOR, uuid=OTHER
        )
    return found


def look(found, text: str | bytes, name: str = "cay.csv", **how) -> importing.Preview:
    db.session().rollback()
    data = text if isinstance(text, bytes) else text.encode()
    return importing.preview(db.session(), found, data, name, **how)


def do(found, seen, **how):
    with transaction() as session:
        return importing.apply(session, found, seen, ACTOR, **how)


def why(seen) -> list[tuple[int, list[str]]]:
    return [(each.row, [problem.code for problem in each.problems]) for each in seen.rejected]


def rows(found) -> list[tuple[str, str, int, dict[str, str]]]:
    db.session().rollback()
    db.session().expire_all()
    query = db.session().query(Entity).filter_by(list_id=found.id).order_by(Entity.id)
    return [(e.uuid, e.label, e.version, e.data) for e in query]


def test_every_kind_of_row_is_told_apart(trees):
    seen = look(
        trees,
        "name,label,ma,cao\n"
        f"{TREE},Cây 1,C1,9\n"
        f"{OTHER},Cây 2,C2,2\n"
        ",Cây 3,C3,3\n"
        ",,C4,4\n"
        f"{TREE},Cây 1,C1,8\n"
        "khong-phai,Cây 5,C5,5\n",
    )

    assert [(each.row, each.differences) for each in seen.changed] == [(2, [("cao", "1", "9")])]
    assert seen.unchanged == 1
    assert [(each.row, each.content.label) for each in seen.added] == [(4, "Cây 3")]
    assert why(seen) == [
        (5, ["entities.label-missing"]), (6, ["entities.row-twice"]), (7, ["entities.bad-id"]),
    ]  # fmt: skip
    assert "dòng 2" in seen.rejected[1].problems[0].text("vi")


def test_a_preview_stores_nothing(trees):
    before = rows(trees)

    look(trees, "label,ma,moi\nCây 3,C3,x\n", add_properties=True)

    assert rows(trees) == before
    assert [each.name for each in trees.properties] == ["ma", "loai", "cao"]


def test_what_was_shown_is_done(trees):
    seen = look(trees, f"name,label,cao\n{TREE},Cây 1,9\n,Cây 3,3\n")

    assert do(trees, seen) == importing.Applied(added=1, changed=1)

    first, second, third = rows(trees)
    assert first == (TREE, "Cây 1", 2, {"ma": "C1", "loai": "lim", "cao": "9"})
    assert second[2] == 1
    assert third[1:] == ("Cây 3", 1, {"cao": "3"})
    versions = db.session().query(EntityVersion).order_by(EntityVersion.id.desc()).limit(2)
    assert {(v.version, v.base_version) for v in versions} == {(1, None), (2, 1)}


def test_an_empty_cell_empties_and_a_missing_column_leaves_alone(trees):
    do(trees, look(trees, f"name,cao\n{TREE},\n"))

    assert rows(trees)[0][3] == {"ma": "C1", "loai": "lim", "cao": ""}


def test_rows_are_known_by_the_offices_own_code(trees):
    seen = look(trees, "ma,label,cao\nC2,Cây hai,7\nC3,Cây ba,3\nC3,Cây bốn,4\n", key="ma")

    assert [each.differences for each in seen.changed] == [
        [("label", "Cây 2", "Cây hai"), ("cao", "2", "7")]
    ]
    assert [each.content.data["ma"] for each in seen.added] == ["C3"]
    assert why(seen) == [(4, ["entities.row-twice"])]


def test_a_code_that_two_rows_share_is_no_key(trees):
    with transaction() as session:
        service.create(session, trees, "Cây 2b", {"ma": "C2"}, ACTOR)

    assert why(look(trees, "ma,cao\nC2,5\n", key="ma")) == [(2, ["entities.key-not-unique"])]


def test_what_others_changed_since_the_download_is_not_undone(trees):
    table = f"name,label,__version,ma,loai,cao\n{TREE},Cây 1,1,C1,xoan,1\n"
    with transaction() as session:
        service.update(session, queries.row(session, trees, TREE), ACTOR, data={"cao": "5"})

    seen = look(trees, table)
    assert seen.changed[0].differences == [("loai", "lim", "xoan")]
    do(trees, seen)

    assert rows(trees)[0] == (TREE, "Cây 1", 3, {"ma": "C1", "loai": "xoan", "cao": "5"})


def test_a_cell_that_both_changed_is_a_conflict_and_waits_for_a_decision(trees):
    table = f"name,__version,cao\n{TREE},1,9\n{OTHER},1,2\n"
    with transaction() as session:
        service.update(session, queries.row(session, trees, TREE), ACTOR, data={"cao": "5"})
    seen = look(trees, table)

    assert [each.cells for each in seen.conflicts] == [[("cao", "1", "5", "9")]]
    assert seen.changed == []
    do(trees, seen)
    assert rows(trees)[0][3]["cao"] == "5"
    do(trees, look(trees, table), overwrite=True)
    assert rows(trees)[0][3]["cao"] == "9"


def test_a_version_that_never_was_is_refused(trees):
    seen = look(trees, f"name,__version,cao\n{TREE},7,9\n{OTHER},một,9\n")

    assert why(seen) == [(2, ["entities.unknown-version"]), (3, ["entities.unknown-version"])]


def test_a_deleted_row_is_named(trees):
    with transaction() as session:
        service.delete(session, queries.row(session, trees, TREE), ACTOR)

    assert why(look(trees, f"name,cao\n{TREE},9\n")) == [(2, ["entities.deleted"])]


def test_a_list_that_changed_after_the_preview_has_to_be_looked_at_again(trees):
    seen = look(trees, f"name,cao\n{TREE},9\n")
    with transaction() as session:
        service.update(session, queries.row(session, trees, OTHER), ACTOR, data={"cao": "5"})

    with pytest.raises(ListChanged):
        do(trees, seen)

    assert [each[2] for each in rows(trees)] == [1, 2]


def test_a_new_heading_becomes_a_property_only_when_asked(trees):
    table = "label,ghi_chu,Số hộ,__createdAt\nCây 3,x,1,2024\n"

    assert look(trees, table).unused == ["ghi_chu", "Số hộ", "__createdAt"]
    seen = look(trees, table, add_properties=True)
    assert (seen.new_properties, seen.unused) == (["ghi_chu"], ["Số hộ", "__createdAt"])
    do(trees, seen)

    assert rows(trees)[-1][3] == {"ghi_chu": "x"}
    assert [each.name for each in trees.properties][-1] == "ghi_chu"


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ("ma,cao\nC1,3\n", NoColumns),
        ("", NoColumns),
        ("label,Cao,cao\nA,1,2\n", HeadingTwice),
        (b"label\n\xff\xfe\n", UnreadableFile),
        (b"PK\x03\x04 khong phai", UnreadableFile),
        (b"\xd0\xcf\x11\xe0cu", UnreadableFile),
    ],
)
def test_a_table_that_cannot_be_used_says_why(trees, table, problem):
    with pytest.raises(problem):
        look(trees, table)


def test_rows_pass_to_teams_owners_and_areas(trees, plan, cast):
    with transaction() as session:
        service.change_list(session, trees, ACTOR, delivery=Delivery.TEAM)
        team = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
    seen = look(
        trees,
        "name,label,__team,__owner,__area\n"
        f"{TREE},Cây 1,Đoàn 1,LAN@example.vn,13753\n"
        f"{OTHER},Cây 2,Đoàn 9,ai@example.vn,00000\n",
    )

    assert why(seen) == [
        (3, ["entities.unknown-team", "entities.unknown-owner", "entities.unknown-area"])
    ]
    assert seen.changed[0].differences == [
        ("__team", "", "Đoàn 1"), ("__owner", "", "LAN@example.vn"), ("__area", "", "13753"),
    ]  # fmt: skip
    do(trees, seen)
    row = queries.row(db.session(), trees, TREE)
    assert (row.version, row.team_id, row.owner_id) == (1, team.id, cast.lan.id)
    assert row.area == "2024/36/359/13753"


def test_the_code_among_the_values_says_where_a_row_lies(trees):
    with transaction() as session:
        service.change_list(session, trees, ACTOR, area_property="ma")
    seen = look(trees, "label,ma\nCây 3,13753\nCây 4,99999\n")

    assert [each.part.area for each in seen.added] == ["2024/36/359/13753"]
    assert why(seen) == [(3, ["entities.unknown-area"])]


def test_a_download_read_back_changes_nothing(trees, plan, cast):
    with transaction() as session:
        team = teams.add_team(session, plan.id, "Đoàn 1", ACTOR)
        part = Part(team.id, cast.lan.id, "2024/36/359/13753")
        service.create(
            session, trees, "=1+1", {"loai": "@x", "cao": "-5", "ma": "007"}, ACTOR, part=part
        )
    head = exporting.headings(trees)
    session = db.session()

    def body():
        return exporting.rows(session, trees, Entity.list_id == trees.id)

    csv = b"".join(exporting.csv_pieces(head, body()))
    xlsx = exporting.workbook(head, body())

    for data, name in ((csv, "cay.csv"), (xlsx, "cay.xlsx")):
        seen = look(trees, data, name)
        assert (seen.unchanged, seen.changed, seen.added, seen.rejected) == (3, [], [], [])


def test_no_cell_of_a_download_is_a_formula(trees):
    with transaction() as session:
        service.create(session, trees, "=HYPERLINK(1)", {"loai": "+1 2"}, ACTOR)
    body = exporting.rows(db.session(), trees, Entity.list_id == trees.id)
    book = load_workbook(io.BytesIO(exporting.workbook(exporting.headings(trees), body)))

    assert "f" not in {cell.data_type for row in book.active for cell in row}
    assert book.active["B4"].value == "'=HYPERLINK(1)"


def test_a_workbook_keeps_leading_zeros_and_whole_numbers(trees):
    book = Workbook()
    book.active.append(["label", "ma", "cao"])
    book.active.append(["Cây 3", "007", 12.0])
    out = io.BytesIO()
    book.save(out)

    seen = look(trees, out.getvalue(), "cay.xlsx")

    assert seen.added[0].content.data == {"ma": "007", "cao": "12"}


def test_more_rows_than_one_statement_carries(trees):
    table = "label,ma,cao\n" + "".join(f"Cây {n},M{n},{n}\n" for n in range(1200))
    do(trees, look(trees, table))

    changed = table.replace(",7\n", ",7000\n")
    seen = look(trees, changed, key="ma")

    assert (len(seen.changed), seen.unchanged, len(seen.added)) == (1, 1199, 0)
    do(trees, seen)
    assert queries.figures(db.session(), [trees.id])[trees.id].rows == 1202
