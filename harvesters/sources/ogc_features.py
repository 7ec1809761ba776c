"""A collection of OGC API Features, page by page along its links, held to the number that it matches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harvesters.faults import FeedMisconfigured, SourceIncomplete, SourceUnavailable
from harvesters.portals import Moved, twice
from harvesters.portals.listing import Listing
from harvesters.services import ASIDE, Service, check_number, check_service, check_texts
from harvesters.services.features import collection, feature
from harvesters.services.links import Answer, linked_pages
from harvesters.services.watermark import Watermark, written
from harvesters.sources import Raw, Visit

OPTIONS = frozenset({"collection", "page_size", "watermark"}) | ASIDE
REQUIRED = frozenset({"url", "collection"})
FORMAT = "gis"

PAGE_SIZE = 1_000
_ACCEPT = "application/geo+json, application/json;q=0.8"


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` the landing page, `collection` its id, `page_size` 1 to 10,000, `watermark` a property's name."""
    yield from check_service(options)
    yield from check_texts(options, "collection", "watermark")
    yield from check_number(options, "page_size", 1, 10_000)


def read(visit: Visit) -> Raw:
    """Every feature in longitude and latitude; with `watermark` those alone that are as late or later.

    Raises SourceIncomplete where another number came than was matched, SourceRefused, SourceUnavailable,
    FeedMisconfigured.
    """
    if visit.options.get("watermark") and visit.feed.mode != "append":
        raise FeedMisconfigured(
            f'{visit.feed.id}: watermark adds to what is published, and the feed has no mode = "append"'
        )
    service = Service(visit)
    what = f"{visit.feed.id}: the collection {visit.options['collection']}"
    raw: Raw = twice(lambda: _Walk(service).all(), what)
    return raw


@dataclass
class _Walk:
    """One walk along the pages of a collection; `totals` are the numbers that they matched."""

    service: Service
    ids: set[str] = field(default_factory=set)
    totals: set[int] = field(default_factory=set)

    def all(self) -> Raw:
        """Write every feature; raises Moved unless they are as many as each page matched, and differ."""
        visit = self.service.visit
        mark = Watermark.known(visit.known)
        url = f"{self.service.address}/collections/{visit.options['collection']}/items"
        params = {"limit": str(visit.options.get("page_size", PAGE_SIZE))}
        if visit.options.get("watermark") and mark.latest:
            params["datetime"] = f"{written(mark.latest)}/.."
        with collection(visit.folder / "features.geojson") as listing:
            for page in linked_pages(self.service, url, params, _following, Accept=_ACCEPT):
                self._write(page, listing, mark)
        if self.totals - {listing.count}:
            said = " then ".join(map(str, sorted(self.totals)))
            raise Moved(f"it matches {said} features and gave {listing.count}")
        state = mark.state if visit.options.get("watermark") else {}
        return listing.raw(self.service.received, state=state)

    def _write(self, page: Answer, listing: Listing, mark: Watermark) -> None:
        for each in self._features(page):
            id, row = each.get("id"), each.get("properties") or {}
            if id is not None and str(id) in self.ids:
                raise Moved(f"{id} came twice")
            self.ids |= {str(id)} if id is not None else set()
            mark.note(row.get(self.service.visit.options.get("watermark")))
            row = row if id is None or "id" in row else {"id": id, **row}
            listing.write(feature(row, each.get("geometry")))

    def _features(self, page: Answer) -> list[Mapping[str, Any]]:
        """The features of a page, which is what it says that it is."""
        name, found = self.service.name, page.get("features")
        if not isinstance(found, list) or not all(isinstance(each, Mapping) for each in found):
            raise SourceUnavailable(
                f"{name}: the answer holds no list of features but {self.service.quoted(page)}"
            )
        returned, matched = page.get("numberReturned"), page.get("numberMatched")
        if isinstance(returned, int) and returned != len(found):
            raise SourceIncomplete(f"{name}: a page says it holds {returned} features and gave {len(found)}")
        self.totals |= {matched} if isinstance(matched, int) else set()
        crs = self.service.headers.get("content-crs", "CRS84")
        if "CRS84" not in crs:
            raise SourceUnavailable(f"{name}: the features come in {crs[:100]} and not in CRS84")
        return found


def _following(page: Answer) -> Any:
    """Where the next page is, in JSON where it is to be had in several forms."""
    links = page.get("links")
    found = [each for each in links if isinstance(each, Mapping)] if isinstance(links, list) else []
    onward = [each for each in found if each.get("rel") == "next"]
    in_json = [each for each in onward if "json" in str(each.get("type", "json"))]
    return next((each.get("href", "") for each in in_json or onward), None)
