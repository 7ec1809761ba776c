"""Which rows hold the texts of a search, kept in memory once for each different word of a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial, reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from catalogue.rows.engines import like, sql
from catalogue.rows.question.plan import Plan
from catalogue.rows.question.tree import Checked, Held, Joined, Node
from catalogue.rows.scan.vocabulary import Vocabulary

Truths = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
MOST = 200
"""Tests of columns up to which planning them takes less than reading the texts."""
SPELT = ("contains", "startswith", "like")
_VALUES = ("eq", "in")
_Test = tuple[str, str, object, bool]


@dataclass(frozen=True)
class _Rows:
    """Rows (n,) that may pass, no others can; None for any. They pass all where they do `exactly`."""

    truths: Truths | None = None
    exactly: bool = False


class Search:
    """Finds rows by the vocabularies of some columns of a snapshot, each in a table of DuckDB."""

    def __init__(self, plan: Plan, known: Mapping[str, tuple[str, Vocabulary]], dialect: sql.Dialect) -> None:
        self._plan, self._known, self._dialect = plan, known, dialect
        self._conditions = [spelt_out(node) for node in plan.conditions]
        self._found: dict[_Test, Places] = {}

    def run(self, cursor: Any) -> tuple[Plan, Places] | None:
        """The plan without what need not be tested any more, and the ascending positions of the rows that are
        left; None where that may be any."""
        tests = {_named(piece): piece for leaf in texts(self._conditions) for piece in self._pieces(leaf)}
        if not 0 < len(tests) <= MOST:
            return None
        self._look_up(cursor, tests)
        rest, truths = [], None
        for asked, node in zip(self._plan.conditions, self._conditions, strict=True):
            found = self._rows(node)
            rest += [] if found.exactly else [asked]
            truths = _together(np.logical_and, truths, found.truths)
        return (
            None if truths is None else (replace(self._plan, conditions=tuple(rest)), np.flatnonzero(truths))
        )

    def _look_up(self, cursor: Any, tests: Mapping[_Test, Checked]) -> None:
        selects: list[str] = []
        values: list[Any] = []
        for number, asked in enumerate(tests.values()):
            text, some = sql.test(self._plan.snapshot, asked, self._dialect)
            selects.append(f"SELECT {number} AS test, word FROM {self._of(asked)[0]} WHERE {text}")  # noqa: S608
            values += some
        found = cursor.execute(" UNION ALL ".join(selects), values).fetchnumpy()
        self._found = {name: found["word"][found["test"] == number] for number, name in enumerate(tests)}

    def _rows(self, node: Node) -> _Rows:
        match node:
            case Checked() if _is_text(node):
                pieces = self._pieces(node)
                truths = reduce(partial(_together, np.logical_and), map(self._holding, pieces), None)
                return _Rows(truths, exactly=pieces == [node])
            case Joined("AND", parts):
                return self._joined(np.logical_and, _telling(parts))
            case Joined("OR", parts):
                return self._joined(np.logical_or, parts)
        return _Rows()

    def _joined(self, joint: np.ufunc, parts: Sequence[Node]) -> _Rows:
        truths, exactly = None, bool(parts)
        for part in parts:
            found = self._rows(part)
            if found.truths is None and joint is np.logical_or:
                return _Rows()
            truths = _together(joint, truths, found.truths)
            exactly = exactly and found.exactly
        return _Rows(truths, exactly)

    def _holding(self, asked: Checked) -> Truths:
        return self._of(asked)[1].holding(self._found[_named(asked)], self._plan.snapshot.rows)

    def _pieces(self, asked: Checked) -> list[Checked]:
        """The tests of words that all pass where one of a text does: none where that says too little."""
        if self._of(asked)[1].whole:
            return [asked]
        return [Checked(asked.column, "contains", word, asked.folded) for word in _words(asked)]

    def _of(self, asked: Checked) -> tuple[str, Vocabulary]:
        return self._known[sql.name(self._plan.snapshot, asked.column)]


def _together(joint: np.ufunc, truths: Truths | None, others: Truths | None) -> Truths | None:
    """Both in the memory of the first, for they are as long as there are rows; None says nothing."""
    if truths is None or others is None:
        return truths if others is None else others
    joined: Truths = joint(truths, others, out=truths)
    return joined


def cut(plan: Plan, places: Places) -> tuple[Plan, Places]:
    """The rows of a page alone, where their places are its order and nothing is left to ask of them."""
    if plan.filtered or plan.order:
        return plan, places
    first = 0 if plan.after is None else int(np.searchsorted(places, plan.after, "right"))
    page = places[first:][plan.offset : plan.offset + plan.limit + 1]
    return replace(plan, after=None, offset=0), page


def columns(plan: Plan) -> frozenset[str]:
    """The SQL names of the columns whose vocabularies serve a plan: none where no part of a text is asked."""
    found = list(texts(map(spelt_out, plan.conditions)))
    if not any(asked.folded or asked.operator in SPELT for asked in found):
        return frozenset()
    return frozenset(sql.name(plan.snapshot, asked.column) for asked in found)


def spelt_out(node: Node) -> Node:
    """The same with each word as tests of columns; of a text that is missing they are unknown."""
    if isinstance(node, Held):
        words = zip(node.words, node.cased(), strict=True)
        return Joined(
            "AND",
            tuple(
                Joined("OR", tuple(Checked(column, "contains", word, cased) for column in node.columns))
                for word, cased in words
            ),
        )
    return replace(node, parts=tuple(map(spelt_out, node.parts))) if isinstance(node, Joined) else node


def texts(nodes: Iterable[Node]) -> Iterator[Checked]:
    """The tests of texts in trees that only pass rows which pass some of them."""
    for node in nodes:
        if isinstance(node, Joined):
            yield from texts(node.parts)
        elif isinstance(node, Checked) and _is_text(node):
            yield node


def _is_text(asked: Checked) -> bool:
    return asked.column.type == "text" and asked.operator in (*SPELT, *_VALUES)


def _telling(parts: Sequence[Node]) -> list[Node]:
    """Parts without tests whether a value is there, where others need it to be."""
    needed = {part.column for part in parts if isinstance(part, Checked) and part.operator != "isnull"}
    return [
        part
        for part in parts
        if not (isinstance(part, Checked) and part.operator == "isnull" and not part.value)
        or part.column not in needed
    ]


def _words(asked: Checked) -> list[str]:
    match asked.operator, asked.value:
        case "like", str(pattern):
            letters = like.literals(pattern)
        case _, str(text):
            letters = [text]
        case _:
            return []
    return [word for piece in letters for word in piece.split(" ") if word]


def _named(asked: Checked) -> _Test:
    return asked.column.name, asked.operator, asked.value, asked.folded
