"""The package that an outsider checks: one zip, read by `verify_draw.py` and by no secret.

Format `rutmau-package/1`, all texts UTF-8:

    frame.tsv        the canonical frame; its SHA-256 is `frame_sha256` of the commitment
    commitment.json  the canonical commitment, no line break; its SHA-256 was printed beforehand
    seed.json        canonical JSON: kind, raw (as written in the minutes), public_seed (as
                     normalised), seed_string, seed_sha256, witnesses
    result.tsv       role, stratum, rank, unit_id, ticket (12 digits), pi, weight, team, parent;
                     by stratum, then rank; purposive units last; ratios as 3/20
    register.jsonl   the register up to this draw, one canonical entry a line; may be absent
    verify_draw.html a copy of the verifier that runs in a browser, without a network
    verify_draw.py   a copy of the one that runs in Python (better: take them from where you trust)
    README.txt       how to check, in Vietnamese and English

The zip carries no times of its own, so that one draw always gives the same names and texts.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Protocol
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from sampling import register
from sampling.draw import Draw
from sampling.errors import BadPackage
from sampling.protocol import canonical, in_fours, seed_key

FORMAT = "rutmau-package/1"
_README = """GÓI KIỂM CHỨNG RÚT MẪU NGẪU NHIÊN ({format})

Mục đích: {purpose}
Mã cam kết (in trước khi gieo số): {commitment}
Dãy số công khai: {seed}
Mã kết quả: {result}

Tự kiểm: mở verify_draw.html bằng trình duyệt rồi chọn tệp zip này; không cần mạng.
Hoặc cài Python 3.8 trở lên rồi chạy
    python verify_draw.py <tệp này>.zip
Mỗi phép kiểm được nêu tên, đúng (OK) hoặc sai (SAI). Hãy so mã cam kết với bản giấy đã ký.

Tự tính từng bước, không cần chương trình (máy Linux hoặc macOS có sha256sum, cut):
 1. Mã băm khung mẫu, phải trùng "frame_sha256" trong commitment.json:
        sha256sum frame.tsv
 2. Mã cam kết, phải trùng bản giấy:
        sha256sum commitment.json
 3. Khoá của lần rút:
        printf '%s' '{seed_string}' | sha256sum | cut -c1-64
    kết quả phải là {key}
 4. Số phiếu của một đơn vị, ví dụ {example}:
        printf '%s%s' {key} {example} | sha256sum | cut -c1-64
    đổi số thập lục phân đó ra thập phân, đọc ngược từ chữ số cuối, viết sau "0.":
        {ticket}...
    Rút ngẫu nhiên đơn giản: số phiếu nhỏ nhất được chọn, tiếp theo là dự phòng.

HOW TO CHECK: open verify_draw.html in a browser and choose this zip, no network needed; or with
Python 3.8 or later run `python verify_draw.py <this file>.zip`. Every check is named, with OK or
FAILED. Compare the commitment above with the signed paper.
"""


class FrameLines(Protocol):
    """A frame in memory or on disk: its canonical file, line by line, and its hash."""

    @property
    def sha256(self) -> str:
        """The hash of the canonical bytes."""

    def lines(self) -> Iterable[bytes]:
        """Yield the canonical file line by line."""


def package(draw: Draw, frame: FrameLines, register_entries: Sequence[str] = ()) -> bytes:
    """Return the zip of one draw.

    `register_entries` is the register up to and including this draw's own entry; it may be empty.

    Raises:
        BadPackage: the frame is another one, or the register does not end with this draw.
    """
    buffer = io.BytesIO()
    write(buffer, draw, frame, register_entries)
    return buffer.getvalue()


def write(
    file: IO[bytes], draw: Draw, frame: FrameLines, register_entries: Sequence[str] = ()
) -> None:
    """Write the zip of one draw to a file, the frame line by line (millions of rows fit)."""
    if frame.sha256 != draw.commitment.frame_sha256:
        raise BadPackage(
            reason_vi="khung mẫu không phải khung của lần rút này",
            reason_en="the frame is not the one of this draw",
        )
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        with archive.open(_name("frame.tsv"), "w", force_zip64=True) as target:
            for block in _blocks(frame.lines()):
                target.write(block)
        for name, text in _texts(draw, register_entries):
            archive.writestr(_name(name), text)


def _texts(draw: Draw, register_entries: Sequence[str]) -> Iterator[tuple[str, str | bytes]]:
    yield "commitment.json", draw.commitment.json
    yield "seed.json", canonical(_seed(draw))
    yield "result.tsv", draw.tsv()
    if register_entries:
        _check_register(draw, register_entries)
        yield "register.jsonl", "".join(text + "\n" for text in register_entries)
    for name in ("verify_draw.html", "verify_draw.py"):
        yield name, Path(__file__).with_name(name).read_bytes()
    yield (
        "README.txt",
        _README.format(
            format=FORMAT,
            purpose=draw.commitment.purpose,
            commitment=in_fours(draw.commitment.sha256),
            seed=draw.seed.value,
            result=in_fours(draw.sha256),
            seed_string=draw.seed_string,
            key=seed_key(draw.seed_string),
            example=draw.selected[0].id,
            ticket=draw.selected[0].short_ticket,
        ),
    )


def _seed(draw: Draw) -> dict[str, object]:
    return {
        "format": FORMAT,
        "kind": draw.seed.source.kind,
        "raw": draw.seed.raw,
        "public_seed": draw.seed.value,
        "seed_string": draw.seed_string,
        "seed_sha256": seed_key(draw.seed_string),
        "witnesses": list(draw.seed.witnesses),
    }


def _check_register(draw: Draw, entries: Sequence[str]) -> None:
    register.check(entries)
    if draw.sha256 not in entries[-1] or draw.commitment.sha256 not in entries[-1]:
        raise BadPackage(
            reason_vi="mục cuối trong sổ không phải lần rút này",
            reason_en="the last register entry is not this draw",
        )


def _name(name: str) -> ZipInfo:
    info = ZipInfo(name)
    info.compress_type = ZIP_DEFLATED
    return info


def _blocks(lines: Iterable[bytes], size: int = 1 << 16) -> Iterator[bytes]:
    """Yield lines in blocks, for a zip writes many small pieces slowly."""
    block: list[bytes] = []
    length = 0
    for line in lines:
        block.append(line)
        length += len(line)
        if length >= size:
            yield b"".join(block)
            block, length = [], 0
    yield b"".join(block)
