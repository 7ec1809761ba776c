"""Geometries: from zipped shapefiles, GeoJSON, TopoJSON, GeoPackage and KML."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyogrio
import pytest
import shapely

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import Parsed
from harvesters.normalise import normalise
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

Zipped = Callable[..., Path]


def shapefile(folder: Path, names: list[str], encoding: str, cpg: str | None) -> dict[str, bytes]:
    """The files of a shapefile of points with these names in this encoding."""
    points = shapely.to_wkb(shapely.points([(129.0 + at, 35.0) for at in range(len(names))]))
    table = pa.table({"이름": names, "geometry": pa.array(points)})
    folder.mkdir()
    pyogrio.write_arrow(
        table,
        folder / "place.shp",
        geometry_name="geometry",
        geometry_type="Point",
        crs="EPSG:4326",
        encoding=encoding,
    )
    files = {path.suffix: path.read_bytes() for path in folder.iterdir() if path.suffix != ".cpg"}
    return files | ({".cpg": cpg.encode()} if cpg else {})


def geojson(properties: list[dict[str, Any]], **extra: Any) -> bytes:
    features = [
        {"type": "Feature", "properties": each, "geometry": {"type": "Point", "coordinates": [129.0, 35.1]}}
        for each in properties
    ]
    return json.dumps(
        {"type": "FeatureCollection", "features": features, **extra}, ensure_ascii=False
    ).encode()


def shapes(parsed: Parsed) -> list[Any]:
    return list(shapely.from_wkb(parsed.table["geometry"].to_pylist()))


@pytest.mark.parametrize(
    ("name", "rows", "crs"),
    [
        ("boundary/hangjeongdong_부산광역시.geojson", 205, "EPSG:4326"),
        ("boundary/hangjeongdong_경상남도.geojson", 305, "EPSG:4326"),
        ("boundary/seoul_municipalities_juso2015_cp949.zip", 25, "EPSG:4326"),
        ("boundary/skorea-municipalities-2018-topo-simple.json", 250, None),
        ("boundary/skorea_municipalities_simple.kml", 251, "EPSG:4326"),
        ("boundary/skorea_submunicipalities_geo_simple.json", 3482, "EPSG:4326"),
        ("gis/dutch_addresses_28992.gpkg", 2481, "EPSG:28992"),
        ("gis/nybb_16a.zip", 5, "EPSG:2263"),
        ("gis/londonTubeLines.json", 394, None),
    ],
)
def test_known_files_have_their_features(
    shared_data: Path, read: Any, name: str, rows: int, crs: str | None
) -> None:
    (parsed,) = read(shared_data / name)

    assert (parsed.table.num_rows, parsed.rejects.num_rows, parsed.crs) == (rows, 0, crs)
    assert parsed.lines.to_pylist() == list(range(1, rows + 1))
    assert not any(shape is None for shape in shapes(parsed))


def test_korean_names_are_read_where_nothing_tells_the_encoding(shared_data: Path, read: Any) -> None:
    (bessel,) = read(shared_data / "boundary/seoul_municipalities_kostat2013_bessel.zip")
    (juso,) = read(shared_data / "boundary/seoul_municipalities_juso2015_cp949.zip")

    assert bessel.table.num_rows == juso.table.num_rows == 25
    assert bessel.encoding == juso.encoding == "cp949"
    assert "강동구" in bessel.table["name"].to_pylist()
    assert set(bessel.table["name"].to_pylist()) == set(juso.table["SIG_KOR_NM"].to_pylist())
    assert bessel.crs is not None
    assert "Bessel" in bessel.crs


@pytest.mark.parametrize(
    ("encoding", "cpg", "found"),
    [
        ("cp949", None, "cp949"),
        ("cp949", "UTF-8", "cp949"),
        ("cp949", "ISO-8859-1", "cp949"),
        ("utf-8", None, "utf-8"),
        ("utf-8", "EUC-KR", "utf-8"),
        ("utf-8", "949", "utf-8"),
    ],
)
def test_a_cpg_that_lies_is_found_out(
    tmp_path: Path, zipped: Zipped, read: Any, encoding: str, cpg: str | None, found: str
) -> None:
    files = shapefile(tmp_path / "made", ["강동구", "똠방", "해운대구"], encoding, cpg)
    path = zipped({f"경계/행정 구역{suffix}": content for suffix, content in files.items()})

    (parsed,) = read(path)

    assert parsed.table["이름"].to_pylist() == ["강동구", "똠방", "해운대구"]
    assert parsed.encoding == found


def test_a_single_byte_cpg_is_believed_where_nothing_korean_fits(
    tmp_path: Path, zipped: Zipped, read: Any
) -> None:
    files = shapefile(tmp_path / "made", ["name"], "utf-8", "ISO-8859-1")
    files[".dbf"] = files[".dbf"].replace("이름".encode(), b"places").replace(b"name", b"S\xe3o!")

    (parsed,) = read(zipped({f"a{suffix}": content for suffix, content in files.items()}))

    assert "São!" in parsed.table.to_pylist()[0].values()


def test_names_that_a_shapefile_cuts_within_a_letter_keep_the_number_behind(
    tmp_path: Path, zipped: Zipped, read: Any
) -> None:
    names = [f"상권업종{kind}분류{what}" for kind in "대중" for what in ("코드", "명")]
    point = shapely.to_wkb(shapely.points([(129.0, 35.0)]))
    table = pa.table({**{name: ["한식"] for name in names}, "geometry": pa.array(point)})
    options: dict[str, Any] = {"geometry_name": "geometry", "geometry_type": "Point", "crs": "EPSG:4326"}
    (tmp_path / "made").mkdir()
    with pytest.warns(RuntimeWarning):
        pyogrio.write_arrow(table, tmp_path / "made/place.shp", encoding="utf-8", **options)
    files = {f"a{each.suffix}": each.read_bytes() for each in (tmp_path / "made").iterdir()}

    (parsed,) = read(zipped(files))

    assert parsed.encoding == "utf-8"
    assert parsed.table.column_names == ["상권업", "상권_1", "상권_2", "상권_3", "geometry"]
    assert parsed.table["상권_3"].to_pylist() == ["한식"]


def test_a_shapefile_without_its_attributes_says_so(tmp_path: Path, zipped: Zipped, read: Any) -> None:
    files = shapefile(tmp_path / "made", ["a"], "utf-8", None)
    del files[".dbf"]

    with pytest.raises(Unreadable, match=r"without its \.dbf"):
        read(zipped({f"a{suffix}": content for suffix, content in files.items()}))


def test_an_index_that_is_missing_is_made_again_and_told(tmp_path: Path, zipped: Zipped, read: Any) -> None:
    files = shapefile(tmp_path / "made", ["강동구", "해운대구", "중구"], "cp949", None)
    del files[".shx"]
    members = {f"a{suffix}": content for suffix, content in files.items()}

    (parsed,) = read(zipped(members))

    assert parsed.table["이름"].to_pylist() == ["강동구", "해운대구", "중구"]
    assert [shape.x for shape in shapes(parsed)] == [129.0, 130.0, 131.0]
    assert parsed.repairs == {"index_restored": 1}
    with pytest.raises(Unreadable, match="ends within shape 3"):
        read(zipped(members | {"a.shp": files[".shp"][:-10]}))


def test_a_shapefile_without_a_prj_has_no_crs(tmp_path: Path, zipped: Zipped, read: Any) -> None:
    files = shapefile(tmp_path / "made", ["a"], "utf-8", None)
    del files[".prj"]

    (parsed,) = read(zipped({f"a{suffix}": content for suffix, content in files.items()}))

    assert parsed.crs is None


def test_several_shapefiles_of_a_zip_are_several_tables(tmp_path: Path, zipped: Zipped, read: Any) -> None:
    files = shapefile(tmp_path / "made", ["a"], "utf-8", None)
    members = {
        f"{name}/{name}{suffix}": content for name in ("공원", "학교") for suffix, content in files.items()
    }
    path = zipped(members)

    assert sorted(each.name for each in read(path)) == ["공원", "학교"]
    twice = {f"{name}/{name}{suffix}": body for name in ("PARK", "park") for suffix, body in files.items()}
    assert sorted(each.name for each in read(zipped(twice, "twice.zip"))) == ["PARK", "park_2"]
    assert [each.name for each in read(path, layer="학교")] == [""]
    with pytest.raises(FeedMisconfigured, match="did you mean '학교'"):
        read(path, layer="학교들")


def test_a_korean_member_name_in_cp949_is_understood(tmp_path: Path, zipped: Zipped, read: Any) -> None:
    files = shapefile(tmp_path / "made", ["a"], "utf-8", None)
    members = {("행정구역" + suffix).encode("cp949").decode("cp437"): body for suffix, body in files.items()}
    path = zipped(members)
    content = path.read_bytes()
    # zipfile marks such names as UTF-8; old archivers write the bytes and no mark.
    for suffix in files:
        wrong = ("행정구역" + suffix).encode("cp949").decode("cp437").encode()
        assert wrong in content

    (parsed,) = read(path, layer=None)

    assert parsed.table.num_rows == 1


def test_geojson_in_cp949_and_with_an_old_crs_is_read(read_text: Any) -> None:
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::5186"}}
    content = geojson([{"이름": "강동구"}], crs=crs).decode().encode("cp949")

    (parsed,) = read_text(content, "a.geojson")

    assert parsed.table["이름"].to_pylist() == ["강동구"]
    assert (parsed.crs, parsed.encoding) == ("EPSG:5186", "cp949")


def test_an_attribute_named_geometry_gives_way_to_the_geometry(read_text: Any) -> None:
    (parsed,) = read_text(geojson([{"geometry": "x", "tags": ["a", "b"]}]), "a.geojson")

    assert parsed.table.column_names == ["geometry_2", "tags", "geometry"]
    assert json.loads(parsed.table["tags"][0].as_py()) == ["a", "b"]


def test_empty_geometries_are_null_and_their_rows_kept(read_text: Any) -> None:
    feature = {"type": "Feature", "properties": {"n": 1}, "geometry": None}
    empty = {
        "type": "Feature",
        "properties": {"n": 2},
        "geometry": {"type": "MultiPolygon", "coordinates": []},
    }
    content = json.dumps({"type": "FeatureCollection", "features": [feature, empty]})

    (parsed,) = read_text(content, "a.geojson")

    assert parsed.table["n"].to_pylist() == [1, 2]
    assert parsed.table["geometry"].null_count == 2


def test_curves_become_straight_and_heights_are_left_to_the_rule(shared_data: Path, read: Any) -> None:
    (curve,) = read(shared_data / "gis/curvepolygon.gpkg")
    (heights,) = read(shared_data / "gis/line_zm.gpkg")
    feed = Feed("lines", Text(en="Lines"), "p", "l", SourceSpec("file"))

    (shape,) = shapes(curve)
    assert shape.geom_type == "Polygon"
    assert curve.repairs == {"curve_straightened": 1}
    found = normalise(heights, feed, extent=(-180, -90, 180, 90), zone=ZoneInfo("Asia/Seoul"))
    assert found.repairs["height_dropped"] == 1
    assert not shapely.from_wkb(found.rows["geometry"][0].as_py()).has_z


def test_layers_of_a_geopackage_are_tables(tmp_path: Path, read: Any) -> None:
    path = tmp_path / "city.gpkg"
    point = shapely.to_wkb(shapely.points([(1.0, 2.0)]))
    for layer in ("parks", "schools"):
        table = pa.table({"n": [1], "geom": pa.array(point)})
        options: dict[str, Any] = {"geometry_name": "geom", "geometry_type": "Point", "crs": "EPSG:5187"}
        pyogrio.write_arrow(table, path, layer=layer, append=path.exists(), **options)

    assert [(each.name, each.crs) for each in read(path)] == [
        ("parks", "EPSG:5187"),
        ("schools", "EPSG:5187"),
    ]
    assert [each.name for each in read(path, layer="parks")] == [""]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>", "a.kml"),
        (b"<kml><!-- <OGRVRTDataSource> --><Document/></kml>", "a.kml"),
        (b'{"type": "gdal_streamed_alg", "command_line": "gdal vector read /etc/passwd"}', "a.geojson"),
        (b'<!DOCTYPE kml [<!ENTITY a SYSTEM "file:///etc/passwd">]><kml><name>&a;</name></kml>', "a.kml"),
    ],
)
def test_files_that_point_elsewhere_are_refused(read_text: Any, content: bytes, name: str) -> None:
    with pytest.raises(Unreadable):
        read_text(content, name, kind="gis")


def test_no_entity_reaches_gdal_through_a_network_link(read_text: Any) -> None:
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/other.kml</href></Link></NetworkLink>"
    point = "<Placemark><name>a</name><Point><coordinates>129,35</coordinates></Point></Placemark>"

    (parsed,) = read_text(
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{point}{link}</Document></kml>', "a.kml"
    )

    assert parsed.table["Name"].to_pylist() == ["a"]


@pytest.mark.parametrize(
    "content",
    [b'{"type": "FeatureCollection", "features": [', b"SQLite format 3\0 and no more", b"\0\0\x27\x0a"],
)
def test_broken_files_are_unreadable(read_text: Any, content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_text(content, "a.geojson")


def test_a_database_without_tables_is_unreadable(tmp_path: Path, read: Any) -> None:
    path = tmp_path / "a.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 1")
    database.close()

    with pytest.raises(Unreadable):
        read(path)


def test_a_shapefile_cut_short_is_unreadable_or_whole(tmp_path: Path, zipped: Zipped, read: Any) -> None:
    files = shapefile(tmp_path / "made", [f"구{at}" for at in range(50)], "cp949", None)
    for suffix in (".shp", ".dbf", ".shx"):
        cut = files | {suffix: files[suffix][: len(files[suffix]) // 2]}
        try:
            (parsed,) = read(zipped({f"a{name}": body for name, body in cut.items()}))
        except Unreadable:
            continue
        assert parsed.table.num_rows + parsed.rejects.num_rows == 50, suffix


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("boundary/skorea_municipalities_simple.kml", 251),
        ("boundary/hangjeongdong_부산광역시.geojson", 205),
        ("boundary/skorea-municipalities-2018-topo-simple.json", 250),
        ("gis/dutch_addresses_28992.gpkg", 2481),
    ],
)
@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_file_cut_short_is_never_read_in_part(
    shared_data: Path, read_text: Any, name: str, rows: int, share: float
) -> None:
    content = (shared_data / name).read_bytes()
    cut = content[: int(len(content) * share)]

    try:
        parsed = read_text(cut, Path(name).name)
    except Unreadable:
        return
    assert sum(each.table.num_rows for each in parsed) == rows


def test_a_ring_of_two_points_is_set_aside_with_its_attributes(read_text: Any) -> None:
    ring = {"type": "Polygon", "coordinates": [[[129, 35], [129.1, 35]]]}
    features = [
        {"type": "Feature", "properties": {"n": at}, "geometry": shape}
        for at, shape in enumerate([ring, {"type": "Point", "coordinates": [129, 35]}])
    ]

    (parsed,) = read_text(json.dumps({"type": "FeatureCollection", "features": features}), "a.geojson")

    assert parsed.table["n"].to_pylist() == [1]
    assert parsed.lines.to_pylist() == [2]
    (reject,) = parsed.rejects.to_pylist()
    assert (reject["line"], reject["reason"], json.loads(reject["value"])) == (1, "geometry", {"n": 0})
