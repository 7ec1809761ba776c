"""Rows over HTTP: what is asked is answered, and what cannot be is refused with the nearest that can."""

from __future__ import annotations

import pytest

PARKS = "/api/v1/datasets/parks/rows"
AIR = "/api/v1/datasets/air/rows"
ODD = "/api/v1/datasets/odd/rows"


def ids(house, query="", path=PARKS):
    return [row["_id"] for row in house.items(f"{path}?{query}")]


def faults(house, query, path=PARKS):
    answer = house.get(f"{path}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["type"] == "/problems/bad-input"
    return {error["where"]: f"{error['what']}; {error.get('hint', '')}" for error in answer.json["errors"]}


def test_a_row_is_told_in_json_types(still):
    row, *_ = still.items(f"{PARKS}?limit=1")
    assert row == {
        "_id": "P000",
        "id": "P000",
        "name": "공원 0",
        "district": "중구",
        "capacity": 0,
        "area": 0.0,
        "open": True,
        "since": "2026-03-01",
        "checked": "2026-03-01T00:00:00Z",
        "geometry": {"type": "Point", "coordinates": [129.0, 35.1]},
    }
    _, row = still.items(f"{PARKS}?limit=2")
    assert row["checked"] == "2026-03-01T01:00:00.500000Z"


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("id=P003", ["P003"]),
        ("id__eq=P003", ["P003"]),
        ("_id=P003", ["P003"]),
        ("name=%EA%B3%B5%EC%9B%90%203", ["P003"]),
        ("name=%EA%B3%B5%EC%9B%90+3", ["P003"]),
        ("name=", ["P006"]),
        ("name__isnull=true", ["P004"]),
        ("geometry__isnull=true", ["P008"]),
        ("capacity__gt=220", ["P023", "P024"]),
        ("capacity__gte=220&capacity__lt=240", ["P022", "P023"]),
        ("capacity__lte=10", ["P000", "P001"]),
        ("capacity__ne=0&capacity__lte=10", ["P001"]),
        ("id__in=P001,P009,nobody", ["P001", "P009"]),
        ("capacity__in=10,90", ["P001", "P009"]),
        (
            "name__contains=2&name__startswith=%EA%B3%B5%EC%9B%90%202",
            [f"P{n:03}" for n in (2, *range(20, 25))],
        ),
        ("area=0.25", ["P001"]),
        ("open=false&capacity__lt=30", ["P001"]),
        ("since=2026-03-02", ["P001"]),
        ("since__lt=2026-03-03", ["P000", "P001"]),
        ("checked=2026-03-01T02:00:00Z", ["P002"]),
        ("checked=2026-03-01T11:00:00%2B09:00", ["P002"]),
        ("checked=2026-03-01T11:00:00+09:00", ["P002"]),
        ("checked=2026-03-01T11:00:00", ["P002"]),
        ("checked__lt=2026-03-01T09:01", ["P000"]),
        ("bbox=129.005,35.095,129.025,35.105", ["P001", "P002"]),
        ("bbox=129.005,35.095,129.025,35.105&name__contains=1", ["P001"]),
        ("bbox=179,-90,-179,90", []),
        ("bbox=129.035,35.125,-179,36", ["P019", "P024"]),
        ("order=-capacity&limit=2", ["P024", "P023"]),
        ("order=district,-id&limit=2", ["P022", "P019"]),
        ("order=-capacity&limit=1&capacity__isnull=true", ["P007"]),
    ],
)
def test_rows_are_found_by_filter_box_and_order(still, query, found):
    assert ids(still, query) == found


def test_only_the_columns_asked_for_are_given(still):
    assert still.items(f"{PARKS}?limit=1&select=name,id") == [{"_id": "P000", "name": "공원 0", "id": "P000"}]
    assert still.items(f"{PARKS}?limit=1&select=_id") == [{"_id": "P000"}]


def test_a_column_named_like_a_parameter_is_asked_with_eq(still):
    assert ids(still, "limit__eq=6", ODD) == ["1"]
    assert ids(still, "format__eq=a&limit=1", ODD) == ["0"]
    assert ids(still, "format__in=a,b&order=-limit", ODD) == ["1", "0"]
    assert ids(still, "%EA%B5%AC%20%EC%9D%B4%EB%A6%84=%EC%A4%91%EA%B5%AC", ODD) == ["0"]


def test_a_count_is_given_where_it_is_asked_for(still):
    assert "count" not in still.get(PARKS).json
    assert still.get(f"{PARKS}?count=exact&limit=2").json["count"] == 25
    assert still.get(f"{PARKS}?count=exact&limit=2&capacity__gte=100").json["count"] == 15
    assert still.get(f"{PARKS}?count=exact&id=nobody").json["count"] == 0


@pytest.mark.parametrize(
    ("query", "where", "said"),
    [
        ("distrct=x", "distrct", "did you mean 'district'"),
        ("limt=5", "limt", "did you mean 'limit'"),
        ("zzz=1", "zzz", "known: "),
        ("=1", "", "known: "),
        ("id__liek=P", "id__liek", "did you mean 'like'?"),
        ("id__gtt=P", "id__gtt", "did you mean 'gt'"),
        ("dstrict__in=a", "dstrict__in", "did you mean 'district'"),
        ("limit=0", "limit", "from 1 to 10000"),
        ("limit=10001", "limit", "from 1 to 10000"),
        ("limit=ten", "limit", "whole number"),
        ("limit=1e3", "limit", "whole number"),
        ("limit=1_0", "limit", "whole number"),
        ("limit=99999999999999999999", "limit", "whole number"),
        ("limit=", "limit", "is empty"),
        ("limit", "limit", "is empty"),
        ("limit=5&limit=5", "limit", "more than once"),
        ("id=P001&id=P002", "id", "more than once"),
        ("name=%FF", "name", "UTF-8"),
        ("name=%zz", "name", "UTF-8"),
        ("name=%C0%80", "name", "UTF-8"),
        ("name=%ED%A0%80", "name", "UTF-8"),
        ("name=%00", "name", "UTF-8"),
        ("name=100%", "name", "UTF-8"),
        ("%FF=1", "%FF", "UTF-8"),
        ("capacity=many", "capacity", "whole number"),
        ("capacity=1.5", "capacity", "whole number"),
        ("capacity=9223372036854775808", "capacity", "whole number"),
        ("capacity=", "capacity", "is empty"),
        ("name__ne=", "name__ne", "is empty"),
        ("name__in=a,,b", "name__in", "between its commas"),
        ("area=nan", "area", "takes a number"),
        ("area=inf", "area", "takes a number"),
        ("area=1e999", "area", "takes a number"),
        ("open=yes", "open", "true or false"),
        ("open=", "open", "is empty"),
        ("since=03/01/2026", "since", "takes a day"),
        ("since=2026-02-30", "since", "takes a day"),
        ("checked=yesterday", "checked", "takes a time"),
        ("checked=0001-01-01T00:00:00%2B23:00", "checked", "takes a time"),
        ("checked=9999-12-31T23:59:59-23:00", "checked", "takes a time"),
        ("checked=2026-13-01", "checked", "takes a time"),
        ("capacity__contains=1", "capacity__contains", "asks of text"),
        ("geometry=x", "geometry", "is a geometry"),
        ("name__isnull=1", "name__isnull", "true or false"),
        ("bbox=1,2,3", "bbox", "west,south,east,north"),
        ("bbox=1,2,3,4,5", "bbox", "west,south,east,north"),
        ("bbox=a,b,c,d", "bbox", "west,south,east,north"),
        ("bbox=nan,35,129,36", "bbox", "finite"),
        ("bbox=128,35,inf,36", "bbox", "finite"),
        ("bbox=128,36,129,35", "bbox", "south above its north"),
        ("bbox=128,35,129,91", "bbox", "outside the world"),
        ("bbox=181,35,182,36", "bbox", "outside the world"),
        ("bbox=", "bbox", "is empty"),
        ("select=nam", "select", "did you mean 'name'"),
        ("select=name,name", "select", "more than once"),
        ("select=name,", "select", "has no column ''"),
        ("select=", "select", "is empty"),
        ("order=nam", "order", "did you mean 'name'"),
        ("order=geometry", "order", "geometry"),
        ("order=name,-name", "order", "more than once"),
        ("order=--name", "order", "has no column"),
        ("count=yes", "count", "exact"),
        ("format=xml", "format", "known: "),
        ("format=jsn", "format", "did you mean 'json'"),
        ("format=", "format", "is empty"),
        ("as_of=once", "as_of", "takes a time"),
        ("as_of=", "as_of", "is empty"),
        ("snapshot=", "snapshot", "is empty"),
        ("cursor=", "cursor", "is empty"),
        ("cursor=abc", "cursor", "not one of ours"),
        ("cursor=%EA%B3%B5", "cursor", "not one of ours"),
    ],
)
def test_what_cannot_be_asked_is_named_with_the_nearest_that_can(still, query, where, said):
    assert said in faults(still, query)[where]


def test_every_fault_is_told_at_once(still):
    found = faults(still, "limit=0&distrct=x&order=nam&open=yes&format=xml")
    assert set(found) == {"limit", "distrct", "order", "open", "format"}


def test_a_box_is_asked_only_of_what_has_a_place(still):
    assert "no geometry" in faults(still, "bbox=128,35,129,36", AIR)["bbox"]


def test_what_is_not_there_is_404_and_says_what_is(still):
    for path in (
        "/api/v1/datasets/park/rows",
        "/api/v1/datasets/%EA%B3%B5/rows",
        "/api/v1/datasets/a%00b/rows",
    ):
        answer = still.get(path)
        assert (answer.status_code, answer.json["type"]) == (404, "/problems/unknown-dataset")
    assert "parks" in still.get("/api/v1/datasets/park/rows").json["detail"]
    answer = still.get(f"{PARKS}?snapshot=never")
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/unknown-snapshot")
    answer = still.get(f"{PARKS}?as_of=1999-01-01")
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/unknown-snapshot")
    answer = still.get("/api/v1/datasets/list-1/rows")
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/no-rows")
    assert "https://data.example/15000123" in answer.json["detail"]
