"""The arguments of the command `python -m sampling`, in Vietnamese and English."""

import argparse
import re
from collections.abc import Callable, Mapping

from sampling.design import ALLOCATIONS, METHODS, ORDERS
from sampling.estimate import METHODS as INTERVALS
from sampling.protocol import NO_HASH

Verb = Callable[[argparse.Namespace], int]
QUESTIONS = ("proportion", "half-width", "detection", "lqas")


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _count(text: str) -> int:
    """Return a whole number; '8,842' and '8.842' could be two numbers each, so they are none."""
    if not re.fullmatch(r"-?[0-9]+", text):
        raise argparse.ArgumentTypeError(
            f"'{text}': hãy viết liền các chữ số, ví dụ 8842 / write the digits alone, e.g. 8842"
        )
    return int(text)


def _numbers(text: str) -> list[int]:
    return [_count(part) for part in _list(text)]


def _table(text: str) -> list[tuple[str, int]]:
    pairs = (part.partition("=") for part in _list(text))
    return [(name.strip(), _count(number.strip())) for name, _, number in pairs]


def _fact(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name.strip(), value.strip()


def parser(verbs: Mapping[str, Verb]) -> argparse.ArgumentParser:
    """Return the parser; each verb's function is its default `verb`."""
    whole = argparse.ArgumentParser(
        prog="python -m sampling",
        description="Rút mẫu ngẫu nhiên ai cũng kiểm chứng được / draws that anyone can check",
    )
    adder = whole.add_subparsers(required=True, metavar="draw|verify|size|estimate")
    _draw_arguments(_verb(adder, "draw", verbs["draw"], "cam kết rồi rút mẫu / commit, then draw"))
    checking = _verb(adder, "verify", verbs["verify"], "kiểm chứng một gói / check a package")
    checking.add_argument("package", help="tệp .zip / the zip file")
    checking.add_argument("--commitment", dest="paper", default="", help="mã trên bản giấy đã ký")
    _size_arguments(_verb(adder, "size", verbs["size"], "cỡ mẫu / sample sizes"))
    _estimate_arguments(_verb(adder, "estimate", verbs["estimate"], "ước lượng / estimates"))
    return whole


def _verb(
    adder: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    function: Verb,
    words: str,
) -> argparse.ArgumentParser:
    parser = adder.add_parser(name, help=words, description=words)
    parser.set_defaults(verb=function)
    parser.add_argument("--json", action="store_true", help="kết quả JSON / JSON out")
    parser.add_argument("--lang", choices=("vi", "en"), default="vi", help="ngôn ngữ / language")
    return parser


def _draw_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("frame", help="khung mẫu .csv (unit_id, ...) hoặc .tsv dạng chuẩn / the frame")
    add("--official", help="danh mục chính thức .csv có cột unit_id / official list, to compare")
    add("--normalise", action="store_true", help="đổi sang NFC, bỏ khoảng trắng thừa")
    add("--method", choices=METHODS)
    add("--n", type=_count, help="số đơn vị chọn / how many")
    add("--reserves", type=_count, default=0, help="số dự phòng / ordered substitutes")
    add("--allocation", choices=ALLOCATIONS, help="chia theo tầng / split by strata")
    add("--minimum", type=_count, default=0, help="tối thiểu mỗi tầng")
    add("--maximum", type=_count, help="tối đa mỗi tầng")
    add("--spread", type=_table, default=[], metavar="TẦNG=SỐ,...")
    add("--fixed", type=_table, default=[], metavar="TẦNG=SỐ,...")
    add("--certainty", action="store_true", help="đơn vị lớn luôn được chọn / certainty units")
    add("--order", choices=ORDERS, default="", help="thứ tự của pps_pivotal")
    add("--by-size", action="store_true", help="spatial theo quy mô")
    add("--teams", type=_numbers, default=[], metavar="4,4,3", help="số đơn vị mỗi đoàn")
    add("--purpose", default="", help="mục đích / what the draw is for")
    add("--plan", default="")
    add("--stage", default="")
    add("--parent", default="")
    add("--draw-no", type=_count, default=1, help="lần rút thứ mấy")
    add("--at", default="", help="lúc cam kết, vd 2026-07-02T09:00:00+07:00")
    add("--about", type=_fact, action="append", default=[], metavar="TÊN=NỘI DUNG")
    add("--prev", default=NO_HASH, help="mã sổ rút mẫu trước đó")
    add("--seed-source", default="dice-d10", help="dice-d10, dice-d6 hoặc JSON của nguồn khác")
    add("--commit", help="ghi bản cam kết ra tệp / write the commitment")
    add("--commitment", help="bản cam kết đã in / the commitment, to draw")
    add("--seed", default="", help="dãy số công khai / the public number")
    add("--witness", action="append", help="tên người chứng kiến; lặp lại được")
    add("--out", help="gói kiểm chứng .zip / the package")


def _size_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("question", choices=QUESTIONS)
    add("--p", type=float, default=0.5, help="tỷ lệ dự đoán / expected share")
    add("--half-width", type=float, default=0.05, help="nửa khoảng tin cậy")
    add("--population", type=_count, help="tổng số đơn vị / how many there are")
    add("--deff", type=float, default=1.0, help="hiệu ứng thiết kế / design effect")
    add("--take", type=float, help="số hộ mỗi cụm: tính deff / households a cluster")
    add("--rho", type=float, default=0.05, help="tương quan trong cụm / how alike they are")
    add("--response", type=float, default=1.0, help="tỷ lệ trả lời / response rate")
    add("--level", type=float, default=0.95)
    add("--n", type=_count, default=0)
    add("--df", type=_count, help="số cụm trừ số tầng / first-stage units less strata")
    add("--bad", type=_count, default=1, help="số đơn vị xấu / how many are bad")
    add("--chance", type=float, default=0.95, help="xác suất phát hiện")
    add("--upper", type=float, default=0.8)
    add("--lower", type=float, default=0.5)


def _estimate_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("data", help="tệp .csv, mỗi dòng một phiếu / one row per interview")
    add("--weight", required=True, help="cột quyền số")
    add("--ids", type=_list, required=True, metavar="xa,thon,ho", help="cột mã từng bậc")
    add("--strata", type=_list, default=[], help="cột tầng từng bậc")
    add("--fpc", type=_list, default=[], help="cột tổng số đơn vị từng bậc")
    add("--lonely", choices=("refuse", "certainty", "centre"), default="refuse")
    add("--level", type=float, default=0.95)
    add("--least-rows", type=_count, default=30, help="ẩn số liệu dưới mức này")
    add("--least-psus", type=_count, default=3)
    add("--by", help="cột chia miền / domains")
    add("--total", action="append", default=[], metavar="CỘT")
    add("--mean", action="append", default=[], metavar="CỘT")
    add("--proportion", action="append", default=[], metavar="CỘT[=GIÁ TRỊ]")
    add("--ratio", action="append", default=[], metavar="TỬ/MẪU")
    add("--interval", choices=INTERVALS, default="logit", help="khoảng tin cậy của tỷ lệ")
