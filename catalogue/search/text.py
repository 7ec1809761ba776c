"""Read Korean and English text the one way all engines index, ask and highlight it.

Text is folded (NFKC, lower case, no accents, no invisible characters) and cut into runs. Each Hangul or
Han syllable starts one token: itself with its successor, or alone at the end of its run. So a part of a
word is a phrase of tokens (`부산시` is `부산 산시 시`, and `산시` is in it), and no phrase spans two runs.
A run right behind a letter or digit announces its first syllable alone, so that `2018년` is in `2018년도`.
Letters are one stemmed token, digits another: `B552895` is the phrase `b 552895`.
"""

from __future__ import annotations

import html
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import snowballstemmer

ANALYSIS = 1
"""Counts up when the tokens of a text change: an index of another number must be built again."""

BREAK = "|"
"""A token no query holds; keeps phrases from spanning two texts of one field."""

_CJK = "가-힣々一-鿿㐀-䶿ぁ-ヿ"
_RUN = re.compile(rf"(?P<cjk>[{_CJK}]+)|(?P<digits>\d+)|(?P<letters>[^\W\d_{_CJK}]+(?:'s\b)?)")
_UNFINISHED = re.compile(r"[ㄱ-ㅎㅏ-ㅣ]+$")
_FRAGMENT = 200
_LONGEST = 64  # characters of a token; Elasticsearch would cut at 255, in the middle of our agreement


@dataclass(frozen=True)
class Term:
    """A word of a query: its tokens stand in this order side by side; an `open` last one may go on."""

    tokens: tuple[str, ...]
    open: bool = False


class _Token(NamedTuple):  # by the million, at a third of a dataclass's cost
    text: str
    start: int
    end: int


def analyse(*texts: str) -> str:
    """The tokens of the texts, separated by blanks, ready for a whitespace tokenizer."""
    return _spell(texts, _stemmed)


def spell(*texts: str) -> str:
    """As `analyse` but with Latin words as written, for words that are still being typed."""
    return _spell(texts, _spelt)


@lru_cache(maxsize=1_024)
def terms(q: str) -> tuple[Term, ...]:
    """What a text must hold to answer `q`: each word of it; none where `q` has no letter or digit."""
    return tuple(filter(None, (_term(word, _stem) for word in q.split())))


def typed_terms(q: str) -> tuple[Term, ...]:
    """What a title, spelt by `spell`, must hold while `q` is being typed: its last word may go on."""
    words = _UNFINISHED.sub("", q).split()
    found = [term for word in words if (term := _term(word, _as_written))]
    if found and _last_is_latin(words[-1]):
        found[-1] = Term(found[-1].tokens, open=True)
    return tuple(found)


def highlight(text: str, q: str) -> str | None:
    """`text` as HTML with <em> around what `q` found, cut to some 200 characters; None if nothing."""
    text = unicodedata.normalize("NFC", text)
    spans = _merge(_found(text, terms(q)))
    if not spans:
        return None
    start, end = _fragment(text, spans)
    parts, at = ["…" if start else ""], start
    for left, right in spans:
        if start <= left and right <= end:
            parts += [html.escape(text[at:left]), "<em>", html.escape(text[left:right]), "</em>"]
            at = right
    return "".join([*parts, html.escape(text[at:end]), "…" if end < len(text) else ""])


def fold(text: str) -> str:
    """`text` without differences of case, width, accent or composition."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold, unicodedata.normalize("NFC", text)))


@lru_cache(maxsize=65_536)
def _fold(character: str) -> str:
    if unicodedata.category(character) == "Cf":  # soft hyphens, zero-width spaces
        return ""
    if character in "ㆍᆞ":  # an old vowel, typed as a middle dot
        return " "
    if character == "’":
        return "'"
    parts = unicodedata.normalize("NFKD", character.casefold())
    plain = "".join(part for part in parts if not "\u0300" <= part <= "\u036f")
    return unicodedata.normalize("NFC", plain).casefold()


@lru_cache(maxsize=65_536)
def _stem(word: str) -> str:
    # A stemmer keeps its place in itself, so threads must not share one.
    return str(snowballstemmer.stemmer("english").stemWord(word))[:_LONGEST]


def _as_written(word: str) -> str:
    return word[:_LONGEST]


def _spell(texts: Iterable[str], spelt: Callable[[str], str]) -> str:
    parts = (" ".join(filter(None, map(spelt, fold(text).split()))) for text in texts)
    return f" {BREAK} ".join(filter(None, parts))


# Most words come back. One argument each, for the look-up is what indexing spends its time on.
@lru_cache(maxsize=65_536)
def _stemmed(word: str) -> str:
    return " ".join(token.text for token in _tokens(word, _stem))


@lru_cache(maxsize=65_536)
def _spelt(word: str) -> str:
    return " ".join(token.text for token in _tokens(word, _as_written))


def _tokens(folded: str, stem: Callable[[str], str]) -> Iterator[_Token]:
    behind = -1
    for run in _RUN.finditer(folded):
        start, end = run.span()
        if run.lastgroup == "cjk":
            if start == behind:
                yield _Token(folded[start], start, start + 1)
            for at in range(start, end - 1):
                yield _Token(folded[at : at + 2], at, at + 2)
            yield _Token(folded[end - 1], end - 1, end)
        else:
            word = run.group()
            yield _Token(stem(word) if run.lastgroup == "letters" else word[:_LONGEST], start, end)
        behind = end


def _term(word: str, stem: Callable[[str], str]) -> Term | None:
    tokens = list(_tokens(fold(word), stem))
    if not tokens:
        return None
    last = tokens[-1]
    if not re.match(f"[{_CJK}]", last.text):
        return Term(tuple(token.text for token in tokens))
    if len(tokens) == 1:
        return Term((last.text,), open=True)
    if tokens[-2].end == last.end:  # the word may go on behind its last syllable
        tokens.pop()
    return Term(tuple(token.text for token in tokens))


def _last_is_latin(word: str) -> bool:
    return not re.search(f"[{_CJK}]\\W*$", fold(word))


def _found(text: str, wanted: tuple[Term, ...]) -> Iterator[tuple[int, int]]:
    """Where in `text` each term stands, as slices of it."""
    folded = "".join(map(_fold, text))
    literals = [literal for term in wanted if (literal := _literal(term))]
    spans = [span for literal in literals for span in _occurrences(folded, literal)]
    others = [term for term in wanted if not _literal(term)]
    if others:
        spans += _phrases(list(_tokens(folded, _stem)), others)
    if spans:
        places = [place for place, character in enumerate(text) for _ in _fold(character)]
        yield from ((places[start], places[end - 1] + 1) for start, end in spans)


@lru_cache(maxsize=4_096)
def _literal(term: Term) -> str:
    """The syllables that any text with the term holds side by side; "" where it is not one run of them."""
    first, *others = term.tokens
    if not re.fullmatch(f"[{_CJK}]{{1,2}}", first):
        return ""
    overlapping = all(
        len(token) == 2 and token[0] == before[-1] and len(before) == 2
        for before, token in zip(term.tokens, others, strict=False)
    )
    return first + "".join(token[1] for token in others) if overlapping else ""


def _occurrences(folded: str, literal: str) -> Iterator[tuple[int, int]]:
    at = folded.find(literal)
    while at >= 0:
        yield at, at + len(literal)
        at = folded.find(literal, at + 1)


def _phrases(tokens: list[_Token], wanted: list[Term]) -> Iterator[tuple[int, int]]:
    for term in wanted:
        for at in range(len(tokens) - len(term.tokens) + 1):
            here = tokens[at : at + len(term.tokens)]
            if _matches(term, here):
                yield here[0].start, here[0].start + 1 if term.open else here[-1].end


def _matches(term: Term, here: list[_Token]) -> bool:
    if term.open:
        return here[0].text.startswith(term.tokens[0])
    return all(token.text == wanted for token, wanted in zip(here, term.tokens, strict=True))


def _merge(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for left, right in sorted(spans):
        if merged and left <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(right, merged[-1][1]))
        else:
            merged.append((left, right))
    return merged


def _fragment(text: str, spans: list[tuple[int, int]]) -> tuple[int, int]:
    """The slice of a long text that shows most of the spans, a little before the first of them."""
    if len(text) <= _FRAGMENT * 5 // 4:
        return 0, len(text)

    def shown(first: tuple[int, int]) -> int:
        return sum(first[0] <= left and right <= first[0] + _FRAGMENT * 3 // 4 for left, right in spans)

    best = max(spans, key=shown)
    start = max(0, min(best[0] - _FRAGMENT // 5, len(text) - _FRAGMENT))
    blank = text.find(" ", start, best[0])
    start = blank + 1 if start and blank >= 0 else start
    return start, min(len(text), max(start + _FRAGMENT, best[1]))
