"""Datasets over HTTP: found by words, facets, place and time, and described with all their history."""

from __future__ import annotations

from urllib.parse import quote

import pytest

DATASETS = "/api/v1/datasets"


def found(house, query=""):
    return {item["id"] for item in house.items(f"{DATASETS}?{query}")}


def faults(house, path):
    answer = house.get(path)
    assert (answer.status_code, answer.json["type"]) == (400, "/problems/bad-input"), answer.text
    return {error["where"]: f"{error['what']}; {error.get('hint', '')}" for error in answer.json["errors"]}


def test_a_list_shows_what_each_dataset_is(still):
    body = still.get(DATASETS).json
    parks = next(item for item in body["items"] if item["id"] == "parks")
    assert body["total"] == 4
    assert parks == parks | {
        "title": {"ko": "부산 도시공원", "en": "City parks of Busan"},
        "description": "부산의 공원 목록",
        "publisher": "부산광역시",
        "themes": ["facility"],
        "licence": "KOGL-1",
        "rows": 25,
    }
    assert parks["bbox"] == pytest.approx([129.0, 35.1, 129.04, 35.14])
    assert parks["updated"].endswith("Z")
    assert "geojson" in parks["formats"]
    entry = next(item for item in body["items"] if item["id"] == "list-1")
    assert (entry["rows"], entry["identifier"], entry["formats"]) == (None, "15000123", ["CSV"])


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("", {"parks", "air", "odd", "list-1"}),
        ("q=", {"parks", "air", "odd", "list-1"}),
        (f"q={quote('도시공원')}", {"parks"}),
        (f"q={quote('공원 부산')}", {"parks"}),
        (f"q={quote('공원 대기')}", set()),
        ("q=parks", {"parks"}),
        ("theme=facility", {"parks"}),
        ("theme=facility,environment", {"parks", "air"}),
        (f"publisher={quote('부산광역시')}", {"parks", "air"}),
        (f"publisher={quote('부산광역시')}&theme=environment", {"air"}),
        ("licence=CC0-1.0", {"air", "odd"}),
        ("format=CSV", {"list-1"}),
        ("format=geojson", {"parks"}),
        ("bbox=129,35,130,36", {"parks"}),
        ("bbox=126,37,127,38", set()),
        ("bbox=129.01,35,-179,36", {"parks"}),
        ("from=2026-03-01T12:00:00Z&to=2026-03-01T13:00:00Z", {"parks", "air"}),
        ("from=2026-03-01T12:00:00+09:00&to=2026-03-02", {"parks", "air"}),
        ("to=2026-02-28T00:00:00Z", set()),
        ("limit=1000&offset=3", None),
        ("limit=1000&offset=4", set()),
    ],
)
def test_datasets_are_found(still, query, ids):
    answer = found(still, query)
    assert answer == ids if ids is not None else len(answer) == 1


def test_what_was_found_is_marked_and_weighed(still):
    (item,) = still.items(f"{DATASETS}?q={quote('공원')}")
    assert "<em>공원</em>" in item["highlight"]["title"]
    assert item["score"] > 0


def test_facets_count_what_was_found(still):
    facets = still.get(f"{DATASETS}?facets=theme,publisher,licence,format&q={quote('부산')}").json["facets"]
    assert facets["publisher"] == [{"value": "부산광역시", "count": 2}, {"value": "교통공사", "count": 1}]
    assert set(facets) == {"theme", "publisher", "licence", "format"}
    assert still.get(DATASETS).json["facets"] == {}


@pytest.mark.parametrize("sort", ["relevance", "updated", "title", "rows"])
def test_a_search_is_walked_by_next_in_any_order(still, sort):
    seen, url = [], f"{DATASETS}?sort={sort}&limit=1"
    while url:
        body = still.get(url).json
        seen += [item["id"] for item in body["items"]]
        assert body["total"] == 4
        url = body.get("next")
        assert not url or f"sort={sort}" in url
    assert sorted(seen) == ["air", "list-1", "odd", "parks"]


def test_a_title_is_completed(still):
    body = still.get(f"{DATASETS}/autocomplete?q={quote('부산 도시')}").json
    assert body == {"items": [{"id": "parks", "title": {"ko": "부산 도시공원", "en": "City parks of Busan"}}]}
    assert still.get(f"{DATASETS}/autocomplete?q=").status_code == 200


@pytest.mark.parametrize(
    ("query", "where", "said"),
    [
        ("frm=2026-01-01", "frm", "did you mean 'from'"),
        ("thme=x", "thme", "did you mean 'theme'"),
        ("theme=", "theme", "is empty"),
        ("theme=a,,b", "theme", "between its commas"),
        ("theme=a&theme=b", "theme", "more than once"),
        ("q=%FF", "q", "UTF-8"),
        ("q=%zz", "q", "UTF-8"),
        ("q=" + "a" * 201, "q", "200"),
        ("limit=0", "limit", "from 1 to 1000"),
        ("limit=1001", "limit", "from 1 to 1000"),
        ("limit=x", "limit", "whole number"),
        ("limit=%EF%BC%95", "limit", "whole number"),
        ("offset=-1", "offset", "from 0"),
        ("offset=1.5", "offset", "whole number"),
        ("sort=titel", "sort", "did you mean 'title'"),
        ("facets=them", "facets", "did you mean 'theme'"),
        ("bbox=1,2", "bbox", "west,south,east,north"),
        ("bbox=nan,1,2,3", "bbox", "finite"),
        ("from=never", "from", "takes a time"),
        ("to=0001-01-01", "to", "takes a time"),
        ("from=2026-03-02&to=2026-03-01", "from", "lies after"),
        ("cursor=x", "cursor", "not a parameter here"),
    ],
)
def test_what_cannot_be_searched_is_named(still, query, where, said):
    assert said in faults(still, f"{DATASETS}?{query}")[where]


def test_what_is_known_is_named_as_it_is_written(still):
    hint = faults(still, f"{DATASETS}?zzz=1")["zzz"]
    assert "from" in hint
    assert "start" not in hint


def test_every_address_refuses_what_it_does_not_take(still):
    for path in (
        "parks?x=1", "parks/schema?x=1", "parks/snapshots?limit=1", "parks/runs?x=",
        "autocomplete", "autocomplete?q=a&x=1", "autocomplete?q=a&limit=51",
        "parks/rejects?limit=0", "parks/rejects?offset=-1", "parks/rejects?lmit=1",
    ):  # fmt: skip
        assert faults(still, f"{DATASETS}/{path}"), path
    for path in ("/api/v1/feeds?x=1", "/api/v1/openapi.json?x=1"):
        assert faults(still, path)


def test_a_dataset_is_described_with_links_that_lead_on(still):
    body = still.get(f"{DATASETS}/parks").json
    assert body["descriptions"] == {"ko": "부산의 공원 목록", "en": "All parks"}
    assert (body["feed"], body["source_crs"], body["keywords"]) == ("parks", "EPSG:5187", ["공원"])
    assert body["period"] == ["2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"]
    assert body["snapshot"] == still.get(f"{DATASETS}/parks/rows").json["snapshot"]
    for name, url in body["links"].items():
        path = url.removeprefix("http://localhost")
        if name != "html":
            assert still.get(path).status_code == 200, url


def test_the_links_of_an_entry_lead_on_too(still):
    body = still.get(f"{DATASETS}/list-1").json
    assert set(body["links"]) == {"self", "html", "runs"}
    assert (body["landing_page"], body["rows"]) == ("https://data.example/15000123", None)


def test_columns_are_described_with_type_unit_titles_and_role(still):
    body = still.get(f"{DATASETS}/parks/schema").json
    columns = {column["name"]: column for column in body["columns"]}
    assert list(columns)[:2] == ["id", "name"]
    assert columns["id"] == {
        "name": "id",
        "type": "text",
        "unit": None,
        "title": {"ko": "번호", "en": "Id"},
        "key": True,
        "role": "key",
    }
    assert (columns["area"]["unit"], columns["geometry"]["role"]) == ("m2", "geometry")
    assert columns["district"]["codes"] == {"중구": {"ko": "중구", "en": "Jung-gu"}}


def test_the_history_of_a_dataset_is_told(house, places):
    (first,) = house.items(f"{DATASETS}/parks/snapshots")
    assert (first["rows"], first["replaced"], first["run"]) == (25, None, "r0")
    house.publish(places(3), "r-new")
    newest, oldest = house.items(f"{DATASETS}/parks/snapshots")
    assert (newest["rows"], oldest["id"], oldest["replaced"]) == (3, first["id"], newest["created"])
    latest, before = house.items(f"{DATASETS}/parks/runs")
    assert (latest["run"], latest["published"], latest["snapshot"]) == ("r-new", 3, newest["id"])
    assert before == before | {
        "run": "r0",
        "feed": "parks",
        "dataset": "parks",
        "status": "published",
        "read": 30,
        "published": 25,
        "rejected": 5,
        "reasons": {"no_number": 5},
        "started": "2026-03-01T00:00:00Z",
        "error": None,
    }


def test_what_was_set_aside_is_paged(still):
    body = still.get(f"{DATASETS}/parks/rejects?limit=2&offset=3").json
    assert (body["total"], [item["line"] for item in body["items"]]) == (5, [4, 5])
    assert body["items"][0] == {
        "line": 4, "scope": "row", "column": "x", "value": "?", "reason": "no_number", "detail": "none",
    }  # fmt: skip
    assert still.get(f"{DATASETS}/parks/rejects?offset=5").json == {"total": 5, "items": []}
    assert still.get(f"{DATASETS}/air/rejects").json == {"total": 0, "items": []}


@pytest.mark.parametrize("part", ["rows", "schema", "snapshots", "download.csv"])
def test_an_entry_has_no_rows_here_and_says_where_they_are(still, part):
    answer = still.get(f"{DATASETS}/list-1/{part}")
    assert (answer.status_code, answer.json["type"]) == (404, "/problems/no-rows")
    assert "https://data.example/15000123" in answer.json["detail"]


@pytest.mark.parametrize("part", ["", "/rows", "/schema", "/snapshots", "/runs", "/rejects", "/download.csv"])
def test_a_dataset_that_is_none_is_404_on_every_address(still, part):
    for id in ("prks", "%00", "a" * 500, "%EA%B3%B5%EC%9B%90", "%ED%A0%80", "..", "parks%2F..%2Fair"):
        answer = still.get(f"{DATASETS}/{id}{part}")
        assert answer.status_code == 404, (id, answer.text)
        assert answer.json["type"] in ("/problems/unknown-dataset", "/problems/no-such-address")
    assert "parks" in still.get(f"{DATASETS}/prks{part}").json["detail"]


def test_a_search_engine_that_is_away_is_503_and_rows_go_on(open_house, free_port):
    from catalogue import open_engine

    with open_house(engine=open_engine(f"http://127.0.0.1:{free_port}", None)) as house:
        for path in (DATASETS, f"{DATASETS}/autocomplete?q=a"):
            answer = house.get(path)
            assert (answer.status_code, answer.json["type"]) == (503, "/problems/search-unavailable")
            assert answer.headers["Retry-After"]
            assert str(free_port) not in answer.text
        assert house.get(f"{DATASETS}/parks/rows").status_code == 200


def test_the_health_of_feeds_is_told(still):
    feeds = {feed["feed"]: feed for feed in still.items("/api/v1/feeds")}
    assert feeds["parks"] == feeds["parks"] | {
        "status": "published", "rows": 25, "entries": 0, "datasets": ["parks"], "error": None,
    }  # fmt: skip
    assert feeds["parks"]["last_success"].endswith("Z")
    assert (feeds["list"]["rows"], feeds["list"]["entries"]) == (0, 1)
