"""Letters without their accents, the same for all engines."""

from __future__ import annotations

import unicodedata

_STROKES = str.maketrans("ØøŁłĐđĦħŦŧƟɵɆɇɈɉɌɍɎɏ", "OoLlDdHhTtOoEeJjRrYy")
"""Letters whose stroke Unicode takes for a part of them."""
_VOICED = "\u3099\u309a"
"""Marks that make other syllables of those of Japanese."""


def bare(text: str | None) -> str | None:
    """A text without accents; syllables of Hangul stay whole."""
    if text is None or text.isascii():
        return text
    letters = unicodedata.normalize("NFD", text.translate(_STROKES))
    kept = [each for each in letters if unicodedata.category(each) != "Mn" or each in _VOICED]
    return unicodedata.normalize("NFC", "".join(kept))
