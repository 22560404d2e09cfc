"""Second and third stage: hamlets in a drawn commune, households in a drawn hamlet."""

import csv
import io
import unicodedata
from fractions import Fraction
from hashlib import sha256

import pytest
from sqlalchemy import select

from server.db import db, transaction
from server.draws import carrying, lineage, lists, private, service, stages
from server.draws.models import Draw, DrawState, PrivateFrame, UnitRole
from server.draws.problems import (
    BadList,
    CodeElsewhere,
    DrawRefused,
    LiveDraw,
    NotInUse,
    Overlapping,
    SeedUsed,
    UnitsMissing,
)
from server.draws.stages import Wish
from server.entities.models import Household
from server.monitoring import service as monitoring
from server.monitoring.models import Origin, Visit, VisitHamlet, VisitState
from server.places.models import Hamlet, Place
from server.surveys.models import PhoneList
from server.teams import service as teams
from tests.draws.conftest import HOUSEHOLDS, MINH, WITNESSES, thrown

D10 = service.source_of("dice-d10")


def codes(draw, role=None):
    return [unit.unit_code for unit in draw.drawn if role in (None, unit.role)]


def read_phone(plan_id, name, team_id=None):
    """Return the rows of a list as phones of a team get it."""
    db.session.rollback()
    held = db.session.scalar(
        select(PhoneList.content).where(
            PhoneList.plan_id == plan_id, PhoneList.name == name, PhoneList.team_id == team_id
        )
    )
    return [row["name"] for row in csv.DictReader(io.StringIO(held.decode()))]


# --- hamlets --------------------------------------------------------------------------------


def test_two_hamlets_of_a_drawn_commune_are_drawn_with_their_own_freeze_and_seed(field):
    commune = field.communes[0]

    draw = field.hamlets(commune, size=2, reserves=1)

    assert (draw.stage, draw.parent_code, draw.parent_id) == ("thôn", commune, field.first.id)
    assert (draw.units, len(codes(draw, UnitRole.MAIN))) == (6, 2)
    assert draw.seeded_at > draw.committed_at > field.first.seeded_at
    assert field.first.commitment_sha256 in draw.commitment
    assert {unit.hamlet_id for unit in draw.drawn} <= set(
        db.session.scalars(select(Hamlet.id).join(Place).where(Place.code == commune))
    )


def test_a_commune_that_was_not_drawn_has_no_hamlet_draw(field):
    reserve = codes(field.first, UnitRole.RESERVE)[0]

    with pytest.raises(NotInUse):
        field.hamlets(reserve)


def test_a_commune_named_on_purpose_has_hamlets_drawn_and_no_weight_above(field):
    with transaction() as session:
        place = session.scalars(select(Place).where(Place.code == "13753")).first()
        monitoring.add_visit(session, session.merge(field.round_), place, MINH, Origin.PURPOSIVE)
    field.name_hamlets("13753")

    draw = field.hamlets("13753")

    assert draw.parent_id is None
    assert {w.pi for w in lineage.weights(db.session(), draw).values()} == {Fraction(1, 3)}


def test_a_second_live_hamlet_draw_is_refused_and_void_makes_room(field):
    commune = field.communes[0]
    draw = field.hamlets(commune)

    with pytest.raises(LiveDraw):
        field.hamlets(commune)
    field.office.void(draw)
    again = field.hamlets(commune)

    assert '"draw_no":2' in again.commitment
    assert (kept(draw).state, kept(again).state) == (DrawState.VOID, DrawState.DRAWN)


def kept(draw):
    db.session.expire_all()
    return db.session.get_one(Draw, draw.id)


def test_hamlets_by_number_of_households_have_exact_unequal_chances(field):
    draw = field.hamlets(field.communes[0], size=2, reserves=0, method="pps_pivotal")

    sizes = dict(db.session.execute(select(Hamlet.code, Hamlet.households)).all())
    total = sum(sizes[h] for h in field.hamlet_codes(field.communes[0]))
    for unit in draw.drawn:
        assert Fraction(unit.pi_num, unit.pi_den) == Fraction(2 * sizes[unit.unit_code], total)


def test_hamlets_without_a_size_are_refused_by_name_of_the_unit(field):
    commune = field.communes[1]
    with transaction() as session:
        bare = session.scalars(select(Hamlet).where(Hamlet.code == f"{commune}-03")).one()
        bare.households = None

    with pytest.raises(DrawRefused, match=f"{commune}-03"):
        field.hamlets(commune, method="pps_pivotal")
    assert db.session.query(Draw).filter_by(stage="thôn").count() == 0


def test_phones_carry_the_drawn_hamlets_only(field, drain):
    commune = field.communes[0]
    drain()
    before = read_phone(field.plan_id, "hamlets.csv")

    draw = field.hamlets(commune)
    drain()

    after = read_phone(field.plan_id, "hamlets.csv")
    assert len([h for h in before if h.startswith(commune)]) == 6
    assert sorted(h for h in after if h.startswith(commune)) == sorted(codes(draw)[:2])
    assert [h for h in after if not h.startswith(commune)] == [
        h for h in before if not h.startswith(commune)
    ]


def test_voiding_gives_the_phones_all_hamlets_again(field, drain):
    draw = field.hamlets(field.communes[0])

    field.office.void(draw)
    drain()

    found = read_phone(field.plan_id, "hamlets.csv")
    assert len([h for h in found if h.startswith(field.communes[0])]) == 6


def test_hamlets_may_be_drawn_without_communes_and_make_their_visits(office, round_, hamlets):
    hamlets(["13741", "13744", "13747"])

    with transaction() as session:
        wish = Wish(3, 1, D10)
        draw = stages.commit_hamlets(session, session.merge(round_), None, wish, MINH)
    draw = office.seed(draw, thrown(9))

    visited = {visit.place.code for visit in db.session.query(Visit)}
    assert visited == {code[:5] for code in codes(draw, UnitRole.MAIN)}
    assert db.session.query(VisitHamlet).count() == 3


# --- households -----------------------------------------------------------------------------


def test_households_are_codes_in_public_and_names_apart_bound_by_a_salted_hash(field):
    hamlet = field.drawn_hamlet()

    draw = field.households(hamlet)

    kept_apart = db.session.get_one(PrivateFrame, draw.id)
    frame = draw.frame.decode()
    assert "Trần Văn Ba" not in frame + draw.commitment
    assert f'"private_frame_sha256":"{kept_apart.sha256}"' in draw.commitment
    assert sha256(kept_apart.content).hexdigest() == kept_apart.sha256
    assert kept_apart.content.startswith(b"salt\t")
    assert [one.name for one in private.names(db.session(), draw)][:2] == [
        "Trần Văn Ba", "Lê Thị Tư",
    ]  # fmt: skip


def test_the_same_names_hash_otherwise_with_another_salt():
    names = {"H1": ("Trần Văn Ba", "")}

    assert private.sealed(names)[1] != private.sealed(names)[1]


def test_five_households_and_two_reserves_become_rows_and_only_the_five_go_to_phones(field, drain):
    hamlet = field.drawn_hamlet()

    draw = field.households(hamlet)
    drain()

    rows = db.session.query(Household).order_by(Household.rank).all()
    assert [row.code for row in rows] == codes(draw)
    assert [row.reserve for row in rows] == [False] * 5 + [True] * 2
    assert read_phone(field.plan_id, "households.csv") == codes(draw)[:5]
    named = {one.code: one.name for one in private.names(db.session(), draw)}
    assert rows[0].label == f"{rows[0].code} {private.initials(named[rows[0].code])}"
    assert named[rows[0].code] not in rows[0].label


def test_the_package_of_a_household_draw_is_verified_elsewhere_and_names_nobody(field, verify):
    draw = field.households(field.drawn_hamlet())

    package = field.office.package(draw)

    assert verify(package, draw.commitment_sha256) == (0, [])
    assert "Trần Văn Ba".encode() not in package


def test_probabilities_multiply_exactly_through_three_stages(field):
    draw = field.households(field.drawn_hamlet())

    weights = lineage.weights(db.session(), draw)

    pi = Fraction(4, 17) * Fraction(2, 6) * Fraction(5, 8)
    assert {one.pi for one in weights.values()} == {pi}
    assert {one.weight for one in weights.values()} == {1 / pi}
    assert sorted(weights) == sorted(codes(draw, UnitRole.MAIN))
    path = weights[codes(draw)[0]].path
    assert path == (draw.parent_code[:5], draw.parent_code, codes(draw)[0])


def test_a_hamlet_that_was_not_drawn_has_no_household_draw(field):
    chosen = field.drawn_hamlet()
    other = next(h for h in field.hamlet_codes(chosen[:5]) if h not in field.used(chosen))

    with pytest.raises(NotInUse):
        field.households(other)


def test_two_hamlets_lists_may_both_begin_at_one(field):
    first = field.drawn_hamlet()
    second = next(h for h in field.used(first) if h != first)

    a, b = field.households(first), field.households(second)

    assert codes(a)[0].startswith(f"{first}.") and codes(b)[0].startswith(f"{second}.")
    assert db.session.query(Household).count() == 14


def test_a_code_of_a_household_elsewhere_is_refused(field):
    first = field.drawn_hamlet()
    second = next(h for h in field.used(first) if h != first)
    with transaction() as session:
        other = session.scalars(select(Hamlet).where(Hamlet.code == first)).one()
        session.add(
            Household(plan_id=field.plan_id, hamlet_id=other.id, code=f"{second}.01", label="x")
        )

    with pytest.raises(CodeElsewhere, match=f"{second}.01"):
        field.households(second)


def test_voiding_the_hamlets_voids_the_households_drawn_in_them(field, drain):
    draw = field.households(field.drawn_hamlet())
    parent = db.session.get_one(Draw, draw.parent_id)

    field.office.void(parent, reason="danh sách thôn thiếu")
    drain()

    assert (kept(parent).state, kept(draw).state) == (DrawState.VOID, DrawState.VOID)
    assert f"hủy theo lần rút số {parent.number}" in kept(draw).void_reason
    assert read_phone(field.plan_id, "households.csv") == []


def test_a_household_drawn_in_an_earlier_round_comes_back_when_the_later_draw_is_voided(
    field, plan, drain
):
    hamlet = field.drawn_hamlet()
    first = field.households(hamlet)
    later = field.households(hamlet, purpose="kiểm tra lại", size=8, reserves=0)

    field.office.void(later)

    using = {row.code for row in db.session.query(Household).filter_by(in_use=True)}
    assert using == set(codes(first, UnitRole.MAIN))


def test_digits_thrown_for_one_stage_do_not_serve_another(field):
    draw = field.commit_hamlets(field.communes[0])

    with pytest.raises(SeedUsed):
        field.office.seed(draw, field.first.seed)
    assert kept(draw).state is DrawState.COMMITTED


def test_a_household_draw_on_site_takes_a_typed_list_without_headings(field):
    typed = "Trần Văn Ba; xóm trên\nLê Thị Tư\n\nVũ Năm; xóm dưới\n"

    draw = field.households(field.drawn_hamlet(), text=typed, size=1, reserves=1)

    named = private.names(db.session(), draw)
    assert [(one.code[-3:], one.name, one.address) for one in named] == [
        ("001", "Trần Văn Ba", "xóm trên"),
        ("002", "Lê Thị Tư", ""),
        ("003", "Vũ Năm", "xóm dưới"),
    ]


def test_names_are_erased_for_good_and_the_hash_stays(field):
    draw = field.households(field.drawn_hamlet())

    with transaction() as session:
        private.erase(session, session.merge(draw), MINH)

    assert private.names(db.session(), draw) == []
    assert db.session.get_one(PrivateFrame, draw.id).sha256 in draw.commitment


# --- communes with a list, in a district, in strata -----------------------------------------


def test_a_list_with_sizes_draws_by_size_and_shows_what_it_lacks(office, round_):
    text = "Mã xã;Số hộ nghèo\n13741;120\n13744;80\n13747;60\n13750;40\n"
    items = lists.read(text.encode(), "xa.csv")

    with transaction() as session:
        wish = Wish(2, 0, D10, "pps_pivotal", absent="không có hộ nghèo")
        draw = stages.commit_communes(session, session.merge(round_), wish, MINH, items=items)
    draw = office.seed(draw, thrown(1))

    sizes = {"13741": 120, "13744": 80, "13747": 60, "13750": 40}
    for unit in draw.drawn:
        assert Fraction(unit.pi_num, unit.pi_den) == Fraction(2 * sizes[unit.unit_code], 300)
    assert draw.units == 4
    assert len(draw.excluded) == 14
    assert {one["reason"] for one in draw.excluded} == {"thiếu trong danh sách: không có hộ nghèo"}


def test_a_list_of_one_commune_of_eighteen_is_not_frozen_before_somebody_says_why(
    office, round_, verify
):
    """Whoever lists only the commune they want must say of each other why it is not there."""
    items = lists.read(b"ma\n13741\n", "x.csv")

    def commit(**more):
        with transaction() as session:
            wish = Wish(1, 0, D10, **more)
            return stages.commit_communes(session, session.merge(round_), wish, MINH, items=items)

    for more in ({}, {"absent": "   "}, {"excluded": {"13753": "ngập lụt"}}):
        with pytest.raises(UnitsMissing) as refused:
            commit(**more)
    assert refused.value.details["count"] == 16  # and one with its own reason
    assert db.session.query(Draw).count() == 0

    draw = office.seed(commit(absent="chỉ đạo của huyện", excluded={"13753": "ngập lụt"}))
    why = {one["code"]: one["reason"] for one in draw.excluded}
    assert len(why) == 17 and why["13753"] == "thiếu trong danh sách: ngập lụt"
    assert draw.frame.count(b"\n") == 19  # all eighteen are frozen
    assert verify(office.package(draw), draw.commitment_sha256) == (0, [])


def test_a_commune_so_large_that_it_is_certain_is_named_so(office, round_, verify):
    items = lists.read(b"ma,quy mo\n13741,900\n13744,80\n13747,60\n13750,40\n", "x.csv")

    with transaction() as session:
        wish = Wish(2, 0, D10, "pps_pivotal", absent="mẫu")
        draw = stages.commit_communes(session, session.merge(round_), wish, MINH, items=items)
    draw = office.seed(draw, thrown(1))

    assert next((u.unit_code, u.role, u.pi_num) for u in draw.drawn) == (
        "13741", UnitRole.CERTAIN, 1,
    )  # fmt: skip
    assert verify(office.package(draw), draw.commitment_sha256) == (0, [])


def test_strata_get_their_share_and_a_small_one_is_refused_with_a_sentence(office, round_, verify):
    text = "ma,tang\n13741,A\n13744,A\n13747,A\n13750,B\n13756,B\n13759,B\n"
    items = lists.read(text.encode(), "xa.csv")
    commit = lambda **more: stages.commit_communes(  # noqa: E731
        db.session(), db.session().merge(round_),
        Wish(4, 1, D10, split="equal", absent="mẫu", **more), MINH, items=items,
    )  # fmt: skip

    with pytest.raises(DrawRefused) as refused, transaction():
        commit(minimum=4)
    with transaction():
        draw = commit(minimum=2)
    draw = office.seed(draw, thrown(1))

    assert refused.value.details["kind"] == "stratum-too-small"
    assert [u.stratum for u in draw.drawn if u.role is UnitRole.MAIN] == ["A", "A", "B", "B"]
    assert verify(office.package(draw), draw.commitment_sha256) == (0, [])


def test_three_districts_named_on_purpose_have_communes_drawn_in_each(office, ben_tre):
    """Bến Tre 2024 names Bình Đại, Châu Thành, Chợ Lách, and draws communes within them."""
    drawn = [ben_tre.communes(district) for district in ("835", "831", "832")]

    for draw, count in zip(drawn, (20, 21, 11), strict=True):
        assert (draw.units, draw.size) == (count, 2)
        assert draw.parent_code in ("835", "831", "832")
    assert db.session.query(Visit).count() == 6


def test_the_whole_area_and_a_part_of_it_are_not_both_drawn_from(ben_tre):
    ben_tre.communes("835")

    with pytest.raises(Overlapping):
        ben_tre.communes("")


# --- bad lists ------------------------------------------------------------------------------


def mistakes(text, known=None):
    with pytest.raises(BadList) as refused:
        lists.read(text.encode(), "danh-sach.csv", known)
    return [(mistake.row, mistake.vi) for mistake in refused.value.mistakes]


def test_every_mistake_of_a_list_is_named_by_its_row_at_once():
    known = {"13741": "Thị trấn Gôi", "03217": "Tủa Chùa"}
    found = mistakes(
        'Mã xã,Số hộ\n13741,"8,842"\n13741,8.842\n3217,10\n99999,5\n,7\n03217,-3\n', known
    )

    told = {row: [vi for at, vi in found if at == row] for row, _ in found}
    assert "8,842" in told[2][0] and "8.842" in told[3][0]
    assert any("trùng với dòng 2" in vi for vi in told[3])
    assert "Có phải 03217 (Tủa Chùa)?" in told[4][0]
    assert "không có trong danh mục" in told[5][0]
    assert "thiếu mã" in told[6][0]
    assert sorted(told) == [2, 3, 4, 5, 6, 7]


def test_a_code_that_lost_a_digit_is_known_by_the_name_beside_it():
    known = {"13753": "Xã Hợp Hưng", "13750": "Xã Tân Khánh"}
    for name in ("Xã Hợp Hưng", "hợp hưng"):
        assert "là 13753 (Xã Hợp Hưng)?" in mistakes(f"ma,ten\n1375,{name}\n", known)[0][1]
    assert "kiểm tra lại mã" in mistakes("ma,ten\n1375,Hưng\n", known)[0][1]


def test_names_typed_in_pieces_give_the_list_that_whole_letters_give(field):
    hamlet = field.drawn_hamlet()
    pieces = unicodedata.normalize("NFD", HOUSEHOLDS)

    assert lists.read(pieces.encode(), "x.csv") == lists.read(HOUSEHOLDS.encode(), "x.csv")
    assert field.households(hamlet, text=pieces).state is DrawState.DRAWN


def test_an_empty_list_is_refused(field):
    assert mistakes("Mã hộ,Chủ hộ\n")[0][1] == "Danh sách trống."


def test_more_households_than_there_are_leaves_nothing_half_stored(field):
    hamlet = field.drawn_hamlet()

    with pytest.raises(DrawRefused, match="Cannot draw 7 units and 2 reserves"):
        field.households(hamlet, size=7)
    assert db.session.query(PrivateFrame).count() == 0
    assert db.session.query(Draw).filter_by(stage="hộ").count() == 0


def test_carrying_a_result_twice_changes_nothing(field):
    draw = field.households(field.drawn_hamlet())
    before = [(r.code, r.in_use, r.rank) for r in db.session.query(Household).order_by("id")]

    with transaction() as session:
        carrying.publish(session, session.merge(draw), MINH)

    assert [(r.code, r.in_use, r.rank) for r in db.session.query(Household).order_by("id")] == (
        before
    )


def test_a_team_carries_only_its_own_communes_hamlets_and_households(field, drain):
    hamlet = field.drawn_hamlet()
    draw = field.households(hamlet)
    with transaction() as session:
        ours = teams.add_team(session, field.plan_id, "Đoàn 1", MINH)
        others = teams.add_team(session, field.plan_id, "Đoàn 2", MINH)
        for visit in session.query(Visit).filter(Visit.state != VisitState.CANCELLED):
            team = ours if visit.place.code == hamlet[:5] else others
            monitoring.assign(session, visit, team, None, None, MINH)
    drain()

    assert read_phone(field.plan_id, "households.csv", ours.id) == codes(draw)[:5]
    assert read_phone(field.plan_id, "households.csv", others.id) == []
    assert len(read_phone(field.plan_id, "visits.csv", ours.id)) == 1
    assert len(read_phone(field.plan_id, "visits.csv", others.id)) == 3


def test_witnesses_are_as_many_as_promised_at_every_stage(field):
    draw = field.commit_hamlets(field.communes[0])

    with pytest.raises(DrawRefused):
        field.office.seed(draw, thrown(77), WITNESSES[:2])
