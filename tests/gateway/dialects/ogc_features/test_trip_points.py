"""What the official suite of OGC API Features trips servers over, each thing for itself."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest

ITEMS = "/ogc/collections/facilities/items"
EVERY = ("facilities", "edges", "readings")
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
# Java's own reader of URLs, which the suite's parser of OpenAPI uses, says that it prefers HTML.
JAVA = "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"


def links(body: Any, rel: str) -> list[dict[str, str]]:
    return [each for each in body["links"] if each["rel"] == rel]


def definition(house: Any) -> Any:
    return house.json("/ogc/api")


def parameter(document: Any, path: str, name: str) -> Any:
    for each in document["paths"][path]["get"]["parameters"]:
        told = (
            document["components"]["parameters"][each["$ref"].rpartition("/")[2]] if "$ref" in each else each
        )
        if told["name"] == name:
            return told
    return None


def local(document: Any, found: Any) -> None:
    """Every reference leads to something in the document itself."""
    if isinstance(found, dict):
        reference = found.get("$ref")
        if isinstance(reference, str):
            assert reference.startswith("#/")
            place = document
            for step in reference[2:].split("/"):
                place = place[step]
        for each in found.values():
            local(document, each)
    elif isinstance(found, list):
        for each in found:
            local(document, each)


def test_the_landing_page_answers_at_its_address_with_and_without_the_last_slash(house):
    for path in ("/ogc", "/ogc/"):
        answer = house.get(path)
        assert (answer.status_code, answer.content_type) == (200, "application/json")


def test_the_landing_page_leads_to_the_definition_the_classes_and_the_data(house):
    body = house.json("/ogc/")
    (described,) = links(body, "service-desc")
    assert described["type"] == "application/vnd.oai.openapi+json;version=3.0"
    for rel in ("service-doc", "conformance", "data", "self", "alternate"):
        assert links(body, rel), rel
    assert all(each["type"] and each["rel"] and each["href"] for each in body["links"])


def test_the_definition_is_openapi_3_0_even_for_a_parser_that_asks_for_html(house):
    answer = house.get("/ogc/api", Accept=JAVA)
    assert answer.content_type == "application/vnd.oai.openapi+json;version=3.0"
    assert re.fullmatch(r"3\.0\.\d", json.loads(answer.data)["openapi"])


def test_every_reference_of_the_definition_is_its_own(house):
    document = definition(house)
    local(document, document)


def test_the_first_server_is_the_landing_page_without_its_last_slash(house):
    assert definition(house)["servers"][0]["url"] == "http://localhost/ogc"


@pytest.mark.parametrize("collection", EVERY)
def test_the_definition_says_the_style_of_limit_box_and_time(house, collection):
    document, path = definition(house), f"/collections/{collection}/items"
    for name in ("limit", "bbox", "datetime"):
        told = parameter(document, path, name)
        assert (told["in"], told["required"], told["style"], told["explode"]) == (
            "query",
            False,
            "form",
            False,
        )
    limit = parameter(document, path, "limit")["schema"]
    assert (limit["type"], limit["minimum"], limit["default"], limit["maximum"]) == (
        "integer",
        1,
        100,
        10_000,
    )
    box = parameter(document, path, "bbox")["schema"]
    assert (box["type"], box["items"], box["minItems"], box["maxItems"]) == (
        "array",
        {"type": "number"},
        4,
        6,
    )
    assert parameter(document, path, "datetime")["schema"]["type"] == "string"


@pytest.mark.parametrize("collection", EVERY)
def test_no_parameter_is_free_form_so_that_the_suite_asks_for_an_unknown_one(house, collection):
    document = definition(house)
    for each in document["paths"][f"/collections/{collection}/items"]["get"]["parameters"]:
        told = (
            parameter(document, f"/collections/{collection}/items", each["name"]) if "name" in each else each
        )
        assert "additionalProperties" not in json.dumps(told)


def test_every_path_says_what_media_types_it_gives(house):
    document = definition(house)
    for path, operations in document["paths"].items():
        assert operations["get"]["responses"]["200"]["content"], path


@pytest.mark.parametrize("asked", ["limit=unlimited", "limit=0", "limit=10001", "limit=-1", "limit=1.5"])
def test_a_limit_that_is_no_number_from_1_to_10000_is_refused(house, asked):
    answer = house.get(f"{ITEMS}?{asked}")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")


@pytest.mark.parametrize("collection", EVERY)
def test_an_unknown_parameter_is_refused(house, collection):
    answer = house.get(f"/ogc/collections/{collection}/items?unknownQueryParameter123=1")
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")


@pytest.mark.parametrize(
    "path",
    [
        "/ogc/",
        "/ogc/conformance",
        "/ogc/collections",
        "/ogc/collections/edges",
        "/ogc/api",
        f"{ITEMS}/F000001",
    ],
)
def test_an_unknown_parameter_is_refused_everywhere(house, path):
    assert house.get(f"{path}?unknown=1").status_code == 400


@pytest.mark.parametrize("collection", EVERY)
def test_features_are_geojson_under_a_link_that_says_so(house, collection):
    body = house.json(f"/ogc/collections/{collection}")
    (told,) = [each for each in links(body, "items") if each["type"] == "application/geo+json"]
    answer = house.get(told["href"].removeprefix("http://localhost"))
    assert answer.content_type == "application/geo+json"
    assert json.loads(answer.data)["type"] == "FeatureCollection"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/ogc/", "application/json"),
        ("/ogc/conformance", "application/json"),
        ("/ogc/collections", "application/json"),
        ("/ogc/collections/facilities", "application/json"),
        (f"{ITEMS}?bbox=129,35,129.1,35.2&limit=3", "application/geo+json"),
        (f"{ITEMS}/F000007", "application/geo+json"),
    ],
)
def test_each_resource_links_to_itself_and_to_its_other_form_which_is_there(house, path, kind):
    body = house.json(path)
    (own,), (other,) = links(body, "self"), links(body, "alternate")
    assert (own["type"], other["type"]) == (kind, "text/html")
    assert all(each["rel"] and each["type"] for each in body["links"])
    for each in (own, other):
        answer = house.get(each["href"].removeprefix("http://localhost"))
        assert (answer.status_code, answer.mimetype) == (200, each["type"])


@pytest.mark.parametrize("form", ["json", "html"])
def test_a_feature_links_to_its_collection(house, form):
    answer = house.get(f"{ITEMS}/F000007?f={form}")
    assert 'rel="collection"' in answer.headers.get("Link", "") or form == "html"
    assert "/ogc/collections/facilities" in answer.text


def test_a_collection_says_the_same_of_itself_alone_and_in_the_list(house):
    for each in house.json("/ogc/collections")["collections"]:
        alone = house.json(f"/ogc/collections/{each['id']}")
        for name in ("id", "title", "description", "extent", "crs", "storageCrs", "itemType"):
            assert each.get(name) == alone.get(name)


def test_an_extent_holds_no_null_which_parsers_of_time_cannot_read(house):
    for each in house.json("/ogc/collections")["collections"]:
        assert "null" not in json.dumps(each["extent"])
        for start, end in each["extent"].get("temporal", {"interval": []})["interval"]:
            assert datetime.fromisoformat(start) <= datetime.fromisoformat(end)


def test_an_interval_is_told_in_whole_hours_so_that_it_stays_while_readings_come(house):
    """The suite reads a collection twice, and wants the same extent."""
    ((start, end),) = house.json("/ogc/collections/readings")["extent"]["temporal"]["interval"]
    times = [
        each["properties"]["measured_at"]
        for each in house.json("/ogc/collections/readings/items")["features"]
    ]
    assert start <= min(times) <= max(times) <= end
    assert {start[13:], end[13:]} == {":00:00Z"}


def test_an_extent_is_a_little_wider_than_its_features_and_within_the_world(house):
    """Those at the very edge are lost otherwise to who takes its corners to another system."""
    west, south, east, north = house.json("/ogc/collections/facilities")["extent"]["spatial"]["bbox"][0]
    places = [each["geometry"]["coordinates"] for each in house.json(f"{ITEMS}?limit=10000")["features"]]
    easts, norths = zip(*places, strict=True)
    assert all(1e-7 < each < 2e-6 for each in (min(easts) - west, min(norths) - south))
    assert all(1e-7 < each < 2e-6 for each in (east - max(easts), north - max(norths)))
    world = house.json("/ogc/collections/edges")["extent"]["spatial"]["bbox"][0]
    assert all(abs(each) <= most for each, most in zip(world, (180, 90, 180, 90), strict=True))


@pytest.mark.parametrize("asked", ["", "?limit=7", "?bbox=129,35,129.1,35.2", "?limit=10000"])
def test_the_number_returned_is_that_of_the_features(house, asked):
    body = house.json(ITEMS + asked)
    assert body["numberReturned"] == len(body["features"])


@pytest.mark.parametrize("asked", ["limit=900", "limit=170&bbox=129.0,35.1,129.1,35.2", "limit=40&종류=병원"])
def test_the_number_matched_is_the_sum_over_all_pages(house, asked):
    body = house.json(f"{ITEMS}?{asked}")
    matched, seen = body["numberMatched"], len(body["features"])
    assert 0 < matched <= 3_000
    while following := links(body, "next"):
        body = house.json(following[0]["href"].removeprefix("http://localhost"))
        assert body["numberMatched"] == matched
        seen += len(body["features"])
    assert seen == matched


def test_a_page_of_the_suites_own_making_goes_on_where_the_next_link_leads(house):
    """It takes the parameters of the link apart, and puts the greatest limit in place of its own."""
    body = house.json(f"{ITEMS}?limit=700")
    asked = links(body, "next")[0]["href"].partition("?")[2].split("&")
    rest = house.json(
        f"{ITEMS}?{'&'.join(each for each in asked if not each.startswith('limit='))}&limit=10000"
    )
    assert len(rest["features"]) == 2_300


@pytest.mark.parametrize("collection", ["facilities", "edges"])
@pytest.mark.parametrize(
    "box",
    [
        "-1.5000000,50.0000000,1.5000000,53.0000000",
        "-80.0000000,-5.0000000,-70.0000000,5.0000000",
        "177.0000000,65.0000000,-177.0000000,70.0000000",
        "-180.0000000,85.0000000,180.0000000,90.0000000",
        "-180.0000000,-90.0000000,180.0000000,-85.0000000",
    ],
)
def test_boxes_over_greenwich_equator_date_line_and_poles_are_read(house, collection, box):
    body = house.json(f"/ogc/collections/{collection}/items?bbox={box}")
    assert body["numberMatched"] == len(body["features"])
    assert bool(body["features"]) == (collection == "edges")


def test_a_point_on_the_edge_of_a_box_lies_in_it(house):
    for feature in house.json(f"{ITEMS}?limit=200")["features"]:
        lon, lat = feature["geometry"]["coordinates"]
        for box in ((lon, lat, lon + 0.001, lat + 0.001), (lon - 0.001, lat - 0.001, lon, lat)):
            text = ",".join(f"{side:.7f}" for side in box)
            found = house.json(f"{ITEMS}?bbox={text}&limit=10000")["features"]
            assert feature["id"] in {each["id"] for each in found}


@pytest.mark.parametrize(
    "asked",
    [
        "2026-03-01T00:00:00Z",
        "2026-03-01T00:00:00Z/2026-03-03T02:00:00Z",
        "2026-03-01/P2D",
        "2026-03-01",
        "2018-02-12/P2D",
    ],
)
@pytest.mark.parametrize("collection", EVERY)
def test_an_instant_a_span_and_a_start_with_a_duration_are_read(house, collection, asked):
    assert house.get(f"/ogc/collections/{collection}/items?datetime={asked}").status_code == 200


def test_the_time_stamp_is_that_of_the_answer(house):
    before = datetime.now(UTC)
    stamp = house.json(ITEMS)["timeStamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", stamp)
    assert before <= datetime.fromisoformat(stamp) <= datetime.now(UTC)


def test_the_first_crs_is_crs84_and_the_stored_one_is_listed(house):
    for each in house.json("/ogc/collections")["collections"]:
        assert each["crs"][0] == CRS84
        assert each["storageCrs"] in each["crs"]


@pytest.mark.parametrize("name", ["crs", "bbox-crs"])
def test_a_crs_that_is_not_listed_is_refused(house, name):
    asked = f"{name}=http://www.opengis.net/def/crs/0/unsupported&bbox=129,35,130,36"
    assert house.get(f"{ITEMS}?{asked}").status_code == 400
    assert house.get(f"{ITEMS}/F000001?crs=http://www.opengis.net/def/crs/0/unsupported").status_code == 400


@pytest.mark.parametrize("path", [ITEMS, f"{ITEMS}/F000001"])
def test_the_crs_of_an_answer_stands_between_angle_brackets_in_its_head(house, path):
    assert house.get(path).headers["Content-Crs"] == f"<{CRS84}>"
    for uri in house.json("/ogc/collections/facilities")["crs"]:
        assert house.get(f"{path}?crs={uri}").headers["Content-Crs"] == f"<{uri}>"


def test_the_same_features_lie_in_the_extent_whatever_crs_it_is_told_in(house):
    """As the suite does it: the two corners are taken to the other system."""
    from pyproj import Transformer

    told = house.json("/ogc/collections/facilities")
    west, south, east, north = told["extent"]["spatial"]["bbox"][0]
    plain = house.json(f"{ITEMS}?bbox={west},{south},{east},{north}")
    assert plain["numberMatched"] == 3_000
    expected = [each["id"] for each in plain["features"]]
    for uri in told["crs"][1:]:
        move = Transformer.from_crs("OGC:CRS84", f"EPSG:{uri.rpartition('/')[2]}").transform
        corners = [*move(west, south), *move(east, north)]
        text = ",".join(f"{each:.7f}" for each in corners)
        body = house.json(f"{ITEMS}?bbox={text}&bbox-crs={uri}")
        assert [each["id"] for each in body["features"]] == expected, uri
        assert body["numberMatched"] == 3_000, uri


def test_a_box_whose_axes_are_mistaken_is_answered_and_finds_nothing_else(house):
    """The suite's own table of systems knows of no northing that comes first but in EPSG:4326."""
    from pyproj import Transformer

    told = house.json("/ogc/collections/facilities")
    west, south, east, north = told["extent"]["spatial"]["bbox"][0]
    plain = house.json(f"{ITEMS}?bbox={west},{south},{east},{north}&limit=10")
    expected = {each["id"] for each in plain["features"]}
    for uri in told["crs"][2:]:
        code = f"EPSG:{uri.rpartition('/')[2]}"
        move = Transformer.from_crs("OGC:CRS84", code, always_xy=True).transform
        corners = ",".join(f"{each:.7f}" for each in (*move(west, south), *move(east, north)))
        body = house.json(f"{ITEMS}?bbox={corners}&bbox-crs={uri}&limit=10")
        assert {each["id"] for each in body["features"]} <= expected, uri


def test_a_feature_without_a_place_has_a_null_geometry(house):
    assert house.json("/ogc/collections/edges/items/nowhere")["geometry"] is None
    assert all(each["geometry"] is None for each in house.json("/ogc/collections/readings/items")["features"])


def test_html_is_declared_and_every_other_class_begins_with_the_standards(house):
    classes = house.json("/ogc/conformance")["conformsTo"]
    for name in ("core", "oas30", "html", "geojson"):
        assert f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{name}" in classes
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in classes
    assert len(set(classes)) == len(classes)
