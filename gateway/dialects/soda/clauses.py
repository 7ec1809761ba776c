"""Read what SoQL selects, groups and orders by: columns, figures of groups, spans of time, by their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import cast

from gateway.dialects.soda import places, times
from gateway.dialects.soda.faults import MISMATCH, NO_FUNCTION, SoqlFault
from gateway.dialects.soda.literals import Names
from gateway.dialects.soda.tokens import Tokens
from schemas.arrow import ID
from schemas.dataset import Column, ColumnType
from schemas.problem import did_you_mean
from schemas.query import Bucket, Function, Measure, Part

_FUNCTIONS = ("count", "sum", "avg", "min", "max", "median")
_NUMBERS = ("sum", "avg", "median")
DISTANCE = "distance_in_meters"
CASES = {"upper": str.upper, "lower": str.lower}


@dataclass(frozen=True)
class Selected:
    """One column of the answer, shown as `name`: a column as it is, a figure of groups, or what a function
    `of` each value says, such as date_trunc_ym or upper; a distance is from the `point`, longitude first."""

    name: str
    column: Column | None = None
    function: Function | None = None
    of: str | None = None
    point: tuple[float, float] | None = None

    @property
    def asked(self) -> str:
        """What it is, whatever it is called."""
        column = self.column.name if self.column else "*"
        called = self.function or self.of
        behind = "" if self.point is None else ", 'POINT ({} {})'".format(*self.point)
        return f"{called}({column}{behind})" if called else column

    @property
    def shown(self) -> Column:
        """A column as this is shown."""
        found = replace(self.column, key=False) if self.column else Column(self.name, "integer")
        kind: ColumnType = found.type
        if self.function in ("count", "distinct") or self.of in times.PARTS:
            kind = "integer"
        elif self.function in ("avg", "median") or self.of == DISTANCE:
            kind = "number"
        elif self.of in times.TRUNCATED:
            kind = "date"
        return replace(found, name=self.name, type=kind)

    def measure(self, name: str) -> Measure:
        """The figure of a group under a name of ours."""
        assert self.function is not None
        return Measure(name, self.function, self.column.name if self.column else None)

    def bucket(self) -> Bucket:
        """The spans of time."""
        assert self.column is not None
        assert self.of is not None
        return Bucket(self.column.name, times.TRUNCATED[self.of])

    def part(self, name: str) -> Part:
        """The part of a time under a name of ours."""
        assert self.column is not None
        assert self.of is not None
        return Part(name, self.column.name, times.PARTS[self.of])


@dataclass(frozen=True)
class Ordered:
    """One thing that the answer is ordered by; `name` is set where it may be the alias of a selected one."""

    what: Selected
    descending: bool


@dataclass(frozen=True)
class Reader:
    """Reads the lists of a question; `aliases` are the names that were given in its select."""

    names: Names
    aliases: dict[str, Selected]

    def selected(self, tokens: Tokens) -> tuple[list[Selected], bool]:
        """The list of a select, and whether its rows are to be distinct; none for `*`."""
        distinct = tokens.skip_word("distinct")
        found: list[Selected] = []
        while True:
            if tokens.now.kind == "name" and tokens.now.text == ":*":
                tokens.take()
                found.append(Selected(":id", self.names.column(":id", tokens.where)))
            elif tokens.skip("*"):
                found += [Selected(column.name, column) for column in self.names.columns]
            else:
                found.append(self._named(tokens))
            if not tokens.skip(","):
                break
        self._check(tokens, found)
        self.aliases.update({each.name: each for each in found})
        return found, distinct

    def grouped(self, tokens: Tokens) -> list[Selected]:
        """The list of a group by: columns, spans of time, or aliases."""
        found = tokens.listed(lambda: self.expression(tokens))
        for each in found:
            if each.function is not None or each.of in (*CASES, DISTANCE):
                raise SoqlFault(tokens.where, f"cannot group by {each.asked}", "group by columns and times")
        return found

    def ordered(self, tokens: Tokens) -> list[Ordered]:
        """The list of an order by."""
        return tokens.listed(lambda: self._ordered(tokens))

    def _ordered(self, tokens: Tokens) -> Ordered:
        what = self.expression(tokens)
        if what.asked in self.names.geometries:
            raise SoqlFault(tokens.where, "orders by a geometry, which has no order")
        descending = tokens.skip_word("desc")
        if not descending:
            tokens.skip_word("asc")
        if tokens.skip_word("null", "last") or tokens.skip_word("nulls", "last"):
            return Ordered(what, descending)
        if tokens.is_word("null", "nulls"):
            raise SoqlFault(tokens.where, "orders nulls otherwise than last", "leave that out")
        return Ordered(what, descending)

    def _named(self, tokens: Tokens) -> Selected:
        found = self.expression(tokens)
        if not tokens.skip_word("as"):
            return found
        if tokens.now.kind not in ("name", "quoted"):
            raise tokens.fault("a name")
        return replace(found, name=tokens.take().text)

    def expression(self, tokens: Tokens) -> Selected:
        """A column, a figure or a span of time; an alias stands for what it was given to."""
        token = tokens.now
        if token.kind not in ("name", "quoted"):
            raise tokens.fault("a column or a function")
        called = tokens.ahead().kind == "sign" and tokens.ahead().text == "("
        if token.kind == "name" and called:
            return self._called(tokens)
        tokens.take()
        if token.text in self.aliases:
            return self.aliases[token.text]
        column = self.names.column(token.text, tokens.where)
        return Selected(":id" if column.name == ID else column.name, column)

    def _called(self, tokens: Tokens) -> Selected:
        named = tokens.take().text.lower()
        readers: dict[str, Callable[[Tokens, str], Selected]] = dict.fromkeys(_FUNCTIONS, self._figure)
        readers |= dict.fromkeys((*times.TRUNCATED, *times.PARTS, *CASES), self._of_each)
        readers[DISTANCE] = self._distance
        if named not in readers:
            hint = did_you_mean(named, readers)
            raise SoqlFault(tokens.where, f"has no function {named!r} here", hint, code=NO_FUNCTION)
        tokens.expect("(")
        found = readers[named](tokens, named)
        tokens.expect(")")
        return found

    def _figure(self, tokens: Tokens, named: str) -> Selected:
        function = cast(Function, named)
        if named == "count" and (tokens.skip("*")):
            return Selected("count", None, "count")
        if named == "count" and tokens.skip_word("distinct"):
            function = "distinct"
        column = self._column(tokens)
        counted = function == "count" or column.type != "geometry"
        if (named in _NUMBERS and column.type not in ("integer", "number")) or not counted:
            what = f"{named} does not go with {column.name!r}, which is {column.type}"
            raise SoqlFault(tokens.where, what, code=MISMATCH)
        return Selected(f"{named}_{column.name}", column, function)

    def _of_each(self, tokens: Tokens, named: str) -> Selected:
        column = self._column(tokens)
        wanted = ("text",) if named in CASES else ("time", "date")
        if column.type not in wanted:
            what = f"{named} takes a {wanted[0]}, {column.name!r} is none"
            raise SoqlFault(tokens.where, what, code=MISMATCH)
        return Selected(f"{named}_{column.name}", column, None, named)

    def _distance(self, tokens: Tokens, named: str) -> Selected:
        column = self._column(tokens)
        if column.type != "geometry":
            what = f"{named} takes a geometry, {column.name!r} is none"
            raise SoqlFault(tokens.where, what, code=MISMATCH)
        return Selected(f"{named}_{column.name}", column, None, named, places.point(tokens))

    def _column(self, tokens: Tokens) -> Column:
        if tokens.now.kind not in ("name", "quoted"):
            raise tokens.fault("a column")
        return self.names.column(tokens.take().text, tokens.where)

    def _check(self, tokens: Tokens, found: list[Selected]) -> None:
        seen: set[str] = set()
        for each in found:
            if each.name in seen:
                raise SoqlFault(tokens.where, f"shows {each.name!r} twice", "give one another name with as")
            seen.add(each.name)
