"""What a search engine promises: take documents, forget them, find them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from schemas.dataset import BBox
from schemas.query import FacetCount, SearchQuery


@dataclass(frozen=True)
class SearchDocument:
    """What an engine keeps of a dataset.

    `boxes` holds its extent: none, one, or two where it crosses the antimeridian, so that west <= east
    in each. `start` and `end` bound the time its rows speak of; None is open, both None is unknown.
    """

    id: str
    title_ko: str = ""
    title_en: str = ""
    description: str = ""
    keywords: tuple[str, ...] = ()
    publisher: str = ""
    themes: tuple[str, ...] = ()
    formats: tuple[str, ...] = ()
    licence: str = ""
    boxes: tuple[BBox, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    updated: datetime | None = None
    rows: int | None = None
    identifier: str | None = None


@dataclass(frozen=True)
class Hits:
    """One page of ids, best first, each with its score (None unless sorted by relevance).

    `total` counts all hits. `facets` counts, for each facet asked, the hits that all the other facets'
    filters leave; most frequent first, then by value, at most 100 values.
    """

    total: int
    hits: tuple[tuple[str, float | None], ...] = ()
    facets: Mapping[str, tuple[FacetCount, ...]] = field(default_factory=dict)


class SearchUnavailable(ConnectionError):
    """The engine cannot answer; says what is wrong and how to mend it."""

    def __init__(self, what: str, mend: str) -> None:
        self.what, self.mend = what, mend
        super().__init__(f"{what}; {mend}")


class SearchEngine(Protocol):
    """An index of datasets. Every method raises SearchUnavailable where the engine does not answer."""

    def put(self, documents: Iterable[SearchDocument]) -> None:
        """Add documents, or replace those of the same id; the next search sees them."""

    def drop(self, ids: Iterable[str]) -> None:
        """Forget documents; unknown ids are no error."""

    def search(self, query: SearchQuery) -> Hits:
        """The datasets that hold every word of the query and pass its filters."""

    def autocomplete(self, q: str, limit: int) -> list[str]:
        """Ids of up to `limit` datasets whose title holds every word of `q`, the last perhaps unfinished."""

    def clear(self) -> None:
        """Forget everything, a damaged index too."""

    def count(self) -> int:
        """How many documents there are."""

    def close(self) -> None:
        """Let go of files and sockets."""
