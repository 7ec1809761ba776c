"""Hold a live message of public transport against the timetable that is in force while it comes in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pyarrow as pa
import pyarrow.compute as pc

from catalogue import Catalogue
from catalogue.errors import NoRows, UnknownDataset
from harvesters.datasets import dataset_id
from harvesters.faults import FeedMisconfigured
from harvesters.formats import Parsed
from schemas.conditions import Filter
from schemas.feed import Feed
from schemas.query import RowQuery
from schemas.snapshot import Snapshot

PINNED = "static_snapshot"
"""The column that names the snapshot of the timetable's trips by which a row is to be understood."""

_REFERENCES = {"trip_id": "trips", "route_id": "routes", "stop_id": "stops"}
# Such trips run beside the timetable: it need not know them.
_BESIDE = ("ADDED", "NEW", "UNSCHEDULED", "REPLACEMENT", "DUPLICATED")
_AT_ONCE = 2_000


def pinned(tables: list[Parsed], feed: Feed, catalogue: Catalogue) -> list[Parsed]:
    """The tables; where the feed names a timetable, its current snapshot stands in `static_snapshot`.

    Ids that the timetable does not have are counted in the repairs (`unknown_trip_id`, ...). Raises
    FeedMisconfigured where that timetable is not published.
    """
    if feed.format.static is None:
        return tables
    snapshots = {
        column: _current(feed.format.static, name, catalogue) for column, name in _REFERENCES.items()
    }
    return [_pinned(each, snapshots, catalogue) for each in tables]


def _current(static: str, table: str, catalogue: Catalogue) -> Snapshot:
    dataset = dataset_id(static, table)
    try:
        return catalogue.snapshot(dataset)
    except (UnknownDataset, NoRows):
        raise FeedMisconfigured(
            f"[format] static = {static!r}: there is no timetable, {dataset} is not published",
            "harvest it first, whole: its feed must not choose a layer",
        ) from None


def _pinned(parsed: Parsed, snapshots: dict[str, Snapshot], catalogue: Catalogue) -> Parsed:
    unknown = {
        f"unknown_{column}": count
        for column, snapshot in snapshots.items()
        if column in parsed.table.column_names
        and (count := len(_unknown(parsed.table, column, snapshot, catalogue)))
    }
    named = pa.array([snapshots["trip_id"].id] * len(parsed.table), pa.string())
    table = parsed.table.append_column(PINNED, named)
    return replace(parsed, table=table, repairs={**parsed.repairs, **unknown})


def _unknown(table: pa.Table, column: str, snapshot: Snapshot, catalogue: Catalogue) -> set[str]:
    """The ids of a column that the timetable does not have."""
    if column == "trip_id" and "relationship" in table.column_names:
        beside = pc.is_in(table["relationship"], pa.array(_BESIDE))
        table = table.filter(pc.invert(beside))
    asked = set(pc.unique(table[column]).drop_null().to_pylist())
    return asked - set(_known(sorted(asked), column, snapshot, catalogue))


def _known(ids: list[str], column: str, snapshot: Snapshot, catalogue: Catalogue) -> Iterator[str]:
    for at in range(0, len(ids), _AT_ONCE):
        some = Filter(column, "in", tuple(ids[at : at + _AT_ONCE]))
        query = RowQuery(filters=(some,), select=(column,), limit=10_000)
        page = catalogue.rows_of(snapshot, query)
        yield from (str(row[page.names.index(column)]) for row in page.values)
