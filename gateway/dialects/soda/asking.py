"""What the parameters of a SODA request ask: `$select`, `$where` and so on, `$query`, columns by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.api.asking.parameters import Pairs
from gateway.dialects.soda.clauses import Reader, Selected, check_groups
from gateway.dialects.soda.comparing import Side, matched
from gateway.dialects.soda.faults import UNKNOWN, SoqlFault
from gateway.dialects.soda.literals import Names, number, text
from gateway.dialects.soda.tokens import Tokens
from schemas.conditions import Condition, Words
from schemas.dataset import Column
from schemas.formula import Call, Constant, Formula, Ranked, figured
from schemas.problem import did_you_mean

LIMIT = 1_000
MOST = 2**53
_CLAUSES = ("$select", "$where", "$group", "$having", "$order", "$limit", "$offset", "$q")
_IGNORED = ("$$app_token", "$$version", "$$read_from_nbe", "$$exclude_system_fields", "$$bom")
_KNOWN = (*_CLAUSES, "$query", *_IGNORED)


@dataclass
class Asked:
    """What is asked of rows, or of the answer to what was asked `before`.

    Without `groups` it is of rows, with an empty list of one group of all. CSV begins with a `mark` of its
    encoding where that is wanted.
    """

    selected: list[Selected] = field(default_factory=list)
    where: list[Formula] = field(default_factory=list)
    words: list[Condition] = field(default_factory=list)
    groups: list[Selected] | None = None
    having: Formula | None = None
    order: list[Ranked] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0
    before: Asked | None = None
    mark: bool = False

    @property
    def condition(self) -> Formula | None:
        """All that must be true of a row, but for its words."""
        parts = [
            part
            for each in self.where
            for part in (each.parts if isinstance(each, Call) and each.function == "and" else (each,))
        ]
        return parts[0] if len(parts) == 1 else Call("and", tuple(parts), "boolean") if parts else None


def read_asked(pairs: Pairs, names: Names) -> Asked:
    """What is asked of a dataset with these columns; raises SoqlFault."""
    given = dict(pairs)
    for name in given:
        if name.startswith("$") and name not in _KNOWN:
            raise SoqlFault(name, "is not a parameter here", did_you_mean(name, _KNOWN), code=UNKNOWN)
    system = given.get("$$exclude_system_fields", "true").lower() == "false"
    reading = Reading(names)
    if "$query" in given:
        others = [name for name in given if name in _CLAUSES]
        if others:
            raise SoqlFault("$query", f"stands beside {others[0]}", "say all in one of them")
        asked = _query(Tokens(given["$query"], "$query"), reading)
    else:
        reading.clauses(given)
        asked = reading.asked
    first = asked
    while first.before is not None:
        first = first.before
    first.where += [_equal(names, name, value) for name, value in given.items() if not name.startswith("$")]
    if system and not any(each.name == ":id" for each in first.selected) and first.groups is None:
        first.selected = [*(Selected(*each) for each in names.system.items()), *first.selected]
    asked.limit = LIMIT if asked.limit is None else asked.limit
    asked.mark = given.get("$$bom", "false").lower() == "true"
    return asked


def _query(tokens: Tokens, reading: Reading) -> Asked:
    """All clauses in one text, and what is asked of the answer behind each |>."""
    reading.query(tokens)
    while tokens.skip("|>"):
        columns = [Column(each.name, each.formula.type or "text") for each in reading.asked.selected]
        reading = Reading(Names(columns, reading.names.zone), Asked(before=reading.asked))
        reading.query(tokens)
    tokens.end()
    return reading.asked


def _equal(names: Names, name: str, value: str) -> Formula:
    """That a column has a value, both by name."""
    column = Side(names.formula(name, name), f"column {name!r}")
    sides = column.formula, matched(names, name, Side(Constant(value, "text"), repr(value)), column)
    return Call("eq", sides, "boolean")


@dataclass(frozen=True)
class Reading:
    """Fills in `asked` from one clause after the other; select comes first, since it gives names."""

    names: Names
    asked: Asked = field(default_factory=Asked)

    def clauses(self, given: Mapping[str, str]) -> None:
        """Each of its own parameter."""
        reader = Reader(self.names)
        for clause in _CLAUSES:
            if clause == "$q" and clause in given:
                self._search(given[clause])
            elif clause in given:
                tokens = Tokens(given[clause], clause)
                self._clause(clause, tokens, reader)
                tokens.end()
        self._complete()

    def query(self, tokens: Tokens) -> None:
        """All of them in one, each behind its keyword."""
        keywords = {
            "$select": ("select",), "$where": ("where",), "$group": ("group", "by"), "$having": ("having",),
            "$order": ("order", "by"), "search": ("search",), "$limit": ("limit",), "$offset": ("offset",),
        }  # fmt: skip
        reader = Reader(self.names)
        for clause, words in keywords.items():
            if not tokens.skip_word(*words):
                continue
            if clause == "search":
                self._search(text(tokens))
            else:
                self._clause(clause, tokens, reader)
        if tokens.is_word("join", "left", "union", "minus", "intersect", "with", "from"):
            raise SoqlFault(tokens.where, f"{tokens.now.text} is not offered here")
        self._complete()

    def _clause(self, clause: str, tokens: Tokens, reader: Reader) -> None:
        asked = self.asked
        match clause:
            case "$select":
                asked.selected, distinct = reader.selected(tokens)
                asked.groups = list(asked.selected) if distinct else None
            case "$where":
                asked.where.append(reader.condition(tokens))
            case "$group":
                self._group(tokens, reader)
            case "$having":
                asked.having = reader.condition(tokens, of_groups=True)
            case "$order":
                asked.order = reader.ordered(tokens)
            case "$limit":
                asked.limit = _whole(tokens)
            case "$offset":
                asked.offset = _whole(tokens)

    def _group(self, tokens: Tokens, reader: Reader) -> None:
        groups = reader.grouped(tokens)
        if self.asked.groups is not None and {g.formula for g in groups} - {
            g.formula for g in self.asked.groups
        }:
            raise SoqlFault(tokens.where, "groups by more than a distinct select shows", "leave distinct out")
        self.asked.groups = groups

    def _search(self, words: str) -> None:
        if self.names.updated is None:
            raise SoqlFault("$query", "searches what was made of rows", "search in the first select")
        if words.strip():
            self.asked.words.append(Words(words))

    def _complete(self) -> None:
        """See that what is asked of groups is of groups."""
        asked = self.asked
        ordered = [each.formula for each in asked.order]
        told = [*(each.formula for each in asked.selected), *ordered]
        if asked.groups is None and (asked.having is not None or any(map(figured, told))):
            asked.groups = []
        if not asked.selected:
            shown = [Selected(name, formula) for name, formula in self.names.all.items()]
            asked.selected = shown if asked.groups is None else list(asked.groups)
        if asked.groups is None:
            return
        if not asked.selected:
            raise SoqlFault(
                "$group", "says of no groups, and such are asked for", "add it, or select figures"
            )
        tested = [] if asked.having is None else [asked.having]
        told = [*(each.formula for each in asked.selected), *ordered, *tested]
        check_groups("$select", told, (each.formula for each in asked.groups))


def _whole(tokens: Tokens) -> int:
    found = number(tokens)
    if found < 0 or found != int(found):
        raise SoqlFault(tokens.where, f"takes a whole number from 0, not {found:g}")
    if found > MOST:
        raise SoqlFault(tokens.where, f"takes at most {MOST}")
    return int(found)
