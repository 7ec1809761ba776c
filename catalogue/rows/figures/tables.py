"""Tables worked out of rows by formulas: of each row, of groups, and of tables made before."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import tzinfo
from functools import partial
from itertools import chain
from typing import Any

from catalogue.rows.engines import sql
from catalogue.rows.engines.sql import Dialect, Fragment
from catalogue.rows.engines.values import shown
from catalogue.rows.figures import buckets
from catalogue.rows.figures.formulas import Writer
from catalogue.rows.figures.grouping import kept
from catalogue.rows.question.check import Checker
from catalogue.rows.question.plan import ID_COLUMN, plan
from catalogue.rows.question.tree import Joined, Node
from catalogue.rows.scan.scanner import Scanner
from schemas.dataset import Column
from schemas.formula import DEEPEST, FIGURES, LARGEST, Call, Constant, Formula, Holds, Of, TableQuery
from schemas.problem import BadInput, InputError
from schemas.snapshot import Snapshot

PAGE = 10_000
"""Rows that are handed on at once."""
STAGES = 10
"""Tables that one may be made of, one after the other."""
Clock = Callable[[str | None], buckets.Offsets]
Values = list[tuple[object, ...]]


def worked(scanner: Scanner, snapshot: Snapshot, query: TableQuery, zone: tzinfo) -> Iterator[Values]:
    """The rows of a table in its order, page after page, as rows are shown; whole numbers may be of any size.

    One page at least comes, the first of which is read. Raises BadInput, and RowsTimeout where that takes too
    much work.
    """
    stages = _stages(query)
    _check(stages)
    asked = plan(snapshot, kept(stages[0].rows))
    clock = partial(_offsets, snapshot, zone)
    nodes = _nodes(stages[0], snapshot)
    whole = [_is_long(formula, stages) for _, formula in query.columns]
    columns = [
        Column(name, "text" if long else formula.type or "text")
        for (name, formula), long in zip(query.columns, whole, strict=True)
    ]

    def write(source: Fragment, dialect: Dialect) -> Fragment:
        return _told(source, stages, Writer(snapshot, dialect, {}, clock, nodes))

    def pages() -> Iterator[Values]:
        for batch in scanner.table(asked, write, PAGE):
            values = shown(batch.columns, columns)
            yield [_numbers(row, whole) for row in values] if any(whole) else values

    found = pages()
    return chain((next(found, []),), found)


def _is_long(formula: Formula, stages: Sequence[TableQuery]) -> bool:
    """Whether it is a whole number that was worked out: of any length, it comes as a text."""
    return formula.type == "integer" and not (isinstance(formula, Of) and len(stages) == 1)


def _numbers(row: tuple[object, ...], whole: Sequence[bool]) -> tuple[object, ...]:
    return tuple(
        int(str(value)) if long and value is not None else value
        for value, long in zip(row, whole, strict=True)
    )


def _stages(query: TableQuery) -> list[TableQuery]:
    """From the table that is made of rows to the last."""
    stages = [query]
    while (former := stages[0].of) is not None:
        stages.insert(0, former)
    return stages


def _check(stages: Sequence[TableQuery]) -> None:
    if len(stages) > STAGES:
        what = f"is made in {len(stages)} steps"
        raise BadInput([InputError("table", what, f"ask in at most {STAGES}")])
    calls = [each for stage in stages for each in stage.formulas() if isinstance(each, Call)]
    depth, size = max((each.depth for each in calls), default=0), sum(each.size for each in calls)
    if depth > DEEPEST or size > LARGEST:
        what = f"are {depth} deep and of {size} parts: more than {DEEPEST}, or {LARGEST}"
        raise BadInput([InputError("formulas", what, "ask for fewer, or twice")])


def _nodes(stage: TableQuery, snapshot: Snapshot) -> dict[Holds, Node]:
    """The conditions that formulas hold, checked; of places the engine knows numbers only, so they stay."""
    checker = Checker({column.name: column for column in snapshot.columns})
    held = {each for formula in stage.formulas() for each in _held(formula)}
    found = {each: Joined("AND", tuple(checker.all((each.condition,)))) for each in held}
    if checker.faults:
        raise BadInput(checker.faults)
    return dict(found)


def _held(formula: Formula) -> Iterator[Holds]:
    if isinstance(formula, Holds):
        yield formula
    elif isinstance(formula, Call):
        for part in formula.parts:
            yield from _held(part)


def _told(source: Fragment, stages: Sequence[TableQuery], writer: Writer) -> Fragment:
    """One statement, each table the source of the next."""
    snapshot = writer.snapshot
    names = {column.name: sql.name(snapshot, column) for column in (ID_COLUMN, *snapshot.columns)}
    for number, stage in enumerate(stages):
        if number:
            source = f"(SELECT *, row_number() OVER () AS pos FROM ({source[0]}))", source[1]  # noqa: S608
        long = [stage is stages[-1] and _is_long(formula, stages) for _, formula in stage.columns]
        source = _stage(source, stage, (f"t{number}_", long), replace(writer, names=names))
        names = {name: f"t{number}_{place}" for place, (name, _) in enumerate(stage.columns)}
    return source


def _stage(
    source: Fragment, stage: TableQuery, shown_as: tuple[str, Sequence[bool]], writer: Writer
) -> Fragment:
    """One table: its columns under a prefix and their places, some as texts."""
    prefix, long = shown_as
    test, ties = stage.where, ["pos"]
    if stage.groups is not None:
        source, writer = _groups(_where(source, stage.where, writer), stage, prefix, writer)
        test, ties = (
            stage.having,
            [f"{writer.grouped[group]} NULLS LAST" for group in dict.fromkeys(stage.groups)],
        )
    found = [writer.sql(formula) for _, formula in stage.columns]
    told = [f"CAST({text} AS VARCHAR)" if cast else text for (text, _), cast in zip(found, long, strict=True)]
    texts = ", ".join(f"{text} AS {prefix}{place}" for place, text in enumerate(told))
    parts: list[Fragment] = [
        (f"SELECT {texts} FROM", [value for _, more in found for value in more]),
        _where(source, test, writer),
        _order(stage, ties, writer),
        _page(stage),
    ]
    return " ".join(text for text, _ in parts), [value for _, more in parts for value in more]


def _where(source: Fragment, test: Formula | None, writer: Writer) -> Fragment:
    if test is None:
        return source
    text, values = writer.sql(test)
    return f"{source[0]} WHERE {text}", [*source[1], *values]


def _groups(source: Fragment, stage: TableQuery, prefix: str, writer: Writer) -> tuple[Fragment, Writer]:
    """Groups of rows and their figures under names, by which formulas then know them.

    Apart from what is made of them: DuckDB 1.5 loses columns of groups inside of TRY.
    """
    groups = {formula: f"{prefix}g{place}" for place, formula in enumerate(dict.fromkeys(stage.groups or ()))}
    known = dict.fromkeys(each for formula in stage.formulas() for each in _figures(formula))
    figures = {formula: f"{prefix}f{place}" for place, formula in enumerate(known)}
    if groups:
        texts, values = _named(groups, writer)
        source = f"(SELECT *, {texts} FROM {source[0]})", [*values, *source[1]]  # noqa: S608
    texts, values = _named(figures, writer)
    names = ", ".join(groups.values())
    told = ", ".join(filter(None, (names, texts))) or "count(*)"
    by = f"GROUP BY {names}" if groups else ""
    inner = f"(SELECT {told} FROM {source[0]} {by})", [*values, *source[1]]  # noqa: S608
    return inner, replace(writer, grouped=groups | figures)


def _named(formulas: Mapping[Formula, str], writer: Writer) -> Fragment:
    found = [writer.sql(formula) for formula in formulas]
    texts = (f"{text} AS {name}" for (text, _), name in zip(found, formulas.values(), strict=True))
    return ", ".join(texts), [value for _, more in found for value in more]


def _figures(formula: Formula) -> Iterator[Formula]:
    """The figures that a formula is made of."""
    if isinstance(formula, Call) and formula.function in FIGURES:
        yield formula
    elif isinstance(formula, Call):
        for part in formula.parts:
            yield from _figures(part)


def _order(stage: TableQuery, ties: Sequence[str], writer: Writer) -> Fragment:
    terms: list[str] = []
    values: list[Any] = []
    for each in stage.order:
        if isinstance(each.formula, Constant):
            continue  # The same for all: and DuckDB would take a number for the place of a column.
        text, more = writer.sql(each.formula)
        nulls = "FIRST" if each.nulls_first else "LAST"
        terms.append(f"{text}{' DESC' if each.descending else ''} NULLS {nulls}")
        values += more
    whole = [*terms, *ties]
    return (f"ORDER BY {', '.join(whole)}" if whole else ""), values


def _page(stage: TableQuery) -> Fragment:
    if stage.limit is None:
        return f"OFFSET {stage.offset}", []
    return f"LIMIT {stage.limit} OFFSET {stage.offset}", []


def _offsets(snapshot: Snapshot, zone: tzinfo, name: str | None) -> buckets.Offsets:
    """How far clocks are ahead while a column has values, or ever where that is not known."""
    told = any(column.name == name and column.role == "time" for column in snapshot.columns)
    return buckets.offsets(zone, snapshot.period if told else None)
