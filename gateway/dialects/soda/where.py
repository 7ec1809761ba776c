"""Read what `$where` asks into conditions: comparisons and places, joined by and, or and not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gateway.dialects.soda import literals, places, times
from gateway.dialects.soda.faults import MISMATCH, NO_FUNCTION, SoqlFault
from gateway.dialects.soda.literals import Names, literal
from gateway.dialects.soda.tokens import Tokens
from gateway.dialects.soda.truth import truth
from schemas.conditions import All, Condition, Filter, Not, Operator, Some
from schemas.dataset import Column
from schemas.problem import did_you_mean

_SIGNS: dict[str, Operator] = {
    "=": "eq", "==": "eq", "!=": "ne", "<>": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte",
}  # fmt: skip
_MIRRORED: dict[Operator, Operator] = {"lt": "gt", "lte": "gte", "gt": "lt", "gte": "lte"}
_CASES = ("upper", "lower")
Figure = Callable[[Tokens], Column]
"""Reads what a group is asked of, as a column that has the type of its values."""


def read_where(tokens: Tokens, names: Names, figure: Figure | None = None) -> Condition:
    """The condition that comes next, of rows or, by `figure`, of groups; raises SoqlFault."""
    return _Where(tokens, names, figure).any()


@dataclass(frozen=True)
class _Where:
    """A descent through or, and, not and brackets to the comparisons; each method reads one step of it."""

    tokens: Tokens
    names: Names
    figure: Figure | None = None

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
        if self.figure is not None:
            return self._compared(self.figure(self.tokens), False)
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
        column = self._column() if self.figure is None else self.figure(start)
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
        """A function that is true or false, or says something of a time."""
        named = self.tokens.take().text.lower()
        if named in (*times.TRUNCATED, *times.PARTS):
            return self._timed(named)
        wanted, read = self._function(named)
        self.tokens.expect("(")
        column = self._column()
        if column.type != wanted:
            what = f"{named} asks of a {wanted}, {column.name!r} is none"
            raise SoqlFault(self.tokens.where, what, code=MISMATCH)
        if named == "distance_in_meters":
            return places.distance(self.tokens)
        found = read(column)
        self.tokens.expect(")")
        return found

    def _function(self, named: str) -> tuple[str, Callable[[Column], Condition]]:
        """The type of column that a function takes, and what reads the rest."""
        words = self.tokens
        functions: dict[str, tuple[str, Callable[[Column], Condition]]] = {
            "starts_with": ("text", lambda column: self._text(column, "startswith")),
            "contains": ("text", lambda column: self._text(column, "contains")),
            "caseless_eq": ("text", lambda column: self._folded(column, "{}")),
            "caseless_not_eq": ("text", lambda column: Not(self._folded(column, "{}"))),
            "caseless_one_of": ("text", lambda column: self._folded(column, "{}")),
            "caseless_starts_with": ("text", lambda column: self._folded(column, "{}%")),
            "caseless_contains": ("text", lambda column: self._folded(column, "%{}%")),
            "within_box": ("geometry", lambda _: places.box(words)),
            "within_circle": ("geometry", lambda _: places.circle(words)),
            "within_polygon": ("geometry", lambda _: places.shape(words, "within")),
            "intersects": ("geometry", lambda _: places.shape(words, "intersects")),
            "distance_in_meters": ("geometry", lambda _: places.distance(words)),
        }
        if named not in functions:
            hint = did_you_mean(named, (*functions, *times.TRUNCATED, *times.PARTS))
            raise SoqlFault(words.where, f"has no function {named!r}", hint, code=NO_FUNCTION)
        return functions[named]

    def _text(self, column: Column, operator: Operator) -> Condition:
        self.tokens.expect(",")
        return Filter(column.name, operator, literals.text(self.tokens))

    def _folded(self, column: Column, pattern: str) -> Condition:
        """One of some texts, whatever the case of any."""
        self.tokens.expect(",")
        wanted = self.tokens.listed(lambda: _escaped(literals.text(self.tokens), "\\%_"))
        return Some(tuple(Filter(column.name, "ilike", pattern.format(each)) for each in wanted))

    def _timed(self, named: str) -> Condition:
        """What is asked of a span or a part of a time, as the times for which it is true."""
        self.tokens.expect("(")
        column = self._column()
        if column.type not in ("time", "date"):
            what = f"{named} takes a time, {column.name!r} is none"
            raise SoqlFault(self.tokens.where, what, code=MISMATCH)
        self.tokens.expect(")")
        said = Column(f"{named}({column.name})", "integer" if named in times.PARTS else "date")
        asked, period = self._compared(said, False), self.names.period(column)
        found: list[Condition] = [Filter(column.name, "in", ())]
        if period is not None:
            wanted = lambda value: truth(asked, {said.name: value}) is True  # noqa: E731
            found = [times.within(column, named, wanted, period, self.names.zone)]
        if truth(asked, {said.name: None}):
            found.append(Filter(column.name, "isnull", True))
        return Some(tuple(found))


def _escaped(pattern: str, letters: str) -> str:
    return "".join(f"\\{letter}" if letter in letters else letter for letter in pattern)
