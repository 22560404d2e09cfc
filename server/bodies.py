"""What programs send and get as JSON: fields read by type, every mistake named by its field.

Names are camelCase outside. A sentence about a field holds both languages, parted by ' | '.
"""

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields

from server import clock, text
from server.problems import BadInput, Problem

MOST_BYTES = 5_000_000
LARGEST = 2**31 - 1
OPEN = {"unknown": "Không có trường này. | There is no such field."}
USUAL = {
    "required": "Thiếu trường này. | This field is missing.",
    "null": "Trường này không để trống được. | This field cannot be null.",
}


class BadFields(Problem):
    """Fields of a body or a query that cannot be used; `fields` names each with what is wrong."""

    code = "bad-fields"
    status = 422
    message = "Trường {field}: {vi}"
    message_en = "Field {field}: {en}"

    def __init__(self, mistakes: Iterable[tuple[str, str]]) -> None:
        found = [(field, *_languages(sentence)) for field, sentence in mistakes]
        field, vi, en = found[0]
        told = [{"field": field, "vi": vi, "en": en} for field, vi, en in found[:50]]
        super().__init__(field=field, vi=vi, en=en, fields=told)


def _languages(sentence: str) -> tuple[str, str]:
    vi, _, en = sentence.partition(" | ")
    return vi, en or vi


def camel(name: str) -> str:
    """Return a name as JSON writes it.

    >>> camel("frame_sha256"), camel("id")
    ('frameSha256', 'id')
    """
    first, *rest = name.split("_")
    return first + "".join(part.title() for part in rest)


class Body(Schema):
    """An object of JSON, coming in or going out; unknown fields that come in are refused."""

    error_messages = {  # noqa: RUF012 - as marshmallow declares it
        **OPEN,
        "type": "Cần một đối tượng JSON. | An object is needed.",
    }

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Give the field its name outside, and the sentences that any field may need."""
        field_obj.data_key = camel(field_obj.data_key or field_name)
        field_obj.error_messages.update(USUAL)


class Whole(fields.Integer):
    """A whole number as JSON has it: text such as '8,842' and fractions are refused and asked."""

    def __init__(self, least: int = 0, most: int = LARGEST, **more: Any) -> None:
        super().__init__(strict=True, **more)
        self.least, self.most = least, most

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            value = self.least - 1
        if not self.least <= value <= self.most:
            raise ValidationError(
                f"hãy ghi một số nguyên từ {self.least} đến {self.most}, không dấu phân cách, "
                f"không đặt trong ngoặc kép. | give a whole number from {self.least} to "
                f"{self.most}, without separators or quotes."
            )
        return int(value)


class Text(fields.String):
    """Clean text on one line, or with `lines` on several; `least` and `longest` in characters."""

    def __init__(
        self, longest: int = 200, least: int = 0, lines: bool = False, **more: Any
    ) -> None:
        super().__init__(**more)
        self.least, self.longest, self.lines = least, longest, lines

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str):
            raise ValidationError("hãy ghi một chuỗi ký tự. | give a text.")
        parts = value.splitlines() if self.lines else [value]
        found = "\n".join(text.clean(part) for part in parts)
        if not self.least <= len(found) <= self.longest:
            raise ValidationError(
                f"cần từ {self.least} đến {self.longest} ký tự. "
                f"| from {self.least} to {self.longest} characters are needed."
            )
        return found


class Password(fields.String):
    """A password, letter by letter as it was typed."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        whole = isinstance(value, str) and not any("\ud800" <= c <= "\udfff" for c in value)
        if not whole or len(value) > 1000:
            raise ValidationError("hãy ghi một chuỗi ký tự. | give a text.")
        return str(value)


class Choice(fields.String):
    """One of some words."""

    def __init__(self, words: Iterable[str], **more: Any) -> None:
        super().__init__(**more)
        self.words = list(words)

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> str:
        if not isinstance(value, str) or value not in self.words:
            known = ", ".join(f"'{word}'" for word in self.words)
            raise ValidationError(f"hãy chọn một trong: {known}. | choose one of: {known}.")
        return value


class Flag(fields.Boolean):
    """True or false, and nothing that only reads like them."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("hãy ghi true hoặc false. | give true or false.")
        return value


class Day(fields.Date):
    """A day as ISO 8601 writes it; from today on."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dt.date:
        try:
            found = dt.date.fromisoformat(value)
        except (TypeError, ValueError):
            raise ValidationError("hãy ghi ngày dạng 2026-07-02. | write as 2026-07-02.") from None
        if not clock.today() <= found <= dt.date(2100, 12, 31):
            raise ValidationError("ngày đã qua, hoặc sau năm 2100. | past, or after 2100.")
        return found


class Moment(fields.AwareDateTime):
    """An instant as ISO 8601 writes it; one without an offset is on Vietnam's clocks."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dt.datetime:
        try:
            found = dt.datetime.fromisoformat(value)
            found = found if found.tzinfo else found.replace(tzinfo=clock.VIETNAM)
            found.astimezone(dt.UTC)
        except (TypeError, ValueError, OverflowError):
            raise ValidationError(
                "hãy ghi thời điểm dạng 2026-07-02T18:15:00+07:00. "
                "| write as 2026-07-02T18:15:00+07:00."
            ) from None
        return found


class Several(fields.List[Any]):
    """A list of no more than `most`."""

    def __init__(self, inner: Any, most: int, **more: Any) -> None:
        super().__init__(inner, **more)
        self.most = most

    def _deserialize(self, value: Any, *rest: Any, **more: Any) -> list[Any]:
        if not isinstance(value, list) or len(value) > self.most:
            raise ValidationError(
                f"cần một danh sách không quá {self.most} mục. "
                f"| a list of at most {self.most} is needed."
            )
        return super()._deserialize(value, *rest, **more)


class Values(fields.Dict):
    """Texts by name; null for a value that is empty."""

    def _deserialize(self, value: Any, *_: Any, **__: Any) -> dict[str, str | None]:
        if not isinstance(value, dict):
            raise ValidationError("cần một đối tượng JSON. | an object is needed.")
        wrong = [k for k, v in value.items() if v is not None and not isinstance(v, str)]
        if wrong:
            name = text.clean(wrong[0])[:100]
            raise ValidationError(
                f"hãy ghi “{name}” là một chuỗi ký tự. | give '{name}' as a text."
            )
        return value


def read(schema: Body, body: bytes) -> dict[str, Any]:
    """Return what a body of JSON says.

    Raises:
        BadInput: it is no JSON.
        BadFields: naming each field that is wrong.
    """
    try:
        given = json.loads(body, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise BadInput(
            "Nội dung gửi lên không phải JSON đúng dạng (UTF-8, mỗi trường một lần).",
            "The body is not well-formed JSON (UTF-8, every field once).",
        ) from error
    return checked(schema, given)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; one that names a field twice means two things."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a field stands twice")
    return found


def checked(schema: Body, given: object) -> dict[str, Any]:
    """Return the fields of `given` as the schema reads them.

    Raises:
        BadFields: naming each field that is wrong.
    """
    try:
        found: dict[str, Any] = schema.load(given)  # type: ignore[arg-type] # it says so itself
    except ValidationError as error:
        raise BadFields(_mistakes(error.messages)) from error
    return found


def _mistakes(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Give (field, sentence) of nested messages: ('excluded.0.code', '...')."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            name = path if key == "_schema" else f"{path}.{text.clean(str(key))[:100]}".strip(".")
            yield from _mistakes(inner, name)
    elif isinstance(messages, list):
        yield from ((path or "JSON", str(each)) for each in messages)
    else:
        yield path or "JSON", str(messages)
