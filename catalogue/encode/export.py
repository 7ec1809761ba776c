"""The whole of a snapshot as one file, written once and kept for the next who asks."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue import geometry
from catalogue.encode.textual import GEOJSON, NDJSON, TextFormat, csv_format
from catalogue.rows.plan import ID_COLUMN
from catalogue.rows.values import shown
from catalogue.snapshots import ROW_GROUP, Parts, first_rows
from schemas.arrow import arrow_schema
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.snapshot import Snapshot

EXPORT_FORMATS: Mapping[str, tuple[str, str]] = {
    "csv": ("text/csv; charset=utf-8", "csv"),
    "geojson": ("application/geo+json", "geojson"),
    "ndjson": ("application/x-ndjson", "ndjson"),
    "parquet": ("application/vnd.apache.parquet", "parquet"),
    "arrow": ("application/vnd.apache.arrow.stream", "arrows"),
}
"""Media type and file extension of each format a whole snapshot can have."""

_BATCH = 8_192


def export(snapshot: Snapshot, format: str, storage: Parts, folder: Path) -> Path:
    """The file of a whole snapshot; Parquet is the stored part itself, others are made once in `folder`.

    Raises BadInput for an unknown format or one that needs a geometry. Two that export at once write
    the same content; a reader never sees half of it.
    """
    _check(snapshot, format)
    if format == "parquet" and len(snapshot.parts) == 1 and not snapshot.parts[0].head:
        return storage.path(snapshot.parts[0].path)
    file = folder / f"{snapshot.id}.{EXPORT_FORMATS[format][1]}"
    if file.exists():
        return file
    folder.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{secrets.token_hex(6)}.{file.name}")
    try:
        _write(snapshot, format, storage, partial)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)
    return file


def _check(snapshot: Snapshot, format: str) -> None:
    if format not in EXPORT_FORMATS:
        hint = did_you_mean(format, EXPORT_FORMATS)
        raise BadInput([InputError("format", f"{format!r} is not a format of downloads", hint)])
    if format == "geojson" and geometry.geometry_column(snapshot.columns) is None:
        raise BadInput([InputError("format", "these rows have no geometry", "download csv or parquet")])


def _write(snapshot: Snapshot, format: str, storage: Parts, file: Path) -> None:
    match format:
        case "parquet":
            _parquet(snapshot, storage, file)
        case "arrow":
            _arrow(snapshot, storage, file)
        case "geojson":
            _text(snapshot, GEOJSON, storage, file)
        case "ndjson":
            _text(snapshot, NDJSON, storage, file)
        case _:
            _text(snapshot, csv_format("safe"), storage, file)


def _text(snapshot: Snapshot, format: TextFormat, storage: Parts, file: Path) -> None:
    described = (ID_COLUMN, *snapshot.columns)
    with file.open("wb") as out:
        out.write(format.head(snapshot.columns))
        between = b""
        for batch in _batches(snapshot, storage):
            out.write(between + format.rows(snapshot.columns, shown(batch.columns, described)))
            between = format.between
        out.write(format.tail)


def _arrow(snapshot: Snapshot, storage: Parts, file: Path) -> None:
    schema = arrow_schema(snapshot.columns)
    with pa.OSFile(str(file), "wb") as out, pa.ipc.new_stream(out, schema) as stream:
        for batch in _batches(snapshot, storage):
            stream.write_batch(batch.cast(schema))


def _parquet(snapshot: Snapshot, storage: Parts, file: Path) -> None:
    """All parts one after the other, with the metadata of the first and the box of all."""
    schema = pq.read_schema(storage.path(snapshot.parts[0].path))
    metadata = dict(schema.metadata or {})
    if b"geo" in metadata and snapshot.bbox is not None:
        geo = json.loads(metadata[b"geo"])
        geo["columns"][geo["primary_column"]] |= {"bbox": list(snapshot.bbox), "geometry_types": []}
        metadata[b"geo"] = json.dumps(geo, ensure_ascii=False).encode()
    schema = schema.with_metadata(metadata)
    with pq.ParquetWriter(file, schema, compression="zstd", write_page_index=True) as writer:
        for part in snapshot.parts:
            with pq.ParquetFile(storage.path(part.path)) as source:
                for batch in first_rows(source.iter_batches(ROW_GROUP), part.rows):
                    writer.write_table(pa.Table.from_batches([batch]).cast(schema))


def _batches(snapshot: Snapshot, storage: Parts) -> Iterator[pa.RecordBatch]:
    names = [ID_COLUMN.name, *(column.name for column in snapshot.columns)]
    texts = [column.name for column in snapshot.columns if column.type == "text"]
    for part in snapshot.parts:
        with pq.ParquetFile(storage.path(part.path), read_dictionary=texts) as file:
            yield from first_rows(file.iter_batches(_BATCH, columns=names), part.rows)
