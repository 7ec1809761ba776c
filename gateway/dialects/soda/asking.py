"""What the parameters of a SODA request ask: `$select`, `$where` and so on, `$query`, columns by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from gateway.api.asking.parameters import Pairs
from gateway.dialects.soda.clauses import Ordered, Reader, Selected
from gateway.dialects.soda.faults import UNKNOWN, SoqlFault
from gateway.dialects.soda.literals import Names, number, text
from gateway.dialects.soda.tokens import Tokens
from gateway.dialects.soda.where import read_where
from schemas.conditions import Condition, Filter, Words
from schemas.dataset import Column
from schemas.problem import did_you_mean

LIMIT = 1_000
MOST = 2**53
_CLAUSES = ("$select", "$where", "$group", "$having", "$order", "$limit", "$offset", "$q")
_IGNORED = ("$$app_token", "$$version", "$$read_from_nbe", "$$exclude_system_fields", "$$bom")
_KNOWN = (*_CLAUSES, "$query", *_IGNORED)


@dataclass
class Asked:
    """What is asked: all columns where nothing is selected, with `:id` where `system` fields are wanted.

    Of groups those are wanted of which `having` is true, which asks of what is `tested`. CSV begins with a
    `mark` of its encoding where that is wanted.
    """

    selected: list[Selected] = field(default_factory=list)
    distinct: bool = False
    conditions: list[Condition] = field(default_factory=list)
    groups: list[Selected] = field(default_factory=list)
    having: Condition | None = None
    tested: list[Selected] = field(default_factory=list)
    order: list[Ordered] = field(default_factory=list)
    limit: int = LIMIT
    offset: int = 0
    system: bool = False
    mark: bool = False

    @property
    def grouped(self) -> bool:
        """Whether the answer is of groups rather than of rows."""
        figures = any(each.function for each in self.selected)
        return bool(self.groups) or self.distinct or figures or self.having is not None


def read_asked(pairs: Pairs, names: Names) -> Asked:
    """What is asked of a dataset with these columns; raises SoqlFault."""
    given, asked = dict(pairs), Asked()
    for name in given:
        if name.startswith("$") and name not in _KNOWN:
            hint = did_you_mean(name, _KNOWN)
            raise SoqlFault(name, "is not a parameter here", hint, code=UNKNOWN)
    reading = _Reading(asked, names, Reader(names, {}))
    asked.system = given.get("$$exclude_system_fields", "true").lower() == "false"
    asked.mark = given.get("$$bom", "false").lower() == "true"
    if "$query" in given:
        others = [name for name in given if name in _CLAUSES]
        if others:
            raise SoqlFault("$query", f"stands beside {others[0]}", "say all in one of them")
        reading.query(Tokens(given["$query"], "$query"))
    reading.clauses(given)
    reading.columns({name: value for name, value in given.items() if not name.startswith("$")})
    return asked


@dataclass(frozen=True)
class _Reading:
    """Fills in `asked` from one clause after the other; select comes first, since it gives names."""

    asked: Asked
    names: Names
    reader: Reader

    def clauses(self, given: Mapping[str, str]) -> None:
        """Each of its own parameter."""
        for clause in _CLAUSES:
            if clause not in given:
                continue
            if clause == "$q":
                self._search(given[clause])
                continue
            tokens = Tokens(given[clause], clause)
            self._clause(clause, tokens)
            tokens.end()

    def query(self, tokens: Tokens) -> None:
        """All of them in one, each after its keyword."""
        keywords = {
            "$select": ("select",), "$where": ("where",), "$group": ("group", "by"), "$having": ("having",),
            "$order": ("order", "by"), "search": ("search",), "$limit": ("limit",), "$offset": ("offset",),
        }  # fmt: skip
        for clause, words in keywords.items():
            if not tokens.skip_word(*words):
                continue
            if clause == "search":
                self._search(text(tokens))
            else:
                self._clause(clause, tokens)
        if tokens.is_word("join", "union", "with", "from"):
            raise SoqlFault(tokens.where, f"{tokens.now.text} is not offered here")
        tokens.end()

    def columns(self, given: Mapping[str, str]) -> None:
        """Columns by name, each with the value it must have."""
        for name, value in given.items():
            column = self.names.column(name, name)
            found = Filter(column.name, "eq", self.names.value(column, value, name))
            self.asked.conditions.append(found)

    def _clause(self, clause: str, tokens: Tokens) -> None:
        asked = self.asked
        match clause:
            case "$select":
                asked.selected, asked.distinct = self.reader.selected(tokens)
            case "$where":
                asked.conditions.append(read_where(tokens, self.names))
            case "$group":
                asked.groups = self.reader.grouped(tokens)
            case "$having":
                asked.having = read_where(tokens, self.names, self._figure)
            case "$order":
                asked.order = self.reader.ordered(tokens)
            case "$limit":
                asked.limit = _whole(tokens)
            case "$offset":
                asked.offset = _whole(tokens)

    def _figure(self, tokens: Tokens) -> Column:
        """What a group is asked of, noted as tested."""
        found = self.reader.expression(tokens)
        self.asked.tested.append(found)
        return replace(found.shown, name=found.asked)

    def _search(self, words: str) -> None:
        if words.strip():
            self.asked.conditions.append(Words(words))


def _whole(tokens: Tokens) -> int:
    found = number(tokens)
    if found < 0 or found != int(found):
        raise SoqlFault(tokens.where, f"takes a whole number from 0, not {found:g}")
    if found > MOST:
        raise SoqlFault(tokens.where, f"takes at most {MOST}")
    return int(found)
