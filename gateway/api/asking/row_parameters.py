"""Turn the parameters of a rows request into a RowQuery against the columns of a dataset."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from catalogue import PAGE_FORMATS
from gateway.api.asking.parameters import Pairs
from gateway.api.asking.row_conditions import CONDITIONS, Asked
from gateway.api.asking.row_described import FARTHEST, ROW_LIMIT, ROW_PARAMETERS
from gateway.api.asking.row_filters import read_filter
from gateway.api.asking.spans import read_last
from gateway.api.asking.values import parse_bbox, parse_time, parse_whole
from schemas.conditions import Condition
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import Join, Order, RowQuery

__all__ = ["MOVING", "RESERVED", "ROW_LIMIT", "ROW_PARAMETERS", "row_query", "settled", "which_snapshot"]

RESERVED = (
    *CONDITIONS,
    *("bbox", "select", "order", "limit", "offset", "cursor", "count", "snapshot", "as_of"),
    *("format", "shape", "bom"),
)
MOVING = frozenset({"as_of", "last", "within"})
"""Parameters whose answer may be another one later, of the same snapshot."""
ID = Column("_id", "text")


def which_snapshot(pairs: Pairs, zone: ZoneInfo, join: Join | None = None) -> RowQuery:
    """The part of `pairs` that says which snapshot is read; what cannot be read is left to `row_query`."""
    asked = {name: value for name, value in pairs if value}
    try:
        as_of = parse_time(asked["as_of"], zone) if "as_of" in asked else None
    except ValueError:
        as_of = None
    return RowQuery(cursor=asked.get("cursor"), snapshot=asked.get("snapshot"), as_of=as_of, join=join)


def settled(pairs: Pairs, columns: Sequence[Column], now: datetime) -> Pairs:
    """The same with `last` told by the second that it starts at, so that pages and ETags are of one time."""
    names = {name for name, _ in pairs}
    if "last" not in names or "datetime" in names or not any(c.type in ("time", "date") for c in columns):
        return pairs
    try:
        since = read_last(dict(pairs)["last"], now)
    except ValueError:
        return pairs  # What is wrong with it is said with all other faults.
    return [("datetime", f"{since:%Y-%m-%dT%H:%M:%SZ}/..") if pair[0] == "last" else pair for pair in pairs]


def row_query(pairs: Pairs, columns: Sequence[Column], zone: ZoneInfo) -> RowQuery:
    """What `pairs` ask of rows with `columns`; raises BadInput with every fault."""
    reader = _Reader(columns, zone, dict(pairs))
    for name, value in pairs:
        reader.take(name, value)
    if reader.errors:
        raise BadInput(reader.errors)
    reader.asked.pop("format", None)  # It shapes the answer, not the question.
    return RowQuery(filters=tuple(reader.filters), **reader.asked)  # type: ignore[arg-type]


class _Reader:
    """Collects conditions, the other parameters and every fault while it reads."""

    def __init__(self, columns: Sequence[Column], zone: ZoneInfo, given: dict[str, str]) -> None:
        self.columns, self.zone, self.given = {c.name: c for c in (ID, *columns)}, zone, given
        self.filters: list[Condition] = []
        self.asked: dict[str, object] = {}
        self.errors: list[InputError] = []
        self.readers: dict[str, Callable[[str], object]] = {
            "bbox": self._bbox,
            "select": self._select,
            "order": self._order,
            "limit": _limit,
            "offset": self._offset,
            "cursor": str,
            "count": _count,
            "snapshot": str,
            "as_of": lambda text: parse_time(text, self.zone),
            "format": _format,
        }

    def take(self, name: str, value: str) -> None:
        """Read one parameter; faults are kept, not raised."""
        try:
            self._take(name, value)
        except BadInput as fault:
            self.errors += fault.errors
        except ValueError as fault:
            what, _, hint = str(fault).partition("; ")
            self.errors.append(InputError(name, what, hint or None))

    def _take(self, name: str, value: str) -> None:
        named = name in CONDITIONS or name in self.readers
        if named and value == "":
            raise ValueError("is empty; give it a value or leave it out")
        if name in CONDITIONS:
            self.filters += CONDITIONS[name](Asked(self.columns, self.zone, self.given), value)
        elif named:
            self.asked[name] = self.readers[name](value)
        else:
            self._check_name(name)
            self.filters.append(read_filter(name, value, self.columns, self.zone))

    def _check_name(self, name: str) -> None:
        base, mark, _ = name.rpartition("__")
        if name not in self.columns and not (mark and base in self.columns):
            hint = did_you_mean(base or name, [*self.columns, *RESERVED])
            raise ValueError(f"is neither a parameter nor a column of this dataset; {hint}")

    def _bbox(self, text: str) -> object:
        Asked(self.columns, self.zone, self.given).check_placed()
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

    def _offset(self, text: str) -> int:
        offset = parse_whole(text)
        if not 0 <= offset <= FARTHEST:
            raise ValueError("takes a whole number, 0 or more; page on with next")
        if "cursor" in self.given:
            raise ValueError("says a second time where to start; give it or cursor")
        return offset

    def _known(self, name: str) -> str:
        if name not in self.columns:
            raise ValueError(f"has no column {name!r}; {did_you_mean(name, self.columns)}")
        return name


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
