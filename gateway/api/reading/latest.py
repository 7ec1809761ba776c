"""The latest row of each thing that a dataset tells of, and what became of one of them over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from flask import Blueprint, Response

from gateway.api.asking.figure_words import FILLS, MOST, read_bucket, read_fill, read_limit, read_measures
from gateway.api.asking.looks import LOOK_PARAMETERS, MEDIA_TYPES
from gateway.api.asking.parameter_words import Described, query_parameter, taken, without
from gateway.api.asking.patterns import FIGURES, SPANS
from gateway.api.asking.questions import Question, read_question
from gateway.api.asking.row_parameters import ROW_PARAMETERS
from gateway.api.asking.typed import read_value
from gateway.api.describe import describe
from gateway.api.reading.aggregate import COUNT, FORMAT, GROUPLESS, MEDIA, GroupsAnswer, groups_answer
from gateway.api.reading.rows import RowsAnswer, rows_answer
from gateway.services import services
from schemas.conditions import Filter, Operator, Value
from schemas.dataset import Column
from schemas.problem import BadInput, InputError
from schemas.query import GroupQuery, Measure, RowQuery

latest = Blueprint("latest", __name__, url_prefix="/api/v1/datasets")

BUCKET = "5m"
LAST = timedelta(days=1)
_OWN = ("entity", "bucket", "agg", "from", "to", "limit", "fill", "format")
_PARAMETERS: tuple[Described, ...] = (
    query_parameter(
        "entity",
        "its key without the time; several columns joined by ~",
        required=True,
        examples=["D001"],
    ),
    query_parameter(
        "bucket", "spans of time: 5m 1h 1d week month quarter year", pattern=SPANS, default=BUCKET
    ),
    query_parameter(
        "agg",
        "figures by commas; else avg of every number",
        pattern=FIGURES,
        examples=["avg(speed),max(speed)"],
    ),
    query_parameter(
        "from",
        "from this time on; else the last 24 hours that there are rows of",
        examples=["2026-01-01T00:00:00Z"],
    ),
    query_parameter("to", "before this time", examples=["2036-01-01T00:00:00Z"]),
    query_parameter("limit", "spans at most", type="integer", minimum=1, maximum=MOST, default=MOST),
    query_parameter(
        "fill", "show spans without rows too, with nulls or the figures before", enum=list(FILLS)
    ),
    FORMAT,
    *without(ROW_PARAMETERS, GROUPLESS),
)


@latest.get("/<dataset>/current")
@describe(
    "The latest rows",
    tag="rows",
    scope="rows:read",
    answer=RowsAnswer,
    media_types=MEDIA_TYPES,
    extra_parameters=(*ROW_PARAMETERS, *LOOK_PARAMETERS),
)
def current(dataset: str) -> Response:
    """The latest row of each entity: of the rows that have the same key but for the time. Filters choose
    among them; follow `next` to see each exactly once."""
    return rows_answer(dataset, read_question(dataset, ()), services().catalogue.latest_of)


@latest.get("/<dataset>/history")
@describe(
    "What became of one entity",
    tag="rows",
    scope="rows:read",
    answer=GroupsAnswer,
    media_types=MEDIA,
    extra_parameters=_PARAMETERS,
)
def history(dataset: str) -> Response:
    """Figures of one entity in spans of time, in their order; of the last 24 hours of the dataset unless
    another time is asked for."""
    question = read_question(dataset, _OWN, (*GROUPLESS, "order"))
    return groups_answer(question, _query(question))


def _query(question: Question) -> GroupQuery:
    faults: list[InputError] = []
    own, columns = question.own, question.snapshot.columns
    bucket = taken({"bucket": BUCKET, **own}, "bucket", lambda text: read_bucket(text, columns), faults)
    fill = taken(own, "fill", read_fill, faults)
    measures = taken(own, "agg", read_measures, faults)
    limit = taken(own, "limit", read_limit, faults)
    entity = taken(own, "entity", lambda text: _entity(text, question), faults)
    times = _times(question, faults)
    if "entity" not in own:
        faults.append(InputError("entity", "is missing", "name one by its key, as /current shows them"))
    if faults or bucket is None:
        raise BadInput(faults)
    filters = (*question.rows.filters, *(entity or ()), *times)
    rows = RowQuery(filters=filters, bbox=question.rows.bbox)
    return GroupQuery(measures or _averages(columns), (), replace(bucket, fill=fill), (), limit or MOST, rows)


def _averages(columns: Sequence[Column]) -> tuple[Measure, ...]:
    numbers = [column for column in columns if column.type in ("integer", "number") and not column.key]
    return tuple(Measure(f"avg_{each.name}", "avg", each.name) for each in numbers) or COUNT


def _entity(text: str, question: Question) -> tuple[Filter, ...]:
    """The rows of one entity; raises ValueError."""
    keys = [c for c in question.snapshot.columns if c.key and c.role != "time"]
    if not keys:
        raise ValueError("names a row by its key, but this dataset has none; ask /aggregate")
    values = text.split("~") if len(keys) > 1 else [text]
    if len(values) != len(keys):
        names = "~".join(column.name for column in keys)
        raise ValueError(f"takes {len(keys)} values joined by ~; they are {names}")
    pairs = zip(keys, values, strict=True)
    return tuple(
        Filter(column.name, "eq", read_value(column, value, question.zone)) for column, value in pairs
    )


def _times(question: Question, faults: list[InputError]) -> tuple[Filter, ...]:
    """From when to when; the last of the dataset's time where nothing says."""
    times = [column for column in question.snapshot.columns if column.type in ("time", "date")]
    when = next((column for column in times if column.role == "time"), times[0] if times else None)
    if when is None:
        return ()  # Which is said of the bucket.

    def read(text: str) -> Value:
        return read_value(when, text, question.zone)

    start, end = taken(question.own, "from", read, faults), taken(question.own, "to", read, faults)
    said = {name.partition("__")[0] for name, _ in question.pairs}
    if said.isdisjoint(("from", "to", "datetime", "last", when.name)):
        start = _since(question, when)
    if start is not None and end is not None and str(end) <= str(start):  # Both in UTC.
        faults.append(InputError("to", "is not after `from`, so that there is no time between", "swap them"))
    ends: tuple[tuple[Operator, Value], ...] = (("gte", start), ("lt", end))
    return tuple(Filter(when.name, operator, at) for operator, at in ends if at is not None)


def _since(question: Question, when: Column) -> Value:
    """From when the last 24 hours go that there are rows of; None of a dataset without."""
    end = question.snapshot.period[1] if question.snapshot.period and when.role == "time" else None
    if end is None or end - datetime.min.replace(tzinfo=UTC) < LAST:
        return None
    since = end - LAST
    return since if when.type == "time" else since.date().isoformat()
