"""All rows of an answer as Arrow's IPC stream or GeoParquet, handed on while it is written."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.geoparquet import located
from catalogue.snapshots import ROW_GROUP
from schemas.arrow import arrow_schema
from schemas.dataset import Column

_GROUP_BYTES = 64 << 20


class Sink(io.RawIOBase):
    """A file that can only be written, whose bytes are taken away as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        self._written.append(bytes(data))  # type: ignore[call-overload] # whatever has a buffer
        return len(self._written[-1])

    def taken(self) -> bytes:
        """What was written since this was last asked."""
        found, self._written = b"".join(self._written), []
        return found


def arrow(columns: tuple[Column, ...], batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Arrow's IPC stream, with units and titles in the metadata of its fields."""
    schema, sink = arrow_schema(columns), Sink()
    with pa.ipc.new_stream(pa.PythonFile(sink, mode="w"), schema) as stream:
        for batch in batches:
            stream.write_batch(batch.cast(schema))
            yield sink.taken()
    yield sink.taken()


def parquet(columns: tuple[Column, ...], batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """GeoParquet 1.1, or plain Parquet of rows without a geometry, in groups as the parts have."""
    schema, sink = located(arrow_schema(columns).empty_table(), columns)[0].schema, Sink()
    # Arrow counts for itself what it has written, so what was handed on need not be kept.
    file = pa.PythonFile(sink, mode="w")
    with pq.ParquetWriter(file, schema, compression="zstd", write_page_index=True) as writer:
        for group in _groups(batches, arrow_schema(columns)):
            writer.write_table(located(group, columns)[0].cast(schema))
            yield sink.taken()
    yield sink.taken()


def _groups(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[pa.Table]:
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch.cast(schema))
        rows = sum(each.num_rows for each in waiting)
        if rows >= ROW_GROUP or sum(each.nbytes for each in waiting) >= _GROUP_BYTES:
            yield pa.Table.from_batches(waiting).slice(0, ROW_GROUP)
            waiting = (
                [waiting[-1].slice(waiting[-1].num_rows - (rows - ROW_GROUP))] if rows > ROW_GROUP else []
            )
    if waiting:
        yield pa.Table.from_batches(waiting)
