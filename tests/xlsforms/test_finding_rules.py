"""The rules name what the forms ask; the language itself is tested where it is read."""

import re

import pytest

from xlsforms import workbook

FORMS = workbook.form_ids()
WORDS = {"and", "or", "not", "in", "any", "selected", "param", "today"}
PARAMETERS = {"disbursement_floor", "review_error_max", "loss_rate_max", "job_rate_floor"}
PARAMETERS |= {"attendance_floor", "review_progress_expected"}
RULES = [
    pytest.param(form_id, rule, id=rule["rule_id"])
    for form_id in FORMS
    for rule in workbook.read_texts(form_id)["finding_rules"].rows
]


def fields(form_id: str) -> dict[str, str]:
    """Return the repeat ('' for none) that each answer of a form lies in."""
    found: dict[str, str] = {}
    repeats = [""]
    for row in workbook.read_texts(form_id)["survey"].rows:
        if row["type"] == "begin_repeat":
            repeats.append(row["name"])
        elif row["type"] == "end_repeat":
            repeats.pop()
        elif not row["type"].startswith(("begin_", "end_", "note")):
            found[row["name"]] = repeats[-1]
    return found


def named(expression: str) -> set[str]:
    """Return the field names in an expression, without its quoted texts and its own words."""
    bare = re.sub(r"'[^']*'", "", expression)
    return set(re.findall(r"[a-z_][a-z0-9_]*", bare)) - WORDS


def offered(form_id: str, field: str) -> set[str] | None:
    """Return the answers a question offers, or None when it is free."""
    form = workbook.read_texts(form_id)
    [row] = [row for row in form["survey"].rows if row["name"] == field]
    match = re.match(r"select_(?:one|multiple) (\S+)$", row["type"])
    if match is None:
        return None
    return {row["name"] for row in form["choices"].rows if row["list_name"] == match[1]}


@pytest.mark.parametrize(("form_id", "rule"), RULES)
def test_a_rule_names_questions_of_its_form_and_known_parameters(form_id, rule):
    known = fields(form_id)
    outside = rule["when"]
    for repeat, inner in re.findall(r"any\((\w+): (.*)\)$", outside):
        outside = outside.replace(f"any({repeat}: {inner})", "")
        assert {known[name] for name in named(inner)} == {repeat}

    assert {known[name] for name in named(outside)} <= {""}
    assert set(re.findall(r"param\('([^']*)'\)", rule["when"])) <= PARAMETERS


@pytest.mark.parametrize(("form_id", "rule"), RULES)
def test_a_rule_compares_a_question_with_answers_it_offers(form_id, rule):
    pairs = re.findall(r"(\w+) !?= '([^']*)'", rule["when"])
    pairs += re.findall(r"selected\((\w+), '([^']*)'\)", rule["when"])
    for field, values in re.findall(r"(\w+) in \(([^)]*)\)", rule["when"]):
        pairs += [(field, value) for value in re.findall(r"'([^']*)'", values)]

    for field, value in pairs:
        answers = offered(form_id, field)
        assert answers is None or value in answers, (field, value)


@pytest.mark.parametrize(("form_id", "rule"), RULES)
def test_a_rule_is_placed_in_the_catalogue(form_id, rule):
    projects = {r["name"] for r in workbook.read_csv(workbook.HOME / "choices.csv").rows}

    assert rule["severity"] in {"1", "2", "3", "4"}
    assert re.fullmatch(r"([A-Z]{2}\d\d)|(D\d_\d\d)|TICH_CUC", rule["topic"])
    assert rule["project"] in projects | {""}
    assert re.fullmatch(r"|Biểu (0[3-9]|1[0-5])|Mẫu số 0[12]", rule["bieu"])
    assert 0 <= int(rule["due_days"]) <= 90


def test_no_rule_id_is_used_twice():
    ids = [parameter.values[1]["rule_id"] for parameter in RULES]

    assert len(ids) == len(set(ids))
