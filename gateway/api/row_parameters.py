"""Turn the parameters of a rows request into a RowQuery against the columns of a dataset."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import get_args
from zoneinfo import ZoneInfo

from catalogue import PAGE_FORMATS
from gateway.api.parameters import Pairs
from gateway.api.values import parse_bbox, parse_time, parse_whole
from schemas.conditions import Filter, Operator, Value
from schemas.dataset import Column, ColumnType
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import Order, RowQuery

ROW_LIMIT = 10_000
RESERVED = ("bbox", "select", "order", "limit", "cursor", "count", "snapshot", "as_of", "format")
ID = Column("_id", "text")
_OPERATORS: tuple[Operator, ...] = get_args(Operator)
_TEXT_ONLY = ("contains", "startswith")


def _query(name: str, description: str, **schema: object) -> dict[str, object]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }


ROW_PARAMETERS: tuple[dict[str, object], ...] = (
    {
        "name": "filters",
        "in": "query",
        "style": "form",
        "explode": True,
        "description": "column=value, or column__eq __ne __gt __gte __lt __lte __in (commas) __contains "
        "__startswith __isnull",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    _query("bbox", "west,south,east,north in degrees"),
    _query("select", "columns, by commas"),
    _query("order", "columns, by commas; - before one for descending"),
    _query("limit", "rows in a page", type="integer", minimum=1, maximum=ROW_LIMIT, default=100),
    _query("cursor", "where a page goes on, from `next`"),
    _query("count", "count all rows that answer, too", enum=["exact"]),
    _query("snapshot", "a version by its id"),
    _query("as_of", "the version of a time", format="date-time"),
    _query("format", "before what Accept says", enum=sorted(PAGE_FORMATS)),
)
"""The same in the words of OpenAPI."""


def which_snapshot(pairs: Pairs, zone: ZoneInfo) -> RowQuery:
    """The part of `pairs` that says which snapshot is read; what cannot be read is left to `row_query`."""
    asked = {name: value for name, value in pairs if value}
    try:
        as_of = parse_time(asked["as_of"], zone) if "as_of" in asked else None
    except ValueError:
        as_of = None
    return RowQuery(cursor=asked.get("cursor"), snapshot=asked.get("snapshot"), as_of=as_of)


def row_query(pairs: Pairs, columns: Sequence[Column], zone: ZoneInfo) -> RowQuery:
    """What `pairs` ask of rows with `columns`; raises BadInput with every fault."""
    reader = _Reader({column.name: column for column in (ID, *columns)}, zone)
    for name, value in pairs:
        reader.take(name, value)
    if reader.errors:
        raise BadInput(reader.errors)
    reader.asked.pop("format", None)  # It shapes the answer, not the question.
    return RowQuery(filters=tuple(reader.filters), **reader.asked)  # type: ignore[arg-type]


class _Reader:
    """Collects filters, the other parameters and every fault while it reads."""

    def __init__(self, columns: dict[str, Column], zone: ZoneInfo) -> None:
        self.columns, self.zone = columns, zone
        self.filters: list[Filter] = []
        self.asked: dict[str, object] = {}
        self.errors: list[InputError] = []
        self.readers: dict[str, Callable[[str], object]] = {
            "bbox": self._bbox,
            "select": self._select,
            "order": self._order,
            "limit": _limit,
            "cursor": str,
            "count": _count,
            "snapshot": str,
            "as_of": lambda text: parse_time(text, self.zone),
            "format": _format,
        }

    def take(self, name: str, value: str) -> None:
        """Read one parameter; faults are kept, not raised."""
        try:
            if name in self.readers:
                if value == "":
                    raise ValueError("is empty; give it a value or leave it out")
                self.asked[name] = self.readers[name](value)
            else:
                self.filters.append(self._filter(name, value))
        except ValueError as fault:
            what, _, hint = str(fault).partition("; ")
            self.errors.append(InputError(name, what, hint or None))

    def _filter(self, name: str, value: str) -> Filter:
        column, operator = self._column_and_operator(name)
        if operator == "isnull":
            return Filter(column.name, operator, _boolean(value))
        if column.type == "geometry":
            raise ValueError("is a geometry; filter it with bbox=west,south,east,north or __isnull")
        if operator in _TEXT_ONLY and column.type != "text":
            raise ValueError(
                f"{operator} asks of text, but this column is {column.type}; use __eq or a range"
            )
        if value == "" and not (column.type == "text" and operator == "eq"):
            raise ValueError("is empty; give it a value, or ask __isnull=true for what is missing")
        read = self._value_reader(column.type)
        if operator == "in":
            return Filter(column.name, operator, tuple(map(read, _parts(value))))
        return Filter(column.name, operator, read(value))

    def _column_and_operator(self, name: str) -> tuple[Column, Operator]:
        if name in self.columns and name not in RESERVED:
            return self.columns[name], "eq"
        base, mark, ending = name.rpartition("__")
        if not mark or base not in self.columns:
            hint = did_you_mean(base or name, [*self.columns, *RESERVED])
            raise ValueError(f"is neither a parameter nor a column of this dataset; {hint}")
        for operator in _OPERATORS:
            if operator == ending:
                return self.columns[base], operator
        raise ValueError(f"has no operator {ending!r}; {did_you_mean(ending, _OPERATORS)}")

    def _value_reader(self, kind: ColumnType) -> Callable[[str], Value]:
        readers: dict[ColumnType, Callable[[str], Value]] = {
            "text": str,
            "integer": parse_whole,
            "number": _number,
            "boolean": _boolean,
            "date": _date,
            "time": lambda text: parse_time(text, self.zone),
        }
        return readers[kind]

    def _bbox(self, text: str) -> object:
        if not any(column.type == "geometry" for column in self.columns.values()):
            raise ValueError("asks where rows are, but this dataset has no geometry")
        return parse_bbox(text)

    def _select(self, text: str) -> tuple[str, ...]:
        names = text.split(",")
        if len(set(names)) < len(names):
            raise ValueError("names a column more than once; name each once")
        return tuple(self._known(name) for name in names if name != ID.name)

    def _order(self, text: str) -> tuple[Order, ...]:
        orders = tuple(Order(self._known(n.removeprefix("-")), n.startswith("-")) for n in text.split(","))
        if any(self.columns[order.column].type == "geometry" for order in orders):
            raise ValueError("names a geometry; rows are not ordered by geometry")
        if len({order.column for order in orders}) < len(orders):
            raise ValueError("names a column more than once; name each once")
        return orders

    def _known(self, name: str) -> str:
        if name not in self.columns:
            raise ValueError(f"has no column {name!r}; {did_you_mean(name, self.columns)}")
        return name


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if not all(parts):
        raise ValueError("has an empty value between its commas; leave out the comma")
    return parts


def _limit(text: str) -> int:
    limit = parse_whole(text)
    if not 1 <= limit <= ROW_LIMIT:
        raise ValueError(f"takes a whole number from 1 to {ROW_LIMIT}; page on with next")
    return limit


def _format(text: str) -> str:
    if text not in PAGE_FORMATS:
        raise ValueError(f"has no {text!r}; {did_you_mean(text, PAGE_FORMATS)}")
    return text


def _count(text: str) -> bool:
    if text != "exact":
        raise ValueError("takes only 'exact'; leave it out to go without a count")
    return True


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or "_" in text:
        raise ValueError(f"takes a number, not {text!r}")
    return value


def _boolean(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(f"takes true or false, not {text!r}")
    return text == "true"


def _date(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise ValueError(f"takes a day such as 2026-01-31, not {text!r}") from None
