"""Build the row index of a snapshot: one SQLite file with the rows in place, made to be looked up."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalogue import geometry
from catalogue.geoparquet import covering_name
from catalogue.rows.engines.values import numbers, stored
from catalogue.rows.index import written
from catalogue.rows.index.few import Tally, may_be_codes
from catalogue.rows.index.packing import pack
from catalogue.rows.question.plan import ID_COLUMN
from catalogue.snapshots import ROW_GROUP, Parts, first_rows, time_column
from schemas.dataset import Column
from schemas.snapshot import Snapshot

CODES, ENTRIES = 4, 4_000_000
"""So many columns of few values get an index, or more where all of them have no more entries than that: each
costs 0.7 s and 20 MB for a million rows."""
SPREAD = 8
"""Values of a column above which it gets one with the time behind it as well, for 1 s and 30 MB; of fewer, a
walk along the times meets each soon enough."""

POINTS = 1
"""The version of an index whose places are points alone: a box of theirs is all there is to know."""

MOST_ROWS, MOST_PLACES = 20_000_000, 5_000_000
"""More are scanned: an index of them takes minutes to build, gigabytes of disk, and for places of memory."""

_IN_MEMORY = 1_000_000
"""Rows up to which sorting them in memory costs some 50 MB; beyond, SQLite sorts on disk."""
_TOGETHER = 100
_VARIABLES = 32_766  # of one statement, as SQLite ships

_SQL_TYPES = {"integer": "INTEGER", "number": "REAL", "boolean": "INTEGER", "time": "INTEGER"}
_OWN_TYPES = dict.fromkeys(geometry.CORNERS, "REAL") | dict.fromkeys(written.CELLS, "BLOB")
_FAST = (
    "page_size = 16384",
    "journal_mode = MEMORY",
    "synchronous = OFF",
    "locking_mode = EXCLUSIVE",
    "cache_size = -65536",
)


def worth_building(snapshot: Snapshot) -> bool:
    """Whether the rows are few enough for an index of them."""
    placed = geometry.geometry_column(snapshot.columns) is not None
    return snapshot.rows <= (MOST_PLACES if placed else MOST_ROWS)


def build(snapshot: Snapshot, storage: Parts, file: Path) -> None:
    """Write the index of a snapshot to `file`, which appears whole or not at all.

    Two that build at once write the same content; the later one replaces the earlier.
    """
    file.parent.mkdir(parents=True, exist_ok=True)
    partial = file.with_name(f".{secrets.token_hex(6)}.{file.name}")
    try:
        _build(snapshot, [storage.path(part.path) for part in snapshot.parts], partial)
        _sync(partial)
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _build(snapshot: Snapshot, parts: list[Path], file: Path) -> None:
    connection = sqlite3.connect(file, isolation_level=None)
    try:
        for pragma in (*_FAST, f"temp_store = {'MEMORY' if snapshot.rows <= _IN_MEMORY else 'FILE'}"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("BEGIN")
        few = _fill(connection, snapshot, parts)
        _index(connection, snapshot, few)
        connection.execute("PRAGMA analysis_limit = 1000")
        connection.execute("ANALYZE")
        connection.execute("COMMIT")
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, snapshot: Snapshot, parts: list[Path]) -> dict[str, int]:
    """Write all rows, and return how many values the text columns of few have, by their SQL names."""
    place = geometry.geometry_column(snapshot.columns)
    layout = _layout(snapshot)
    connection.execute(f"CREATE TABLE rows (pos INTEGER PRIMARY KEY, {_declared(snapshot, parts)})")
    connection.execute("CREATE TABLE shapes (pos INTEGER PRIMARY KEY, wkb BLOB)")
    tally = Tally({name: c for name, c in layout[1:] if c and may_be_codes(c)})
    corners = np.empty((snapshot.rows if place else 0, 4))
    position = 0
    for batch in _batches(snapshot, parts):
        cells = _cells(batch, snapshot)
        places = range(position, position + batch.num_rows)
        rows = zip(places, *(cells[name] for name, _ in layout), strict=True)
        _insert(connection, rows, 1 + len(layout))
        if place:
            here = corners[position : position + batch.num_rows]
            here[:] = np.array([cells[corner] for corner in geometry.CORNERS], np.float64).T
            _keep_shapes(connection, batch[place], here, position)
        position += batch.num_rows
        tally.add(batch)
    if place:
        connection.execute("CREATE VIRTUAL TABLE places USING rtree(id, xmin, xmax, ymin, ymax)")
        pack(connection, "places", corners)
        connection.execute(f"PRAGMA user_version = {POINTS if _are_points(corners) else 0}")
    return tally.store(connection)


def _are_points(corners: geometry.Floats) -> bool:
    return not _extended(corners).any()


def _extended(corners: geometry.Floats) -> npt.NDArray[np.bool_]:
    """Which boxes (n, 4) are more than a point."""
    found: npt.NDArray[np.bool_] = np.any(corners[:, :2] < corners[:, 2:], axis=1)
    return found


def _keep_shapes(connection: sqlite3.Connection, wkb: Any, corners: geometry.Floats, first: int) -> None:
    """Lines and areas as they are, in a table of their own: what is shown of them is rounded."""
    places = np.flatnonzero(_extended(corners))
    shapes = wkb.take(pa.array(places)).to_pylist()
    rows = zip((places + first).tolist(), shapes, strict=True)
    connection.executemany("INSERT INTO shapes VALUES (?, ?)", rows)


def _insert(connection: sqlite3.Connection, rows: Iterable[tuple[Any, ...]], width: int) -> None:
    """Insert rows of `width` values, many to a statement: a third faster than one by one."""
    together = width * max(1, min(_TOGETHER, _VARIABLES // width))
    one, flat = f"({', '.join('?' * width)})", chain.from_iterable(rows)
    while chunk := tuple(islice(flat, together)):
        rows_here = ", ".join([one] * (len(chunk) // width))
        connection.execute(f"INSERT INTO rows VALUES {rows_here}", chunk)  # noqa: S608


def _layout(snapshot: Snapshot) -> list[tuple[str, Column | None]]:
    """The columns of the table in order, long geometries last so that reading the others skips them."""
    named = [(f"c{i}", column) for i, column in enumerate(snapshot.columns)]
    shapes = [(name, column) for name, column in named if column.type == "geometry"]
    corners = [(corner, None) for corner in geometry.CORNERS] if shapes else []
    whole = [(cell, None) for cell in written.CELLS] if written.is_kept(snapshot) else []
    return [("id", ID_COLUMN), *(pair for pair in named if pair not in shapes), *corners, *whole, *shapes]


def _declared(snapshot: Snapshot, parts: list[Path]) -> str:
    """Column declarations; NOT NULL lets SQLite see that a unique index already is a whole order."""
    empty = _empty_cells(parts)
    declared = []
    for name, column in _layout(snapshot):
        kind = _SQL_TYPES.get(column.type, "TEXT") if column else _OWN_TYPES[name]
        full = column is not None and not empty.get(column.name, True)
        declared.append(f"{name} {kind}{' NOT NULL' if full else ''}")
    return ", ".join(declared)


def _empty_cells(parts: list[Path]) -> dict[str, bool]:
    """Whether a flat column holds a null anywhere, from the statistics of the files."""
    found: dict[str, bool] = {}
    for part in parts:
        metadata = pq.read_metadata(part)
        for group in range(metadata.num_row_groups):
            for index in range(metadata.num_columns):
                column = metadata.row_group(group).column(index)
                known = column.statistics is not None and column.statistics.has_null_count
                full = known and column.statistics.null_count == 0
                found[column.path_in_schema] = found.get(column.path_in_schema, False) or not full
    return found


def _batches(snapshot: Snapshot, parts: list[Path]) -> Iterator[pa.RecordBatch]:
    texts = [column.name for column in snapshot.columns if column.type == "text"]
    for part, path in zip(snapshot.parts, parts, strict=True):
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            yield from first_rows(file.iter_batches(ROW_GROUP), part.rows)


def _cells(batch: pa.RecordBatch, snapshot: Snapshot) -> dict[str, list[Any]]:
    """The values of rows by the SQL names of their columns, in any order."""
    cells = {name: stored(batch[column.name], column) for name, column in _layout(snapshot) if column}
    if geometry.geometry_column(snapshot.columns):
        boxes = batch[covering_name(snapshot.columns)]
        cells |= {corner: numbers(pc.struct_field(boxes, corner)) for corner in geometry.CORNERS}
    return cells | (written.cells(snapshot, cells) if written.is_kept(snapshot) else {})


def _index(connection: sqlite3.Connection, snapshot: Snapshot, few: dict[str, int]) -> None:
    """What is looked up: a row by its id, readings of a key by time, times, and columns of few values.

    Times are kept downwards: rows are asked for newest first, and those of one time by their place.
    """
    names = {column.name: name for name, column in _layout(snapshot) if column}
    when = time_column(snapshot.columns)
    keys = [names[c.name] for c in snapshot.columns if c.key and c is not when and c.type != "geometry"]
    _unique(connection, "by_id", "id")
    if keys:
        _unique(connection, "by_key", ", ".join(keys + ([names[when.name]] if when else [])))
    if when:
        connection.execute(f"CREATE INDEX by_time ON rows({names[when.name]} DESC)")
    # Of fewer values a walk meets each sooner.
    by_values = sorted(few, key=lambda name: -few[name])
    codes = [name for name in by_values if few[name] > 1 and name not in keys[:1]]
    for name in codes[: max(CODES, ENTRIES // max(snapshot.rows, 1))]:
        connection.execute(f"CREATE INDEX by_{name} ON rows({name})")
        if when and few[name] > SPREAD and names[when.name] != name:
            connection.execute(f"CREATE INDEX by_{name}_time ON rows({name}, {names[when.name]} DESC)")


def _unique(connection: sqlite3.Connection, label: str, columns: str) -> None:
    """An index, unique where the rows allow it: SQLite then knows that ties cannot be."""
    try:
        connection.execute(f"CREATE UNIQUE INDEX {label} ON rows({columns})")
    except sqlite3.IntegrityError:
        connection.execute(f"CREATE INDEX {label} ON rows({columns})")


def _sync(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())
