"""The latest row of each entity of a snapshot, kept as a small snapshot that is read as any other."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from threading import Lock

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalogue import snapshots
from catalogue.publication import Publication
from catalogue.rows import Rows
from catalogue.rows.engines import sql
from catalogue.rows.question.plan import Plan, plan
from catalogue.snapshots import Parts, time_column
from catalogue.storage import Storage
from schemas.arrow import arrow_schema
from schemas.conditions import Filter
from schemas.dataset import Column, Dataset, Text
from schemas.problem import BadInput, InputError
from schemas.query import RowQuery
from schemas.run import REJECTS
from schemas.snapshot import Part, Snapshot, within

MARK = "~current"
"""Behind the id of a snapshot, names that of its latest rows, in cursors too."""
INDEXED = 50_000
"""So many rows get an index when they are first asked for: that takes a third of a second."""
KEPT = 50
"""Files of one dataset that are kept, for walks that have begun and for the snapshots that follow."""
KNOWN = 256
CACHE = 2**28
"""Bytes of indexes that are kept."""
_NEVER = -(2**63)


class Latest:
    """Finds the latest rows of snapshots; what it writes to `folder` may be deleted at any time.

    Of a snapshot that grew by appends only the rows are looked at that came since another was asked for.
    Safe to share by threads and processes.
    """

    def __init__(self, storage: Parts, rows: Rows, folder: Path) -> None:
        self._storage, self._rows = storage, rows
        self._kept = Storage(folder)
        self._kept.path("parts").mkdir(parents=True, exist_ok=True)
        self._own = Rows(self._kept, folder / "rows", cache_bytes=CACHE)
        self._known: OrderedDict[str, Snapshot] = OrderedDict()
        self._making: dict[str, Lock] = {}
        self._lock = Lock()

    def of(self, snapshot: Snapshot) -> tuple[Rows, Snapshot]:
        """What to read for the latest rows of a snapshot, and where: itself, if each entity has one row.

        Raises BadInput for rows without a key, RowsTimeout, and FileNotFoundError when a part is gone.
        """
        entity, when = entity_and_time(snapshot)
        if when is None:
            return self._rows, snapshot
        with self._lock:
            making = self._making.setdefault(snapshot.dataset, Lock())
        with making:  # Of those who ask for one dataset at once, the others wait for what the first makes.
            found = self._known.get(snapshot.id)
            if found is None or not self._kept.path(found.parts[0].path).exists():
                found = self._made(snapshot, entity, when)
        with self._lock:
            self._known[snapshot.id] = found
            self._known.move_to_end(snapshot.id)
            while len(self._known) > KNOWN:
                self._known.popitem(last=False)
        return self._own, found

    def forget(self, snapshot_id: str) -> None:
        """Delete what is looked up of a snapshot that is kept no longer."""
        with self._lock:
            self._known.pop(snapshot_id, None)
        self._own.forget(f"{snapshot_id}{MARK}")

    def sweep(self, published: Collection[str]) -> None:
        """Delete the latest rows of datasets that are not published any more."""
        for path, _ in list(self._kept.files("parts")):
            if PurePosixPath(path).parts[1] not in published:
                self._kept.remove(path)

    def close(self) -> None:
        """Close all files."""
        self._own.close()

    def _made(self, snapshot: Snapshot, entity: Sequence[Column], when: Column) -> Snapshot:
        name = f"{snapshot.lineage or snapshot.id}.{snapshot.rows:012}"
        path = f"parts/{snapshot.dataset}/{name}/0.parquet"
        if not self._kept.path(path).exists():
            rows = self._latest(snapshot, entity, when)
            dataset = Dataset(snapshot.dataset, Text(), "", "", "")
            publication = Publication(dataset, snapshot.columns, rows, REJECTS.empty_table())
            snapshots.write(publication, self._kept, name, snapshot.created)
            self._tidy(snapshot.dataset)
        count = pq.read_metadata(self._kept.path(path)).num_rows
        part = Part(path, count, self._kept.path(path).stat().st_size)
        made = replace(snapshot, id=f"{snapshot.id}{MARK}", rows=count, parts=(part,), lineage=None)
        if count <= INDEXED:
            self._own.build(made)
        return made

    def _latest(self, snapshot: Snapshot, entity: Sequence[Column], when: Column) -> pa.Table:
        """The latest rows, from those of the longest snapshot that this one begins with and what follows."""
        schema = arrow_schema(snapshot.columns)
        former, first = self._former(snapshot, schema)
        places = None if first else self._late_places(snapshot, entity, when)
        if places is None:
            places = self._places(plan(snapshot, RowQuery()), entity, when, first)
        fresh = self._rows.scanner.rows(snapshot, sorted(places))
        return _newest(pa.concat_tables([former, fresh.select(schema.names).cast(schema)]), entity, when)

    def _places(self, asked: Plan, entity: Sequence[Column], when: Column, first: int = 0) -> list[int]:
        """Where the latest row of each entity is, of the rows asked for from a position on."""
        snapshot = asked.snapshot
        names = [sql.name(snapshot, column) for column in entity]
        time = f"coalesce(epoch_us({sql.name(snapshot, when)}), {_NEVER})"
        if when.type == "date":
            time = f"coalesce(epoch_us(CAST({sql.name(snapshot, when)} AS TIMESTAMP)), {_NEVER})"
        by = f"GROUP BY {', '.join(names)}" if names else ""
        found = self._rows.scanner.over(asked, f"arg_max(pos, {time})", by, first=first)
        return [place for (place,) in found if place is not None]

    def _late_places(self, snapshot: Snapshot, entity: Sequence[Column], when: Column) -> list[int] | None:
        """The same of all rows, found in the few since the newest part begins; None where there are many, or
        some entity has no row since then."""
        since = _newest_part(snapshot)
        late = sum(part.rows for part in snapshot.parts if within(part.period, since, None))
        if since is None or when.type != "time" or not entity or late > snapshot.rows / 2:
            return None
        asked = plan(snapshot, RowQuery((Filter(when.name, "gte", since),)))
        places = self._places(asked, entity, when)
        if len(places) > INDEXED:
            return None
        names = ", ".join(sql.name(snapshot, column) for column in entity)
        everything, limit = plan(snapshot, RowQuery()), f"LIMIT {len(places) + 1}"
        entities = self._rows.scanner.over(everything, f"DISTINCT {names}", limit)
        return places if len(entities) == len(places) else None

    def _former(self, snapshot: Snapshot, schema: pa.Schema) -> tuple[pa.Table, int]:
        """The latest rows of a snapshot that is the beginning of this one, and how many rows that has."""
        folder = self._kept.path(f"parts/{snapshot.dataset}")
        for made in sorted(folder.glob(f"{snapshot.lineage}.*/0.parquet"), reverse=True):
            rows = int(made.parent.name.rpartition(".")[2])
            if rows <= snapshot.rows:
                table = pq.read_table(made)
                if set(schema.names) <= set(table.schema.names):
                    return table.select(schema.names).cast(schema), rows
        return schema.empty_table(), 0

    def _tidy(self, dataset: str) -> None:
        files = sorted(self._kept.files(f"parts/{dataset}"), key=lambda file: file[1])
        for path, _ in files[:-KEPT]:
            self._kept.remove(path)


def entity_and_time(snapshot: Snapshot) -> tuple[list[Column], Column | None]:
    """The key columns that name what rows are of, and the one that says when; None where a key is one row.

    Raises BadInput for rows without a key.
    """
    keys = [column for column in snapshot.columns if column.key]
    if not keys:
        hint = "read its rows; a feed names a key to say which rows are of the same thing"
        what = "has no key, so no row is the latest of its kind"
        raise BadInput([InputError(snapshot.dataset, what, hint)])
    when = time_column(snapshot.columns)
    if when is None or when not in keys:
        return keys, None
    return [column for column in keys if column is not when], when


def _newest_part(snapshot: Snapshot) -> datetime | None:
    """When the rows of the part begin that ends last."""
    periods = [part.period for part in snapshot.parts if part.period]
    spans = [(end, start) for start, end in periods if start and end]
    return max(spans)[1] if spans else None


def _newest(rows: pa.Table, entity: Sequence[Column], when: Column) -> pa.Table:
    """The last row of each entity by time; of two at one time the later in `rows`."""
    if not len(rows):
        return rows
    names = [column.name for column in entity]
    places = rows.select([*names, when.name]).append_column("", pa.array(range(len(rows))))
    keys = [(name, "ascending", "at_start") for name in places.column_names]
    order = pc.sort_indices(places, sort_keys=keys)
    rows = rows.take(order)
    last = np.ones(len(rows), bool)
    last[:-1] = False
    for name in names:
        last[:-1] |= pc.not_equal(rows[name][1:], rows[name][:-1]).to_numpy(zero_copy_only=False)
    return rows.filter(pa.array(last))
