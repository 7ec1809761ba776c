"""Groups are what plain Python finds in the same rows, whatever holes and zones they have."""

from __future__ import annotations

import math
import tempfile
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import snapshots
from catalogue.rows.figures.groups import grouped
from catalogue.rows.scan.scanner import Scanner
from schemas.conditions import Filter
from schemas.dataset import Column
from schemas.problem import BadInput
from schemas.query import Bucket, GroupQuery, Measure, RowQuery

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SEOUL, NEW_YORK = ZoneInfo("Asia/Seoul"), ZoneInfo("America/New_York")
COLUMNS = (
    Column("road", "text"),
    Column("n", "integer"),
    Column("x", "number", unit="km/h"),
    Column("ok", "boolean"),
    Column("day", "date"),
    Column("at", "time", role="time"),
    Column("seen", "time"),
    Column("geometry", "geometry", role="geometry"),
)
NAMES = [column.name for column in COLUMNS]
INSTANTS = (
    st.datetimes(datetime(2026, 10, 30), datetime(2026, 11, 3))
    | st.datetimes(datetime(1960, 1, 1), datetime(2030, 1, 1))
    | st.sampled_from([datetime(2026, 11, 1, 5, 30), datetime(2026, 11, 1, 6, 30)])
).map(lambda t: t.replace(tzinfo=UTC))
ROWS = st.lists(
    st.tuples(
        st.sampled_from(["가", "나", "a", "", None]),
        st.sampled_from([None, 0, 1, 2, -3, 2**62]),
        st.sampled_from([None, 0.5, 1.25, -7.0, 100.0]),
        st.sampled_from([True, False, None]),
        st.none() | st.dates(date(2024, 2, 27), date(2026, 3, 2)),
        st.none() | INSTANTS,
        st.none() | INSTANTS,
        st.none(),
    ),
    max_size=20,
)
NUMBERS = {"sum", "avg", "median", "percentile"}


@st.composite
def measures(draw):
    function = draw(
        st.sampled_from(["count", "sum", "avg", "min", "max", "median", "percentile", "distinct"])
    )
    names = ["n", "x"] if function in NUMBERS else ["road", "n", "x", "day", "at"]
    column = draw(st.sampled_from(names))
    if function == "count":
        column = draw(st.sampled_from([None, *NAMES]))
    share = draw(st.sampled_from([0.0, 0.25, 0.95, 1.0])) if function == "percentile" else None
    return Measure(f"{function}_{column}_{share}", function, column, share)


QUERIES = st.builds(
    GroupQuery,
    measures=st.lists(measures(), min_size=1, max_size=3, unique_by=lambda m: m.name).map(tuple),
    groups=st.lists(st.sampled_from(["road", "ok", "day", "n", "seen"]), max_size=2, unique=True).map(tuple),
    bucket=st.none()
    | st.builds(
        Bucket,
        st.sampled_from(["at", "seen"]),
        st.sampled_from([60, 300, 3600, 6 * 3600, 86_400, 7 * 3600, "week", "month", "quarter", "year"]),
    )
    | st.builds(Bucket, st.just("day"), st.sampled_from([86_400, 2 * 86_400, "week", "month", "year"])),
    rows=st.builds(RowQuery, st.sampled_from([(), (Filter("x", "gte", 0.0),), (Filter("n", "lt", 2),)])),
)


def naive(rows, query, zone):
    """Groups and figures, a dict of group to figures, as the promise reads."""
    wanted = {"x": lambda v: v >= 0, "n": lambda v: v < 2}
    for asked in query.rows.filters:
        rows = [r for r in rows if r[asked.column] is not None and wanted[asked.column](r[asked.column])]
    found = {}
    for row in rows:
        key = [text(row[name]) for name in query.groups]
        if query.bucket:
            key.append(begins(row[query.bucket.column], query.bucket.every, zone))
        found.setdefault(tuple(key), []).append(row)
    if not query.groups and not query.bucket:
        found.setdefault((), [])
    return {key: [figure(m, held) for m in query.measures] for key, held in found.items()}


def text(value):
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, date) else value


def begins(value, every, zone):
    if value is None:
        return None
    if not isinstance(value, datetime):
        wall = datetime(value.year, value.month, value.day)
        return floored(wall, every).date().isoformat()
    if isinstance(every, int) and 3600 % every == 0:
        offset = value.astimezone(zone).utcoffset()
        begun = (floored(value.replace(tzinfo=None) + offset, every) - offset).replace(tzinfo=UTC)
        local = begun.astimezone(zone)
    else:
        local = floored(value.astimezone(zone).replace(tzinfo=None), every).replace(tzinfo=zone)
    if local.utcoffset() % timedelta(minutes=1):
        local = local.astimezone(UTC)
    return text(local)


def floored(wall, every):
    if every == "week":
        return datetime(wall.year, wall.month, wall.day) - timedelta(days=wall.weekday())
    if every in ("month", "quarter", "year"):
        month = {"month": wall.month, "quarter": (wall.month - 1) // 3 * 3 + 1, "year": 1}[every]
        return datetime(wall.year, month, 1)
    since = (wall - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    span = every * 1_000_000
    return datetime(1970, 1, 1) + timedelta(microseconds=since // span * span)


def figure(measure, rows):
    if measure.column is None:
        return len(rows)
    values = [row[measure.column] for row in rows if row[measure.column] is not None]
    if measure.function in ("count", "distinct"):
        return len(set(values) if measure.function == "distinct" else values)
    if not values:
        return None
    match measure.function:
        case "sum":
            return sum(values)
        case "avg":
            return float(sum(map(Fraction, values)) / len(values))
        case "min" | "max":
            return text(min(values) if measure.function == "min" else max(values))
    share = 0.5 if measure.function == "median" else measure.share
    values.sort()
    place = share * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def same(a, b):
    return a == b or (isinstance(a, float) and b is not None and math.isclose(a, b, rel_tol=1e-12))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=ROWS, queries=st.lists(QUERIES, min_size=1, max_size=4), zone=st.sampled_from([SEOUL, NEW_YORK, UTC])
)
def test_groups_are_what_plain_python_finds(publication, make_folder, rows, queries, zone):
    with tempfile.TemporaryDirectory() as folder:
        storage = make_folder(Path(folder))
        named = [(str(i), *row) for i, row in enumerate(rows)]
        snapshot = snapshots.write(publication(COLUMNS, named), storage, "s1", NOW)
        scanner = Scanner(storage)
        plain = [dict(zip(NAMES, row, strict=True)) for row in rows]
        for query in queries:
            wanted = naive(plain, query, zone)
            sums = [m.name for m in query.measures if m.function == "sum" and m.column == "n"]
            if any(
                abs(f) >= 2**63
                for fs in wanted.values()
                for f, m in zip(fs, query.measures, strict=True)
                if m.name in sums and f is not None
            ):
                with pytest.raises(BadInput, match="64 bits"):
                    grouped(scanner, snapshot, query, zone)
                continue
            page = grouped(scanner, snapshot, query, zone)
            keys = len(query.groups) + (query.bucket is not None)
            found = {tuple(values[:keys]): list(values[keys:]) for values in page.values}
            assert found.keys() == wanted.keys()
            assert len(found) == len(page.values)
            for key, figures in found.items():
                assert all(map(same, figures, wanted[key])), (key, figures, wanted[key])
        scanner.close()
