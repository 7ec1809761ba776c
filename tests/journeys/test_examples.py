"""Whoever copies an example out of a description gets an answer from the city in a box."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

from demo_city import Demo

NEEDED = {"on": {"join": "gaon-districts"}, "join": {"on": "district:name"}}
"""What an example makes sense with only."""
HISTORY = {"entity", "agg", "from", "to"}
"""What is shown of a detector; the rest is of facilities, which have no history."""


def _read(demo: Demo, path: str, asked: dict[str, Any] | None = None) -> Any:
    address = demo.url + path + (f"?{urlencode(asked)}" if asked else "")
    with urlopen(Request(address, headers={"X-API-Key": demo.api_key}), timeout=60) as answer:
        return json.load(answer) if "json" in answer.headers["Content-Type"] else answer.read()


def _examples(parameter: dict[str, Any]) -> list[Any]:
    shown = [parameter["example"]] if "example" in parameter else parameter["schema"].get("examples", [])
    return [",".join(map(str, each)) if isinstance(each, list) else each for each in shown]


def _asked(parameter: dict[str, Any], example: Any) -> dict[str, Any]:
    return example if isinstance(example, dict) else {parameter["name"]: example}


def _questions(operation: dict[str, Any], chosen: set[str] | None) -> Iterator[dict[str, Any]]:
    """What is asked to try each example of an operation once, beside what it demands."""
    query = [each for each in operation["parameters"] if each["in"] == "query"]
    demanded = {
        each["name"]: _examples(each)[0] for each in query if each.get("required") and _examples(each)
    }
    for each in query:
        if chosen is None or each["name"] in chosen:
            for example in _examples(each):
                yield demanded | NEEDED.get(each["name"], {}) | _asked(each, example)


def _path(template: str, operation: dict[str, Any], dataset: str) -> str:
    for each in operation["parameters"]:
        if each["in"] == "path":
            known = [dataset] if each["name"] == "dataset" else each["schema"].get("enum") or _examples(each)
            template = template.replace(f"{{{each['name']}}}", quote(str(known[0])))
    return template


def test_every_example_of_the_api_is_answered(demo: Demo):
    tried = 0
    for template, item in _read(demo, "/api/v1/openapi.json")["paths"].items():
        history = template.endswith("/history")
        for asked in _questions(item["get"], HISTORY if history else None) if "get" in item else ():
            dataset = "gaon-traffic" if history else "gaon-facilities"
            _read(demo, _path(template, item["get"], dataset), asked)
            tried += 1
    assert tried > 60


def test_every_example_for_gis_programs_is_answered(demo: Demo):
    description, tried = _read(demo, "/ogc/api"), 0
    known = description["components"]["parameters"]
    for template, item in description["paths"].items():
        told = [
            known[each["$ref"].rpartition("/")[2]] if "$ref" in each else each
            for each in item["get"]["parameters"]
        ]
        for asked in _questions({"parameters": told}, None):
            _read(demo, f"/ogc{template}", asked | {"f": "json"})
            tried += 1
    assert tried > 10
