"""Turn the parameters of a request for features into a RowQuery and the CRS to answer in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from zoneinfo import ZoneInfo

from gateway.api.asking.cql2 import LANGUAGES, Move, cql2_condition
from gateway.api.asking.parameters import Pairs
from gateway.api.asking.spans import read_span
from gateway.api.asking.typed import read_value
from gateway.api.asking.values import parse_time, parse_whole
from gateway.dialects.ogc_features.blueprint import ABOUT, check_language
from gateway.dialects.ogc_features.crs import CRS84, Crs, box_to_crs84, read_crs, to_crs84
from gateway.dialects.ogc_features.moments import in_span
from gateway.dialects.ogc_features.properties import queryable
from schemas.conditions import Box, Condition, Filter, Shape, Some
from schemas.dataset import BBox, Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import RowQuery

MOST, DEFAULT = 10_000, 100
DEEPEST = 2**53
RESERVED = (
    *("limit", "offset", "cursor", "bbox", "bbox-crs", "datetime", "filter", "filter-lang", "filter-crs"),
    *("crs", "properties", "snapshot", "as_of"),
    *ABOUT,
)
"""Parameters of items; a column of such a name cannot be asked by a parameter of its own."""
NOWHERE: Condition = Some(())
"""What no row is."""
_POLYGON = Struct("<BIII10d")
"""WKB of a ring of five points; shapely takes fifty times as long to write one."""


@dataclass(frozen=True)
class Asked:
    """Which rows, and the CRS of the answer."""

    query: RowQuery
    crs: Crs


def place(columns: Sequence[Column]) -> Column | None:
    """The column that says where a row is."""
    return next((column for column in columns if column.type == "geometry"), None)


def when(columns: Sequence[Column]) -> Column | None:
    """The column that says when a row is."""
    return next((c for c in columns if c.role == "time" and c.type in ("time", "date")), None)


def which(pairs: Pairs, zone: ZoneInfo) -> RowQuery:
    """The part of `pairs` that says which snapshot is read; what cannot be read is left to `read_asked`."""
    said = {name: value for name, value in pairs if value}
    try:
        as_of = parse_time(said["as_of"], zone) if "as_of" in said else None
    except ValueError:
        as_of = None
    return RowQuery(cursor=said.get("cursor"), snapshot=said.get("snapshot"), as_of=as_of)


def read_asked(pairs: Pairs, columns: Sequence[Column], zone: ZoneInfo) -> Asked:
    """What `pairs` ask of features with `columns`; raises BadInput with every fault."""
    reader = _Reader(pairs, columns, zone)
    for name, value in pairs:
        reader.take(name, value)
    reader.errors += check_language(pairs)
    if reader.errors:
        raise BadInput(reader.errors)
    shape = place(columns)
    first = [shape.name] if shape else []
    select = None if reader.select is None else (*first, *reader.select)
    query = RowQuery(filters=tuple(reader.filters), select=select, count=True, **reader.paging)  # type: ignore[arg-type]
    return Asked(query, reader.crs)


class _Reader:
    """Collects conditions, the page and every fault while it reads."""

    def __init__(self, pairs: Pairs, columns: Sequence[Column], zone: ZoneInfo) -> None:
        self.columns, self.zone = columns, zone
        self.said: Mapping[str, str] = dict(pairs)
        self.queryable = {c.name: c for c in queryable(columns) if c.name not in RESERVED}
        self.filters: list[Condition] = []
        self.paging: dict[str, object] = {"limit": DEFAULT}
        self.select: list[str] | None = None
        self.crs = CRS84
        self.errors: list[InputError] = []
        self.readers: dict[str, Callable[[str], None]] = {
            "limit": self._limit,
            "offset": self._offset,
            "cursor": self._cursor,
            "bbox": self._bbox,
            "bbox-crs": self._bbox_crs,
            "datetime": self._datetime,
            "filter": self._filter,
            "filter-lang": self._filter_lang,
            "filter-crs": self._filter_crs,
            "crs": self._crs,
            "properties": self._properties,
            "snapshot": lambda text: self.paging.update(snapshot=text),
            "as_of": lambda text: self.paging.update(as_of=parse_time(text, self.zone)),
            **dict.fromkeys(ABOUT, lambda text: None),
        }

    def take(self, name: str, value: str) -> None:
        """Read one parameter; faults are kept, not raised."""
        try:
            if name in self.readers:
                if value == "":
                    raise ValueError("is empty; give it a value or leave it out")
                self.readers[name](value)
            else:
                self._property(name, value)
        except BadInput as fault:
            self.errors += fault.errors
        except ValueError as fault:
            what, _, hint = str(fault).partition("; ")
            self.errors.append(InputError(name, what, hint or None))

    def _property(self, name: str, value: str) -> None:
        column = self.queryable.get(name)
        if column is None:
            hint = did_you_mean(name, [*self.queryable, *RESERVED])
            raise ValueError(f"is neither a parameter nor a property that can be asked here; {hint}")
        if value == "" and column.type != "text":
            raise ValueError("is empty; give it a value or leave it out")
        self.filters.append(Filter(column.name, "eq", read_value(column, value, self.zone)))

    def _limit(self, text: str) -> None:
        limit = parse_whole(text)
        if not 1 <= limit <= MOST:
            raise ValueError(f"takes a whole number from 1 to {MOST}; page on with the link next")
        self.paging["limit"] = limit

    def _offset(self, text: str) -> None:
        offset = parse_whole(text)
        if not 0 <= offset < DEEPEST:
            raise ValueError("takes a whole number, 0 or more; page on with the link next")
        if "cursor" in self.said:
            raise ValueError("says a second time where to start; give it or cursor")
        self.paging["offset"] = offset

    def _cursor(self, text: str) -> None:
        self.paging["cursor"] = text

    def _crs(self, text: str) -> None:
        self.crs = read_crs(text)

    def _bbox_crs(self, text: str) -> None:
        read_crs(text)
        self._goes_with("bbox")

    def _bbox(self, text: str) -> None:
        box = read_box(text)
        try:
            crs = read_crs(self.said.get("bbox-crs") or CRS84.uri)
        except ValueError:
            return  # It is a fault of bbox-crs, and told there.
        self.filters.append(_meets(_in_the_world(box_to_crs84(box, crs))) if place(self.columns) else NOWHERE)

    def _datetime(self, text: str) -> None:
        span, column = read_span(text, self.zone), when(self.columns)
        self.filters += in_span(column, span, self.zone) if column else ()

    def _filter(self, text: str) -> None:
        lang = self.said.get("filter-lang") or LANGUAGES[0]
        try:
            crs = read_crs(self.said.get("filter-crs") or CRS84.uri)
        except ValueError:
            return  # It is a fault of filter-crs, and told there.
        move = (
            None
            if crs.plain
            else Move(lambda shape: to_crs84(shape, crs), lambda box: box_to_crs84(box, crs))
        )
        if lang in LANGUAGES:
            self.filters.append(cql2_condition(text, lang, self.columns, self.zone, move=move))

    def _filter_lang(self, text: str) -> None:
        if text not in LANGUAGES:
            raise ValueError(f"has no {text!r}; {did_you_mean(text, LANGUAGES)}")
        self._goes_with("filter")

    def _filter_crs(self, text: str) -> None:
        read_crs(text)
        self._goes_with("filter")

    def _goes_with(self, other: str) -> None:
        if other not in self.said:
            raise ValueError(f"says how {other} is written, and there is none; give {other} too")

    def _properties(self, text: str) -> None:
        names, shape = text.split(","), place(self.columns)
        known = [column.name for column in self.columns if column is not shape]
        for name in names:
            if name not in known:
                raise ValueError(f"has no {name!r}; {did_you_mean(name, known)}")
        if len(set(names)) < len(names):
            raise ValueError("names a property more than once; name each once")
        self.select = names


def read_box(text: str) -> BBox:
    """Four numbers, or six of which the heights are not looked at; raises ValueError with a sentence."""
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise ValueError("takes four numbers, or six with heights; such as bbox=129.0,35.1,129.2,35.3")
    half = len(numbers) // 2
    return numbers[0], numbers[1], numbers[half], numbers[half + 1]


def _meets(box: BBox) -> Condition:
    """What a geometry must be to meet a box itself, not only with its own box.

    Over the antimeridian, and where there is no area, the boxes are compared.
    """
    west, south, east, north = box
    if west >= east or south >= north:
        return Box(box)
    ring = (west, south, east, south, east, north, west, north, west, south)
    return Shape("intersects", _POLYGON.pack(1, 3, 1, 5, *ring))


def _in_the_world(box: BBox) -> BBox:
    """A box cut to the world; raises ValueError where it is no box."""
    west, south, east, north = box
    if south > north:
        raise ValueError("has its south above its north; the order is that of the axes, lower corner first")
    if east - west >= 360:
        west, east = -180.0, 180.0
    return _turned(west), max(south, -90.0), _turned(east), min(north, 90.0)


def _turned(longitude: float) -> float:
    """The same meridian from -180 to 180, for clients whose map goes round more than once."""
    return longitude if -180 <= longitude <= 180 else (longitude + 180) % 360 - 180
