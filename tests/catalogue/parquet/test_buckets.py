"""Spans of time at the ends of the calendar, where clocks are changed, and where there are no rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import snapshots
from catalogue.rows.figures import buckets
from catalogue.rows.figures.buckets import offsets
from catalogue.rows.figures.groups import grouped
from catalogue.rows.scan.scanner import Scanner
from schemas.dataset import Column
from schemas.query import Bucket, GroupQuery, Measure

NOW = datetime(2026, 11, 25, tzinfo=UTC)
SEOUL, NEW_YORK = ZoneInfo("Asia/Seoul"), ZoneInfo("America/New_York")
COLUMNS = (Column("road", "text"), Column("at", "time", role="time"), Column("x", "number"))
COUNT, SUM = Measure("count", "count"), Measure("x", "sum", "x")
SPANS = [1, 300, 3_600, 7_200, 86_400, 604_800, "week", "month", "quarter", "year"]


@pytest.fixture
def ask(publication, storage):
    """Groups the rows (road, time, number) and gives what is shown."""
    scanner = Scanner(storage)
    names = iter(f"s{n}" for n in range(1_000))

    def asked(rows, query, zone=SEOUL):
        named = [(str(n), *row) for n, row in enumerate(rows)]
        snapshot = snapshots.write(publication(COLUMNS, named), storage, next(names), NOW)
        return grouped(scanner, snapshot, query, zone).values

    yield asked
    scanner.close()


@pytest.mark.parametrize("every", SPANS)
@pytest.mark.parametrize("zone", [SEOUL, NEW_YORK, UTC])
def test_times_at_the_ends_of_the_calendar_have_spans_too(ask, every, zone):
    ends = [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)]
    found = ask([("a", at, 1.0) for at in ends], GroupQuery((COUNT,), bucket=Bucket("at", every)), zone)
    assert [count for _, count in found] == [1, 1]
    assert all(datetime.fromisoformat(start) for start, _ in found)


def test_an_hour_that_comes_twice_is_two_spans_of_one_day(ask):
    # On 2026-11-01 clocks in New York went back from 02:00 to 01:00, at 06:00 UTC.
    rows = [("a", datetime(2026, 11, 1, hour, 30, tzinfo=UTC), 1.0) for hour in (4, 5, 6, 7)]
    hours = ask(rows, GroupQuery((COUNT,), bucket=Bucket("at", 3_600)), NEW_YORK)
    assert [start for start, _ in hours] == [
        "2026-11-01T00:00:00-04:00",
        "2026-11-01T01:00:00-04:00",
        "2026-11-01T01:00:00-05:00",
        "2026-11-01T02:00:00-05:00",
    ]
    days = ask(rows, GroupQuery((COUNT,), bucket=Bucket("at", 86_400)), NEW_YORK)
    assert days == [("2026-11-01T00:00:00-04:00", 4)]
    filled = ask(rows[::3], GroupQuery((COUNT,), bucket=Bucket("at", 3_600, "null")), NEW_YORK)
    assert [start for start, _ in filled] == [start for start, _ in hours]


def test_the_changes_of_clocks_are_found_to_the_second():
    year = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, tzinfo=UTC))
    changes = [datetime(1970, 1, 1) + timedelta(microseconds=at) for at, _ in offsets(NEW_YORK, year)[1:]]
    assert changes == [datetime(2026, 3, 8, 7), datetime(2026, 11, 1, 6)]
    assert len(offsets(SEOUL, year)) == 1


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", None]),
            st.none()
            | st.integers(0, 200).map(lambda m: datetime(2026, 10, 25, 22, tzinfo=UTC) + timedelta(hours=m)),
            st.sampled_from([None, 1.0, 2.0]),
        ),
        max_size=8,
    ),
    every=st.sampled_from([3_600, 6 * 3_600, 86_400, "week"]),
    fill=st.sampled_from(["null", "previous"]),
    zone=st.sampled_from([SEOUL, NEW_YORK]),
)
def test_filled_spans_are_those_found_and_what_is_between_them(ask, rows, every, fill, zone):
    plain = ask(rows, GroupQuery((COUNT, SUM), ("road",), Bucket("at", every)), zone)
    filled = ask(rows, GroupQuery((COUNT, SUM), ("road",), Bucket("at", every, fill)), zone)
    assert [row for row in filled if row[2]] == plain
    placed = [datetime.fromisoformat(start) for _, start, _, _ in plain if start]
    for road in {row[0] for row in rows}:
        spans = [row for row in filled if row[0] == road and row[1]]
        starts = [datetime.fromisoformat(row[1]) for row in spans]
        if starts:
            assert (starts[0], starts[-1]) == (min(placed), max(placed))
            wall = [start if every == 3_600 else start.replace(tzinfo=None) for start in starts]
            step = timedelta(days=7) if every == "week" else timedelta(seconds=every)
            assert all(b - a == step for a, b in pairwise(wall))
        former = None
        for _, _, count, figure in spans:
            if not count:
                assert figure == (former if fill == "previous" else None)
            former = figure


def test_days_without_rows_are_days(publication, storage):
    columns = (Column("day", "date"),)
    rows = [("0", datetime(2026, 2, 27).date()), ("1", datetime(2026, 3, 2).date())]
    snapshot = snapshots.write(publication(columns, rows), storage, "s", NOW)
    scanner = Scanner(storage)
    page = grouped(scanner, snapshot, GroupQuery((COUNT,), bucket=Bucket("day", 86_400, "null")), SEOUL)
    assert page.values == [("2026-02-27", 1), ("2026-02-28", 0), ("2026-03-01", 0), ("2026-03-02", 1)]
    scanner.close()


@pytest.mark.parametrize("every", SPANS)
@pytest.mark.parametrize(
    "zone", [SEOUL, NEW_YORK, UTC, ZoneInfo("Asia/Kolkata"), ZoneInfo("Africa/Monrovia")]
)
@pytest.mark.parametrize(
    ("begin", "step"),
    [
        (datetime(2026, 6, 1), timedelta(hours=5)),
        (datetime(2026, 10, 20), timedelta(days=1)),
        (datetime(1890, 1, 1), timedelta(days=800)),
        (datetime(1971, 12, 20), timedelta(days=1)),
        (datetime(9998, 1, 1), timedelta(days=20)),
    ],
)
def test_many_spans_are_told_as_each_by_itself(every, zone, begin, step):
    # Monrovia was 44 minutes and 30 seconds behind until 1972, which RFC 3339 has no word for.
    bucket, column = Bucket("at", every), COLUMNS[1]
    starts = [(begin - datetime(1970, 1, 1) + n * step) // timedelta(microseconds=1) for n in range(30)]
    each = [buckets.shown(bucket, column, start, zone) for start in starts]
    assert buckets.all_shown(bucket, column, starts, zone) == each
