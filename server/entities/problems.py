"""Refusals about lists and their rows."""

from server.problems import Problem


class UnknownList(Problem):
    """The plan has no list of that name."""

    code = "entities.unknown-list"
    status = 404
    message = (
        "Kế hoạch không có danh sách “{name}”. Hãy tạo danh sách hoặc phát hành biểu mẫu khai nó."
    )
    message_en = "The plan has no list '{name}'. Create it, or publish the form that declares it."


class ListExists(Problem):
    """The plan has a list of that name already."""

    code = "entities.list-exists"
    status = 409
    message = "Kế hoạch đã có danh sách “{name}”. Hãy chọn tên khác."
    message_en = "The plan already has a list '{name}'. Choose another name."


class BadName(Problem):
    """A list or a property may not be called that."""

    code = "entities.bad-name"
    status = 400
    message = (
        "Không đặt được tên “{name}”: tên bắt đầu bằng chữ cái không dấu hoặc gạch dưới, chỉ gồm "
        "chữ không dấu, số, gạch ngang, gạch dưới; không bắt đầu bằng hai gạch dưới và không "
        "trùng tên dành riêng (name, label, visits, hamlets, households)."
    )
    message_en = (
        "'{name}' cannot be a name: begin with a plain letter or an underscore, use plain letters, "
        "digits, '-' and '_' only; not two underscores first, and none of the reserved names "
        "(name, label, visits, hamlets, households)."
    )


class PropertyExists(Problem):
    """The list has that property, perhaps in other letters."""

    code = "entities.property-exists"
    status = 409
    message = "Danh sách đã có thuộc tính “{name}” (không phân biệt chữ hoa, chữ thường)."
    message_en = "The list already has a property '{name}' (upper and lower case are the same)."


class UnknownProperty(Problem):
    """A value was given for a property that the list does not have."""

    code = "entities.unknown-property"
    status = 400
    message = "Danh sách “{list}” không có thuộc tính “{name}”. Hãy thêm thuộc tính trước."
    message_en = "The list '{list}' has no property '{name}'. Add the property first."


class BadValue(Problem):
    """A value that cannot be kept."""

    code = "entities.bad-value"
    status = 400
    message = "Giá trị của “{name}” không dùng được: phải là chữ, không quá {longest} ký tự."
    message_en = (
        "The value of '{name}' cannot be kept: it must be text of at most {longest} letters."
    )


class BadId(Problem):
    """The row's id is no UUID of version 4."""

    code = "entities.bad-id"
    status = 400
    message = "Mã dòng “{id}” không phải UUID phiên bản 4."
    message_en = "The row's id '{id}' is not a version 4 UUID."


class LabelMissing(Problem):
    """A row needs a label: phones stop reading the whole list at the first one without."""

    code = "entities.label-missing"
    status = 400
    message = "Dòng chưa có nhãn (label). Điện thoại không đọc được danh sách có dòng thiếu nhãn."
    message_en = "The row has no label. Phones cannot read a list in which a row lacks one."


class EntityExists(Problem):
    """A row with this id is in the list already."""

    code = "entities.exists"
    status = 409
    message = "Danh sách “{list}” đã có dòng mang mã {id}."
    message_en = "The list '{list}' already has a row with the id {id}."


class UnknownEntity(Problem):
    """No row with this id is in the list."""

    code = "entities.unknown-entity"
    status = 404
    message = "Danh sách “{list}” không có dòng mang mã {id}."
    message_en = "The list '{list}' has no row with the id {id}."


class EntityDeleted(Problem):
    """The row was deleted; it can be restored."""

    code = "entities.deleted"
    status = 409
    message = "Dòng {id} của danh sách “{list}” đã bị xóa. Hãy khôi phục dòng đó rồi làm lại."
    message_en = "The row {id} of the list '{list}' was deleted. Restore it, then try again."


class VersionConflict(Problem):
    """The row has changed since the version that the caller knows."""

    code = "entities.version-conflict"
    status = 409
    message = (
        "Dòng này đang ở phiên bản {current}, không phải {given}: đã có người sửa trước. "
        "Hãy tải lại để xem bản mới rồi sửa tiếp."
    )
    message_en = (
        "The row is at version {current}, not {given}: somebody changed it first. "
        "Load it again, look, then change it."
    )


class UnknownVersion(Problem):
    """A change names a version of the row that we never had."""

    code = "entities.unknown-version"
    status = 404
    message = "Dòng {id} không có phiên bản {version} mà phiếu sửa dựa vào."
    message_en = "The row {id} has no version {version}, on which the form's change stands."


class NotHeld(Problem):
    """The request does not wait for anybody any more."""

    code = "entities.not-held"
    status = 409
    message = "Yêu cầu này đã được xử lý rồi. Hãy tải lại trang."
    message_en = "This request has been dealt with already. Load the page again."


class ListChanged(Problem):
    """Rows changed between preview and apply."""

    code = "entities.list-changed"
    status = 409
    message = (
        "Danh sách đã thay đổi sau khi xem trước. Hãy xem lại các khác biệt rồi đồng ý lần nữa."
    )
    message_en = "The list changed after the preview. Look at the differences again, then agree."


class NoColumns(Problem):
    """The table lacks a heading that says which rows are meant."""

    code = "entities.no-columns"
    status = 422
    message = (
        "Tệp cần một dòng tiêu đề có cột label (nhãn) cho dòng mới, hoặc cột name (mã dòng) hay "
        "cột khóa đã chọn để sửa dòng có sẵn."
    )
    message_en = (
        "The file needs a heading row with a column 'label' for new rows, or 'name' (the id) or "
        "the chosen key column to change existing ones."
    )


class HeadingTwice(Problem):
    """Two columns have the same heading."""

    code = "entities.heading-twice"
    status = 422
    message = "Tiêu đề “{name}” có ở hai cột. Hãy bỏ bớt một cột."
    message_en = "The heading '{name}' stands over two columns. Take one away."


class RowTwice(Problem):
    """Two rows of a table mean the same row of the list."""

    code = "entities.row-twice"
    status = 422
    message = "Trùng với dòng {first} của tệp ({key})."
    message_en = "The same as row {first} of the file ({key})."


class KeyNotUnique(Problem):
    """The key names more than one row of the list."""

    code = "entities.key-not-unique"
    status = 422
    message = "Khóa “{key}” ứng với nhiều dòng trong danh sách. Hãy dùng cột name."
    message_en = "The key '{key}' belongs to several rows of the list. Use the column 'name'."


class UnknownTeam(Problem):
    """The plan has no team of that name."""

    code = "entities.unknown-team"
    status = 422
    message = "Kế hoạch không có đoàn “{name}”."
    message_en = "The plan has no team '{name}'."


class UnknownOwner(Problem):
    """Nobody with that e-mail address."""

    code = "entities.unknown-owner"
    status = 422
    message = "Không có cán bộ nào dùng thư điện tử “{email}”."
    message_en = "Nobody uses the e-mail address '{email}'."


class UnknownArea(Problem):
    """The plan's code list has no unit of that code."""

    code = "entities.unknown-area"
    status = 422
    message = "Danh mục của kế hoạch không có đơn vị mang mã “{place}”."
    message_en = "The plan's code list has no unit with the code '{place}'."
