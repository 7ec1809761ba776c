"""Read a dBase table (.dbf), the attributes of a shapefile that came without its shapes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
from pyogrio.errors import DataLayerError, DataSourceError

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.delimited.encoding import refuse_mojibake
from harvesters.reading.delimited.letters import likely_codec
from harvesters.reading.gis.shapefile import CODEPAGE, encoding_of_texts, recode
from harvesters.reading.headers import column_names
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "encoding", "member", "x", "y"})

_HEADER = 32
# What byte 29 of the header says of the code page, where that is more than "unknown".
_CODEPAGES = {
    0x01: "cp437", 0x02: "cp850", 0x03: "cp1252", 0x13: "cp932", 0x26: "cp866", 0x4D: "cp936", 0x4E: "cp949",
    0x4F: "cp950", 0x57: "cp1252", 0x64: "cp852", 0x65: "cp866", 0x78: "cp950", 0x79: "cp949", 0x7A: "cp936",
    0x7B: "cp932", 0xC8: "cp1250", 0xC9: "cp1251", 0xCA: "cp1254", 0xCB: "cp1253",
}  # fmt: skip


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """The records that are not marked as deleted; raises Unreadable when some are missing."""
    head = _checked(path)
    with TemporaryDirectory(prefix="entrepot-dbf-") as folder:
        alone = Path(folder) / "data.dbf"
        alone.symlink_to(path.resolve())
        codepage = alone.with_name(CODEPAGE)
        if head[29] in _CODEPAGES:
            codepage.write_text(_CODEPAGES[head[29]])
        latin1 = _records(alone)
        table, encoding = _recoded(latin1, spec.encoding, codepage)
    table = table.rename_columns(column_names(table.column_names))
    yield Parsed(table, pa.array(np.arange(1, len(table) + 1)), "dbf", encoding=encoding)


def _checked(path: Path) -> bytes:
    """The start of the header of a whole file."""
    with path.open("rb") as file:
        head = file.read(_HEADER)
    if len(head) < _HEADER:
        raise Unreadable("this is no dBase table", "fetch it again")
    records, start, size = struct.unpack_from("<IHH", head, 4)
    held = max(0, path.stat().st_size - start) // size if size else 0
    if not size or held < records:
        raise Unreadable(f"the table is cut short: it holds {held} of {records} records", "fetch it again")
    return head


def _records(path: Path) -> pa.Table:
    """The table as its bytes are, each one a character."""
    try:
        _, table = pyogrio.read_arrow(path, encoding="ISO-8859-1")
    except (DataSourceError, DataLayerError, ValueError) as error:
        reason = str(error).replace(str(path), "the file").split(";")[0]
        raise Unreadable(f"the dBase table cannot be read ({reason})", "export it again as CSV") from error
    return table.replace_schema_metadata(None)


def _recoded(latin1: pa.Table, declared: str | None, codepage: Path) -> tuple[pa.Table, str]:
    """The table in its true encoding: the feed's, or what its letters say."""
    try:
        encoding = encoding_of_texts([latin1], declared, codepage)
    except Unreadable:
        likely = None if declared else likely_codec(_letters(latin1))
        if likely is None:
            raise
        encoding = encoding_of_texts([latin1], likely, codepage)
    table = recode(latin1, encoding)
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type):
            distinct = "\n".join(pc.unique(column).drop_null().to_pylist())
            refuse_mojibake(distinct.encode("utf-8", "surrogatepass"), f"the column {name!r}")
    return table, encoding


def _letters(latin1: pa.Table) -> bytes:
    texts = [column for column in latin1.columns if pa.types.is_string(column.type)]
    values = [value for column in texts for value in pc.unique(column).drop_null().to_pylist()]
    return "\n".join([*latin1.column_names, *values]).encode("latin-1", "replace")
