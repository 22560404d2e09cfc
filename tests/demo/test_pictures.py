import datetime as dt
import io

import pytest
from PIL import Image

from server import clock
from server.demo import pictures

AT = dt.datetime(2024, 4, 9, 8, 15, tzinfo=clock.VIETNAM)
POINT = (20.3353, 106.0781)
CAMERA, PLACE = 0x8769, 0x8825


def drawn(key: str, point=POINT) -> Image.Image:
    return Image.open(io.BytesIO(pictures.scene(key, "Thôn 1 (mẫu)", AT, point)))


def test_a_picture_tells_when_and_where_it_was_taken():
    exif = drawn("a").getexif()

    assert exif.get_ifd(CAMERA)[0x9003] == "2024:04:09 08:15:00"
    assert exif.get_ifd(CAMERA)[0x9011] == "+07:00"
    north, east = ([float(part) for part in exif.get_ifd(PLACE)[tag]] for tag in (2, 4))
    assert north[0] + north[1] / 60 + north[2] / 3600 == pytest.approx(POINT[0], abs=1e-5)
    assert east[0] + east[1] / 60 + east[2] / 3600 == pytest.approx(POINT[1], abs=1e-5)
    assert exif.get_ifd(PLACE)[29] == "2024:04:09" and exif.get_ifd(PLACE)[7][0] == 1.0


def test_a_picture_without_a_point_names_none():
    assert drawn("a", point=None).getexif().get_ifd(PLACE) == {}


def test_pictures_weigh_what_phones_photos_do_and_no_two_are_alike():
    made = [pictures.scene(str(key), "Thôn 1 (mẫu)", AT, POINT) for key in range(24)]

    assert all(60_000 < len(data) < 200_000 for data in made)
    assert len(set(made)) == 24


def test_the_same_key_draws_the_same():
    assert drawn("a").tobytes() == drawn("a").tobytes()


def test_some_pictures_lie_on_their_side_and_say_so():
    sides = {}
    for key in range(24):
        image = drawn(str(key))
        sides.setdefault(image.getexif()[0x0112], set()).add(image.size)

    assert sides == {1: {(1024, 768)}, 6: {(768, 1024)}}


def test_the_words_stand_in_letters_of_the_shipped_font():
    blank, written = (Image.new("RGB", (400, 80)) for _ in range(2))
    pictures._write(pictures.ImageDraw.Draw(written), (0, 0), "ẢNH MẪU", 58, (255, 214, 92))

    box = written.getbbox()
    assert blank.getbbox() is None and box is not None
    assert box[2] > 180 and box[1] < 12, "the marks above the capitals are drawn"
