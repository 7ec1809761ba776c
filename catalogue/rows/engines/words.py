"""Which rows hold the texts of a search, kept in memory once for each different word of a column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

import numpy as np
import numpy.typing as npt

from catalogue.rows.engines import like, sql
from catalogue.rows.engines.vocabulary import Vocabulary
from catalogue.rows.question.plan import Plan
from catalogue.rows.question.tree import Checked, Held, Joined, Node

Truths = npt.NDArray[np.bool_]
Places = npt.NDArray[np.int64]
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
        self._found: dict[_Test, Truths] = {}

    def run(self, cursor: Any) -> tuple[Plan, Places] | None:
        """The plan without what need not be tested any more, and the ascending positions of the rows that are
        left; None where that may be any."""
        tests = {_named(piece): piece for leaf in texts(self._conditions) for piece in self._pieces(leaf)}
        if not tests:
            return None
        self._look_up(cursor, tests)
        found = [self._rows(node) for node in self._conditions]
        known = [each.truths for each in found if each.truths is not None]
        if not known:
            return None
        rest = [n for n, each in zip(self._plan.conditions, found, strict=True) if not each.exactly]
        places: Places = np.flatnonzero(reduce(np.logical_and, known))
        return replace(self._plan, conditions=tuple(rest)), places

    def _look_up(self, cursor: Any, tests: Mapping[_Test, Checked]) -> None:
        selects: list[str] = []
        values: list[Any] = []
        for number, asked in enumerate(tests.values()):
            text, some = sql.test(self._plan.snapshot, asked, self._dialect)
            selects.append(f"SELECT {number} AS test, word FROM {self._of(asked)[0]} WHERE {text}")  # noqa: S608
            values += some
        found = cursor.execute(" UNION ALL ".join(selects), values).fetchnumpy()
        for number, (name, asked) in enumerate(tests.items()):
            words = found["word"][found["test"] == number]
            self._found[name] = self._of(asked)[1].holding(words, self._plan.snapshot.rows)

    def _rows(self, node: Node) -> _Rows:
        match node:
            case Checked() if _is_text(node):
                pieces = self._pieces(node)
                if not pieces:
                    return _Rows()
                truths = reduce(np.logical_and, (self._found[_named(piece)] for piece in pieces))
                return _Rows(truths, exactly=pieces == [node])
            case Joined("AND", parts):
                found = [self._rows(part) for part in _telling(parts)]
                known = [each.truths for each in found if each.truths is not None]
                exactly = all(each.exactly for each in found)
                return _Rows(reduce(np.logical_and, known), exactly) if known else _Rows()
            case Joined("OR", parts):
                found = [self._rows(part) for part in parts]
                known = [each.truths for each in found if each.truths is not None]
                if known and len(known) == len(found):
                    return _Rows(reduce(np.logical_or, known), all(each.exactly for each in found))
        return _Rows()

    def _pieces(self, asked: Checked) -> list[Checked]:
        """The tests of words that all pass where one of a text does: none where that says too little."""
        if self._of(asked)[1].whole:
            return [asked]
        return [Checked(asked.column, "contains", word, asked.folded) for word in _words(asked)]

    def _of(self, asked: Checked) -> tuple[str, Vocabulary]:
        return self._known[sql.name(self._plan.snapshot, asked.column)]


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
