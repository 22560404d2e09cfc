"""What the office and other rooms do to lists and rows, one at a time and all at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DatabaseError

from server.db import db, transaction
from server.entities import names, queries, service
from server.entities.models import Conflict, EntityVersion
from server.entities.problems import (
    BadId,
    BadName,
    BadValue,
    EntityDeleted,
    EntityExists,
    LabelMissing,
    ListExists,
    PropertyExists,
    UnknownProperty,
    VersionConflict,
)
from server.entities.writing import Part
from server.journal import Line
from tests.conftest import ACTOR
from tests.entities.conftest import OTHER, TREE


@pytest.fixture
def trees(app, plan):
    with transaction() as session:
        return service.add_list(session, plan.id, "cay", ACTOR, properties=["loai", "cao"])


@pytest.fixture
def tree(trees):
    with transaction() as session:
        return service.create(
            session, trees, "  Cây   1 ", {"loai": "lim"}, ACTOR, uuid=f"uuid:{TREE}"
        )


def test_a_row_begins_at_version_one_with_a_clean_label(tree):
    assert (tree.uuid, tree.label, tree.version, tree.data) == (TREE, "Cây 1", 1, {"loai": "lim"})


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"label": " "}, LabelMissing),
        ({"label": "A", "uuid": "abc"}, BadId),
        ({"label": "A", "data": {"mau": "xanh"}}, UnknownProperty),
        ({"label": "A", "data": {"loai": 3}}, BadValue),
        ({"label": "A", "data": {"loai": "x" * 70_000}}, BadValue),
        ({"label": "A", "uuid": TREE}, EntityExists),
    ],
)
def test_what_cannot_be_a_row_is_refused(trees, tree, row, problem):
    with pytest.raises(problem), transaction() as session:
        service.create(session, trees, row.pop("label"), row.pop("data", {}), ACTOR, **row)


def test_names_that_lists_and_properties_may_not_have(trees, plan):
    with transaction() as session:
        for name in ("visits", "__a", "a.b", "số", "", "a b", "9a"):
            with pytest.raises(BadName):
                service.add_list(session, plan.id, name, ACTOR)
        with pytest.raises(ListExists):
            service.add_list(session, plan.id, "cay", ACTOR)
        with pytest.raises(PropertyExists):
            service.add_property(session, trees, "LOAI", ACTOR)
        with pytest.raises(BadName):
            service.add_property(session, trees, "Label", ACTOR)


def test_a_change_names_the_version_it_was_made_on_or_forces(tree):
    with transaction() as session:
        service.update(session, tree, ACTOR, data={"loai": "gụ"}, base_version=1)
        with pytest.raises(VersionConflict) as refusal:
            service.update(session, tree, ACTOR, data={"loai": "xoan"}, base_version=1)
        service.update(session, tree, ACTOR, data={"cao": "2"}, base_version=1, force=True)

    assert refusal.value.details == {"current": 2, "given": 1}
    assert (tree.version, tree.data) == (3, {"loai": "gụ", "cao": "2"})
    with pytest.raises(LabelMissing), transaction() as session:
        service.update(session, tree, ACTOR, label="")


def test_a_deleted_row_takes_no_change_and_keeps_its_history(trees, tree):
    with transaction() as session:
        service.delete(session, tree, ACTOR)
        service.delete(session, tree, ACTOR)
        with pytest.raises(EntityDeleted):
            service.update(session, tree, ACTOR, label="B")
        service.restore(session, tree, ACTOR)

    assert [v.version for v in queries.versions(db.session(), tree)] == [1]


def test_a_row_that_another_room_keeps_in_step(trees, cast):
    key = names.stable_id("cay", 12)
    part = Part(owner_id=cast.lan.id)
    with transaction() as session:
        for _ in range(2):
            row = service.put_row(session, trees, key, "Cây", {"loai": "a"}, ACTOR, part=part)
        assert (row.version, row.owner_id) == (1, cast.lan.id)
        service.put_row(session, trees, key, "Cây", {"cao": "2"}, ACTOR)
        assert (row.version, row.owner_id, row.data) == (
            2, cast.lan.id, {"loai": "a", "cao": "2"},
        )  # fmt: skip
        service.drop_row(session, trees, key, ACTOR)
        service.drop_row(session, trees, OTHER, ACTOR)
        assert row.deleted_at is not None
        service.put_row(session, trees, key, "Cây lại", {}, ACTOR)

    assert (row.version, row.label, row.deleted_at) == (3, "Cây lại", None)


def test_versions_tell_what_each_changed(tree):
    with transaction() as session:
        service.update(session, tree, ACTOR, label="Cây hai", data={"loai": "gụ"})
    found = queries.versions(db.session(), tree)

    assert queries.diffs(found) == [
        [("label", "Cây 1", "Cây hai"), ("loai", "lim", "gụ")],
        [("label", "", "Cây 1"), ("loai", "", "lim")],
    ]


def test_the_database_refuses_to_rewrite_a_version(tree):
    with pytest.raises(DatabaseError), transaction() as session:
        session.execute(update(EntityVersion).values(label="khác"))


def test_everything_done_is_in_the_journal(tree):
    with transaction() as session:
        service.update(session, tree, ACTOR, data={"loai": "gụ"})
        service.assign(session, [tree], Part(area="2024/36/359"), ACTOR)
        service.delete(session, tree, ACTOR)
        service.restore(session, tree, ACTOR)
        tree.conflict = Conflict.SOFT
        service.resolve(session, tree, ACTOR)

    lines = db.session().query(Line).filter(Line.verb.like("entity.%")).order_by(Line.id)
    verbs = [line.verb for line in lines]
    assert verbs == [f"entity.{verb}" for verb in (
        "created", "updated", "assigned", "deleted", "restored", "resolved",
    )]  # fmt: skip


def test_of_many_who_change_the_same_version_at_once_one_wins(app, tree):
    ready = Barrier(4)

    def change(number: int) -> str:
        with app.app_context():
            try:
                row = queries.row(db.session(), tree_list(), TREE)
                ready.wait(10)
                with transaction() as session:
                    service.update(session, row, ACTOR, data={"cao": str(number)}, base_version=1)
            except VersionConflict:
                return "conflict"
            finally:
                db.session.remove()
            return "done"

    def tree_list():
        return queries.list_named(db.session(), 1, "cay")

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(change, range(4)))

    db.session().rollback()
    db.session().expire_all()
    assert outcomes == ["conflict", "conflict", "conflict", "done"]
    assert queries.row(db.session(), tree_list(), TREE).version == 2
