"""Read Parquet and GeoParquet into plain columns, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator
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
    try:
        with pq.ParquetFile(path, read_dictionary=_texts(path)) as file:
            if file.metadata.num_rows > _MOST_ROWS:
                raise Unreadable(f"the file says it holds {file.metadata.num_rows:,} rows")
            yield parsed(file.iter_batches(_BATCH), file.schema_arrow, "parquet")
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise Unreadable(f"the Parquet file cannot be read ({reason})", "write it again") from error


def _texts(path: Path) -> list[str]:
    """The columns of text and bytes that are no lists: as dictionaries their size is seen in advance."""
    schema = pq.read_schema(path)
    with pq.ParquetFile(path) as file:
        columns = [file.schema.column(place) for place in range(len(file.schema))]
    lists = {field.name for field in schema if pa.types.is_nested(field.type)}
    return [
        each.path
        for each in columns
        if each.physical_type == "BYTE_ARRAY"
        and each.max_repetition_level == 0
        and each.path.split(".")[0] not in lists
    ]
