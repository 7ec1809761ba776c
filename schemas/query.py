"""What can be asked: datasets by words and facets, rows by filters, box, order and cursor."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from schemas.dataset import BBox, Column, Dataset

Operator = Literal["eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "startswith", "isnull"]
Value = str | int | float | bool | datetime | None
"""Filter values by column type: text str, integer int, number float, boolean bool, date an ISO str,
time an aware datetime; isnull takes bool; in takes a tuple of them."""

Sort = Literal["relevance", "updated", "title", "rows"]
FACETS = ("theme", "publisher", "format", "licence")


@dataclass(frozen=True)
class Filter:
    """One condition on a column. A null never satisfies any operator but isnull."""

    column: str
    operator: Operator
    value: Value | tuple[Value, ...]


@dataclass(frozen=True)
class Order:
    """Nulls come last in both directions."""

    column: str
    descending: bool = False


@dataclass(frozen=True)
class RowQuery:
    """Rows of one snapshot. Filters are ANDed; ties are broken by the row's place in the snapshot."""

    filters: tuple[Filter, ...] = ()
    bbox: BBox | None = None
    select: tuple[str, ...] | None = None
    order: tuple[Order, ...] = ()
    limit: int = 100
    cursor: str | None = None
    count: bool = False
    snapshot: str | None = None
    as_of: datetime | None = None


@dataclass(frozen=True)
class RowPage:
    """A page of rows, ready to be written as JSON.

    `names` starts with `_id`; `values` holds one tuple a row in that order: str, int, float, bool, None,
    a date or an RFC 3339 instant as str, a geometry as GeoJSON text (str). `columns` describes the
    columns of `names` without `_id`. `next` is the cursor of the page that follows, None on the last.
    """

    snapshot: str
    columns: tuple[Column, ...]
    names: tuple[str, ...]
    values: list[tuple[object, ...]]
    next: str | None = None
    count: int | None = None


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
