"""What the package refuses: one class per kind, a sentence in Vietnamese and one in English.

Every sentence names the row, the value or the stratum it is about, and the way out. The details
are kept by name, so a program need not read the sentence.

    >>> error = DuplicateId(unit_id="03217", row=9, first_row=2)
    >>> error.code, error.details["row"]
    ('duplicate-id', 9)
    >>> print(error.vi)
    Dòng 9: mã '03217' đã có ở dòng 2. Mỗi đơn vị chỉ được một dòng: hãy bỏ dòng thừa.
    >>> print(error.en)
    Row 9: id '03217' already stands in row 2. One row per unit: remove the extra one.
"""

from typing import ClassVar


class SamplingError(Exception):
    """A refusal, with a `code` that never changes and the sentences `vi` and `en`."""

    code: ClassVar[str] = "sampling"
    vi_text: ClassVar[str] = "Không rút mẫu được."
    en_text: ClassVar[str] = "The draw cannot be made."

    def __init__(self, **details: object) -> None:
        self.details = details
        super().__init__(self.en)

    @property
    def vi(self) -> str:
        """The sentence in Vietnamese."""
        return self.vi_text.format_map(self.details)

    @property
    def en(self) -> str:
        """The sentence in English."""
        return self.en_text.format_map(self.details)


# --- the frame ------------------------------------------------------------------------------


class FrameError(SamplingError):
    """Something in the list of units cannot be used."""

    code = "frame"


class EmptyFrame(FrameError):
    """There is nobody to draw from."""

    code = "empty-frame"
    vi_text = "Khung mẫu không có đơn vị nào để rút. Hãy nạp danh sách hoặc bớt đơn vị loại trừ."
    en_text = "The frame has no unit to draw from. Load the list, or exclude fewer units."


class MissingColumn(FrameError):
    """The table has no column of that name."""

    code = "missing-column"
    vi_text = "Bảng thiếu cột '{column}'. Các cột đang có: {columns}. Hãy thêm hoặc đổi tên cột."
    en_text = "The table has no column '{column}'. It has: {columns}. Add or rename the column."


class UnknownColumn(FrameError):
    """A column that the frame file does not know."""

    code = "unknown-column"
    vi_text = "Cột '{column}' không thuộc khung mẫu. Các cột được dùng: {columns}. Hãy bỏ cột này."
    en_text = "Column '{column}' is not part of a frame. Known: {columns}. Leave the column out."


class EmptyId(FrameError):
    """A row without an id."""

    code = "empty-id"
    vi_text = "Dòng {row}: thiếu mã đơn vị. Hãy điền mã theo danh mục rồi nạp lại."
    en_text = "Row {row}: the unit has no id. Fill in its code from the official list."


class BadId(FrameError):
    """An id with a letter outside `0-9 A-Z a-z . _ -`."""

    code = "bad-id"
    vi_text = (
        "Dòng {row}: mã {unit_id!r} có ký tự không được dùng. "
        "Chỉ dùng chữ số, chữ cái không dấu và . _ - (không dấu cách)."
    )
    en_text = (
        "Row {row}: id {unit_id!r} has a character that is not allowed. "
        "Use only digits, plain letters and . _ - (no spaces)."
    )


class DuplicateId(FrameError):
    """The same id in two rows."""

    code = "duplicate-id"
    vi_text = (
        "Dòng {row}: mã '{unit_id}' đã có ở dòng {first_row}. "
        "Mỗi đơn vị chỉ được một dòng: hãy bỏ dòng thừa."
    )
    en_text = (
        "Row {row}: id '{unit_id}' already stands in row {first_row}. "
        "One row per unit: remove the extra one."
    )


class NotComposed(FrameError):
    """Text not in Unicode NFC: it looks the same on paper and hashes differently."""

    code = "not-nfc"
    vi_text = (
        "Dòng {row}: cột '{column}' ({text!a}) viết bằng dấu tổ hợp (NFD), nhìn giống mà mã băm "
        "khác. Hãy nạp lại với lựa chọn chuẩn hoá (normalise) để đổi sang NFC."
    )
    en_text = (
        "Row {row}: column '{column}' ({text!a}) uses combining marks (NFD): it looks the same and "
        "hashes differently. Load it again with normalise, which turns it into NFC."
    )


class BadText(FrameError):
    """Text with a tab, a line break, a bar or spaces at its ends."""

    code = "bad-text"
    vi_text = (
        "Dòng {row}: cột '{column}' ({text!r}) có dấu tab, xuống dòng, dấu | hoặc khoảng trắng "
        "thừa ở đầu, cuối. Hãy sửa lại, hoặc nạp với lựa chọn chuẩn hoá (normalise)."
    )
    en_text = (
        "Row {row}: column '{column}' ({text!r}) has a tab, a line break, a bar or spaces at its "
        "ends. Mend it, or load it with normalise."
    )


class AmbiguousSize(FrameError):
    """A size with a separator: 8,842 is eight thousand here and eight point eight there."""

    code = "ambiguous-size"
    vi_text = (
        "Dòng {row}: quy mô {text!r} có dấu phân cách, không rõ là hàng nghìn hay số lẻ. "
        "Hãy viết số nguyên liền nhau, ví dụ 8842."
    )
    en_text = (
        "Row {row}: size {text!r} has a separator: thousands or decimals? "
        "Write a whole number without separators, such as 8842."
    )


class SizeNotNumber(FrameError):
    """A size that is no whole number."""

    code = "size-not-number"
    vi_text = "Dòng {row}: quy mô {text!r} không phải số nguyên. Hãy điền số hộ (hoặc số người)."
    en_text = "Row {row}: size {text!r} is not a whole number. Enter the count of households."


class NegativeSize(FrameError):
    """A size below zero."""

    code = "negative-size"
    vi_text = "Dòng {row}: quy mô {size} nhỏ hơn 0. Hãy kiểm tra lại nguồn số liệu."
    en_text = "Row {row}: size {size} is below zero. Check its source."


class AbsurdSize(FrameError):
    """A size no place in the country has."""

    code = "absurd-size"
    vi_text = (
        "Dòng {row}: quy mô {size} lớn hơn {limit}, vô lý với một đơn vị. "
        "Có thể hai số bị viết dính nhau: hãy kiểm tra lại."
    )
    en_text = (
        "Row {row}: size {size} exceeds {limit}, absurd for one unit. "
        "Perhaps two numbers ran together: check it."
    )


class ZeroSize(FrameError):
    """A unit of size zero could never be drawn by size."""

    code = "zero-size"
    vi_text = (
        "Đơn vị '{unit_id}' không có quy mô (0 hoặc trống) nên không bao giờ được chọn theo quy mô."
        " Hãy điền quy mô, hoặc ghi lý do loại trừ cho đơn vị này."
    )
    en_text = (
        "Unit '{unit_id}' has no size (0 or empty), so a draw by size could never choose it. "
        "Give its size, or state why it is excluded."
    )


class BadPoint(FrameError):
    """A latitude or longitude that is none, or one without the other."""

    code = "bad-point"
    vi_text = (
        "Dòng {row}: toạ độ {text!r} không đúng. Hãy ghi cả vĩ độ (-90 đến 90) và kinh độ "
        "(-180 đến 180) bằng độ thập phân với dấu chấm, ví dụ 21.385123."
    )
    en_text = (
        "Row {row}: {text!r} is no position. Give both latitude (-90 to 90) and longitude "
        "(-180 to 180) in decimal degrees with a point, such as 21.385123."
    )


class NotCanonical(FrameError):
    """The bytes are not the canonical form of what they say."""

    code = "not-canonical"
    vi_text = (
        "Tệp khung mẫu không ở dạng chuẩn (dòng {row}): {reason_vi}. "
        "Hãy xuất lại tệp bằng chương trình này trước khi niêm phong."
    )
    en_text = (
        "The frame file is not canonical (line {row}): {reason_en}. "
        "Write the file again with this program before freezing it."
    )


# --- the design -----------------------------------------------------------------------------


class DesignError(SamplingError):
    """The draw asked for cannot be made of this frame."""

    code = "design"


class BadDesign(DesignError):
    """A part of the design that means nothing, or does not go with another part."""

    code = "bad-design"
    vi_text = "Thiết kế mẫu không hợp lệ: {reason_vi}."
    en_text = "The design is not valid: {reason_en}."


class TooFewUnits(DesignError):
    """More units are asked for than there are."""

    code = "too-few-units"
    vi_text = (
        "Cần rút {asked} đơn vị (kể cả dự phòng) ở tầng '{stratum}' nhưng chỉ có {available}. "
        "Hãy giảm số lượng hoặc gộp tầng."
    )
    en_text = (
        "{asked} units (reserves included) are asked of stratum '{stratum}', which has {available}."
        " Ask for fewer, or merge strata."
    )


class StratumTooSmall(DesignError):
    """A stratum holds fewer units than its minimum."""

    code = "stratum-too-small"
    vi_text = (
        "Tầng '{stratum}' có {available} đơn vị, ít hơn mức tối thiểu {minimum}. "
        "Hãy gộp tầng này với tầng gần giống hoặc giảm mức tối thiểu."
    )
    en_text = (
        "Stratum '{stratum}' has {available} units, fewer than its minimum of {minimum}. "
        "Merge it with a similar one, or lower the minimum."
    )


class AllocationImpossible(DesignError):
    """No split of n meets the bounds of every stratum."""

    code = "allocation-impossible"
    vi_text = (
        "Không chia được {n} đơn vị cho các tầng: tổng tối thiểu là {low}, tổng tối đa là {high}. "
        "Hãy đổi số lượng hoặc các mức tối thiểu, tối đa."
    )
    en_text = (
        "{n} units cannot be split: the minima add up to {low}, the maxima to {high}. "
        "Change the number, or the minima and maxima."
    )


class UnitTooLarge(DesignError):
    """One unit fills more than one step of the list by size."""

    code = "unit-too-large"
    vi_text = (
        "Đơn vị '{unit_id}' có quy mô {size}, lớn hơn một bước chọn ({total}/{n}). "
        "Hãy cho phép chọn chắc chắn (certainty) để đơn vị này luôn có trong mẫu."
    )
    en_text = (
        "Unit '{unit_id}' has size {size}, more than one step of the list ({total}/{n}). "
        "Allow certainty units, so that it always belongs to the sample."
    )


class BadCommitment(SamplingError):
    """A commitment that lacks something, or does not belong to what it is used with."""

    code = "bad-commitment"
    vi_text = "Bản cam kết không dùng được: {reason_vi}."
    en_text = "The commitment cannot be used: {reason_en}."


# --- the seed -------------------------------------------------------------------------------


class SeedError(SamplingError):
    """The public number cannot be used."""

    code = "seed"


class ShortSeed(SeedError):
    """Fewer digits than promised, or a source that promises too few."""

    code = "short-seed"
    vi_text = (
        "Dãy số công khai ngắn: có {have} chữ số, cần {need}. "
        "Hãy gieo tiếp cho đủ trước mặt người chứng kiến; không tự thêm số."
    )
    en_text = (
        "The public number is short: {have} digits, {need} needed. "
        "Throw the rest before the witnesses; do not fill in digits."
    )


class LongSeed(SeedError):
    """More digits than promised: choosing which to keep would be choosing the sample."""

    code = "long-seed"
    vi_text = (
        "Dãy số công khai dài hơn cam kết: có {have} chữ số, cam kết {need}. "
        "Hãy chép đúng {need} chữ số đầu đã ghi trong biên bản."
    )
    en_text = (
        "The public number is longer than committed: {have} digits, {need} promised. "
        "Copy exactly the first {need} digits of the minutes."
    )


class MalformedSeed(SeedError):
    """Something in the public number is not what its source gives."""

    code = "malformed-seed"
    vi_text = "Dãy số công khai {text!r} không đúng dạng: {reason_vi}. Hãy chép lại từ biên bản."
    en_text = "The public number {text!r} is malformed: {reason_en}. Copy it from the minutes."


class StaleSeed(SeedError):
    """The result was known before the commitment was made."""

    code = "stale-seed"
    vi_text = (
        "Kết quả quay số lúc {drawn_at} không sau lúc cam kết {committed_at}. "
        "Hãy chọn một kỳ quay số sau khi in bản cam kết."
    )
    en_text = (
        "The lottery of {drawn_at} is not later than the commitment of {committed_at}. "
        "Name a lottery that is held after the commitment is printed."
    )


# --- estimates, sizes, packages -------------------------------------------------------------


class EstimateError(SamplingError):
    """The estimate asked for would be wrong or mean nothing."""

    code = "estimate"
    vi_text = "Không ước lượng được: {reason_vi}."
    en_text = "No estimate: {reason_en}."


class BadNumber(EstimateError):
    """An answer that should be a number and is not."""

    code = "bad-number"
    vi_text = (
        "Dòng {row}, cột '{column}': {text!r} không phải số. Để trống nếu thiếu, "
        "và viết số lẻ bằng dấu chấm."
    )
    en_text = (
        "Row {row}, column '{column}': {text!r} is not a number. Leave it empty when missing, "
        "and write decimals with a point."
    )


class BadWeight(EstimateError):
    """A weight of zero or less, or no number."""

    code = "bad-weight"
    vi_text = (
        "Dòng {row}: quyền số {text!r} phải là số dương. Đơn vị không thuộc diện thì đánh dấu "
        "ngoài phạm vi (miền), không ghi quyền số 0."
    )
    en_text = (
        "Row {row}: weight {text!r} must be a positive number. Mark an ineligible unit by a "
        "domain, not by a weight of zero."
    )


class LonelyUnit(EstimateError):
    """One sampled unit in a stratum: its variance cannot be seen."""

    code = "lonely-unit"
    vi_text = (
        "Tầng '{stratum}' (bậc {stage}) chỉ có một đơn vị mẫu '{unit_id}' nên không tính được "
        "phương sai. Hãy gộp tầng, hoặc chọn quy tắc lonely='certainty' hay 'centre'."
    )
    en_text = (
        "Stratum '{stratum}' (stage {stage}) has the single sampled unit '{unit_id}', so its "
        "variance is unknown. Merge strata, or choose lonely='certainty' or 'centre'."
    )


class BadSizeOption(SamplingError):
    """A number given to a sample-size formula is out of its range."""

    code = "bad-size-option"
    vi_text = "Tham số {name} = {value} ngoài khoảng cho phép ({range})."
    en_text = "Option {name} = {value} is out of range ({range})."


class ReleaseRefused(SamplingError):
    """A reserve may not be released that way."""

    code = "release-refused"
    vi_text = "Không cho dùng đơn vị dự phòng: {reason_vi}."
    en_text = "The reserve is not released: {reason_en}."


class BadRoute(SamplingError):
    """The places cannot be put in order."""

    code = "bad-route"
    vi_text = "Không xếp được lộ trình: {reason_vi}."
    en_text = "No route: {reason_en}."


class BadPackage(SamplingError):
    """The package or the register lacks something or contradicts itself."""

    code = "bad-package"
    vi_text = "Gói kiểm chứng không dùng được: {reason_vi}."
    en_text = "The package cannot be used: {reason_en}."
