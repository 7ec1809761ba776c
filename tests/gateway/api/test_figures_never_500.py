"""Whatever is asked of figures, places and joins, the fault is never ours."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as some

ODDITIES = some.text(max_size=5) | some.sampled_from(
    [
        "",
        "0",
        "-1",
        "NaN",
        "inf",
        "1e308",
        "9" * 25,
        "0001-01-01",
        "9999-12-31T23:59:59Z",
        ",",
        "()",
        "a(b",
        "~",
        ":",
    ]
)
COLUMN = some.sampled_from(["id", "name", "district", "capacity", "area", "open", "since", "checked", "_id"])
NUMBER = some.sampled_from(["capacity", "area"])
FIGURES = some.one_of(
    some.just("count"),
    some.builds("{}({})".format, some.sampled_from(["count", "distinct"]), COLUMN),
    some.builds("{}({})".format, some.sampled_from(["sum", "avg", "median", "p5", "p99.9"]), NUMBER),
    some.builds(
        "{}({})".format, some.sampled_from(["min", "max"]), some.sampled_from(["name", "since", "checked"])
    ),
)
LISTS = some.lists(COLUMN, min_size=1, max_size=3, unique=True).map(",".join)
VALUES = {
    "group": LISTS,
    "agg": some.lists(FIGURES, min_size=1, max_size=3, unique=True).map(",".join),
    "bucket": some.sampled_from(
        ["1s", "7m", "1h", "1d", "2w", "month", "quarter", "year", "week:since", "year:since", "5h:checked"]
    ),
    "fill": some.sampled_from(["null", "previous"]),
    "order": some.sampled_from(["id", "-checked", "district,-id"]),
    "limit": some.integers(1, 30).map(str),
    "columns": LISTS,
    "lon": some.floats(-180, 180).map(str),
    "lat": some.floats(-90, 90).map(str),
    "k": some.integers(1, 1_000).map(str),
    "max_m": some.floats(0, 1e9).map(str),
    "join": some.sampled_from(["parks", "odd"]),
    "on": some.sampled_from(["id:id", "_id:_id", "district:구 이름"]),
    "entity": some.sampled_from(["S0", "P001"]),
    "from": some.sampled_from(["2026-03-01", "2026-03-01T02:00:00Z"]),
    "to": some.sampled_from(["2026-03-02", "9999-12-31"]),
    "select": LISTS,
    "capacity__lt": some.integers(0, 240).map(str),
    "format": some.sampled_from(["json", "csv", "ndjson", "parquet", "arrow"]),
    "bbox": some.sampled_from(["129,35,130,36", "179,-90,-179,90"]),
    "snapshot": some.sampled_from([",", "a,b"]),
}
ADDRESSES = ["aggregate", "facets", "nearest", "current", "history", "rows"]
FEW = {
    "aggregate": ["group", "agg", "bucket", "fill", "limit", "join", "format", "capacity__lt"],
    "facets": ["columns", "columns", "limit", "join", "capacity__lt", "bbox"],
    "nearest": ["lon", "lat", "k", "max_m", "select", "format"],
    "current": ["select", "order", "limit", "format", "capacity__lt"],
    "history": ["entity", "bucket", "agg", "from", "to", "fill", "limit"],
    "rows": ["join", "on", "select", "order", "format", "bbox", "capacity__lt"],
}
NEEDED = {"facets": ["columns"], "nearest": ["lon", "lat"], "history": ["entity"]}


@some.composite
def requests(draw):
    address = draw(some.sampled_from(ADDRESSES))
    names = {*NEEDED.get(address, ()), *draw(some.lists(some.sampled_from(FEW[address]), max_size=4))}
    if draw(some.integers(0, 4)) == 0:
        names.add(draw(some.sampled_from(sorted(VALUES))))
    odd = draw(some.sampled_from([None, None, None, *sorted(names)]))
    pairs = {name: draw(ODDITIES if name == odd else VALUES[name]) for name in sorted(names)}
    dataset = draw(some.sampled_from(["parks"] * 6 + ["air", "odd"]))
    asked = "&".join(
        f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in pairs.items()
    )
    return f"/api/v1/datasets/{dataset}/{address}?{asked}"


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=requests())
def test_no_figure_is_a_fault_of_ours(still, path):
    answer = still.get(path)
    event(f"{path.partition('?')[0][21:]} {answer.status_code}")
    assert answer.status_code in (200, 400, 404, 406), (path, answer.text)
