"""Korean questions to the list of data.go.kr find all that hold their words, on both engines.

The rule: a dataset is found if each word, of two or more Hangul syllables, is a part of its title,
description, publisher, theme, id or identifier, after NFKC and without invisible characters.
"""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from catalogue.search import SearchDocument, SearchEngine
from schemas.query import FacetCount, SearchQuery

QUESTIONS = [
    "버스",
    "부산",
    "주차장",
    "도서관",
    "도서",
    "미세먼지",
    "정류장",
    "버스정류장",
    "버스 정류장",
    "어린이보호구역",
    "어린이 보호구역",
    "전기차충전소",
    "전기차 충전소",
    "하수도",
    "교통사고",
    "부산 버스",
    "해수욕",
    "부산 교통 사고 현황",
]
EVERYTHING = 40_000


def plain(text: str) -> str:
    text = unicodedata.normalize("NFKC", text.replace("ㆍ", " "))
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


@pytest.fixture(scope="session")
def texts(listed: list[SearchDocument]) -> dict[str, str]:
    """What each document says, by id."""
    return {
        entry.id: plain("\n".join((entry.title_ko, entry.description, entry.publisher, *entry.themes)))
        for entry in listed
    }


def held(texts: dict[str, str], q: str) -> set[str]:
    return {id for id, text in texts.items() if all(word in text for word in q.split())}


def found(engine: SearchEngine, q: str) -> set[str]:
    return {id for id, _ in engine.search(SearchQuery(q=q, sort="title", limit=EVERYTHING)).hits}


def test_questions_find_exactly_what_holds_their_words(full: SearchEngine, texts: dict[str, str]) -> None:
    assert {q: found(full, q) ^ held(texts, q) for q in QUESTIONS} == {q: set() for q in QUESTIONS}
    assert len(held(texts, "해수욕")) == 26


def test_any_part_of_any_title_finds_what_holds_it(full: SearchEngine, texts: dict[str, str]) -> None:
    chance = random.Random(7)
    runs = sorted({run for text in texts.values() for run in re.findall("[가-힣]{2,}", text[:40])})
    for run in chance.sample(runs, 30):
        start = chance.randrange(len(run) - 1)
        part = run[start : start + chance.randint(2, 5)]
        assert found(full, part) == held(texts, part), part


def test_single_syllables_find_what_holds_them(full: SearchEngine, texts: dict[str, str]) -> None:
    for syllable in "욕곶":
        assert found(full, syllable) == held(texts, syllable)


def test_words_of_all_kinds_find_the_listed_dataset(full: SearchEngine) -> None:
    for q in ("15050941", "data-go-kr-list-15050941", "대구 시내버스 2007년 이용객", "대구광역시_시내버스"):
        assert "data-go-kr-list-15050941" in found(full, q), q


def test_facets_count_the_whole_list(full: SearchEngine, listed: list[SearchDocument]) -> None:
    themes: dict[str, int] = {}
    for entry in listed:
        if "FILE" in entry.formats and "부산" in entry.title_ko + entry.description + entry.publisher:
            themes[entry.themes[0]] = themes.get(entry.themes[0], 0) + 1
    counts = sorted(themes.items(), key=lambda theme: (-theme[1], theme[0]))
    asked = SearchQuery(q="부산", formats=("FILE",), themes=("교통물류",), facets=("theme",))
    assert full.search(asked).facets["theme"] == tuple(FacetCount(*count) for count in counts)


def test_pages_of_a_common_word_show_each_hit_once(full: SearchEngine) -> None:
    total = full.search(SearchQuery(q="부산")).total
    shown: list[str] = []
    for offset in range(0, total, 250):
        page = full.search(SearchQuery(q="부산", limit=250, offset=offset))
        shown += [id for id, _ in page.hits]
    assert len(shown) == len(set(shown)) == total


def test_autocomplete_finds_inner_parts_and_two_words(
    full: SearchEngine, listed: list[SearchDocument]
) -> None:
    titles = {entry.id: entry.title_ko for entry in listed}
    for q in ("해수욕", "부산 버스"):
        offered = full.autocomplete(q, 10)
        assert len(offered) == 10 or q == "부산 버스"
        assert offered
        assert all(word in titles[id] for id in offered for word in q.split())
