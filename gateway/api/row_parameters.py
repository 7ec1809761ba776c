"""Turn the parameters of a rows request into a RowQuery against the columns of a dataset."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import date
from typing import get_args
from zoneinfo import ZoneInfo

from gateway.api.parameters import Pairs, parse_bbox, parse_time
from schemas.dataset import Column, ColumnType
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import Filter, Operator, Order, RowQuery, Value

ROW_LIMIT = 10_000
RESERVED = ("bbox", "select", "order", "limit", "cursor", "count", "snapshot", "as_of", "format")
ID = Column("_id", "text")
_OPERATORS: tuple[Operator, ...] = get_args(Operator)
_TEXT_ONLY = ("contains", "startswith")
_INTEGER = re.compile(r"[+-]?\d{1,19}")


def row_query(pairs: Pairs, columns: Sequence[Column], zone: ZoneInfo) -> RowQuery:
    """What `pairs` (without `format`) ask of rows with `columns`; raises BadInput with every fault."""
    reader = _Reader({column.name: column for column in (ID, *columns)}, zone)
    for name, value in pairs:
        reader.take(name, value)
    if reader.errors:
        raise BadInput(reader.errors)
    return RowQuery(filters=tuple(reader.filters), **reader.asked)  # type: ignore[arg-type]


class _Reader:
    """Collects filters, the other parameters and every fault while it reads."""

    def __init__(self, columns: dict[str, Column], zone: ZoneInfo) -> None:
        self.columns, self.zone = columns, zone
        self.filters: list[Filter] = []
        self.asked: dict[str, object] = {}
        self.errors: list[InputError] = []
        self.readers: dict[str, tuple[str, Callable[[str], object]]] = {
            "bbox": ("bbox", self._bbox),
            "select": ("select", self._select),
            "order": ("order", self._order),
            "limit": ("limit", _limit),
            "cursor": ("cursor", str),
            "count": ("count", _count),
            "snapshot": ("snapshot", str),
            "as_of": ("as_of", lambda text: parse_time(text, self.zone)),
        }

    def take(self, name: str, value: str) -> None:
        """Read one parameter; faults are kept, not raised."""
        try:
            if name in self.readers:
                field, read = self.readers[name]
                if value == "":
                    raise ValueError("is empty; give it a value or leave it out")
                self.asked[field] = read(value)
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
            return Filter(column.name, operator, tuple(read(part) for part in value.split(",")))
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
            "integer": _integer,
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


def _limit(text: str) -> int:
    if not _INTEGER.fullmatch(text) or not 1 <= int(text) <= ROW_LIMIT:
        raise ValueError(f"takes a whole number from 1 to {ROW_LIMIT}; page on with next")
    return int(text)


def _count(text: str) -> bool:
    if text != "exact":
        raise ValueError("takes only 'exact'; leave it out to go without a count")
    return True


def _integer(text: str) -> int:
    if not _INTEGER.fullmatch(text) or not -(2**63) <= int(text) < 2**63:
        raise ValueError(f"takes a whole number, not {text!r}")
    return int(text)


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
