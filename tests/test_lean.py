import subprocess
import sys

from flask import Flask, url_for


def test_a_view_has_its_address_when_somebody_asks(app: Flask):
    with app.test_request_context():
        assert url_for("submissions.submission", submission_id=5) == "/submissions/5"
        assert url_for("submissions.submission", submission_id=5, q="a b") == "/submissions/5?q=a+b"
        assert url_for("static", filename="ô.css") == "/static/%C3%B4.css"


def test_what_is_left_out_of_the_start_can_be_had_afterwards():
    told = (
        "import sys; import server.places.distance as ours;"
        "assert not {'geopy.geocoders', 'requests', 'psycopg'} & set(sys.modules), 'loaded';"
        "assert ours.metres_between((21, 105), (21, 105)) == 0;"
        "import geopy, server.jobs; assert geopy.Point and 'psycopg' not in sys.modules;"
        "import psycopg; assert psycopg.connect"
    )
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
