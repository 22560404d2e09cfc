"""The one door to Pillow: what a photo says of itself, and small copies of it to show.

Photos come from outside and never decide over an interview: whatever is wrong with one becomes a
reason beside it. The original is kept as sent; only the copies are turned upright and stripped of
what the camera wrote into them (place, time, owner). Run this in a job, never while a phone waits.
"""

import datetime as dt
import hashlib
import io
import logging
import math
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any

import PIL.WebPImagePlugin  # noqa: F401, TID251 - to find it Pillow would load all its plugins
from PIL import ExifTags, Image, UnidentifiedImageError  # noqa: TID251 - this is the door

Source = bytes | Path | IO[bytes]

MAX_PIXELS = 40_000_000
MAX_PIXELS_WHOLE = 16_000_000
"""For kinds that can only be decoded at full size: 16 million pixels are 64 MB."""
THUMB, VIEW = 320, 1280
FORMATS = ("JPEG", "PNG", "WEBP")

Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # broken camera notes
_one_at_a_time = threading.Lock()
log = logging.getLogger(__name__)

TOO_LARGE = ("Ảnh quá lớn, không tạo được bản xem.", "The picture is too large to show.")
UNKNOWN = ("Không phải ảnh JPEG, PNG hoặc WebP.", "Not a JPEG, PNG or WebP picture.")
BROKEN = ("Ảnh bị cắt cụt hoặc hỏng.", "The picture is cut off or broken.")


@dataclass(frozen=True)
class PhotoFacts:
    """What is known of a photo; None where it does not say.

    Attributes:
        width, height: as stored, before turning upright.
        orientation: 1 to 8 as EXIF counts, 1 upright.
        taken_at: the camera's own clock, '2024-04-02T08:30:00', with its zone when it gave one.
        lat, lon: degrees WGS 84, as the camera wrote them.
        dhash: 64 bits as hex that stay nearly the same when a picture is resized or recompressed
            (the difference hash of N. Krawetz, 2013).
        error: why there is no copy to show, in Vietnamese; '' when there is.
    """

    sha256: str
    format: str | None = None
    width: int | None = None
    height: int | None = None
    orientation: int = 1
    taken_at: str | None = None
    lat: float | None = None
    lon: float | None = None
    dhash: str | None = None
    error: str = ""
    error_en: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return what is known, ready for JSON."""
        return {name: value for name, value in asdict(self).items() if value not in {None, ""}}


@dataclass(frozen=True)
class Seen:
    """A photo looked at: its facts, and WebP copies at most 320 and 1280 pixels wide and high."""

    facts: dict[str, Any]
    thumb: bytes | None = None
    view: bytes | None = None


def read(source: Source) -> PhotoFacts:
    """Return what a photo says of itself; its pixels are decoded only as small as needed."""
    return _look(source, copies=False)[0]


def look(source: Source) -> Seen:
    """Return the facts of a photo and small copies of it.

    Never raises for what is in the file: the facts then hold an 'error', and there are no copies.
    """
    facts, thumb, view = _look(source, copies=True)
    return Seen(facts.to_json(), thumb, view)


def _look(source: Source, copies: bool) -> tuple[PhotoFacts, bytes | None, bytes | None]:
    with _opened(source) as stream:
        facts = PhotoFacts(sha256=hashlib.file_digest(stream, "sha256").hexdigest())
        stream.seek(0)
        try:
            with _one_at_a_time, Image.open(stream, formats=FORMATS) as image:
                facts = _facts(image, facts)
                _check_size(image)
                small = _small(image, VIEW if copies else THUMB, facts.orientation)
                facts = replace(facts, dhash=_dhash(small))
                if not copies:
                    return facts, None, None
                view = _webp(small)
                small.thumbnail((THUMB, THUMB))
                return facts, _webp(small), view
        except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError):
            error, error_en = TOO_LARGE
        except UnidentifiedImageError:
            error, error_en = UNKNOWN
        except Exception as problem:  # decoders raise whatever a broken picture leads them to
            log.info("a photo cannot be decoded: %s", type(problem).__name__)
            error, error_en = BROKEN
    return replace(facts, error=error, error_en=error_en), None, None


@contextmanager
def _opened(source: Source) -> Iterator[Any]:
    if isinstance(source, bytes):
        yield io.BytesIO(source)
    elif isinstance(source, Path):
        with source.open("rb") as stream:
            yield stream
    else:
        source.seek(0)
        yield source


def _facts(image: Image.Image, facts: PhotoFacts) -> PhotoFacts:
    width, height = image.size
    kind = "JPEG" if image.format == "MPO" else image.format
    facts = replace(facts, format=kind, width=width, height=height)
    try:
        exif = image.getexif()
        lat, lon = _place(exif.get_ifd(ExifTags.IFD.GPSInfo))
        return replace(
            facts,
            orientation=_orientation(exif.get(ExifTags.Base.Orientation)),
            taken_at=_taken_at(exif.get_ifd(ExifTags.IFD.Exif)),
            lat=lat,
            lon=lon,
        )
    except Exception as problem:  # a camera's notes may be broken where its picture is not
        log.info("the notes in a photo cannot be read: %s", type(problem).__name__)
        return facts


def _orientation(given: object) -> int:
    return given if isinstance(given, int) and 1 <= given <= 8 else 1


def _taken_at(notes: dict[int, Any]) -> str | None:
    """Return when the shutter fell, by the camera's clock."""
    given = str(notes.get(ExifTags.Base.DateTimeOriginal) or "").strip("\0 ")
    zone = str(notes.get(ExifTags.Base.OffsetTimeOriginal) or "").strip("\0 ")
    try:
        moment = dt.datetime.strptime(given, "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007 - zone is apart
    except ValueError:
        return None
    try:
        return dt.datetime.fromisoformat(moment.isoformat() + zone).isoformat()
    except ValueError:
        return moment.isoformat()


def _place(notes: dict[int, Any]) -> tuple[float | None, float | None]:
    """Return latitude and longitude; a camera without a fix writes zeros or nothing."""
    lat = _degrees(notes, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90)
    lon = _degrees(notes, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180)
    if lat is None or lon is None or (lat, lon) == (0, 0):
        return None, None
    return lat, lon


def _degrees(
    notes: dict[int, Any], value: int, reference: int, negative: str, most: int
) -> float | None:
    parts = notes.get(value)
    if not isinstance(parts, tuple) or len(parts) != 3:
        return None
    try:
        found = sum(float(part) / float(60**power) for power, part in enumerate(parts))
    except (ZeroDivisionError, OverflowError, TypeError, ValueError):
        return None
    if not math.isfinite(found) or abs(found) > most:
        return None
    return round(-found if notes.get(reference) == negative else found, 7)


def _check_size(image: Image.Image) -> None:
    """Refuse what would take too much memory to decode.

    A plain JPEG is decoded at an eighth, a quarter or half its size; all others, and progressive
    JPEGs, hold every pixel at once.

    Raises:
        DecompressionBombError: it would.
    """
    scaled = image.format in {"JPEG", "MPO"} and not image.info.get("progressive")
    if image.width * image.height > (MAX_PIXELS if scaled else MAX_PIXELS_WHOLE):
        raise Image.DecompressionBombError


_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _small(image: Image.Image, side: int, orientation: int) -> Image.Image:
    """Return an upright copy within `side` by `side`, without the camera's notes.

    It may be `image` itself; if not, the pixels of that are given back.
    """
    image.draft("RGB", (side, side))
    if image.mode in {"1", "P", "PA"}:  # these can only be made smaller roughly
        image = image.convert("RGBA")
    small = _on_white(_shrunk(image, side))
    if orientation in _UPRIGHT:
        small = small.transpose(_UPRIGHT[orientation])
    small.info = {}
    return small


def _shrunk(image: Image.Image, side: int) -> Image.Image:
    """Return what fits; first it is made narrower, then lower, and never held three times.

    Both at once takes two fifths more memory, which is what most of a small machine's is for. A
    picture that fits is not copied: phones often send them no larger.
    """
    scale = min(1, side / image.width, side / image.height)
    if scale == 1:
        image.load()  # some formats keep notes behind the pixels; they are taken off after this
        return image
    width, height = (max(1, round(length * scale)) for length in image.size)
    narrow = image.resize((width, image.height), reducing_gap=2)
    image.close()
    return narrow.resize((width, height), reducing_gap=2)


def _on_white(image: Image.Image) -> Image.Image:
    """Return the picture in RGB; what is transparent (a signature's ground) becomes white."""
    if not image.has_transparency_data:
        return image if image.mode == "RGB" else image.convert("RGB")
    layered = image.convert("RGBA")
    ground = Image.new("RGB", layered.size, "white")
    ground.paste(layered, mask=layered.getchannel("A"))
    return ground


def _dhash(image: Image.Image) -> str:
    """Return 64 bits, one for each pixel of 8 by 8 that is darker than its right neighbour."""
    grey = image.convert("L").resize((9, 8), Image.Resampling.LANCZOS).tobytes()
    bits = 0
    for row in range(0, 72, 9):
        for left, right in zip(grey[row : row + 8], grey[row + 1 : row + 9], strict=True):
            bits = bits << 1 | (left < right)
    return f"{bits:016x}"


def distance(one: str, other: str) -> int:
    """Return in how many of the 64 bits two difference hashes differ.

    Up to about five is most likely the same picture.

    >>> distance("00000000000000ff", "0000000000000000")
    8
    """
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _webp(image: Image.Image) -> bytes:
    kept = io.BytesIO()
    image.save(kept, "WEBP", quality=80, method=1)  # method 3 takes twice the time
    return kept.getvalue()
