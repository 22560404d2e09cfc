"""Photos as cameras write them, and files that only pretend to be photos."""

import hashlib
import io
import json
import struct
import subprocess
import sys
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from server.submissions import photos


def scene(size=(1600, 1200), mode="RGB"):
    """Return a picture with a red corner at the upper left, so that its turning can be seen."""
    image = Image.new(mode, size, "white")
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, size[0] // 3, size[1] // 3), fill="red")
    pen.ellipse((size[0] // 2, size[1] // 2, size[0], size[1]), fill="navy")
    return image


def saved(image, kind="JPEG", **kwargs):
    kept = io.BytesIO()
    image.save(kept, kind, **kwargs)
    return kept.getvalue()


def camera(orientation=1, **gps):
    """Return a JPEG with what an Android camera writes into it."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "May cua Lan"
    notes = exif.get_ifd(0x8769)
    notes[0x9003], notes[0x9011] = "2024:04:02 08:30:15", "+07:00"
    place = exif.get_ifd(0x8825)
    place.update(
        {1: "N", 2: (20.0, 24.0, 3.6), 3: "E", 4: (106.0, 6.0, 0.0)}
        | {int(name[1:]): value for name, value in gps.items()}
    )
    return saved(scene(), exif=exif)


def opened(copy):
    return Image.open(io.BytesIO(copy))


def test_place_time_and_size_are_read():
    data = camera()

    facts = photos.read(data)

    assert (facts.format, facts.width, facts.height) == ("JPEG", 1600, 1200)
    assert facts.taken_at == "2024-04-02T08:30:15+07:00"
    assert (facts.lat, facts.lon) == (20.401, 106.1)
    assert facts.sha256 == hashlib.sha256(data).hexdigest()
    assert facts.error == ""


def test_south_and_west_are_negative():
    facts = photos.read(camera(g1="S", g3="W"))

    assert (facts.lat, facts.lon) == (-20.401, -106.1)


@pytest.mark.parametrize(
    "gps",
    [
        {"g2": (0.0, 0.0, 0.0), "g4": (0.0, 0.0, 0.0)},
        {"g2": (120.0, 0.0, 0.0)},
        {"g2": (20.0, 24.0)},
    ],
    ids=["no fix", "beyond the pole", "a part missing"],
)
def test_an_impossible_place_is_none(gps):
    facts = photos.read(camera(**gps))

    assert (facts.lat, facts.lon, facts.error) == (None, None, "")


def test_a_bytes_a_path_and_a_stream_read_the_same(tmp_path):
    data = camera()
    path = tmp_path / "a.jpg"
    path.write_bytes(data)

    with path.open("rb") as stream:
        assert photos.read(data) == photos.read(path) == photos.read(stream)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_copies_stand_upright(orientation):
    """Each orientation is undone: the corner that was red when seen upright is red in the copy."""
    turn = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = scene().transpose(turn[orientation]) if orientation > 1 else scene()
    exif = Image.Exif()
    exif[0x0112] = orientation

    seen = photos.look(saved(stored, exif=exif))

    red, green, blue = opened(seen.view).convert("RGB").getpixel((50, 50))
    assert opened(seen.view).size == (1280, 960)
    assert red > 200 and green < 80 and blue < 80
    assert seen.facts["orientation"] == orientation


def test_copies_are_small_webp_without_the_cameras_notes():
    seen = photos.look(camera())

    for copy, side in ((seen.thumb, 320), (seen.view, 1280)):
        assert opened(copy).format == "WEBP"
        assert max(opened(copy).size) == side
        assert not opened(copy).getexif()
        assert b"May cua Lan" not in copy and b"EXIF" not in copy
    assert len(seen.thumb) < 20_000


def test_a_small_picture_is_not_enlarged():
    assert opened(photos.look(saved(scene((90, 60)))).view).size == (90, 60)


@pytest.mark.parametrize(
    ("image", "kind"),
    [
        (scene(), "PNG"),
        (scene(), "WEBP"),
        (scene(mode="L"), "JPEG"),
        (scene(mode="CMYK"), "JPEG"),
        (scene().quantize(16), "PNG"),
        (scene(mode="RGBA"), "PNG"),
        (scene().convert("1"), "PNG"),
        (scene().convert("I;16"), "PNG"),
        (scene(), "MPO"),
    ],
    ids=["png", "webp", "grey", "cmyk", "palette", "alpha", "bits", "16 bits", "mpo"],
)
def test_every_kind_of_picture_that_phones_make_gets_copies(image, kind):
    seen = photos.look(saved(image, kind))

    assert "error" not in seen.facts
    assert opened(seen.thumb).size == (320, 240)
    assert json.loads(json.dumps(seen.facts)) == seen.facts


def test_a_signature_on_nothing_is_shown_on_white():
    ink = Image.new("RGBA", (400, 200), (0, 0, 0, 0))
    ImageDraw.Draw(ink).line((0, 0, 400, 200), fill="black", width=6)

    copy = opened(photos.look(saved(ink, "PNG")).view).convert("RGB")

    assert min(copy.getpixel((380, 10))) > 240
    assert max(copy.getpixel((200, 100))) < 60


def test_the_same_picture_made_smaller_is_known_again():
    first = photos.read(saved(scene(), quality=92)).dhash
    again = photos.read(saved(scene().resize((640, 480)), "WEBP", quality=50)).dhash
    other = photos.read(saved(scene().transpose(Image.Transpose.ROTATE_90))).dhash

    assert photos.distance(first, again) <= 5 < photos.distance(first, other)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, *more):
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(more) + data + chunk(b"IEND", b"")


def jpeg_of(width, height):
    """Return a JPEG whose header claims a size that it has not."""
    data = bytearray(saved(scene((64, 48))))
    place = data.index(b"\xff\xc0") + 5
    data[place : place + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def bomb(kind, name):
    """Return a chunk that a hundred megabytes are packed into."""
    return chunk(kind, name + b"\0\0" + zlib.compress(b"\0" * 100_000_000))


JPEG = camera()
BAD = {
    "nothing": (lambda: b"", "Không phải ảnh"),
    "text": (lambda: "Ảnh của hộ".encode(), "Không phải ảnh"),
    "SVG": (lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "Không phải ảnh"),
    "GIF": (lambda: saved(scene(), "GIF"), "Không phải ảnh"),
    "BMP": (lambda: saved(scene(), "BMP"), "Không phải ảnh"),
    "TIFF": (lambda: saved(scene(), "TIFF"), "Không phải ảnh"),
    "PDF": (lambda: saved(scene(), "PDF"), "Không phải ảnh"),
    "HEIC": (lambda: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 200, "Không phải ảnh"),
    "only a JPEG's first bytes": (lambda: JPEG[:4], "Không phải ảnh"),
    "JPEG cut in its head": (lambda: JPEG[:400], "bị cắt cụt hoặc hỏng"),
    "JPEG cut in its picture": (lambda: JPEG[: len(JPEG) // 2], "bị cắt cụt hoặc hỏng"),
    "PNG cut": (lambda: saved(scene(), "PNG")[:2000], "bị cắt cụt hoặc hỏng"),
    "WebP cut": (lambda: saved(scene(), "WEBP")[:500], "hỏng"),
    "13,300 by 13,300": (lambda: png(13_300, 13_300), "quá lớn"),
    "30,000 by 30,000": (lambda: png(30_000, 30_000), "quá lớn"),
    "5,000 by 5,000 in one piece": (lambda: png(5_000, 5_000), "quá lớn"),
    "65,000 by 65,000 JPEG": (lambda: jpeg_of(65_000, 65_000), "quá lớn"),
    "9,000 by 9,000 JPEG": (lambda: jpeg_of(9_000, 9_000), "quá lớn"),
    "5,000 by 5,000 progressive": (
        lambda: saved(Image.new("L", (5_000, 5_000)), progressive=True),
        "quá lớn",
    ),
    "a bomb in a text chunk": (lambda: png(64, 64, bomb(b"zTXt", b"Comment")), ""),
    "a bomb in a colour profile": (lambda: png(64, 64, bomb(b"iCCP", b"x")), ""),
}


@pytest.mark.parametrize(("picture", "reason"), BAD.values(), ids=BAD)
def test_a_bad_picture_gives_a_reason_and_no_copies(picture, reason):
    data = picture()
    began = time.monotonic()

    seen = photos.look(data)

    assert reason in seen.facts["error"]
    assert seen.facts["error"].startswith(("Ảnh", "Không phải ảnh"))
    assert seen.facts["error_en"]
    assert (seen.thumb, seen.view) == (None, None)
    assert seen.facts["sha256"] == hashlib.sha256(data).hexdigest()
    assert time.monotonic() - began < 30  # it does not hang; how fast it is, a bench says


def test_a_cut_picture_still_says_where_and_when_it_was_taken():
    facts = photos.read(JPEG[: len(JPEG) // 2])

    assert facts.error
    assert (facts.lat, facts.taken_at) == (20.401, "2024-04-02T08:30:15+07:00")


@pytest.mark.filterwarnings("ignore:.*:UserWarning:PIL")
def test_broken_notes_do_not_hide_the_picture():
    data = bytearray(JPEG)
    start = data.index(b"Exif\0\0") + 6
    data[start + 8 : start + 200] = b"\xff" * 192

    seen = photos.look(bytes(data))

    assert "error" not in seen.facts
    assert seen.thumb


def test_a_photo_of_a_good_phone_takes_little_memory(tmp_path):
    """39 million pixels would be 117 MB whole."""
    path = tmp_path / "large.jpg"
    Image.effect_noise((1000, 800), 90).resize((7_200, 5_400)).save(path, quality=80)
    program = (
        "import resource, pathlib;"
        "from server.submissions import photos;"
        "top = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024;"
        "before = top();"
        f"seen = photos.look(pathlib.Path({str(path)!r}));"
        "assert seen.thumb and seen.view, seen.facts;"
        "print(top() - before)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert float(done.stdout) < 60, "megabytes"


@settings(max_examples=150)
@given(st.data())
def test_any_damage_to_a_picture_gives_copies_or_a_reason(data):
    whole = data.draw(st.sampled_from(SMALL))
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 6))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))

    seen = photos.look(bytes(damaged[: data.draw(st.integers(1, len(damaged)))]))

    assert bool(seen.facts.get("error")) is (seen.view is None)
    assert json.loads(json.dumps(seen.facts, allow_nan=False)) == seen.facts


EXIF = opened(JPEG).getexif()
SMALL = [
    saved(scene((40, 30)), exif=EXIF),
    saved(scene((40, 30)), progressive=True),
    saved(scene((40, 30)), "PNG"),
    saved(scene((40, 30)), "WEBP"),
]
