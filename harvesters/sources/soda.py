"""A dataset of a Socrata portal (SODA 2.1), held to the portal's own count."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harvesters.faults import FeedMisconfigured, SourceUnavailable
from harvesters.portals import Moved, Walk, twice
from harvesters.portals.listing import Listing
from harvesters.services import ASIDE, Service, check_number, check_service, check_texts
from harvesters.services.features import collection, feature
from harvesters.services.paging import walked
from harvesters.sources import Raw, Unmodified, Visit

OPTIONS = frozenset({"dataset", "where", "app_token", "page_size", "changes"}) | ASIDE
REQUIRED = frozenset({"url", "dataset"})
FORMAT: str | None = None

PAGE_SIZE = 10_000
"""SODA 2.0 gives 50,000 rows in a page at most."""

_ID = ":id"
_PLACES = frozenset({"point", "multipoint", "line", "multiline", "polygon", "multipolygon"})


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` the portal's address, `dataset` such as "abcd-1234", `where` a condition in SoQL, `changes` a
    yes or no, `page_size` 10 to 50,000."""
    yield from check_service(options)
    yield from check_texts(options, "dataset", "where", "app_token")
    yield from check_number(options, "page_size", 10, 50_000)
    if not isinstance(options.get("changes", False), bool):
        yield "changes", "takes true or false"


def read(visit: Visit) -> Raw | Unmodified:
    """The rows of the dataset, with `changes` those alone that were updated since the last visit.

    Nothing is read where the portal counts as many rows as before, and none was updated since. Raises
    SourceIncomplete, SourceRefused, SourceUnavailable, FeedMisconfigured.
    """
    if visit.options.get("changes") and visit.feed.mode != "append":
        raise FeedMisconfigured(
            f'{visit.feed.id}: changes = true adds to what is published, and the feed has no mode = "append"'
        )
    reading = _Reading(Service(visit))
    then = reading.measure(visit.options.get("where"))
    if visit.known and then == visit.known:
        return Unmodified(
            f"{then['rows']} rows, none updated since {then['latest']}", reading.service.received
        )
    raw: Raw = twice(reading.walk, f"{visit.feed.id}: the dataset {visit.options['dataset']}")
    return raw


@dataclass
class _Reading:
    """One reading of a dataset; `fields` are its columns, and their types, as its last page told."""

    service: Service
    fields: Mapping[str, str] = field(default_factory=dict)

    def measure(self, where: str | None) -> dict[str, Any]:
        """How many rows there are, and when the latest of them was updated."""
        asked = {"$select": "count(*) AS rows, max(:updated_at) AS latest"}
        (told,) = self._ask(asked | ({"$where": where} if where else {})) or ({},)
        if not str(told.get("rows", "")).isdigit():
            raise SourceUnavailable(f"{self.service.name}: the portal answered with no count of rows")
        return {"rows": int(told["rows"]), "latest": told.get("latest")}

    def walk(self) -> Raw:
        """Write all rows; raises Moved where they are not those that are counted, before and after."""
        visit, where = self.service.visit, self._where()
        whole = self.measure(visit.options.get("where"))
        then = whole if where == visit.options.get("where") else self.measure(where)
        first = self._page(where, 0)
        place = next((name for name, kind in self.fields.items() if kind in _PLACES), None)
        names = [name for name in self.fields if name not in (_ID, place)]

        def ask(start: int) -> tuple[Sequence[Any], int]:
            return self._page(where, start) if start else first, then["rows"]

        path = visit.folder / ("features.geojson" if place else "rows.json")
        with collection(path) if place else Listing(path) as listing:
            for each in walked(Walk(ask, lambda row: str(row[_ID]))):
                # The portal leaves out what is empty.
                row = {
                    name: each.get(name)
                    for name in dict.fromkeys([*names, *each])
                    if name not in (_ID, place)
                }
                listing.write(feature(row, each.get(place)) if place else row)
        now = self.measure(where)
        if now != then:
            raise Moved(f"it held {then['rows']} rows first and {now['rows']} then, updated {now['latest']}")
        return listing.raw(self.service.received, state=whole if whole["latest"] else {})

    def _where(self) -> str | None:
        """The feed's condition, and that rows are new where only those are wanted."""
        options, latest = self.service.visit.options, self.service.visit.known.get("latest")
        where: str | None = options.get("where")
        if not options.get("changes") or not latest:
            return where
        # Rows of the same instant may have come after the last visit; those that stand are known again.
        since = f":updated_at >= '{latest}'"
        return f"({where}) AND {since}" if where else since

    def _page(self, where: str | None, start: int) -> Sequence[Mapping[str, Any]]:
        size = str(self.service.visit.options.get("page_size", PAGE_SIZE))
        asked = {"$select": ":id, *", "$order": _ID, "$limit": size, "$offset": str(start)}
        rows = self._ask(asked | ({"$where": where} if where else {}))
        if not all(each.get(_ID) for each in rows):
            raise SourceUnavailable(f"{self.service.name}: the portal gave a row without its :id")
        fields = self._told()
        if start and fields != self.fields:
            raise Moved(f"its columns were {', '.join(self.fields)} first and {', '.join(fields)} then")
        self.fields = fields
        return rows

    def _told(self) -> dict[str, str]:
        """The columns that the headers of an answer name, and their types."""
        names, kinds = (self.service.headers.get(f"x-soda2-{each}", "[]") for each in ("fields", "types"))
        try:
            return dict(zip(json.loads(names), json.loads(kinds), strict=True))
        except (ValueError, TypeError):
            raise SourceUnavailable(
                f"{self.service.name}: the portal's headers do not say what its columns are"
            ) from None

    def _ask(self, params: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        options = self.service.visit.options
        token = {"X_App_Token": options["app_token"]} if options.get("app_token") else {}
        url = f"{self.service.address}/resource/{options['dataset']}.json"
        rows = self.service.json_at(url, params, **token)
        if not isinstance(rows, list) or not all(isinstance(each, Mapping) for each in rows):
            raise SourceUnavailable(
                f"{self.service.name}: answered no list of rows but {self.service.quoted(rows)}"
            )
        return rows
