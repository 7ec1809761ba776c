"""An immutable version of a dataset: Parquet parts and the manifest that names them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from marshmallow import Schema, fields

from schemas.dataset import BBox, Column, ColumnSchema

Period = tuple[datetime | None, datetime | None]
"""First and last instant of some rows."""


def within(period: Period | None, start: datetime | None, end: datetime | None) -> bool:
    """Whether rows of that period may lie between two instants; what is not known may."""
    if period is None or period[0] is None or period[1] is None:
        return True
    return (end is None or period[0] <= end) and (start is None or period[1] >= start)


@dataclass(frozen=True)
class Part:
    """One Parquet file of a snapshot; `path` is relative to the storage root.

    With `head` the snapshot holds only the first `rows` of the file. `period` is that of its rows where the
    dataset grows by appends, so that files of other times need not be opened.
    """

    path: str
    rows: int
    bytes: int
    head: bool = False
    period: Period | None = None


@dataclass(frozen=True)
class Snapshot:
    """One version; row positions count through `parts` in order, from 0.

    Snapshots of one `lineage` grew by appends alone: each begins with the rows of all before it.
    """

    id: str
    dataset: str
    created: datetime
    rows: int
    bytes: int
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    run: str | None = None
    bbox: BBox | None = None
    period: Period | None = None
    source_crs: str | None = None
    lineage: str | None = None
    replaced: datetime | None = None

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Where each column stands in `columns`, by its name."""
        return {column.name: place for place, column in enumerate(self.columns)}


class PartSchema(Schema):
    path = fields.String(required=True)
    rows = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    head = fields.Boolean()
    period = fields.List(fields.AwareDateTime(allow_none=True, format="iso"), allow_none=True)


class SnapshotSchema(Schema):
    id = fields.String(required=True)
    dataset = fields.String(required=True)
    created = fields.AwareDateTime(required=True, format="iso")
    rows = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    columns = fields.List(fields.Nested(ColumnSchema), required=True)
    parts = fields.List(fields.Nested(PartSchema), required=True)
    run = fields.String(allow_none=True)
    bbox = fields.List(fields.Float(), allow_none=True)
    period = fields.List(fields.AwareDateTime(allow_none=True, format="iso"), allow_none=True)
    source_crs = fields.String(allow_none=True)
    lineage = fields.String(allow_none=True)
    replaced = fields.AwareDateTime(allow_none=True, format="iso")
