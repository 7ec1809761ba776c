"""A layer or table of an ArcGIS FeatureServer or MapServer, held to the set of its own ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from harvesters.faults import SourceIncomplete
from harvesters.portals.listing import Listing
from harvesters.services import ASIDE, Service, check_number, check_service, check_texts
from harvesters.services.arcgis import Layer
from harvesters.services.features import collection
from harvesters.sources import Raw, Unmodified, Visit

OPTIONS = frozenset({"where", "token", "page_size", "domains"}) | ASIDE
REQUIRED = frozenset({"url"})
FORMAT: str | None = None

EVERYTHING = "1=1"
DOMAINS = ("names", "codes")
"""How values of coded domains come: by name, as maps show them, with the code beside; or as they are kept."""

_AT_ONCE = 100
"""Ids that are named one by one in an address, which stays shorter than 2,000 bytes."""

_MOVING = re.compile(r"(?i)\bcurrent_|\bgetdate\b|\bsysdate\b|\bnow\(")
"""What makes a condition mean something else at another time."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` the address of a layer, `where` a condition in SQL, `page_size` 1 to 100,000,
    `domains` one of DOMAINS."""
    yield from check_service(options)
    yield from check_texts(options, "where", "token")
    yield from check_number(options, "page_size", 1, 100_000)
    if options.get("domains", "names") not in DOMAINS:
        yield "domains", f"takes {' or '.join(DOMAINS)}"


def read(visit: Visit) -> Raw | Unmodified:
    """Every row of the layer, in longitude and latitude, times in UTC.

    Codes of its domains get their names, unless the feed says `domains = "codes"`. Rows that come or go
    meanwhile are told from lost ones by asking again. Raises SourceIncomplete with some of the ids that were
    not given, SourceRefused or SourceUnavailable with the server's own words.
    """
    layer = Layer(Service(visit))
    layer.open()
    where, edited = visit.options.get("where", EVERYTHING), layer.edited
    if edited is not None and visit.known.get("edited") == edited:
        return Unmodified(f"lastEditDate is {edited} as before", layer.service.received)
    lasting = edited is not None and not _MOVING.search(where)
    path = visit.folder / ("features.geojson" if layer.has_places else "rows.json")
    with collection(path) if layer.has_places else Listing(path) as listing:
        _Reading(layer, where, listing).all()
    raw = listing.raw(layer.service.received, state={"edited": edited} if lasting else {})
    return replace(raw, repairs=dict(layer.domains.counts) if layer.domains else {})


@dataclass
class _Reading:
    """One reading of a layer; `given` are the ids of the rows that are written."""

    layer: Layer
    where: str
    listing: Listing
    given: set[int] = field(default_factory=set)

    def all(self) -> None:
        """Write the rows of all ids, and ask once more for those that did not come."""
        ids = self.layer.ids(self.where)
        size = min(self.layer.size, self.layer.service.visit.options.get("page_size", self.layer.size))
        for start in range(0, len(ids), size):
            self._range(ids[start : start + size])
        lost = self._settle(set(ids))
        if lost:
            some = ", ".join(map(str, sorted(lost)[:5]))
            raise SourceIncomplete(
                f"{self.layer.service.name}: the layer lists {len(ids)} rows and gave {len(self.given)}: "
                f"{self.layer.id_field} {some} are missing",
                "try again later; a smaller page_size may help",
            )

    def _range(self, ids: Sequence[int]) -> None:
        """The rows between the first and the last of some ids; in halves where that is too much at once."""
        name = self.layer.id_field
        rows, cut = self.layer.rows(f"({self.where}) AND {name} >= {ids[0]} AND {name} <= {ids[-1]}")
        if not cut:
            self._write(rows, set(ids))
        elif len(ids) > 1:
            middle = len(ids) // 2
            self._range(ids[:middle])
            self._range(ids[middle:])
        else:
            raise SourceIncomplete(
                f"{self.layer.service.name}: {name} {ids[0]} alone exceeds what the server gives at once"
            )

    def _settle(self, listed: set[int]) -> set[int]:
        """Ask again for what was not given, or is new; return what is listed still and not given."""
        if self.given == listed:
            return set()
        lost = set(self.layer.ids(self.where)) - self.given
        for start in range(0, len(lost), _AT_ONCE):
            some = sorted(lost)[start : start + _AT_ONCE]
            named = f"{self.layer.id_field} IN ({','.join(map(str, some))})"
            self._write(self.layer.rows(f"({self.where}) AND {named}")[0], set(some))
        return lost - self.given

    def _write(self, rows: Mapping[int, Mapping[str, Any]], asked: set[int]) -> None:
        """Write the rows that were asked for; another is one of a later range, or new and asked for later."""
        for id in sorted(rows.keys() & asked - self.given):
            self.given.add(id)
            self.listing.write(rows[id])
