"""OGC API Tiles: from the landing page to a tile by links alone, and the grid as the standard has it."""

from __future__ import annotations

import re

import pyogrio
import pytest

REL = "http://www.opengis.net/def/rel/ogc/1.0/"
TILES = "/ogc/collections/facilities/tiles"
MVT = "application/vnd.mapbox-vector-tile"


def linked(body, rel):
    (found,) = [each for each in body["links"] if each["rel"] == rel]
    return found


def near(href):
    return href.removeprefix("http://localhost")


def test_a_tile_is_found_by_links_from_its_collection(house, tmp_path):
    collection = house.json("/ogc/collections/facilities")
    tilesets = house.json(near(linked(collection, f"{REL}tilesets-vector")["href"]))
    (one,) = tilesets["tilesets"]
    assert one["dataType"] == "vector"
    tileset = house.json(near(linked(one, "self")["href"]))
    assert {**one, "layers": tileset["layers"]} == tileset
    item = linked(tileset, "item")
    assert (item["type"], item["templated"]) == (MVT, True)
    grid = house.json(near(linked(tileset, f"{REL}tiling-scheme")["href"]))
    west, _ = tileset["boundingBox"]["lowerLeft"]
    matrix = grid["tileMatrices"][6]
    size = matrix["cellSize"] * matrix["tileWidth"]
    column = int((west / 180 * matrix["pointOfOrigin"][1] - matrix["pointOfOrigin"][0]) // size)
    address = item["href"].replace("{tileMatrix}", matrix["id"]).replace("{tileCol}", str(column))
    tile = house.get(near(address.replace("{tileRow}", "25")))
    assert (tile.status_code, tile.mimetype) == (200, MVT)
    file = tmp_path / f"6-{column}-25.mvt"
    file.write_bytes(tile.data)
    assert pyogrio.list_layers(f"MVT:{file}")[0, 0] == "facilities"


def test_the_grid_is_that_of_the_standard(house):
    (listed,) = house.json("/ogc/tileMatrixSets")["tileMatrixSets"]
    grid = house.json(near(linked(listed, "self")["href"]))
    assert grid["uri"] == listed["uri"] == "http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad"
    first, second = grid["tileMatrices"][:2]
    assert first["scaleDenominator"] == pytest.approx(559_082_264.028_717, abs=1e-3)
    assert first["cellSize"] == pytest.approx(156_543.033_928_041, abs=1e-8)
    assert first["pointOfOrigin"] == pytest.approx([-20_037_508.342_789_2, 20_037_508.342_789_2])
    assert (second["id"], second["matrixWidth"], second["matrixHeight"]) == ("1", 2, 2)


def test_rows_stand_before_columns(house):
    assert house.get(f"{TILES}/WebMercatorQuad/6/25/54").data
    assert (
        house.get(f"{TILES}/WebMercatorQuad/6/25/54").data
        == house.get("/api/v1/datasets/facilities/tiles/6/54/25.mvt").data
    )


def test_the_classes_are_declared_and_the_document_names_the_paths(house):
    classes = house.json("/ogc/conformance")["conformsTo"]
    for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "mvt"):
        assert f"http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/{name}" in classes
    paths = house.json("/ogc/api")["paths"]
    told = [path for path in paths if "tile" in path]
    assert len(told) == 5
    for path in told:
        address = re.sub(r"\{collectionId\}", "facilities", re.sub(r"\{tile\w+\}", "0", path))
        assert house.get(f"/ogc{address}").status_code in (200, 204), path


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{TILES}/WebMercatorQuad/3/8/0", 400),
        (f"{TILES}/WebMercatorQuad/30/0/0", 400),
        (f"{TILES}/WebMercatorQuad/0/0/0?f=png", 400),
        (f"{TILES}/WebMercatorQuad/0/0/0?propertis=a", 400),
        (f"{TILES}/WebMercatorQuad/0/0/0?properties=면적&properties=종류", 400),
        (f"{TILES}/WebMercatorQuad/0/0/0?properties=면적,면적", 400),
        (f"{TILES}/WorldCRS84Quad", 404),
        (f"{TILES}?f=png", 400),
        ("/ogc/collections/readings/tiles", 400),
        ("/ogc/collections/nowhere/tiles", 404),
        ("/ogc/tileMatrixSets/Other", 404),
    ],
)
def test_what_there_is_not_is_refused(house, path, status):
    assert house.get(path).status_code == status


def test_a_collection_that_is_nowhere_offers_no_tiles(house):
    links = house.json("/ogc/collections/readings")["links"]
    assert not [each for each in links if "tileset" in each["rel"]]


def test_a_tile_far_from_everything_is_empty(house):
    answer = house.get(f"{TILES}/WebMercatorQuad/8/0/0")
    assert (answer.status_code, answer.data) == (204, b"")
