"""Money and measures: whole đồng, metres; and numbers as Vietnamese papers write them."""

import re
from decimal import Decimal

from server.problems import BadInput

_PLAIN = re.compile(r"^-?[0-9]{1,15}$")
_PARTS = re.compile(r"-?([0-9]{1,15}[.,][0-9]{1,2}|0[.,][0-9]{1,6})")


def whole(text: str, what: str) -> int:
    """Return the whole number in `text`; a separator makes it doubtful and is refused.

    Sources write both '8,842' and '8.842' for thousands, so neither can be guessed.

    Raises:
        BadInput: `text` is not a plain whole number; `what` names the field in the sentence.

    >>> whole(" 8842 ", "số hộ")
    8842
    """
    stripped = text.strip()
    if not _PLAIN.match(stripped):
        raise BadInput(
            f"“{text}” ở {what} không rõ là bao nhiêu: hãy viết số nguyên liền, ví dụ 8842.",
            f"'{text}' in {what} is doubtful: write a plain whole number, e.g. 8842.",
        )
    return int(stripped)


def exact(text: str, what: str) -> Decimal:
    """Return the number in `text`, which may have decimals: '12,5', '12.5', '0,125'.

    Three digits behind a mark may be thousands ('8,842'), so they are refused as doubtful.

    Raises:
        BadInput: `text` is not such a number; `what` names the field in the sentence.

    >>> exact("12,5", "vốn"), exact(" 8842 ", "vốn")
    (Decimal('12.5'), Decimal('8842'))
    """
    stripped = text.strip()
    if _PARTS.fullmatch(stripped):
        return Decimal(stripped.replace(",", "."))
    return Decimal(whole(text, what))
