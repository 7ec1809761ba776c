"""What can be asked of features, by box, time, property and filter; what cannot is refused with a word."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
import shapely

ITEMS = "/ogc/collections/facilities/items"
EDGES = "/ogc/collections/edges/items"
READINGS = "/ogc/collections/readings/items"


def ids(house, path) -> set[str]:
    return {each["id"] for each in house.json(path)["features"]}


def fault(house, path) -> dict[str, str]:
    answer = house.get(path)
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json"), answer.text
    (found,) = answer.get_json(force=True)["errors"]
    return found


@pytest.mark.parametrize(
    ("box", "found"),
    [
        ("177,65,-177,70", {"east of the date line", "west of it"}),
        ("177,65,0,70,-177,70", None),
        ("-180,85,180,90", {"north pole"}),
        ("-180,-90,180,-85", {"south"}),
        ("-1.5,50,1.5,53", {"greenwich"}),
        ("-80,-5,-70,5", {"equator"}),
        ("-300,64,300,68", {"east of the date line", "west of it"}),
        ("180.2,65,181,70", {"east of the date line"}),
        ("129.1,35.1,0,129.1,35.1,500", {"tower"}),
    ],
)
def test_a_box_holds_what_lies_in_it(house, box, found):
    if found is None:
        assert "order" in fault(house, f"{EDGES}?bbox={box}")["hint"]
    else:
        assert ids(house, f"{EDGES}?bbox={box}") == found


def test_a_feature_of_no_place_is_in_no_box(house):
    assert "nowhere" in ids(house, EDGES)
    assert "nowhere" not in ids(house, f"{EDGES}?bbox=-180,-90,180,90")
    assert house.json(f"{READINGS}?bbox=-180,-90,180,90")["numberMatched"] == 0


def test_a_line_that_only_passes_a_box_by_is_not_in_it(house):
    """Its own box meets the asked one; the line itself does not."""
    assert "slanted" in ids(house, f"{EDGES}?bbox=129.19,35.19,129.21,35.21")
    assert "slanted" not in ids(house, f"{EDGES}?bbox=129.28,35.2,129.3,35.21")
    assert house.json(f"{EDGES}?bbox=129.28,35.2,129.3,35.21")["numberMatched"] == 0


@pytest.mark.parametrize(
    "box",
    ["1,2,3", "1,2,3,4,5", "a,b,c,d", "nan,0,1,1", "1,2,3,inf", "129,36,130,35", "1,2,,4", "129 35 130 36"],
)
def test_what_is_no_box_is_refused(house, box):
    assert fault(house, f"{ITEMS}?bbox={quote(box)}")["where"] == "bbox"


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("2026-03-01T00:00:00Z", 3),
        ("2026-03-01T00:30:00Z", 0),
        ("2026-03-01T09:00:00%2B09:00", 3),
        ("2026-03-01", 45),
        ("2026-03-02/..", 15),
        ("../2026-03-01T01:00:00Z", 6),
        ("/2026-03-01T01:00:00Z", 6),
        ("2026-03-01T00:00:00Z/PT2H", 9),
        ("2026-03-01/P1D", 48),
        ("PT1H/2026-03-01T05:00:00Z", 6),
        ("../..", 60),
        ("2018-02-12/P2D", 0),
    ],
)
def test_a_time_holds_what_happened_in_it(house, asked, count):
    """Three stations have a reading each hour from the first of March, 9 in the morning in Seoul."""
    assert house.json(f"{READINGS}?datetime={asked}")["numberMatched"] == count


def test_a_feature_of_no_time_is_in_every_one(house):
    assert "nowhere" in ids(house, f"{EDGES}?datetime=1999-01-01")


@pytest.mark.parametrize(
    "asked", ["yesterday", "2026-13-01", "2026-03-02/2026-03-01", "a/b/c", "P1D/P1D", "2026-03-01/P"]
)
def test_what_is_no_time_is_refused(house, asked):
    assert fault(house, f"{READINGS}?datetime={asked}")["where"] == "datetime"


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("관리번호=F000007", 1),
        ("종류=병원&구군=수영구", 75),
        ("수용인원=7", 6),
        ("면적=0.25", 1),
        ("개방여부=true", 1500),
        ("개설일=2020-01-02", 2),
        ("점검시각=2026-03-01T00:00:00Z", 1),
        ("점검시각=2026-03-01T09:00:00%2B09:00", 1),
        ("비고=", 0),
    ],
)
def test_every_property_can_be_asked_by_its_name(house, asked, count):
    assert house.json(f"{ITEMS}?{asked}")["numberMatched"] == count


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("수용인원=many", "수용인원"),
        ("수용인원=", "수용인원"),
        ("개방여부=yes", "개방여부"),
        ("개설일=1.1.2020", "개설일"),
        ("geometry=1", "geometry"),
        ("limit=", "limit"),
        ("offset=-1", "offset"),
        ("crs=EPSG:4979", "crs"),
        ("bbox-crs=EPSG:5187", "bbox-crs"),
        ("filter-lang=cql2-text", "filter-lang"),
        ("properties=nothing", "properties"),
        ("properties=면적,면적", "properties"),
        ("f=gml", "f"),
        ("lang=fr", "lang"),
        ("cursor=nonsense", "cursor"),
        ("as_of=then", "as_of"),
        ("limit=1&limit=1", "limit"),
    ],
)
def test_what_cannot_be_taken_is_named(house, asked, where):
    assert fault(house, f"{ITEMS}?{asked}")["where"] == where


def test_a_misspelt_parameter_is_told_the_nearest(house):
    assert fault(house, f"{ITEMS}?bobx=1,2,3,4")["hint"] == "did you mean 'bbox'?"
    assert fault(house, f"{ITEMS}?crs=http://www.opengis.net/def/crs/EPSG/0/5189")["hint"].startswith(
        "did you mean"
    )


def test_all_faults_are_told_at_once(house):
    answer = house.get(f"{ITEMS}?limit=0&bbox=1&datetime=x&crs=y&nothing=z")
    assert {each["where"] for each in answer.get_json(force=True)["errors"]} == {
        "limit",
        "bbox",
        "datetime",
        "crs",
        "nothing",
    }


def test_a_column_named_like_a_parameter_is_left_to_filter(house):
    assert house.json(f"{EDGES}?limit=2")["numberReturned"] == 2
    named = quote('"limit" = 2')
    assert ids(house, f"{EDGES}?filter={named}") == {"north pole"}


def test_only_chosen_properties_are_shown(house):
    (feature,) = house.json(f"{ITEMS}?properties=면적,종류&limit=1")["features"]
    assert list(feature["properties"]) == ["면적", "종류"]
    assert feature["geometry"]["type"] == "Point"


def test_a_second_geometry_is_a_property(house):
    tower = house.json(f"{EDGES}/tower")
    assert tower["geometry"]["coordinates"] == [129.1, 35.1, 120.5]
    assert tower["properties"]["entrance"] == {"type": "Point", "coordinates": [129.0, 35.0]}
    assert house.json(f"{EDGES}/south")["properties"]["entrance"] is None


@pytest.mark.parametrize(
    ("filter", "count"),
    [
        ("종류 = '병원' AND 수용인원 < 100", 120),
        ("종류 IN ('병원', '학교') OR 관리번호 = 'F000000'", 1201),
        ("시설명 LIKE '해운대%'", 375),
        ("비고 IS NULL", 2000),
        ("NOT (면적 BETWEEN 10 AND 749)", 43),
        ("T_AFTER(점검시각, TIMESTAMP('2026-03-02T00:00:00Z'))", 1559),
        ("S_INTERSECTS(geometry, BBOX(129.0, 35.1, 129.1, 35.2))", None),
    ],
)
def test_filters_in_cql2_are_answered(house, filter, count):
    if count is None:
        count = house.json(f"{ITEMS}?bbox=129.0,35.1,129.1,35.2")["numberMatched"]
    assert house.json(f"{ITEMS}?filter={quote(filter)}")["numberMatched"] == count


def test_a_filter_in_json_asks_the_same(house):
    kind = {"op": "=", "args": [{"property": "종류"}, "병원"]}
    few = {"op": "<", "args": [{"property": "수용인원"}, 100]}
    told = json.dumps({"op": "and", "args": [kind, few]})
    assert house.json(f"{ITEMS}?filter-lang=cql2-json&filter={quote(told)}")["numberMatched"] == 120


def test_a_shape_of_a_filter_may_be_in_another_crs(house):
    from pyproj import Transformer

    move = Transformer.from_crs("OGC:CRS84", "EPSG:5187").transform
    circle = shapely.Point(129.08, 35.16).buffer(0.02)
    plane = shapely.Polygon([move(lon, lat) for lon, lat in circle.exterior.coords])
    here = ids(house, f"{ITEMS}?limit=10000&filter={quote(f'S_INTERSECTS(geometry, {circle.wkt})')}")
    uri = "http://www.opengis.net/def/crs/EPSG/0/5187"
    there = ids(
        house, f"{ITEMS}?limit=10000&filter-crs={uri}&filter={quote(f'S_INTERSECTS(geometry, {plane.wkt})')}"
    )
    assert here
    assert len(here ^ there) <= 2  # Sides that are straight in one system are curves in the other.


@pytest.mark.parametrize("code", ["EPSG:4326", "EPSG:3857", "EPSG:5179", "EPSG:5187"])
def test_a_box_of_a_filter_is_in_the_order_of_the_axes(house, code):
    from pyproj import Transformer

    move = Transformer.from_crs("OGC:CRS84", code).transform
    sides = ",".join(map(str, (*move(129.03, 35.12), *move(129.12, 35.2))))
    asked = f"filter-crs={code}&filter={quote(f'S_INTERSECTS(geometry, BBOX({sides}))')}"
    found = ids(house, f"{ITEMS}?limit=10000&{asked}")
    assert len(found) > 500
    assert found == ids(house, f"{ITEMS}?limit=10000&bbox-crs={code}&bbox={sides}")
    asked = (
        f"filter-crs={code}&filter={quote(f'NOT S_INTERSECTS(geometry, BBOX({sides}))')}&bbox=129,35,130,36"
    )
    assert not found & ids(house, f"{ITEMS}?limit=10000&{asked}")


def test_a_box_of_a_filter_goes_over_the_antimeridian_in_either_order(house):
    east = {"east of the date line", "west of it"}
    assert ids(house, f"{EDGES}?filter=S_INTERSECTS(geometry,BBOX(177,65,-177,70))") == east
    asked = "filter-crs=EPSG:4326&filter=S_INTERSECTS(geometry,BBOX(65,177,70,-177))"
    assert ids(house, f"{EDGES}?{asked}") == east


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        ("filter=THIS IS NOT A FILTER", None),
        ("filter=this_is_not_a_queryable IS NULL", None),
        ("filter=_id = 'F000007'", None),
        ("filter=S_INTERSECTS(geometry,BBOX(1000000,1000000,2000000,2000000))", None),
        ("filter-crs=http://www.opengis.net/def/crs/OGC/0/none&filter=종류='병원'", None),
        ("filter-lang=cql2-xml&filter=종류='병원'", None),
        ("filter-lang=cql2-text&filter=S_INTERSECTS(geometry,BBOX(128,34,130,36))", 3000),
        ("filter=S_INTERSECTS(geometry,BBOX(128,34,130,36))&bbox=128,34,130,36", 3000),
        ("filter=S_INTERSECTS(geometry,BBOX(128,34,130,36))&bbox=10,34,20,36", 0),
        ("filter=종류='병원'&구군=수영구", 75),
        ("filter=수용인원 / 2 = 면적 * 2", 500),
        ("filter=ACCENTI(CASEI(비고)) LIKE ACCENTI(CASEI('%엘리베%'))", 1000),
        ("filter=T_DURING(점검시각, INTERVAL('2026-03-01T00:00:00Z','..')) AND NOT 개방여부", 1500),
    ],
)
def test_a_filter_is_answered_or_refused_as_part_three_says(house, asked, count):
    name, _, value = asked.rpartition("filter=")
    value, more, rest = value.partition("&")
    path = f"{ITEMS}?{name}filter={quote(value)}{more}{rest}"
    if count is None:
        assert fault(house, path)["where"].startswith("filter")
    else:
        assert house.json(path)["numberMatched"] == count


def test_the_classes_of_cql2_are_claimed_that_are_answered(house):
    start = "http://www.opengis.net/spec/cql2/1.0/conf/"
    classes = {each[len(start) :] for each in house.json("/ogc/conformance")["conformsTo"] if start in each}
    assert classes == {
        *("cql2-text", "cql2-json", "basic-cql2", "advanced-comparison-operators", "arithmetic"),
        *("case-insensitive-comparison", "accent-insensitive-comparison", "property-property"),
        *("basic-spatial-functions", "basic-spatial-functions-plus", "spatial-functions"),
        "temporal-functions",
    }
    for asked in ("A_CONTAINS(종류, ('병원'))", "avg(면적) > 3"):
        assert fault(house, f"{ITEMS}?filter={quote(asked)}")["where"] == "filter"


def test_whatever_is_queryable_can_be_asked_by_a_parameter_and_a_filter(house):
    queryables = house.json("/ogc/collections/facilities/queryables")
    assert queryables["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert queryables["additionalProperties"] is False
    feature = house.json(f"{ITEMS}/F000006")
    for name, told in queryables["properties"].items():
        if "type" not in told:
            assert told["format"] == "geometry-any"
            continue
        value = feature["properties"][name]
        plain = str(value).lower() if isinstance(value, bool) else str(value)
        by_parameter = ids(house, f"{ITEMS}?limit=10000&{quote(name)}={quote(plain)}")
        kind = {"date": "DATE", "date-time": "TIMESTAMP"}.get(told.get("format"), "")
        literal = f"{kind}('{value}')" if told["type"] == "string" else plain
        by_filter = ids(house, f"{ITEMS}?limit=10000&filter={quote(f'{name} = {literal}')}")
        assert "F000006" in by_parameter, name
        assert by_parameter == by_filter


@pytest.mark.parametrize(
    "filter",
    [
        "종류 = ",
        "nothing = 1",
        "종류 > S_INTERSECTS",
        "S_INTERSECTS(geometry, POINT(1000000 500000))",
        "수용인원 = 'x'",
    ],
)
def test_a_filter_that_cannot_be_read_is_refused(house, filter):
    assert fault(house, f"{ITEMS}?filter={quote(filter)}")["where"] == "filter"
