"""A row query checked against the columns of a snapshot, before any engine answers it."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from catalogue import geometry
from catalogue.rows import cursor
from schemas import conditions
from schemas.arrow import ID
from schemas.conditions import Filter, Operator
from schemas.dataset import BBox, Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import RowQuery
from schemas.snapshot import Snapshot

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WHOLE = range(-(2**63), 2**63)
ID_COLUMN = Column(ID, "text", key=True, required=True)

Plain = str | int | float | bool | None


@dataclass(frozen=True)
class Condition:
    """A filter with its value in plain form: times as microseconds since 1970, dates as ISO text."""

    column: Column
    operator: Operator
    value: Plain | tuple[Plain, ...]


@dataclass(frozen=True)
class Plan:
    """What to answer: `columns` to show starts with `_id`; `after` is the position the page starts behind."""

    snapshot: Snapshot
    columns: tuple[Column, ...]
    conditions: tuple[Condition, ...]
    order: tuple[tuple[Column, bool], ...]
    bbox: BBox | None
    limit: int
    after: int | None
    question: str

    def positions(self) -> tuple[int, int]:
        """The first and the last position that a row of the answer or the one behind it can have."""
        if self.order:
            return 0, self.snapshot.rows
        first = 0 if self.after is None else self.after + 1
        filtered = self.conditions or self.bbox is not None
        return first, self.snapshot.rows if filtered else first + self.limit

    def times(self) -> tuple[datetime | None, datetime | None]:
        """Between which instants all rows of the answer lie, None where that end is open."""
        starts, ends = [], []
        for each in self.conditions:
            if each.column.role == "time" and each.column.type == "time" and isinstance(each.value, int):
                instant = EPOCH + timedelta(microseconds=each.value)
                starts += [instant] if each.operator in ("eq", "gt", "gte") else []
                ends += [instant] if each.operator in ("eq", "lt", "lte") else []
        return max(starts, default=None), min(ends, default=None)

    def page_times(self) -> tuple[datetime | None, datetime | None]:
        """The same of the rows of this page: the latest rows lie where the parts of late times are."""
        start, end = self.times()
        first = self.order[0] if self.order else None
        if (
            first is None
            or not first[1]
            or self.after is not None
            or self.conditions
            or self.bbox is not None
        ):
            return start, end
        column = first[0]
        if column.role != "time" or column.type != "time" or not (column.key or column.required):
            return start, end  # A row may be of no time, and then its part's period says nothing of it.
        starts = [
            (part.period[0], part.rows) for part in self.snapshot.parts if part.period and part.period[0]
        ]
        rows = 0
        for start, count in sorted(starts, reverse=True):
            rows += count
            if rows > self.limit:
                return start, end
        return None, end


def plan(snapshot: Snapshot, query: RowQuery) -> Plan:
    """Check a query against a snapshot; raises BadInput with every fault found."""
    faults: list[InputError] = []
    known = {ID: ID_COLUMN} | {column.name: column for column in snapshot.columns}
    conditions = tuple(_conditions(query.filters, known, faults))
    order = [(known.get(o.column), o.descending) for o in query.order]
    _check_order(query, known, faults)
    columns = tuple(known[name] for name in _selected(query, known, faults))
    _check_box(query.bbox, snapshot, faults)
    if query.limit < 1:
        faults.append(InputError("limit", f"is {query.limit}", "ask for at least one row"))
    if faults:
        raise BadInput(faults)
    asked = (conditions, query.bbox, [(o.column, o.descending) for o in query.order])
    question = repr((snapshot.id, [(c.column.name, c.operator, c.value) for c in conditions], *asked[1:]))
    after = None if query.cursor is None else cursor.read(query.cursor, question)
    ordered = tuple((column, down) for column, down in order if column)
    return Plan(snapshot, columns, conditions, ordered, query.bbox, query.limit, after, question)


def _selected(query: RowQuery, known: dict[str, Column], faults: list[InputError]) -> list[str]:
    if query.select is None:
        return list(known)
    faults += _unknown("select", query.select, known)
    chosen = [name for name in dict.fromkeys(query.select) if name in known and name != ID]
    return [ID, *chosen]


def _check_order(query: RowQuery, known: dict[str, Column], faults: list[InputError]) -> None:
    names = [order.column for order in query.order]
    faults += _unknown("order", names, known)
    for name in dict.fromkeys(names):
        if name in known and known[name].type == "geometry":
            faults.append(InputError("order", f"geometry {name!r} has no order", "order by another column"))
        if names.count(name) > 1:
            faults.append(InputError("order", f"names {name!r} twice", "name each column once"))


def _unknown(where: str, names: Iterable[str], known: dict[str, Column]) -> list[InputError]:
    return [
        InputError(where, f"there is no column {name!r}", did_you_mean(name, known))
        for name in names
        if name not in known
    ]


def _check_box(bbox: BBox | None, snapshot: Snapshot, faults: list[InputError]) -> None:
    if bbox is None:
        return
    if geometry.geometry_column(snapshot.columns) is None:
        faults.append(InputError("bbox", "these rows have no geometry", "leave bbox out"))
    elif not all(map(math.isfinite, bbox)) or bbox[1] > bbox[3]:
        faults.append(InputError("bbox", "is no box", "give west,south,east,north in degrees"))


def _conditions(
    filters: Iterable[conditions.Condition], known: dict[str, Column], faults: list[InputError]
) -> Iterable[Condition]:
    for asked in filters:
        if not isinstance(asked, Filter):
            raise TypeError(f"rows cannot be asked by {type(asked).__name__}")
        column = known.get(asked.column)
        if column is None:
            faults += _unknown(asked.column, [asked.column], known)
            continue
        try:
            yield Condition(column, asked.operator, _value(column, asked))
        except ValueError as error:
            faults.append(InputError(f"{asked.column}__{asked.operator}", str(error), _HINTS[column.type]))


def _value(column: Column, asked: Filter) -> Plain | tuple[Plain, ...]:
    operator, value = asked.operator, asked.value
    if operator == "isnull":
        if not isinstance(value, bool):
            raise ValueError("isnull takes true or false")
        return value
    if column.type == "geometry":
        raise ValueError("a geometry can only be asked for by bbox or isnull")
    if operator in ("contains", "startswith") and column.type != "text":
        raise ValueError(f"{operator} asks for a part of a text, and this is a {column.type}")
    if operator == "in":
        if not isinstance(value, tuple):
            raise ValueError("in takes several values")
        return tuple(_plain(column, one) for one in value)
    return _plain(column, value)


def _plain(column: Column, value: object) -> Plain:
    """A value as both engines compare it; raises ValueError where it is not of the column's type."""
    match column.type, value:
        case "text", str():
            return _text(value)
        case "boolean", bool():
            return value
        case "integer" | "number", bool():
            pass
        case "integer", int() if value in WHOLE:
            return value
        case "number", int() | float() if math.isfinite(value):
            return float(value)
        case "date", str():
            return date.fromisoformat(value).isoformat()
        case "time", datetime() if value.tzinfo is not None:
            return (value - EPOCH) // timedelta(microseconds=1)
    raise ValueError(f"{value!r} is not a value of type {column.type}")


def _text(value: str) -> str:
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("the text is not valid Unicode")
    return unicodedata.normalize("NFC", value)


_HINTS = {
    "text": "give a text",
    "integer": "give a whole number of at most 64 bits, such as 42",
    "number": "give a number such as 3.5",
    "boolean": "give true or false",
    "date": "give a day such as 2026-11-25",
    "time": "give an instant with its offset, such as 2026-11-25T09:00:00+09:00",
    "geometry": "ask with bbox=west,south,east,north",
}
