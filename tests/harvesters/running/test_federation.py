"""The datasets of other portals are published as entries, kept up to date, and left alone by lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from ckan_portal import CkanPortal, package

from catalogue import Catalogue
from harvesters.lease import harvest_now
from harvesters.run import Harvester
from schemas.dataset import Text
from schemas.feed import CATALOGUE_ENTRY, Feed, SourceSpec
from schemas.query import SearchQuery
from schemas.run import Run

Harvest = Callable[..., Run]


@pytest.fixture
def portal(site) -> CkanPortal:
    held = CkanPortal([package(number) for number in range(30)])
    site.routes["/api/3/action/package_search"] = held.answer
    return held


@pytest.fixture
def feed(site) -> Feed:
    source = SourceSpec("ckan", {"url": site.url(""), "page_size": 10})
    return Feed("portal", Text("다른 포털"), "부산광역시", "KOGL-1", source, record=CATALOGUE_ENTRY)


@pytest.fixture
def harvest(feed: Feed, harvester: Harvester) -> Harvest:
    def once(**changed: Any) -> Run:
        (run,) = harvest_now(replace(feed, **changed), harvester)
        return run

    return once


def entries(catalogue: Catalogue) -> dict[str, Any]:
    return {each.id: each for each in catalogue.datasets(limit=100)}


def test_a_portal_is_published_and_then_asked_for_what_changed(
    portal: CkanPortal, harvest: Harvest, catalogue: Catalogue
) -> None:
    first = harvest()
    assert (first.status, first.read, first.published) == ("published", 30, 30)
    entry = catalogue.describe(f"portal-{package(3)['id']}")
    assert (entry.title.ko, entry.publisher, entry.keywords) == ("공원 3", "부산광역시", ("공원, 녹지",))
    assert (entry.formats, entry.themes, entry.licence, entry.rows) == (("csv",), ("환경",), "cc-by", None)

    portal.asked.clear()
    again = harvest()
    assert (again.status, again.published) == ("unchanged", 30)
    assert all("fl" in params for _, params in portal.asked)

    before = entries(catalogue)
    portal.packages[3] |= {"title": "공원 3 개정", "metadata_modified": "2024-05-01T00:00:00.000000"}
    portal.packages.append(package(99))
    third = harvest()
    after = entries(catalogue)
    assert (third.status, third.read, third.published) == ("published", 31, 31)
    assert (third.inserted, third.updated, third.deleted) == (1, 1, 0)
    assert {id for id in after if before.get(id) != after[id]} == {
        f"portal-{package(number)['id']}" for number in (3, 99)
    }
    assert [hit.dataset.title.ko for hit in catalogue.find(SearchQuery(q="개정")).hits] == ["공원 3 개정"]


def test_new_words_of_the_feed_are_in_every_entry_at_once(
    portal: CkanPortal, harvest: Harvest, catalogue: Catalogue
) -> None:
    for each in portal.packages:
        del each["license_id"]
    harvest()
    harvest(licence="CC0-1.0")
    assert {each.licence for each in entries(catalogue).values()} == {"CC0-1.0"}


LIES: dict[str, Callable[[dict[str, str], Any], Any]] = {
    "429": lambda params, result: (429, {"success": False}),
    "success: false": lambda params, result: (200, {"success": False, "error": {"message": "later"}}),
    "not JSON": lambda params, result: (200, b"<html>"),
    "an empty page with a count": lambda params, result: {"count": 30, "results": []},
    "a count of its own": lambda params, result: {**result, "count": 31},
    "a page that ends early": lambda params, result: (
        {**result, "results": result["results"][:3]}
        if params["start"] == "0"
        else {"count": 30, "results": []}
    ),
    "other ids on each page": lambda params, result: {
        **result,
        "results": [{**each, "id": params["start"] + each["id"]} for each in result["results"]],
    },
}


@pytest.mark.parametrize("told", LIES)
def test_a_lie_fails_the_run_and_leaves_what_is_published(
    portal: CkanPortal, harvest: Harvest, catalogue: Catalogue, told: str
) -> None:
    harvest()
    before = entries(catalogue)
    del portal.packages[5:15]
    lie = LIES[told]
    portal.lie = lambda action, params, result: lie(params, result)

    run = harvest()

    assert run.status == "failed"
    assert run.error
    assert entries(catalogue) == before
    portal.lie = lambda action, params, result: result
    assert harvest().status == "held", "ten of thirty that vanish at once wait for a steward"
    assert entries(catalogue) == before


def test_an_entry_keeps_its_id_whatever_stands_beside_it_in_the_list(
    portal: CkanPortal, harvest: Harvest, catalogue: Catalogue
) -> None:
    portal.packages = [package(number) for number in range(10)]
    portal.packages += [{**package(98), "id": "PARKS"}, {**package(99), "id": "parks"}]
    harvest()
    ids = {entry.identifier: entry.id for entry in entries(catalogue).values()}

    portal.packages[-1]["metadata_modified"] = "2024-05-01T00:00:00.000000"
    assert harvest().status == "published"

    assert {entry.identifier: entry.id for entry in entries(catalogue).values()} == ids


def test_two_feeds_that_name_one_dataset_alike_do_not_overwrite_each_other(
    portal: CkanPortal, harvest: Harvest, catalogue: Catalogue
) -> None:
    portal.packages = [{**package(0), "id": "a-1"}]
    harvest()
    portal.packages = [{**package(0), "id": "1", "title": "다른 것"}]
    other = harvest(id="portal-a")

    assert (other.status, other.reasons) == ("failed", {"misconfigured": 1})
    assert catalogue.describe("portal-a-1").title.ko == "공원 0"


DATA_JSON = {
    "conformsTo": "https://project-open-data.cio.gov/v1.1/schema",
    "dataset": [
        {"identifier": "a", "title": "Parks", "spatial": "129,35,129.2,35.2", "modified": "2024-01-02"},
        {"identifier": "b", "title": "Trees", "spatial": "Busan", "modified": "R/P1W"},
        {"title": "nameless"},
    ],
}


def test_a_data_json_is_found_by_its_place(site, harvest: Harvest, catalogue: Catalogue) -> None:
    source = SourceSpec("dcat-us", {"url": site.body("/data.json", json.dumps(DATA_JSON).encode())})
    run = harvest(source=source, reject_limit=0.5)

    assert (run.status, run.read, run.published, run.rejected_cells) == ("published", 3, 2, 1)
    assert run.reasons == {"missing_key": 1}
    assert catalogue.describe("portal-a").bbox == (129.0, 35.0, 129.2, 35.2)
    assert [hit.dataset.id for hit in catalogue.find(SearchQuery(bbox=(129.1, 35.1, 130, 36))).hits] == [
        "portal-a"
    ]


CSV = """identifier,title,title_en,extent,keywords
1,공원,Parks,"129,35,130,36","[""a, b"", ""c""]"
2,,Trees,"1290,35,130,36",a; b
"""


def test_a_list_may_say_both_languages_a_place_and_words_with_commas(
    site, harvest: Harvest, catalogue: Catalogue
) -> None:
    run = harvest(source=SourceSpec("url", {"url": site.body("/list.csv", CSV.encode())}))

    first, second = catalogue.describe("portal-1"), catalogue.describe("portal-2")
    assert (run.published, run.rejected_cells) == (2, 1)
    assert (first.title, second.title) == (Text("공원", "Parks"), Text(en="Trees"))
    assert (first.keywords, second.keywords) == (("a, b", "c"), ("a", "b"))
    assert (first.bbox, second.bbox) == ((129.0, 35.0, 130.0, 36.0), None)
