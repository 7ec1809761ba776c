"""Pages for people: find data, look at it, and be told what is not there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from portal_city import PLACES
from portal_site import linked, opened, told_to_map


def test_home_shows_what_is_new_and_the_themes(site: Any) -> None:
    text = site.get("/").text
    for said in ("가온 버스", "대기질", "전체 7개 데이터셋 보기", 'href="/datasets?theme=transit"'):
        assert said in text


def test_words_find_datasets_and_mark_what_was_found(site: Any) -> None:
    text = site.get("/datasets?q=도서관").text
    assert "1개 가운데 1–1" in text
    assert "<em>도서관</em> 목록" in text


def test_a_facet_narrows_and_is_taken_away_again(site: Any) -> None:
    text = site.get("/datasets?q=가온&theme=boundary").text
    assert "1개 가운데" in text
    assert '/datasets/areas"' in text
    assert re.search(r'class="chip on" href="/datasets\?q=%EA%B0%80%EC%98%A8"', text)
    assert '<input type="hidden" name="theme" value="boundary">' in text


def test_an_order_is_kept_when_a_facet_is_added(site: Any) -> None:
    text = site.get("/datasets?sort=rows").text
    assert text.index("/datasets/places") < text.index("/datasets/areas")
    assert "sort=rows&amp;theme=transit" in text


def test_nothing_found_is_said_with_a_way_on(site: Any) -> None:
    answer = site.get("/datasets?q=없는낱말")
    assert answer.status_code == 200
    assert "찾은 데이터셋이 없습니다" in answer.text


@pytest.mark.parametrize("asked", ["offset=-1", f"offset={'9' * 5_000}", "offset=x", "sort=x", "theme="])
def test_a_search_page_forgives_what_the_api_refuses(site: Any, asked: str) -> None:
    assert site.get(f"/datasets?{asked}").status_code == 200


def test_a_search_engine_that_is_away_is_said_and_home_goes_on(landed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(landed, folder)
    with opened(folder, "http://127.0.0.1:9") as site:
        answer = site.get("/datasets?q=버스")
        assert answer.status_code == 503
        assert "검색 엔진이 응답하지 않습니다" in answer.text
        assert "찾은 데이터셋이 없습니다" not in answer.text
        assert "가온 구역" in site.get("/").text
        assert site.get("/datasets/places").status_code == 200


def test_a_dataset_shows_values_by_their_meaning(site: Any) -> None:
    text = site.get("/datasets/places").text
    assert "µg/m³" in text
    assert re.search(r'<span title="P">공원</span>', text)
    assert ">2026-03-01 09:00:00<" in text  # the city's zone
    assert "<code>L</code></dt><dd>도서관" in text
    assert "공공누리 제1유형" in text
    assert re.search(r'download.parquet" download>Parquet <small>[\d.]+ kB</small>', text)


def test_a_map_is_told_the_titles_and_how_many_rows_there_are(site: Any) -> None:
    told = told_to_map(site.get("/datasets/places").text)
    assert (told["total"], told["most"], told["moving"]) == (PLACES, 2_000, False)
    assert [column["title"] for column in told["columns"]][:2] == ["관리 번호", "종류"]
    assert told["columns"][1]["codes"] == {"P": "공원", "L": "도서관"}
    assert (told["columns"][2]["title"], told["columns"][2]["unit"]) == ("미세먼지", "µg/m³")
    assert told["bbox"] == pytest.approx([129, 35, 129.49, 35.41])


def test_only_rows_that_come_anew_are_looked_at_again(site: Any) -> None:
    assert told_to_map(site.get("/datasets/buses").text)["moving"]
    assert not told_to_map(site.get("/datasets/areas").text)["moving"]


def test_rows_without_places_have_no_map(site: Any) -> None:
    text = site.get("/datasets/readings").text
    assert told_to_map(text) is None
    assert "map.js" not in text
    assert "21.5" in text
    assert "download.csv" in text
    assert "download.geojson" not in text


def test_an_entry_without_rows_leads_to_its_publisher(site: Any) -> None:
    text = site.get("/datasets/lib-1").text
    assert 'href="https://data.example/lib"' in text
    assert "1500lib-1" in text
    assert "원문은 제공기관에 있음" in text
    assert "download." not in text


def test_search_engines_for_data_are_told_what_it_is(site: Any) -> None:
    text = site.get("/datasets/places").text
    told = linked(text)
    assert told["@type"] == "Dataset"
    assert told["spatialCoverage"]["geo"]["box"] == "35.0 129.0 35.41 129.49"
    assert told["temporalCoverage"].startswith("2026-03-01T00:00:00+00:00/")
    urls = {each["contentUrl"] for each in told["distribution"]}
    assert "http://localhost/api/v1/datasets/places/download.csv" in urls
    assert 'rel="alternate" type="application/json" href="/api/v1/datasets/places"' in text
    for path in re.findall(r'<link rel="alternate" type="[^"]+" href="([^"]+)"', text):
        assert site.get(path, Accept="*/*").status_code == 200
    assert "distribution" not in linked(site.get("/datasets/lib-1").text)


def test_crawlers_find_every_dataset(site: Any) -> None:
    robots = site.get("/robots.txt")
    assert robots.mimetype == "text/plain"
    (listed,) = re.findall(r"^Sitemap: http://localhost(.*)$", robots.text, re.MULTILINE)
    pages = site.get(listed).text.split()
    assert len(pages) == 7
    assert "http://localhost/datasets/places" in pages
    assert site.get("/sitemaps/1.txt").status_code == 404


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/nothing", 404, "그런 페이지가 없습니다"),
        ("/datasets/nothing", 404, "그런 데이터셋이 없습니다"),
        ("/problems/nothing", 404, "그런 페이지가 없습니다"),
    ],
)
def test_a_missing_page_is_a_page_in_the_reader_s_language(
    site: Any, path: str, status: int, said: str
) -> None:
    answer = site.get(path)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    assert said in answer.text
    assert 'action="/datasets"' in answer.text
    assert "there is no" not in answer.text
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_fault_of_ours_is_a_page_without_our_inside(landed: Path, tmp_path: Path) -> None:
    folder = tmp_path / "city"
    shutil.copytree(landed, folder)
    shutil.rmtree(folder / "parts")
    shutil.rmtree(folder / "derived", ignore_errors=True)
    with opened(folder) as site:
        answer = site.get("/datasets/readings")
    assert answer.status_code == 500
    assert "저희 쪽에 문제가 생겼습니다" in answer.text
    assert answer.headers["X-Request-ID"] in answer.text
    assert str(folder) not in answer.text
    assert "Traceback" not in answer.text


def test_every_problem_has_a_page_in_both_languages(site: Any) -> None:
    from gateway.problems import PROBLEMS

    for name, meaning in PROBLEMS.items():
        for language in ("ko", "en"):
            text = site.get(f"/problems/{name}", language).text
            assert name in text
            assert (meaning.best(language) or "?").split("`")[0][:12] in text


def test_the_console_reads_our_own_description(site: Any) -> None:
    text = site.get("/docs").text
    assert "http://localhost/api/v1/openapi.json" in text
    assert 'id="console"' in text
