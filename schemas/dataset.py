"""A dataset as the catalogue describes it, and the columns of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from marshmallow import Schema, fields

ColumnType = Literal["text", "integer", "number", "boolean", "date", "time", "geometry"]
COLUMN_TYPES: tuple[ColumnType, ...] = (
    "text",
    "integer",
    "number",
    "boolean",
    "date",
    "time",
    "geometry",
)
Role = Literal["key", "time", "geometry", "code"]
Semantic = Literal[
    "legal_dong_code",
    "admin_dong_code",
    "district_code",
    "province_code",
    "phone",
    "business_number",
    "postcode",
    "road_address",
    "lot_address",
    "ars_id",
    "link_id",
    "node_id",
    "road_code",
    "parcel_code",
    "building_code",
    "email",
    "url",
]
"""What the values of a column name, recognised by heading and values."""
BBox = tuple[float, float, float, float]
"""West, south, east, north in degrees, OGC:CRS84; west > east crosses the antimeridian."""


@dataclass(frozen=True)
class Text:
    """The same words in Korean and English; either may be missing, not both."""

    ko: str | None = None
    en: str | None = None

    def __str__(self) -> str:
        return self.ko or self.en or ""

    def best(self, language: str) -> str:
        """The words in `language`, or in the other one where they are missing."""
        first, second = (self.en, self.ko) if language == "en" else (self.ko, self.en)
        return first or second or ""


@dataclass(frozen=True)
class Column:
    """One column of a dataset's rows.

    `type` is one of COLUMN_TYPES: `time` is an instant (microseconds, UTC), `geometry` is WKB in
    OGC:CRS84. `unit` is a UCUM code such as `km/h`, `ug/m3`, `kWh`. `codes` gives the meaning of each
    value of a code list, `semantic` says what its values name.
    """

    name: str
    type: ColumnType
    title: Text = field(default_factory=Text)
    unit: str | None = None
    key: bool = False
    role: Role | None = None
    codes: Mapping[str, Text] | None = None
    required: bool = False
    semantic: Semantic | None = None


@dataclass(frozen=True)
class Dataset:
    """What the catalogue says of a dataset; an entry of another catalogue has no rows (`rows` None).

    One that a steward has `archived` is read as before, and updated no more.
    """

    id: str
    title: Text
    publisher: str
    licence: str
    feed: str
    identifier: str | None = None
    description: Text = field(default_factory=Text)
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    landing_page: str | None = None
    created: datetime | None = None
    updated: datetime | None = None
    rows: int | None = None
    bbox: BBox | None = None
    period: tuple[datetime | None, datetime | None] | None = None
    snapshot: str | None = None
    source_crs: str | None = None
    archived: datetime | None = None


class TextSchema(Schema):
    ko = fields.String(allow_none=True)
    en = fields.String(allow_none=True)


class ColumnSchema(Schema):
    name = fields.String(required=True)
    type = fields.String(required=True)
    title = fields.Nested(TextSchema)
    unit = fields.String(allow_none=True)
    key = fields.Boolean()
    role = fields.String(allow_none=True)
    codes = fields.Dict(keys=fields.String(), values=fields.Nested(TextSchema), allow_none=True)
    required = fields.Boolean()
    semantic = fields.String(allow_none=True)


class DatasetSchema(Schema):
    id = fields.String(required=True)
    title = fields.Nested(TextSchema, required=True)
    publisher = fields.String(required=True)
    licence = fields.String(required=True)
    feed = fields.String(required=True)
    identifier = fields.String(allow_none=True)
    description = fields.Nested(TextSchema)
    keywords = fields.List(fields.String())
    themes = fields.List(fields.String())
    formats = fields.List(fields.String())
    landing_page = fields.String(allow_none=True)
    created = fields.AwareDateTime(allow_none=True, format="iso")
    updated = fields.AwareDateTime(allow_none=True, format="iso")
    rows = fields.Integer(allow_none=True)
    bbox = fields.List(fields.Float(), allow_none=True)
    period = fields.List(fields.AwareDateTime(allow_none=True, format="iso"), allow_none=True)
    snapshot = fields.String(allow_none=True)
    source_crs = fields.String(allow_none=True)
    archived = fields.AwareDateTime(allow_none=True, format="iso")
