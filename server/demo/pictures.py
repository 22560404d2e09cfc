"""Photos for the demonstration: drawn scenes that say they are samples, with a camera's EXIF."""

import datetime as dt
import io
import math
from hashlib import shake_256
from pathlib import Path

# Pillow's door is submissions/photos.py, which only reads; this module is the one that draws.
from PIL import Image, ImageDraw, ImageFont  # noqa: TID251
from PIL.Image import Exif, Transpose  # noqa: TID251

from server.demo.chance import between, happens, one_of

SIZE = (1024, 768)
FONT = Path(__file__).resolve().parent.parent / "documents" / "fonts" / "LiberationSerif-Bold.ttf"
SKIES = (((150, 196, 232), (226, 239, 247)), ((120, 160, 205), (240, 222, 190)))
WALLS = ((233, 220, 190), (207, 224, 222), (240, 240, 235), (222, 190, 165))
ROOFS = ((168, 74, 52), (112, 120, 128), (140, 96, 60))
FIELDS = ((122, 164, 72), (160, 178, 84), (96, 150, 96))
Colour = tuple[int, int, int]


def scene(key: str, caption: str, at: dt.datetime, point: tuple[float, float] | None) -> bytes:
    """Return a JPEG of 60-200 KB that shows a house in the fields and the words 'ẢNH MẪU'.

    The same key draws the same. EXIF tells the local time `at` and, if given, the point in
    degrees; some pictures lie on their side, as phones store them, and say so.
    """
    image = Image.new("RGB", SIZE)
    draw = ImageDraw.Draw(image)
    _sky(draw, key)
    _fields(draw, key)
    _house(draw, key)
    image = _grain(image, key)
    _label(ImageDraw.Draw(image), caption)
    exif = _exif(at, point)
    if happens(0.25, key, "side"):
        image = image.transpose(Transpose.ROTATE_90)
        exif[0x0112] = 6
    out = io.BytesIO()
    image.save(out, "JPEG", quality=between(76, 86, key, "quality"), exif=exif)
    return out.getvalue()


def _sky(draw: ImageDraw.ImageDraw, key: str) -> None:
    top, low = one_of(SKIES, key, "sky")
    horizon = SIZE[1] * 6 // 10
    for y in range(horizon):
        draw.line([(0, y), (SIZE[0], y)], _mixed(top, low, y / horizon))
    x, y = between(80, 940, key, "sun"), between(60, 160, key, "height")
    draw.ellipse([x - 40, y - 40, x + 40, y + 40], (255, 236, 170))


def _fields(draw: ImageDraw.ImageDraw, key: str) -> None:
    green = one_of(FIELDS, key, "field")
    horizon = SIZE[1] * 6 // 10
    draw.rectangle([0, horizon, *SIZE], green)
    middle = between(300, 720, key, "middle")
    dark = _mixed(green, (40, 60, 20), 0.35)
    for step in range(-14, 15):
        draw.line([(middle + step * 16, horizon), (middle + step * 150, SIZE[1])], dark, 4)
    for tree in range(between(2, 6, key, "trees")):
        x, size = between(0, 1000, key, "tree", tree), between(25, 60, key, "size", tree)
        draw.rectangle([x - 4, horizon - size, x + 4, horizon + 8], (96, 72, 48))
        draw.ellipse([x - size, horizon - 2 * size, x + size, horizon - size // 2], (58, 104, 52))


def _house(draw: ImageDraw.ImageDraw, key: str) -> None:
    x, wide = between(120, 560, key, "house"), between(260, 360, key, "wide")
    ground, tall = between(560, 636, key, "ground"), between(150, 210, key, "tall")
    top = ground - tall
    draw.rectangle([x, top, x + wide, ground], one_of(WALLS, key, "wall"), (80, 70, 60), 3)
    roof = one_of(ROOFS, key, "roof")
    draw.polygon([(x - 36, top), (x + wide // 2, top - 110), (x + wide + 36, top)], roof)
    door = x + wide // 2
    draw.rectangle([door - 32, ground - 120, door + 32, ground], (104, 72, 48))
    for side in (x + 28, x + wide - 88):
        draw.rectangle([side, top + 36, side + 60, top + 96], (120, 170, 200), (70, 60, 50), 4)


def _grain(image: Image.Image, key: str) -> Image.Image:
    """Return the image with the unevenness of a small lens: flat colours would weigh nothing."""
    size = (SIZE[0] // 2, SIZE[1] // 2)
    noise = Image.frombytes("L", size, shake_256(key.encode()).digest(size[0] * size[1]))
    large = noise.resize(SIZE, Image.Resampling.BICUBIC).convert("RGB")
    return Image.blend(image, large, between(5, 9, key, "grain") / 100)


def _label(draw: ImageDraw.ImageDraw, caption: str) -> None:
    draw.rectangle([0, SIZE[1] - 118, SIZE[0], SIZE[1]], (20, 40, 36))
    _write(draw, (28, SIZE[1] - 112), "ẢNH MẪU", 58, (255, 214, 92))
    _write(draw, (28, SIZE[1] - 46), caption, 26, (240, 240, 235))


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, size: int, colour: Colour
) -> None:
    font = ImageFont.truetype(FONT, size)
    draw.text((at[0], at[1] + size), text, colour, font, anchor="ls")


def _mixed(one: Colour, other: Colour, part: float) -> Colour:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def _exif(at: dt.datetime, point: tuple[float, float] | None) -> Exif:
    exif = Exif()
    stamp = at.strftime("%Y:%m:%d %H:%M:%S")
    exif[0x010F], exif[0x0110], exif[0x0131] = "Thuc Dia", "May anh mau", "demo"
    exif[0x0132] = stamp
    exif[0x0112] = 1
    exif.get_ifd(0x8769).update(
        {0x9003: stamp, 0x9004: stamp, 0x9011: at.strftime("%z")[:3] + ":00"}
    )
    if point is not None:
        utc = at.astimezone(dt.UTC)
        exif.get_ifd(0x8825).update(
            {
                1: "N" if point[0] >= 0 else "S",
                2: _degrees(point[0]),
                3: "E" if point[1] >= 0 else "W",
                4: _degrees(point[1]),
                7: (float(utc.hour), float(utc.minute), float(utc.second)),
                29: utc.strftime("%Y:%m:%d"),
            }
        )
    return exif


def _degrees(value: float) -> tuple[float, float, float]:
    """Return degrees, minutes and seconds, as EXIF wants them.

    >>> _degrees(20.5125)
    (20.0, 30.0, 45.0)
    """
    degrees, rest = divmod(abs(value), 1)
    minutes, rest = divmod(rest * 60, 1)
    return float(degrees), float(math.floor(minutes)), round(rest * 60, 2)
