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
from harvesters.reading.gis.shapefile import CODEPAGE, encoding_of_texts, recode
from harvesters.reading.headers import column_names
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "encoding", "member", "x", "y"})

_HEADER = 32


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """The records that are not marked as deleted; raises Unreadable when some are missing."""
    _check(path)
    with TemporaryDirectory(prefix="entrepot-dbf-") as folder:
        alone = Path(folder) / "data.dbf"
        alone.symlink_to(path.resolve())
        table, encoding = _recoded(_records(alone), spec.encoding, alone.with_name(CODEPAGE))
    table = table.rename_columns(column_names(table.column_names))
    yield Parsed(table, pa.array(np.arange(1, len(table) + 1)), "dbf", encoding=encoding)


def _check(path: Path) -> None:
    """Raise Unreadable unless the file holds all its records."""
    with path.open("rb") as file:
        head = file.read(_HEADER)
    if len(head) < _HEADER:
        raise Unreadable("this is no dBase table", "fetch it again")
    records, start, size = struct.unpack_from("<IHH", head, 4)
    held = max(0, path.stat().st_size - start) // size if size else 0
    if not size or held < records:
        raise Unreadable(f"the table is cut short: it holds {held} of {records} records", "fetch it again")


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
    encoding = encoding_of_texts([latin1], declared, codepage)
    table = recode(latin1, encoding)
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_string(column.type):
            distinct = "\n".join(pc.unique(column).drop_null().to_pylist())
            refuse_mojibake(distinct.encode("utf-8", "surrogatepass"), f"the column {name!r}")
    return table, encoding
