"""Columns of another dataset beside rows: shown, filtered, grouped, pinned, or refused."""

from __future__ import annotations

import pyarrow as pa
import pytest
import shapely
from published import PUBLISHER

from catalogue import EXPORT_FORMATS, Publication
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS

PARKS = "/api/v1/datasets/parks"
COLUMNS = (
    Column("district", "text", key=True, role="key"),
    Column("mayor", "text"),
    Column("people", "integer"),
    Column("kind", "text"),
    Column("geometry", "geometry", role="geometry"),
)


def districts(people: int = 40_000) -> Publication:
    rows = [
        ("중구", "김", people, "a", shapely.to_wkb(shapely.Point(129.03, 35.1))),
        ("동구", None, 90_000, "a", None),
    ]
    values = [[row[0] for row in rows], *(list(each) for each in zip(*rows, strict=True))]
    table = pa.table(values, schema=arrow_schema(COLUMNS))
    dataset = Dataset("districts", Text("구"), PUBLISHER, "KOGL-1", "districts")
    return Publication(dataset, COLUMNS, table, REJECTS.empty_table())


@pytest.fixture
def joined(house):
    """The city with districts, whose parks name them by a column that is a key there."""
    house.publish(districts(), "r-d1")
    return house


def faults(house, path):
    answer = house.get(path)
    assert answer.status_code == 400, answer.text
    return {error["where"]: f"{error['what']}; {error.get('hint', '')}" for error in answer.json["errors"]}


@pytest.mark.parametrize("indexed", [True, False])
def test_what_belongs_to_a_row_stands_beside_it(joined, indexed):
    if indexed:
        joined.catalogue.build_index(joined.catalogue.snapshot("districts"))
    rows = joined.items(
        f"{PARKS}/rows?join=districts&limit=3&select=district,districts.people,districts.mayor,name"
    )
    assert rows == [
        {
            "_id": "P000",
            "district": "중구",
            "districts.people": 40_000,
            "districts.mayor": "김",
            "name": "공원 0",
        },
        {
            "_id": "P001",
            "district": "동구",
            "districts.people": 90_000,
            "districts.mayor": None,
            "name": "공원 1",
        },
        {
            "_id": "P002",
            "district": "서구",
            "districts.people": None,
            "districts.mayor": None,
            "name": "공원 2",
        },
    ]
    (whole,) = joined.items(f"{PARKS}/rows?join=districts&limit=1")
    assert [name for name in whole if name.startswith("districts.")] == [
        "districts.district",
        "districts.mayor",
        "districts.people",
        "districts.kind",
    ]
    (placed,) = joined.items(f"{PARKS}/rows?join=districts&limit=1&select=districts.geometry,name")
    assert placed["districts.geometry"] == {"type": "Point", "coordinates": [129.03, 35.1]}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("districts.people__gt=50000&capacity__lt=50", ["P001", "P004"]),
        ("districts.mayor__isnull=true&capacity__lt=30", ["P001", "P002"]),
        ("districts.kind=a&order=-districts.people,id&limit=2", ["P001", "P004"]),
        ("order=-districts.people,id&capacity__lt=30", ["P001", "P000", "P002"]),
        ("bbox=129.005,35.095,129.025,35.105&districts.kind=a", ["P001"]),
        ("bbox=129.005,35.095,129.025,35.105&order=-id", ["P002", "P001"]),
    ],
)
def test_rows_are_filtered_and_ordered_by_what_stands_beside_them(joined, query, found):
    answer = joined.get(f"{PARKS}/rows?join=districts&count=exact&{query}")
    assert [row["_id"] for row in answer.json["items"]] == found
    if "limit" not in query:
        assert answer.json["count"] == len(found)


def test_rows_are_grouped_by_what_stands_beside_them(joined):
    found = joined.items(
        f"{PARKS}/aggregate?join=districts&group=districts.mayor&agg=count,max(districts.people)"
    )
    assert found == [
        {"districts.mayor": "김", "count": 9, "max_districts.people": 40_000},
        {"districts.mayor": None, "count": 16, "max_districts.people": 90_000},
    ]


def test_values_of_what_stands_beside_rows_are_counted(joined):
    asked = "columns=districts.mayor,district&limit=1"
    answer = joined.get(f"{PARKS}/facets?join=districts&{asked}&districts.people__lt=50000")
    assert answer.status_code == 200, answer.text
    ours, theirs = (joined.catalogue.snapshot(name).id for name in ("parks", "districts"))
    assert answer.json["snapshot"] == f"{ours},{theirs}"
    assert answer.json["facets"] == {
        "districts.mayor": {"values": [{"value": "김", "count": 9}], "other": 0, "missing": 0},
        "district": {"values": [{"value": "중구", "count": 9}], "other": 0, "missing": 0},
    }
    whole = joined.get(f"{PARKS}/facets?join=districts&on=district:district&columns=districts.kind").json
    assert whole["facets"]["districts.kind"]["missing"] + 17 == whole["count"] == 25
    assert (
        "'districts.mayor'"
        in faults(joined, f"{PARKS}/facets?join=districts&columns=districts.mayr")["columns"]
    )
    assert "join=DATASET" in faults(joined, f"{PARKS}/facets?on=district:district&columns=district")["on"]


def test_a_walk_stays_in_both_snapshots(joined):
    first = joined.get(f"{PARKS}/rows?join=districts&on=district:district&limit=10&order=-districts.people")
    both = first.json["snapshot"]
    ours, _, theirs = both.partition(",")
    assert theirs == joined.catalogue.snapshot("districts").id
    assert ours == joined.catalogue.snapshot("parks").id
    joined.publish(districts(people=100_000), "r-d2")
    found, address = first.json["items"], first.json["next"]
    while address:
        answer = joined.get(address.removeprefix("http://localhost"))
        assert answer.status_code == 200, (address, answer.text)
        assert answer.json["snapshot"] == both
        found += answer.json["items"]
        address = answer.json.get("next")
    assert len({row["_id"] for row in found}) == 25
    assert {row["districts.people"] for row in found} == {40_000, 90_000, None}
    pinned = joined.get(f"{PARKS}/rows?join=districts&limit=1&snapshot={both}")
    assert pinned.json["items"][0]["districts.people"] == 40_000
    assert "immutable" in pinned.headers["Cache-Control"]
    half = joined.get(f"{PARKS}/rows?join=districts&limit=1&snapshot={ours}")
    assert half.status_code == 200, half.text
    assert half.json["items"][0]["districts.people"] == 100_000
    assert "immutable" not in half.headers["Cache-Control"]


def test_an_answer_is_another_one_when_the_other_dataset_changes(joined):
    asked = f"{PARKS}/rows?join=districts&limit=1"
    before = joined.get(asked)
    assert joined.get(asked, headers={"If-None-Match": before.headers["ETag"]}).status_code == 304
    joined.publish(districts(people=7), "r-d2")
    after = joined.get(asked, headers={"If-None-Match": before.headers["ETag"]})
    assert after.json["items"][0]["districts.people"] == 7


@pytest.mark.parametrize(
    ("query", "where", "words"),
    [
        ("join=distrikts", "join", "'districts'"),
        ("join=list-1", "join", "no dataset of rows"),
        ("join=districts&on=district", "on", "dong:code"),
        ("join=districts&on=distrikt:district", "on", "'district'"),
        ("join=districts&on=district:distrikt", "on", "'district'"),
        ("join=districts&on=capacity:district", "on", "one type"),
        ("join=districts&on=district:kind", "on", "unique"),
        ("join=air", "on", "on=OURS:THEIRS"),
        ("on=district:district", "on", "join=DATASET"),
        ("join=", "join", "empty"),
        ("join=districts&select=districts.peple", "select", "'districts.people'"),
        ("join=districts&districts.people__gt=x", "districts.people__gt", "whole number"),
        ("jion=districts", "jion", "'join'"),
        ("snapshot=a,b", "snapshot", "join"),
    ],
)
def test_what_cannot_be_joined_is_refused(joined, query, where, words):
    query = query.replace("a,b", f"{joined.catalogue.snapshot('parks').id},b")
    assert words in faults(joined, f"{PARKS}/rows?{query}")[where]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "&select=name,districts.people,district,districts.mayor",
        "&districts.people__gt=50000&order=-capacity",
        "&order=-districts.people,id&capacity__lt=50",
        "&bbox=129.005,35.095,129.025,35.105",
        "&on=district:district&districts.kind=a",
    ],
)
@pytest.mark.parametrize("format", ["csv", "ndjson"])
def test_all_rows_are_exported_with_what_stands_beside_them(joined, query, format):
    if "select" not in query:
        query += "&select=name,capacity,districts.people,districts.mayor"
    export = joined.get(f"{PARKS}/export.{format}?join=districts{query}")
    page = joined.get(f"{PARKS}/rows?join=districts&limit=10000&format={format}{query}")
    assert (export.status_code, export.text) == (200, page.text)
    assert export.headers["X-Snapshot"] == page.headers["X-Snapshot"]
    assert int(export.headers["X-Rows"]) == page.data.count(b"\n") - (format == "csv")


@pytest.mark.parametrize("extension", [extension for _, extension in EXPORT_FORMATS.values()])
def test_every_format_of_exports_takes_what_is_joined(joined, extension):
    answer = joined.get(f"{PARKS}/export.{extension}?join=districts")
    assert (answer.status_code, answer.headers["X-Rows"]) == (200, "25"), answer.text
    if extension == "arrow":
        table = pa.ipc.open_stream(answer.data).read_all()
        people = dict(zip(table["district"].to_pylist(), table["districts.people"].to_pylist(), strict=True))
        assert (people["중구"], people["동구"]) == (40_000, 90_000)


def test_an_export_is_another_one_when_the_other_dataset_changes_and_stays_where_both_are_named(joined):
    asked = f"{PARKS}/export.csv?join=districts&select=districts.people"
    before = joined.get(asked)
    assert joined.get(asked, headers={"If-None-Match": before.headers["ETag"]}).status_code == 304
    joined.publish(districts(people=7), "r-d2")
    after = joined.get(asked, headers={"If-None-Match": before.headers["ETag"]})
    assert (after.status_code, after.data != before.data) == (200, True)
    pinned = joined.get(f"{asked}&snapshot={before.headers['X-Snapshot']}")
    assert (pinned.data, "immutable" in pinned.headers["Cache-Control"]) == (before.data, True)


def test_a_join_of_an_export_that_cannot_be_is_refused(joined):
    for query, where in (("join=distrikts", "join"), ("on=district:district", "on"), ("join=", "join")):
        assert where in faults(joined, f"{PARKS}/export.csv?{query}")
