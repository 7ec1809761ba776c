"""What is worked out of rows: columns of a table by formulas, of rows, of groups, or of another table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from schemas.conditions import Condition
from schemas.dataset import ColumnType
from schemas.query import RowQuery

DEEPEST, LARGEST = 100, 1_000
"""Formulas within one another that one may consist of, and that all of a table may consist of together."""
FIGURES = (
    "count", "distinct", "sum", "avg", "min", "max", "median", "stddev_pop", "stddev_samp", "regr_slope",
    "regr_intercept", "regr_r2",
)  # fmt: skip
"""Functions of a group rather than of a row."""
ALL_ROWS = RowQuery()


@dataclass(frozen=True)
class Of:
    """What a row has in a column."""

    column: str
    type: ColumnType
    depth = size = 1


@dataclass(frozen=True)
class Constant:
    """A value of the type, spelled as in conditions; null has no type."""

    value: str | int | float | bool | datetime | None
    type: ColumnType | None
    depth = size = 1


@dataclass(frozen=True)
class Holds:
    """Whether a condition is true of a row; asked of rows only, and not of tables made of them."""

    condition: Condition
    type: ColumnType = "boolean"
    depth = size = 1


@dataclass(frozen=True)
class Call:
    """What a function says of values, null where one of them is and nothing else is said of that.

    Its `type` is told by whoever writes the formula, who sees to it that the parts are of types that the
    function takes: whole numbers stay whole in + - * and %, everything else of numbers is a number. What is
    no finite number, such as a division by 0, is null.
    """

    function: str
    parts: tuple[Formula, ...]
    type: ColumnType
    depth: int = field(init=False, compare=False, repr=False)
    size: int = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "depth", 1 + max((part.depth for part in self.parts), default=0))
        object.__setattr__(self, "size", 1 + sum(part.size for part in self.parts))


Formula = Of | Constant | Holds | Call


@dataclass(frozen=True)
class Ranked:
    """What a table is ordered by; nulls come last, or first."""

    formula: Formula
    descending: bool = False
    nulls_first: bool = False


@dataclass(frozen=True)
class TableQuery:
    """Columns by name, each by a formula, of the rows that `rows` leaves, or of the table `of`.

    Of `rows` only filters and box are looked at. With `groups` they are of groups of the same values of
    those, () being one group of all: columns, `having` and `order` are then made of these, of figures and
    of constants. Ties follow the rows, or the groups by their values.
    """

    columns: tuple[tuple[str, Formula], ...]
    rows: RowQuery = ALL_ROWS
    of: TableQuery | None = None
    where: Formula | None = None
    groups: tuple[Formula, ...] | None = None
    having: Formula | None = None
    order: tuple[Ranked, ...] = ()
    limit: int | None = None
    offset: int = 0

    def formulas(self) -> Sequence[Formula]:
        """All of them, without those of the table that this one is made of."""
        tests = [each for each in (self.where, self.having) if each is not None]
        ordered = [each.formula for each in self.order]
        return [*(formula for _, formula in self.columns), *(self.groups or ()), *tests, *ordered]


def figured(formula: Formula) -> bool:
    """Whether a figure of a group is somewhere in a formula."""
    if not isinstance(formula, Call):
        return False
    return formula.function in FIGURES or any(map(figured, formula.parts))
