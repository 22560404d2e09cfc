"""Names of places: how they are searched, put in order and told apart."""

import re
import unicodedata

from server.text import clean, fold, sort_key

# "Ia H' Drai", "Ia H'Drai" and "Ia HDrai" are one place: the sign goes, with the space after it.
_APOSTROPHES = re.compile(r"['’‘ʼ`´]\s*")
_PUNCTUATION = re.compile(r"[\W_]+")
_LEADING_ZEROS = re.compile(r"(?<!\d)0+(?=\d)")
_NUMBER = re.compile(r"\d+")
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")


def searchable(text: str) -> str:
    """Return `text` as it is kept and looked for: no marks, case, signs or leading zeros.

    >>> searchable("Huyện Ia H’ Drai"), searchable("Phường 05"), searchable("Bà Rịa - Vũng Tàu")
    ('huyen ia hdrai', 'phuong 5', 'ba ria vung tau')
    """
    plain = _PUNCTUATION.sub(" ", _APOSTROPHES.sub("", fold(text)))
    return _LEADING_ZEROS.sub("", plain).strip()


def order_key(name: str) -> str:
    """Return a key that orders as a Vietnamese dictionary does, numbers by their size.

    >>> sorted(["Thôn 10", "Thôn 2", "Bản Tả", "Bản Tà"], key=order_key)
    ['Bản Tà', 'Bản Tả', 'Thôn 2', 'Thôn 10']
    """
    return sort_key(_NUMBER.sub(lambda digits: digits[0].zfill(6), name))


def spelling(name: str) -> str:
    """Return one key for all spellings of one name; other names, even by a tone, get another.

    Composed or decomposed letters, case, a leading zero and the letter that carries the tone do
    not matter.

    >>> spelling("Thôn HOÀ 01") == spelling("Thôn Hòa 1")
    True
    >>> spelling("Bản Tà") == spelling("Bản Tả")
    False
    """
    marks = unicodedata.normalize("NFD", clean(name).casefold())
    words = _LEADING_ZEROS.sub("", marks).split(" ")
    return " ".join(_tone_last(word) for word in words)


def _tone_last(word: str) -> str:
    tones = [mark for mark in word if mark in _TONES]
    return "".join([mark for mark in word if mark not in _TONES] + tones)
