"""Which language a page speaks, and its words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, cast

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")
COOKIE = "entrepot_lang"


def choose(asked: str | None, kept: str | None, accepted: Iterable[str]) -> Language:
    """The first of these that we speak, Korean when none is."""
    for wish in (asked, kept, *accepted):
        short = (wish or "").partition("-")[0].lower()
        if short in LANGUAGES:
            return short
    return "ko"


@cache
def words_of(language: Language) -> Mapping[str, str]:
    """Every phrase of the pages in a language, by its key."""
    path = Path(__file__).parent / "translations" / f"{language}.toml"
    return cast(Mapping[str, str], tomllib.loads(path.read_text(encoding="utf-8")))
