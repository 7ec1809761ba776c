"""What a service of OGC SensorThings measures, page by page along its links, with where and what it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from harvesters.faults import SourceIncomplete, SourceUnavailable
from harvesters.portals import Moved, twice
from harvesters.portals.listing import Listing
from harvesters.reading.items.rows import flatten
from harvesters.services import ASIDE, Service, check_number, check_service, check_texts
from harvesters.services.features import collection, feature
from harvesters.services.links import linked_pages
from harvesters.services.sensors import EXPAND, ID, ROWS, Item, Series, observation, series
from harvesters.services.watermark import Watermark, moment, written
from harvesters.sources import Raw, Visit

OPTIONS = frozenset({"entity", "filter", "start", "overlap", "page_size"}) | ASIDE
REQUIRED = frozenset({"url", "entity"})
FORMAT: str | None = None

PAGE_SIZE = 1_000
OVERLAP = 60
"""Minutes before the latest observation that is known: later visits look again for those that came late."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` the service's root, `entity` one of EXPAND, `filter` an OData condition, `start` an instant,
    `overlap` minutes, `page_size` 1 to 10,000."""
    yield from check_service(options)
    yield from check_texts(options, "filter")
    yield from check_number(options, "page_size", 1, 10_000)
    yield from check_number(options, "overlap", 0, 60 * 24 * 365)
    if options.get("entity", "Things") not in EXPAND:
        yield "entity", f"takes one of {', '.join(EXPAND)}"
    if "start" in options and moment(options["start"]) is None:
        yield "start", "takes an instant, as in 2026-01-01T00:00:00Z"
    for name in ("start", "overlap"):
        if name in options and options.get("entity") != "Observations":
            yield name, "is for Observations"


def read(visit: Visit) -> Raw:
    """The rows of an entity, with their places where there are any; flat, times as the service writes them.

    A feed that adds to what is published is asked for the observations since the latest that is known, and
    some that came before it. Raises SourceIncomplete where fewer came than the service counts before and
    after, SourceRefused, SourceUnavailable.
    """
    service, entity = Service(visit), str(visit.options["entity"])
    raw: Raw = twice(lambda: _Walk(service, entity).all(), f"{visit.feed.id}: the list of {entity}")
    return raw


@dataclass
class _Walk:
    """One walk along an entity; `ids` are those that were seen of it."""

    service: Service
    entity: str
    ids: set[str] = field(default_factory=set)

    def all(self) -> Raw:
        """Write every row; raises Moved where they are fewer than are counted."""
        visit = self.service.visit
        mark, streams = Watermark.known(visit.known), self._streams()
        condition = self._condition(mark)
        has_places = streams is None or any(each.place for each in streams.values())
        path = visit.folder / ("features.geojson" if has_places else "rows.json")
        counted = self._count(condition)
        with collection(path) if has_places else Listing(path) as listing:
            for item in self._items(self.entity, condition, self.ids):
                mark.note(item.get("phenomenonTime"))
                row, place = self._row(item, streams)
                listing.write(feature(row, place) if has_places else flatten(row))
        # Rows may come while others are read, and go; some services count anew what is left with each page.
        least = min((each for each in (counted, self._count(condition)) if each is not None), default=0)
        if listing.count < least:
            raise Moved(f"it counts {least} and gave {listing.count}")
        state = mark.state if streams is not None and visit.feed.mode == "append" else {}
        return listing.raw(self.service.received, state=state)

    def _streams(self) -> dict[str, Series] | None:
        """What each datastream measures, where observations are read."""
        if self.entity != "Observations":
            return None
        return {str(each[ID]): series(each) for each in self._items("Datastreams", None, set())}

    def _row(
        self, item: Item, streams: Mapping[str, Series] | None
    ) -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
        if streams is None:
            return ROWS[self.entity](item)
        try:
            return observation(item, streams)
        except KeyError as unknown:
            raise Moved(f"observation {item[ID]} is of datastream {unknown}, which was not listed") from None

    def _condition(self, mark: Watermark) -> str | None:
        """The feed's filter, and from when on observations are asked for."""
        options, feed = self.service.visit.options, self.service.visit.feed
        since = moment(options.get("start"))
        if mark.latest and feed.mode == "append":
            since = mark.latest - timedelta(minutes=options.get("overlap", OVERLAP))
        parts = [f"({options['filter']})"] if options.get("filter") else []
        if since and self.entity == "Observations":
            parts.append(f"phenomenonTime ge {written(since)}")
        return " and ".join(parts) or None

    def _count(self, condition: str | None) -> int | None:
        """How many rows the service counts, None where it does not."""
        asked = {"$count": "true", "$top": "1"} | ({"$filter": condition} if condition else {})
        said = self.service.object_at(f"{self.service.address}/{self.entity}", asked).get("@iot.count")
        return said if isinstance(said, int) else None

    def _items(self, entity: str, condition: str | None, seen: set[str]) -> Iterator[Item]:
        params = {"$top": str(self.service.visit.options.get("page_size", PAGE_SIZE)), "$orderby": "id"}
        params |= {"$expand": EXPAND[entity]} if EXPAND[entity] else {}
        params |= {"$filter": condition} if condition else {}
        url = f"{self.service.address}/{entity}"
        for page in linked_pages(self.service, url, params, lambda page: page.get("@iot.nextLink")):
            for item in self._listed(page):
                if str(item[ID]) in seen:
                    raise Moved(f"{entity} {item[ID]} came twice")
                seen.add(str(item[ID]))
                yield item

    def _listed(self, page: Mapping[str, Any]) -> list[Item]:
        found = page.get("value")
        if not isinstance(found, list):
            raise SourceUnavailable(
                f"{self.service.name}: the answer holds no list of items but {self.service.quoted(page)}"
            )
        if not all(isinstance(each, Mapping) and each.get(ID) is not None for each in found):
            raise SourceIncomplete(f"{self.service.name}: an item came without its {ID}")
        return found
