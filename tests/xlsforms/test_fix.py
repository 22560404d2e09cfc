import pytest

pytestmark = pytest.mark.java

FIRST = "5d1c0c52-6f1e-4c57-8a86-52a6d8a6f7b1"
SECOND = "5d1c0c52-6f1e-4c57-8a86-52a6d8a6f7b2"
SHOWN = {
    "fix_record": "12", "fix_label": "KT-001", "fix_form": "Phiếu hộ", "fix_reason": "Thiếu ảnh",
    "fix_notes": "• Ảnh: chụp lại", "fix_by": "Hoa", "fix_at": "08:00 16/4",
}  # fmt: skip


def test_a_returned_form_is_shown_with_its_reason_and_answered(fill_form, record):
    [filled] = fill_form("gnbv_fix", {"fix": FIRST, "fix_done": "da_sua"})

    assert record(filled) == {"fix": FIRST, "fix_done": "da_sua", "fix_say": ""} | SHOWN
    assert filled.report["instanceName"] == "Trả lời: KT-001"


def test_what_cannot_be_corrected_must_be_explained(fill_form, record, refused_at):
    answers = {"fix": SECOND, "fix_done": "khong_sua"}
    [filled] = fill_form("gnbv_fix", answers | {"fix_say": "Hộ đã chuyển đi"})

    assert record(filled)["fix_say"] == "Hộ đã chuyển đi"
    [silent] = fill_form("gnbv_fix", answers, lenient=True)
    assert not silent.report["valid"]
