"""Read what SoQL selects, groups and orders by: expressions by their names."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import chain, count

from gateway.dialects.soda.expressions import Expressions
from gateway.dialects.soda.faults import FIGURE_OF_ROWS, NOT_GROUPED, TWICE, SoqlFault
from gateway.dialects.soda.literals import Names
from gateway.dialects.soda.spans import spanned
from gateway.dialects.soda.tokens import Tokens
from schemas.formula import FIGURES, Call, Constant, Formula, Of, Ranked, figured


@dataclass(frozen=True)
class Selected:
    """One column of the answer, shown as `name`."""

    name: str
    formula: Formula


@dataclass(frozen=True)
class Reader:
    """Reads the lists of a question; `aliases` are the names that were given in its select."""

    names: Names
    aliases: dict[str, Formula] = field(default_factory=dict)

    def selected(self, tokens: Tokens) -> tuple[list[Selected], bool]:
        """The list of a select, and whether its rows are to be distinct."""
        distinct = tokens.skip_word("distinct")
        found: list[Selected] = []
        while True:
            found += self._starred(tokens) or [self._named(tokens, {each.name for each in found})]
            # Behind a name that was given, columns of the same name stand for themselves.
            self.aliases.update({e.name: e.formula for e in found if e.name not in self.names.all})
            if not tokens.skip(","):
                break
        _check_names(tokens, found)
        self.aliases.update({each.name: each.formula for each in found})
        return found, distinct

    def _starred(self, tokens: Tokens) -> list[Selected]:
        """All columns, or all fields of the system, but for those that are excepted."""
        if tokens.now.kind == "name" and tokens.now.text == ":*":
            tokens.take()
            known = self.names.system
        elif tokens.skip("*"):
            known = self.names.all
        else:
            return []
        left_out: set[str] = set()
        if tokens.now.text == "(" and tokens.ahead().text.lower() == "except":
            tokens.take()
            tokens.take()
            left_out = {name for name, _ in tokens.listed(lambda: self._column(tokens))}
            tokens.expect(")")
        return [Selected(name, formula) for name, formula in known.items() if name not in left_out]

    def _column(self, tokens: Tokens) -> tuple[str, Formula]:
        if tokens.now.kind not in ("name", "quoted"):
            raise tokens.fault("a column")
        found = self.names.formula(tokens.take().text, tokens.where)
        return (found.column if isinstance(found, Of) else ""), found

    def _named(self, tokens: Tokens, taken: set[str]) -> Selected:
        """An expression and its name: the one given, a column's own, or how it is written."""
        start, first = tokens.now.place, tokens.now.text
        found = Expressions(tokens, self.names, self.aliases).formula()
        written = tokens.behind(start)
        if tokens.skip_word("as"):
            if tokens.now.kind not in ("name", "quoted"):
                raise tokens.fault("a name")
            return Selected(tokens.take().text, found)
        if first.startswith(":") and first in self.names.system and written == first:
            return Selected(first, found)
        if isinstance(found, Of):
            return Selected(found.column, found)
        name = re.sub(r"\W+", "_", written).strip("_") or "value"
        free = (each for each in chain((name,), (f"{name}_{n}" for n in count(1))) if each not in taken)
        return Selected(next(free), found)

    def grouped(self, tokens: Tokens) -> list[Selected]:
        """The list of a group by: expressions of rows, or aliases of such."""
        return tokens.listed(lambda: self._grouped(tokens))

    def _grouped(self, tokens: Tokens) -> Selected:
        start = tokens.now.place
        found = Expressions(tokens, self.names, self.aliases).formula()
        written = tokens.behind(start)
        if figured(found):
            raise SoqlFault(tokens.where, f"cannot group by {written}", "group by what rows have")
        alias = next((name for name, formula in self.aliases.items() if formula == found), None)
        column = found.column if isinstance(found, Of) else re.sub(r"\W+", "_", written).strip("_")
        return Selected(alias or column, found)

    def condition(self, tokens: Tokens, *, of_groups: bool = False) -> Formula:
        """A where, which knows no alias that is a column's name too, or a having."""
        ours = {n: f for n, f in self.aliases.items() if of_groups or n not in self.names.all}
        found = Expressions(tokens, self.names, ours).condition()
        if not of_groups and figured(found):
            raise SoqlFault(
                tokens.where, "asks rows for a figure of groups", "use $having", code=FIGURE_OF_ROWS
            )
        return found if of_groups else spanned(found, self.names.zone)

    def ordered(self, tokens: Tokens) -> list[Ranked]:
        """The list of an order by."""
        return tokens.listed(lambda: self._ordered(tokens))

    def _ordered(self, tokens: Tokens) -> Ranked:
        what = Expressions(tokens, self.names, self.aliases).formula()
        if what.type == "geometry":
            raise SoqlFault(tokens.where, "orders by a geometry, which has no order")
        descending = tokens.skip_word("desc")
        if not descending:
            tokens.skip_word("asc")
        if not (tokens.skip_word("null") or tokens.skip_word("nulls")):
            return Ranked(what, descending)
        first = tokens.skip_word("first")
        if not first and not tokens.skip_word("last"):
            raise tokens.fault("first or last")
        return Ranked(what, descending, first)


def check_groups(where: str, formulas: Iterable[Formula], groups: Iterable[Formula]) -> None:
    """That formulas are made of groups, figures and constants alone; raises SoqlFault."""
    known = set(groups)
    for each in formulas:
        lone = _ungrouped(each, known)
        if lone is not None:
            what = f"{lone!r} is neither grouped by nor a figure"
            raise SoqlFault(where, what, "add it to $group", code=NOT_GROUPED, column=lone)


def _ungrouped(formula: Formula, groups: set[Formula]) -> str | None:
    if formula in groups or isinstance(formula, Constant):
        return None
    match formula:
        case Of(column):
            return column
        case Call(name, parts) if name not in FIGURES:
            return next((lone for part in parts if (lone := _ungrouped(part, groups)) is not None), None)
        case Call():
            return None
    return "a place"


def _check_names(tokens: Tokens, found: list[Selected]) -> None:
    seen: set[str] = set()
    for each in found:
        if each.name in seen:
            hint = "give one another name with as"
            raise SoqlFault(tokens.where, f"shows {each.name!r} twice", hint, code=TWICE)
        seen.add(each.name)
