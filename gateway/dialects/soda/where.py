"""Read what `$where` asks into conditions: comparisons and places, joined by and, or and not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import shapely

from gateway.dialects.soda import literals
from gateway.dialects.soda.faults import MISMATCH, NO_FUNCTION, SoqlFault
from gateway.dialects.soda.literals import Names, literal, number
from gateway.dialects.soda.tokens import Tokens
from schemas.conditions import All, Box, Condition, Filter, Near, Not, Operator, Relation, Shape, Some
from schemas.dataset import Column
from schemas.problem import did_you_mean

_SIGNS: dict[str, Operator] = {
    "=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte",
}  # fmt: skip
_MIRRORED: dict[Operator, Operator] = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}
_CASES = ("upper", "lower")


def read_where(tokens: Tokens, names: Names) -> Condition:
    """The condition that comes next, as far as it goes; raises SoqlFault."""
    return _Where(tokens, names).any()


@dataclass(frozen=True)
class _Where:
    """A descent through or, and, not and brackets to the comparisons; each method reads one step of it."""

    tokens: Tokens
    names: Names

    def any(self) -> Condition:
        parts = [self._every()]
        while self.tokens.skip_word("or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self) -> Condition:
        parts = [self._one()]
        while self.tokens.skip_word("and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Condition:
        self.tokens.deeper()
        try:
            if self.tokens.skip_word("not"):
                return Not(self._one())
            if self.tokens.skip("("):
                inner = self.any()
                self.tokens.expect(")")
                return inner
            return self._test()
        finally:
            self.tokens.shallower()

    def _test(self) -> Condition:
        token = self.tokens.now
        if token.kind in ("text", "number") or (token.kind == "sign" and token.text == "-"):
            return self._mirrored()
        if token.kind not in ("name", "quoted"):
            raise self.tokens.fault("a column or a function")
        called = self.tokens.ahead().text == "(" and self.tokens.ahead().kind == "sign"
        if token.kind == "name" and called and token.text.lower() not in _CASES:
            return self._called()
        folded = called and token.kind == "name"
        return self._compared(self._column(folded), folded)

    def _column(self, folded: bool = False) -> Column:
        """A column, in upper( ) or lower( ) where it is folded."""
        if folded:
            self.tokens.take()
            self.tokens.expect("(")
        if self.tokens.now.kind not in ("name", "quoted"):
            raise self.tokens.fault("a column")
        column = self.names.column(self.tokens.take().text, self.tokens.where)
        if folded:
            self.tokens.expect(")")
        return column

    def _mirrored(self) -> Condition:
        """A value before the column that it is compared with."""
        start = self.tokens
        probe = [start.take()]
        if probe[0].text == "-" and probe[0].kind == "sign":
            probe.append(start.take())
        operator = self._operator()
        column = self._column()
        value = self.names.value(column, "".join(each.text for each in probe), start.where)
        return Filter(column.name, _MIRRORED.get(operator, operator), value)

    def _operator(self) -> Operator:
        operator = _SIGNS.get(self.tokens.now.text) if self.tokens.now.kind == "sign" else None
        if operator is None:
            raise self.tokens.fault("a comparison")
        self.tokens.take()
        return operator

    def _compared(self, column: Column, folded: bool) -> Condition:
        words = self.tokens
        if words.skip_word("is"):
            negated = words.skip_word("not")
            if not words.skip_word("null"):
                raise words.fault("null")
            return Filter(column.name, "isnull", not negated)
        if words.now.kind == "sign" and words.now.text in _SIGNS:
            operator = self._operator()
            return self._equal(column, operator) if folded else self._valued(column, operator)
        negated = words.skip_word("not")
        found = self._ranged(column, folded)
        if found is None:
            if negated or folded or column.type != "boolean":
                raise words.fault(f"a comparison of {column.name!r}")
            return Filter(column.name, "eq", True)
        return Not(found) if negated else found

    def _valued(self, column: Column, operator: Operator) -> Condition:
        if self.tokens.is_word("null"):
            raise SoqlFault(self.tokens.where, "compares with null", f"write {column.name} is null")
        return Filter(column.name, operator, literal(self.tokens, column, self.names))

    def _equal(self, column: Column, operator: Operator) -> Condition:
        """A folded column that equals a text, whatever the case of either."""
        pattern = _escaped(literals.text(self.tokens), "\\%_")
        if operator not in ("eq", "ne") or column.type != "text":
            raise SoqlFault(self.tokens.where, "upper and lower take a text and =, != or like", code=MISMATCH)
        found = Filter(column.name, "ilike", pattern)
        return Not(found) if operator == "ne" else found

    def _ranged(self, column: Column, folded: bool) -> Condition | None:
        words = self.tokens
        if words.skip_word("like"):
            if column.type != "text":
                raise SoqlFault(words.where, f"like asks of texts, {column.name!r} is none", code=MISMATCH)
            return Filter(column.name, "ilike" if folded else "like", _escaped(literals.text(words), "\\"))
        if folded:
            return None
        if words.skip_word("in"):
            words.expect("(")
            values = words.listed(lambda: literal(words, column, self.names))
            words.expect(")")
            return Filter(column.name, "in", tuple(values))
        if words.skip_word("between"):
            low = literal(words, column, self.names)
            if not words.skip_word("and"):
                raise words.fault("and")
            high = literal(words, column, self.names)
            return All((Filter(column.name, "gte", low), Filter(column.name, "lte", high)))
        return None

    def _called(self) -> Condition:
        """A function that is true or false."""
        functions: dict[str, Callable[[Column], Condition]] = {
            "starts_with": lambda column: self._text(column, "startswith"),
            "contains": lambda column: self._text(column, "contains"),
            "within_box": self._box,
            "within_circle": self._circle,
            "within_polygon": lambda column: self._shape("within"),
            "intersects": lambda column: self._shape("intersects"),
        }
        named = self.tokens.take().text.lower()
        if named not in functions:
            hint = did_you_mean(named, functions)
            raise SoqlFault(self.tokens.where, f"has no function {named!r}", hint, code=NO_FUNCTION)
        self.tokens.expect("(")
        column = self._column()
        wanted = "text" if named in ("starts_with", "contains") else "geometry"
        if column.type != wanted:
            what = f"{named} asks of a {wanted}, {column.name!r} is none"
            raise SoqlFault(self.tokens.where, what, code=MISMATCH)
        found = functions[named](column)
        self.tokens.expect(")")
        return found

    def _text(self, column: Column, operator: Operator) -> Condition:
        self.tokens.expect(",")
        return Filter(column.name, operator, literals.text(self.tokens))

    def _box(self, column: Column) -> Condition:
        """Two corners, each latitude first: the order of SODA, which is not that of its geometries."""
        first, second = self._point(), self._point()
        south, north = sorted((first[0], second[0]))
        west, east = sorted((first[1], second[1]))
        return Box((west, south, east, north))

    def _circle(self, column: Column) -> Condition:
        lat, lon = self._point()
        self.tokens.expect(",")
        return Near(lon, lat, number(self.tokens))

    def _point(self) -> tuple[float, float]:
        self.tokens.expect(",")
        lat = number(self.tokens)
        self.tokens.expect(",")
        lon = number(self.tokens)
        if not (-90 <= lat <= 90 and -180 <= lon <= 180):
            raise SoqlFault(self.tokens.where, f"{lat:g}, {lon:g} is no latitude and longitude")
        return lat, lon

    def _shape(self, relation: Relation) -> Condition:
        self.tokens.expect(",")
        written = literals.text(self.tokens)
        try:
            shape = shapely.from_wkt(written)
        except shapely.errors.GEOSException:
            shape = None
        if shape is None or shape.is_empty or not shape.is_valid:
            raise SoqlFault(self.tokens.where, f"{written[:40]!r} is no valid WKT")
        return Shape(relation, bytes(shapely.to_wkb(shapely.force_2d(shape))))


def _escaped(pattern: str, letters: str) -> str:
    return "".join(f"\\{letter}" if letter in letters else letter for letter in pattern)
