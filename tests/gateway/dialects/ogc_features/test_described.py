"""What a collection says of its features: JSON Schema with roles and units, and valid OpenAPI."""

from __future__ import annotations

import json

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV30SpecValidator

FACILITIES = "/ogc/collections/facilities"


def test_the_definition_is_valid_openapi(house):
    OpenAPIV30SpecValidator(house.json("/ogc/api")).validate()


def test_the_definition_lists_every_property_as_a_parameter(house):
    document = house.json("/ogc/api")
    told = document["paths"]["/collections/facilities/items"]["get"]["parameters"]
    types = {each["name"]: each["schema"] for each in told if "name" in each}
    assert types["수용인원"] == {"type": "integer"}
    assert types["점검시각"] == {"type": "string", "format": "date-time"}
    assert "geometry" not in types
    edges = document["paths"]["/collections/edges/items"]["get"]["parameters"]
    names = [each.get("name", each.get("$ref", "").rpartition("/")[2]) for each in edges]
    assert names.count("limit") == 1


def test_the_definition_and_the_server_know_the_same_parameters(house):
    document = house.json("/ogc/api")
    for path in ("/collections/facilities/items", "/collections/facilities/items/{featureId}"):
        for each in document["paths"][path]["get"]["parameters"]:
            name = each["name"] if "name" in each else each["$ref"].rpartition("/")[2]
            if name == "featureId":
                continue
            answer = house.get(f"/ogc{path.replace('{featureId}', 'F000001')}?{name}=%ED%97%9B")
            faults = [] if answer.status_code == 200 else answer.get_json(force=True).get("errors", [])
            assert not [fault for fault in faults if "neither a parameter" in fault["what"]], name


@pytest.mark.parametrize("kind", ["schema", "queryables"])
def test_properties_are_told_in_json_schema(house, kind):
    answer = house.get(f"{FACILITIES}/{kind}", Accept_Language="en")
    assert answer.content_type == "application/schema+json"
    body = json.loads(answer.data)
    Draft202012Validator.check_schema(body)
    assert (body["type"], body["$id"]) == ("object", f"http://localhost{FACILITIES}/{kind}")
    assert body["properties"]["관리번호"]["x-ogc-role"] == "id"
    assert body["properties"]["점검시각"]["x-ogc-role"] == "primary-instant"
    assert body["properties"]["geometry"] == {
        "title": "Location",
        "format": "geometry-any",
        "x-ogc-role": "primary-geometry",
        "x-ogc-propertySeq": 15,
    }
    assert (body["properties"]["면적"]["x-ogc-unit"], body["properties"]["면적"]["title"]) == ("m2", "Area")


def test_the_schema_is_linked_for_those_who_look_for_it(house):
    told = {each["rel"]: each for each in house.json(FACILITIES)["links"]}
    for rel in ("describedby", "http://www.opengis.net/def/rel/ogc/1.0/schema"):
        assert (told[rel]["href"], told[rel]["type"]) == (
            f"http://localhost{FACILITIES}/schema",
            "application/schema+json",
        )
    assert told["http://www.opengis.net/def/rel/ogc/1.0/queryables"]["href"].endswith("/queryables")


def test_features_hold_what_the_schema_says(house):
    schema = house.json(f"{FACILITIES}/schema")
    names = {
        name for name, told in schema["properties"].items() if told.get("x-ogc-role") != "primary-geometry"
    }
    validator = Draft202012Validator(schema | {"additionalProperties": False})
    for feature in house.json(f"{FACILITIES}/items?limit=50")["features"]:
        assert set(feature["properties"]) == names
        validator.validate({k: v for k, v in feature["properties"].items() if v is not None})


def test_a_second_geometry_can_be_seen_and_not_asked(house):
    assert "entrance" in house.json("/ogc/collections/edges/schema")["properties"]
    assert "entrance" not in house.json("/ogc/collections/edges/queryables")["properties"]


def test_a_dataset_whose_rows_are_nowhere_is_served_and_not_listed(house):
    listed = {each["id"] for each in house.json("/ogc/collections")["collections"]}
    assert listed == {"edges", "facilities"}
    assert house.json("/ogc/collections/readings/items")["numberMatched"] == 60
    assert "/collections/readings/items" in house.json("/ogc/api")["paths"]


def test_titles_are_in_the_language_that_is_asked(house):
    for asked, title in (("ko", "부산 시설"), ("en", "Facilities of Busan")):
        assert house.json(f"{FACILITIES}?lang={asked}")["title"] == title
        answer = house.get(FACILITIES, Accept_Language=asked)
        assert (json.loads(answer.data)["title"], answer.headers["Content-Language"]) == (title, asked)
        assert "Accept-Language" in answer.headers["Vary"]
