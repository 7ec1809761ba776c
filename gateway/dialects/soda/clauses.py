"""Read what SoQL selects, groups and orders by: columns, figures of groups, spans of time, by their names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from gateway.dialects.soda.faults import MISMATCH, NO_FUNCTION, SoqlFault
from gateway.dialects.soda.literals import Names
from gateway.dialects.soda.tokens import Tokens
from schemas.arrow import ID
from schemas.dataset import Column
from schemas.problem import did_you_mean
from schemas.query import Bucket, Function, Measure

_FUNCTIONS = ("count", "sum", "avg", "min", "max", "median")
_NUMBERS = ("sum", "avg", "median")
_SPANS: dict[str, int | str] = {"date_trunc_y": "year", "date_trunc_ym": "month", "date_trunc_ymd": 86_400}
DAY = "ymd"


@dataclass(frozen=True)
class Selected:
    """One column of the answer: a column as it is, a figure of groups, or spans of time; shown as `name`."""

    name: str
    column: Column | None = None
    function: Function | None = None
    span: int | str | None = None

    @property
    def asked(self) -> tuple[str | None, Function | None, int | str | None]:
        """What it is, whatever it is called."""
        return self.column.name if self.column else None, self.function, self.span

    def measure(self, name: str) -> Measure:
        """The figure of a group under a name of ours."""
        assert self.function is not None
        return Measure(name, self.function, self.column.name if self.column else None)

    def bucket(self) -> Bucket:
        """The spans of time."""
        assert self.column is not None
        return Bucket(self.column.name, cast("int", self.span))


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
        found = tokens.listed(lambda: self._expression(tokens))
        for each in found:
            if each.function is not None:
                raise SoqlFault(tokens.where, f"groups by a figure, {each.name}", "group by columns")
        return found

    def ordered(self, tokens: Tokens) -> list[Ordered]:
        """The list of an order by."""
        return tokens.listed(lambda: self._ordered(tokens))

    def _ordered(self, tokens: Tokens) -> Ordered:
        what = self._expression(tokens)
        if what.function is None and what.column and what.column.type == "geometry":
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
        found = self._expression(tokens)
        if not tokens.skip_word("as"):
            return found
        if tokens.now.kind not in ("name", "quoted"):
            raise tokens.fault("a name")
        return Selected(tokens.take().text, found.column, found.function, found.span)

    def _expression(self, tokens: Tokens) -> Selected:
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
        readers |= dict.fromkeys(_SPANS, self._span)
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
        if (named in _NUMBERS and column.type not in ("integer", "number")) or column.type == "geometry":
            what = f"{named} does not go with {column.name!r}, which is {column.type}"
            raise SoqlFault(tokens.where, what, code=MISMATCH)
        return Selected(f"{named}_{column.name}", column, function)

    def _span(self, tokens: Tokens, named: str) -> Selected:
        column = self._column(tokens)
        if column.type not in ("time", "date"):
            raise SoqlFault(tokens.where, f"{named} takes a time, {column.name!r} is none", code=MISMATCH)
        return Selected(f"{named}_{column.name}", column, None, _SPANS[named])

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
