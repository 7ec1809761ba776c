"""Keep the parts of a growing dataset few: neighbours of one size become one, in order, and old rows go."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from math import log
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue import geometry
from catalogue.snapshots import ROW_GROUP, around, first_rows, part_writer, time_column
from catalogue.storage import Storage
from schemas.arrow import columns_of
from schemas.snapshot import Part, Period, within

FAN = 10
"""So many neighbours of one tier become one part of the next: a row is written once for each power of ten."""
CLOSED = 4_000_000
"""Rows of a part that is left alone for good."""


def groups(parts: Sequence[Part]) -> list[list[Part]]:
    """The parts in order, those together that are to become one."""
    found = [[part] for part in parts]
    while (due := _due([sum(part.rows for part in group) for group in found])) is not None:
        found[due] = [[part for group in found[due] for part in group]]
    return found


def _due(rows: Sequence[int]) -> slice | None:
    """Which neighbours should be one part, None when none should.

    The smallest parts stand at the end. Those of one tier, with smaller ones between them, are due when
    they are FAN, or with those between twice as many, where appends are of mixed sizes.
    """
    tiers = [int(log(max(count, 1), FAN)) for count in rows]
    end = len(rows)
    for tier in sorted(set(tiers)):
        start = end
        while start and tiers[start - 1] <= tier and rows[start - 1] < CLOSED:
            start -= 1
        if tiers[start:end].count(tier) >= FAN or end - start >= 2 * FAN:
            return slice(start, end)
        end = start
    return None


def compact(parts: Sequence[Part], storage: Storage, folder: str, skip: int = 0) -> Part:
    """One part with the rows of several, in their order and without the first `skip`, below `folder`."""
    path = f"{folder}/0.parquet"
    schema = _schema(parts, storage)
    with storage.writer(path) as file:
        with part_writer(file, schema) as writer:
            for group in _row_groups(parts, storage, schema, skip):
                writer.write_table(group, row_group_size=ROW_GROUP)
        size = file.stat().st_size
    period = _period(storage.path(path), schema) or around([part.period for part in parts])
    return Part(path, sum(part.rows for part in parts) - skip, size, period=period)


def outlived(parts: Sequence[Part], column: str, cutoff: datetime, storage: Storage) -> tuple[int, int]:
    """How many leading parts hold nothing since `cutoff`, and how many rows of the next one do not either.

    Rows go by whole row groups, and only when they are a tenth of their part, which is written anew.
    """
    gone = 0
    while gone < len(parts) and not within(parts[gone].period, cutoff, None):
        gone += 1
    if gone == len(parts):
        return max(gone - 1, 0), 0  # The newest part stays: it says what the columns are.
    rows = _leading(parts[gone], column, cutoff, storage)
    return gone, rows if rows * FAN >= parts[gone].rows else 0


def _period(file: Path, schema: pa.Schema) -> Period | None:
    """First and last instant of a part by its statistics, None where it has none."""
    when = time_column(columns_of(schema))
    if when is None or when.type != "time":
        return None
    place, metadata = schema.names.index(when.name), pq.read_metadata(file)
    found = [metadata.row_group(number).column(place).statistics for number in range(metadata.num_row_groups)]
    ends = [(known.min, known.max) for known in found if known is not None and known.has_min_max]
    return around([(start.astimezone(UTC), end.astimezone(UTC)) for start, end in ends])


def _leading(part: Part, column: str, cutoff: datetime, storage: Storage) -> int:
    """The rows of the leading row groups that end before an instant."""
    rows = 0
    with pq.ParquetFile(storage.path(part.path)) as file:
        place = file.schema_arrow.names.index(column)
        for number in range(file.num_row_groups):
            group = file.metadata.row_group(number)
            known = group.column(place).statistics
            if known is None or not known.has_min_max or known.max >= cutoff:
                break
            rows += group.num_rows
    return min(rows, part.rows)


def _row_groups(parts: Sequence[Part], storage: Storage, schema: pa.Schema, skip: int) -> Iterator[pa.Table]:
    """The rows of all parts behind the first `skip`, in whole row groups but for the last."""
    held: list[pa.Table] = []
    count = 0
    for rows in _rows(parts, storage, schema):
        fresh = rows.slice(min(skip, len(rows)))
        skip -= len(rows) - len(fresh)
        held.append(fresh)
        count += len(fresh)
        while count >= ROW_GROUP:
            whole = pa.concat_tables(held)
            yield whole.slice(0, ROW_GROUP).combine_chunks()
            held, count = [whole.slice(ROW_GROUP)], count - ROW_GROUP
    yield pa.concat_tables(held).combine_chunks()


def _rows(parts: Sequence[Part], storage: Storage, schema: pa.Schema) -> Iterator[pa.Table]:
    for part in parts:
        with pq.ParquetFile(storage.path(part.path)) as file:
            for batch in first_rows(file.iter_batches(ROW_GROUP), part.rows):
                yield pa.Table.from_batches([batch]).select(schema.names).cast(schema)


def _schema(parts: Sequence[Part], storage: Storage) -> pa.Schema:
    """The schema of the newest part, its geometry described for all of them."""
    schemas = [pq.read_schema(storage.path(part.path)) for part in parts]
    described = [json.loads(each.metadata[b"geo"]) for each in schemas if b"geo" in (each.metadata or {})]
    if not described:
        return schemas[-1]
    geo = described[-1]
    places = [each["columns"][each["primary_column"]] for each in described]
    column = geo["columns"][geo["primary_column"]]
    column["geometry_types"] = sorted({kind for place in places for kind in place["geometry_types"]})
    whole = geometry.around([tuple(place["bbox"]) if "bbox" in place else None for place in places])
    if whole is not None:
        column["bbox"] = list(whole)
    said = {**schemas[-1].metadata, b"geo": json.dumps(geo, ensure_ascii=False).encode()}
    return schemas[-1].with_metadata(said)
