"""Check conditions against the columns of a snapshot, every fault told at once."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

import shapely

from catalogue.rows.engines import like
from catalogue.rows.question.expressions import Weighed, parts, weighed
from catalogue.rows.question.tree import Checked, Held, Joined, Negated, Node, Plain
from catalogue.rows.space.places import Close, Lies
from schemas.conditions import All, Area, Box, Compared, Condition, Filter, Near, Not, Shape, Some, Words
from schemas.dataset import BBox, Column
from schemas.problem import BadInput, InputError, did_you_mean

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
WHOLE = range(-(2**63), 2**63)
DEPTH, TESTS, WORDS, VALUES = 30, 500, 20, 10_000
"""Conditions within conditions, tests in all, words of a search and values of `in` that a query may have."""
FARTHEST = 20_037_508.0
"""Metres to the other side of the Earth: nothing is farther."""


class Checker:
    """Turns conditions into nodes and keeps every fault."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = columns
        self._placed = any(column.type == "geometry" for column in columns.values())
        self._tests = 0
        self.faults: list[InputError] = []

    def all(self, conditions: Iterable[Condition], depth: int = 0) -> list[Node]:
        """The nodes of conditions that are joined by and, those within an All beside the others."""
        found: list[Node] = []
        for each in conditions:
            if isinstance(each, All):
                found += self.all(each.parts, self._deeper(depth))
            elif (node := self._node(each, depth)) is not None:
                found.append(node)
        return found

    def unknown(self, where: str, names: Iterable[str]) -> None:
        """Note those names that are of no column."""
        for name in names:
            if name not in self._columns:
                self.fault(where, f"there is no column {name!r}", did_you_mean(name, self._columns))

    def fault(self, where: str, what: str, hint: str) -> None:
        """Note a fault."""
        self.faults.append(InputError(where, what, hint))

    def _deeper(self, depth: int) -> int:
        if depth >= DEPTH:
            raise BadInput([InputError("filter", f"is more than {DEPTH} conditions deep", "ask in fewer")])
        return depth + 1

    def _node(self, asked: Condition, depth: int) -> Node | None:
        match asked:
            case Filter():
                return self._filter(asked)
            case Compared():
                return self._compared(asked)
            case Not():
                part = self._joined((asked.part,), "AND", depth)
                return Negated(part)
            case Some() | All():
                return self._joined(asked.parts, "OR" if isinstance(asked, Some) else "AND", depth)
            case Words():
                return self._words(asked)
            case Box() | Shape() | Near() | Area():
                return self._place(asked)

    def _joined(self, parts: Iterable[Condition], joint: str, depth: int) -> Node:
        depth = self._deeper(depth)
        if joint == "AND":
            return Joined("AND", tuple(self.all(parts, depth)))
        nodes = (self._node(part, depth) for part in parts)
        return Joined("OR", tuple(node for node in nodes if node is not None))

    def _count(self, tests: int = 1) -> None:
        self._tests += tests
        if self._tests > TESTS:
            raise BadInput([InputError("filter", f"has more than {TESTS} tests", "ask with `in`, or twice")])

    def _filter(self, asked: Filter) -> Checked | None:
        self._count()
        column = self._columns.get(asked.column)
        if column is None:
            self.unknown(asked.column, [asked.column])
            return None
        try:
            return _checked(column, asked)
        except ValueError as error:
            self.fault(f"{asked.column}__{asked.operator}", str(error), _HINTS[column.type])
        return None

    def _compared(self, asked: Compared) -> Weighed | None:
        self._count(parts(asked.left) + parts(asked.right) - 1)
        try:
            return weighed(asked, self._columns)
        except ValueError as error:
            what, _, hint = str(error).partition("; ")
            self.fault("filter", what, hint)
        return None

    def _words(self, asked: Words) -> Held | None:
        self._count()
        columns = [c for c in self._columns.values() if c.type == "text" and c.name != "_id"]
        if asked.column is not None:
            columns = [c for c in self._columns.values() if c.name == asked.column]
            self.unknown("q", [asked.column])
        if not columns or any(column.type != "text" for column in columns):
            self.fault("q", "looks for words, and there is no text here", "ask of another column")
        words = asked.text.split()
        if not 0 < len(words) <= WORDS:
            self.fault("q", f"has {len(words)} words", f"give 1 to {WORDS}, such as q=버스 정류장")
        try:
            small = [like.small(plain_text(word)) or "" for word in dict.fromkeys(words)]
        except ValueError as error:
            self.fault("q", str(error), "write it in UTF-8")
            return None
        return Held(tuple(small), tuple(columns))

    def _place(self, asked: Box | Shape | Near | Area) -> Box | Lies | Close | None:
        self._count()
        where = _WHERE[type(asked)]
        if not self._placed:
            self.fault(where, "these rows have no geometry", f"leave {where} out")
            return None
        try:
            return self._located(asked)
        except ValueError as error:
            what, _, hint = str(error).partition("; ")
            self.fault(where, what, hint)
        return None

    def _located(self, asked: Box | Shape | Near | Area) -> Box | Lies | Close:
        match asked:
            case Box():
                return _box(asked)
            case Near():
                return _close(asked)
            case Shape():
                return Lies(asked.relation, _shape(asked.wkb))
            case Area(wkb=bytes(shape)):
                return Lies("intersects", shapely.make_valid(shapely.from_wkb(shape)))
        raise ValueError("is not looked up yet; ask through the catalogue")


def _box(asked: Box) -> Box:
    if not _is_box(asked.bbox):
        raise ValueError("is no box; give west,south,east,north in degrees")
    return asked


def _is_box(bbox: BBox) -> bool:
    return all(map(math.isfinite, bbox)) and bbox[1] <= bbox[3]


def _close(asked: Near) -> Close:
    if not (-180 <= asked.lon <= 180 and -90 <= asked.lat <= 90):
        raise ValueError(
            "is no place on Earth; give longitude,latitude,metres, such as near=129.05,35.15,500"
        )
    if not 0 <= asked.metres <= FARTHEST:
        raise ValueError(f"takes metres from 0 to {FARTHEST:.0f}; such as near=129.05,35.15,500")
    return Close(asked.lon, asked.lat, asked.metres)


def _shape(wkb: bytes) -> object:
    try:
        shape = shapely.from_wkb(wkb)
    except shapely.errors.GEOSException:
        raise ValueError("is no geometry; give it as GeoJSON or WKT says") from None
    if shape.is_empty:
        raise ValueError("is an empty shape; give it coordinates")
    if not shape.is_valid:
        reason = shapely.is_valid_reason(shape)
        raise ValueError(f"is no valid shape ({reason}); draw it so that its edges do not cross")
    return shape


def _checked(column: Column, asked: Filter) -> Checked:
    operator, value = asked.operator, asked.value
    if operator == "isnull":
        if not isinstance(value, bool):
            raise ValueError("isnull takes true or false")
        return Checked(column, operator, value)
    if column.type == "geometry":
        raise ValueError("a geometry can only be asked for by place or isnull")
    if operator in _OF_TEXT and column.type != "text":
        raise ValueError(f"{operator} asks for a part of a text, and this is a {column.type}")
    if operator == "in":
        if not isinstance(value, tuple):
            raise ValueError("in takes several values")
        if len(value) > VALUES:
            raise ValueError(f"in takes at most {VALUES} values")
        return Checked(column, operator, tuple(plain(column, one) for one in value))
    if operator in ("like", "ilike"):
        pattern = plain_text(str(value))
        folded = operator == "ilike"
        word, text = like.simplest((like.small(pattern) or "") if folded else pattern)
        return Checked(column, word, text, folded)
    return Checked(column, operator, plain(column, value))


def plain(column: Column, value: object) -> Plain:
    """A value as both engines compare it; raises ValueError where it is not of the column's type."""
    match column.type, value:
        case "text", str():
            return plain_text(value)
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


def plain_text(value: str) -> str:
    """A text as it is stored; raises ValueError for half of a surrogate pair."""
    if value.isascii():
        return value
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("the text is not valid Unicode")
    return unicodedata.normalize("NFC", value)


_OF_TEXT = ("contains", "startswith", "like", "ilike")
_WHERE = {Box: "bbox", Shape: "filter", Near: "near", Area: "within"}
_HINTS = {
    "text": "give a text",
    "integer": "give a whole number of at most 64 bits, such as 42",
    "number": "give a number such as 3.5",
    "boolean": "give true or false",
    "date": "give a day such as 2026-11-25",
    "time": "give an instant with its offset, such as 2026-11-25T09:00:00+09:00",
    "geometry": "ask with bbox=west,south,east,north",
}
