"""Geometries come out flat, valid, parted at the antimeridian and their rings in order, and it is told."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
import shapely

from harvesters.formats import Parsed
from harvesters.normalise import Normalised, normalise
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

EARTH = (-180.0, -90.0, 180.0, 90.0)
SQUARE = "POLYGON((129 35, 129.1 35, 129.1 35.1, 129 35.1, 129 35))"


def made(*shapes: str | None) -> Normalised:
    """What becomes of geometries written as WKT."""
    wkb = [None if each is None else shapely.to_wkb(shapely.from_wkt(each)) for each in shapes]
    table = pa.table({"geometry": pa.array(wkb, pa.binary())})
    parsed = Parsed(table, pa.array(range(1, len(wkb) + 1), pa.int64()), "gis", crs="EPSG:4326")
    feed = Feed("areas", Text("구역"), "부산", "KOGL-1", SourceSpec("file"), extent=EARTH)
    return normalise(parsed, feed, extent=EARTH, zone=ZoneInfo("Asia/Seoul"))


def shapes(found: Normalised) -> list[shapely.Geometry]:
    return list(shapely.from_wkb(found.rows["geometry"].to_numpy()))


def test_what_is_in_order_is_as_it_was():
    found = made(SQUARE, "POINT(129 35)", None)
    assert shapes(found)[0].equals(shapely.from_wkt(SQUARE))
    assert found.repairs == {}


def test_a_shape_that_crosses_itself_stays_an_area_of_the_same_ground():
    (shape,) = shapes(found := made("POLYGON((129 35, 129.2 35.2, 129.2 35, 129 35.2, 129 35))"))
    assert (shape.geom_type, shape.is_valid) == ("MultiPolygon", True)
    assert shape.area == pytest.approx(0.02)
    assert found.repairs["geometry_mended"] == 1
    (example,) = (row for row in found.repaired.to_pylist() if row["rule"] == "geometry_mended")
    assert (example["line"], example["after"]) == (1, "MultiPolygon")
    assert "Self-intersection" in example["before"]


def test_a_shape_without_an_area_is_set_aside_and_its_row_published():
    found = made(SQUARE, "POLYGON((129 35, 129.1 35.1, 129 35, 129 35))")
    assert [shape is None for shape in shapes(found)] == [False, True]
    assert [(row["line"], row["scope"], row["reason"]) for row in found.rejects.to_pylist()] == [
        (2, "cell", "bad_geometry")
    ]


def test_rings_run_against_the_clock_outside_and_with_it_inside():
    hole = "(129.02 35.02, 129.04 35.02, 129.04 35.04, 129.02 35.04, 129.02 35.02)"
    (shape,) = shapes(found := made(f"POLYGON((129 35, 129 35.1, 129.1 35.1, 129.1 35, 129 35), {hole})"))
    assert shape.exterior.is_ccw
    assert not shape.interiors[0].is_ccw
    assert found.repairs == {"rings_turned": 1}


def test_heights_and_measures_are_dropped_and_counted():
    found = made("POINT ZM(129 35 7 1)", "LINESTRING Z(129 35 1, 129.1 35.1 2)", "POINT(129 35)")
    assert [shape.has_z for shape in shapes(found)] == [False] * 3
    assert found.repairs == {"height_dropped": 2}


def test_an_empty_geometry_is_none():
    found = made("POLYGON EMPTY", "POINT EMPTY", SQUARE)
    assert [shape is None for shape in shapes(found)] == [True, True, False]
    assert found.repairs == {"empty_geometry": 2}


@pytest.mark.parametrize(
    ("written", "kind", "size"),
    [
        ("POLYGON((179 50, -179 50, -179 51, 179 51, 179 50))", "MultiPolygon", 2.0),
        ("LINESTRING(179 50, -179 50)", "MultiLineString", 2.0),
    ],
)
def test_a_shape_across_the_antimeridian_is_parted_there(written, kind, size):
    (shape,) = shapes(found := made(written))
    assert (shape.geom_type, len(shape.geoms)) == (kind, 2)
    assert (shape.area or shape.length) == pytest.approx(size)
    assert sorted(part.bounds[::2] for part in shape.geoms) == [(-180.0, -179.0), (179.0, 180.0)]
    assert found.repairs["antimeridian_split"] == 1


def test_the_whole_world_is_not_taken_for_a_shape_across_its_edge():
    (shape,) = shapes(found := made("POLYGON((-180 -90, 180 -90, 180 90, -180 90, -180 -90))"))
    assert shape.bounds == EARTH
    assert found.repairs == {}
