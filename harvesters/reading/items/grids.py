"""Tell which list of a document holds its records: one of objects, or of rows of cells that have names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from harvesters.reading.headers import column_names

_NAMES = ("id", "name", "fieldName", "field", "key", "label", "title")
"""How descriptions of columns call the name, the best first."""
_ALIKE, _MOST_KEYS = 2, 100
_MOST_COLUMNS = 5_000


OTHER_LISTS = "other_lists"
"""The word for records of a document that stand in other lists than the one that is read."""


@dataclass(frozen=True)
class Grid:
    """How rows that are lists of cells are read: `names` of the columns, which with `headed` are the first
    row too."""

    names: tuple[str, ...]
    headed: bool = False

    def row(self, cells: Sequence[Any]) -> dict[str, Any]:
        """The cells under the names; raises ValueError where there are not as many."""
        return dict(zip(self.names, cells, strict=True))


@dataclass(frozen=True)
class Shape:
    """A list seen from outside: whether it holds objects, its first row where all it holds are lists, the
    names that it would give to columns. With `described` names stand beside it, in `titles`."""

    length: int
    objects: bool = False
    first: tuple[Any, ...] | None = None
    titles: tuple[str, ...] = ()
    described: bool = False


class Kin:
    """Sees the members of an object, and then knows whether they are records under their names: objects that
    have most of their own members in common."""

    def __init__(self) -> None:
        self._count = 0
        self._common: set[str] | None = None
        self._all: set[str] = set()

    def see(self, keys: Iterable[str] | None) -> None:
        """Take the next member into account, of which these are the keys; None where it is no object."""
        self._count += 1
        own = set(islice(keys, _MOST_KEYS)) if keys is not None else set()
        self._common = own if self._common is None else self._common & own
        if self._common:
            self._all |= own

    def are_records(self) -> bool:
        """Whether all that was seen are records."""
        common = len(self._common or ())
        return self._count > 1 and common >= _ALIKE and common * 2 >= len(self._all)


class Look:
    """Sees the values of a list one by one, and then knows its shape."""

    def __init__(self) -> None:
        self._length = 0
        self._objects = False
        self._first: tuple[Any, ...] | None = None
        self._titles: list[str] | None = []

    def see(self, value: Any) -> None:
        """Take the next value into account."""
        if isinstance(value, Mapping):
            self._objects = True
        if self._length == 0:
            self._first = tuple(value) if isinstance(value, list) else None
        elif not isinstance(value, list):
            self._first = None
        self._length += 1
        if self._titles is not None:
            title = _title(value)
            if title is None or self._length > _MOST_COLUMNS:
                self._titles = None
            else:
                self._titles.append(title)

    def shape(self) -> Shape:
        """The shape of what was seen."""
        titles = tuple(self._titles or ())
        return Shape(self._length, self._objects, self._first, titles if any(titles) else ())


def shape_of(values: Iterable[Any]) -> Shape:
    """The shape of a list that is held whole."""
    look = Look()
    for value in values:
        look.see(value)
    return look.shape()


def titles_of(described: Iterable[Any]) -> tuple[str, ...]:
    """The names in a list that describes columns, without those that are none."""
    return tuple(filter(None, (_title(each) for each in described if isinstance(each, Mapping))))


def chosen(shapes: Sequence[Shape]) -> tuple[int, Grid | None] | None:
    """Which of a document's lists holds the records, and how its rows are read where they are lists of cells.

    The longest list of objects, or of rows for which another list names as many columns; where there is
    neither, the longest whose first row names them. The first of equals; None where nothing fits.
    """
    source, grid = _titled(shapes)
    plain = [at for at, shape in enumerate(shapes) if shape.objects or shape.described]
    if grid is not None:
        at, titles = source
        rivals = [each for each in plain if each not in (at, titles)]
        if all(shapes[each].length <= shapes[at].length for each in rivals):
            return at, grid
    if plain:
        return _longest(shapes, plain), None
    headed = [at for at, shape in enumerate(shapes) if shape.length > 1 and _is_header(shape.first)]
    if not headed:
        return None
    at = _longest(shapes, headed)
    return at, Grid(column_names([str(cell) for cell in shapes[at].first or ()]), headed=True)


def others(shapes: Sequence[Shape], meant: tuple[int, Grid | None]) -> int:
    """How many objects stand in other lists than the one that is meant; those that name its columns do not
    count."""
    at, grid = meant
    left = [shape for place, shape in enumerate(shapes) if shape.objects and place != at]
    return 0 if grid else sum(shape.length for shape in left)


def _titled(shapes: Sequence[Shape]) -> tuple[tuple[int, int], Grid | None]:
    """The longest list of rows that another list names the columns of: the places of both, and its grid."""
    pairs = [
        (at, titles)
        for at, shape in enumerate(shapes)
        if shape.first
        for titles, other in enumerate(shapes)
        if _fits(shape, other, at == titles)
    ]
    if not pairs:
        return (0, 0), None
    at, titles = max(pairs, key=lambda pair: (shapes[pair[0]].length, -pair[0], -pair[1]))
    return (at, titles), Grid(column_names(shapes[titles].titles))


def _fits(rows: Shape, other: Shape, same: bool) -> bool:
    """Whether a list names the columns of rows, as those beside it do for rows that are described."""
    if rows.described or same:
        return rows.described and same and len(rows.titles) == len(rows.first or ())
    return len(rows.first or ()) == len(other.titles) > 1


def _longest(shapes: Sequence[Shape], places: Iterable[int]) -> int:
    return max(places, key=lambda at: (shapes[at].length, -at))


def _is_header(first: tuple[Any, ...] | None) -> bool:
    cells = [cell for cell in first or () if isinstance(cell, str | None)]
    named = [cell for cell in cells if cell and cell.strip()]
    whole = len(cells) == len(first or ()) > 1
    return whole and len(set(named)) == len(named) > len(cells) // 2


def _title(value: Any) -> str | None:
    """The name that a value gives to a column, which may be blank; None where it describes none."""
    if isinstance(value, str):
        return value.strip()
    if not isinstance(value, Mapping):
        return None
    named = (value.get(name) for name in _NAMES)
    return next((each.strip() for each in named if isinstance(each, str) and each.strip()), None)
