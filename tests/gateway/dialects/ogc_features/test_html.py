"""The collections as pages, in Korean and English, with a map; nothing of a publisher's runs in them."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
ITEMS = "/ogc/collections/facilities/items"
PAGES = (
    "/ogc/",
    "/ogc/conformance",
    "/ogc/collections",
    "/ogc/collections/facilities",
    "/ogc/collections/facilities/schema",
    "/ogc/collections/facilities/queryables",
    "/ogc/collections/facilities/tiles",
    "/ogc/collections/facilities/tiles/WebMercatorQuad",
    "/ogc/tileMatrixSets",
    "/ogc/tileMatrixSets/WebMercatorQuad",
    f"{ITEMS}?limit=5",
    f"{ITEMS}/F000001",
)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_resource_is_a_page_for_a_browser_in_its_language(house, path, language):
    answer = house.get(path, Accept=BROWSER, Accept_Language=language)
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert f'<html lang="{language}">' in answer.text
    assert "default-src 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.text.count("<h1") == 1


@pytest.mark.parametrize("path", PAGES)
def test_f_is_before_what_accept_says(house, path):
    mark = "&" if "?" in path else "?"
    assert house.get(f"{path}{mark}f=html", Accept="application/json").mimetype == "text/html"
    assert house.get(f"{path}{mark}f=json", Accept=BROWSER).mimetype.endswith("json")


def test_the_definition_has_a_console_for_people(house):
    answer = house.get("/ogc/api?f=html")
    assert answer.mimetype == "text/html"
    assert 'data-url="/ogc/api"' in answer.text


def test_a_page_of_features_has_a_map_of_just_these(house):
    text = house.get(f"{ITEMS}?limit=5&f=html&lang=en").text
    told = json.loads(unescape(re.search(r'data-map="([^"]*)"', text)[1]))
    assert len(told["items"]) == told["total"] == 5
    assert told["items"][0]["geometry"]["type"] == "Point"
    assert "Features found 3,000" in text
    assert 'rel="next' in text


def test_features_that_are_nowhere_have_no_map(house):
    assert "data-map" not in house.get("/ogc/collections/readings/items?f=html").text


def test_the_page_of_a_feature_leads_back_to_its_collection(house):
    text = house.get(f"{ITEMS}/F000001?f=html").text
    assert "/ogc/collections/facilities?f=html" in text
    assert "F000001" in text


def test_what_a_publisher_wrote_is_text_and_no_markup(house):
    text = house.get("/ogc/collections/edges/items?f=html").text
    assert "'\"<b>" not in text
    assert "&lt;b&gt;" in text


def test_no_feature_is_said_in_words(house):
    assert "No feature answers." in house.get(f"{ITEMS}?bbox=0,0,1,1&f=html&lang=en").text


def test_a_fault_of_a_browser_is_a_page_and_of_a_program_a_problem(house):
    assert house.get(f"{ITEMS}?limit=x", Accept=BROWSER).mimetype == "text/html"
    assert house.get(f"{ITEMS}?limit=x").mimetype == "application/problem+json"


def test_a_page_for_people_is_bounded_and_leads_on(house):
    text = house.get(f"{ITEMS}?limit=10000&f=html").text
    assert text.count("<tr><td>") == 500
    assert 'rel="next' in text
