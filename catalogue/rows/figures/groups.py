"""Figures of groups of rows: counted, summed and averaged by their values and by spans of time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from itertools import islice
from typing import Any

from catalogue.rows.engines import sql
from catalogue.rows.engines.values import instants
from catalogue.rows.figures import buckets, filling
from catalogue.rows.figures.grouping import called, check, described, kept
from catalogue.rows.question.plan import EPOCH, ID_COLUMN, WHOLE, Plan, plan
from catalogue.rows.scan.scanner import Scanner
from schemas.dataset import Column
from schemas.problem import BadInput, InputError
from schemas.query import Bucket, GroupPage, GroupQuery, Measure
from schemas.snapshot import Period, Snapshot

_SQL = {
    "count": "count({})",
    "sum": "sum({})",
    "avg": "avg({})",
    "min": "min({})",
    "max": "max({})",
    "median": "quantile_cont({}, 0.5)",
    "percentile": "quantile_cont({}, {})",
    "distinct": "count(DISTINCT {})",
}


@dataclass(frozen=True)
class _Said:
    """One column of the answer in SQL: its plain value, and what rows are grouped by where it is a group."""

    plain: str
    by: str | None = None


def grouped(scanner: Scanner, snapshot: Snapshot, query: GroupQuery, zone: tzinfo) -> GroupPage:
    """The groups of a snapshot, buckets told in `zone`; raises BadInput, and RowsTimeout for too much work.

    Sums of whole numbers are exact; other numbers are added up in the order of the rows, so that the same
    question to the same snapshot gives the same figures to the last digit.
    """
    known = {column.name: column for column in (ID_COLUMN, *snapshot.columns)}
    check(query, known)
    asked = plan(snapshot, kept(query.rows))
    said = [_group(snapshot, known[name]) for name in query.groups]
    if query.bucket:
        said.append(_bucket(scanner, asked, query.bucket, zone))
    said += [_measure(snapshot, measure, known) for measure in query.measures]
    found = scanner.over(asked, _select(query, said), _rest(query, said))
    if query.bucket and query.bucket.fill:
        found = list(islice(filling.filled(found, query, query.bucket), query.limit + 1))
    columns = described(query, known)
    values = _shown(found[: query.limit], columns, query, zone)
    return GroupPage(snapshot.id, columns, values, len(found) > query.limit)


def _group(snapshot: Snapshot, column: Column) -> _Said:
    name = sql.name(snapshot, column)
    return _Said(_plain(name, column), name)


def _plain(value: str, column: Column) -> str:
    match column.type:
        case "time":
            return f"epoch_us({value})"
        case "date":
            return f"CAST({value} AS VARCHAR)"
    return value


def _bucket(scanner: Scanner, asked: Plan, bucket: Bucket, zone: tzinfo) -> _Said:
    column, place, offsets = _clock(scanner, asked, bucket.column, zone)
    number, start = buckets.start(bucket, column, place, offsets)
    return _Said(start, number)


def _clock(scanner: Scanner, asked: Plan, name: str, zone: tzinfo) -> tuple[Column, str, buckets.Offsets]:
    """A column of times, its place in SQL, and how far the clocks of the zone are ahead in its period."""
    column = next(each for each in asked.snapshot.columns if each.name == name)
    place = sql.name(asked.snapshot, column)
    period = asked.snapshot.period if column.role == "time" else _period(scanner, asked, place, column)
    return column, place, buckets.offsets(zone, period)


def _period(scanner: Scanner, asked: Plan, place: str, column: Column) -> Period | None:
    """From when to when a column goes, since that is how long the changes of clocks must be known."""
    if column.type == "date":
        return None
    ((first, last),) = scanner.over(asked, f"epoch_us(min({place})), epoch_us(max({place}))")
    return None if first is None else (_instant(first), _instant(last))


def _instant(microseconds: int) -> datetime:
    return EPOCH + timedelta(microseconds=microseconds)


def _measure(snapshot: Snapshot, measure: Measure, known: dict[str, Column]) -> _Said:
    if measure.column is None:
        return _Said("count(*)")
    column = known[measure.column]
    figure = _SQL[measure.function].format(sql.name(snapshot, column), measure.share)
    return _Said(_plain(figure, column) if measure.function in ("min", "max") else figure)


def _select(query: GroupQuery, said: Sequence[_Said]) -> str:
    """What is asked of each group; to fill, from which span to which all groups go as well."""
    names = [each.plain for each in said]
    if query.bucket and query.bucket.fill:
        start = said[len(query.groups)].plain
        names += [f"min({start}) OVER ()", f"max({start}) OVER ()"]
    return ", ".join(names)


def _rest(query: GroupQuery, said: Sequence[_Said]) -> str:
    """GROUP BY, ORDER BY and LIMIT; the order names columns of the answer by their places."""
    names = called(query)
    order = [f"{names.index(o.column) + 1}{' DESC' if o.descending else ''} NULLS LAST" for o in query.order]
    groups = [each.by for each in said if each.by is not None]
    order += [f"{by} NULLS LAST" for by in groups]
    by = f"GROUP BY {', '.join(groups)}" if groups else ""
    return f"{by} {'ORDER BY ' + ', '.join(order) if order else ''} LIMIT {query.limit + 1}"


def _shown(
    found: list[tuple[Any, ...]], columns: tuple[Column, ...], query: GroupQuery, zone: tzinfo
) -> list[tuple[object, ...]]:
    if not found:
        return []
    by_column: list[Sequence[Any]] = [
        list(v) for v in zip(*(row[: len(columns)] for row in found), strict=True)
    ]
    for place, column in enumerate(columns):
        if query.bucket and place == len(query.groups):
            by_column[place] = _starts(by_column[place], query.bucket, column, zone)
        elif column.type == "time":
            by_column[place] = instants(by_column[place])
        elif column.type == "integer":
            _check_whole(by_column[place], column.name)
    return list(zip(*by_column, strict=True))


def _starts(starts: Sequence[int | None], bucket: Bucket, column: Column, zone: tzinfo) -> list[str | None]:
    known = [start for start in dict.fromkeys(starts) if start is not None]
    told = dict(zip(known, buckets.all_shown(bucket, column, known, zone), strict=True))
    return [None if start is None else told[start] for start in starts]


def _check_whole(values: Sequence[int | None], name: str) -> None:
    if any(value is not None and value not in WHOLE for value in values):
        column = name.removeprefix("sum_")
        hint = f"ask for avg({column}), or filter for fewer rows"
        raise BadInput([InputError("agg", f"{name} is beyond whole numbers of 64 bits", hint)])
