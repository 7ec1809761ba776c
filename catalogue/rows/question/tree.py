"""Conditions checked against a snapshot: a tree whose values are as both engines compare them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from catalogue.rows.question.expressions import Weighed, cells
from catalogue.rows.space.places import Close, Lies
from schemas.conditions import Box, Operator
from schemas.dataset import Column

Plain = str | int | float | bool | None


@dataclass(frozen=True)
class Checked:
    """A filter with its value in plain form: times as microseconds since 1970, dates as ISO text.

    Where it is `folded`, the value is in small letters and the column is to be compared so.
    """

    column: Column
    operator: Operator
    value: Plain | tuple[Plain, ...]
    folded: bool = False


@dataclass(frozen=True)
class Held:
    """Every one of `words`, in small letters, is in one of `columns` at least; never unknown."""

    words: tuple[str, ...]
    columns: tuple[Column, ...]

    def cased(self) -> tuple[bool, ...]:
        """Whether each word has letters of two sizes; Hangul and digits have none, and cost no folding."""
        return tuple(word.upper() != word for word in self.words)


@dataclass(frozen=True)
class Joined:
    """Parts of which every one is true (AND), or at least one (OR)."""

    joint: Literal["AND", "OR"]
    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Negated:
    """What is unknown stays unknown."""

    part: Node


Place = Box | Lies | Close
"""Unknown of a row that is nowhere: without a geometry, or with an empty one."""
Node = Checked | Weighed | Held | Joined | Negated | Place


def leaves(nodes: Iterable[Node]) -> Iterator[Checked | Weighed | Held | Place]:
    """The tests of all trees, from left to right."""
    for node in nodes:
        if isinstance(node, Joined):
            yield from leaves(node.parts)
        elif isinstance(node, Negated):
            yield from leaves((node.part,))
        else:
            yield node


def tested(nodes: Iterable[Node]) -> Iterator[Column]:
    """The columns that the tests look at, but for the geometry of places; some come more than once."""
    for leaf in leaves(nodes):
        if isinstance(leaf, Checked):
            yield leaf.column
        elif isinstance(leaf, Held):
            yield from leaf.columns
        elif isinstance(leaf, Weighed):
            yield from cells(leaf)
