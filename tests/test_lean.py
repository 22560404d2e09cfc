import subprocess
import sys

import openpyxl
from flask import Flask, url_for


def test_a_view_has_its_address_when_somebody_asks(app: Flask):
    with app.test_request_context():
        assert url_for("submissions.submission", submission_id=5) == "/submissions/5"
        assert url_for("submissions.submission", submission_id=5, q="a b") == "/submissions/5?q=a+b"
        address = url_for(
            "submissions_api.submission", plan_id=1, form_id="hộ", instance_id="uuid:1"
        )
        assert address == "/v1/projects/1/forms/h%E1%BB%99/submissions/uuid:1"


def test_a_workbook_is_read_without_numpy(tmp_path):
    openpyxl.Workbook().save(tmp_path / "a.xlsx")
    told = (
        "import sys, pathlib; from server.places import sheets;"
        "list(sheets.rows(pathlib.Path(sys.argv[1]).read_bytes(), 'a.xlsx'));"
        "assert 'openpyxl' in sys.modules and 'numpy' not in sys.modules;"
        "import numpy"
    )
    _run(told, tmp_path / "a.xlsx")


def test_what_is_left_out_of_the_start_can_be_had_afterwards():
    told = (
        "import sys; import server.places.distance as ours;"
        "assert not {'geopy.geocoders', 'requests', 'psycopg'} & set(sys.modules), 'loaded';"
        "assert ours.metres_between((21, 105), (21, 105)) == 0;"
        "import geopy, server.jobs; assert geopy.Point and 'psycopg' not in sys.modules;"
        "import psycopg; assert psycopg.connect"
    )
    _run(told)


def test_what_a_server_seldom_reads_or_draws_is_not_loaded_at_its_start(tmp_path):
    told = (
        "import sys; from server.app import create_app; from server.config import from_environment;"
        "create_app(from_environment({'THUCDIA_VAR': sys.argv[1]}));"
        "found = {'yaml', 'segno', 'openpyxl', 'cryptography', 'docx'} & set(sys.modules);"
        "assert not found, found"
    )
    _run(told, tmp_path)


def _run(program, *arguments):
    call = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(call, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
