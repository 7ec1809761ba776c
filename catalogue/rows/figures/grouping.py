"""A question for groups checked against the columns of a snapshot, and the columns of its answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from catalogue.rows.figures import buckets
from schemas.dataset import Column, ColumnType
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import Bucket, GroupQuery, Measure, RowQuery

BUCKET = "bucket"
"""The column of the answer that says where a span of time begins."""

_NUMBERS = ("integer", "number")
_ORDERED: tuple[ColumnType, ...] = ("text", "integer", "number", "date", "time")
_TAKES: dict[str, tuple[ColumnType, ...]] = {
    "count": (*_ORDERED, "boolean", "geometry"),
    "distinct": (*_ORDERED, "boolean"),
    "min": _ORDERED,
    "max": _ORDERED,
}
"""What each function is asked of; the others are figures of numbers."""


def kept(rows: RowQuery) -> RowQuery:
    """What says which rows are grouped, without what says how rows are shown."""
    return RowQuery(filters=rows.filters, bbox=rows.bbox)


def check(query: GroupQuery, known: Mapping[str, Column]) -> None:
    """Raises BadInput with every fault found."""
    faults = [
        *_groups(query.groups, known),
        *(_bucket(query, query.bucket, known) if query.bucket else ()),
        *(fault for measure in query.measures for fault in _measure(measure, known)),
        *_names(query),
    ]
    if query.limit < 1:
        faults.append(InputError("limit", f"is {query.limit}", "ask for at least one group"))
    if not query.measures:
        faults.append(InputError("agg", "asks for no figure", "ask for count, or avg(column)"))
    if faults:
        raise BadInput(faults)


def described(query: GroupQuery, known: Mapping[str, Column]) -> tuple[Column, ...]:
    """The columns of the answer: groups, the bucket, figures."""
    columns = [replace(known[name], key=False, required=False) for name in query.groups]
    if query.bucket:
        kind: ColumnType = "date" if known[query.bucket.column].type == "date" else "time"
        columns.append(Column(BUCKET, kind, role="time"))
    return (*columns, *(_figure(measure, known) for measure in query.measures))


def called(query: GroupQuery) -> list[str]:
    """The names of those columns, in their order."""
    buckets = [BUCKET] if query.bucket else []
    return [*query.groups, *buckets, *(each.name for each in query.measures)]


def _figure(measure: Measure, known: Mapping[str, Column]) -> Column:
    if measure.column is None or measure.function in ("count", "distinct"):
        return Column(measure.name, "integer")
    column = known[measure.column]
    same = measure.function in ("sum", "min", "max")
    return Column(measure.name, column.type if same else "number", unit=column.unit)


def _groups(names: tuple[str, ...], known: Mapping[str, Column]) -> Iterator[InputError]:
    for name in names:
        if name not in known:
            yield InputError("group", f"there is no column {name!r}", did_you_mean(name, known))
        elif known[name].type == "geometry":
            yield InputError("group", f"{name!r} is a geometry", "group by a column of texts or numbers")


def _bucket(query: GroupQuery, bucket: Bucket, known: Mapping[str, Column]) -> Iterator[InputError]:
    column = known.get(bucket.column)
    if column is None:
        yield InputError(
            "bucket", f"there is no column {bucket.column!r}", did_you_mean(bucket.column, known)
        )
    elif column.type not in ("time", "date"):
        yield InputError("bucket", f"{column.name!r} is a {column.type}", "name a column of times or dates")
    elif column.type == "date" and isinstance(bucket.every, int) and bucket.every % buckets.SECONDS_OF_A_DAY:
        yield InputError("bucket", f"{column.name!r} has days only", "ask for 1d, week, month or year")
    if isinstance(bucket.every, int) and not 1 <= bucket.every <= buckets.MOST:
        yield InputError("bucket", f"is {bucket.every} seconds", "give a span from 1s to 366d")
    if bucket.fill and query.order:
        yield InputError("order", "cannot go with fill", "spans are filled in the order of groups and time")


def _measure(measure: Measure, known: Mapping[str, Column]) -> Iterator[InputError]:
    if measure.column is None:
        if measure.function != "count":
            yield InputError(
                "agg", f"{measure.function} is of no column", f"write {measure.function}(column)"
            )
        return
    column = known.get(measure.column)
    if column is None:
        hint = did_you_mean(measure.column, known)
        yield InputError("agg", f"there is no column {measure.column!r}", hint)
    elif column.type not in _TAKES.get(measure.function, _NUMBERS):
        takes = ", ".join(_TAKES.get(measure.function, _NUMBERS))
        what = f"{measure.function} cannot be asked of {column.name!r}, a {column.type}"
        yield InputError("agg", what, f"it takes {takes}")
    if measure.function == "percentile" and not 0 <= (-1 if measure.share is None else measure.share) <= 1:
        yield InputError("agg", f"{measure.name} has no share from 0 to 1", "write p95(column)")


def _names(query: GroupQuery) -> Iterator[InputError]:
    names = called(query)
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield InputError("agg", f"two columns of the answer are called {name!r}", "ask for each once")
    ordered = [order.column for order in query.order]
    for name in dict.fromkeys(ordered):
        if name not in names:
            yield InputError("order", f"there is no column {name!r}", did_you_mean(name, names))
        if ordered.count(name) > 1:
            yield InputError("order", f"names {name!r} twice", "name each column once")
