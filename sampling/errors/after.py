"""Refusals of what goes around a draw: estimates, sizes, releases, routes, packages."""

from sampling.errors.base import SamplingError


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
