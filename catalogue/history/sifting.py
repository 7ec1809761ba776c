"""Tell the rows of an append that are new from those that are published already."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from catalogue.publication import Publication, pieces_of
from catalogue.snapshots import Parts, finite
from schemas.arrow import ID, arrow_schema
from schemas.dataset import Column
from schemas.run import REJECTS
from schemas.snapshot import Part, Snapshot, within

DIFFERS = "differs_from_published"


@dataclass
class Sifter:
    """Lets new rows through, counts those `again` that are published as they are, and keeps those that say
    something else (`differing`, as schemas.run.REJECTS): what is published is not changed by an append.

    Rows without a key are named by their place in the source, which says nothing from one run to the next:
    theirs are new each time, and named `prefix` and place.
    """

    former: Snapshot | None
    publication: Publication
    prefix: str
    storage: Parts
    again: int = 0
    differing: list[pa.Table] = field(default_factory=list)

    def pieces(self) -> Iterator[pa.Table]:
        """The new rows, piece by piece, with the schema of the publication."""
        columns = self.publication.columns
        keys = [column for column in columns if column.key]
        for piece in pieces_of(self.publication.rows):
            if not keys:
                ids = pc.binary_join_element_wise(self.prefix, piece[ID], ".")
                yield piece.set_column(0, arrow_schema(columns).field(0), ids)
            elif self.former is None or not len(piece):
                yield piece
            else:
                yield self._fresh(piece, self.former, keys)

    def _fresh(self, piece: pa.Table, former: Snapshot, keys: list[Column]) -> pa.Table:
        known = published(former, piece, keys, self.storage)
        if not len(known):
            return piece
        places = pc.index_in(piece[ID], known[ID].combine_chunks())
        again = pc.is_valid(places)
        both = finite(piece.filter(again))
        stood = known.take(places.filter(again).combine_chunks())
        differs = _differs(both, stood)
        odd = both.filter(differs)
        self.again += len(both) - len(odd)
        if len(odd):
            self.differing.append(_rejects(odd, keys))
        return piece.filter(pc.invert(again))


def published(former: Snapshot, piece: pa.Table, keys: list[Column], storage: Parts) -> pa.Table:
    """The published rows that bear an id of these rows.

    Only row groups are read that may hold one, by time where times are a part of the key: readings of now
    cost no look at those of yesterday.
    """
    column = next((key.name for key in keys if key.type in ("time", "date")), ID)
    ends = pc.min_max(piece[column]).as_py()
    low, high = ends["min"], ends["max"]
    ids = piece[ID].combine_chunks()
    found = [arrow_schema(former.columns).empty_table()]
    for part in former.parts:
        if column == ID or within(part.period, _instant(low), _instant(high)):
            found += _matching(part, ids, (column, low, high), storage, found[0].schema)
    return pa.concat_tables(found)


def _matching(
    part: Part, ids: pa.Array, bounds: tuple[str, Any, Any], storage: Parts, schema: pa.Schema
) -> Iterator[pa.Table]:
    with pq.ParquetFile(storage.path(part.path)) as file:
        left = part.rows
        for group in range(file.num_row_groups):
            rows = min(left, file.metadata.row_group(group).num_rows)
            left -= rows
            if not rows or not _overlaps(file.metadata.row_group(group), *bounds):
                continue
            named = pc.is_in(file.read_row_group(group, columns=[ID])[ID].slice(0, rows), ids)
            if pc.any(named).as_py():
                whole = file.read_row_group(group, columns=schema.names).slice(0, rows)
                yield whole.filter(named).select(schema.names).cast(schema)


def _overlaps(group: Any, column: str, low: Any, high: Any) -> bool:
    """Whether a row group may hold a value between two, by its statistics."""
    for place in range(group.num_columns):
        described = group.column(place)
        if described.path_in_schema == column:
            known = described.statistics
            return known is None or not known.has_min_max or (known.min <= high and known.max >= low)
    return True


def _differs(rows: pa.Table, stood: pa.Table) -> pa.ChunkedArray:
    """Which rows say something else than those that stand, in the columns that both have in one type."""
    differs = pa.chunked_array([pa.repeat(False, len(rows))])
    for name in rows.schema.names:
        if name in stood.schema.names and rows.schema.field(name).type == stood.schema.field(name).type:
            one, other = rows[name], stood[name]
            unlike = pc.fill_null(pc.not_equal(one, other), pc.not_equal(pc.is_null(one), pc.is_null(other)))
            differs = pc.or_(differs, unlike)
    return differs


def _rejects(rows: pa.Table, keys: list[Column]) -> pa.Table:
    count = len(rows)
    values = {
        "line": pa.nulls(count, pa.int64()),
        "scope": ["row"] * count,
        "column": ["~".join(key.name for key in keys)] * count,
        "value": rows[ID],
        "reason": [DIFFERS] * count,
        "detail": ["a row of this key is published with other values, and an append changes none"] * count,
    }
    return pa.table(values, schema=REJECTS)


def _instant(value: date | datetime | None) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), UTC)
