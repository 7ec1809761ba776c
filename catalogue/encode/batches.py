"""Arrow batches as CSV, lines of JSON or Parquet, one batch at a time: rejects and changes as files."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from catalogue.encode.textual import csv_lines, safe

OPTIONS = orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z


def lines(batches: Iterable[pa.RecordBatch], format: str, names: Sequence[str] = ()) -> Iterator[bytes]:
    """CSV (`format` csv, its first line `names`) or newline-delimited JSON (ndjson) of all rows.

    Binary columns are geometries, written as GeoJSON; in CSV a text that a spreadsheet would run as a
    formula gets a leading '.
    """
    if format == "csv":
        yield csv_lines([names])
    for batch in batches:
        rows = _plain(batch)
        if format == "csv":
            yield csv_lines([[_cell(row[name]) for name in names] for row in rows])
        else:
            yield b"".join(orjson.dumps(row, option=OPTIONS) for row in rows)


def parquet(batches: Iterable[pa.RecordBatch], schema: pa.Schema) -> Iterator[bytes]:
    """The bytes of a Parquet file of all rows, a row group for each batch."""
    sink = io.BytesIO()
    # Arrow counts for itself what it has written, so what was handed on need not be kept.
    with pq.ParquetWriter(pa.PythonFile(sink, mode="w"), schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)
            yield _taken(sink)
    yield _taken(sink)


def _taken(sink: io.BytesIO) -> bytes:
    written = sink.getvalue()
    sink.seek(0)
    sink.truncate()
    return written


def _plain(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = batch.to_pylist()
    for field in batch.schema:
        if pa.types.is_binary(field.type):
            shapes = shapely.to_geojson(shapely.from_wkb(batch[field.name].to_numpy(zero_copy_only=False)))
            for row, shape in zip(rows, shapes, strict=True):
                row[field.name] = None if shape is None else orjson.Fragment(shape)
    return rows


def _cell(value: Any) -> Any:
    return safe(value) if isinstance(value, str) else value
