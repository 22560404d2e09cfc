import pytest

from xlsforms import workbook

FORMS = workbook.form_ids()


@pytest.mark.parametrize("form_id", FORMS)
def test_a_form_compiles_without_a_warning(form_id, xform):
    assert f'id="{form_id}"'.encode() in xform(form_id)


@pytest.mark.java
def test_odk_validate_accepts_every_form(validated):
    assert validated.returncode == 0, validated.stderr
    assert validated.stdout.count("Xform is valid!") == len(FORMS)


@pytest.mark.java
@pytest.mark.parametrize("form_id", FORMS)
def test_whatever_is_answered_a_form_can_be_completed(form_id, fill_form):
    made = fill_form(form_id, *({"visit": "v1"} for _ in range(6)), auto="all", seed=3)

    assert len({filled.instance_id for filled in made}) == 6
