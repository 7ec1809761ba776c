"""Tables worked out of parts: clocks of any city, columns that stay decoded, and how much may be asked."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import snapshots
from catalogue.publication import Publication
from catalogue.rows.figures.tables import worked
from catalogue.rows.scan.scanner import Scanner
from catalogue.storage import Storage
from schemas.arrow import arrow_schema
from schemas.conditions import Box, Filter
from schemas.dataset import Column, Dataset, Text
from schemas.formula import Call, Constant, Formula, Holds, Of, Ranked, TableQuery
from schemas.problem import BadInput
from schemas.query import RowQuery
from schemas.run import REJECTS
from schemas.snapshot import Snapshot

SEOUL, NEW_YORK = ZoneInfo("Asia/Seoul"), ZoneInfo("America/New_York")
NOW = datetime(2026, 11, 25, tzinfo=UTC)
COLUMNS = (Column("road", "text"), Column("lane", "text"), Column("n", "integer"), Column("at", "time"))
ROAD, LANE, N, AT = Of("road", "text"), Of("lane", "text"), Of("n", "integer"), Of("at", "time")
READS = {
    "date_extract_y": lambda at: at.year, "date_extract_m": lambda at: at.month,
    "date_extract_woy": lambda at: at.isocalendar().week, "date_extract_d": lambda at: at.day,
    "date_extract_dow": lambda at: at.isoweekday() % 7, "date_extract_hh": lambda at: at.hour,
    "date_extract_mm": lambda at: at.minute, "date_extract_ss": lambda at: at.second,
    "date_trunc_y": lambda at: date(at.year, 1, 1).isoformat(),
    "date_trunc_ym": lambda at: at.date().replace(day=1).isoformat(),
    "date_trunc_ymd": lambda at: at.date().isoformat(),
}  # fmt: skip
COUNT = Call("count", (), "integer")


@pytest.fixture
def storage(tmp_path) -> Storage:
    return Storage(tmp_path / "storage")


def written(storage: Storage, rows: list[tuple[object, ...]], id: str = "s-1") -> Snapshot:
    values = [
        [str(place) for place in range(len(rows))],
        *(list(column) for column in zip(*rows, strict=True)),
    ]
    table = pa.table(values, schema=arrow_schema(COLUMNS))
    dataset = Dataset("roads", Text("길"), "부산", "KOGL-1", "roads")
    return snapshots.write(Publication(dataset, COLUMNS, table, REJECTS.empty_table()), storage, id, NOW)


def told(scanner: Scanner, snapshot: Snapshot, query: TableQuery, zone=UTC) -> list[tuple[object, ...]]:
    return [row for page in worked(scanner, snapshot, query, zone) for row in page]


def named(*formulas: Formula) -> tuple[tuple[str, Formula], ...]:
    return tuple((f"column {place}", formula) for place, formula in enumerate(formulas))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    times=st.lists(
        st.datetimes(datetime(1971, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC)),
        min_size=1,
        max_size=9,
    ),
    zone=st.sampled_from([SEOUL, NEW_YORK, UTC]),
)
def test_spans_and_parts_of_times_are_those_of_the_clocks_of_the_city(storage, times, zone):
    snapshot, scanner = (
        written(storage, [("a", "b", 1, at) for at in times], f"s-{hash(tuple(times))}"),
        Scanner(storage),
    )
    parts = [Call(name, (AT,), "date" if "trunc" in name else "integer") for name in READS]
    found = told(scanner, snapshot, TableQuery(named(*parts, COUNT), groups=tuple(parts)), zone)
    expected = Counter(tuple(read(at.astimezone(zone)) for read in READS.values()) for at in times)
    assert {row[:-1]: row[-1] for row in found} == expected
    scanner.close()


def test_texts_that_are_kept_as_numbers_are_worked_with_as_texts(storage):
    kinds = ["중앙대로", "", "it's", "a", None, "Z", "é"]
    rows = [(kinds[n % 7], kinds[n // 3 % 7], n % 11, NOW + timedelta(minutes=n)) for n in range(110_000)]
    snapshot, scanner = written(storage, rows), Scanner(storage)
    both = Call("||", (ROAD, Call("upper", (LANE,), "text")), "text")
    chosen = Call(
        "case", (Call("lt", (ROAD, LANE), "boolean"), ROAD, Constant(True, "boolean"), LANE), "text"
    )
    first = Call("coalesce", (ROAD, LANE, Constant("x", "text")), "text")
    alike = Call("like", (LANE, Constant("%a%", "text")), "boolean")
    among = Call("in", (ROAD, LANE, Constant("a", "text")), "boolean")
    groups = (both, chosen, first, alike, among, ROAD)
    most = Call("max", (LANE,), "text")
    query = TableQuery(named(*groups, COUNT, most, Call("sum", (N,), "integer")), groups=groups)
    known = told(scanner, snapshot, query)
    for _ in range(3):
        assert told(scanner, snapshot, query) == known
        scanner.settle()
    assert told(scanner, snapshot, query) == known
    joined = (None if None in (road, lane) else road + lane.upper() for road, lane, *_ in rows)
    counted: Counter[object] = Counter()
    for row in known:
        counted[row[0]] += int(str(row[6]))
    assert counted == Counter(joined)
    scanner.close()


def test_a_table_is_made_of_another_in_its_order(storage):
    snapshot, scanner = (
        written(storage, [(road, "x", n, NOW) for n, road in enumerate("abcab")]),
        Scanner(storage),
    )
    by_road = TableQuery(
        (("road", ROAD), ("n", Call("sum", (N,), "integer"))), groups=(ROAD,), order=(Ranked(ROAD, True),)
    )
    query = TableQuery(
        (("twice", Call("*", (Of("n", "integer"), Constant(2, "integer")), "integer")),), of=by_road
    )
    assert told(scanner, snapshot, query) == [(4,), (10,), (6,)]
    scanner.close()


def test_too_much_is_refused(storage):
    snapshot, scanner = written(storage, [("a", "b", n, NOW) for n in range(9)]), Scanner(storage)
    one = Constant(1, "integer")
    deep = reduce(lambda made, _: Call("+", (made, one), "integer"), range(120), N)
    wide = Call("greatest", (N, *[one] * 1_000), "integer")
    steps = reduce(lambda of, _: TableQuery((("n", N),), of=of), range(12), TableQuery((("n", N),)))
    for query, said in (
        (TableQuery((("x", deep),)), "deep"),
        (TableQuery((("x", wide),)), "parts"),
        (steps, "steps"),
    ):
        with pytest.raises(BadInput, match=said):
            told(scanner, snapshot, query)
    nowhere = TableQuery((("x", Holds(Box((1.0, 2.0, 3.0, 4.0)))),))
    with pytest.raises(BadInput, match="no geometry"):
        told(scanner, snapshot, nowhere)
    with pytest.raises(BadInput, match="speeed"):
        told(scanner, snapshot, TableQuery((("x", N),), rows=RowQuery((Filter("speeed", "eq", 1),))))
    scanner.close()
