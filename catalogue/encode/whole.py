"""The rows of a whole snapshot, read from its parts a bounded number at a time."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.rows.question.plan import ID_COLUMN
from catalogue.snapshots import Parts, first_rows
from schemas.dataset import Column
from schemas.snapshot import Snapshot

ROWS, BYTES = 16_384, 16 << 20
_FEW = 4
"""Bytes a value up to which a column of texts holds so few different ones that each is looked at once."""


def batches(
    snapshot: Snapshot, storage: Parts, columns: tuple[Column, ...] | None = None
) -> Iterator[pa.RecordBatch]:
    """`_id` and then the columns, all by default; texts of few different values are dictionaries of them."""
    columns = snapshot.columns if columns is None else columns
    names = [ID_COLUMN.name, *(column.name for column in columns)]
    texts = [column.name for column in columns if column.type == "text"]
    for part in snapshot.parts:
        path = storage.path(part.path)
        rows, sizes = _sizes(path)
        few = [name for name in texts if sizes.get(name, 0) <= _FEW * rows]
        together = max(1, min(ROWS, BYTES * rows // max(1, sum(sizes.values()))))
        with pq.ParquetFile(path, read_dictionary=few) as file:
            for batch in first_rows(file.iter_batches(together, columns=names), part.rows):
                yield batch.select(names)


def _sizes(path: Path) -> tuple[int, dict[str, int]]:
    """The rows of a file, and the bytes of each flat column before compression."""
    metadata = pq.read_metadata(path)
    sizes: dict[str, int] = {}
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        for column in map(group.column, range(metadata.num_columns)):
            sizes[column.path_in_schema] = (
                sizes.get(column.path_in_schema, 0) + column.total_uncompressed_size
            )
    return max(1, metadata.num_rows), sizes
