"""Find the encoding of a shapefile's attributes by decoding all of them strictly."""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.faults import Unreadable
from harvesters.reading.delimited.encoding import codec, decode_values
from harvesters.reading.delimited.letters import likely_codec

CODEPAGE = "codepage"
"""The name under which a .cpg is kept."""

_DBF_HEADER, _SHX_HEADER, _SHX_ENTRY = 32, 100, 8
_LETTERS = 4_096
"""How many texts tell the encoding of all."""
_NAME_BYTES = 10  # a DBF cuts column names here, in the middle of a letter if need be
_NUMBER = re.compile(rb"_\d{1,2}$")  # GDAL puts it in the place of the last letters
# What byte 29 of a DBF's header says of its code page, where that is more than "unknown".
_CODEPAGES = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x13: "cp932", 0x26: "cp866", 0x4D: "cp936", 0x4E: "cp949",
    0x4F: "cp950", 0x57: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x78: "cp950", 0x79: "cp949", 0x7A: "cp936",
    0x7B: "cp932", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253",
}  # fmt: skip


def check_complete(shp: Path, name: str) -> None:
    """Raise Unreadable unless the index and the attributes are whole and speak of as many places.

    GDAL takes what is left of a shapefile that was cut short and says nothing.
    """
    dbf = shp.with_suffix(".dbf")
    with dbf.open("rb") as file:
        head = file.read(_DBF_HEADER)
    if len(head) < _DBF_HEADER:
        raise Unreadable(f"{name}.dbf is cut short", "fetch or pack it again")
    records, header, size = struct.unpack_from("<IHH", head, 4)
    held = max(0, dbf.stat().st_size - header) // size if size else 0
    shapes = max(0, shp.with_suffix(".shx").stat().st_size - _SHX_HEADER) // _SHX_ENTRY
    if held < records or shapes != records:
        raise Unreadable(
            f"the shapefile {name!r} is not whole: "
            f"its index holds {shapes} shapes, its attributes {held} of {records} records",
            "fetch or pack it again",
        )


def restore_index(shp: Path, name: str) -> None:
    """Write the .shx that is missing beside a .shp; raises Unreadable where the shapes do not fill it.

    Each record says its number and its length in 16-bit words, big-endian (ESRI whitepaper, 1998).
    """
    content = shp.read_bytes()
    if len(content) < _SHX_HEADER or content[:4] != b"\0\0\x27\x0a":
        raise Unreadable(f"{name} is no shapefile", "fetch or pack it again")
    end = 2 * int(struct.unpack_from(">i", content, 24)[0])
    entries, at = bytearray(), _SHX_HEADER
    while at < end:
        _, words = struct.unpack_from(">ii", content, at) if at + 8 <= len(content) else (0, -1)
        if words < 2 or at + 8 + 2 * words > len(content):
            raise Unreadable(f"{name} ends within shape {len(entries) // 8 + 1}", "fetch or pack it again")
        entries += struct.pack(">ii", at // 2, words)
        at += 8 + 2 * words
    size = struct.pack(">i", (_SHX_HEADER + len(entries)) // 2)
    shp.with_suffix(".shx").write_bytes(content[:24] + size + content[28:_SHX_HEADER] + entries)


def encoding_of_texts(pieces: Iterable[pa.Table], declared: str | None, cpg: Path) -> str:
    """The encoding of a table that was read byte by byte as Latin-1, from the texts of all its pieces, which
    are asked for more than once.

    Tried in turn: the declared encoding alone; else UTF-8, a multi-byte one that the .cpg or the header of
    the .dbf names, CP949, and what else they name; where none fits, or the letters make no Korean, the one
    in which they do make sense. A .cpg is only a hint: many lie. Raises Unreadable where none fits.
    """
    if declared:
        return _fitting(pieces, [codec(declared)])
    tried = list(_candidates(cpg))
    try:
        found = _fitting(pieces, tried)
    except Unreadable:
        return _by_letters(pieces, tried) or _fitting(pieces, tried)
    return (_by_letters(pieces, tried) or found) if found == "cp949" else found


def _fitting(pieces: Iterable[pa.Table], left: list[str]) -> str:
    """The first of some encodings in which all texts are; raises Unreadable where there is none."""
    before, korean = 0, "cp949" in left
    for latin1 in pieces:
        fitting = [encoding for encoding in left if _decoded(latin1, encoding)]
        if not fitting:
            raise _undecodable(latin1, "cp949" if korean else left[0], before)
        left, before = fitting, before + len(latin1)
    return left[0]


def _by_letters(pieces: Iterable[pa.Table], tried: list[str]) -> str | None:
    """The encoding in which the letters make sense, where that is another than CP949 and fits all texts."""
    letters = next((found for each in pieces if not (found := _letters(each)).isascii()), b"")
    likely = likely_codec(letters)
    if likely in (None, "cp949"):
        return None
    # What the file says of itself is better than its like.
    named = [each for each in tried if each not in ("utf-8", "cp949")]
    try:
        return _fitting(pieces, [*named, likely])
    except Unreadable:
        return None


def _letters(latin1: pa.Table) -> bytes:
    """The names and some of the texts, as bytes: those that are more than ASCII come first."""
    texts = [column for column in latin1.columns if pa.types.is_string(column.type)]
    values = [value for column in texts for value in pc.unique(column).drop_null().to_pylist()]
    values = [value for value in values if not value.isascii()][:_LETTERS]
    return "\n".join([*latin1.column_names, *values]).encode("latin-1", "replace")


def recode(latin1: pa.Table, encoding: str) -> pa.Table:
    """The table in the encoding that was found for it."""
    decoded = _decoded(latin1, encoding)
    assert decoded is not None, "the encoding was found from these texts"
    return decoded


def _decoded(latin1: pa.Table, encoding: str) -> pa.Table | None:
    """The table in an encoding, None where that does not fit all of its names and texts."""
    names = [_name(name.encode("latin-1"), encoding) for name in latin1.column_names]
    columns = list(latin1.columns)
    for place, column in enumerate(columns):
        if pa.types.is_string(column.type):
            meant = _as_utf8(column) if encoding == "utf-8" else _value_by_value(column, encoding)
            if meant is None:
                return None
            columns[place] = meant
    return None if None in names else pa.table(columns, names=names)


def _value_by_value(column: pa.ChunkedArray, encoding: str) -> pa.Array | None:
    values = pc.unique(column).drop_null()
    meant = decode_values((each.encode("latin-1") for each in values.to_pylist()), encoding)
    return None if meant is None else pa.array(meant, pa.string()).take(pc.index_in(column, values))


def _as_utf8(column: pa.ChunkedArray) -> pa.ChunkedArray | pa.Array | None:
    """The texts of a column whose bytes are UTF-8, all at once; None where one of them is not."""
    try:
        return pa.chunked_array([_bytes_of(chunk) for chunk in column.chunks], pa.string())
    except pa.ArrowInvalid:
        return None


def _bytes_of(chunk: pa.Array) -> pa.Array:
    """Each text of the bytes that its letters stand for; raises ArrowInvalid where they are no UTF-8."""
    filled = pc.fill_null(chunk, "") if chunk.null_count else chunk
    _, ends, data = filled.buffers()
    if not len(filled) or data is None:
        return chunk
    first, last = np.frombuffer(ends, np.int32)[[filled.offset, filled.offset + len(filled)]].tolist()
    raw = data.slice(first, last - first).to_pybytes().decode().encode("latin-1")
    sizes = pc.utf8_length(filled).to_numpy()
    starts = np.concatenate(([0], np.cumsum(sizes))).astype(np.int32)
    buffers = [None, pa.py_buffer(starts), pa.py_buffer(raw)]
    found = pa.Array.from_buffers(pa.string(), len(filled), buffers)
    found.validate(full=True)
    return pc.if_else(chunk.is_valid(), found, pa.scalar(None, pa.string())) if chunk.null_count else found


def _candidates(cpg: Path) -> Iterator[str]:
    named = _named(cpg)
    yield "utf-8"
    # A single-byte codec fits any bytes, so it proves nothing and is tried last.
    if named and not _is_single_byte(named):
        yield named
    yield "cp949"
    if named:
        yield named


def _named(cpg: Path) -> str | None:
    """The codec that a .cpg names, if Python knows it."""
    if not cpg.exists():
        return next(map(_in_header, cpg.parent.glob("*.dbf")), None)
    words = cpg.read_bytes()[:40].decode("ascii", "ignore").strip().lower()
    digits = "".join(filter(str.isdigit, words))
    for name in (
        words,
        words.replace("ansi ", "cp"),
        f"cp{digits}",
        f"iso-8859-{digits.removeprefix('8859')}",
    ):
        try:
            return codecs.lookup(name).name
        except LookupError:
            continue
    return None


def _in_header(dbf: Path) -> str | None:
    with dbf.open("rb") as file:
        head = file.read(_DBF_HEADER)
    return _CODEPAGES.get(head[29]) if len(head) == _DBF_HEADER else None


def _is_single_byte(encoding: str) -> bool:
    return encoding.startswith(("iso8859", "cp125", "latin", "cp437", "cp850", "koi8", "mac"))


def _name(raw: bytes, encoding: str) -> str | None:
    """A column's name without the letter that was cut, at its end or before the number of a repeated name."""
    number = _NUMBER.search(raw)
    letters, behind = (raw[: number.start()], number[0].decode()) if number else (raw, "")
    for cut in range(4 if len(raw) >= _NAME_BYTES else 1):
        try:
            return letters[: len(letters) - cut].decode(encoding) + behind
        except UnicodeDecodeError:
            continue
    return None


def _undecodable(latin1: pa.Table, encoding: str, before: int) -> Unreadable:
    for place, column in enumerate(latin1.columns):
        for value in pc.unique(column).drop_null().to_pylist() if pa.types.is_string(column.type) else ():
            try:
                value.encode("latin-1").decode(encoding)
            except UnicodeDecodeError as error:
                row = before + pc.index(column, value).as_py() + 1
                return Unreadable(
                    f"record {row} of the shapefile is not {encoding.upper()}: "
                    f"byte 0x{error.object[error.start]:02x} in column {latin1.column_names[place]!r}",
                    'name the right one with [format] encoding = "..."',
                )
    return Unreadable("the column names of the shapefile cannot be decoded", 'name [format] encoding = "..."')
