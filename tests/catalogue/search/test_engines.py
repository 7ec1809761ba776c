"""What both search engines promise: the same hits, facets and order for the same documents."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

from catalogue.search import SearchDocument, SearchEngine, document
from schemas.dataset import BBox, Dataset, Text
from schemas.query import FacetCount, SearchQuery


def ids(engine: SearchEngine, q: str = "", **asked: object) -> list[str]:
    """The ids a query finds, in its order."""
    return [id for id, _ in engine.search(SearchQuery(q=q, **asked)).hits]  # type: ignore[arg-type]


def day(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def placed(id: str, *boxes: BBox) -> SearchDocument:
    return SearchDocument(id, boxes=boxes)


PARKS = SearchDocument(
    "city-parks",
    title_ko="부산광역시 도시공원 현황",
    title_en="City parks of Busan",
    description="공원의 위치와 면적. Playgrounds included.",
    keywords=("녹지", "GTFS-RT"),
    publisher="부산광역시",
    themes=("facility", "environment"),
    formats=("CSV",),
    licence="KOGL-1",
    updated=day("2026-01-02"),
    rows=615,
    identifier="B552895",
)
BUSES = SearchDocument(
    "bus-stops",
    title_ko="시내버스 정류장",
    title_en="Bus stops",
    description="부산 시내버스가 서는 곳, 공원 앞 포함",
    publisher="부산교통공사",
    themes=("transport",),
    formats=("CSV", "XML"),
    licence="KOGL-2",
    updated=day("2026-03-01"),
    rows=143,
)
AIR = SearchDocument(
    "air",
    title_ko="대기 측정",
    publisher="환경부",
    themes=("environment",),
    formats=("JSON",),
    licence="KOGL-1",
)


def test_an_empty_engine_finds_nothing(engine: SearchEngine) -> None:
    found = engine.search(SearchQuery(q="버스", facets=("theme",)))
    assert (found.total, found.hits, found.facets) == (0, (), {"theme": ()})
    assert engine.count() == 0
    assert engine.autocomplete("버스", 10) == []
    engine.drop(["unknown"])


def test_what_was_put_is_found_by_the_next_search(engine: SearchEngine) -> None:
    engine.put([PARKS, BUSES])
    assert engine.count() == 2
    assert ids(engine, "정류장") == ["bus-stops"]


def test_the_same_id_is_replaced(engine: SearchEngine) -> None:
    engine.put([PARKS, BUSES])
    engine.put([SearchDocument("city-parks", title_ko="지하철")])
    assert engine.count() == 2
    assert ids(engine, "도시공원") == []
    assert ids(engine, "지하철") == ["city-parks"]


def test_the_last_of_one_id_in_a_put_stays(engine: SearchEngine) -> None:
    engine.put([SearchDocument("a", title_en="first"), SearchDocument("a", title_en="second")])
    assert engine.count() == 1
    assert ids(engine, "second") == ["a"]


def test_what_was_dropped_is_gone(engine: SearchEngine) -> None:
    engine.put([PARKS, BUSES])
    engine.drop(["bus-stops", "unknown"])
    assert ids(engine) == ["city-parks"]


def test_clear_forgets_everything_and_the_engine_goes_on(engine: SearchEngine) -> None:
    engine.put([PARKS])
    engine.clear()
    assert engine.count() == 0
    assert ids(engine) == []
    engine.put([BUSES])
    engine.clear()
    engine.put([AIR])
    assert ids(engine) == ["air"]


def test_every_word_must_stand_in_some_field(engine: SearchEngine) -> None:
    engine.put([PARKS, BUSES, AIR])
    expected: dict[str, set[str]] = {
        "부산": {"city-parks", "bus-stops"},
        "부산 버스": {"bus-stops"},
        "공원 면적": {"city-parks"},
        "버스 녹지": set(),
        "green 녹지": set(),
        "busan 녹지": {"city-parks"},
        "PARK playground": {"city-parks"},
        "stop": {"bus-stops"},
        "교통공사": {"bus-stops"},
        "environment": {"city-parks", "air"},
        "gtfs-rt": {"city-parks"},
        "b552895": {"city-parks"},
        "bus-stops": {"bus-stops"},
        "곳": {"bus-stops"},
        "시": {"city-parks", "bus-stops"},
        "": {"city-parks", "bus-stops", "air"},
        "  ": {"city-parks", "bus-stops", "air"},
        "?!": set(),
        '" OR * NOT (': set(),
    }
    found = {q: engine.search(SearchQuery(q=q)) for q in expected}
    assert {q: {id for id, _ in hits.hits} for q, hits in found.items()} == expected
    assert {q: hits.total for q, hits in found.items()} == {q: len(ids) for q, ids in expected.items()}


def test_a_word_in_the_title_counts_more(engine: SearchEngine) -> None:
    engine.put([PARKS, BUSES, AIR])
    assert ids(engine, "공원") == ["city-parks", "bus-stops"]


def test_scores_come_with_relevance_only(engine: SearchEngine) -> None:
    engine.put([PARKS, BUSES])
    scores = [score for _, score in engine.search(SearchQuery(q="공원")).hits]
    assert scores == sorted((score for score in scores if score), reverse=True)
    assert engine.search(SearchQuery(q="공원", sort="rows")).hits[0][1] is None
    assert engine.search(SearchQuery()).hits[0][1] is None


def test_equals_come_by_id_through_all_pages(engine: SearchEngine) -> None:
    names = [f"d{number * 7919 % 1000:04}" for number in range(300)]
    for batch in (names[:100], names[100:200], names[200:]):
        engine.put(SearchDocument(name, title_ko="교통 사고") for name in batch)
    pages = [ids(engine, "교통", limit=70, offset=offset) for offset in range(0, 350, 70)]
    assert [id for page in pages for id in page] == sorted(names)
    assert ids(engine, limit=300) == sorted(names)


def test_a_page_behind_the_last_is_empty(engine: SearchEngine) -> None:
    engine.put([PARKS, BUSES])
    found = engine.search(SearchQuery(q="부산", offset=10**9))
    assert (found.total, found.hits) == (2, ())
    assert ids(engine, limit=0) == []


def test_sorts_put_the_newest_the_largest_and_the_first_title_first(engine: SearchEngine) -> None:
    engine.put([AIR, PARKS, BUSES])
    assert ids(engine, sort="updated") == ["bus-stops", "city-parks", "air"]
    assert ids(engine, sort="rows") == ["city-parks", "bus-stops", "air"]
    assert ids(engine, sort="title") == ["air", "city-parks", "bus-stops"]


def test_equals_of_a_sort_come_by_id(engine: SearchEngine) -> None:
    engine.put(SearchDocument(id, title_en="Same", rows=5, updated=day("2020-01-01")) for id in "cab")
    for sort in ("updated", "rows", "title"):
        assert ids(engine, sort=sort) == ["a", "b", "c"]


def test_values_of_one_facet_are_alternatives_and_facets_are_anded(engine: SearchEngine) -> None:
    engine.put([PARKS, BUSES, AIR])
    assert set(ids(engine, themes=("transport", "environment"))) == {"bus-stops", "city-parks", "air"}
    assert ids(engine, themes=("environment",), formats=("JSON",)) == ["air"]
    assert ids(engine, publishers=("부산광역시",)) == ["city-parks"]
    assert ids(engine, publishers=("부산",)) == []
    assert ids(engine, licences=("KOGL-1",), q="공원") == ["city-parks"]


def test_a_facet_counts_what_the_other_filters_leave(engine: SearchEngine) -> None:
    engine.put([PARKS, BUSES, AIR])
    asked = SearchQuery(
        themes=("transport",), licences=("KOGL-1", "KOGL-2"), facets=("theme", "licence", "format")
    )
    found = engine.search(asked)
    assert found.total == 1
    assert found.facets == {
        "theme": (FacetCount("environment", 2), FacetCount("facility", 1), FacetCount("transport", 1)),
        "licence": (FacetCount("KOGL-2", 1),),
        "format": (FacetCount("CSV", 1), FacetCount("XML", 1)),
    }


def test_a_facet_shows_its_hundred_most_frequent_values(engine: SearchEngine) -> None:
    engine.put(SearchDocument(f"d{n}", publisher=f"p{n % 150:03}") for n in range(299))
    counts = engine.search(SearchQuery(facets=("publisher",))).facets["publisher"]
    assert counts == tuple(FacetCount(f"p{n:03}", 2) for n in range(100))


def test_a_theme_given_twice_counts_once(engine: SearchEngine) -> None:
    engine.put([SearchDocument("a", themes=("x", "x"))])
    assert engine.search(SearchQuery(facets=("theme",))).facets["theme"] == (FacetCount("x", 1),)


def test_a_box_finds_what_it_meets(engine: SearchEngine) -> None:
    busan, seoul = (128.7, 34.8, 129.4, 35.5), (126.7, 37.4, 127.2, 37.7)
    engine.put([placed("busan", busan), placed("seoul", seoul), placed("nowhere")])
    assert ids(engine, bbox=(129.0, 35.0, 129.1, 35.1)) == ["busan"]
    assert ids(engine, bbox=(120.0, 30.0, 140.0, 40.0)) == ["busan", "seoul"]
    assert ids(engine, bbox=(129.4, 35.5, 130.0, 36.0)) == ["busan"]
    assert ids(engine, bbox=(129.5, 34.0, 130.0, 36.0)) == []
    assert ids(engine, bbox=(126.0, 35.0, 127.5, 37.0)) == []


def test_boxes_cross_the_antimeridian_on_both_sides(engine: SearchEngine) -> None:
    fiji = Dataset("fiji", Text(en="Fiji"), "p", "l", "f", bbox=(177.0, -20.0, -178.0, -15.0))
    engine.put(
        [document(fiji), placed("samoa", (-173.0, -15.0, -171.0, -13.0)), placed("busan", (128, 34, 129, 35))]
    )
    assert ids(engine, bbox=(178.0, -18.0, 179.0, -17.0)) == ["fiji"]
    assert ids(engine, bbox=(-179.0, -18.0, -178.5, -17.0)) == ["fiji"]
    assert ids(engine, bbox=(170.0, -18.0, -170.0, -10.0)) == ["fiji", "samoa"]
    assert ids(engine, bbox=(-177.0, -18.0, 176.0, 40.0)) == ["busan", "samoa"]


def test_times_find_the_periods_they_overlap(engine: SearchEngine) -> None:
    engine.put(
        [
            SearchDocument("2018", start=day("2018-01-01"), end=day("2018-12-31")),
            SearchDocument("since-2020", start=day("2020-01-01")),
            SearchDocument("until-1969", end=day("1969-07-20")),
            SearchDocument("unknown", updated=day("2018-06-01")),
        ]
    )
    assert ids(engine, start=day("2018-06-01"), end=day("2018-06-02")) == ["2018"]
    assert ids(engine, start=day("2018-12-31")) == ["2018", "since-2020"]
    assert ids(engine, end=day("2018-01-01")) == ["2018", "until-1969"]
    assert ids(engine, start=day("1970-01-01"), end=day("1971-01-01")) == []
    assert len(ids(engine)) == 4


def test_autocomplete_finds_beginnings_of_words_and_inner_parts_of_hangul(engine: SearchEngine) -> None:
    engine.put(
        [PARKS, BUSES, SearchDocument("traffic", title_en="Facilities of traffic PM10", title_ko="해수욕장")]
    )
    expected = {
        "도시": "city-parks",
        "정류": "bus-stops",
        "부산 공": "city-parks",
        "facilit": "traffic",
        "facilities of tra": "traffic",
        "수욕": "traffic",
        "해수ㅇ": "traffic",
        "pm1": "traffic",
    }
    assert {q: engine.autocomplete(q, 5) for q in expected} == {q: [id] for q, id in expected.items()}
    assert engine.autocomplete("환경부", 5) == []
    assert engine.autocomplete(" ", 5) == []


def test_autocomplete_puts_the_best_title_first(engine: SearchEngine) -> None:
    long = SearchDocument("a", title_ko="전국 모든 도시와 군의 도로변 주차장에 관한 아주 긴 이름의 현황 자료")
    engine.put([long, SearchDocument("b", title_ko="주차장")])
    assert engine.autocomplete("주차", 10) == ["b", "a"]
    assert engine.autocomplete("주차", 1) == ["b"]


def test_a_document_says_what_the_catalogue_says() -> None:
    period = (day("2020-01-01"), None)
    described = document(
        Dataset(
            "d",
            Text("제목", "Title"),
            "p",
            "l",
            "f",
            description=Text("설명", "About"),
            period=period,
            bbox=(1, 2, 3, 4),
        )
    )
    assert (described.title_ko, described.title_en, described.description) == ("제목", "Title", "설명\nAbout")
    assert (described.start, described.end, described.boxes) == (*period, ((1, 2, 3, 4),))


def test_long_and_odd_values_are_taken(engine: SearchEngine) -> None:
    odd = "가" * 9000 + " \0\ud7ff " + "x" * 40_000
    engine.put(
        [SearchDocument("odd", title_ko=odd, description=odd, publisher=odd, keywords=(odd,), rows=-1)]
    )
    assert ids(engine, "가가가") == ["odd"]
    assert ids(engine, sort="title") == ["odd"]
    far = "가" * 600
    engine.put([SearchDocument(far, title_ko="먼 곳")])
    assert ids(engine, "먼") == [far]
    engine.drop([far])
    assert engine.count() == 1


def test_puts_of_single_documents_keep_all_of_them(engine: SearchEngine) -> None:
    for number in range(25):
        engine.put([SearchDocument(f"d{number:02}", title_ko="공원")])
    found = ids(engine, "공원", limit=100)
    assert len(found) == 25
    assert all(before < after for before, after in pairwise(found))
