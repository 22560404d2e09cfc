"""Refusals of designs, commitments and public numbers."""

from sampling.errors.base import SamplingError


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


class TooFewWitnesses(SeedError):
    """Fewer people signed than the commitment promised."""

    code = "too-few-witnesses"
    vi_text = "Có {have} người chứng kiến, cam kết {need}. Hãy ghi đủ tên người đọc số."
    en_text = "{have} witnesses, {need} promised. Name everyone who read the number aloud."
