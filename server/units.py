"""Money and measures: whole đồng, metres; and numbers as Vietnamese papers write them."""

import re

from server.problems import BadInput

_PLAIN = re.compile(r"^-?[0-9]{1,15}$")


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
