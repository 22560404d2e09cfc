"""Finds records by words that occur in them, on either engine, without reading every record.

SQLite has a full-text table that triggers keep as `submission.search_text` is, PostgreSQL an index
over the same text (migration 0012). Both know words by their beginnings: 'dien' finds 'dien bien',
'ien' does not. The text is folded before it is kept, and so is what is looked for: no engine's own
idea of tone marks has a part in it.
"""

import re
from typing import Any

from sqlalchemy import Boolean, ColumnElement, false, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from server import text

MOST_WORDS = 8
PREPARED = "to_tsvector('simple', regexp_replace(search_text, '[^[:alnum:]]+', ' ', 'g'))"
"""What PostgreSQL's index holds; a query must say it letter by letter."""
_WORD = re.compile(r"[^\W_]+")


class _Mentions(FunctionElement[bool]):
    """Whether a record is among those that hold all words.

    Of its id, and the words as each engine reads them.
    """

    type = Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # no "= 1" after it on SQLite
    name = "mentions"


class _Says(_Mentions):
    """The same, by the record's own text; on PostgreSQL alone."""

    inherit_cache = True
    name = "says"


@compiles(_Mentions, "sqlite")
def _sqlite(element: _Mentions, compiler: SQLCompiler, **kw: Any) -> str:
    record_id, words, _ = (compiler.process(each, **kw) for each in element.clauses)
    found = "SELECT rowid FROM submission_search WHERE submission_search MATCH "
    return f"{record_id} IN ({found}{words})"


@compiles(_Mentions, "postgresql")
def _postgresql(element: _Mentions, compiler: SQLCompiler, **kw: Any) -> str:
    record_id, _, words = (compiler.process(each, **kw) for each in element.clauses)
    column = PREPARED.replace("search_text", "sought.search_text")
    matches = f"{column} @@ to_tsquery('simple', {words})"
    sought = f"SELECT sought.id FROM submission AS sought WHERE {matches}"  # noqa: S608 - our words
    if isinstance(element, _Says):
        return f"EXISTS ({sought} AND sought.id = {record_id} OFFSET 0)"
    # The planner takes a tsvector to be cheap, and would make one of record after record in the
    # order of the list, for seconds when hardly any matches; OFFSET 0 keeps it from looking so. And
    # it takes matches to be few, and would look each up among the records though all match: IS TRUE
    # has it keep them in a set, and leave the list as soon as a page is full.
    return f"({record_id} IN ({sought} OFFSET 0)) IS TRUE"


def mentions(record_id: Any, given: str) -> list[ColumnElement[bool]]:
    """Return the conditions that a record holds every word of `given`, none when there is none."""
    return _held(_Mentions, record_id, given)


def says(record_id: Any, given: str) -> list[ColumnElement[bool]]:
    """Return the same for PostgreSQL, looked up by the record: for few records."""
    return _held(_Says, record_id, given)


def _held(how: type[_Mentions], record_id: Any, given: str) -> list[ColumnElement[bool]]:
    folded = text.fold(given)
    words = _WORD.findall(folded)[:MOST_WORDS]
    if not words:
        return [false()] if folded.strip() else []
    for_sqlite = " AND ".join(f'"{word}"*' for word in words)
    for_postgresql = " & ".join(f"'{word}':*" for word in words)
    return [how(record_id, literal(for_sqlite), literal(for_postgresql))]
