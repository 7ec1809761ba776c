"""Tiles read back by GDAL show the rows that lie there, where they lie, and say what they leave out."""

from __future__ import annotations

import gzip
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import numpy as np
import pyogrio
import pyproj
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pmtiles.reader import MmapSource, Reader

from catalogue.encode.export import Exports
from catalogue.encode.tiles import Layers, Tile, archive, told
from catalogue.encode.tiles.choosing import MOST
from catalogue.encode.whole import batches
from schemas.dataset import Column
from schemas.problem import BadInput

COLUMNS = (
    Column("이름", "text"),
    Column("n", "integer"),
    Column("share", "number"),
    Column("open", "boolean"),
    Column("day", "date"),
    Column("at", "time"),
    Column("geometry", "geometry", role="geometry"),
)
NOTHING = (None,) * 6
WORLD = 20037508.342789244
TO_METRES = pyproj.Transformer.from_crs("OGC:CRS84", "EPSG:3857", always_xy=True)
HERE = (129.05, 35.15)


def square(tile, steps):
    """The ground of a tile in metres of the map, and so many steps of it more on each side."""
    size = 2 * WORLD / 2**tile.zoom
    west, north = tile.column * size - WORLD, WORLD - tile.row * size
    more = size * steps / 4096
    return shapely.box(west - more, north - size - more, west + size + more, north + more)


def around(lon, lat, zoom):
    """The tile of a place."""
    x, y = TO_METRES.transform(lon, lat)
    size = 2 * WORLD / 2**zoom
    return Tile(zoom, int((x + WORLD) // size), int((WORLD - y) // size))


def metres(shapes):
    return shapely.transform(shapes, lambda xy: np.column_stack(TO_METRES.transform(xy[:, 0], xy[:, 1])))


@pytest.fixture(scope="module")
def draw(land, tmp_path_factory):
    """Lands shapes with attributes, draws a tile of them and reads back its shapes and rows."""

    def draw(shapes, tile, attributes=None, properties=None):
        folder = tmp_path_factory.mktemp("tiles")
        given = attributes or [NOTHING] * len(shapes)
        wkb = [None if shape is None else shapely.to_wkb(shape) for shape in shapes]
        rows = [(f"r{i}", *values, each) for i, (values, each) in enumerate(zip(given, wkb, strict=True))]
        storage, snapshot = land(folder, COLUMNS, rows, parts=2)
        order = {id: i for i, id in enumerate(ids_of(snapshot, storage))}
        drawn = Layers(storage, folder / "layers").of(snapshot).draw(tile, properties or told(COLUMNS))
        found = read(drawn.data, tile, folder) if drawn.data else []
        assert all(order[row["_id"]] == row["mvt_id"] for _, row in found if "_id" in row)
        return drawn, found

    return draw


def ids_of(snapshot, storage):
    return [id for batch in batches(snapshot, storage) for id in batch["_id"].to_pylist()]


def read(data, tile, folder):
    file = folder / f"{tile.zoom}-{tile.column}-{tile.row}.mvt"
    file.write_bytes(data)
    layers = pyogrio.list_layers(f"MVT:{file}")[:, 0].tolist()
    assert layers == ["trees"]
    meta, _, shapes, columns = pyogrio.raw.read(f"MVT:{file}", CLIP="NO")
    names = list(meta["fields"])
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    return list(zip(shapely.from_wkb(shapes), rows, strict=True))


def test_attributes_keep_their_types_and_letters(draw):
    at = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
    values = ("중앙동 '\\\" \u0000 🌳", -(2**52), 0.1, True, date(2026, 3, 1), at)
    point = shapely.Point(HERE)
    _, found = draw([point, point], around(*HERE, 12), [values, NOTHING])
    first, second = (row for _, row in found)
    assert first["n"] == -(2**52)
    assert (first["share"], first["open"]) == (0.1, True)
    assert (first["day"], first["at"]) == ("2026-03-01", "2026-03-01T09:30:00Z")
    assert first["이름"].startswith("중앙동")
    assert second["이름"] is None


def test_only_the_chosen_attributes_are_there(draw):
    _, found = draw([shapely.Point(HERE)], around(*HERE, 12), [("가", 1, 2.0, False, None, None)], ["n"])
    assert set(found[0][1]) == {"mvt_id", "n"}


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 20), st.integers(0, 2**32), st.floats(0.001, 2))
def test_points_of_a_tile_are_those_that_lie_in_it(draw, zoom, seed, spread):
    chance = np.random.default_rng(seed)
    places = chance.normal(HERE, spread * 2.0 ** (8 - zoom), (40, 2))
    points = shapely.points(np.clip(places, (-180, -84), (180, 84)))
    tile = around(*HERE, zoom)
    drawn, found = draw(points, tile)
    naive = {f"r{i}" for i in np.flatnonzero(shapely.intersects(square(tile, 64), metres(points)))}
    assert {row["_id"] for _, row in found} == naive
    assert (drawn.features, drawn.omitted) == (len(naive), 0)
    step = 2 * WORLD / 2**zoom / 4096
    for shape, row in found:
        assert shape.distance(metres(points[int(row["_id"][1:])])) <= step


@settings(max_examples=16, deadline=None)
@given(st.integers(7, 18), st.integers(0, 2**32), st.sampled_from(["line", "area", "areas", "holed"]))
def test_shapes_of_a_tile_are_what_is_left_of_the_rows_by_its_square(draw, zoom, seed, kind):
    chance = np.random.default_rng(seed)
    tile, size = around(*HERE, zoom), 360 / 2**zoom
    shapes = [shape_of(kind, chance, size) for _ in range(12)]
    _, found = draw(shapes, tile)
    shown = {int(row["_id"][1:]): shape for shape, row in found}
    step = 2 * WORLD / 2**zoom / 4096
    for i, whole in enumerate(metres(np.array(shapes))):
        left = shapely.intersection(whole, square(tile, 64))
        much = left.area > (40 * step) ** 2 if kind != "line" else left.length > 40 * step
        assert i in shown or not much
        if i not in shown:
            continue
        assert shapely.is_valid(shown[i])
        assert shown[i].distance(whole) <= 4 * step
        assert shown[i].within(square(tile, 65))
        if kind == "line":
            assert left.within(shown[i].buffer(6 * step))
        else:
            assert shapely.symmetric_difference(shown[i], left).area <= 6 * step * (left.length + step)


def shape_of(kind, chance, size):
    middle = np.array(HERE) + chance.normal(0, size / 2, 2)
    if kind == "line":
        return shapely.LineString(middle + chance.normal(0, size / 3, (9, 2)))
    disc = shapely.Point(middle).buffer(size * chance.uniform(0.01, 0.8))
    if kind == "holed":
        return disc.difference(shapely.Point(middle).buffer(size * 0.005))
    if kind == "areas":
        return shapely.MultiPolygon([disc, shapely.box(*(middle + size), *(middle + 1.5 * size))])
    return disc


def test_a_damaged_shape_and_one_without_place_do_no_harm(draw):
    bow = shapely.Polygon([(129, 35), (129.1, 35.1), (129.1, 35), (129, 35.1)])
    nothing = shapely.Polygon()
    _, found = draw([bow, None, nothing, shapely.Point(HERE)], around(*HERE, 9))
    assert {row["_id"] for _, row in found} == {"r0", "r3"}
    assert all(shapely.is_valid(shape) for shape, _ in found)


@pytest.mark.filterwarnings("ignore:invalid value")
def test_a_shape_with_a_place_that_is_no_number_does_not_spoil_the_tile(draw):
    endless = shapely.LineString([HERE, (np.nan, 35.2), (129.2, 35.2)])
    far = shapely.LineString([HERE, (1e300, 35.2)])
    whole = shapely.LineString([HERE, (129.2, 35.2)])
    _, found = draw([endless, far, whole], around(*HERE, 9))
    assert {row["_id"] for _, row in found} == {"r1", "r2"}


def test_a_shape_that_only_goes_around_a_tile_is_not_in_it(draw):
    tile = around(*HERE, 12)
    far = square(tile, 4096).difference(square(tile, 400))
    to_degrees = pyproj.Transformer.from_crs("EPSG:3857", "OGC:CRS84", always_xy=True)
    frame = shapely.transform(far, lambda xy: np.column_stack(to_degrees.transform(xy[:, 0], xy[:, 1])))
    drawn, found = draw([frame, frame.exterior], tile)
    assert (drawn.data, drawn.features, drawn.omitted, found) == (b"", 0, 0, [])


def test_several_kinds_of_shapes_go_into_one_tile(draw):
    x, y = HERE
    line = shapely.LineString([(x, y), (x + 0.01, y)])
    several = shapely.MultiPoint([(x, y), (x + 0.01, y + 0.01)])
    mixed = shapely.GeometryCollection([shapely.Point(x, y), shapely.box(x, y, x + 0.01, y + 0.01)])
    _, found = draw([shapely.Point(x, y), several, line, mixed], around(*HERE, 11))
    kinds = {row["_id"]: shape.geom_type for shape, row in found}
    assert kinds == {"r0": "Point", "r1": "MultiPoint", "r2": "LineString", "r3": "Polygon"}


def test_a_crowded_tile_thins_points_evenly_and_says_so(draw):
    chance = np.random.default_rng(7)
    many = shapely.points(chance.normal(HERE, 0.02, (20_000, 2)))
    near = around(*HERE, 10)
    drawn, found = draw(many, near)
    assert MOST / 8 < drawn.features <= MOST
    assert drawn.features + drawn.omitted == shapely.intersects(square(near, 64), metres(many)).sum()
    shown = {row["_id"] for _, row in found}
    (closer,) = [each for each in near.quarters() if each == around(*HERE, 11)]
    _, below = draw(many, closer)
    inside = {f"r{i}" for i in np.flatnonzero(shapely.intersects(square(closer, 0), metres(many)))}
    assert shown & inside <= {row["_id"] for _, row in below}


def test_a_crowded_tile_shows_the_largest_shapes(draw):
    chance = np.random.default_rng(7)
    middles, sizes = chance.uniform(HERE, (129.1, 35.2), (6_000, 2)), chance.uniform(1e-4, 1e-2, 6_000)
    boxes = [shapely.box(*(m - s), *(m + s)) for m, s in zip(middles, sizes, strict=True)]
    drawn, found = draw(boxes, around(129.07, 35.17, 8))
    assert (drawn.features, drawn.omitted) == (MOST, 1_000)
    shown = {int(row["_id"][1:]) for _, row in found}
    smallest = set(np.argsort(sizes)[:900].tolist())
    assert not shown & smallest


def test_what_is_smaller_than_a_step_is_left_out_and_counted(draw):
    tiny = shapely.box(*HERE, HERE[0] + 1e-6, HERE[1] + 1e-6)
    drawn, _ = draw([tiny], around(*HERE, 5))
    assert (drawn.data, drawn.features, drawn.omitted) == (b"", 0, 1)
    drawn, _ = draw([tiny], around(*HERE, 22))
    assert drawn.features == 1


def test_rows_without_a_geometry_cannot_be_drawn(land, tmp_path):
    storage, snapshot = land(tmp_path, COLUMNS[:1], [("a", "나무")])
    with pytest.raises(BadInput, match="no geometry"):
        Layers(storage, tmp_path / "layers").of(snapshot)


def test_a_dataset_without_rows_is_an_empty_map(land, tmp_path):
    storage, snapshot = land(tmp_path, COLUMNS, [])
    layer = Layers(storage, tmp_path / "layers").of(snapshot)
    assert layer.draw(Tile(0, 0, 0), told(COLUMNS)).data == b""
    assert Exports(storage, tmp_path / "exports").make(snapshot, "pmtiles").path.stat().st_size > 127


def test_layers_not_asked_for_longest_make_room(land, tmp_path):
    storage, snapshot = land(tmp_path, COLUMNS, [("a", *NOTHING, shapely.to_wkb(shapely.Point(HERE)))])
    layers = Layers(storage, tmp_path / "layers", most_bytes=1)
    layers.of(snapshot)
    assert len(list((tmp_path / "layers").iterdir())) == 1
    layers.forget(snapshot.id)
    assert not list((tmp_path / "layers").iterdir())


def test_an_archive_holds_the_same_tiles_down_to_a_depth(land, tmp_path):
    shapes = [shapely.Point(HERE), shapely.box(129, 35, 129.01, 35.01)]
    rows = [(f"r{i}", f"동 {i}", *NOTHING[1:], shapely.to_wkb(each)) for i, each in enumerate(shapes)]
    storage, snapshot = land(tmp_path, COLUMNS, rows)
    exports = Exports(storage, tmp_path / "exports")
    file = exports.make(snapshot, "pmtiles").path
    # GDAL reads the deepest zoom, and puts it together.
    meta, _, found, columns = pyogrio.raw.read(file)
    names = dict(zip(meta["fields"], columns, strict=True))
    assert {"동 0", "동 1"} == set(names["이름"])
    drawn = shapely.union_all(shapely.from_wkb(found)).buffer(2)
    assert drawn.covers(metres(np.array([shapes[1]]))[0])
    with file.open("rb") as opened:
        reader = Reader(MmapSource(opened))
        header, metadata = reader.header(), reader.metadata()
        tile = around(*HERE, 12)
        packed = reader.get(tile.zoom, tile.column, tile.row)
        assert gzip.decompress(packed) == exports.layers.of(snapshot).draw(tile, told(COLUMNS)).data
    assert (header["min_zoom"], header["max_zoom"]) == (0, 14)
    assert header["clustered"]
    assert metadata["vector_layers"][0]["fields"]["n"] == "Number"
    assert metadata["omitted"] == 0


def test_an_archive_of_much_ground_ends_at_a_zoom_before(land, tmp_path):
    rows = [("r0", *NOTHING, shapely.to_wkb(shapely.box(120, 30, 140, 40)))]
    storage, snapshot = land(tmp_path, COLUMNS, rows)
    archive.write(Layers(storage, tmp_path / "layers").of(snapshot), snapshot, tmp_path / "a.pmtiles", 200)
    with (tmp_path / "a.pmtiles").open("rb") as opened:
        header = Reader(MmapSource(opened)).header()
    assert header["addressed_tiles_count"] <= 200
    assert 5 <= header["max_zoom"] <= 9


def test_a_map_that_asks_for_many_tiles_at_once_has_its_layer_made_once(land, tmp_path):
    rows = [(f"r{i}", *NOTHING, shapely.to_wkb(shapely.Point(HERE))) for i in range(50)]
    storage, snapshot = land(tmp_path, COLUMNS, rows)
    layers = Layers(storage, tmp_path / "layers")
    with ThreadPoolExecutor(8) as crowd:
        found = list(crowd.map(lambda _: layers.of(snapshot), range(40)))
    assert len(set(map(id, found))) == 1
    assert layers.of(snapshot) is found[0]
