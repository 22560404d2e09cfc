"""Refusals of frames: a row, a cell or a file that cannot be used."""

from sampling.errors.base import SamplingError


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
