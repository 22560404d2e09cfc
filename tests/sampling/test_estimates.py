"""Estimates of the three-stage set equal those of R 4.2.2 with survey 4.1-1 to 1e-8."""

import csv
import struct
from collections import defaultdict
from math import isclose, log
from pathlib import Path

import pytest

from sampling.errors import (
    BadDesign,
    BadNumber,
    BadWeight,
    EstimateError,
    LonelyUnit,
    MissingColumn,
)
from sampling.estimate import SurveyData
from sampling.intervals import clopper_pearson, none_found
from sampling.quantiles import beta_quantile, beta_tail, hypergeometric_none, t_quantile

DATA = Path(__file__).with_name("data")


def read(name, delimiter=","):
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


ROWS = read("synth_3stage.csv")
WEIGHTS = read("r_synth_weights.csv")
R = [line for line in read("r_synth_estimates.psv", "|") if line["design"] not in ("mu284", "fpc")]
FPC = {
    "threestage_fpc": ["N1", "N2", "N3"],
    "ultimate_cluster": [],
    "ultimate_cluster_fpc1": ["N1"],
}
SURVEYS = {
    name: SurveyData(
        ROWS, weight="w", ids=["commune", "hamlet", "household"], strata=["region"], fpc=fpc
    )
    for name, fpc in FPC.items()
}
METHODS = {"logit": "logit", "beta": "korn-graubard", "mean": "t"}


def margin(column, weight):
    """Return the totals to which R calibrated: those that its weights add up to."""
    totals = defaultdict(float)
    for row, line in zip(ROWS, WEIGHTS, strict=True):
        totals[row[column]] += float(line[weight])
    return {value: round(total) for value, total in totals.items()}


def computed(survey, case, term):
    """Return our estimate of one line of R's listing."""
    words = case.split()
    if case.startswith("poststrat"):
        return computed(survey.poststratify("ethnic", margin("ethnic", "w_ps")), *tail(case), term)
    if case.startswith("rake"):
        margins = {column: margin(column, "w_rake") for column in ("ethnic", "female")}
        return computed(survey.rake(margins), *tail(case), term)
    if words[0] == "domain":
        return getattr(survey.by(words[4])[term], words[1])(words[2])
    if words[0] == "ratio":
        return survey.ratio(*words[1].split("/"))
    if words[0] == "ciprop":
        return survey.proportion(words[2], method=METHODS[words[1]])
    if case == "mean ethnic":
        return survey.proportion("ethnic", term.removeprefix("ethnic"), method="t")
    return getattr(survey, words[0])(words[1])


def tail(case):
    return [" ".join(case.split()[1:])]


@pytest.mark.parametrize(
    "line", R, ids=lambda line: f"{line['design']}: {line['case']} {line['term']}"[:70]
)
def test_every_figure_equals_r(line):
    if line["case"] == "degf":
        assert SURVEYS[line["design"]].df == int(line["estimate"] or line["term"])
        return

    ours = computed(SURVEYS[line["design"]], line["case"], line["term"])

    assert isclose(ours.value, float(line["estimate"]), rel_tol=1e-8)
    if line["case"].startswith("ciprop"):
        low, high = (float(part.split("=")[1]) for part in line["term"].split())
        assert isclose(ours.low, low, rel_tol=1e-8) and isclose(ours.high, high, rel_tol=1e-8)
        return
    assert isclose(ours.se, float(line["se"]), rel_tol=1e-8)
    if line["deff"]:
        assert isclose(ours.deff, float(line["deff"]), rel_tol=1e-8)


def test_calibrated_weights_equal_r():
    survey = SURVEYS["threestage_fpc"]
    fitted = {
        "w_ps": survey.poststratify("ethnic", margin("ethnic", "w_ps")),
        "w_rake": survey.rake({c: margin(c, "w_rake") for c in ("ethnic", "female")}),
    }

    for name, part in fitted.items():
        for ours, line in zip(part.weights, WEIGHTS, strict=True):
            assert isclose(ours, float(line[name]), rel_tol=1e-8)


def test_calibrated_totals_are_the_known_ones_without_error():
    known = margin("ethnic", "w_ps")
    survey = SURVEYS["threestage_fpc"].poststratify("ethnic", known)

    for value, part in survey.by("ethnic").items():
        count = part.count()
        assert isclose(count.value, known[value]) and count.se < 1e-6 * count.value


def test_the_textbook_example_with_and_without_finite_correction_equals_r():
    """Eight units of two strata, 5 of 15 and 3 of 12; R's copy holds x in single precision."""
    sample = [(1, x) for x in (2.8, 4.1, 6.8, 6.8, 9.2)] + [(2, x) for x in (3.7, 6.6, 4.2)]
    rows = [
        {
            "tang": stratum,
            "don_vi": f"{place}",
            "w": 2 + stratum,
            "N": 18 - 3 * stratum,
            "x": struct.unpack("f", struct.pack("f", x))[0],
        }
        for place, (stratum, x) in enumerate(sample)
    ]
    listed = {
        line["case"]: (float(line["estimate"]), float(line["se"]))
        for line in read("r_synth_estimates.psv", "|")
        if line["design"] == "fpc"
    }

    for case, wanted in listed.items():
        kind, _, correction = case.split()
        fpc = ["N"] if correction == "withfpc" else []
        survey = SurveyData(rows, weight="w", ids=["don_vi"], strata=["tang"], fpc=fpc)
        ours = getattr(survey, kind)("x")
        assert isclose(ours.value, wanted[0], rel_tol=1e-8)
        assert isclose(ours.se, wanted[1], rel_tol=1e-8)


# --- by hand --------------------------------------------------------------------------------


def small(**changes):
    rows = [
        {"tang": "NUI", "xa": "A", "w": 10, "y": 1, "N": 20},
        {"tang": "NUI", "xa": "B", "w": 10, "y": 0, "N": 20},
        {"tang": "BIEN", "xa": "C", "w": 5, "y": 1, "N": 10},
        {"tang": "BIEN", "xa": "D", "w": 5, "y": 1, "N": 10},
    ]
    for key, value in changes.items():
        rows[int(key[-1])][key[:-1]] = value
    return rows


def survey_of(rows, **options):
    return SurveyData(rows, weight="w", ids=["xa"], strata=["tang"], **options)


def test_a_stratified_total_by_hand():
    """NUI: 2/1 x ((10-5)^2 + (0-5)^2) = 100; BIEN: no spread; with f = 2/20, 90."""
    assert survey_of(small()).total("y").se == 10
    assert isclose(survey_of(small(), fpc=["N"]).total("y").se, 90**0.5)


def test_a_census_of_the_clusters_has_no_error():
    rows = small(N0=2, N1=2, N2=2, N3=2)

    assert survey_of(rows, fpc=["N"]).total("y").se == 0


def test_a_sampling_fraction_may_stand_for_the_population():
    fractions = {f"N{row}": 0.1 if row < 2 else 0.2 for row in range(4)}

    by_share = survey_of(small(**fractions), fpc=["N"]).total("y")

    assert isclose(by_share.se, survey_of(small(), fpc=["N"]).total("y").se)


def test_one_unit_in_a_stratum_is_refused_unless_a_rule_is_chosen():
    rows = small(w2=7)[:3]

    with pytest.raises(LonelyUnit) as refused:
        survey_of(rows)

    assert "BIEN" in refused.value.vi and "'C'" in refused.value.en
    certain = survey_of(rows, lonely="certainty").total("y")
    centred = survey_of(rows, lonely="centre").total("y")
    assert certain.se == 10 and centred.se > certain.se
    assert certain.flagged and centred.flagged and not survey_of(small()).total("y").flagged


def test_one_hamlet_in_a_commune_is_named_with_its_commune():
    rows = [
        {"xa": xa, "thon": thon, "w": 1, "y": 1, "N": 9, "M": 5}
        for xa, thon in (("A", "A1"), ("A", "A2"), ("B", "B1"))
    ]

    with pytest.raises(LonelyUnit, match=r"Stratum 'B' \(stage 2\) has the single .* 'B1'"):
        SurveyData(rows, weight="w", ids=["xa", "thon"], fpc=["N", "M"])


def test_small_cells_are_hidden_in_what_is_published():
    whole = SURVEYS["threestage_fpc"]
    few = whole.where(lambda row: row["commune"] in ("00002", "00005"))

    assert not whole.mean("income").suppressed
    hidden = few.mean("income")
    assert hidden.suppressed and hidden.psus <= 2
    assert set(hidden.as_dict()) == {"n", "psus", "suppressed"}


def test_a_share_of_none_has_an_exact_interval():
    share = survey_of(small(y0=0, y2=0, y3=0)).proportion("y")

    assert (share.value, share.low) == (0, 0)
    assert isclose(share.high, 1 - 0.025 ** (1 / 4))


@pytest.mark.parametrize(
    ("rows", "error", "told"),
    [
        (small(w2=0), BadWeight, "Dòng 3"),
        (small(w2="-5"), BadWeight, "Dòng 3"),
        (small(w2=""), BadWeight, "Dòng 3"),
        (small(w2="1,5"), BadNumber, "Dòng 3"),
        (small(y1="8,842"), BadNumber, "Dòng 2"),
        (small(y1="nan"), BadNumber, "Dòng 2"),
        (small(y1="3"), BadNumber, "Dòng 2"),
        (small(N1=30), EstimateError, "không nhất quán"),
        (small(N0=1, N1=1), EstimateError, "lớn hơn"),
        ([], EstimateError, "ít nhất một dòng"),
    ],
)
def test_bad_tables_are_refused_with_the_row(rows, error, told):
    with pytest.raises(error) as refused:
        survey_of(rows, fpc=["N"]).proportion("y")

    assert told in refused.value.vi and refused.value.en


def test_questions_that_make_no_sense_are_refused():
    survey = survey_of(small())

    with pytest.raises(MissingColumn, match="no column 'z'"):
        survey.mean("z")
    with pytest.raises(EstimateError, match="no answer"):
        survey.where(lambda row: False).mean("y")
    with pytest.raises(EstimateError, match="total of 'y' is 0"):
        survey.where(lambda row: row["y"] == 0).ratio("w", "y")
    with pytest.raises(BadDesign, match="interval"):
        survey.proportion("y", method="wald")
    with pytest.raises(BadDesign, match="lonely"):
        survey_of(small(), lonely="ignore")
    with pytest.raises(EstimateError, match="group XUOI"):
        survey.poststratify("tang", {"NUI": 20, "BIEN": 10, "XUOI": 5})
    with pytest.raises(EstimateError, match="margins differ"):
        survey.rake({"tang": {"NUI": 20, "BIEN": 10}, "xa": {"A": 1, "B": 1, "C": 1, "D": 1}})


def answers():
    """Two strata of two communes of three homes; in B nobody answered, in D one has moved away."""
    rows = []
    for place, (region, commune) in enumerate((("T1", "A"), ("T1", "B"), ("T2", "C"), ("T2", "D"))):
        for home in range(3):
            rows.append(
                {
                    "tang": region,
                    "xa": commune,
                    "w": 10 + place,
                    "tra_loi": int(commune != "B" and home > 0),
                    "thuoc_dien": int((commune, home) != ("D", 0)),
                    "y": home + place,
                }
            )
    return rows


def test_weights_of_the_silent_go_to_their_class_and_their_commune_still_counts():
    """T1: 30 + 33 to two of weight 10; T2: 36 to two of 12 and 26 to two of 13."""
    survey = survey_of(answers()).respond("tang", "tra_loi", "thuoc_dien")

    by_class = {value: part.count().value for value, part in survey.by("tang").items()}
    assert by_class == {"T1": 63, "T2": pytest.approx(62)}
    mean = survey.mean("y")
    assert (mean.n, mean.psus, survey.df) == (6, 3, 2)
    assert survey.by("tang")["T1"].mean("y").value == pytest.approx(1.5)


def test_a_class_in_which_nobody_answered_is_refused():
    with pytest.raises(EstimateError, match="class B has no respondent"):
        survey_of(answers()).respond("xa", "tra_loi")


# --- quantiles ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("df", "printed"), [(1, 12.706), (3, 3.182), (14, 2.145), (60, 2.000), (120, 1.980)]
)
def test_t_quantiles_are_those_of_printed_tables(df, printed):
    assert abs(t_quantile(0.975, df) - printed) < 5e-4
    assert t_quantile(0.025, df) == -t_quantile(0.975, df)


def test_t_of_two_degrees_has_a_closed_form():
    for chance in (0.6, 0.9, 0.975, 0.9995):
        a = 2 * chance - 1
        assert isclose(t_quantile(chance, 2), a * (2 / (1 - a * a)) ** 0.5, rel_tol=1e-12)


def test_beta_tails_have_their_closed_forms_and_invert():
    for x in (0.01, 0.3, 0.5, 0.99):
        assert isclose(beta_tail(x, 1, 5), 1 - (1 - x) ** 5, rel_tol=1e-12)
        assert isclose(beta_tail(x, 4, 1), x**4, rel_tol=1e-12)
    for a, b in ((0.5, 7), (30, 2.5), (400, 900)):
        for chance in (0.001, 0.025, 0.5, 0.975):
            assert isclose(beta_tail(beta_quantile(chance, a, b), a, b), chance, rel_tol=1e-9)


def test_none_found_is_the_last_count_that_could_well_hide():
    most = none_found(130, 20)

    assert hypergeometric_none(130, most, 20) > 0.05 >= hypergeometric_none(130, most + 1, 20)
    assert isclose(clopper_pearson(0, 20)[1], 1 - 0.025 ** (1 / 20))
    assert isclose(log(1 - clopper_pearson(20, 20)[0]), log(1 - 0.025 ** (1 / 20)))
