"""A collection of OGC API Features on this machine, in pages that link to the next."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Query = dict[str, str]


def row(number: int, **said: Any) -> dict[str, Any]:
    """The properties of a place; its id begins with its number."""
    return {"id": f"{number:03}", "name": f"공원 {number}", "size": str(number), **said}


@dataclass
class OgcServer:
    """What the collection holds, at (129, 35.1), how much it gives at once, and what it was asked.

    `root` is the address of its items. `lie` may change a page before it is sent: it gets the query and it.
    """

    root: str
    rows: list[dict[str, Any]] = field(default_factory=list)
    most: int = 1000
    matches: bool = True
    crs: str = "<http://www.opengis.net/def/crs/OGC/1.3/CRS84>"
    asked: list[Query] = field(default_factory=list)
    lie: Callable[[Query, Any], Any] = lambda query, page: page

    def answer(self, query: Query) -> bytes:
        """One page."""
        self.asked.append(query)
        start, size = int(query.get("offset", 0)), min(int(query.get("limit", 10)), self.most)
        since = query.get("datetime", "").partition("/")[0]
        found = [each for each in self.rows if str(each.get("updated", "")) >= since]
        shown = found[start : start + size]
        page: dict[str, Any] = {
            "type": "FeatureCollection",
            "features": [_feature(each) for each in shown],
            "numberReturned": len(shown),
            "links": [{"rel": "self", "href": self.root}],
        }
        if self.matches:
            page["numberMatched"] = len(found)
        if start + size < len(found):
            more = "".join(f"&{name}={query[name]}" for name in query.keys() - {"limit", "offset"})
            page["links"].append(
                {"rel": "next", "href": f"{self.root}?limit={size}&offset={start + size}{more}"}
            )
        told = self.lie(query, page)
        return told if isinstance(told, bytes) else json.dumps(told).encode()


def _feature(each: dict[str, Any]) -> dict[str, Any]:
    geometry = {"type": "Point", "coordinates": [129.0, 35.1]}
    return {"type": "Feature", "id": f"parks.{each['id']}", "geometry": geometry, "properties": each}
