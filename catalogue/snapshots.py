"""Write the snapshot of a dataset: its rows as Parquet, ordered so that near rows lie together."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalogue import geometry, geoparquet
from catalogue.publication import Publication, pieces_of
from schemas.arrow import ID, arrow_schema
from schemas.dataset import BBox, Column, Dataset
from schemas.snapshot import Part, Snapshot

ROW_GROUP = 65_536
_TRIED = 4_096
"""So many rows that lie spread tell whether the values of a column differ."""

Order = npt.NDArray[np.int64]
Period = tuple[datetime | None, datetime | None]


class Parts(Protocol):
    """Where parts lie: a path to read, and a writer whose file appears whole or not at all."""

    def path(self, relative: str) -> Path: ...

    def writer(self, relative: str) -> AbstractContextManager[Path]: ...


def write(publication: Publication, storage: Parts, snapshot: str, now: datetime) -> Snapshot:
    """Store the rows of a publication, a part for each piece, and return the manifest, `run` not filled in.

    A number that is not finite is stored as null: JSON has no word for it and engines disagree on its order.
    Within a part places are ordered along a Hilbert curve, readings by key and then time, all else as
    published. Raises ValueError when the rows are not those that the columns promise.
    """
    columns, said = publication.columns, _described(publication.dataset, snapshot, now)
    written: list[_Written] = []
    for piece in _filled(publication):
        path = f"parts/{publication.dataset.id}/{snapshot}/{len(written)}.parquet"
        written.append(_write_part(piece, columns, said, storage, path))
    parts = tuple(each.part for each in written)
    return Snapshot(
        id=snapshot,
        dataset=publication.dataset.id,
        created=now,
        rows=sum(part.rows for part in parts),
        bytes=sum(part.bytes for part in parts),
        columns=columns,
        parts=parts,
        bbox=geometry.around([each.bbox for each in written]),
        period=around([each.period for each in written]),
        source_crs=publication.dataset.source_crs,
    )


@dataclass(frozen=True)
class _Written:
    """A part, where its rows are and from when to when they are."""

    part: Part
    bbox: BBox | None
    period: Period | None


def _filled(publication: Publication) -> Iterator[pa.Table]:
    """The pieces that hold rows, or one without where none does."""
    nothing, empty = arrow_schema(publication.columns).empty_table(), True
    for piece in pieces_of(publication.rows):
        if len(piece):
            empty = False
            yield piece
        else:
            nothing = piece
    if empty:
        yield nothing


def _write_part(
    piece: pa.Table, columns: tuple[Column, ...], said: bytes, storage: Parts, path: str
) -> _Written:
    rows = finite(piece.cast(arrow_schema(columns)))
    rows, corners = geoparquet.located(rows, columns)
    order = _order(rows, columns, corners)
    rows = rows.replace_schema_metadata({**(rows.schema.metadata or {}), b"entrepot": said})
    with storage.writer(path) as file:
        _write(rows, order, file)
        size = file.stat().st_size
    bbox = None if corners is None else geometry.extent(corners)
    period = _period(rows, columns)
    return _Written(Part(path, len(rows), size, period=period), bbox, period)


def time_column(columns: tuple[Column, ...]) -> Column | None:
    """The column that says when a row is, None when the rows are of no time."""
    return next((column for column in columns if column.role == "time"), None)


def finite(rows: pa.Table) -> pa.Table:
    """Rows with null in the place of numbers that are not finite, and without negative zeros."""
    for i, field in enumerate(rows.schema):
        if pa.types.is_floating(field.type):
            kept = pc.if_else(pc.is_finite(rows[i]), rows[i], None)
            # Adding zero turns -0.0, which SQLite does not keep, into 0.0.
            rows = rows.set_column(i, field, pc.add(kept, 0.0))
    return rows


def _order(rows: pa.Table, columns: tuple[Column, ...], corners: geometry.Floats | None) -> Order | None:
    """Row numbers in the order to be stored, None when that is the order published."""
    when = time_column(columns)
    keys = [column.name for column in columns if column.key and column is not when]
    if not len(rows):
        return None
    if when and keys:
        return _sorted(rows, [*keys, when.name])
    if not when and corners is not None:
        return geometry.hilbert_order(corners)
    return None


def _sorted(rows: pa.Table, names: list[str]) -> Order:
    """Stable row numbers by `names`, nulls last; texts by code point, as ranks because those sort faster."""
    ranked = [_ranks(rows[name]) for name in names]
    return np.asarray(np.lexsort(ranked[::-1]), np.int64)


def _ranks(values: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    coded = pc.dictionary_encode(values).combine_chunks()
    size = len(coded.dictionary)
    ranks = np.full(size + 1, size, np.int64)  # the last one is the rank of null
    ranks[pc.sort_indices(coded.dictionary).to_numpy()] = np.arange(size)
    found: Order = ranks[pc.fill_null(coded.indices, size).to_numpy()]
    return found


def _write(rows: pa.Table, order: Order | None, file: Path) -> None:
    with part_writer(file, rows.schema, _varied(rows)) as writer:
        for group in _groups(rows, order):
            writer.write_table(group, row_group_size=ROW_GROUP)


def part_writer(file: Path, schema: pa.Schema, varied: Collection[str] = ()) -> pq.ParquetWriter:
    """Writes a part as all parts are written, values of the columns `varied` without a dictionary."""
    coded = [f.name for f in schema if f.name not in (ID, *varied) and not pa.types.is_nested(f.type)]
    return pq.ParquetWriter(file, schema, compression="zstd", write_page_index=True, use_dictionary=coded)


def _varied(rows: pa.Table) -> list[str]:
    """The columns most of whose values differ: a dictionary of them is work and makes a part larger."""
    if not len(rows):
        return []
    some = rows.take(np.linspace(0, len(rows) - 1, min(len(rows), _TRIED)).astype(np.int64))
    plain = (name for name in some.column_names if not pa.types.is_nested(some.schema.field(name).type))
    return [name for name in plain if pc.count_distinct(some[name]).as_py() * 2 > len(some)]


def first_rows(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The first `rows` rows of a file's batches: a part may be the head of its file."""
    for batch in batches:
        if not rows:
            return
        yield batch.slice(0, rows)
        rows -= min(rows, batch.num_rows)


def _groups(rows: pa.Table, order: Order | None) -> Iterator[pa.Table]:
    """The row groups in order, each put together while the one before it is being written."""
    starts = range(0, len(rows), ROW_GROUP)
    if order is None:
        yield from (rows.slice(start, ROW_GROUP) for start in starts)
        return
    if len(rows) <= ROW_GROUP:
        yield rows.take(order)
        return
    with ThreadPoolExecutor(1) as pool:
        coming = None
        for start in starts:
            ready, coming = coming, pool.submit(rows.take, order[start : start + ROW_GROUP])
            if ready:
                yield ready.result()
        if coming:
            yield coming.result()


def _period(rows: pa.Table, columns: tuple[Column, ...]) -> Period | None:
    """First and last instant of the time column; a day counts as its midnight, UTC."""
    when = time_column(columns)
    if when is None or when.type not in ("time", "date"):
        return None
    ends = pc.min_max(rows[when.name]).as_py()
    if ends["min"] is None:
        return None
    return _instant(ends["min"]), _instant(ends["max"])


def around(periods: list[Period | None]) -> Period | None:
    """From the first instant to the last of all, None where no part has any."""
    known = [period for period in periods if period is not None]
    starts = [start for start, _ in known if start is not None]
    ends = [end for _, end in known if end is not None]
    return (min(starts), max(ends)) if starts and ends else None


def _instant(value: date | datetime) -> datetime:
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime.combine(value, time(), UTC)


def _described(dataset: Dataset, snapshot: str, now: datetime) -> bytes:
    """What a file that has left the house says of itself."""
    words = {
        "dataset": dataset.id,
        "snapshot": snapshot,
        "created": now.isoformat(),
        "title": {"ko": dataset.title.ko, "en": dataset.title.en},
        "publisher": dataset.publisher,
        "licence": dataset.licence,
        "source_crs": dataset.source_crs,
    }
    return json.dumps(words, ensure_ascii=False).encode()
