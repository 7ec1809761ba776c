"""A feed: what a steward writes about a source, as read from its TOML file."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, get_args

from marshmallow import Schema, ValidationError, fields, post_load, validate, validates_schema

from schemas.dataset import BBox, Text, TextSchema

Contract = Literal["discard_row", "discard_value", "freeze", "evolve"]
Mode = Literal["replace", "append"]
AS_PUBLISHED = "as-published"
CATALOGUE_ENTRY = "catalogue_entry"
FEED_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,99}")
ENTRY_COLUMNS = (
    "identifier",
    "title",
    "title_en",
    "description",
    "description_en",
    "publisher",
    "themes",
    "keywords",
    "licence",
    "formats",
    "landing_page",
    "extent",
    "created",
    "updated",
)
"""What a row of a `catalogue_entry` feed may say of the dataset it describes, named as in Dataset.

`title_en` and `description_en` stand beside a Korean title and description. `extent` is west, south, east,
north in degrees, parted by commas. A list is JSON, or words parted by commas, semicolons or bars."""

_DURATION = re.compile(r"\s*(\d{1,6})\s*([smhdw])\s*")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True)
class SourceSpec:
    """Where the bytes are: `kind` names a module of harvesters.sources, `options` are that kind's."""

    kind: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class FormatSpec:
    """How the bytes are written; what is None is detected.

    `records` is the path of the repeated element in JSON or XML (`response/body/items/item`), `where`
    names a member that an item must hold to be a row of this feed, `header` is the line or sheet row
    (from 1) that holds the column names, `static` the feed of the timetable that a live message refers to.
    """

    kind: str | None = None
    encoding: str | None = None
    crs: str | None = None
    x: str | None = None
    y: str | None = None
    delimiter: str | None = None
    header: int | None = None
    sheet: str | None = None
    layer: str | None = None
    member: str | None = None
    records: str | None = None
    where: str | None = None
    static: str | None = None


@dataclass(frozen=True)
class ScheduleSpec:
    """When the feed is due: a cron line of five fields in the city's zone, or an interval.

    With `slowest` the interval grows up to it while the source brings nothing new, and shrinks to
    `every` when it does.
    """

    cron: str | None = None
    every: timedelta | None = None
    slowest: timedelta | None = None


@dataclass(frozen=True)
class DeletionsSpec:
    """What may vanish: more than `share` of the named rows, or more than `rows` of them, waits for a
    steward. What vanished stays published for `grace`; None leaves it to the kind of feed. Of a feed that
    appends, rows go when their time is longer ago than `after`; None keeps them all."""

    share: float = 0.2
    rows: int = 50
    grace: timedelta | None = None
    after: timedelta | None = None


@dataclass(frozen=True)
class NotifySpec:
    """Who is told when the state of the feed changes: addresses of mail, and of webhooks."""

    email: tuple[str, ...] = ()
    webhook: tuple[str, ...] = ()


@dataclass(frozen=True)
class Feed:
    """A source, how to read it, when, under which licence, to which record schema and contract.

    `columns` maps our names to theirs, "" for a column to be left empty; `units` names the units of their
    columns by our names. `headings` are what else the columns of its record are called, beside the feed's
    folder: those that are looked for first in front. With `mode`
    append each run adds its rows to those published before. `expect` is how often new data is promised,
    `review` has every change wait for a steward. `folder` is where the feed's file lies; relative paths of
    its source start there.
    """

    id: str
    title: Text
    publisher: str
    licence: str
    source: SourceSpec
    description: Text = field(default_factory=Text)
    keywords: tuple[str, ...] = ()
    themes: tuple[str, ...] = ()
    record: str = AS_PUBLISHED
    key: tuple[str, ...] = ()
    time: str | None = None
    contract: Contract = "discard_row"
    reject_limit: float = 0.05
    keep: timedelta = timedelta(days=30)
    extent: BBox | None = None
    format: FormatSpec = field(default_factory=FormatSpec)
    schedule: ScheduleSpec | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    mode: Mode = "replace"
    expect: timedelta | None = None
    review: bool = False
    deletions: DeletionsSpec = field(default_factory=DeletionsSpec)
    notify: NotifySpec = field(default_factory=NotifySpec)
    headings: Mapping[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    folder: Path = Path()


class Duration(fields.Field[timedelta]):
    """A length of time written as a whole number and a unit: `30s`, `5m`, `6h`, `30d`, `4w`."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> timedelta:
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if not match or int(match[1]) == 0:
            raise ValidationError("takes a number and a unit such as '30s', '5m', '6h' or '30d'")
        return timedelta(**{_UNITS[match[2]]: int(match[1])})


class SourceSpecSchema(Schema):
    """Takes any option; the loader checks them against the kind's own list."""

    class Meta:
        unknown = "include"

    kind = fields.String(required=True)

    @post_load
    def build(self, data: dict[str, Any], **kwargs: Any) -> SourceSpec:
        return SourceSpec(kind=data.pop("kind"), options=data)


class FormatSpecSchema(Schema):
    kind = fields.String()
    encoding = fields.String()
    crs = fields.String()
    x = fields.String()
    y = fields.String()
    delimiter = fields.String(validate=validate.Length(equal=1))
    header = fields.Integer(strict=True, validate=validate.Range(min=1))
    sheet = fields.String()
    layer = fields.String()
    member = fields.String()
    records = fields.String()
    where = fields.String()
    static = fields.String(validate=validate.Regexp(FEED_ID))

    @post_load
    def build(self, data: dict[str, Any], **kwargs: Any) -> FormatSpec:
        return FormatSpec(**data)


class ScheduleSpecSchema(Schema):
    cron = fields.String()
    every = Duration()
    slowest = Duration()

    @validates_schema
    def one_of_them(self, data: dict[str, Any], **kwargs: Any) -> None:
        if ("cron" in data) == ("every" in data):
            raise ValidationError('takes either cron = "30 4 * * *" or every = "5m"', "cron")
        if "slowest" in data and data["slowest"] < data.get("every", timedelta.max):
            raise ValidationError("takes a time longer than every, and needs every", "slowest")

    @post_load
    def build(self, data: dict[str, Any], **kwargs: Any) -> ScheduleSpec:
        return ScheduleSpec(**data)


class DeletionsSpecSchema(Schema):
    share = fields.Float(validate=validate.Range(min=0, max=1))
    rows = fields.Integer(strict=True, validate=validate.Range(min=0))
    grace = Duration()
    after = Duration()

    @post_load
    def build(self, data: dict[str, Any], **kwargs: Any) -> DeletionsSpec:
        return DeletionsSpec(**data)


class NotifySpecSchema(Schema):
    email = fields.List(fields.Email())
    webhook = fields.List(fields.String())

    @post_load
    def build(self, data: dict[str, Any], **kwargs: Any) -> NotifySpec:
        return NotifySpec(**{name: tuple(values) for name, values in data.items()})


class FeedSchema(Schema):
    """The lines of a feed file; its id is the file's name."""

    title = fields.Nested(TextSchema, required=True)
    description = fields.Nested(TextSchema)
    keywords = fields.List(fields.String())
    publisher = fields.String(required=True, validate=validate.Length(min=1))
    licence = fields.String(required=True, validate=validate.Length(min=1))
    themes = fields.List(fields.String())
    record = fields.String()
    key = fields.List(fields.String())
    time = fields.String()
    contract = fields.String(validate=validate.OneOf(get_args(Contract)))
    reject_limit = fields.Float(validate=validate.Range(min=0, max=1))
    keep = Duration()
    extent = fields.List(fields.Float(), validate=validate.Length(equal=4))
    source = fields.Nested(SourceSpecSchema, required=True)
    format = fields.Nested(FormatSpecSchema)
    schedule = fields.Nested(ScheduleSpecSchema)
    columns = fields.Dict(keys=fields.String(), values=fields.String())
    units = fields.Dict(keys=fields.String(), values=fields.String())
    mode = fields.String(validate=validate.OneOf(get_args(Mode)))
    expect = Duration()
    review = fields.Boolean(truthy={True}, falsy={False})
    deletions = fields.Nested(DeletionsSpecSchema)
    notify = fields.Nested(NotifySpecSchema)

    @validates_schema
    def plausible(self, data: dict[str, Any], **kwargs: Any) -> None:
        if not any(data["title"].values()):
            raise ValidationError("needs ko or en", "title")
        if "extent" in data and not _is_extent(data["extent"]):
            raise ValidationError("takes west, south, east, north in degrees", "extent")
        if "deletions" in data and data["deletions"].after and data.get("mode") != "append":
            raise ValidationError('after is for feeds with mode = "append"', "deletions")

    @post_load
    def tuples(self, data: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        for name in ("title", "description"):
            if name in data:
                data[name] = Text(**data[name])
        for name in ("keywords", "themes", "key", "extent"):
            if name in data:
                data[name] = tuple(data[name])
        return data


def _is_extent(values: list[float]) -> bool:
    west, south, east, north = values
    return -180 <= west <= 180 and -180 <= east <= 180 and -90 <= south < north <= 90
