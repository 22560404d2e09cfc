"""Vietnamese text: one spelling inside, a folded one for search and order."""

import re
import unicodedata

_SPACES = re.compile(r"\s+")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f\ud800-\udfff]")
_LETTERS = {letter: rank for rank, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
# Tone order of Vietnamese dictionaries: level, falling, asking, tumbling, rising, heavy.
_TONES = {"̀": 1, "̉": 2, "̃": 3, "́": 4, "̣": 5}
_SHAPES = {"̂", "̆", "̛"}


def clean(text: str) -> str:
    r"""Return `text` in NFC with single spaces and no edge spaces: the form kept and compared.

    Control characters go: nobody sees them, PostgreSQL refuses NUL, XML most of the others.

    >>> clean("  Xã   Đắk\x00 Hà ")
    'Xã Đắk Hà'
    """
    return _SPACES.sub(" ", _UNSEEN.sub("", unicodedata.normalize("NFC", text))).strip()


def fold(text: str) -> str:
    """Return `text` without marks and case, for search and matching only, never for display.

    'đ' has no decomposition in Unicode and is folded by name.

    >>> fold("Xã  Đắk Hà")
    'xa dak ha'
    """
    stripped = "".join(
        letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter)
    )
    return clean(stripped.casefold().replace("đ", "d"))


def sort_key(text: str) -> str:
    """Return a key that orders as a Vietnamese dictionary does, the same on every database.

    Letters first (a < ă < â, d < đ, e < ê, o < ô < ơ, u < ư), then the tones of the word.

    >>> sorted(["Yên Bái", "Đắk Lắk", "Điện Biên", "Dak", "Ân", "An", "Ăn"], key=sort_key)
    ['An', 'Ăn', 'Ân', 'Dak', 'Đắk Lắk', 'Điện Biên', 'Yên Bái']
    """
    letters: list[str] = []
    tones: list[str] = []
    for mark in unicodedata.normalize("NFD", clean(text).casefold()):
        if mark in _TONES:
            if tones:
                tones[-1] = str(_TONES[mark])
        elif mark in _SHAPES and letters:
            letters[-1] = unicodedata.normalize("NFC", letters[-1] + mark)
        else:
            letters.append(mark)
            tones.append("0")
    keys = "".join(
        chr(0x100 + _LETTERS[letter]) if letter in _LETTERS else letter for letter in letters
    )
    return f"{keys}\t{''.join(tones)}"
