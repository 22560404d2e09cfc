"""The papers of a draw as an office gets them: Word and PDF."""

import io
import re

import pytest
from docx import Document


@pytest.fixture
def minh(browser, cast):
    return browser(cast.minh)


def words_of(docx):
    """All words of a Word file, in the body's order."""
    document = Document(io.BytesIO(docx))
    return " ".join(t.text or "" for t in document.element.body.iter() if t.tag.endswith("}t"))


def paper(client, draw, name):
    answer = client.get(f"/draws/{draw.id}/papers/{name}")
    assert answer.status_code == 200, answer.text
    return answer.data


def test_the_minutes_before_say_what_is_promised_and_nothing_of_a_result(minh, office):
    draw = office.commit()

    said = words_of(paper(minh, draw, "truoc.docx"))

    fours = " ".join(draw.commitment_sha256[i : i + 4] for i in range(0, 16, 4))
    assert fours in said
    assert "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM" in said
    assert "04 đơn vị chính thức, 03 dự phòng" in said
    assert "Xã Hợp Hưng" in said and "ngập lụt, đường bị cắt" in said
    assert "không thiếu, không thừa" in said
    assert not re.search(r"0\.\d{12}", said)
