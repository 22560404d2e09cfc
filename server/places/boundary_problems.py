"""The refusals of official boundaries, each with a code that never changes."""

from server.places.problems import RowProblem
from server.problems import Problem


class UnreadableBoundaries(Problem):
    """The file is no GeoJSON collection of areas in WGS 84."""

    code = "places.unreadable-boundaries"
    message = (
        "Không đọc được tệp {file}: {reason}. Hãy xuất địa giới thành GeoJSON "
        "(FeatureCollection, UTF-8, kinh độ và vĩ độ WGS 84) rồi nộp lại."
    )
    message_en = (
        "The file {file} cannot be read: {reason_en}. Export the boundaries as GeoJSON "
        "(a FeatureCollection, UTF-8, longitude and latitude in WGS 84) and send it again."
    )

    def __init__(self, reason: str, reason_en: str, file: str = "GeoJSON") -> None:
        super().__init__(reason=reason, reason_en=reason_en, file=file)


class BoundariesTooLarge(Problem):
    """The file holds more than we take at once."""

    code = "places.boundaries-too-large"
    status = 413
    message = (
        "Tệp {file} quá lớn: tối đa {megabytes} MB, {features} vùng và {vertices} đỉnh. "
        "Hãy chia theo tỉnh rồi nộp từng tệp."
    )
    message_en = (
        "The file {file} is too large: at most {megabytes} MB, {features} areas and {vertices} "
        "vertices. Split it by province and send the parts."
    )


class NothingToDraw(Problem):
    """No area of the file was accepted."""

    code = "places.no-boundary"
    message = "Không có vùng nào hợp lệ để nhập. Hãy sửa theo lý do đã nêu rồi nộp lại tệp."
    message_en = "No area can be taken in. Mend the file by the reasons given and send it again."


class AlreadyWithdrawn(Problem):
    """Somebody withdrew the import before."""

    code = "places.boundaries-withdrawn"
    status = 409
    message = "Lần nhập địa giới này đã được rút lại trước đó."
    message_en = "This import of boundaries was withdrawn before."


class NoArea(RowProblem):
    """The feature has no area."""

    code = "places.area.none"
    message = "Cần vùng (Polygon hoặc MultiPolygon), ở đây là “{kind}”."
    message_en = "A Polygon or MultiPolygon is needed, this is '{kind}'."


class BadPositions(RowProblem):
    """The coordinates are not pairs of finite numbers."""

    code = "places.area.bad-positions"
    message = "Tọa độ không phải các cặp số [kinh độ, vĩ độ]."
    message_en = "The coordinates are not pairs of numbers [longitude, latitude]."


class OpenRing(RowProblem):
    """A ring does not end where it begins."""

    code = "places.area.open-ring"
    message = "Vòng số {ring} chưa khép kín: điểm cuối phải trùng điểm đầu, ít nhất 4 điểm."
    message_en = "Ring {ring} is not closed: it must end where it begins, with 4 points or more."


class CrossedRing(RowProblem):
    """The area's edges cross, or its parts overlap."""

    code = "places.area.crossed"
    message = "Đường ranh tự cắt hoặc các phần chồng nhau gần kinh độ, vĩ độ {where}."
    message_en = "The border crosses itself or parts overlap near longitude, latitude {where}."


class NotDegrees(RowProblem):
    """The numbers are no degrees."""

    code = "places.area.not-degrees"
    message = (
        "Tọa độ không phải độ WGS 84 (có thể là mét VN-2000): hãy chuyển hệ tọa độ sang EPSG:4326."
    )
    message_en = "These are no degrees of WGS 84 (VN-2000 metres?): convert them to EPSG:4326."


class SwappedAxes(RowProblem):
    """Latitude stands before longitude."""

    code = "places.area.swapped"
    message = "Kinh độ và vĩ độ có vẻ bị đổi chỗ: GeoJSON ghi kinh độ trước."
    message_en = "Longitude and latitude look swapped: GeoJSON writes longitude first."


class AreaOutsideVietnam(RowProblem):
    """The area leaves Vietnam's bounds."""

    code = "places.area.outside-vietnam"
    message = "Vùng này vượt ra ngoài phạm vi lãnh thổ Việt Nam: hãy kiểm tra lại tọa độ."
    message_en = "This area reaches beyond Vietnam: check the coordinates."


class TooManyVertices(RowProblem):
    """The area has more vertices than we take for one unit."""

    code = "places.area.too-many-vertices"
    message = "Vùng có {count} đỉnh, tối đa {most}: hãy đơn giản hóa trước khi nộp."
    message_en = "The area has {count} vertices, at most {most}: simplify it first."


class Unnamed(RowProblem):
    """The feature says neither code nor name."""

    code = "places.area.unnamed"
    message = "Vùng không có mã đơn vị cũng không có tên trong các thuộc tính đã chọn."
    message_en = "The area has neither a unit's code nor a name among the chosen properties."


class UnknownUnitCode(RowProblem):
    """The edition has no unit of that code."""

    code = "places.area.unknown-code"
    message = "Mã “{unit_code}” không có trong danh mục {edition}."
    message_en = "Edition {edition} has no unit '{unit_code}'."


class UnknownUnitName(RowProblem):
    """The edition has no unit of that name there."""

    code = "places.area.unknown-name"
    message = "Không có đơn vị tên “{name}” {within}trong danh mục {edition}."
    message_en = "Edition {edition} has no unit called '{name}' {within_en}."


class AmbiguousName(RowProblem):
    """Several units have that name."""

    code = "places.area.ambiguous-name"
    message = "Có {count} đơn vị tên “{name}” ({codes}): cần mã hoặc tên đơn vị cấp trên."
    message_en = "{count} units are called '{name}' ({codes}): give the code or the parent's name."


class NamesDisagree(RowProblem):
    """The code is that of a unit with another name: codes are used again across editions."""

    code = "places.area.names-disagree"
    message = (
        "Mã {unit_code} trong danh mục {edition} là {unit}, tệp ghi “{name}”: có thể tệp thuộc "
        "danh mục khác. Nếu chắc chắn, chọn “Tin mã dù tên khác”."
    )
    message_en = (
        "Code {unit_code} of edition {edition} is {unit}, the file says '{name}': perhaps it "
        "belongs to another edition. If you are sure, choose 'Trust codes'."
    )


class RepeatedUnit(RowProblem):
    """Another feature of the file is the same unit."""

    code = "places.area.repeated"
    message = "Trùng đơn vị {unit} với vùng số {other}."
    message_en = "Same unit {unit} as area number {other}."


class OutsideTheirArea(RowProblem):
    """The unit lies outside what the person keeps."""

    code = "places.area.not-yours"
    message = "{unit} nằm ngoài địa bàn của bạn."
    message_en = "{unit} lies outside your area."


class NotTheIslands(RowProblem):
    """An area that is said to be Hoàng Sa or Trường Sa lies elsewhere."""

    code = "places.area.not-the-islands"
    message = "Vùng này không nằm ở quần đảo {islands}: hãy kiểm tra lại tọa độ của {unit}."
    message_en = "This area does not lie in the {islands} islands: check the coordinates of {unit}."
