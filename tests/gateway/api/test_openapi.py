"""The description of the API is valid, whole, and true of what is answered."""

from __future__ import annotations

import json
import re

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

VERBS = {"GET", "POST", "PUT", "PATCH", "DELETE"}


@pytest.fixture
def description(still):
    return still.get("/api/v1/openapi.json").json


def operations(description):
    return [
        (path, verb, operation)
        for path, item in description["paths"].items()
        for verb, operation in item.items()
    ]


def test_it_is_valid_openapi_3_1(description):
    assert description["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(description).validate()


def test_every_route_of_the_api_is_described(still, description):
    routes = {
        (re.sub(r"<(?:[^:>]+:)?([^>]+)>", r"{\1}", rule.rule), verb.lower())
        for rule in still.url_map.iter_rules()
        if rule.rule.startswith("/api/v1")
        for verb in rule.methods & VERBS
    }
    assert routes == {(path, verb) for path, verb, _ in operations(description)}


def test_every_operation_says_what_it_is_and_has_a_name_of_its_own(description):
    ids = [operation["operationId"] for _, _, operation in operations(description)]
    assert len(set(ids)) == len(ids)
    tags = {tag["name"] for tag in description["tags"]}
    for path, verb, operation in operations(description):
        assert operation["summary"], (path, verb)
        assert operation["description"], (path, verb)
        assert set(operation["tags"]) <= tags


def test_every_refusal_is_described_with_its_headers(description):
    for path, verb, operation in operations(description):
        responses = operation["responses"]
        assert {"400", "401", "429", "503"} <= set(responses), (path, verb)
        assert {"Retry-After", "RateLimit", "RateLimit-Policy"} <= set(responses["429"]["headers"])
        assert "WWW-Authenticate" in responses["401"]["headers"]
        for status, response in responses.items():
            if status >= "4":
                schema = response["content"]["application/problem+json"]["schema"]
                name = "QuotaProblem" if status == "429" else "Problem"
                assert schema == {"$ref": f"#/components/schemas/{name}"}


def test_whatever_reads_a_snapshot_may_find_it_gone(description):
    for path in ("facets", "rows", "tiles.json", "download.{extension}"):
        assert "410" in description["paths"][f"/api/v1/datasets/{{dataset}}/{path}"]["get"]["responses"]
    assert "410" not in description["paths"]["/api/v1/feeds/changes.atom"]["get"]["responses"]


def test_what_an_operation_takes_is_what_its_view_takes(description):
    search = {p["name"] for p in description["paths"]["/api/v1/datasets"]["get"]["parameters"]}
    assert search == {
        "q", "theme", "publisher", "format", "licence", "bbox", "from", "to",
        "sort", "limit", "offset", "facets",
    }  # fmt: skip
    rows = description["paths"]["/api/v1/datasets/{dataset}/rows"]["get"]
    named = {p["name"]: p for p in rows["parameters"]}
    assert set(named) >= {
        "dataset", "filters", "bbox", "select", "order", "limit", "cursor", "count", "snapshot", "as_of",
        "format", "shape", "bom",
    }  # fmt: skip
    assert named["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 100}
    assert set(rows["responses"]["200"]["content"]) == {
        "application/json",
        "text/csv",
        "application/geo+json",
        "application/x-ndjson",
        "application/vnd.apache.parquet",
        "application/vnd.apache.arrow.stream",
        "application/geo+json-seq",
        "application/vnd.flatgeobuf",
        "application/geopackage+sqlite3",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    }
    taken = {
        p["name"]
        for p in description["paths"]["/api/v1/datasets/{dataset}/export.{extension}"]["get"]["parameters"]
    }
    assert taken >= {"dataset", "extension", "filters", "bbox", "select", "order", "snapshot", "as_of", "bom"}
    assert not taken & {"limit", "cursor", "offset", "count", "format", "shape"}


def test_who_may_call_what_is_described(description):
    def ways(path, verb="get"):
        return [set(way) for way in description["paths"][path][verb]["security"]]

    assert ways("/api/v1/datasets") == [set(), {"key"}, {"keyHeader"}, {"token"}]
    assert description["paths"]["/api/v1/datasets/{dataset}/rows"]["get"]["security"][-1] == {
        "token": ["rows:read"]
    }
    assert ways("/api/v1/applications", "post") == [{"session"}, {"cookie"}]
    assert ways("/api/v1/usage") == [{"key"}, {"keyHeader"}, {"token"}, {"session"}, {"cookie"}]
    assert ways("/api/v1/people", "post") == [set()]
    schemes = description["components"]["securitySchemes"]
    flow = schemes["token"]["flows"]["clientCredentials"]
    assert flow["tokenUrl"] == "http://localhost/oauth/token"
    assert set(flow["scopes"]) == {"catalogue:read", "rows:read", "usage:read"}


def test_it_is_reached_at_the_public_url(open_house):
    with open_house(public_url="https://data.city.example/open") as house:
        description = house.get("/api/v1/openapi.json").json
    assert description["servers"] == [{"url": "https://data.city.example/open"}]


def test_the_api_says_where_to_begin_and_each_way_leads_somewhere(still):
    ways = still.get("/api/v1").json
    assert set(ways) == {"datasets", "feeds", "openapi", "console", "developers"}
    for name, url in ways.items():
        path = "/" + url.split("/", 3)[3]
        assert still.get(path).status_code == 200, name


def schemas(part):
    """Every schema in a description, however deep."""
    if isinstance(part, list):
        for each in part:
            yield from schemas(each)
    elif isinstance(part, dict):
        if isinstance(part.get("type"), str | list):
            yield part
        for each in part.values():
            yield from schemas(each)


def test_patterns_are_read_alike_in_every_language(description):
    patterns = {each["pattern"] for each in schemas(description) if "pattern" in each}
    assert len(patterns) > 10
    for pattern in patterns:
        re.compile(pattern)
        assert set(re.findall(r"\\(.)", pattern)) <= set("sS.()"), pattern


def test_examples_are_as_their_schemas_say(description):
    shown = [(each, example) for each in schemas(description) for example in each.get("examples", [])]
    assert len(shown) > 20
    for schema, example in shown:
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(example)


def test_no_parameter_is_null_or_has_a_default_that_only_another_gives_a_meaning(description):
    for path, verb, operation in operations(description):
        for each in operation["parameters"]:
            assert isinstance(each["schema"]["type"], str), (path, verb, each["name"])
            assert each["description"], (path, verb, each["name"])
            if each["name"] in {"filter-lang", "shape", "bom"}:
                assert "default" not in each["schema"], (path, each["name"])


def test_every_component_is_used(description):
    text = json.dumps(description)
    for kind, parts in description["components"].items():
        if kind != "securitySchemes":
            for name in parts:
                assert f'"#/components/{kind}/{name}"' in text, name


def test_a_copy_that_still_stands_is_described(description):
    paths = description["paths"]
    assert "304" in paths["/api/v1/datasets"]["get"]["responses"]
    assert "304" not in paths["/api/v1/applications"]["get"]["responses"]
