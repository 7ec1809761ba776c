"""What a row must be to be in an answer: comparisons, places and words, joined by and, or and not."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from schemas.dataset import BBox

Operator = Literal[
    "eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "startswith", "like", "ilike", "isnull"
]
Value = str | int | float | bool | datetime | None
"""Filter values by column type: text str, integer int, number float, boolean bool, date an ISO str,
time an aware datetime; isnull takes bool; in takes a tuple of them. In like, % stands for any letters,
_ for one, and \\ takes the next letter as it is; ilike is the same in any case."""
Relation = Literal["intersects", "within", "contains", "disjoint", "equals", "touches", "crosses", "overlaps"]
Reckoning = Literal["+", "-", "*", "/", "%", "^", "div"]
"""What makes a number of two, in floating point: `div` is the whole part of a quotient, % has the sign of its
first."""
Folding = Literal["casei", "accenti"]
"""What makes a text of a text: small letters, letters without accents."""


@dataclass(frozen=True)
class Filter:
    """A column compared with a value; unknown (neither true nor false) of a null, but for isnull."""

    column: str
    operator: Operator
    value: Value | tuple[Value, ...]


@dataclass(frozen=True)
class Cell:
    """What a row has in a column."""

    column: str


@dataclass(frozen=True)
class Given:
    """A value that is the same for all rows."""

    value: str | float | bool


@dataclass(frozen=True)
class Made:
    """What is made of two numbers or of one text; unknown of a null, and where no finite number comes out."""

    word: Reckoning | Folding
    of: tuple[Expression, ...]


Expression = Cell | Given | Made


@dataclass(frozen=True)
class Compared:
    """Two expressions of one type compared; unknown where one of them is, but for isnull."""

    left: Expression
    operator: Literal["eq", "ne", "gt", "gte", "lt", "lte", "like", "isnull"]
    right: Expression


@dataclass(frozen=True)
class Box:
    """The box of the row's geometry meets `bbox`, edges included."""

    bbox: BBox


@dataclass(frozen=True)
class Shape:
    """How the row's geometry lies to a shape, WKB in OGC:CRS84; edges belong to a shape."""

    relation: Relation
    wkb: bytes


@dataclass(frozen=True)
class Near:
    """The row's geometry is at most `metres` from a point on the ellipsoid of WGS 84."""

    lon: float
    lat: float
    metres: float


@dataclass(frozen=True)
class Area:
    """The row's geometry meets the area that another dataset names `key`, such as a dong.

    `wkb` is its shape in OGC:CRS84 once the catalogue has found it, and no part of the question.
    """

    dataset: str
    key: str
    wkb: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Words:
    """Every word of `text` is somewhere in the row's texts (of `column`, where it is given), in any case."""

    text: str
    column: str | None = None


@dataclass(frozen=True)
class All:
    """Every one of `parts`; true where there is none."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Some:
    """At least one of `parts`; false where there is none."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True)
class Not:
    """Not `part`; what is unknown stays unknown, as in SQL and CQL2."""

    part: Condition


Condition = Filter | Compared | Box | Shape | Near | Area | Words | All | Some | Not
