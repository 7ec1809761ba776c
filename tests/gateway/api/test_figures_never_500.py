"""Whatever is asked of figures, places and joins, the fault is never ours."""

from __future__ import annotations

from urllib.parse import quote

from hypothesis import HealthCheck, given, settings
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
COLUMNS = [
    "id",
    "name",
    "district",
    "capacity",
    "area",
    "open",
    "since",
    "checked",
    "geometry",
    "_id",
    "nobody",
]
COLUMN = some.sampled_from(COLUMNS)
FIGURES = some.builds(
    "{}({})".format,
    some.sampled_from(
        ["count", "sum", "avg", "min", "max", "median", "p5", "p99.9", "distinct", "p", "mode"]
    ),
    COLUMN,
)
LISTS = some.lists(COLUMN, min_size=1, max_size=3).map(",".join)
VALUES = {
    "group": LISTS,
    "agg": some.lists(FIGURES | some.just("count"), min_size=1, max_size=3).map(",".join),
    "bucket": some.sampled_from(
        ["1s", "7m", "1h", "1d", "2w", "month", "quarter", "year", "week:since", "5h:checked", "99999999w"]
    ),
    "fill": some.sampled_from(["null", "previous"]),
    "order": some.sampled_from(["count", "-count", "bucket", "-district", "id"]),
    "limit": some.integers(-1, 10_001).map(str),
    "columns": LISTS,
    "lon": some.floats(-181, 181).map(str),
    "lat": some.floats(-91, 91).map(str),
    "k": some.integers(0, 1_001).map(str),
    "max_m": some.floats(-1, 1e9).map(str),
    "join": some.sampled_from(["parks", "air", "odd", "list-1", "nobody"]),
    "on": some.sampled_from(["id:id", "district:name", "since:since", "_id:_id", "capacity:limit", "id"]),
    "entity": some.sampled_from(["S0", "P001", "S0~1", "nobody"]),
    "from": some.sampled_from(["2026-03-01", "2026-03-01T02:00:00Z"]),
    "to": some.sampled_from(["2026-03-02", "9999-12-31"]),
    "select": LISTS,
    "capacity__lt": some.integers(0, 240).map(str),
    "format": some.sampled_from(["json", "csv", "ndjson", "parquet", "arrow", "geojson"]),
    "bbox": some.sampled_from(["129,35,130,36", "179,-90,-179,90"]),
    "snapshot": some.sampled_from([",", "a,b"]),
}
ADDRESSES = ["aggregate", "facets", "nearest", "current", "history", "rows"]
FEW = {
    "aggregate": ["group", "agg", "bucket", "fill", "order", "limit", "join", "on", "format"],
    "facets": ["columns", "columns", "limit", "capacity__lt", "bbox"],
    "nearest": ["lon", "lat", "k", "max_m", "select", "format"],
    "current": ["select", "order", "limit", "format", "capacity__lt"],
    "history": ["entity", "bucket", "agg", "from", "to", "fill", "limit"],
    "rows": ["join", "on", "select", "order", "format", "bbox", "capacity__lt"],
}


@some.composite
def requests(draw):
    address = draw(some.sampled_from(ADDRESSES))
    names = draw(some.lists(some.sampled_from(FEW[address]), max_size=6, unique=True))
    names += draw(some.lists(some.sampled_from(sorted(VALUES)), max_size=1))
    pairs = {name: draw(VALUES[name] if draw(some.integers(0, 9)) else ODDITIES) for name in names}
    dataset = draw(some.sampled_from(["parks", "parks", "air", "odd"]))
    asked = "&".join(
        f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in pairs.items()
    )
    return f"/api/v1/datasets/{dataset}/{address}?{asked}"


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(path=requests())
def test_no_figure_is_a_fault_of_ours(still, path):
    answer = still.get(path)
    assert answer.status_code in (200, 400, 404, 406), (path, answer.text)
