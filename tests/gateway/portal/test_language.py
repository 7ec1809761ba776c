"""Both languages say the same things, and a page speaks the one that is wished."""

from __future__ import annotations

import re
import string
from pathlib import Path
from typing import Any, get_args

import pytest

import gateway.portal
from gateway.portal.language import LANGUAGES, choose, words_of
from schemas.dataset import COLUMN_TYPES, Role
from schemas.query import Sort
from schemas.run import EXCUSED, REPAIR_RULES, Status

PORTAL = Path(gateway.portal.__file__).parent
HANGUL = re.compile(r"[가-힣]")


def places(phrase: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(phrase) if name}


def test_both_languages_have_the_same_phrases_with_the_same_places() -> None:
    korean, english = words_of("ko"), words_of("en")
    assert set(korean) == set(english)
    for key in korean:
        assert places(korean[key]) == places(english[key]), key
        said = (korean[key].format(**dict.fromkeys(places(korean[key]), "0")),)
        later = (english[key].format(**dict.fromkeys(places(english[key]), "0")),)
        assert set(re.findall(r"\{\w+\}", said[0])) == set(re.findall(r"\{\w+\}", later[0])), key


def test_every_phrase_that_a_template_says_is_there() -> None:
    said = set(words_of("ko"))
    for template in (PORTAL / "templates").glob("*.html"):
        assert set(re.findall(r"""\bt\(["']([\w-]+)["'][,)]""", template.read_text())) <= said, template.name
    kinds = [
        ("type", COLUMN_TYPES),
        ("role", get_args(Role)),
        ("status", get_args(Status)),
        ("sort", get_args(Sort)),
    ]
    for kind, words in kinds:
        assert {f"{kind}_{word}" for word in words} <= said


def test_every_rule_of_repair_has_a_name_and_every_rule_is_known() -> None:
    said = set(words_of("ko"))
    assert {word for word in REPAIR_RULES if f"repair_{word}" not in said} == set()
    assert {f"reason_{word}" for word in EXCUSED} <= said
    rules = re.compile(r'\bRule\(\s*"([a-z_]+)"')
    found = {
        word
        for path in (PORTAL.parents[1] / "harvesters").rglob("*.py")
        for word in rules.findall(path.read_text("utf-8"))
    }
    assert len(found) > 15, "the rules are written otherwise by now"
    assert found <= set(REPAIR_RULES)


def test_korean_phrases_are_korean() -> None:
    foreign = [key for key, phrase in words_of("ko").items() if not HANGUL.search(phrase)]
    named = {key for key in foreign if not key.startswith("format_")}  # Formats have names of their own.
    assert named <= {"site", "other_language"}


@pytest.mark.parametrize(
    ("asked", "kept", "accepted", "chosen"),
    [
        ("en", "ko", ["ko-KR"], "en"),
        (None, "en", ["ko-KR"], "en"),
        (None, None, ["fr", "en-GB", "ko"], "en"),
        (None, None, ["fr"], "ko"),
        ("xx", "yy", [], "ko"),
    ],
)
def test_a_wish_goes_before_habit_and_habit_before_the_browser(
    asked: str | None, kept: str | None, accepted: list[str], chosen: str
) -> None:
    assert choose(asked, kept, accepted) == chosen


def test_a_page_says_its_language_and_remembers_a_wish(reader: Any) -> None:
    english = reader.get("/datasets/places?lang=en", "ko")
    assert '<html lang="en">' in english.text
    assert english.headers["Content-Language"] == "en"
    assert "Public places" in english.text
    assert reader.get("/datasets/places", "ko").headers["Content-Language"] == "en"
    assert reader.get("/nothing", "ko").headers["Content-Language"] == "en"


def test_a_page_is_not_kept_for_readers_of_another_language(site: Any) -> None:
    page = site.get("/")
    assert {"Accept-Language", "Cookie"} <= set(page.headers["Vary"].replace(",", "").split())
    assert "private" in page.headers["Cache-Control"]


@pytest.mark.parametrize("path", ["/", "/datasets", "/datasets/readings", "/developers", "/docs", "/nothing"])
def test_a_page_links_to_itself_in_both_languages(site: Any, path: str) -> None:
    text = site.get(path).text
    for language in LANGUAGES:
        assert f'hreflang="{language}" href="http://localhost{path}?lang={language}"' in text


def test_korean_pages_name_statuses_types_themes_and_reasons_in_korean(site: Any) -> None:
    text = site.get("/datasets/readings").text
    for word in ("실패", "보류됨", "게시됨", "범위 밖 40", "글자", "밝히지 않음"):
        assert word in text
    assert "시설" in site.get("/datasets/places").text
    for word in (">failed<", ">held<", ">published<", ">text<", "outside_extent"):
        assert word not in text
