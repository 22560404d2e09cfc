"""The engine of the phones fills forms about rows, offline, three times before it sends."""

import csv
import io
import uuid
from dataclasses import dataclass, field

import pytest

from server.db import db, transaction
from server.demo import javarosa
from server.demo.loopback import serving
from server.demo.phone import Phone
from server.entities import queries, service
from server.submissions import instance
from tests import forms
from tests.conftest import ACTOR
from tests.entities.conftest import TREE

pytestmark = pytest.mark.java


@dataclass
class Pocket:
    """The rows that a phone carries, as ODK Collect keeps them while it is offline.

    What comes from the server begins a branch at its version; what is made on the phone begins
    one at version 1, without a trunk; every change offline counts one up in the same branch.
    """

    rows: dict[str, dict[str, str]] = field(default_factory=dict)

    def take(self, content: bytes) -> None:
        for row in csv.DictReader(io.StringIO(content.decode())):
            assert row["name"] and row["label"] and row["__version"].isdigit()
            mine = {"__trunkVersion": row["__version"], "__branchId": str(uuid.uuid4())}
            self.rows[row["name"]] = {**row, **mine}

    def csv(self) -> bytes:
        heading = ["name", "label", "__version", "__trunkVersion", "__branchId", "loai", "cao"]
        out = io.StringIO()
        writer = csv.DictWriter(out, heading, restval="")
        writer.writeheader()
        writer.writerows(self.rows.values())
        return out.getvalue().encode()

    def keep(self, filled: bytes) -> None:
        """Do to the phone's own rows what a finished form says, as the app does at once."""
        parsed = instance.parse(filled)
        for each in parsed.entities:
            said = {name: parsed.root.findtext(name) for name in ("loai", "cao")}
            said = {name: value for name, value in said.items() if value is not None}
            if each.create:
                fresh = {"name": each.entity_id, "__trunkVersion": "", "__version": "1"}
                self.rows[each.entity_id] = {
                    **fresh, "__branchId": str(uuid.uuid4()), "label": each.label, **said,
                }  # fmt: skip
            elif each.update:
                row = self.rows[each.entity_id]
                row.update(said, __version=str(int(row["__version"]) + 1))
                row["label"] = each.label or row["label"]


def fill(pocket: Pocket, **answers: str) -> javarosa.Filled:
    """Fill the form once with what the phone carries, and change the phone's own rows."""
    (made,) = javarosa.fill(
        forms.compiled(WORKBOOK).xform, {"cay.csv": pocket.csv()}, answers, auto="none"
    )
    pocket.keep(made.xml)
    return made


WORKBOOK = """
| survey |                              |         |               |            |         |
|        | type                         | name    | label         | relevant   | save_to |
|        | select_one_from_file cay.csv | cay     | Cây nào?      |            |         |
|        | text                         | ten     | Tên cây       | ${cay} = '' |        |
|        | text                         | loai    | Loài          | ${cay} = '' | loai   |
|        | integer                      | cao     | Chiều cao     |            | cao     |
| entities |                            |         |               |            |         |
|        | list_name | label  | entity_id                | create_if   | update_if   |
|        | cay       | ${ten} | coalesce(${cay}, uuid()) | ${cay} = '' | ${cay} != '' |
| settings |                            |         |               |            |         |
|        | form_title                   | form_id | version       |            |         |
|        | Đo cây                       | do_cay  | 1             |            |         |
"""


@pytest.fixture
def plan_with_trees(app, plan):
    forms.publish(app, plan.id, WORKBOOK)
    return plan


def versions(plan_id: int, key: str) -> list[tuple[int, int | None, str, str, str]]:
    session = db.session()
    session.rollback()
    session.expire_all()
    found = queries.list_named(session, plan_id, "cay")
    row = queries.row(session, found, key)
    return [
        (v.version, v.base_version, v.conflict.value, v.data["loai"], v.data["cao"])
        for v in reversed(queries.versions(session, row))
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_three_changes_offline_of_a_row_of_the_server(app, plan_with_trees, base, drain, order):
    plan_id = plan_with_trees.id
    with transaction() as session:
        found = queries.list_named(session, plan_id, "cay")
        service.create(session, found, "Cây 1", {"loai": "lim", "cao": "1"}, ACTOR, uuid=TREE)
    with serving(app) as address, Phone(address + base) as phone:
        pocket = Pocket()
        pocket.take(phone.sync()["do_cay"].media["cay.csv"])
        filled = [fill(pocket, cay=TREE, cao=high) for high in ("2", "3", "4")]
        sent = [instance.parse(each.xml).entities[0] for each in filled]
        assert [(e.base_version, e.trunk_version) for e in sent] == [(1, 1), (2, 1), (3, 1)]
        assert len({e.branch_id for e in sent}) == 1

        for number in order:
            phone.send(filled[number])
            drain()
        after = phone.sync()["do_cay"].media["cay.csv"]

    assert versions(plan_id, TREE) == [
        (1, None, "none", "lim", "1"),
        (2, 1, "none", "lim", "2"),
        (3, 2, "none", "lim", "3"),
        (4, 3, "none", "lim", "4"),
    ]
    assert f"{TREE},Cây 1,4,lim,4\n" in after.decode()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_a_row_made_offline_and_changed_twice(app, plan_with_trees, base, drain, order):
    with serving(app) as address, Phone(address + base) as phone:
        pocket = Pocket()
        pocket.take(phone.sync()["do_cay"].media["cay.csv"])
        made = fill(pocket, ten="Cây mới", loai="gụ", cao="1")
        (key,) = pocket.rows
        filled = [made, *(fill(pocket, cay=key, cao=high) for high in ("2", "3"))]

        for number in order:
            phone.send(filled[number])
        drain()

    assert versions(plan_with_trees.id, key) == [
        (1, None, "none", "gụ", "1"),
        (2, 1, "none", "gụ", "2"),
        (3, 2, "none", "gụ", "3"),
    ]


def test_two_phones_offline_with_the_same_row(app, plan_with_trees, base, drain):
    with transaction() as session:
        found = queries.list_named(session, plan_with_trees.id, "cay")
        service.create(session, found, "Cây 1", {"loai": "lim", "cao": "1"}, ACTOR, uuid=TREE)
    with serving(app) as address, Phone(address + base) as phone:
        content = phone.sync()["do_cay"].media["cay.csv"]
        one, two = Pocket(), Pocket()
        one.take(content)
        two.take(content)
        for pocket, high in ((one, "2"), (two, "7"), (one, "3")):
            phone.send(fill(pocket, cay=TREE, cao=high))
        drain()

    assert [each[2] for each in versions(plan_with_trees.id, TREE)] == [
        "none", "none", "hard", "hard",
    ]  # fmt: skip


MANY = """
| survey |              |         |            |         |
|        | type         | name    | label      | save_to |
|        | text         | xom     | Xóm        |         |
|        | begin_repeat | cay     | Cây        |         |
|        | text         | ten     | Tên        |         |
|        | text         | loai    | Loài       | loai    |
|        | end_repeat   |         |            |         |
| entities |            |         |            |         |
|        | list_name    | label   | repeat     |         |
|        | cay          | ${ten}  | ${cay}     |         |
| settings |            |         |            |         |
|        | form_title   | form_id | version    |         |
|        | Trồng cây    | trong   | 1          |         |
"""


def test_every_round_of_a_repeat_makes_a_row(app, plan, base, drain, session):
    forms.publish(app, plan.id, MANY)
    with serving(app) as address, Phone(address + base) as phone:
        phone.sync()
        answers = {"xom": "Vân Cát", "count:cay": 3}
        for number, loai in enumerate(("lim", "gụ", "xoan"), start=1):
            answers |= {f"cay[{number}]/ten": f"Cây {number}", f"cay[{number}]/loai": loai}
        (filled,) = javarosa.fill(forms.compiled(MANY).xform, {}, answers, auto="none")
        phone.send(filled)
        drain()

    found = queries.list_named(session, plan.id, "cay")
    rows = queries.rows(session, range(1, 10))
    assert [(r.label, r.data) for r in reversed(rows)] == [
        ("Cây 1", {"loai": "lim"}), ("Cây 2", {"loai": "gụ"}), ("Cây 3", {"loai": "xoan"}),
    ]  # fmt: skip
    assert {r.list_id for r in rows} == {found.id}
