"""Frames: canonical bytes, coverage, and every kind of bad row, named with its way out."""

import unicodedata
from hashlib import sha256

import pytest

from sampling import Frame, Unit, errors
from sampling.frame import coverage

GOOD = {"unit_id": "03217", "name": "Tủa Chùa", "size": "610", "stratum": "NUI"}


def rows(**second):
    return [
        GOOD,
        {"unit_id": "03220", "name": "Huổi Só", "size": "388", "stratum": "NUI", **second},
    ]


BAD = [
    ({"unit_id": "03217"}, errors.DuplicateId, "Dòng 3", "dòng 2"),
    ({"unit_id": ""}, errors.EmptyId, "Dòng 3", "danh mục"),
    ({"unit_id": None}, errors.EmptyId, "Dòng 3", "danh mục"),
    ({"unit_id": "03 220"}, errors.BadId, "'03 220'", "không dấu"),
    ({"unit_id": "xã1"}, errors.BadId, "'xã1'", "không dấu"),
    ({"unit_id": "a|b"}, errors.BadId, "'a|b'", "không dấu"),
    ({"parent": "a/b"}, errors.BadId, "'a/b'", "không dấu"),
    ({"name": unicodedata.normalize("NFD", "Huổi Só")}, errors.NotComposed, "Dòng 3", "normalise"),
    ({"name": " Huổi Só"}, errors.BadText, "Dòng 3", "normalise"),
    ({"name": "Huổi\tSó"}, errors.BadText, "Dòng 3", "normalise"),
    ({"name": "Huổi\u2028Só"}, errors.BadText, "Dòng 3", "normalise"),
    ({"stratum": "NUI|CAO"}, errors.BadText, "Dòng 3", "|"),
    ({"size": "8,842"}, errors.AmbiguousSize, "'8,842'", "8842"),
    ({"size": "8.842"}, errors.AmbiguousSize, "'8.842'", "8842"),
    ({"size": "8 842"}, errors.AmbiguousSize, "'8 842'", "8842"),
    ({"size": "-5"}, errors.NegativeSize, "-5", "nguồn số liệu"),
    ({"size": -5}, errors.NegativeSize, "-5", "nguồn số liệu"),
    ({"size": "610388505"}, errors.AbsurdSize, "610388505", "dính nhau"),
    ({"size": "9" * 5000}, errors.AbsurdSize, "Dòng 3", "dính nhau"),
    ({"size": "khoảng 600"}, errors.SizeNotNumber, "'khoảng 600'", "số hộ"),
    ({"size": "٦١٠"}, errors.SizeNotNumber, "'٦١٠'", "số hộ"),
    ({"size": 610.5}, errors.SizeNotNumber, "610.5", "số hộ"),
    ({"size": True}, errors.SizeNotNumber, "True", "số hộ"),
    ({"lat": "21,38", "lon": "103,02"}, errors.BadPoint, "'21,38'", "21.385123"),
    ({"lat": "21.38"}, errors.BadPoint, "'", "21.385123"),
    ({"lat": "103.02", "lon": "21.38"}, errors.BadPoint, "103.02", "vĩ độ"),
    ({"xa": "Huổi Só"}, errors.UnknownColumn, "'xa'", "unit_id"),
]


@pytest.mark.parametrize(("second", "kind", "where", "way_out"), BAD)
def test_a_bad_row_is_refused_by_its_own_kind_with_row_and_way_out(second, kind, where, way_out):
    with pytest.raises(errors.SamplingError) as refused:
        Frame.from_rows(rows(**second), first_row=2)

    assert type(refused.value) is kind
    assert where in refused.value.vi and way_out in refused.value.vi
    assert "{" not in refused.value.vi + refused.value.en and refused.value.en != refused.value.vi


def test_a_table_without_ids_or_rows_is_refused():
    with pytest.raises(errors.MissingColumn, match="no column 'unit_id'"):
        Frame.from_rows([{"name": "Huổi Só"}])
    with pytest.raises(errors.EmptyFrame):
        Frame.from_rows([])
    with pytest.raises(errors.DuplicateId, match="Row 3: id 'a' already stands in row 1"):
        Frame([Unit("a"), Unit("b"), Unit("a")])


def test_every_kind_of_refusal_has_its_own_code_and_both_sentences():
    kinds, todo = [], [errors.SamplingError]
    while todo:
        kind = todo.pop()
        kinds.append(kind)
        todo += kind.__subclasses__()

    own = [kind for kind in kinds if "vi_text" in vars(kind)]
    assert len({kind.code for kind in own}) == len(own) > 25
    assert all("en_text" in vars(kind) for kind in own)


def test_normalise_mends_what_it_may():
    messy = {"unit_id": " 03220 ", "name": unicodedata.normalize("NFD", " Huổi  Só\n")}

    frame = Frame.from_rows([messy], normalise=True)

    assert frame.units == (Unit("03220", name="Huổi Só"),)


def test_the_hash_is_that_of_the_file():
    frame = Frame.from_rows(rows(lat="21.5", lon="-103.0000004"))

    assert frame.sha256 == sha256(frame.tsv()).hexdigest()
    assert "\t21.500000\t-103.000000\t" in frame.tsv().decode()
    assert Frame.from_tsv(frame.tsv()).sha256 == frame.sha256


CANONICAL = Frame.from_rows(rows(lat="21.5", lon="103")).tsv()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"\n", b"\r\n"),
        (b"388", b"0388"),
        (b"21.500000", b"21.5"),
        (b"unit_id\tstratum", b"stratum\tunit_id"),
        (b"03220", b"03210"),
        (b"03220", b"03217"),
        (b"\xc3\xb3", b"o\xcc\x81"),
        (b"\tHu", b"\t\tHu"),
        (b"name", b"ten"),
        (b"\xc3\xb3", b"\xff"),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(old, new):
    changed = CANONICAL.replace(old, new)

    assert changed != CANONICAL
    with pytest.raises((errors.NotCanonical, errors.NotComposed)) as refused:
        Frame.from_tsv(changed)
    assert refused.value.vi and refused.value.en


def test_a_column_that_is_empty_everywhere_is_not_canonical():
    with pytest.raises(errors.NotCanonical, match="empty in every row"):
        Frame.from_tsv(b"unit_id\tname\na\t\nb\t\n")


def test_coverage_names_missing_extra_repeated_and_empty_units():
    listed = [
        Unit("a", size=0),
        Unit("b", size=5),
        Unit("b", size=5),
        Unit("c", excluded="đường bị cắt"),
        Unit("d", purposive="đơn thư"),
        Unit("x"),
    ]

    report = coverage(listed, ["a", "b", "c", "d", "e"])

    assert (report.missing, report.extra, report.duplicate) == (("e",), ("x",), ("b",))
    assert report.zero_size == ("a",)
    assert report.excluded == {"c": "đường bị cắt"} and report.purposive == {"d": "đơn thư"}
    assert str(report.share) == "2/5" and not report.complete
    assert Frame([Unit("a"), Unit("b")]).check(["a", "b"]).complete
