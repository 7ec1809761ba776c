"""Which encoding a file is in, and its text, decoded strictly or not at all."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.reading.delimited.letters import LOST, likely_codec
from harvesters.reading.kinds.signs import wide_order

CHUNK = 4 << 20
_LENGTHS = (2, 2, 3, 4)
"""How many bytes a letter has in UTF-8 by bits 4 and 5 of its first, which is 0xC0 at least."""
_CHUNK_HEAD = 64 << 10
_SAMPLE = 512 << 10
_FEW = 30
"""A file may have lost one of so many letters; where more are gone it is not of the encoding."""
_BEYOND_ASCII = re.compile(r"[\x00-\x7f]+")
_MEANT_CP949 = frozenset(
    {"euc-kr", "euckr", "ks-c-5601-1987", "ksc5601", "ks-x-1001", "windows-949", "ms949", "x-windows-949"}
)

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HINT = 'name the right one with [format] encoding = "..."'
# Three bytes of UTF-8 that spell a Hangul syllable; CP949 text holds such a run only by rare accident.
_HANGUL_UTF8 = re.compile(rb"[\xea-\xed][\x80-\xbf]{2}")
# What is left of Korean when its bytes were read as Latin-1: four or more of its upper half in a row.
_UPPER_LATIN = re.compile(r"[\u0080-\u00ff]{4,}")
# The same read as Windows-1252: each UTF-8 syllable turns into one of four letters and two signs.
_UPPER_1252 = re.compile(r"(?:[ê-í][\u0080-\u00bf\u0152-\u02dc\u2013-\u2122]{2}){2,}")
_HANGUL = re.compile(r"[가-힣ㄱ-ㅎ\s]+")
# How any such run begins in UTF-8: a byte that nearly all texts are without, and what may follow.
_SIGNS = {
    b"\xc2": re.compile(rb"\xc2[\x80-\xbf](?:[\xc2\xc3][\x80-\xbf]){3}"),
    b"\xc3": re.compile(rb"\xc3(?:[\x80-\xbf](?:[\xc2\xc3][\x80-\xbf]){3}|[\xaa-\xad][\xc2\xc5-\xcb\xe2])"),
}


def codec(name: str) -> str:
    """The codec a feed names; raises FeedMisconfigured when Python has none of that name.

    Korean pages that say EUC-KR mean CP949, which holds it and all other Hangul.
    """
    if name.strip().lower().replace("_", "-") in _MEANT_CP949:
        return "cp949"
    try:
        return codecs.lookup(name).name
    except LookupError:
        raise FeedMisconfigured(
            f"[format] encoding = {name!r} is no encoding", "use a name such as 'utf-8', 'cp949' or 'latin-1'"
        ) from None


def encoding_of(path: Path, declared: str | None = None) -> str:
    """The codec to read a file with: the declared one, a byte order mark's, UTF-8, CP949, or another whose
    letters make sense.

    Only UTF-8 has been proved on the whole file: `chunks` fails where another does not hold. A file that is
    UTF-8 for a while and then is not raises Unreadable rather than being read as something else.
    """
    with path.open("rb") as file:
        head = file.read(_CHUNK_HEAD)
    marked = next((name for mark, name in _MARKS if head.startswith(mark)), None)
    if declared:
        named = codec(declared)
        return marked if marked and named in ("utf-8", "utf-16", "utf-32") else named
    return marked or wide_order(head) or _detected(path)


def _detected(path: Path) -> str:
    if _isutf8_prefix(path):
        return "utf-8"
    beyond_ascii = False
    try:
        for text in _decoded(path, "utf-8"):
            beyond_ascii = beyond_ascii or not text.isascii()
    except UnicodeDecodeError as error:
        if beyond_ascii or _HANGUL_UTF8.search(error.object[: error.start]):
            return "utf-8"
        found = likely_codec(_sample(path))
        if found is None:
            raise _undecodable(path, "cp949", error) from None
        return found
    return "utf-8"


def _sample(path: Path) -> bytes:
    """Whole lines of the file, from where it is more than ASCII."""
    with path.open("rb") as file:
        while data := file.read(_SAMPLE):
            if not data.isascii():
                data += file.readline(_CHUNK_HEAD)
                return data[: data.rfind(b"\n") + 1] or data
    return b""


def chunks(path: Path, encoding: str, start: int = 0) -> Iterator[str]:
    """The text of a file from a byte on, in pieces of some megabytes.

    A few bytes that are no letters, as where a name was cut in the middle of one, become U+FFFD each; where
    they are more, raises Unreadable at the first of them.
    """
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    with path.open("rb") as file:
        file.seek(start)
        last = False
        while not last:
            data = file.read(CHUNK)
            last, before = not data, decoder.getstate()
            try:
                yield decoder.decode(data, last)
            except UnicodeDecodeError as error:
                if not _is_sound(path, encoding):
                    raise _undecodable(path, encoding, error) from None
                decoder = codecs.getincrementaldecoder(encoding)("replace")
                decoder.setstate(before)
                yield decoder.decode(data, last)


def utf8_chunks(path: Path, encoding: str) -> Iterator[bytes]:
    """The text of `chunks` in UTF-8; what is written in it already comes as it is, without being decoded."""
    at = 0
    if encoding in ("utf-8", "utf-8-sig"):
        at = len(codecs.BOM_UTF8) if encoding == "utf-8-sig" and _is_marked(path) else 0
        for data in utf8_prefix(path, at):
            at += len(data)
            yield data
        if at == path.stat().st_size:
            return
    for chunk in chunks(path, encoding if not at else "utf-8", at):
        yield chunk.encode("utf-8", "surrogatepass")


def _is_marked(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8


def _isutf8_prefix(path: Path) -> bool:
    """Whether the whole file is UTF-8."""
    return sum(map(len, utf8_prefix(path))) == path.stat().st_size


def utf8_prefix(path: Path, start: int = 0) -> Iterator[bytes]:
    """The file from a byte on, in pieces of whole letters, as far as it is UTF-8: Arrow sees that four times
    quicker than Python decodes it."""
    rest = b""
    with path.open("rb") as file:
        file.seek(start)
        while data := file.read(CHUNK):
            data, rest = _whole_letters(rest + data if rest else data)
            ends = np.array([0, len(data)], np.int64)
            text = pa.Array.from_buffers(pa.large_string(), 1, [None, pa.py_buffer(ends), pa.py_buffer(data)])
            try:
                text.validate(full=True)
            except pa.ArrowInvalid:
                return
            yield data


def _whole_letters(data: bytes) -> tuple[bytes, bytes]:
    """The data up to the last letter that may go on behind it, and from there."""
    for back in range(1, min(4, len(data)) + 1):
        if data[-back] >= 0xC0:
            return (data, b"") if _LENGTHS[data[-back] >> 4 & 3] <= back else (data[:-back], data[-back:])
    return data, b""


def _is_sound(path: Path, encoding: str) -> bool:
    """Whether nearly all letters of the file are of the encoding."""
    lost, beyond = 0, 0
    for text in _decoded(path, encoding, "replace"):
        lost += text.count(LOST)
        beyond += len(_BEYOND_ASCII.sub("", text))
    return lost * _FEW < beyond


def read_text(path: Path, declared: str | None = None) -> tuple[str, str]:
    """The whole text of a file and its encoding; raises Unreadable when it cannot be trusted."""
    encoding = encoding_of(path, declared)
    text = "".join(chunks(path, encoding))
    refuse_mojibake(text.encode("utf-8", "surrogatepass"))
    return text, encoding


def decode_values(values: Iterable[bytes], encoding: str) -> list[str] | None:
    """Every value decoded strictly, or None when one of them does not fit."""
    try:
        return [value.decode(encoding) for value in values]
    except UnicodeDecodeError:
        return None


def refuse_mojibake(utf8: bytes, where: str = "the text") -> None:
    """Raise Unreadable when text shows that it was decoded wrongly before it came here.

    Single lost letters (U+FFFD) are no matter of the whole file: they cost their cells, when rows are landed.
    """
    if not shows_mojibake(utf8) and not _holds_half(utf8):
        return
    found = _mojibake(utf8.decode("utf-8", "ignore"))
    if found:
        raise Unreadable(
            f"{where} was decoded wrongly before it came here: {found[0]!r} should read {found[1]!r}",
            "ask the publisher for the original, or name the encoding that undoes it",
        )


def shows_mojibake(utf8: bytes) -> bool:
    """Whether UTF-8 may show that it was decoded wrongly, which is worth a closer look."""
    # No Hangul or Hanja has these two bytes in UTF-8, so most files are done at once.
    return any(first in utf8 and bool(sign.search(utf8)) for first, sign in _SIGNS.items())


def _holds_half(utf8: bytes) -> bool:
    """Whether half a surrogate stands in a text, which is passed over in decoding and may part a run."""
    letters = np.frombuffer(utf8, np.uint8)
    return bool(((letters[:-1] == 0xED) & (letters[1:] >= 0xA0)).any())


def _mojibake(text: str) -> tuple[str, str] | None:
    for match in _UPPER_LATIN.finditer(text):
        # euc_kr, not cp949: its Hangul are the everyday ones, so a row of no-break spaces is none.
        for encoding in ("utf-8", "euc_kr"):
            meant = _again(match[0], "latin-1", encoding)
            if meant:
                return match[0][:40], meant[:20]
    for match in _UPPER_1252.finditer(text):
        meant = _again(match[0], "cp1252", "utf-8")
        if meant:
            return match[0][:40], meant[:20]
    return None


def _again(text: str, wrong: str, right: str) -> str | None:
    try:
        meant = text.encode(wrong).decode(right)
    except (UnicodeEncodeError, UnicodeDecodeError):
        return None
    return meant if _HANGUL.fullmatch(meant) else None


def _decoded(path: Path, encoding: str, errors: str = "strict") -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    with path.open("rb") as file:
        while data := file.read(CHUNK):
            yield decoder.decode(data)
    yield decoder.decode(b"", True)


def _undecodable(path: Path, encoding: str, error: UnicodeDecodeError) -> Unreadable:
    # The decoder may have kept the start of a character from the chunk before, so count over the file.
    fault = _first_fault(path, encoding)
    line, byte, bad = fault or (1, error.start, error.object[error.start])
    name = encoding.upper().replace("-SIG", "")
    also = " nor UTF-8" if encoding == "cp949" else ""
    return Unreadable(f"line {line} is not {name}{also}: byte 0x{bad:02x} at offset {byte}", _HINT)


def _first_fault(path: Path, encoding: str) -> tuple[int, int, int] | None:
    """Line (from 1), offset in the file and value of the first byte that does not decode."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines, offset = 1, 0
    with path.open("rb") as file:
        while True:
            data = file.read(CHUNK)
            kept = len(decoder.getstate()[0])
            try:
                decoder.decode(data, not data)
            except UnicodeDecodeError as error:
                lines += error.object[: error.start].count(b"\n")
                return lines, offset - kept + error.start, error.object[error.start]
            if not data:
                return None
            lines, offset = lines + data.count(b"\n"), offset + len(data)
