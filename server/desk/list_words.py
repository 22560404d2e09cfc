"""The words of a list of records: heads of its columns, choices of its filters."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from server import web
from server.desk import asking, formats
from server.desk.asking import ANSWER, Asking
from server.quality.words import VERDICTS
from server.submissions import words
from server.submissions.conditions import Op
from server.submissions.models import ReviewState, VisitVerdict
from server.surveys.fields import Field, pick

OPS: dict[Op, tuple[str, str]] = {
    Op.HAS: ("có chứa", "contains"),
    Op.IS: ("đúng bằng", "is"),
    Op.ONE_OF: ("là một trong", "is one of"),
    Op.ALL_OF: ("có đủ các mục", "has all of"),
    Op.BETWEEN: ("trong khoảng", "between"),
    Op.EMPTY: ("để trống", "is empty"),
    Op.FILLED: ("có trả lời", "is answered"),
}
SORTS: dict[str, tuple[str, str]] = {
    "received": ("Nhận lúc", "Received"),
    "started": ("Bắt đầu", "Started"),
    "place": ("Nơi", "Place"),
    "state": ("Xét duyệt", "Review"),
    "verdict": ("Kiểm tra nhanh", "Quick check"),
}
LONGEST = 60


def label(field: Field) -> str:
    """Return a question's words, short enough for a head or a choice."""
    found = field.label(web.language(), "vi", "en")
    return found if len(found) <= LONGEST else f"{found[: LONGEST - 1].rstrip()}…"


def heads(asked: Asking) -> list[dict[str, Any]]:
    """Return the columns of the list, for `ui.table`."""

    def sorted_by(name: str) -> dict[str, Any]:
        return {"label": formats.word(SORTS[name]), **asking.sort_link(asked, name)}

    found = [
        {"label": _("Phiếu")},
        sorted_by("place"),
        {"label": _("Người thực hiện")},
        sorted_by("received"),
        sorted_by("started"),
        {"label": _("Ảnh, tệp"), "number": True},
        {"label": _("Phát hiện")},
        sorted_by("verdict"),
        sorted_by("state"),
    ]
    return found + [_asked(asked, field) for field in asked.columns]


def _asked(asked: Asking, field: Field) -> dict[str, Any]:
    head: dict[str, Any] = {"label": label(field), "number": field.type in ("int", "decimal")}
    if field.path in asked.questions:
        head |= asking.sort_link(asked, ANSWER + field.path)
    return head


@dataclass(frozen=True)
class Choices:
    """What the selects of the filters offer: (value, word)."""

    asked: Asking

    def states(self) -> list[tuple[str, str]]:
        """Return the states of review."""
        return [(state.value, formats.word(words.STATES[state])) for state in ReviewState]

    def verdicts(self) -> list[tuple[str, str]]:
        """Return what the checks of a visit come to."""
        return [(each.value, formats.word(VERDICTS[each][:2])) for each in VisitVerdict]

    def questions(self) -> list[tuple[str, str]]:
        """Return the questions by which the list can be narrowed."""
        return [(field.path, label(field)) for field in self.asked.compared()]

    def sorts(self) -> list[tuple[str, str]]:
        """Return what the list can be sorted by: what every record has, then the questions."""
        found = [(name, formats.word(pair)) for name, pair in SORTS.items()]
        return found + [(ANSWER + path, words) for path, words in self.questions()]

    def ops(self, row: asking.Row) -> list[tuple[str, str]]:
        """Return how a condition may compare."""
        return [(op.value, formats.word(OPS[op])) for op in row.ops]

    def values(self, row: asking.Row) -> list[tuple[str, str]]:
        """Return the choices of a condition's question."""
        languages = (web.language(), "vi", "en")
        return [(code, pick(texts, *languages) or code) for code, texts in row.field.choices]
