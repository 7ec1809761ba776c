"""Read Parquet and GeoParquet into plain columns, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.arrow_columns import parsed
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "member", "x", "y"})

_BATCH = 64 << 10
_MOST_ROWS = 1 << 31


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table; raises Unreadable where the file is broken, encrypted or packed beyond all measure."""
    with _file(path) as file:
        schema, texts, rows = file.schema_arrow, _texts(file), file.metadata.num_rows
    if rows > _MOST_ROWS:
        raise Unreadable(f"the Parquet file says it holds {rows:,} rows", "publish it in several")
    yield parsed(_batches(path, texts), schema, "parquet")


def _batches(path: Path, texts: list[str]) -> Iterator[pa.RecordBatch]:
    with _file(path, texts) as file:
        yield from file.iter_batches(_BATCH)


@contextmanager
def _file(path: Path, texts: list[str] | None = None) -> Iterator[pq.ParquetFile]:
    """The file open, these columns of text as dictionaries, and what goes wrong with it in one sentence."""
    try:
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            yield file
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error).splitlines()[0]
        raise Unreadable(f"the Parquet file cannot be read ({reason})", "write it again") from error


def _texts(file: pq.ParquetFile) -> list[str]:
    """The columns of text and bytes outside of structures and lists: as dictionaries, their size is seen
    before they are unpacked."""
    columns = [file.schema.column(place) for place in range(len(file.schema))]
    return [each.path for each in columns if each.physical_type == "BYTE_ARRAY" and each.path == each.name]
