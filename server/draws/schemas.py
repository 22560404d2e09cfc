"""Draws as JSON: what is asked for, coming in; a draw and its result, going out."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, fields, validates_schema

from sampling.seeds import Json
from server import text
from server.bodies import Body, Choice, Day, Flag, Moment, Password, Several, Text, Whole
from server.draws import words
from server.draws.models import DrawState, ReplacementState, UnitRole, Why

MOST_UNITS = 50_000


# --- coming in --------------------------------------------------------------------------------


class PageSchema(Body):
    """Which part of a list is asked for: what is older than `before`."""

    before = Whole(1, load_default=None)
    limit = Whole(1, 200, load_default=50)


class ExclusionSchema(Body):
    """A unit left out, and why: the verb refuses one without its reason."""

    code = Text(60, required=True)
    reason = Text(200, required=True)


class ListedSchema(Body):
    """A unit of a list, with what the method reads of it; names of households stay apart.

    Hamlets and households that are listed on site may have names and no codes.
    """

    code = Text(60, load_default="")
    name = Text(120, load_default="")
    address = Text(200, load_default="")
    size = Whole(load_default=None)
    stratum = Text(60, load_default="")


class DiceSchema(Body):
    """Dice: their number is the method's own."""

    kind = fields.String(required=True)

    def settings(self, _given: Mapping[str, Any]) -> dict[str, Json] | None:
        """Return what the commitment holds of the source; None for the usual."""
        return None


class PrizeSchema(Body):
    """A prize of a lottery, as it is called, and how many digits it has."""

    name = Text(100, 1, required=True)
    digits = Whole(1, 99, required=True)


class LotterySchema(DiceSchema):
    """A lottery that is named before it is drawn."""

    company = Text(100, 1, required=True)
    drawn_at = Moment(required=True)
    prizes = Several(fields.Nested(PrizeSchema), 50, required=True)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Json]:
        """Return what the commitment holds of the lottery."""
        at: dt.datetime = given["drawn_at"]
        prizes: list[Json] = [[prize["name"], prize["digits"]] for prize in given["prizes"]]
        return {"company": given["company"], "drawn_at": at.isoformat(), "prizes": prizes}


class JointSchema(DiceSchema):
    """Numbers that several parties write down and turn up at once."""

    parties = Several(Text(60, 1), 50, required=True)
    digits = Whole(6, 99, load_default=6)

    @validates_schema
    def _apart(self, given: Mapping[str, Any], **_: Any) -> None:
        names = given.get("parties", [])
        if len({text.fold(name) for name in names}) < max(2, len(names)):
            raise ValidationError(
                "ghi ít nhất hai bên, không trùng tên. | at least two parties, no name twice.",
                "parties",
            )
        if any(mark in name for name in names for mark in "=;"):
            raise ValidationError(
                "tên bên không chứa dấu = hoặc ; | a party's name holds no = or ;", "parties"
            )

    def settings(self, given: Mapping[str, Any]) -> dict[str, Json]:
        """Return what the commitment holds of the parties."""
        return {"parties": given["parties"], "digits": given["digits"]}


class BeaconSchema(DiceSchema):
    """A round of a public randomness beacon."""

    chain = Text(100, 1, required=True)
    round = Whole(1, required=True)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Json]:
        """Return what the commitment holds of the beacon."""
        return {"chain": given["chain"], "round": given["round"], "hex_digits": 64}


SOURCES = {"lottery": LotterySchema, "joint": JointSchema, "beacon": BeaconSchema}


class SourceField(fields.Field[tuple[str, dict[str, Json] | None]]):
    """Where the seed comes from: its kind with the settings of that kind alone."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> tuple[str, dict[str, Json] | None]:
        kind = value.get("kind") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in words.KINDS:
            known = ", ".join(f"'{word}'" for word in words.KINDS)
            raise ValidationError(
                {"kind": [f"hãy chọn một trong: {known}. | choose one of: {known}."]}
            )
        schema = SOURCES.get(kind, DiceSchema)()
        return kind, schema.settings(schema.load(value))


class WishSchema(Body):
    """A draw that is asked for; with `units`, from a list of them.

    `parent` is the commune whose hamlets are drawn, or the hamlet whose households are.
    """

    round = Whole(1, required=True)
    stage = Choice([words.COMMUNES, words.HAMLETS, words.HOUSEHOLDS], load_default=words.COMMUNES)
    parent = Text(60, load_default="")
    size = Whole(1, required=True)
    reserves = Whole(0, required=True)
    within = Text(10, load_default="")
    excluded = Several(fields.Nested(ExclusionSchema), MOST_UNITS, load_default=list)
    source = SourceField(load_default=("dice-d10", None))
    method = Choice(words.METHODS, load_default="srs")
    split = Choice(words.SPLITS, load_default="")
    minimum = Whole(0, load_default=0)
    units = Several(fields.Nested(ListedSchema), MOST_UNITS, load_default=None)
    absent = Text(150, load_default="")
    disclose_on = Day(load_default=None, allow_none=True)
    sealed = Flag(load_default=False)

    @validates_schema
    def _once(self, given: Mapping[str, Any], **_: Any) -> None:
        codes = [one["code"] for one in given.get("excluded", ())]
        if len(set(codes)) < len(codes):
            raise ValidationError("một mã bị loại hai lần. | a code is left out twice.", "excluded")

    @validates_schema
    def _of_one_stage(self, given: Mapping[str, Any], **_: Any) -> None:
        stage = given.get("stage", words.COMMUNES)
        if stage == words.COMMUNES and given.get("parent"):
            raise ValidationError(
                "xã rút trong huyện thì ghi ở within. | communes of a district: use within.",
                "parent",
            )
        if stage != words.COMMUNES and given.get("within"):
            raise ValidationError(
                "chỉ dùng khi rút xã; bậc sau ghi ở parent. | for communes; later: parent.",
                "within",
            )
        if stage == words.HOUSEHOLDS:
            for name in ("parent", "units"):
                if not given.get(name):
                    raise ValidationError(
                        "rút hộ cần mã thôn và danh sách hộ. | households need their hamlet's "
                        "code and their list.",
                        name,
                    )


class DisclosureSchema(Body):
    """From which day others see a result; null: at once."""

    disclose_on = Day(required=True, allow_none=True)


class SeedSchema(Body):
    """The digits as they were read aloud, and who read them."""

    digits = Text(2000, required=True, lines=True)
    witnesses = Several(Text(120), 50, load_default=list)


class AgreementSchema(Body):
    """The second person, by their own account."""

    email = Text(300, required=True)
    password = Password(required=True)


class VoidSchema(Body):
    """Why a draw is set aside, and who agrees."""

    reason = Text(300, required=True)
    approver = fields.Nested(AgreementSchema, required=True)


class ReplacementSchema(Body):
    """A unit that cannot be visited, why, and when somebody went there."""

    unit = Text(60, 1, required=True)
    reason = Choice([why.value for why in Why], required=True)
    attempts = Several(Moment(), 50, required=True)
    note = Text(300, load_default="")


# --- going out --------------------------------------------------------------------------------


class RoundSchema(Body):
    """The round of a draw."""

    id = fields.Integer()
    code = fields.String()
    name = fields.String()


class DrawSchema(Body):
    """A draw as its promise tells of it: nothing here depends on the seed."""

    id = fields.Integer()
    plan_id = fields.Integer()
    number = fields.Integer()
    round = fields.Nested(RoundSchema)
    stage = fields.String()
    purpose = fields.String()
    parent_code = fields.String()
    parent_id = fields.Integer()
    state = fields.Enum(DrawState, by_value=True)
    units = fields.Integer()
    size = fields.Integer()
    reserves = fields.Integer()
    excluded = fields.List(fields.Nested(ExclusionSchema))
    seed_kind = fields.String()
    frame_sha256 = fields.String()
    commitment_sha256 = fields.String()
    committed_at = fields.AwareDateTime()
    sealed = fields.Boolean()
    opened_at = fields.AwareDateTime()
    disclose_on = fields.Date()
    void_reason = fields.String()


class UnitSchema(Body):
    """A unit that was drawn: the fraction is its exact chance of being in the main sample."""

    rank = fields.Integer()
    code = fields.String(attribute="unit_code")
    name = fields.String()
    role = fields.Enum(UnitRole, by_value=True)
    stratum = fields.String()
    ticket = fields.String()
    probability = fields.String()


class EntrySchema(Body):
    """An entry of the register: its hash is that of the text of `entry`."""

    kind = fields.String()
    at = fields.AwareDateTime()
    sha256 = fields.String()
    prev_sha256 = fields.String()
    entry = fields.String()


class VerificationSchema(Body):
    """How anybody checks the draw: one ticket with a hash tool, all of it with the package."""

    unit = fields.String()
    commands = fields.String()
    answer = fields.String()
    package = fields.String()
    program = fields.String()
    run = fields.String()


class ResultSchema(Body):
    """What only those may see to whom the result is disclosed."""

    seed = fields.String()
    seeded_at = fields.AwareDateTime()
    witnesses = fields.List(fields.String())
    result = fields.List(fields.Nested(UnitSchema))
    in_use = fields.List(fields.String())
    visits = fields.Integer()
    register = fields.List(fields.Nested(EntrySchema))
    verification = fields.Nested(VerificationSchema)


class WeightSchema(Body):
    """A unit that counts, with its exact probability and weight through all stages."""

    code = fields.String()
    path = fields.List(fields.String())
    probability = fields.String()
    weight = fields.String()


class VisitSchema(Body):
    """A visit that was made of a drawn commune."""

    id = fields.Integer()
    code = fields.String()


class AskedSchema(Body):
    """A replacement that waits, or was decided."""

    id = fields.Integer()
    draw_id = fields.Integer()
    unit = fields.String(attribute="unit_code")
    reason = fields.Enum(Why, by_value=True)
    state = fields.Enum(ReplacementState, by_value=True)
    asked_by = fields.String()
    asked_at = fields.AwareDateTime()
    decided_by = fields.String()
    decided_at = fields.AwareDateTime()
    released = fields.String(attribute="released_code")
