"""A layer of a Web Feature Service (OGC WFS 2.0.0 and 1.1.0), held to the service's own count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from harvesters.faults import SourceIncomplete
from harvesters.portals import Moved, twice
from harvesters.portals.listing import Listing
from harvesters.services import ASIDE, Service, check_number, check_service, check_texts
from harvesters.services.capabilities import VERSIONS, NotTaken
from harvesters.services.features import collection
from harvesters.services.gml import document
from harvesters.services.wfs import Page, Wfs
from harvesters.sources import Raw, Visit

OPTIONS = frozenset({"layer", "version", "sort", "page_size"}) | ASIDE
REQUIRED = frozenset({"url", "layer"})
FORMAT = "gis"

PAGE_SIZE = 5_000


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` an address, `layer` and `sort` texts, `version` one of VERSIONS, `page_size` 10 to 100,000."""
    yield from check_service(options)
    yield from check_texts(options, "layer", "sort")
    yield from check_number(options, "page_size", 10, 100_000)
    if options.get("version", VERSIONS[0]) not in VERSIONS:
        yield "version", f"takes {' or '.join(VERSIONS)}"


def read(visit: Visit) -> Raw:
    """Every feature of the layer, in GeoJSON where the service writes it, else in GML.

    Raises SourceIncomplete where another number came than the service counts, SourceRefused or
    SourceUnavailable with its own words.
    """
    wfs = Wfs(Service(visit))
    wfs.open()
    size = int(visit.options.get("page_size", PAGE_SIZE))
    what = f"{visit.feed.id}: the layer {wfs.layer.name}"
    try:
        raw: Raw = twice(partial(_Walk(wfs, size).all), what)
    except _Unpaged:
        raw = twice(partial(_Walk(wfs, None).all), what)
    return raw


class _Unpaged(Exception):
    """The service begins anew whatever it is asked for."""


@dataclass(frozen=True)
class _Walk:
    """One way to read a layer: in pages of `size`, or at once where it is None."""

    wfs: Wfs
    size: int | None

    def all(self) -> Raw:
        """Write all features; raises Moved where they are not those that the service counts."""
        hits, page = self.wfs.hits(), self.wfs.page(0, self.size)
        folder = self.wfs.service.visit.folder
        if page.around is not None:
            target = document(folder / "features.gml", page.around)
        else:
            target = collection(folder / "features.geojson", page.crs)
        with target:
            names = self._write(target, page, hits)
        if hits is not None and target.count != hits:
            now = self.wfs.hits()
            if now != hits or not self._counts_too_few(target.count, hits, names):
                raise Moved(f"it counts {hits} features, {now} a little later, and gave {target.count}")
        return target.raw(self.wfs.service.received)

    def _counts_too_few(self, given: int, hits: int, names: int) -> bool:
        """Whether it is the count that is wrong: the pages led beyond it to their end, and each feature has
        a name of its own, or the service gives no more at once than it counts.

        MapServer counts no further than its wfs_maxfeatures, and misses places at the edge of a layer.
        """
        if self.size is None or given < hits:
            return False
        return names == given or len(self.wfs.page(0, given).features) == hits

    def _write(self, target: Listing, page: Page, hits: int | None) -> int:
        """Write what the pages hold, and return how many names there are among it."""
        seen, first, given = set[str](), page.mark, len(page.features)
        start = page.features[:1]
        while page.features:
            for id, each in zip(page.ids, page.features, strict=True):
                if id is not None and id in seen:
                    raise Moved(f"{id} came twice")
                seen |= {id} if id is not None else set()
                target.put(each)
            if self._is_last(given, target.count, hits) and self._is_end(page, start, target.count):
                break
            before, page = page, self._after(page, target.count)
            if page.mark in (first, before.mark):
                raise _Unpaged
            given, page = len(page.features), _onward(before, page)
        return len(seen)

    def _after(self, page: Page, count: int) -> Page:
        """The next page, which begins with the last feature of this one where features have ids."""
        name = self.wfs.service.name
        after = self.wfs.page(count if page.ids[-1] is None else count - 1, self.size)
        if after.features and ((page.around is None) != (after.around is None) or page.crs != after.crs):
            raise SourceIncomplete(f"{name}: two pages of a layer are not written alike")
        return after

    def _is_end(self, page: Page, start: Sequence[str], count: int) -> bool:
        """Whether nothing comes after a page that is shorter than it might be: its service may give less at
        once than it is asked for, and count no more than that. One that begins anew has no pages to tell."""
        if self.size is None:
            return True
        named = page.ids[-1] is not None
        try:
            after = self.wfs.page(count - 1 if named else count, 2)
        except NotTaken:  # There is no such place.
            return True
        begins_anew = count > 1 and after.features[:1] == start
        return begins_anew or len(after.features) <= named

    def _is_last(self, given: int, count: int, hits: int | None) -> bool:
        """A count that is met by a full page may be too small: the page after it has to be empty."""
        if self.size is None and hits is None:
            raise SourceIncomplete(
                f"{self.wfs.service.name}: the service neither counts its features nor gives them in pages",
                "whether all came cannot be known; ask its operator for numberMatched or startIndex",
            )
        return self.size is None or (given < self.size and hits is not None and count >= hits)


def _onward(before: Page, page: Page) -> Page:
    """The page without its first feature, which is the last one before."""
    last = before.ids[-1]
    if last is None:
        return page
    if not page.ids or page.ids[0] != last:
        raise Moved(f"{page.ids[0] if page.ids else 'nothing'} stands where {last} stood")
    return replace(page, ids=page.ids[1:], features=page.features[1:])
