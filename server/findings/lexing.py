"""The words of a rule: names of the form, numbers, quoted text, signs; and its mistakes."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from server.problems import Problem
from server.surveys.fields import Field

LONGEST_RULE = 2000


class RuleMistake(Problem):
    """A rule cannot be understood; `row` counts as the sheet does, `column` characters from 1."""

    code = "findings.rule-mistake"
    status = 422
    message = "Luật sai{where}: {reason}"
    message_en = "Mistake in a rule{where_en}: {reason_en}"

    def __init__(
        self, reason: str, reason_en: str, column: int = 0, row: int = 0, rule_id: str = ""
    ) -> None:
        places = [f"“{rule_id}”"] * bool(rule_id)
        there = [f"dòng {row}"] * bool(row) + [f"ký tự {column}"] * bool(column)
        there_en = [f"row {row}"] * bool(row) + [f"character {column}"] * bool(column)
        super().__init__(
            reason=reason,
            reason_en=reason_en,
            row=row,
            column=column,
            rule_id=rule_id,
            where=" " + ", ".join(places + there) if places + there else "",
            where_en=" " + ", ".join(places + there_en) if places + there_en else "",
        )

    def at_row(self, row: int, rule_id: str) -> "RuleMistake":
        """Return the same mistake, said of a row of the sheet."""
        said = self.details
        return RuleMistake(
            str(said["reason"]), str(said["reason_en"]), int(str(said["column"])), row, rule_id
        )


class Names:
    """The names that a rule may use, bare or with their groups."""

    def __init__(self, fields: Iterable[Field]) -> None:
        self.by_path = {each.path: each for each in fields}
        self.bare: dict[str, list[Field]] = {}
        for each in self.by_path.values():
            self.bare.setdefault(each.name, []).append(each)

    def starting(self, text: str, at: int) -> str:
        """Return the longest name of the form that stands at `at`, '' when none does.

        So 'a/b' is a path where the form has one, and a division where it has not.
        """
        match = _NAME_LIKE.match(text, at)
        name = match[0] if match else ""
        while name and not (name in self.by_path or name in self.bare):
            name = name[: max(name.rfind(sign) for sign in "/-.")] if _SIGN.search(name) else ""
        return name

    def repeat_above(self, path: str) -> str:
        """Return the path of the nearest repeat that a field lies in, '' for none."""
        above = path.rpartition("/")[0]
        while above and not (above in self.by_path and self.by_path[above].type == "repeat"):
            above = above.rpartition("/")[0]
        return above


_NAME_LIKE = re.compile(r"[^\W\d][\w.\-/]*")
_SIGN = re.compile(r"[/\-.]")
_QUOTES = {"'": "'", '"': '"', "‘": "’", "’": "’", "“": "”", "”": "”"}
_TOKEN = re.compile(
    r"""(?P<number>[0-9]+(?:\.[0-9]+)?(?!\w))"""
    r"""|(?P<text>'[^']*'|"[^"]*"|[‘’][^‘’]*’|[“”][^“”]*”)"""
    r"""|(?P<sign><=|>=|!=|[-+*/=<>(),:])"""
    r"""|(?P<word>[^\W\d]\w*)"""
)
FUNCTIONS = {"selected", "any", "param", "today", "date"}
KEYWORDS = {"and", "or", "not", "in"}


@dataclass(frozen=True)
class Token:
    """A word, number, quoted text, sign or name of the form, and where it stands."""

    kind: str
    text: str
    at: int
    end: int


class Lexer:
    """The text of one rule, cut into tokens as the parser asks for them.

    Raises:
        RuleMistake: the text is too long, or holds what is no token.
    """

    def __init__(self, text: str, names: Names) -> None:
        if len(text) > LONGEST_RULE:
            raise RuleMistake(f"dài hơn {LONGEST_RULE} ký tự", f"over {LONGEST_RULE} characters")
        self.text, self.names = text, names

    def token(self, place: int) -> Token:
        """Return the token that begins at or after `place`."""
        while place < len(self.text) and self.text[place].isspace():
            place += 1
        if place == len(self.text):
            return Token("end", "", place, place)
        name = self.names.starting(self.text, place)
        match = _TOKEN.match(self.text, place)
        if name and name not in KEYWORDS and not self._is_call(place + len(name), name):
            return Token("name", name, place, place + len(name))
        if match is None:
            sign = self.text[place]
            if sign in _QUOTES:
                raise RuleMistake("thiếu dấu nháy đóng", "a closing quote is missing", place + 1)
            raise RuleMistake(f"ký tự lạ “{sign}”", f"strange character '{sign}'", place + 1)
        return Token(match.lastgroup or "", match[0], place, match.end())

    def _is_call(self, place: int, name: str) -> bool:
        return name in FUNCTIONS and self.text[place:].lstrip().startswith("(")
