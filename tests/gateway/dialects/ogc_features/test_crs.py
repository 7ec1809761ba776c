"""Coordinates in many systems, each in the order of its register, no digit more than is known."""

from __future__ import annotations

import json

import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

ITEMS = "/ogc/collections/facilities/items"
EDGES = "/ogc/collections/edges/items"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/{}"
NORTH_FIRST = (4326, 5174, 5178, 5179, 5181, 5185, 5186, 5187, 5188)
ALL = (*NORTH_FIRST, 3857, 32652)


def points(body) -> np.ndarray:
    return np.array([each["geometry"]["coordinates"] for each in body["features"]])


def test_all_systems_of_korean_cities_are_offered(house):
    listed = house.json("/ogc/collections/facilities")["crs"]
    assert listed[1:] == [EPSG.format(code) for code in (4326, 3857, *NORTH_FIRST[1:], 32652)]


@pytest.mark.parametrize("code", ALL)
def test_coordinates_are_in_the_order_of_the_register(house, code):
    here, there = house.json(f"{ITEMS}?limit=200"), house.json(f"{ITEMS}?limit=200&crs={EPSG.format(code)}")
    east, north = Transformer.from_crs("OGC:CRS84", code, always_xy=True).transform(*points(here).T)
    expected = np.column_stack([north, east] if code in NORTH_FIRST else [east, north])
    assert np.allclose(points(there), expected, atol=1e-7 if code == 4326 else 1e-3)
    assert (CRS(code).axis_info[0].direction == "north") == (code in NORTH_FIRST)


def test_a_place_in_busan_has_its_northing_first(house):
    """The point of the research: East Belt 2010, false northing 600,000 m, false easting 200,000 m."""
    body = house.json(f"{EDGES}/tower?crs={EPSG.format(5187)}")
    north, east, height = body["geometry"]["coordinates"]
    assert (round(north), round(east), height) == (278194, 209118, 120.5)


@pytest.mark.parametrize("code", ALL)
def test_no_digit_more_is_written_than_is_known(house, code):
    text = house.get(f"{ITEMS}?limit=50&crs={EPSG.format(code)}").text
    decimals = [len(n.partition(".")[2]) for n in json.dumps(points(json.loads(text)).tolist()).split(",")]
    assert max(decimals) <= (7 if code == 4326 else 3) + 2  # The brackets of a list.


@pytest.mark.parametrize("short", ["EPSG:5187", "[EPSG:5187]", "https://www.opengis.net/def/crs/EPSG/0/5187"])
def test_a_system_may_be_named_for_short(house, short):
    assert house.get(f"{ITEMS}?limit=1&crs={short}").headers["Content-Crs"] == f"<{EPSG.format(5187)}>"


@pytest.mark.parametrize("code", ALL)
def test_a_box_is_read_in_its_system_and_its_order(house, code):
    box = shapely.box(129.0, 35.1, 129.1, 35.2)
    plain = {each["id"] for each in house.json(f"{ITEMS}?bbox=129.0,35.1,129.1,35.2&limit=10000")["features"]}
    bounds = Transformer.from_crs("OGC:CRS84", code).transform_bounds(*box.bounds)
    text = ",".join(map(str, bounds))
    found = house.json(f"{ITEMS}?bbox={text}&bbox-crs={EPSG.format(code)}&limit=10000")["features"]
    # The box around a box whose sides are curves there holds a few more.
    assert plain <= {each["id"] for each in found}
    assert len(found) < len(plain) * 1.2


def test_a_box_may_be_in_another_system_than_the_answer(house):
    asked = f"bbox=35.1,129.0,35.2,129.1&bbox-crs={EPSG.format(4326)}&crs={EPSG.format(5179)}"
    answer = house.get(f"{ITEMS}?{asked}")
    assert answer.headers["Content-Crs"] == f"<{EPSG.format(5179)}>"
    body = json.loads(answer.data)
    assert body["numberMatched"] == house.json(f"{ITEMS}?bbox=129.0,35.1,129.1,35.2")["numberMatched"]


@pytest.mark.parametrize("box", ["300000,200000,200000,210000", "1e30,1e30,2e30,2e30"])
def test_a_box_that_is_nowhere_in_its_system_is_refused(house, box):
    answer = house.get(f"{ITEMS}?bbox={box}&bbox-crs={EPSG.format(5187)}")
    assert (answer.status_code, answer.get_json(force=True)["errors"][0]["where"]) == (400, "bbox")


def test_a_place_that_a_system_does_not_know_is_refused_and_not_made_up(house):
    answer = house.get(f"{EDGES}?crs={EPSG.format(5187)}")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert "far from Korea" in answer.get_json(force=True)["detail"]


def test_a_page_without_any_place_is_told_in_any_system(house):
    body = house.json(f"/ogc/collections/readings/items?crs={EPSG.format(5187)}&limit=3")
    assert [each["geometry"] for each in body["features"]] == [None] * 3
    assert house.json(f"{EDGES}/nowhere?crs={EPSG.format(5187)}")["geometry"] is None


def test_heights_stay_as_they_are(house):
    for code in ALL:
        assert house.json(f"{EDGES}/tower?crs={EPSG.format(code)}")["geometry"]["coordinates"][2] == 120.5
