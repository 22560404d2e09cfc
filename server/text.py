"""Vietnamese text: one spelling inside, a folded one for search and order."""

import re
import unicodedata
from collections.abc import Callable

_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x9f\ud800-\udfff]")
_LETTERS = {letter: rank for rank, letter in enumerate("aăâbcdđeêfghijklmnoôơpqrstuưvwxyz")}
# Tone order of Vietnamese dictionaries: level, falling, asking, tumbling, rising, heavy.
_TONES = {"̀": 1, "̉": 2, "̃": 3, "́": 4, "̣": 5}
_SHAPES = {"̂", "̆", "̛"}
_LOOSE_MARK = re.compile("[\u0300-\u036f]")  # one that NFC has no single letter for
_LATIN = 0x1EFF
"""The last letter of Vietnamese: up to here tables remember what a letter becomes."""


def clean(text: str) -> str:
    r"""Return `text` in NFC with single spaces and no edge spaces: the form kept and compared.

    Control characters go: nobody sees them, PostgreSQL refuses NUL, XML most of the others.

    >>> clean("  Xã   Đắk\x00 Hà ")
    'Xã Đắk Hà'
    """
    return " ".join(_UNSEEN.sub("", unicodedata.normalize("NFC", text)).split())


def fold(text: str) -> str:
    """Return `text` without marks and case, for search and matching only, never for display.

    'đ' has no decomposition in Unicode and is folded by name.

    >>> fold("Xã  Đắk Hà")
    'xa dak ha'
    """
    return clean(text.translate(_FOLDED))


def sort_key(text: str) -> str:
    """Return a key that orders as a Vietnamese dictionary does, the same on every database.

    Letters first (a < ă < â, d < đ, e < ê, o < ô < ơ, u < ư), then the tones of the word.

    >>> sorted(["Yên Bái", "Đắk Lắk", "Điện Biên", "Dak", "Ân", "An", "Ăn"], key=sort_key)
    ['An', 'Ăn', 'Ân', 'Dak', 'Đắk Lắk', 'Điện Biên', 'Yên Bái']
    """
    said = clean(text).casefold()
    if _LOOSE_MARK.search(said):
        keys, tones = _letters_and_tones(said)
    else:
        keys, tones = said.translate(_KEYS), said.translate(_RANKS)
    return f"{keys}\t{tones}"


def _letters_and_tones(said: str) -> tuple[str, str]:
    letters: list[str] = []
    tones: list[str] = []
    for mark in unicodedata.normalize("NFD", said):
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
    return keys, "".join(tones)


class _Table(dict[int, str]):
    """What `str.translate` puts in a letter's place, worked out when it is first met."""

    def __init__(self, become: Callable[[str], str]) -> None:
        super().__init__()
        self._become = become

    def __missing__(self, code: int) -> str:
        found = self._become(chr(code))
        if code <= _LATIN:
            self[code] = found
        return found


def _folded(letter: str) -> str:
    parts = unicodedata.normalize("NFD", letter)
    bare = "".join(part for part in parts if not unicodedata.combining(part))
    return bare.casefold().replace("đ", "d")


_FOLDED = _Table(_folded)
_KEYS = _Table(lambda letter: _letters_and_tones(letter)[0])
_RANKS = _Table(lambda letter: _letters_and_tones(letter)[1])
