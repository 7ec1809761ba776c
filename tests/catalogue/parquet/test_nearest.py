"""The nearest rows are those that measuring every row finds, by index and by scan."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyproj import Geod

from catalogue import snapshots
from catalogue.rows import Rows
from catalogue.rows.space import distance
from catalogue.rows.space.nearest import nearest
from schemas.conditions import Filter
from schemas.dataset import Column
from schemas.problem import BadInput
from schemas.query import NearestQuery, RowQuery

NOW = datetime(2026, 11, 25, tzinfo=UTC)
WGS84 = Geod(ellps="WGS84")
COLUMNS = (Column("kind", "text"), Column("geometry", "geometry", role="geometry"))
LONGITUDES = st.sampled_from([-180.0, 180.0, 179.99, -179.99, 129.0, 129.01, 0.0]) | st.floats(-180, 180)
LATITUDES = st.sampled_from([90.0, -90.0, 89.9, 35.1, 35.11, 0.0]) | st.floats(-90, 90)
KINDS = st.sampled_from(["a", "b", None])


def rounded(value):
    return round(value, 7)


@st.composite
def points(draw):
    return shapely.Point(rounded(draw(LONGITUDES)), rounded(draw(LATITUDES)))


@st.composite
def drawn(draw):
    """Lines and areas of at most two degrees, which stay within the world."""
    x, y = draw(st.floats(-178, 178)), draw(st.floats(-85, 85))
    spots = draw(st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), min_size=3, max_size=5))
    spots = [(rounded(x + a), rounded(y + b)) for a, b in spots]
    kind = draw(st.sampled_from(["line", "area", "several", "mixed"]))
    if kind == "line":
        return shapely.LineString(spots)
    area = shapely.MultiPoint(spots).convex_hull
    if kind == "area":
        return area
    if kind == "several":
        return shapely.MultiPoint(spots)
    return shapely.GeometryCollection([shapely.Point(spots[0]), shapely.LineString(spots[:2])])


def metres(lon, lat, shape):
    """Metres by walking along every edge in small steps, the long way."""
    if shape.geom_type in ("Polygon",) and shape.intersects(shapely.Point(lon, lat)):
        return 0.0
    parts = shapely.get_parts(shape)
    long = shapely.length(parts) > 0.001
    parts[long] = shapely.segmentize(parts[long], 0.001)
    fine = shapely.get_coordinates(parts)
    return min(WGS84.inv(np.full(len(fine), lon), np.full(len(fine), lat), fine[:, 0], fine[:, 1])[2])


def published(publication, storage, rows, name="s1"):
    named = [(str(i), kind, None if s is None else shapely.to_wkb(s)) for i, (kind, s) in enumerate(rows)]
    return snapshots.write(publication(COLUMNS, named), storage, name, NOW)


def both_ways(storage, folder, snapshot, query):
    """What is found with an index and without; the same."""
    indexed, scanned = Rows(storage, folder / "index"), Rows(storage, folder / "none")
    indexed.build(snapshot)
    pages = [nearest(lambda q, r=r: r.read(snapshot, q), snapshot, query) for r in (indexed, scanned)]
    indexed.close()
    scanned.close()
    assert pages[0] == pages[1]
    return pages[0]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(KINDS, st.none() | points()), max_size=30),
    lon=LONGITUDES,
    lat=LATITUDES,
    k=st.integers(1, 8),
    max_m=st.none() | st.sampled_from([0.0, 1_000.0, 2e6]),
    kind=st.none() | st.just("a"),
)
def test_of_points_those_nearest_on_the_ellipsoid_are_found(
    publication, make_folder, rows, lon, lat, k, max_m, kind
):
    with tempfile.TemporaryDirectory() as folder:
        storage = make_folder(Path(folder))
        snapshot = published(publication, storage, rows)
        filters = (Filter("kind", "eq", kind),) if kind else ()
        page = both_ways(
            storage,
            Path(folder),
            snapshot,
            NearestQuery(lon, lat, k, max_m, RowQuery(filters, select=("kind",))),
        )
        known = [WGS84.inv(lon, lat, s.x, s.y)[2] for t, s in rows if s is not None and kind in (None, t)]
        wanted = sorted(far for far in known if max_m is None or far <= max_m)[:k]
        assert [row[-1] for row in page.values] == pytest.approx(wanted, abs=1e-3)
        assert page.names == ("_id", "kind", "_distance_m")


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(drawn(), min_size=1, max_size=6),
    lon=st.floats(-178, 178),
    lat=st.floats(-85, 85),
    k=st.integers(1, 3),
    inside=st.booleans(),
)
def test_a_line_or_an_area_is_as_far_as_its_nearest_point(
    publication, make_folder, rows, lon, lat, k, inside
):
    if inside:
        lon, lat = (rounded(v) for v in rows[0].representative_point().coords[0])
    with tempfile.TemporaryDirectory() as folder:
        storage = make_folder(Path(folder))
        snapshot = published(publication, storage, [(None, shape) for shape in rows])
        page = both_ways(storage, Path(folder), snapshot, NearestQuery(lon, lat, k))
        wanted = sorted(metres(lon, lat, shape) for shape in rows)[:k]
        # The steps of the long way are up to 60 m apart, so that of something near it sees less.
        for (*_, far), known in zip(page.values, wanted, strict=True):
            assert far <= known + 1e-3
            assert far >= known - 60 if known < 1e5 else far == pytest.approx(known, rel=1e-6)


def test_rows_of_one_place_are_in_their_order(publication, storage, tmp_path):
    here = shapely.Point(129.0, 35.1)
    rows = [(None, shapely.Point(129.0013, 35.1013))] * 2_000 + [(None, shapely.Point(129.0015, 35.1))]
    snapshot = published(publication, storage, rows)
    page = both_ways(storage, tmp_path, snapshot, NearestQuery(here.x, here.y, 3))
    assert page.values[0][0] == "2000"
    assert len({row[-1] for row in page.values[1:]}) == 1


def test_seen_from_afar_a_crowd_is_measured_by_its_places_and_only_once(publication, storage, tmp_path):
    spots = [shapely.Point(rounded(129 + i % 60 / 300), rounded(35 + i // 60 / 300)) for i in range(3_000)]
    snapshot = published(publication, storage, [("a", spot) for spot in spots])
    for lon, lat in ((126.9, 37.5), (0.0, 0.0), (-51.0, -35.0)):
        page = both_ways(storage, tmp_path, snapshot, NearestQuery(lon, lat, 4))
        wanted = sorted(WGS84.inv(lon, lat, spot.x, spot.y)[2] for spot in spots)[:4]
        assert [row[-1] for row in page.values] == pytest.approx(wanted, abs=1e-3)
    rows, cells = Rows(storage, tmp_path / "none"), []

    def read(asked):
        page = rows.read(snapshot, asked)
        cells.append(len(page.values) * len(page.columns))
        return page

    nearest(read, snapshot, NearestQuery(126.9, 37.5, 4))
    rows.close()
    assert sum(cells) < 2 * len(spots) * len(COLUMNS)


@pytest.mark.parametrize("seed", range(4))
def test_between_towns_only_rows_of_the_nearest_are_read(publication, storage, tmp_path, seed):
    chance = np.random.default_rng(seed)
    towns = [(129.0, 35.0), (129.4, 35.0), (129.0, 35.4), (127.0, 37.0)]
    places = np.concatenate([chance.normal(town, 0.004, (1_500, 2)) for town in towns]).round(7)
    snapshot = published(publication, storage, [("a", shapely.Point(*place)) for place in places])
    rows, read = Rows(storage, tmp_path / "none"), []

    def page(asked):
        found = rows.read(snapshot, asked)
        read.append(len(found.values))
        return found

    for lon, lat in chance.uniform((128.9, 34.9), (129.5, 35.5), (5, 2)).tolist():
        read.clear()
        found = nearest(page, snapshot, NearestQuery(lon, lat, 5))
        far = WGS84.inv(np.full(len(places), lon), np.full(len(places), lat), *places.T)[2]
        assert [row[0] for row in found.values] == [str(i) for i in np.argsort(far, kind="stable")[:5]]
        assert sum(read) < len(places), read
    rows.close()


@pytest.mark.parametrize("k", [1, 7, 150])
@pytest.mark.parametrize(
    ("lon", "lat"), [(129.0, 35.1), (180.0, 0.0), (-180.0, 89.9), (12.0, -90.0), (0.0, 0.0)]
)
def test_what_a_sphere_leaves_out_is_not_among_the_nearest(lon, lat, k):
    chance = np.random.default_rng(k)
    wide = chance.uniform((-180, -90), (180, 90), (2_000, 2))
    close = np.clip(chance.normal((lon, lat), 0.01, (2_000, 2)), (-180, -90), (180, 90))
    for places in (wide, close, np.concatenate([wide, close]), np.repeat(close[:300], 2, axis=0)):
        far = WGS84.inv(np.full(len(places), lon), np.full(len(places), lat), *places.T)[2]
        near, metres = distance.nearest(lon, lat, places, k)
        assert set(np.argsort(far, kind="stable")[:k]) <= set(near)
        assert metres == pytest.approx(far[near], abs=1e-6)


@pytest.mark.parametrize(
    ("query", "where"),
    [
        (NearestQuery(181, 0), "lon"),
        (NearestQuery(0, float("nan")), "lat"),
        (NearestQuery(0, 0, 0), "k"),
        (NearestQuery(0, 0, 1_001), "k"),
        (NearestQuery(0, 0, 1, -1), "max_m"),
        (NearestQuery(0, 0, 1, rows=RowQuery(select=("kin",))), "select"),
    ],
)
def test_what_is_no_place_is_refused(publication, storage, tmp_path, query, where):
    snapshot = published(publication, storage, [("a", shapely.Point(0, 0))])
    rows = Rows(storage, tmp_path / "none")
    with pytest.raises(BadInput) as fault:
        nearest(lambda asked: rows.read(snapshot, asked), snapshot, query)
    assert [error.where for error in fault.value.errors] == [where]
    rows.close()
