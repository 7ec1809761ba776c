"""What can be asked: datasets by words and facets, rows by filters, box, order and cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from schemas.conditions import Condition
from schemas.dataset import BBox, Column, Dataset

Sort = Literal["relevance", "updated", "title", "rows"]
FACETS = ("theme", "publisher", "format", "licence")


@dataclass(frozen=True)
class Order:
    """Nulls come last in both directions."""

    column: str
    descending: bool = False


@dataclass(frozen=True)
class Join:
    """Columns of another dataset beside each row, where its column `on` equals our column `column`.

    They are shown as `DATASET.COLUMN`, null where the other has no such row; it must be unique there.
    Without `column` and `on` they are the columns that name the same in both. The other is read as its
    `snapshot` has it, the current one where none is named.
    """

    dataset: str
    column: str | None = None
    on: str | None = None
    select: tuple[str, ...] | None = None
    snapshot: str | None = None


@dataclass(frozen=True)
class RowQuery:
    """Rows of one snapshot. Filters are ANDed; ties are broken by the row's place in the snapshot.

    `offset` skips rows of the page's start, as `cursor` does at less cost; only one of them is given.
    With `written`, whole rows may come as the JSON that is kept of them: the page tells whether they do.
    """

    filters: tuple[Condition, ...] = ()
    bbox: BBox | None = None
    select: tuple[str, ...] | None = None
    order: tuple[Order, ...] = ()
    limit: int = 100
    offset: int = 0
    cursor: str | None = None
    count: bool = False
    snapshot: str | None = None
    as_of: datetime | None = None
    join: Join | None = None
    written: bool = False


@dataclass(frozen=True)
class NearestQuery:
    """The `k` rows nearest to a point, at most `max_m` metres from it, nearest first.

    `rows` says which rows and columns; its order, page and count are not looked at.
    """

    lon: float
    lat: float
    k: int = 10
    max_m: float | None = None
    rows: RowQuery = RowQuery()


Function = Literal["count", "sum", "avg", "min", "max", "median", "percentile", "distinct"]


@dataclass(frozen=True)
class Measure:
    """One figure of a group, shown as `name`; percentile takes a `share` from 0 to 1.

    Nulls are left out: count counts the values of its column, or the rows where it has none; the figure of
    no values is null, but their count and distinct are 0.
    """

    name: str
    function: Function
    column: str | None = None
    share: float | None = None


Calendar = Literal["week", "month", "quarter", "year"]
Fill = Literal["null", "previous"]


@dataclass(frozen=True)
class Bucket:
    """Spans of time of a column, shown by their start in the city's zone.

    `every` is a number of seconds, or a unit of the calendar that has no fixed number of them; weeks begin on
    Monday. With `fill`, spans without rows between the first and the last that any group has are shown too,
    for each group: their counts 0, their other figures null, or what they were in the span before.
    """

    column: str
    every: int | Calendar
    fill: Fill | None = None


PartName = Literal["year", "month", "week", "day", "weekday", "hour", "minute", "second"]
"""Parts of a time by the clock of the city; weeks are those of ISO 8601, weekdays go from 0, a Sunday."""


@dataclass(frozen=True)
class GroupQuery:
    """Figures of groups of rows: those of the same values of `groups`, in one bucket.

    Without any of these all rows are one group. Order names groups, `bucket` or measures, nulls last; ties
    and what is not ordered follow the groups, then the bucket. `rows` says which rows; its columns, order,
    page and count are not looked at.
    """

    measures: tuple[Measure, ...]
    groups: tuple[str, ...] = ()
    bucket: Bucket | None = None
    order: tuple[Order, ...] = ()
    limit: int = 1_000
    rows: RowQuery = RowQuery()


@dataclass(frozen=True)
class GroupPage:
    """Groups as rows of shown values, described by `columns`; `truncated` tells that there are more."""

    snapshot: str
    columns: tuple[Column, ...]
    values: list[tuple[object, ...]]
    truncated: bool


@dataclass(frozen=True)
class FacetQuery:
    """How often the most frequent values of columns are, among the rows that `rows` asks for."""

    columns: tuple[str, ...]
    limit: int = 10
    rows: RowQuery = RowQuery()


@dataclass(frozen=True)
class Facet:
    """Shown values with the number of their rows, most frequent first.

    `other` rows have another value, `missing` rows have none.
    """

    values: tuple[tuple[object, int], ...]
    other: int
    missing: int


@dataclass(frozen=True)
class FacetPage:
    """The facets of columns by their names; `count` rows were looked at."""

    snapshot: str
    count: int
    facets: Mapping[str, Facet]


@dataclass(frozen=True)
class RowPage:
    """A page of rows, ready to be written as JSON.

    `names` starts with `_id`; `values` holds one tuple a row in that order: str, int, float, bool, None,
    a date or an RFC 3339 instant as str, a geometry as GeoJSON text (str). `columns` describes the
    columns of `names` without `_id`. `next` is the cursor of the page that follows, None on the last.

    Rows that are `written` are of four values instead: `_id` as str, and as JSON in bytes the members of the
    columns ahead of the geometry that places the row, a comma before each, that geometry, None for nothing,
    and the members behind it.
    """

    snapshot: str
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    values: list[tuple[object, ...]]
    next: str | None = None
    count: int | None = None
    written: bool = False


@dataclass(frozen=True)
class SearchQuery:
    """Datasets that hold every word of `q`, lie in `bbox` and in the time from `start` to `end`.

    Values within one facet filter are alternatives; the facets are ANDed.
    """

    q: str = ""
    themes: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    bbox: BBox | None = None
    start: datetime | None = None
    end: datetime | None = None
    sort: Sort = "relevance"
    limit: int = 20
    offset: int = 0
    facets: tuple[str, ...] = ()


@dataclass(frozen=True)
class FacetCount:
    value: str
    count: int


@dataclass(frozen=True)
class Hit:
    """A dataset found; `highlight` maps title or description to HTML-escaped text with <em> marks."""

    dataset: Dataset
    score: float | None = None
    highlight: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class SearchPage:
    """`total` counts all datasets found, beyond this page."""

    total: int
    hits: tuple[Hit, ...]
    facets: Mapping[str, tuple[FacetCount, ...]] = field(default_factory=dict)
