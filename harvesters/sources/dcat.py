"""A DCAT catalogue in RDF: RDF/XML, Turtle or JSON-LD, in one document or in pages (Hydra)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

from rdflib import Graph

from harvesters.faults import SourceIncomplete, Unreadable
from harvesters.fetch import Fetched, is_address
from harvesters.portals import Moved, twice
from harvesters.portals.conditions import to_know, unless_same
from harvesters.portals.listing import Listing
from harvesters.reading.catalogues.dcat import entries, next_page, total
from harvesters.reading.catalogues.rdf import graph_of, text_of
from harvesters.sources import Raw, Unmodified, Visit

OPTIONS = frozenset({"url"})
REQUIRED = frozenset({"url"})
FORMAT = "json"

_ACCEPT = "application/rdf+xml, text/turtle, application/ld+json;q=0.9, */*;q=0.1"
_PAGES = 10_000


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` is an absolute http or https address."""
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"


def read(visit: Visit) -> Raw | Unmodified:
    """Every dataset of all pages as an entry, held to the catalogue's own count where it gives one.

    Raises SourceIncomplete where it is not that many, or where the pages move or lead back to themselves.
    """
    reading = _Reading(visit, Listing(visit.folder / "datasets.json"))
    raw: Raw | Unmodified = twice(reading.walk, f"{visit.feed.id}: the catalogue")
    return raw


@dataclass(frozen=True)
class _Reading:
    """One reading of a catalogue, which may be walked more than once."""

    visit: Visit
    listing: Listing

    def walk(self) -> Raw | Unmodified:
        """Read from the first page to the last; raises Moved."""
        start = self.visit.options["url"]
        seen: set[str] = set()
        names: set[str] = set()
        size, url = 0, start
        with self.listing:
            while True:
                fetched = self._fetch(url, unless_same(self.visit.known, start) if url == start else {})
                if fetched.unmodified:
                    return Unmodified(f"{fetched.url}: not modified (status 304)")
                seen.add(url)
                size += fetched.bytes
                graph = graph_of(text_of(fetched.path)[0], fetched.url)
                self._take(graph, names)
                following = next_page(graph)
                if following is None:
                    break
                url = self._turn(urljoin(fetched.url, following), seen)
        self._hold(total(graph), paged=len(seen) > 1)
        return self.listing.raw(size, state=to_know(start, fetched) if len(seen) == 1 else {})

    def _fetch(self, url: str, headers: Mapping[str, str]) -> Fetched:
        return self.visit.fetch(url, self.visit.folder / "page", headers={"Accept": _ACCEPT, **headers})

    def _take(self, graph: Graph, names: set[str]) -> None:
        """Write a page's datasets; one that stood on an earlier page tells that the pages moved."""
        page = list(entries(graph))
        own = {entry.identifier for entry in page if entry.identifier}
        again = min(own & names, default=None)
        if again is not None:
            raise Moved(f"{again} came on two pages")
        names |= own
        for entry in page:
            self.listing.add(entry)

    def _turn(self, url: str, seen: set[str]) -> str:
        if url in seen or len(seen) == _PAGES:
            raise SourceIncomplete(
                f"{self.visit.feed.id}: page {len(seen)} of the catalogue leads on to {url}"
            )
        return url

    def _hold(self, count: int | None, *, paged: bool) -> None:
        """Hold what came to what the catalogue says that it holds."""
        if count is not None and count != self.listing.count:
            raise Moved(f"it says that it holds {count} datasets and gave {self.listing.count}")
        if not self.listing.count and not paged:
            raise Unreadable("the RDF holds no dcat:Dataset", "url under [source] is that of a catalogue")
