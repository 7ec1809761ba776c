"""Make a MapInfo table say the character set that its texts are really in."""

from __future__ import annotations

import re
from pathlib import Path

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.reading.delimited.encoding import codec

_CHARSETS = {
    "utf-8": "UTF-8", "cp949": "WindowsKorean", "euc_kr": "WindowsKorean", "cp932": "WindowsJapanese",
    "shift_jis": "WindowsJapanese", "gbk": "WindowsSimpChinese", "gb2312": "WindowsSimpChinese",
    "big5": "WindowsTradChinese", "cp1250": "WindowsLatin2", "cp1251": "WindowsCyrillic",
    "cp1252": "WindowsLatin1", "iso8859-1": "ISO8859_1",
}  # fmt: skip
_SAID = re.compile(rb'(?im)^((?:!charset|charset|\s*type\s+native\s+charset)\s+)"?([\w-]+)"?')
_VIEW = re.compile(rb"(?im)^\s*(?:create\s+view|open\s+table)|isseamless")
_BEYOND = re.compile(rb"[\x80-\xff]{3,}")
# A .dat holds numbers in binary too, and some bytes of those look like letters.
_MOST = 0.9


def settle_charset(head: Path, texts: Path, declared: str | None) -> str:
    """The encoding of the texts, which the head (.tab or .mif) says from now on.

    That which the feed declares, else UTF-8 where nearly all letters beyond ASCII are that, else what the
    head says, and CP949 where it says none ("Neutral"). Raises Unreadable for a view of other tables.
    """
    content = head.read_bytes()
    if _VIEW.search(content):
        raise Unreadable(f"{head.name} is a view of other tables: that is not followed")
    said = _SAID.search(content)
    own = said[2].decode() if said else "Neutral"
    encoding = codec(declared) if declared else _found(content + texts.read_bytes(), own)
    if encoding not in _CHARSETS:
        raise FeedMisconfigured(
            f"[format] encoding = {declared!r} is none that MapInfo knows", "it knows utf-8 and cp949"
        )
    head.write_bytes(_SAID.sub(lambda match: match[1] + b'"' + _CHARSETS[encoding].encode() + b'"', content))
    return encoding


def _found(content: bytes, own: str) -> str:
    runs = _BEYOND.findall(content)
    if sum(map(_is_utf8, runs)) >= _MOST * len(runs):
        return "utf-8"
    return next((encoding for encoding, name in _CHARSETS.items() if name == own), "cp949")


def _is_utf8(run: bytes) -> bool:
    try:
        run.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
