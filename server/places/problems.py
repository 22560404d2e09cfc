"""The refusals of places, each with a code that never changes."""

from server.problems import NotFound, Problem


class UnknownEdition(NotFound):
    """No such edition of the code list, or none for that day."""

    code = "places.unknown-edition"
    message = "Không có danh mục đơn vị hành chính “{edition}”."
    message_en = "There is no edition '{edition}' of the code list."


class UnknownPlace(NotFound):
    """The edition does not list the code."""

    code = "places.unknown-place"
    message = "Danh mục “{edition}” không có đơn vị mang mã {place_code}."
    message_en = "Edition '{edition}' lists no unit with code {place_code}."


class UnreadableFile(Problem):
    """The file is no table that we can read."""

    code = "places.unreadable-file"
    message = (
        "Không đọc được tệp {file}: {reason}. "
        "Hãy lưu danh sách thành Excel (.xlsx) hoặc CSV UTF-8 rồi nộp lại."
    )
    message_en = (
        "The file {file} cannot be read: {reason_en}. "
        "Save the list as Excel (.xlsx) or CSV UTF-8 and send it again."
    )


class FileTooLarge(Problem):
    """The table has more rows, columns or bytes than we take."""

    code = "places.file-too-large"
    status = 413
    message = (
        "Tệp {file} quá lớn: tối đa {rows} dòng, {columns} cột, {megabytes} MB. "
        "Hãy chia thành nhiều tệp."
    )
    message_en = (
        "The file {file} is too large: at most {rows} rows, {columns} columns, {megabytes} MB. "
        "Split it."
    )


class MissingHeadings(Problem):
    """No row of headings names what every hamlet must have."""

    code = "places.missing-headings"
    message = "Tệp {file} chưa có dòng tiêu đề với hai cột “Mã xã” và “Tên thôn”."
    message_en = "The file {file} has no heading row with 'commune code' and 'hamlet name'."


class RepeatedHeading(Problem):
    """Two columns claim to hold the same thing."""

    code = "places.repeated-heading"
    message = "Tệp {file} có hai cột cùng nghĩa “{first}” và “{second}”: hãy bỏ bớt một cột."
    message_en = "In the file {file} the columns '{first}' and '{second}' mean the same: drop one."


class NothingToImport(Problem):
    """Every row was rejected, or there was none."""

    code = "places.nothing-to-import"
    message = "Không có thôn nào hợp lệ để nhập. Hãy sửa các dòng bị loại rồi nộp lại tệp."
    message_en = "No hamlet can be imported. Mend the rejected rows and send the file again."


class OutdatedPreview(Problem):
    """Hamlets were stored after the preview was made, and some now clash with it."""

    code = "places.outdated-preview"
    status = 409
    message = (
        "Danh sách thôn đã thay đổi sau khi xem trước ({rows} dòng nay bị trùng). "
        "Hãy xem trước lại."
    )
    message_en = (
        "The hamlets changed after this preview ({rows} rows clash now). Preview the file again."
    )


class RowProblem(Problem):
    """Why one row of a hamlet file is rejected; collected into the preview, not raised."""


class MissingCommune(RowProblem):
    """The row does not say in which commune the hamlet lies."""

    code = "places.row.missing-commune"
    message = "Thiếu mã xã."
    message_en = "The commune code is missing."


class UnknownCommune(RowProblem):
    """No commune of the edition, or none that the person may fill, has this code."""

    code = "places.row.unknown-commune"
    message = "Mã xã “{commune_code}” không có trong danh mục {edition} hoặc ngoài địa bàn của bạn."
    message_en = "Edition {edition} has no commune '{commune_code}' in your area."


class LostZeros(RowProblem):
    """A spreadsheet took the code for a number and dropped its leading zeros."""

    code = "places.row.lost-zeros"
    message = (
        "Mã xã “{commune_code}” thiếu số 0 ở đầu: có phải {meant}? "
        "Hãy định dạng cột mã xã là Văn bản (Text) và ghi đủ 5 chữ số."
    )
    message_en = (
        "The commune code '{commune_code}' lost its leading zeros: is it {meant}? "
        "Format the column as text and write all 5 digits."
    )


class MissingName(RowProblem):
    """The hamlet has no name."""

    code = "places.row.missing-name"
    message = "Thiếu tên thôn."
    message_en = "The hamlet's name is missing."


class BadName(RowProblem):
    """The name cannot be one: too long, without a letter or digit, or with control characters."""

    code = "places.row.bad-name"
    message = "Tên thôn không hợp lệ: cần có chữ hoặc số, không quá {longest} ký tự."
    message_en = "This cannot be a name: it needs a letter or digit, and at most {longest} signs."


class RepeatedName(RowProblem):
    """The commune already has a hamlet of this name in the same days."""

    code = "places.row.repeated-name"
    message = "Trùng tên với {other} trong cùng xã."
    message_en = "Same name as {other_en} in the same commune."


class BadCode(RowProblem):
    """The hamlet's code has signs that a form's list cannot carry."""

    code = "places.row.bad-code"
    message = "Mã thôn “{hamlet_code}” chỉ được gồm chữ không dấu, số, dấu - _ . (tối đa 30 ký tự)."
    message_en = "The code '{hamlet_code}' may have only A-Z, a-z, 0-9, - _ . (at most 30 signs)."


class RepeatedCode(RowProblem):
    """Another hamlet of the edition has this code."""

    code = "places.row.repeated-code"
    message = "Mã thôn “{hamlet_code}” trùng với {other}."
    message_en = "The code '{hamlet_code}' is already that of {other_en}."


class HalfPoint(RowProblem):
    """One of the two coordinates is missing."""

    code = "places.row.half-point"
    message = "Cần ghi cả vĩ độ và kinh độ, hoặc để trống cả hai."
    message_en = "Give both latitude and longitude, or neither."


class BadCoordinate(RowProblem):
    """A coordinate is not decimal degrees with a point."""

    code = "places.row.bad-coordinate"
    message = (
        "Tọa độ “{text}” không rõ: hãy viết độ thập phân với dấu chấm, "
        "ví dụ vĩ độ 20.3344, kinh độ 106.0787."
    )
    message_en = "'{text}' is unclear: write decimal degrees with a point, e.g. 20.3344, 106.0787."


class SwappedPoint(RowProblem):
    """The latitude looks like a longitude of Vietnam and the other way round."""

    code = "places.row.swapped-point"
    message = (
        "Vĩ độ và kinh độ có vẻ bị đổi chỗ: vĩ độ ở Việt Nam từ 6 đến 24, kinh độ từ 102 trở lên."
    )
    message_en = "Latitude and longitude look swapped: in Vietnam latitude is 6 to 24 degrees."


class OutsideVietnam(RowProblem):
    """The point is not in Vietnam."""

    code = "places.row.outside-vietnam"
    message = "Điểm này nằm ngoài lãnh thổ Việt Nam: hãy kiểm tra lại tọa độ."
    message_en = "This point is outside Vietnam: check the coordinates."


class DoubtfulNumber(RowProblem):
    """A number has a separator or something else that makes it doubtful."""

    code = "places.row.doubtful-number"
    message = "“{text}” ở cột {column} không rõ là bao nhiêu: hãy viết số nguyên liền, ví dụ 8842."
    message_en = (
        "'{text}' in column {column_en} is doubtful: write a plain whole number, e.g. 8842."
    )


class NumberOutOfRange(RowProblem):
    """A number is plain but cannot be right."""

    code = "places.row.number-out-of-range"
    message = "Cột {column} cần một số từ {least} đến {most}."
    message_en = "Column {column_en} needs a number from {least} to {most}."


class BadDate(RowProblem):
    """A date cannot be read, or is no day of the calendar."""

    code = "places.row.bad-date"
    message = "Ngày “{text}” không đọc được: hãy viết ngày/tháng/năm, ví dụ 01/07/2025."
    message_en = "The date '{text}' cannot be read: write day/month/year, e.g. 01/07/2025."


class ReversedPeriod(RowProblem):
    """The first day comes after the last."""

    code = "places.row.reversed-period"
    message = "Ngày bắt đầu hiệu lực sau ngày hết hiệu lực."
    message_en = "The hamlet would end before it begins."
