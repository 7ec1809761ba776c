"""Letters without their accents, the same for all engines."""

from __future__ import annotations

import re
import unicodedata

_WITHOUT = re.compile(r"[\x00-\x7f\u1100-\u11ff\u3130-\u318f\u4e00-\u9fff\uac00-\ud7a3]*")
"""Texts of letters that have no accents: ASCII, Hangul and Hanja, which are most."""
_STROKES = str.maketrans("ØøŁłĐđĦħŦŧƟɵɆɇɈɉɌɍɎɏ", "OoLlDdHhTtOoEeJjRrYy")
"""Letters whose stroke Unicode takes for a part of them."""
_VOICED = "\u3099\u309a"
"""Marks that make other syllables of those of Japanese."""


def bare(text: str | None) -> str | None:
    """A text without accents; syllables of Hangul stay whole."""
    if text is None or _WITHOUT.fullmatch(text):
        return text
    letters = unicodedata.normalize("NFD", text.translate(_STROKES))
    kept = [each for each in letters if unicodedata.category(each) != "Mn" or each in _VOICED]
    return unicodedata.normalize("NFC", "".join(kept))
