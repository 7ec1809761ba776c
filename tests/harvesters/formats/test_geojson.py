"""Features of a GeoJSON that are read without GDAL are those that GDAL reads."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from harvesters.reading.gis.geojson import Block, Features, Unusual
from harvesters.reading.gis.geojson_columns import WKB, Rows
from harvesters.reading.gis.geojson_quick import quick

number = st.floats(-180, 180, allow_nan=False) | st.integers(-180, 180)
words = st.text("한글 abc'\"\\{}[],:\n😀é", max_size=8)
NAMES = ("이름", "a", "n", "id", "A")
# GDAL writes a text for a number among texts as it is written, and for a date as it sees fit.
KINDS: tuple[st.SearchStrategy[Any], ...] = (
    words,
    # GDAL makes floats of whole numbers written in twenty letters; ours stay as they are.
    st.integers(1 - 10**18, 2**63 - 1),
    st.integers(-9, 9) | st.floats(-1e9, 1e9, allow_nan=False),
    st.booleans(),
    st.none(),
    st.lists(st.integers(), max_size=2) | st.dictionaries(words, words, max_size=1),
    words | st.integers(),
)


@st.composite
def geometries(draw: st.DrawFn) -> Any:
    position = st.tuples(number, number) if draw(st.booleans()) else st.tuples(number, number, number)
    line = st.lists(position, min_size=draw(st.sampled_from([2, 2, 2, 0])), max_size=4)
    ring = st.lists(position, min_size=3, max_size=5).map(
        lambda each: [*each, each[0]] if draw(st.integers(0, 9)) else each
    )
    area = st.lists(ring, min_size=1, max_size=2)
    kinds = {
        "Point": position,
        "LineString": line,
        "Polygon": area,
        "MultiPoint": st.lists(position, max_size=3),
        "MultiLineString": st.lists(line, min_size=1, max_size=2),
        "MultiPolygon": st.lists(area, min_size=1, max_size=2),
    }
    kind = draw(st.sampled_from(sorted(kinds)))
    return draw(st.none() | st.just({"type": kind, "coordinates": draw(kinds[kind])}))


@st.composite
def collections(draw: st.DrawFn) -> dict[str, Any]:
    kinds = {name: draw(st.sampled_from(KINDS)) for name in draw(st.sets(st.sampled_from(NAMES)))}
    same = draw(st.booleans())
    ids = draw(st.sampled_from([st.none(), st.none(), st.integers(0, 9), st.sampled_from(["l.1", "l.2"])]))
    features = []
    for _ in range(draw(st.integers(1, 12))):
        names = [name for name in kinds if same or draw(st.integers(0, 3))]
        feature = {"type": "Feature", "properties": {name: draw(st.none() | kinds[name]) for name in names}}
        feature["geometry"] = draw(geometries())
        name = draw(ids)
        features.append(feature if name is None else {"id": name, **feature})
    return {"type": "FeatureCollection", **draw(st.sampled_from(MORE)), "features": features}


MORE: tuple[dict[str, Any], ...] = (
    {},
    {"name": "구", "bbox": [1, 2, 3, 4]},
    {"crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::5186"}}},
    {"links": [{"features": [1]}]},
)
POINT = {"type": "Point", "coordinates": [129.0, 35.1]}


def ours(text: str, folder: Path, block: int) -> tuple[pa.Table, bytes]:
    path = folder / "data.json"
    path.write_text(text, encoding="utf-8")
    features = Features(path, block)
    rows = Rows(features, folder / "rows")
    return pa.concat_tables(list(rows.pieces(200))), features.outline


def theirs(text: str, folder: Path) -> pa.Table:
    path = folder / "data.json"
    path.write_text(text, encoding="utf-8")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pyogrio.read_arrow(path)[1]


def shapes(table: pa.Table) -> list[Any]:
    return [each and shapely.from_wkb(each).wkt for each in table[WKB].to_pylist()]


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(
    collection=collections(), block=st.sampled_from([400, 1000, 1 << 20]), layout=st.sampled_from([None, 1])
)
@example(
    {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": POINT}]},
    9,
    1,
)
def test_what_is_read_here_is_what_gdal_reads(collection: Any, block: int, layout: int | None) -> None:
    text = json.dumps(collection, ensure_ascii=block != 400, indent=layout)
    with TemporaryDirectory() as name:
        try:
            found, outline = ours(text, Path(name), block)
        except Unusual:
            return
        expected = theirs(text, Path(name))
    document, collection = json.loads(outline), json.loads(text)

    assert {**document, "features": []} == {**collection, "features": []}
    assert document["features"] == collection["features"][:1]
    assert shapes(found) == shapes(expected)
    assert set(found.column_names) == set(expected.column_names)
    for column in found.column_names:
        if column != WKB:
            assert found[column].to_pylist() == expected[column].to_pylist(), column


def plain(rows: int = 300) -> dict[str, Any]:
    features = [
        {"type": "Feature", "properties": {"이름": f"구 {at}", "n": at}, "geometry": POINT}
        for at in range(rows)
    ]
    return {"type": "FeatureCollection", "features": features, "name": "구"}


def test_a_plain_file_is_read_here_in_pieces_of_bounded_size(tmp_path: Path) -> None:
    path = tmp_path / "data.json"
    path.write_text(json.dumps(plain()), encoding="utf-8")

    pieces = list(Rows(Features(path, 2_000), tmp_path / "rows").pieces(3_000))

    assert sum(len(each) for each in pieces) == 300
    assert len(pieces) > 3
    assert max(each.nbytes for each in pieces) < 6_000
    assert pa.concat_tables(pieces)["n"].to_pylist() == list(range(300))


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"n": 250', '"n": NaN'),
        lambda text: text.replace('"n": 250', '"n": 92233720368547758080'),
        lambda text: text.replace('"n": 250', '"n": 9007199254740993').replace('"n": 3}', '"n": 3.5}'),
        lambda text: text.replace('"n": 250', '"n": "x"'),
        lambda text: text.replace('"n": 250', '"n": {"m": 1}'),
        lambda text: text.replace('"n": 250', '"n": "\\u0000"'),
        lambda text: text.replace('"n": 250', '"wkb_geometry": 1'),
        lambda text: text[:-40],
        lambda text: text + "}",
        lambda text: text[:-1] + ', "features": []}',
        lambda text: text[:-1] + ', "coordRefSys": "EPSG:5186"}',
        lambda text: text.replace('"FeatureCollection"', '"Topology"'),
        lambda text: '{"a": ' + text + "}",
        lambda text: text.replace('"properties"', '"attributes"', 1),
        lambda text: text.replace('{"type": "Point"', '{"crs": {}, "type": "Point"', 1),
        lambda text: text.replace("[129.0, 35.1]", '["129.0", "35.1"]', 1),
        lambda text: text.replace("[129.0, 35.1]", "[129.0, 35.1, 4.0]", 1),
        lambda text: text.replace("[129.0, 35.1]", "[]", 1),
    ],
)
def test_what_is_unusual_is_left_to_gdal(change: Any, tmp_path: Path) -> None:
    text = change(json.dumps(plain()).replace(r"\uad6c", "구"))
    assert text != json.dumps(plain())

    with pytest.raises(Unusual):
        ours(text, tmp_path, 2_000)


def rows_like(rows: int, geometry: Any, **others: Any) -> list[dict[str, Any]]:
    return [
        {
            "type": "Feature",
            **others,
            "properties": {"이름": f"구 {at}", "n": at, "x": None},
            "geometry": geometry,
        }
        for at in range(rows)
    ]


LINE = {"type": "LineString", "coordinates": [[129.0, 35.1], [129.1, 35.2]]}
AREA = {
    "type": "Polygon",
    "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]], [[0.2, 0.1], [0.3, 0.1], [0.3, 0.2], [0.2, 0.1]]],
}


@pytest.mark.parametrize(
    "geometry", [POINT, LINE, AREA, {"type": "MultiPolygon", "coordinates": [AREA["coordinates"]]}]
)
@pytest.mark.parametrize("others", [{}, {"id": "l.1"}, {"id": 7}])
@pytest.mark.parametrize("indent", [None, 1])
def test_features_like_those_before_them_are_read_many_at_once(
    geometry: Any, others: Any, indent: int | None, tmp_path: Path
) -> None:
    features = rows_like(200, geometry, **others)
    features[120]["geometry"] = None
    features[150]["properties"]["이름"] = '쌍따옴표 "\\ 😀 }, {'
    text = json.dumps({"type": "FeatureCollection", "features": features}, indent=indent)
    path = tmp_path / "data.json"
    path.write_text(text, encoding="utf-8")
    kinds = [type(each) for each in followed(path)]
    assert kinds.count(Block) > len(kinds) / 2

    found, _ = ours(text, tmp_path, 4_000)

    expected = theirs(text, tmp_path)
    assert shapes(found) == shapes(expected)
    for column in expected.column_names:
        if column != WKB:
            assert found[column].to_pylist() == expected[column].to_pylist(), column


def followed(path: Path) -> list[Any]:
    """What is read of a file, as one reads it who knows its columns from the first block."""
    features, found = Features(path, 4_000), []
    for block in features:
        found.append(block)
        if isinstance(block, list):
            types = {"이름": pa.string(), "n": pa.int64(), "x": pa.null()}
            ids = {type(each.get("id")) for each in block}
            features.quick = quick(types, ids, [each["geometry"] for each in block])
    return found


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"n": 120', '"n": 1.5'),
        ('"n": 120', '"n": NaN'),
        ('"n": 120', '"n": -Infinity'),
        ('"n": 120', '"n": 9007199254740993.0'),
        ('"n": 120', '"n": "a"'),
        ('"n": 120', '"n": 120, "n": 121'),
        ('"n": 120', '"n": 120, "new": 1'),
        ('"n": 120', '"n": {"a": 1}'),
        ('"x": null', '"x": 3'),
        ('"type": "Feature"', '"type": "Other"'),
        ('"Point"', '"LineString"'),
        ("[129.0, 35.1]", "[129.0, null]"),
        ("[129.0, 35.1]", "[129.0, 35.1, 1]"),
        ("[129.0, 35.1]", "[]"),
        ('"properties": {', '"bbox": [1, 2, 3, 4], "properties": {'),
        ("}, {", "} {"),
        ("}, {", "}, , {"),
        ('"구 120"', '"\\u0000"'),
        ('"구 120"', '"\\ud800"'),
    ],
)
def test_one_that_is_unlike_the_others_is_looked_at_by_itself(old: str, new: str) -> None:
    text = json.dumps(rows_like(200, POINT), ensure_ascii=False)[1:-1]
    like = quick({"이름": pa.string(), "n": pa.int64(), "x": pa.null()}, set(), [POINT])
    assert like is not None
    assert like(text.encode()) is not None

    at = text.index(old, len(text) // 2)
    assert like((text[:at] + text[at:].replace(old, new, 1)).encode()) is None
