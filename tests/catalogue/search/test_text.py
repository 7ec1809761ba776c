"""What the analysis of Korean and English text agrees on between index and question."""

from __future__ import annotations

import html
import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.search.text import Term, analyse, highlight, spell, terms, typed_terms


def holds(text: str, q: str) -> bool:
    """What an engine does with the tokens: every term's tokens side by side, an open one begun."""
    tokens = analyse(text).split()
    return all(any(_at(tokens[start:], term) for start in range(len(tokens))) for term in terms(q))


def _at(tokens: list[str], term: Term) -> bool:
    if term.open:
        return tokens[0].startswith(term.tokens[0])
    return tuple(tokens[: len(term.tokens)]) == term.tokens


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("부산광역시 시내버스 정류장", "부산 버스"),
        ("부산광역시", "산광"),
        ("강서구", "구"),
        ("구청", "구"),
        ("2018년도 교통사고", "2018년"),
        ("2018년 교통사고", "2018년"),
        ("제3차 계획", "제3차"),
        ("서울2호선", "서울2호"),
        ("GTFS-RT vehicle feed", "gtfs-rt"),
        ("GTFS-RT vehicle feed", "GTFS"),
        ("B552895", "b552895"),
        ("B552895", "552895"),
        ("PM2.5 농도", "pm2.5"),
        ("PM 10", "PM 10"),
        ("traffic counting stations", "station counts"),
        ("The city's parks", "city"),
        ("Café Zürich", "cafe ZURICH"),
        ("ＣＣＴＶ 설치현황", "cctv"),
        ("도로ㆍ교통", "교통"),
        ("해수\u200b욕장", "해수욕장"),
        (unicodedata.normalize("NFD", "주차장"), "주차장"),
        ("주차장", unicodedata.normalize("NFD", "주차")),
        ("東京 버스", "東京"),
        ("코로나19 확진자", "코로나19"),
        ("코로나19", "코로나"),
    ],
)
def test_a_text_is_found_by(text: str, q: str) -> None:
    assert terms(q)
    assert holds(text, q)


@pytest.mark.parametrize(
    ("text", "q"),
    [
        ("시내버 스정류", "버스"),
        ("가나 나다", "가나다"),
        ("버스 정류장", "버스정류장"),
        ("부산", "부산시"),
        ("business", "bus"),
        ("B552895", "B55289"),
        ("2018월", "2018년"),
        ("RT GTFS", "GTFS-RT"),
    ],
)
def test_a_text_is_not_found_by(text: str, q: str) -> None:
    assert not holds(text, q)


HANGUL = st.text(alphabet="가나다라마 ,1a", max_size=12)


@given(HANGUL, st.text(alphabet="가나다라마", min_size=1, max_size=4))
def test_a_hangul_word_is_found_exactly_where_it_is_a_part_of_the_text(text: str, word: str) -> None:
    assert holds(text, word) == (word in text)


@given(st.text(max_size=40), st.text(max_size=10))
def test_every_text_is_found_by_its_own_words(before: str, word: str) -> None:
    assert holds(f"{before} {word}", word)


@given(st.text(max_size=60))
def test_tokens_are_words_of_bounded_length_separated_by_blanks(text: str) -> None:
    for tokens in (analyse(text), spell(text)):
        assert tokens == " ".join(tokens.split())
        assert all(len(token) <= 64 for token in tokens.split())


def test_no_phrase_spans_two_texts_of_one_field() -> None:
    assert "gtfs rt" not in analyse("GTFS", "RT")


def test_a_query_without_letters_or_digits_has_no_terms() -> None:
    assert terms(" - !? … ") == ()


def test_the_last_word_may_go_on_while_it_is_typed() -> None:
    assert typed_terms("traffic sta") == (Term(("traffic",)), Term(("sta",), open=True))
    assert typed_terms("부산 해수") == (Term(("부산",)), Term(("해수",)))


def test_a_syllable_that_is_not_finished_is_left_out() -> None:
    assert typed_terms("해수ㅇ") == typed_terms("해수")


def test_marks_stand_around_what_matched_and_the_rest_is_escaped() -> None:
    marked = highlight("부산 <버스> & Café stations", "버스 cafe station")
    assert marked == "부산 &lt;<em>버스</em>&gt; &amp; <em>Café</em> <em>stations</em>"


def test_nothing_is_marked_where_nothing_matched() -> None:
    assert highlight("부산 버스", "지하철") is None
    assert highlight("부산 버스", "") is None


def test_one_syllable_is_marked_alone() -> None:
    assert highlight("강서구청", "구") == "강서<em>구</em>청"


def test_a_long_text_is_cut_around_its_matches() -> None:
    marked = highlight("가나다 " * 100 + "부산 버스 " + "라마바 " * 100, "부산 버스")
    assert marked is not None
    assert "<em>부산</em> <em>버스</em>" in marked
    assert marked.startswith("…")
    assert marked.endswith("…")
    assert 150 <= len(re.sub("<[^>]+>", "", marked)) <= 210


@given(st.text(max_size=80), st.text(max_size=8))
def test_marked_text_is_the_text_itself(text: str, q: str) -> None:
    marked = highlight(text, q)
    if marked is not None:
        plain = html.unescape(marked.replace("<em>", "").replace("</em>", ""))
        assert plain == unicodedata.normalize("NFC", text)
        assert "<em>" in marked
