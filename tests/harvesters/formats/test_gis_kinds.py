"""What else GIS write: FileGDB, FlatGeobuf, GML, MapInfo, OpenStreetMap, GPX and JSON lines."""

from __future__ import annotations

import contextlib
import json
import random
import sqlite3
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyogrio
import pytest
import shapely

from harvesters.faults import FeedMisconfigured, Unreadable

Zipped = Callable[..., Path]
ROWS = 500


def written(path: Path, driver: str, **options: Any) -> Path:
    """A file of 500 points with a name and a number each."""
    points = shapely.to_wkb(shapely.points([(129 + at / 1e4, 35 + at / 1e4) for at in range(ROWS)]))
    names = [f"강동구{at}" for at in range(ROWS)]
    table = pa.table({"name": names, "n": pa.array(range(ROWS)), "geometry": pa.array(points)})
    path.parent.mkdir(exist_ok=True)
    described: dict[str, Any] = {"geometry_name": "geometry", "geometry_type": "Point", "crs": "EPSG:4326"}
    pyogrio.write_arrow(table, path, driver=driver, **described, **options)
    return path


GPX = (
    '<?xml version="1.0"?><gpx version="1.1" creator="x" xmlns="http://www.topografix.com/GPX/1/1">'
    + "".join(f'<wpt lat="35" lon="129"><name>강동구{at}</name></wpt>' for at in range(ROWS))
    + "</gpx>"
).encode()
OSM = (
    '<?xml version="1.0"?><osm version="0.6">'
    + "".join(
        f'<node id="{at + 1}" lat="35" lon="129"><tag k="name" v="강동구{at}"/></node>' for at in range(ROWS)
    )
    + '<way id="9"><nd ref="1"/><nd ref="2"/><tag k="highway" v="primary"/></way></osm>'
).encode()


@pytest.fixture
def content(tmp_path: Path) -> Callable[[str], bytes]:
    """The bytes of a file of each kind."""

    def maker(kind: str) -> bytes:
        if kind in ("gpx", "osm"):
            return GPX if kind == "gpx" else OSM
        driver, options = {
            "fgb": ("FlatGeobuf", {}),
            "gml": ("GML", {"layer": "places", "FORMAT": "GML3.2"}),
            "gml2": ("GML", {"layer": "places", "FORMAT": "GML2"}),
            "kml": ("KML", {}),
            "geojsonl": ("GeoJSONSeq", {}),
            "geojsons": ("GeoJSONSeq", {"RS": "YES"}),
            "gpkg": ("GPKG", {}),
        }[kind]
        return written(tmp_path / f"made.{kind}", driver, **options).read_bytes()

    return maker


def named(parsed: Any) -> dict[str, Any]:
    """Its rows by their name, whatever the order is."""
    (column,) = [each for each in parsed.table.column_names if each.lower() == "name"]
    return {row[column]: row for row in parsed.table.to_pylist()}


@pytest.mark.parametrize("kind", ["fgb", "gml", "gml2", "kml", "geojsonl", "geojsons", "gpkg", "gpx", "osm"])
def test_every_kind_gives_its_rows_where_they_are(kind: str, content: Any, read_text: Any) -> None:
    parsed = read_text(content(kind), f"a.{kind}", kind="gis")[0]

    assert (parsed.table.num_rows, parsed.rejects.num_rows, parsed.crs) == (ROWS, 0, "EPSG:4326")
    point = shapely.from_wkb(parsed.table["geometry"][0].as_py())
    # Longitude first, whatever order the format writes them in.
    assert 129 <= point.x < 129.1
    assert 35 <= point.y < 35.1
    if kind != "kml":
        assert set(named(parsed)) == {f"강동구{at}" for at in range(ROWS)}


@pytest.mark.parametrize("kind", ["fgb", "gml", "gml2", "kml", "geojsonl", "geojsons", "gpkg", "gpx", "osm"])
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_file_cut_short_is_unreadable(kind: str, share: float, content: Any, read_text: Any) -> None:
    whole = content(kind)

    with pytest.raises(Unreadable):
        read_text(whole[: int(len(whole) * share)], f"a.{kind}", kind="gis")


def test_bytes_that_rotted_never_crash_the_reader(content: Any, read_text: Any) -> None:
    whole, dice = content("fgb"), random.Random(1)

    for _ in range(25):
        rotten = bytearray(whole)
        for place in dice.sample(range(len(whole)), 20):
            rotten[place] ^= 1 << dice.randrange(8)
        with contextlib.suppress(Unreadable):
            (parsed,) = read_text(bytes(rotten), "a.fgb", kind="gis")
            assert parsed.table.num_rows + parsed.rejects.num_rows == ROWS


def test_a_geopackage_of_texts_that_are_no_utf8_is_unreadable(
    content: Any, tmp_path: Path, read: Any
) -> None:
    path = tmp_path / "a.gpkg"
    path.write_bytes(content("gpkg"))
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        (table,) = database.execute("SELECT table_name FROM gpkg_contents").fetchone()
        for (trigger,) in database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            database.execute(f'DROP TRIGGER "{trigger}"')
        database.execute(f'UPDATE "{table}" SET name = CAST(? AS TEXT)', ("강동구".encode("cp949"),))

    with pytest.raises(Unreadable, match="UTF"):
        read(path)


def test_a_geodatabase_gives_all_of_its_layers(shared_data: Path, read: Any) -> None:
    tables = {each.name: each for each in read(shared_data / "gis/testopenfilegdb.gdb.zip")}

    assert len(tables) == 37
    assert sum(each.table.num_rows + each.rejects.num_rows for each in tables.values()) == 476
    assert not sum(each.rejects.num_rows for each in tables.values())
    assert tables["none"].crs is None
    assert "geometry" not in tables["none"].table.column_names
    assert tables["no_field"].table.num_rows == 5
    assert tables["point"].crs == "EPSG:4326"


def test_triangles_and_patches_become_polygons(shared_data: Path, read: Any) -> None:
    (parsed,) = read(shared_data / "gis/testopenfilegdb.gdb.zip", layer="multipatch")

    kinds = {each.geom_type for each in shapely.from_wkb(parsed.table["geometry"].to_pylist())}
    assert kinds <= {"MultiPolygon", "GeometryCollection", "Polygon"}


def test_two_geodatabases_in_one_zip_are_both_read(shared_data: Path, zipped: Zipped, read: Any) -> None:
    with zipfile.ZipFile(shared_data / "gis/testopenfilegdb.gdb.zip") as archive:
        files = {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}
    both = {f"시/{db}.gdb/{name}": body for db in ("a", "b") for name, body in files.items() if name}

    found = read(zipped(both), layer="point")

    assert [each.table.num_rows for each in found] == [5, 5]


def test_openstreetmap_is_read_in_layers_also_where_its_nodes_are_in_no_order(
    shared_data: Path, read: Any
) -> None:
    found = {each.name: each.table.num_rows for each in read(shared_data / "gis/sample.osm.pbf")}

    assert found == {
        "points": 8,
        "lines": 36,
        "multilinestrings": 1,
        "multipolygons": 8,
        "other_relations": 4,
    }


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99, 0.9999])
def test_openstreetmap_cut_short_is_unreadable(shared_data: Path, read_text: Any, share: float) -> None:
    whole = (shared_data / "gis/sample.osm.pbf").read_bytes()

    with pytest.raises(Unreadable, match="ends within blob"):
        read_text(whole[: int(len(whole) * share)], "a.osm.pbf", kind="gis")


@pytest.mark.parametrize(
    ("suffix", "charset"), [("mif", "WindowsKorean"), ("mif", "Neutral"), ("tab", "Neutral")]
)
def test_mapinfo_tables_in_cp949_are_read(
    tmp_path: Path, zipped: Zipped, read: Any, suffix: str, charset: str
) -> None:
    made = written(tmp_path / "mapinfo" / f"place.{suffix}", "MapInfo File")
    korean = {
        each.suffix: each.read_bytes().replace("강동구".encode(), "강동구".encode("cp949"))
        for each in made.parent.iterdir()
    }
    if suffix == "tab":
        korean = {each.suffix: each.read_bytes() for each in made.parent.iterdir()}
        narrow = {"강동구".encode(): "강동구".encode("cp949") + b"   "}
        korean[".dat"] = korean[".dat"].replace(*next(iter(narrow.items())))
    head = f".{suffix}"
    korean[head] = korean[head].replace(b"Neutral", charset.encode())

    (parsed,) = read(zipped({f"자료/장소{each}": body for each, body in korean.items()}), kind="gis")

    assert parsed.table.num_rows == ROWS
    assert (parsed.encoding, parsed.crs) == ("cp949", "EPSG:4326")
    assert parsed.table["name"][0].as_py().startswith("강동구")


def test_a_mapinfo_table_without_its_map_or_that_is_a_view_is_refused(
    tmp_path: Path, zipped: Zipped, read: Any
) -> None:
    made = written(tmp_path / "mapinfo/place.tab", "MapInfo File")
    files = {each.name: each.read_bytes() for each in made.parent.iterdir()}

    view = b'!table\n!version 100\nOpen Table "/etc/passwd" Hide\nCreate View a As Select * From b\n'
    with pytest.raises(Unreadable, match="view of other tables"):
        read(zipped(files | {"place.tab": view}), kind="gis")
    del files["place.map"]
    with pytest.raises(Unreadable, match=r"without its \.map"):
        read(zipped(files), kind="gis")


def test_objects_of_a_topology_are_tables(read_text: Any) -> None:
    objects = {
        name: {
            "type": "GeometryCollection",
            "geometries": [{"type": "Point", "coordinates": [129, 35], "properties": {name: 1}}],
        }
        for name in ("a", "b")
    }

    found = read_text(json.dumps({"type": "Topology", "arcs": [], "objects": objects}), "a.json")

    assert [each.name for each in found] == ["a", "b"]


@pytest.mark.parametrize(
    ("feature", "kind"),
    [
        ({"type": "Feature", "properties": {}, "geometry": None}, None),
        ({"type": "Polygon", "coordinates": [[[1, 2], [3, 4], [5, 6], [1, 2]]]}, "Polygon"),
        (
            {
                "type": "Feature",
                "properties": {"a": 1},
                "geometry": {
                    "type": "GeometryCollection",
                    "geometries": [{"type": "Point", "coordinates": [1, 2]}],
                },
            },
            "GeometryCollection",
        ),
    ],
)
def test_a_geometry_or_feature_alone_is_a_row(feature: Any, kind: str | None, read_text: Any) -> None:
    (parsed,) = read_text(json.dumps(feature), "a.geojson")

    (shape,) = shapely.from_wkb(parsed.table["geometry"].to_pylist())
    assert (shape and shape.geom_type) == kind


def test_an_object_with_a_geometry_is_a_row_too(shared_data: Path, read: Any) -> None:
    (parsed,) = read(shared_data / "datex2/00086_Heinola.json")

    (row,) = parsed.table.to_pylist()
    assert (row["name"], row["locationCode"], row["type"]) == ("Heinola", 86, "municipality")
    assert shapely.from_wkb(row["geometry"]).geom_type == "Polygon"


def test_numbers_that_are_none_are_null(read_text: Any) -> None:
    text = (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"a":1},"geometry":'
        '{"type":"Point","coordinates":[NaN,35]}}]}'
    )

    (parsed,) = read_text(text, "a.geojson")

    assert parsed.table["geometry"].to_pylist() == [None]


def test_points_with_a_height_are_in_the_crs_without_one(read_text: Any) -> None:
    point = {"type": "Feature", "properties": {}, "geometry": {"type": "Point", "coordinates": [1, 2, 3]}}

    (parsed,) = read_text(json.dumps(point), "a.geojson")

    assert parsed.crs == "EPSG:4326"


def test_an_answer_that_a_server_cut_is_refused(read_text: Any) -> None:
    answer = {"type": "FeatureCollection", "features": [], "exceededTransferLimit": True}

    with pytest.raises(Unreadable, match="exceededTransferLimit"):
        read_text(json.dumps(answer), "a.geojson")


def test_files_of_data_beside_the_geometries_are_told(tmp_path: Path, zipped: Zipped, read: Any) -> None:
    written(tmp_path / "made/place.shp", "ESRI Shapefile")
    files = {f"시/{each.name}": each.read_bytes() for each in (tmp_path / "made").iterdir()}

    (alone,) = read(zipped(files | {"시/place.shp.xml": b"<metadata/>", "readme.txt": b"x"}))
    (beside,) = read(zipped(files | {"codes.dbf": b"x", "names.csv": b"a,b\n1,2\n"}))

    assert alone.repairs == {}
    assert beside.repairs == {"files_not_read": 2}


def test_a_layer_of_one_of_several_kinds_of_file_is_chosen_by_name(
    tmp_path: Path, zipped: Zipped, read: Any
) -> None:
    members = {
        name: written(tmp_path / name, "GPKG", layer=name[:-5]).read_bytes() for name in ("a.gpkg", "b.gpkg")
    }

    assert [each.table.num_rows for each in read(zipped(members), layer="b")] == [ROWS]
    with pytest.raises(FeedMisconfigured, match="did you mean"):
        read(zipped(members), layer="bb")
