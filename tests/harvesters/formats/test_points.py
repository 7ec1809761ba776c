"""Plain points are read and written as the bytes that they are, and say what shapes would say."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from harvesters.reading.gis.points import as_points, kinds, points
from harvesters.reading.gis.surfaces import are_curved

NUMBERS = st.floats(allow_nan=False)
PLACES = st.lists(st.none() | st.tuples(NUMBERS, NUMBERS), min_size=1, max_size=30)


def written(places: list[tuple[float, float] | None]) -> pa.Array:
    shapes = [None if at is None else shapely.to_wkb(shapely.Point(at), byte_order=1) for at in places]
    return pa.array(shapes, pa.binary())


@given(PLACES, st.integers(0, 29))
def test_points_are_read_where_they_are_also_from_the_midst_of_a_column(
    places: list[tuple[float, float] | None], start: int
) -> None:
    some = places[start:]
    found = points(written(places)[start:])
    if all(at is None for at in some):
        assert found is None
        return
    assert found is not None
    expected = [(np.nan, np.nan) if at is None else at for at in some]
    np.testing.assert_array_equal(found, np.array(expected, dtype=float).reshape(-1, 2))


@given(PLACES)
def test_points_are_written_as_shapely_writes_them(places: list[tuple[float, float] | None]) -> None:
    at = np.array([(0.0, 0.0) if each is None else each for each in places], dtype=float)
    there = np.array([each is not None for each in places])
    assert as_points(at[:, 0], at[:, 1], there).equals(written(places))


@pytest.mark.parametrize(
    "other",
    [
        shapely.to_wkb(shapely.Point(127, 37), byte_order=0),
        shapely.to_wkb(shapely.Point(127, 37, 10), byte_order=1),
        shapely.to_wkb(shapely.from_wkt("POINT EMPTY"), byte_order=1),
        shapely.to_wkb(shapely.LineString([(0, 0), (1, 1)]), byte_order=1),
        b"",
        b"\x01\x01",
        b"\x01\x02\0\0\0" + bytes(16),
    ],
    ids=["big-endian", "high", "empty", "line", "nothing", "short", "of another type"],
)
def test_a_column_that_holds_one_other_thing_is_left_to_shapely(other: bytes) -> None:
    assert points(pa.array([written([(127.0, 37.0)])[0].as_py(), other], pa.binary())) is None


def test_types_are_read_in_either_order_and_curves_are_known_by_them() -> None:
    plain = [shapely.to_wkb(shapely.Point(1, 2), byte_order=order) for order in (0, 1)]
    curves = [b"\x01\x08\0\0\0", b"\x00\x00\x00\x03\xf1", b"\x01\x0a\x00\x00\x80"]
    column = pa.array([*plain, None, b"\x01", *curves], pa.binary())
    assert kinds(column).tolist() == [1, 1, 0, 0, 8, 1009, 0x8000000A]
    assert are_curved(column).tolist() == [False] * 4 + [True] * 3
    assert are_curved(column[1:]).tolist() == [False] * 3 + [True] * 3
    assert not are_curved(pa.nulls(2, pa.binary())).any()
