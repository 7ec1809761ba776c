"""The SQL of a plan, one text for both engines: names are ours (`id`, `c0`, `c1` ...), values parameters."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalogue.rows.engines.expressions import Writer
from catalogue.rows.question.expressions import Weighed
from catalogue.rows.question.plan import Plan
from catalogue.rows.question.tree import Checked, Held, Joined, Negated, Node, Plain
from catalogue.rows.space.places import Close, Lies
from schemas.arrow import ID
from schemas.conditions import Box
from schemas.dataset import BBox, Column
from schemas.snapshot import Snapshot

Fragment = tuple[str, list[Plain]]


@dataclass(frozen=True)
class Dialect:
    """Where the engines differ.

    `contains`, `like` and `small` test for a part of a text or a pattern, and write it in small letters,
    `pattern` says a pattern as `like` takes it. `place` writes a column's plain value, `nullable` tells
    whether a column may hold nulls, `corners` names xmin ymin xmax ymax of a row's box, `lies` tests a
    geometry that is there, `writer` compares expressions, and `hidden` names the SQL columns whose indexes
    are not to be used.
    """

    contains: str
    like: str
    pattern: Callable[[str], str]
    small: str
    place: Callable[[Column], str]
    nullable: Callable[[Column], bool]
    corners: Sequence[str]
    lies: Callable[[Lies | Close], Fragment]
    writer: Writer
    hidden: frozenset[str] = frozenset()


_COMPARE = {"eq": "=", "ne": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<="}


def name(snapshot: Snapshot, column: Column) -> str:
    """The SQL name of a column: its place, since published names differ by case and engines do not see it."""
    return "id" if column.name == ID else f"c{snapshot.places[column.name]}"


def names(plan: Plan) -> str:
    """The columns to show, for SELECT."""
    return ", ".join(name(plan.snapshot, column) for column in plan.columns)


def where(plan: Plan, dialect: Dialect) -> Fragment:
    """The tests of a plan without its cursor, joined by AND; of places first the box, to look up."""
    tests = [box(place.bounds, dialect.corners) for place in plan.places if not isinstance(place, Box)]
    nodes = (*plan.places, *plan.conditions)
    return both([*tests, *(test(plan.snapshot, node, dialect) for node in nodes)])


def both(fragments: Sequence[Fragment]) -> Fragment:
    """Fragments joined by AND; TRUE when there is none."""
    texts = [text for text, _ in fragments]
    return " AND ".join(texts) or "TRUE", [value for _, values in fragments for value in values]


def test(snapshot: Snapshot, node: Node, dialect: Dialect) -> Fragment:
    """What a node asks, TRUE, FALSE or NULL of each row."""
    match node:
        case Checked():
            return _compared(snapshot, node, dialect)
        case Weighed():
            return dialect.writer.compared(node, functools.partial(name, snapshot))
        case Joined():
            return _joined(snapshot, node, dialect)
        case Negated():
            text, values = test(snapshot, node.part, dialect)
            return f"NOT ({text})", values
        case Held():
            return _held(snapshot, node, dialect)
        case Box() | Lies() | Close():
            return _placed(node, dialect)


def _joined(snapshot: Snapshot, node: Joined, dialect: Dialect) -> Fragment:
    tests = [test(snapshot, part, dialect) for part in node.parts]
    text = f" {node.joint} ".join(f"({text})" for text, _ in tests)
    return f"({text or str(node.joint == 'AND').upper()})", [value for _, values in tests for value in values]


def _held(snapshot: Snapshot, node: Held, dialect: Dialect) -> Fragment:
    """Each word in some column; a text that is missing holds no word."""
    names = [name(snapshot, column) for column in node.columns]
    tests = []
    for cased in node.cased():
        texts = [dialect.small.format(each) if cased else each for each in names]
        tests.append(" OR ".join(dialect.contains.format(text) for text in texts))
    values: list[Plain] = [word for word in node.words for _ in names]
    return " AND ".join(f"COALESCE({test}, FALSE)" for test in tests), values


def _placed(node: Box | Lies | Close, dialect: Dialect) -> Fragment:
    """Looks at the geometry itself only where its box meets the box of what is asked."""
    if isinstance(node, Box):
        return box(node.bbox, dialect.corners)
    near, values = box(node.bounds, dialect.corners)
    exact, more = dialect.lies(node)
    text = f"CASE WHEN {dialect.corners[0]} IS NULL THEN NULL WHEN {near} THEN {exact}"
    return f"{text} ELSE {str(node.apart).upper()} END", [*values, *more]


def _compared(snapshot: Snapshot, asked: Checked, dialect: Dialect) -> Fragment:
    column, place = name(snapshot, asked.column), dialect.place(asked.column)
    if asked.folded:
        column = dialect.small.format(column)
    elif column in dialect.hidden:
        column = f"+{column}"  # https://www.sqlite.org/optoverview.html, unary plus
    match asked.operator, asked.value:
        case "isnull", value:
            return f"{column} IS {'NULL' if value else 'NOT NULL'}", []
        case "in", ():
            return f"({column} IS NULL AND NULL)", []  # Of no value a null is unknown as well.
        case "in", tuple(values):
            return f"{column} IN ({', '.join([place] * len(values))})", [*values]
        case operator, value if operator in _COMPARE and not isinstance(value, tuple):
            return f"{column} {_COMPARE[operator]} {place}", [value]
    return _spelt(column, asked, dialect)


def _spelt(column: str, asked: Checked, dialect: Dialect) -> Fragment:
    match asked.operator, asked.value:
        case "contains", str(part):
            return dialect.contains.format(column), [part]
        case "like", str(pattern):
            return dialect.like.format(column), [dialect.pattern(pattern)]
        case "startswith", str(prefix):
            return _startswith(column, prefix)
    raise ValueError(f"{asked.operator} does not take {asked.value!r}")


def _startswith(column: str, prefix: str) -> Fragment:
    """A range by code point, which indexes and row group statistics can serve."""
    end = _successor(prefix)
    if end is None:
        return f"{column} >= ?", [prefix]
    return f"({column} >= ? AND {column} < ?)", [prefix, end]


def _successor(prefix: str) -> str | None:
    """The first text behind all that start with `prefix`, None when there is none."""
    trimmed = prefix.rstrip("\U0010ffff")
    if not trimmed:
        return None
    following = ord(trimmed[-1]) + 1
    # Surrogates are no text: the code point behind U+D7FF is U+E000.
    return trimmed[:-1] + chr(0xE000 if following == 0xD800 else following)


def order_by(plan: Plan, dialect: Dialect) -> str:
    """Nulls last in both directions, then the row's position."""
    terms = []
    for column, down in plan.order:
        nulls = " NULLS LAST" if dialect.nullable(column) else ""
        terms.append(f"{name(plan.snapshot, column)}{' DESC' if down else ''}{nulls}")
    return ", ".join([*terms, "pos"])


def after(plan: Plan, values: Sequence[Plain], dialect: Dialect) -> Fragment:
    """Rows behind the one at `plan.after`, whose order values are `values`."""
    found = steps(plan, values, dialect)
    return f"({' OR '.join(f'({text})' for text, _ in found)})", [
        value for _, some in found for value in some
    ]


def steps(plan: Plan, values: Sequence[Plain], dialect: Dialect) -> list[Fragment]:
    """The same rows in the order asked for, step by step: each is a range that an index is entered at."""
    ties: list[Fragment] = []
    found: list[Fragment] = []
    for (column, down), value in zip(plan.order, values, strict=True):
        text, place = name(plan.snapshot, column), dialect.place(column)
        if value is None:
            ties.append((f"{text} IS NULL", []))
            continue
        beyond: list[Fragment] = [(f"{text} {'<' if down else '>'} {place}", [value])]
        if dialect.nullable(column):
            beyond.append((f"{text} IS NULL", []))
        found = [*(both([*ties, each]) for each in beyond), *found]
        ties.append((f"{text} = {place}", [value]))
    return [both([*ties, ("pos > ?", [plan.after])]), *found]


def box(bbox: BBox, corners: Sequence[str]) -> Fragment:
    """Boxes that meet `bbox`, edges included; `corners` names xmin ymin xmax ymax."""
    west, south, east, north = bbox
    xmin, ymin, xmax, ymax = corners
    joint = "OR" if west > east else "AND"
    text = f"({xmin} <= ? {joint} {xmax} >= ?) AND {ymin} <= ? AND {ymax} >= ?"
    return text, [east, west, north, south]
