"""Tiles of a dataset over HTTP: found by TileJSON, told apart by snapshots, refused where there are none."""

from __future__ import annotations

import gzip
import shutil

import pyogrio
import pytest
import shapely
from pmtiles.reader import Reader
from pmtiles.tile import deserialize_header

PARKS = "/api/v1/datasets/parks"
# Where the 24 parks with a place lie.
THERE = f"{PARKS}/tiles/8/219/101.mvt"
MVT = "application/vnd.mapbox-vector-tile"


@pytest.fixture
def read(tmp_path):
    """Reads the bytes of a tile with GDAL: field names, shapes and rows."""

    def read(data):
        file = tmp_path / "8-219-101.mvt"
        file.write_bytes(data)
        found, _, shapes, columns = pyogrio.raw.read(f"MVT:{file}")
        names = list(found["fields"])
        rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
        return names, shapely.from_wkb(shapes), rows

    return read


def test_a_tile_holds_every_park_with_korean_names_and_types(still, read):
    answer = still.get(THERE)
    assert answer.status_code == 200
    assert answer.mimetype == MVT
    assert answer.headers["X-Features"] == "24"
    assert answer.headers["X-Features-Omitted"] == "0"
    _, _, rows = read(answer.data)
    found = {row["_id"]: row for row in rows}
    asked = {row["_id"]: row for row in still.items(f"{PARKS}/rows")}
    assert set(found) == set(asked) - {"P008"}
    assert found["P003"]["name"] == "공원 3"
    assert found["P003"]["capacity"] == 30
    assert found["P003"]["area"] == 0.75
    assert found["P003"]["checked"] == asked["P003"]["checked"]
    assert found["P003"]["since"] == asked["P003"]["since"]


def test_properties_choose_the_attributes(still, read):
    names, _, _ = read(still.get(f"{THERE}?properties=name,area").data)
    assert set(names) - {"mvt_id"} == {"name", "area"}


def test_an_unknown_property_is_refused_with_the_nearest(still):
    answer = still.get(f"{THERE}?properties=nmae")
    assert answer.status_code == 400
    assert answer.json["errors"][0]["where"] == "properties"
    assert "name" in answer.json["errors"][0]["hint"]


@pytest.mark.parametrize(
    ("place", "where"),
    [
        ("23/0/0", "z"),
        ("-1/0/0", "z"),
        ("x/0/0", "z"),
        ("3/8/0", "x"),
        ("3/0/8", "y"),
        ("3/0/1.5", "y"),
        ("3/٣/0", "x"),
        (f"3/{'9' * 5000}/0", "x"),
    ],
)
def test_an_impossible_tile_is_refused_with_what_is_wrong(still, place, where):
    answer = still.get(f"{PARKS}/tiles/{place}.mvt")
    assert answer.status_code == 400
    assert [error["where"] for error in answer.json["errors"]] == [where]


def test_an_empty_tile_has_no_body(still):
    answer = still.get(f"{PARKS}/tiles/10/0/0.mvt")
    assert answer.status_code == 204
    assert answer.data == b""
    assert answer.headers["ETag"]


def test_a_tile_is_not_sent_to_who_has_it(still):
    etag = still.get(THERE).headers["ETag"]
    again = still.get(THERE, headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert still.get(f"{THERE}?properties=name").headers["ETag"] != etag


def test_a_tile_is_packed_on_request(still):
    plain = still.get(THERE).data
    packed = still.get(THERE, headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain


def test_a_dataset_without_places_has_no_tiles(still):
    for path in ("tiles/0/0/0.mvt", "tiles.json"):
        answer = still.get(f"/api/v1/datasets/air/{path}")
        assert answer.status_code == 400
        assert "geometry" in answer.json["detail"]
    assert still.get("/api/v1/datasets/nowhere/tiles.json").status_code == 404


def test_tilejson_leads_to_tiles_of_one_snapshot(still):
    told = still.get(f"{PARKS}/tiles.json").json
    assert told["tilejson"] == "3.0.0"
    assert told["bounds"] == pytest.approx([129.0, 35.1, 129.04, 35.14])
    (layer,) = told["vector_layers"]
    assert layer["id"] == "parks"
    assert layer["fields"]["name"] == "String"
    assert layer["fields"]["capacity"] == "Number"
    address = told["tiles"][0].replace("{z}", "8").replace("{x}", "219").replace("{y}", "101")
    tile = still.get(address.removeprefix("http://localhost"))
    assert tile.status_code == 200
    assert "immutable" in tile.headers["Cache-Control"]
    assert tile.headers["X-Snapshot"] == still.catalogue.snapshot("parks").id


def test_tiles_follow_the_dataset(house, places):
    before = house.get(THERE)
    house.publish(places(count=3), "r-next")
    after = house.get(THERE)
    assert after.headers["X-Features"] == "3"
    assert after.headers["ETag"] != before.headers["ETag"]
    old = house.get(f"{THERE}?snapshot={before.headers['X-Snapshot']}")
    assert old.data == before.data


def test_the_archive_of_all_tiles_is_read_by_ranges(still):
    head = still.get(f"{PARKS}/download.pmtiles", headers={"Range": "bytes=0-126"})
    assert head.status_code == 206
    assert head.data[:8] == b"PMTiles\x03"
    header = deserialize_header(head.data)
    assert header["addressed_tiles_count"] > 14
    whole = still.get(f"{PARKS}/download.pmtiles")
    assert whole.mimetype == "application/vnd.pmtiles"
    assert whole.headers["X-Rows"] == "25"
    sent = Reader(lambda offset, length: whole.data[offset : offset + length]).get(8, 219, 101)
    assert gzip.decompress(sent) == still.get(THERE).data
    assert still.get("/api/v1/datasets/air/download.pmtiles").status_code == 400


def test_a_tile_given_again_says_the_same_of_itself(house):
    first, again = house.get(THERE), house.get(THERE)
    told = ("ETag", "X-Features", "X-Features-Omitted", "X-Snapshot", "Cache-Control", "Content-Type")
    assert [again.headers[name] for name in told] == [first.headers[name] for name in told]
    assert again.data == first.data
    shutil.rmtree(house.folder / "derived" / "exports" / "layers")
    assert house.get(THERE).data == first.data
    assert house.get(f"{THERE}?properties=name").status_code == 200


def test_pages_of_other_origins_may_read_what_a_tile_says(still):
    exposed = still.get(THERE, headers={"Origin": "https://map.example"}).headers
    assert exposed["Access-Control-Allow-Origin"] == "*"
    assert "X-Features-Omitted" in exposed["Access-Control-Expose-Headers"]
