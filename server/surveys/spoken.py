"""Formulas of a form (XPath 1.0 as XForms have it) in words: when one asks, and what is valid.

Questions stand there by their labels, choices by theirs. What the words here do not cover is
refused as a whole, and whoever shows it falls back on the formula itself.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from server.surveys.fields import Field, pick

LONGEST_LABEL = 70
LONGEST = 2000
DEEPEST = 40
_MARKUP = re.compile(r"<[^>]{0,200}>|\*\*|__|^#+\s*", re.MULTILINE)
_ASKED_FOR = re.compile(r"\$\{[^}]*\}")
_TOKENS = re.compile(
    r"\s*(?:(?P<text>\"[^\"]*\"|'[^']*')|(?P<number>\d+(?:\.\d+)?|\.\d+)"
    r"|(?P<path>(?:current\(\)/)?(?:\.\.|\.(?!\d)|/?[A-Za-z_][\w.-]*)(?:/(?:\.\.|[A-Za-z_][\w.-]*))*)"
    r"|(?P<mark>!=|<=|>=|[=<>+*(),-]))"
)
_COMPARED = ("=", "!=", "<", "<=", ">", ">=")
Word = tuple[str, str]
WORDS: dict[str, Word] = {
    "and": ("{0} và {1}", "{0} and {1}"),
    "or": ("{0} hoặc {1}", "{0} or {1}"),
    "=": ("{0} là {1}", "{0} is {1}"),
    "!=": ("{0} khác {1}", "{0} is not {1}"),
    "<": ("{0} nhỏ hơn {1}", "{0} is below {1}"),
    "<=": ("{0} không quá {1}", "{0} is at most {1}"),
    ">": ("{0} lớn hơn {1}", "{0} is above {1}"),
    ">=": ("{0} từ {1} trở lên", "{0} is at least {1}"),
    "+": ("{0} + {1}", "{0} + {1}"),
    "-": ("{0} − {1}", "{0} − {1}"),
    "*": ("{0} × {1}", "{0} × {1}"),
    "div": ("{0} : {1}", "{0} / {1}"),
    "mod": ("phần dư của {0} chia {1}", "the remainder of {0} by {1}"),
    "minus": ("−{0}", "−{0}"),
    "empty": ("{0} để trống", "{0} is empty"),
    "answered": ("{0} đã trả lời", "{0} is answered"),
    "chosen": ("{0} có chọn {1}", "{0} includes {1}"),
    "brackets": ("({0})", "({0})"),
}
FUNCTIONS: dict[tuple[str, int], Word] = {
    ("selected", 2): WORDS["chosen"],
    ("selected-at", 2): ("mục chọn thứ {1} (từ 0) của {0}", "choice number {1} (from 0) of {0}"),
    ("count-selected", 1): ("số mục đã chọn ở {0}", "the number of choices in {0}"),
    ("not", 1): ("không phải: {0}", "not: {0}"),
    ("true", 0): ("luôn luôn", "always"),
    ("false", 0): ("không bao giờ", "never"),
    ("today", 0): ("hôm nay", "today"),
    ("now", 0): ("lúc này", "now"),
    ("string-length", 1): ("số ký tự của {0}", "the length of {0}"),
    ("regex", 2): ("{0} đúng mẫu {1}", "{0} matches {1}"),
    ("count", 1): ("số dòng {0}", "the number of {0}"),
    ("count-non-empty", 1): ("số dòng {0} đã trả lời", "the number of {0} answered"),
    ("sum", 1): ("tổng của {0}", "the sum of {0}"),
    ("min", 1): ("số nhỏ nhất của {0}", "the least of {0}"),
    ("max", 1): ("số lớn nhất của {0}", "the greatest of {0}"),
    ("coalesce", 2): ("{0} (nếu trống thì {1})", "{0} (or, when empty, {1})"),
    ("if", 3): ("nếu {0} thì {1}, không thì {2}", "{1} if {0}, otherwise {2}"),
    ("round", 1): ("{0} làm tròn", "{0} rounded"),
    ("round", 2): ("{0} làm tròn {1} chữ số", "{0} rounded to {1} digits"),
    ("contains", 2): ("{0} có chứa {1}", "{0} contains {1}"),
    ("starts-with", 2): ("{0} bắt đầu bằng {1}", "{0} begins with {1}"),
    ("position", 1): ("số thứ tự của dòng", "the number of the row"),
    ("once", 1): ("{0} (tính một lần)", "{0} (worked out once)"),
}
_ITSELF = ("int", "number", "string", "boolean", "date", "decimal-date-time", "date-time")
"""Functions that only change how a value is kept; readers need not know."""
_THIS: Word = ("câu trả lời", "the answer")


class Unspoken(ValueError):
    """The formula has something that there are no words for."""


@dataclass(frozen=True)
class Said:
    """A part of a formula in words; `about` is the question that it is, if it is just one."""

    text: str
    about: Field | None = None
    value: str | None = None
    weak: bool = False


class Speaker:
    """Says the formulas of one form in one language."""

    def __init__(self, fields: Iterable[Field], language: str = "vi") -> None:
        """Know the questions of the form."""
        self.fields: Mapping[str, Field] = {each.path: each for each in fields}
        self.language = language
        self.at = 1 if language == "en" else 0

    def say(self, formula: str, of: Field) -> str:
        """Return a formula of the question `of` in words, '' where there are none for it."""
        try:
            return _Formula(self, formula, of).whole()
        except Unspoken:
            return ""

    def word(self, word: Word, *parts: str) -> str:
        """Return a word with its parts put in."""
        return word[self.at].format(*parts)

    def label(self, field: Field) -> str:
        """Return the label of a question in quotation marks, short enough to be read."""
        plain = _MARKUP.sub("", pick(field.labels, self.language, "vi", "en")) or field.name
        plain = " ".join(_ASKED_FOR.sub("…", plain).split())
        if len(plain) > LONGEST_LABEL:
            plain = plain[: LONGEST_LABEL - 1].rstrip() + "…"
        return f"“{plain}”"

    def choice(self, field: Field, value: str) -> str:
        """Return the label of a choice, or the value itself."""
        for code, labels in field.choices:
            if code == value:
                return f"“{pick(labels, self.language, 'vi', 'en') or code}”"
        return f"“{value}”"


class _Formula:
    """One formula, read from left to right by the precedence of XPath."""

    LEVELS = (
        ("or",),
        ("and",),
        ("=", "!="),
        ("<", "<=", ">", ">="),
        ("+", "-"),
        ("*", "div", "mod"),
    )

    def __init__(self, speaker: Speaker, formula: str, of: Field) -> None:
        self.speaker, self.of = speaker, of
        self.tokens: list[tuple[str, str]] = []
        self.at = self.depth = 0
        at, end = 0, formula.rstrip()[:LONGEST]
        while at < len(end):
            match = _TOKENS.match(end, at)
            if match is None or len(formula) > LONGEST:
                raise Unspoken(formula[:40])
            self.tokens.append((str(match.lastgroup), match[str(match.lastgroup)]))
            at = match.end()

    def _next(self) -> tuple[str, str]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "")

    def _take(self, *marks: str) -> str:
        kind, word = self._next()
        if kind in {"mark", "path"} and word in marks:
            self.at += 1
            return word
        return ""

    def _must(self, mark: str) -> None:
        if not self._take(mark):
            raise Unspoken(self._next()[1])

    def whole(self) -> str:
        """Return the formula in words."""
        found = self._level(0)
        if self._next()[0] != "end":
            raise Unspoken(self._next()[1])
        return found.text

    def _level(self, level: int) -> Said:
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unspoken("too deep")
        if level == len(self.LEVELS):
            found = self._unary()
        else:
            found = self._level(level + 1)
            while how := self._take(*self.LEVELS[level]):
                found = self._joined(how, found, self._level(level + 1))
        self.depth -= 1
        return found

    def _joined(self, how: str, left: Said, right: Said) -> Said:
        if how in _COMPARED:
            return Said(self._compared(how, left, right))
        first = self._bracketed(left) if how == "and" and left.weak else left.text
        second = self._bracketed(right) if how == "and" and right.weak else right.text
        return Said(self.speaker.word(WORDS[how], first, second), weak=how == "or")

    def _bracketed(self, said: Said) -> str:
        return self.speaker.word(WORDS["brackets"], said.text)

    def _compared(self, how: str, left: Said, right: Said) -> str:
        if right.about is not None and left.value is not None:
            left, right = right, left
            how = how.translate(str.maketrans("<>", "><"))
        if right.value == "" and how in {"=", "!="}:
            return self.speaker.word(WORDS["empty" if how == "=" else "answered"], left.text)
        return self.speaker.word(WORDS[how], left.text, self._of_question(left, right))

    def _of_question(self, question: Said, value: Said) -> str:
        """Return a value as the question that it is held against knows it."""
        if question.about is not None and value.value is not None:
            return self.speaker.choice(question.about, value.value)
        return value.text

    def _unary(self) -> Said:
        if self._take("-"):
            return Said(self.speaker.word(WORDS["minus"], self._unary().text))
        if self._take("("):
            found = self._level(0)
            self._must(")")
            return Said(f"({found.text})" if found.weak else found.text, found.about, found.value)
        kind, word = self._next()
        self.at += 1
        if kind == "text":
            return Said(f"“{word[1:-1]}”", value=word[1:-1])
        if kind == "number":
            return Said(word)
        if kind == "path" and self._take("("):
            return self._function(word)
        if kind == "path":
            return self._question(word)
        raise Unspoken(word)

    def _function(self, name: str) -> Said:
        given: list[Said] = []
        if not self._take(")"):
            given.append(self._level(0))
            while self._take(","):
                given.append(self._level(0))
            self._must(")")
        if name in _ITSELF and len(given) == 1:
            return given[0]
        word = FUNCTIONS.get((name, len(given)))
        if word is None:
            raise Unspoken(name)
        parts = [each.text for each in given]
        if word is WORDS["chosen"]:
            parts[1] = self._of_question(given[0], given[1])
        return Said(self.speaker.word(word, *parts))

    def _question(self, path: str) -> Said:
        if path == ".":
            return Said(_THIS[self.speaker.at], self.of)
        found = self.speaker.fields.get(self._absolute(path))
        if found is None:
            raise Unspoken(path)
        return Said(self.speaker.label(found), found)

    def _absolute(self, path: str) -> str:
        """Return the path of a question below the form's root, which paths from it begin with."""
        if path.startswith("/"):
            return path[1:].partition("/")[2]
        steps = self.of.path.split("/")
        for step in path.removeprefix("current()/").split("/"):
            if step == "..":
                steps = steps[:-1]
            elif step != ".":
                steps.append(step)
        return "/".join(steps)
