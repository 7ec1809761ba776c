"""Write the body of an answer to a file: decoded, counted, hashed, and never more than its share."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath
from urllib.parse import unquote_to_bytes

from harvesters.faults import SourceIncomplete, SourceRefused, TooLarge, Unreadable

ENCODINGS = "gzip, deflate"
"""The content codings that are asked for (RFC 9110, 8.4)."""

MOST_GROWTH = 200
"""A bomb grows a thousandfold and more; text at its most repetitive stays well below this."""

_STEP = 1 << 20
_UNITS = ((10**9, "GB"), (10**6, "MB"), (10**3, "KB"))
_SMALL = 64 << 20
_EXTENDED = re.compile(r"filename\*\s*=\s*([\w-]*)'[^']*'([^;\s]+)", re.IGNORECASE)
_PLAIN = re.compile(r'filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;]+))', re.IGNORECASE)


def write_body(chunks: Iterable[bytes], coding: str, to: Path, max_bytes: int) -> tuple[int, str]:
    """The bytes and SHA-256 of what was written; raises TooLarge above `max_bytes`, SourceIncomplete
    for a compressed body that ends early, Unreadable for one that cannot be decoded."""
    written, digest = 0, hashlib.sha256()
    with to.open("wb") as file:
        for chunk in _decoded(chunks, coding.strip().lower()):
            written += len(chunk)
            if written > max_bytes:
                raise TooLarge(
                    f"there is more than {max_bytes:,} bytes, which is all that is taken",
                    hint=wider(2 * max_bytes),
                )
            digest.update(chunk)
            file.write(chunk)
    return written, digest.hexdigest()


def wider(size: int) -> str:
    """The line that lets a feed take so many bytes, in whole numbers of the largest unit."""
    unit, name = next((each for each in _UNITS if size >= each[0]), (1, "B"))
    return f'write max_bytes = "{-(-size // unit)}{name}" under [source] of the feed, where that is right'


def filename(disposition: bytes) -> str | None:
    """The file name of a Content-Disposition header (RFC 6266), without folders.

    Korean servers send the name as bytes of UTF-8 or CP949, or percent-encoded in the plain form; all
    are read.
    """
    header = _text(disposition)
    if extended := _EXTENDED.search(header):
        name = _text(unquote_to_bytes(extended[2]))
    elif plain := _PLAIN.search(header):
        name = re.sub(r"\\(.)", r"\1", plain[1]) if plain[1] is not None else plain[2].strip()
        name = _text(unquote_to_bytes(name.encode()))
    else:
        return None
    name = PurePosixPath(name.replace("\\", "/")).name
    return "".join(letter for letter in name if letter.isprintable())[:255] or None


def _text(data: bytes) -> str:
    for encoding in ("utf-8", "cp949"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1")


def _decoded(chunks: Iterable[bytes], coding: str) -> Iterator[bytes]:
    if coding in ("", "identity"):
        yield from chunks
    elif coding in ("gzip", "x-gzip", "deflate"):
        try:
            yield from _inflated(chunks, may_be_raw=coding == "deflate")
        except zlib.error as fault:
            raise Unreadable(f"the {coding} body cannot be decoded: {fault}") from None
    else:
        raise Unreadable(f"the body is encoded as {coding!r}, which was not asked for")


def _inflated(chunks: Iterable[bytes], *, may_be_raw: bool) -> Iterator[bytes]:
    """Inflate gzip members, zlib or raw deflate, at most a step at a time, however much a chunk holds."""
    engine, packed, unpacked = None, 0, 0
    for chunk in chunks:
        data, more = chunk, False
        packed += len(chunk)
        while data or more:
            if engine is None or engine.eof:
                raw = may_be_raw and not _is_zlib(data)
                engine = zlib.decompressobj(-zlib.MAX_WBITS if raw else zlib.MAX_WBITS | 32)
            piece = engine.decompress(data, _STEP)
            more = len(piece) == _STEP and not engine.eof
            # Some servers pad the last member with zeros.
            data = engine.unused_data.lstrip(b"\0") if engine.eof else engine.unconsumed_tail
            unpacked += len(piece)
            if unpacked > max(_SMALL, packed * MOST_GROWTH):
                raise SourceRefused(f"{packed:,} bytes of it unpack to more than {_SMALL:,}, as in a bomb")
            yield piece
    if engine is not None and not engine.eof:
        raise SourceIncomplete("the compressed body ends before its end")


def _is_zlib(data: bytes) -> bool:
    return data[0] & 0x0F == 8 and (len(data) < 2 or int.from_bytes(data[:2], "big") % 31 == 0)
