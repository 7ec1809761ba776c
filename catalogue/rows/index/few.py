"""Columns of few values: each value is kept once with how many rows have it, and is asked in their place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from catalogue.rows.engines import sql
from catalogue.rows.question.plan import Plan
from catalogue.rows.question.tree import Checked, Held, Joined, Negated, Node, Place, Plain, leaves, tested
from schemas.dataset import Column
from schemas.snapshot import Snapshot

FEW = 1_000
"""Values of a column that are kept."""
PASSING = 100
"""Of more that pass a test a walk meets one soon, and a statement names so many values at most."""
MERGED = 16
"""Values of one column that are walked side by side, and at most named in place of a range."""
_TYPES = {"text": "TEXT", "integer": "INTEGER", "boolean": "INTEGER"}
_KEPT = "few_"
_SPELT = ("contains", "startswith", "like")
_RANGES = ("gt", "gte", "lt", "lte")
_NEVER = Joined("OR", ())


class Tally:
    """Counts the values of columns that hold codes, given by their SQL names, as long as those are few."""

    def __init__(self, columns: Mapping[str, Column]) -> None:
        self._columns = {column.name: (name, _TYPES[column.type]) for name, column in columns.items()}
        self._seen: dict[str, dict[str | int | None, int]] = {name: {} for name in self._columns}

    def add(self, batch: pa.RecordBatch) -> None:
        """Count the values of a batch."""
        for name, seen in list(self._seen.items()):
            found = pc.value_counts(batch[name])
            if len(found) <= FEW + 1:
                values, counts = (found.field(i).to_pylist() for i in (0, 1))
                for value, count in zip(values, counts, strict=True):
                    seen[value] = seen.get(value, 0) + count
            if len(found) > FEW + 1 or len(seen) - (None in seen) > FEW:
                del self._seen[name]

    def store(self, connection: sqlite3.Connection) -> dict[str, int]:
        """Write a table for each column of few values, and return how many there are by its SQL name."""
        found = {}
        for column, seen in self._seen.items():
            (name, kind), values = self._columns[column], len(seen) - (None in seen)
            if values:
                connection.execute(f"CREATE TABLE {_KEPT}{name} ({name} {kind}, kept INTEGER)")
                connection.executemany(f"INSERT INTO {_KEPT}{name} VALUES (?, ?)", seen.items())  # noqa: S608
                found[name] = values
        return found


def may_be_codes(column: Column) -> bool:
    """Whether a column may hold few values: numbers with fractions and times hardly do."""
    return column.type in _TYPES


def kept(connection: sqlite3.Connection) -> frozenset[str]:
    """The SQL names of the columns whose values an index keeps."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    return frozenset(name.removeprefix(_KEPT) for (name,) in tables if name.startswith(_KEPT))


@dataclass(frozen=True)
class Values:
    """The values of the columns `names`, as the index of a snapshot keeps them."""

    connection: sqlite3.Connection
    names: frozenset[str]
    snapshot: Snapshot
    dialect: sql.Dialect

    def told(self, plan: Plan) -> Plan:
        """The same plan, tests of letters and ranges put as the values that pass where those are kept."""
        nodes: list[Node] = []
        for node in self._without_ranges(plan.conditions):
            found = self._told(node)
            nodes += found.parts if isinstance(found, Joined) and found.joint == "AND" else (found,)
        told = tuple(_NEVER if _is_empty(node) else node for node in nodes)
        return plan if told == plan.conditions else replace(plan, conditions=told)

    def count(self, plan: Plan) -> int | None:
        """How many rows pass all conditions, None where they are not of one column whose values are kept."""
        found = list(leaves((*plan.places, *plan.conditions)))
        names = {self.name(column) for column in tested(found)}
        if len(names) != 1 or not names <= self.names or any(isinstance(leaf, Place) for leaf in found):
            return None
        tests = sql.both([sql.test(self.snapshot, node, self.dialect) for node in plan.conditions])
        return self._sum(names.pop(), tests)

    def rows(self, asked: Checked) -> int | None:
        """How many rows pass one test, None where the values of its column are not kept."""
        name = self.name(asked.column)
        if name not in self.names:
            return None
        return self._sum(name, sql.test(self.snapshot, asked, self.dialect))

    def name(self, column: Column) -> str:
        """The SQL name of a column."""
        return sql.name(self.snapshot, column)

    def _sum(self, name: str, test: sql.Fragment) -> int:
        text, values = test
        found = self.connection.execute(f"SELECT sum(kept) FROM {_KEPT}{name} WHERE {text}", values)  # noqa: S608
        return int(found.fetchone()[0] or 0)

    def _without_ranges(self, nodes: Iterable[Node]) -> list[Node]:
        """The same conditions, those that leave few values of a column between them put as these values."""
        others: list[Node] = []
        ranges: dict[Column, list[Checked]] = {}
        for node in nodes:
            if isinstance(node, Checked) and self._is_range(node):
                ranges.setdefault(node.column, []).append(node)
            else:
                others.append(node)
        for column, asked in ranges.items():
            passing = self._which(column, asked)
            others += [_one_of(column, passing)] if len(passing) <= MERGED else asked
        return others

    def _is_range(self, node: Checked) -> bool:
        coded = node.column.type in ("text", "integer") and self.name(node.column) in self.names
        return coded and node.operator in _RANGES

    def _which(self, column: Column, asked: Iterable[Checked]) -> tuple[Plain, ...]:
        """The values of a column that pass some tests of it."""
        text, values = sql.both([sql.test(self.snapshot, each, self.dialect) for each in asked])
        name = self.name(column)
        found = self.connection.execute(f"SELECT {name} FROM {_KEPT}{name} WHERE {text}", values)  # noqa: S608
        return tuple(value for (value,) in found)

    def _told(self, node: Node) -> Node:
        match node:
            case Checked() if node.folded or node.operator in _SPELT:
                return self._passing(node)
            case Held() if any(self.name(column) in self.names for column in node.columns):
                words = zip(node.words, node.cased(), strict=True)
                return Joined("AND", tuple(self._held(node.columns, word, cased) for word, cased in words))
            case Joined(joint, parts):
                return Joined(joint, tuple(map(self._told, parts)))
            case Negated(part):
                return Negated(self._told(part))
        return node

    def _held(self, columns: Iterable[Column], word: str, cased: bool) -> Node:
        """A word in one of some columns; a text that is missing holds none."""
        found: list[Node] = []
        for column in columns:
            passing = self._passing(Checked(column, "contains", word, cased))
            if self.dialect.nullable(column) and not _is_empty(passing):
                found.append(Joined("AND", (Checked(column, "isnull", False), passing)))
            elif not _is_empty(passing):
                found.append(passing)
        return found[0] if len(found) == 1 else Joined("OR", tuple(found))

    def _passing(self, asked: Checked) -> Checked:
        """The same test as the values that pass it, unknown of none as before."""
        if self.name(asked.column) not in self.names:
            return asked
        passing = self._which(asked.column, [asked])
        return asked if len(passing) > PASSING else _one_of(asked.column, passing)


def _one_of(column: Column, values: tuple[Plain, ...]) -> Checked:
    return Checked(column, "eq", *values) if len(values) == 1 else Checked(column, "in", values)


def _is_empty(node: Node) -> bool:
    return isinstance(node, Checked) and node.operator == "in" and not node.value
