"""What phones note beside the answers (audit.csv): here, why a sent form was edited."""

import csv
import io

from server import text

AUDIT = "audit.csv"
LONGEST = 2000


def last_reason(data: bytes) -> str:
    r"""Return the newest reason given for changes, '' when there is none.

    An edited form goes on writing in the same file: the newest stands last.

    >>> last_reason(b"event,node,change-reason\nchange reason,,Sai\nchange reason,,Ghi nham\n")
    'Ghi nham'
    """
    try:
        rows = list(csv.DictReader(io.StringIO(data.decode("utf-8-sig", "replace"))))
    except csv.Error:
        return ""
    reasons = [text.clean(row.get("change-reason") or "") for row in rows]
    return next((each[:LONGEST] for each in reversed(reasons) if each), "")
