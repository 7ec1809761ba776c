"""Tell from its letters in which encoding a text is written that is no UTF-8."""

from __future__ import annotations

import re

LOST = "\ufffd"
"""What stands for a letter that could not be read."""

_FEW = 30
_HANGUL = re.compile(r"[가-힣]")
_HAN = re.compile(r"[\u4e00-\u9fff\uf900-\ufaff]")
_KANA = re.compile(r"[\u3041-\u30fe]")
# Letters beyond ASCII that are a word of their own: Western words have others among them.
_STRANGE = re.compile(rb"(?<![A-Za-z\x80-\xff])[\xc0-\xff]{2,}(?![A-Za-z\x80-\xff])|[\x80-\xff]{4,}")
# Signs of Windows-1252 that stand in tables beside its letters, where they mean something alone.
_SIGNS = frozenset("€‚„…†‰‹‘’“”•–—™›\u00a0¡£§©ª«¬®°±²³´µ·¹º»¼½¾¿×")
_ALONE = frozenset("àâáèéêíóòôúùÀÂÁÈÉÊÓÒ")
"""Letters that are a word of some language."""
_WORD = re.compile(r"[^\W\d_]{2,}")
_CYRILLIC, _GREEK = re.compile(r"[\u0400-\u04ff]"), re.compile(r"[\u0370-\u03ff]")
_SCRIPTS = (("cp1251", _CYRILLIC), ("koi8-r", _CYRILLIC), ("cp1253", _GREEK), ("iso8859-7", _GREEK))
"""Codecs of one byte a letter, and the letters that they are for."""
_VOWELS = frozenset("аеёиіоуыэюяєїαεηιουωάέήίόύώ")
_SPOKEN = 0.22
"""Of the letters of a text more than so many are vowels, and of one in a wrong codec fewer."""
_SUNG = 0.75
"""No words have more vowels."""
_LEAD_BIG5, _LEAD_GB = range(0xA4, 0xC7), range(0xB0, 0xD8)
"""Where Big5 and GB 2312 keep the characters of everyday texts."""


def likely_codec(sample: bytes) -> str | None:
    """The codec of whole lines of text; None where the letters of none make sense."""
    korean = sample.decode("cp949", "replace")
    lost = korean.count(LOST)
    if _is_korean(korean) and lost * _FEW < len(_HANGUL.findall(korean)):
        return "cp949"
    if _is_western(sample):
        return "cp1252"
    spoken = {codec: _spoken(sample, codec, letters) for codec, letters in _SCRIPTS}
    script = max(spoken, key=lambda codec: spoken[codec])
    if spoken[script] >= _SPOKEN:
        return script
    for codec, leads in (("big5", _LEAD_BIG5), ("gb18030", _LEAD_GB)):
        if _is_chinese(sample, codec, leads):
            return codec
    if _is_japanese(sample):
        return "cp932"
    return None if lost else "cp949"


def _is_korean(text: str) -> bool:
    """Whether most of the Hangul are those of everyday words: Western letters in pairs look like others."""
    hangul = "".join(_HANGUL.findall(text))
    usual = hangul.encode("euc_kr", "ignore").decode("euc_kr")
    return len(usual) * 2 > len(hangul) > 0 and len(hangul) > len(_HAN.findall(text))


def _is_western(sample: bytes) -> bool:
    """Whether all bytes beyond ASCII are letters beside letters, or signs, and few stand side by side."""
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    if _STRANGE.search(sample):
        return False
    places = [match.start() for match in re.finditer(r"[^\x00-\x7f]", text)]
    return sum(not _is_in_place(text, at) for at in places) * _FEW <= len(places)


def _is_in_place(text: str, at: int) -> bool:
    before, after = text[at - 1 : at].isalpha(), text[at + 1 : at + 2].isalpha()
    if text[at] in _SIGNS:
        # Within a word stand only an apostrophe and a Catalan point; others are letters of other codecs.
        return not (before and after) or text[at] in "’·"
    return text[at].isalpha() and (before or after or text[at] in _ALONE)


def _spoken(sample: bytes, codec: str, letters: re.Pattern[str]) -> float:
    """The share of vowels in the words beyond ASCII, 0 unless nearly all are of one script, with capitals
    where capitals stand."""
    try:
        text = sample.decode(codec)
    except UnicodeDecodeError:
        return 0.0
    words = [word for word in _WORD.findall(text) if not word.isascii()]
    sound = [word for word in words if _is_cased(word) and len(letters.findall(word)) == len(word)]
    signs = {sign for sign in text if not sign.isascii() and not letters.match(sign)}
    if not words or signs - _SIGNS or (len(words) - len(sound)) * _FEW > len(words):
        return 0.0
    spelt = "".join(sound).lower()
    share = sum(letter in _VOWELS for letter in spelt) / len(spelt)
    return share if share <= _SUNG else 0.0


def _is_cased(word: str) -> bool:
    return word.islower() or word.isupper() or word.istitle()


def _is_chinese(sample: bytes, codec: str, leads: range) -> bool:
    """Whether nearly all characters are those that are in everyday use."""
    text = sample.decode(codec, "replace")
    han = _HAN.findall(text)
    usual = sum(1 for sign in han if (sign.encode(codec) + b"\0")[0] in leads)
    return text.count(LOST) * _FEW <= len(han) and usual * _FEW > len(han) * (_FEW - 3) > 0


def _is_japanese(sample: bytes) -> bool:
    """Whether there is no letter that is none, and kana stand between the characters."""
    text = sample.decode("cp932", "replace")
    kana, han = len(_KANA.findall(text)), len(_HAN.findall(text))
    return LOST not in text and kana * 3 > han and kana > 0
