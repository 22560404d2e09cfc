"""The language of rules: short conditions over a form's answers, written by programme staff.

    l_enough = 'no' and l_paid > 0        comparisons = != < <= > >=, and, or, not, brackets
    l_state in ('mat', 'ban')             one of several; also: not in
    selected(received, 'khong')           a chosen value of a select-multiple
    any(chk: k_class != k_expect)         some row of a repeat
    loss_rate > param('loss_rate_max')    a threshold of the round
    today() > f_due + 10                  dates; a date in quotes is '2024-04-05'
    da4_jobbed / da4_trained < 0.7        + - * /

Names are those of the form, bare when unique, else with their groups: 'ho/ten'. A question that
was not asked or not answered makes its comparison unknown, after S. C. Kleene's three values:
unknown in `and`, `or`, `not` stays unknown unless the other side decides. A rule fires on true
alone. There is no eval here: text becomes the closures of `judging`.
"""

import operator
import unicodedata
from collections.abc import Callable, Collection, Iterable

from server.findings import judging, kinds
from server.findings.judging import Judge, Rule
from server.findings.kinds import Part
from server.findings.lexing import FUNCTIONS, KEYWORDS, Lexer, Names, RuleMistake, Token
from server.surveys.fields import STRUCTURES, Field

DEEPEST_RULE = 40


def compile_rule(text: str, fields: Iterable[Field], params: Collection[str]) -> Rule:
    """Return the rule that `text` says about a form.

    Args:
        text: the condition; see the module for the language.
        fields: of the form, all of them.
        params: the names that param() may ask for.

    Raises:
        RuleMistake: with the character where it was found.
    """
    return _Parser(unicodedata.normalize("NFC", text), Names(fields), params).rule()


class _Parser:
    """Recursive descent: or, and, not, comparison, sum, product, sign, value."""

    def __init__(self, text: str, names: Names, params: Collection[str]) -> None:
        self.text, self.names, self.params = text, names, params
        self.used: dict[str, None] = {}
        self.asks: dict[str, None] = {}
        self.standing: list[str] = []  # repeats that any() stands on, outermost first
        self.depth = 0
        self.lexer = Lexer(text, names)
        self.token = self.lexer.token(0)

    def rule(self) -> Rule:
        part = self._truth(self._or())
        if self.token.kind != "end":
            raise self._mistake(
                f"không hiểu “{self.token.text}” ở đây", f"'{self.token.text}' makes no sense here"
            )
        return Rule(self.text, tuple(self.used), part.judge, tuple(self.asks))

    def _mistake(self, reason: str, reason_en: str, at: int | None = None) -> RuleMistake:
        return RuleMistake(reason, reason_en, (self.token.at if at is None else at) + 1)

    def _next(self) -> Token:
        token = self.token
        self.token = self.lexer.token(token.end)
        return token

    def _takes(self, *texts: str) -> Token | None:
        if self.token.kind in {"sign", "word"} and self.token.text in texts:
            return self._next()
        return None

    def _needs(self, text: str) -> None:
        if self._takes(text) is None:
            raise self._mistake(f"thiếu “{text}”", f"'{text}' is missing")

    def _deeper(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST_RULE:
            raise self._mistake("lồng nhau quá sâu", "nested too deep")

    def _truth(self, part: Part) -> Part:
        if part.kind != kinds.TRUTH:
            raise self._wrong_kind(part, kinds.TRUTH)
        return part

    def _wrong_kind(self, part: Part, wanted: str) -> RuleMistake:
        found, needed = kinds.IN_WORDS[part.kind], kinds.IN_WORDS[wanted]
        return self._mistake(
            f"cần {needed[0]}, nhưng đây là {found[0]}",
            f"{needed[1]} is needed, but this is {found[1]}",
            part.at,
        )

    def _or(self) -> Part:
        return self._joined("or", True, self._and)

    def _and(self) -> Part:
        return self._joined("and", False, self._not)

    def _joined(self, word: str, decides: bool, below: Callable[[], Part]) -> Part:
        parts = [below()]
        while self._takes(word):
            parts.append(below())
        if len(parts) == 1:
            return parts[0]
        judges = [self._truth(part).judge for part in parts]
        return Part(kinds.TRUTH, judging.joined(judges, decides), parts[0].at)

    def _not(self) -> Part:
        token = self._takes("not")
        if token is None:
            return self._comparison()
        self._deeper()
        judge = self._truth(self._not()).judge
        self.depth -= 1
        return Part(kinds.TRUTH, judging.negated(judge), token.at)

    def _comparison(self) -> Part:
        left = self._sum()
        turned = self._takes("not") is not None
        if self._takes("in"):
            return self._one_of(left, turned)
        if turned:
            raise self._mistake("sau “not” ở đây cần “in”", "'in' is needed after this 'not'")
        sign = self._takes(*kinds.COMPARE)
        if sign is None:
            return left
        right = self._sum()
        return Part(kinds.TRUTH, self._compared(sign.text, left, right), left.at)

    def _one_of(self, left: Part, turned: bool) -> Part:
        self._needs("(")
        judges = [self._compared("=", left, self._sum())]
        while self._takes(","):
            judges.append(self._compared("=", left, self._sum()))
        self._needs(")")
        judge = judging.joined(judges, True)
        return Part(kinds.TRUTH, judging.negated(judge) if turned else judge, left.at)

    def _compared(self, sign: str, left: Part, right: Part) -> Judge:
        kind = self._common_kind(left, right)
        if kind == kinds.TEXT and sign not in {"=", "!="}:
            raise self._mistake(
                "chữ chỉ so được bằng = hoặc !=", "text can only be compared by = or !=", left.at
            )
        for part, other in ((left, right), (right, left)):
            if part.said is not None and other.field is not None:
                self._check_choice(other.field, part.said, part.at)
        if kind == kinds.EITHER:
            return judging.compared_loosely(kinds.COMPARE[sign], left.judge, right.judge)
        return judging.compared(
            kinds.COMPARE[sign], kinds.read_as(left, kind), kinds.read_as(right, kind)
        )

    def _common_kind(self, left: Part, right: Part) -> str:
        """Return the kind both sides are compared as; text and number never meet unnoticed."""
        for part in (left, right):
            if part.kind == kinds.LIST:
                raise self._mistake(
                    "câu hỏi chọn nhiều phải dùng selected(…)",
                    "a select-multiple needs selected(…)",
                    part.at,
                )
            if part.kind == kinds.TRUTH:
                raise self._wrong_kind(part, kinds.EITHER)
        sides = {left.kind, right.kind} - {kinds.EITHER}
        if sides == {kinds.DATE, kinds.TEXT}:
            said = left if left.kind == kinds.TEXT else right
            if said.said is not None and judging.day(said.said) is not None:
                return kinds.DATE
        if len(sides) > 1:
            wrong = right if right.field is None else left
            raise self._wrong_kind(wrong, (left if wrong is right else right).kind)
        return sides.pop() if sides else kinds.EITHER

    def _check_choice(self, asked: Field, value: str, at: int) -> None:
        known = [unicodedata.normalize("NFC", choice) for choice, _labels in asked.choices]
        if known and value not in known:
            near, near_en = kinds.suggestion(value, known)
            raise self._mistake(
                f"câu hỏi “{asked.name}” không có lựa chọn “{value}”{near}",
                f"the question '{asked.name}' has no choice '{value}'{near_en}",
                at,
            )

    def _sum(self) -> Part:
        left = self._product()
        while sign := self._takes("+", "-"):
            left = self._calculated(sign, left, self._product())
        return left

    def _product(self) -> Part:
        left = self._signed()
        while sign := self._takes("*", "/"):
            left = self._calculated(sign, left, self._signed())
        return left

    def _calculated(self, sign: Token, left: Part, right: Part) -> Part:
        if left.kind == kinds.DATE and sign.text in "+-":
            return self._dated(sign, left, right)
        for part in (left, right):
            if part.kind not in {kinds.NUMBER, kinds.EITHER}:
                raise self._wrong_kind(part, kinds.NUMBER)
        numbers = (kinds.read_as(part, kinds.NUMBER) for part in (left, right))
        return Part(kinds.NUMBER, judging.computed(kinds.ARITHMETIC[sign.text], *numbers), left.at)

    def _dated(self, sign: Token, left: Part, right: Part) -> Part:
        """Return a date moved by days, or the days between two dates."""
        date = kinds.read_as(left, kinds.DATE)
        if right.kind == kinds.DATE and sign.text == "-":
            judge = judging.days_between(date, kinds.read_as(right, kinds.DATE))
            return Part(kinds.NUMBER, judge, left.at)
        if right.kind not in {kinds.NUMBER, kinds.EITHER}:
            raise self._wrong_kind(right, kinds.NUMBER)
        days = kinds.read_as(right, kinds.NUMBER)
        judge = judging.shifted(kinds.ARITHMETIC[sign.text], date, days)
        return Part(kinds.DATE, judge, left.at)

    def _signed(self) -> Part:
        token = self._takes("-")
        if token is None:
            return self._value()
        self._deeper()
        part = self._signed()
        self.depth -= 1
        if part.kind not in {kinds.NUMBER, kinds.EITHER}:
            raise self._wrong_kind(part, kinds.NUMBER)
        return Part(
            kinds.NUMBER,
            judging.computed(operator.sub, judging.always(0), kinds.read_as(part, kinds.NUMBER)),
            token.at,
        )

    def _value(self) -> Part:
        token = self._next()
        if token.kind == "number":
            number = float(token.text) if "." in token.text else int(token.text)
            return Part(kinds.NUMBER, judging.always(number), token.at)
        if token.kind == "text":
            return Part(
                kinds.TEXT, judging.always(token.text[1:-1]), token.at, said=token.text[1:-1]
            )
        if token.kind == "name":
            return self._asked(token)
        if token.text == "(":
            self._deeper()
            part = self._or()
            self._needs(")")
            self.depth -= 1
            return part
        if token.kind == "word" and token.text in FUNCTIONS and self.token.text == "(":
            return self._call(token)
        raise self._unexpected(token)

    def _unexpected(self, token: Token) -> RuleMistake:
        if token.kind == "end":
            return self._mistake("luật chưa viết xong", "the rule ends too early", token.at)
        if token.kind != "word" or token.text in KEYWORDS:
            return self._mistake(
                f"cần một giá trị trước “{token.text}”",
                f"a value is needed before '{token.text}'",
                token.at,
            )
        near, near_en = kinds.suggestion(token.text, [*self.names.bare, *FUNCTIONS])
        return self._mistake(
            f"biểu mẫu không có câu hỏi “{token.text}”{near}",
            f"the form has no question '{token.text}'{near_en}",
            token.at,
        )

    def _asked(self, token: Token) -> Part:
        asked = self._field(token, lambda each: each.type not in STRUCTURES)
        if asked.type in kinds.NO_VALUE:
            raise self._mistake(
                f"“{token.text}” không có giá trị để so sánh",
                f"'{token.text}' has no value to compare",
                token.at,
            )
        repeat = self.names.repeat_above(asked.path)
        if repeat and repeat not in self.standing:
            raise self._mistake(
                f"“{token.text}” nằm trong phần lặp: hãy viết any({repeat}: …)",
                f"'{token.text}' lies in a repeat: write any({repeat}: …)",
                token.at,
            )
        self.used.setdefault(asked.path)
        return Part(kinds.kind_of(asked), judging.answer(asked.path, repeat), token.at, field=asked)

    def _field(self, token: Token, fits: Callable[[Field], bool]) -> Field:
        """Return the field of that name; inside any() one of its rows comes first."""
        if token.text in self.names.by_path:
            return self.names.by_path[token.text]
        found = self.names.bare[token.text]
        found = [each for each in found if fits(each)] or found
        here = [f for f in found if self.names.repeat_above(f.path) in self.standing[-1:]]
        if len(found) > 1 and len(here) != 1:
            paths = ", ".join(each.path for each in found)
            raise self._mistake(
                f"có nhiều câu hỏi “{token.text}”: hãy viết rõ một trong {paths}",
                f"several questions are called '{token.text}': write one of {paths}",
                token.at,
            )
        return here[0] if len(here) == 1 else found[0]

    def _call(self, token: Token) -> Part:
        self._needs("(")
        if token.text == "today":
            part = Part(kinds.DATE, judging.today, token.at)
        elif token.text == "selected":
            part = self._selected(token)
        elif token.text == "any":
            part = self._any(token)
        elif token.text == "param":
            part = self._param(token)
        else:
            part = self._date(token)
        self._needs(")")
        return part

    def _said(self) -> Token:
        if self.token.kind != "text":
            raise self._mistake("cần một chữ trong dấu nháy", "a quoted word is needed")
        return self._next()

    def _selected(self, token: Token) -> Part:
        asked = self._value()
        if asked.field is None or not asked.field.type.startswith(("select", "rank")):
            raise self._mistake(
                "selected(…) cần một câu hỏi lựa chọn", "selected(…) needs a choice", asked.at
            )
        self._needs(",")
        said = self._said()
        self._check_choice(asked.field, said.text[1:-1], said.at)
        return Part(kinds.TRUTH, judging.chosen(asked.judge, said.text[1:-1]), token.at)

    def _param(self, token: Token) -> Part:
        said = self._said()
        name = said.text[1:-1]
        if name not in self.params:
            allowed = ", ".join(sorted(self.params))
            raise self._mistake(
                f"không có ngưỡng “{name}”; các ngưỡng: {allowed}",
                f"there is no threshold '{name}'; there are: {allowed}",
                said.at,
            )
        self.asks.setdefault(name)
        return Part(kinds.NUMBER, judging.threshold(name), token.at)

    def _date(self, token: Token) -> Part:
        said = self._said()
        day = judging.day(said.text[1:-1])
        if day is None:
            raise self._mistake("ngày viết như 2024-04-05", "write dates as 2024-04-05", said.at)
        return Part(kinds.DATE, judging.always(day), token.at)

    def _any(self, token: Token) -> Part:
        name = self._next()
        repeat = None
        if name.kind == "name":
            repeat = self._field(name, lambda each: each.type == "repeat")
        if repeat is None or repeat.type != "repeat" or self.token.text != ":":
            raise self._mistake(
                "viết any(phần_lặp: điều kiện)", "write any(repeat: condition)", name.at
            )
        outer = self.names.repeat_above(repeat.path)
        if outer and outer not in self.standing:
            raise self._mistake(
                f"“{repeat.name}” nằm trong phần lặp: hãy viết any({outer}: any({repeat.name}: …))",
                f"'{repeat.name}' lies in a repeat: write any({outer}: any({repeat.name}: …))",
                name.at,
            )
        self._needs(":")
        self._deeper()
        self.standing.append(repeat.path)
        judge = self._truth(self._or()).judge
        self.standing.pop()
        self.depth -= 1
        return Part(
            kinds.TRUTH,
            judging.some_row(judging.answer(repeat.path, outer), repeat.path, judge),
            token.at,
        )
