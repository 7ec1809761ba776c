"""A service of SensorThings on this machine: things with a place, their datastreams, their observations."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Query = dict[str, str]
Item = dict[str, Any]


def observed(number: int, stream: int = 1, **said: Any) -> Item:
    """An observation, one a minute."""
    time = f"2024-03-01T{number // 60:02}:{number % 60:02}:00Z"
    held = {"@iot.id": number, "phenomenonTime": time, "resultTime": None, "result": number / 2}
    return held | {"Datastream": {"@iot.id": stream}, **said}


def thing(number: int, **said: Any) -> Item:
    """A thing, its one place, and what it is like."""
    place = {"@iot.id": number, "name": "구청", "location": {"type": "Point", "coordinates": [129.0, 35.1]}}
    return {"@iot.id": number, "name": f"측정소 {number}", "properties": {}, "Locations": [place], **said}


def stream(number: int, of: Item, **said: Any) -> Item:
    """A datastream of a thing."""
    unit = {"name": "microgram", "symbol": "ug/m3"}
    held = {"@iot.id": number, "name": f"PM10 {number}", "unitOfMeasurement": unit, "Thing": of}
    return held | {"ObservedProperty": {"name": "PM10"}, **said}


@dataclass
class SensorServer:
    """What the service holds under `root`, how much it gives at once, and what it was asked.

    `lie` may change a page before it is sent: it gets the entity, the query and the page.
    """

    root: str
    held: dict[str, list[Item]] = field(default_factory=dict)
    most: int = 100
    counts: bool = True
    asked: list[tuple[str, Query]] = field(default_factory=list)
    lie: Callable[[str, Query, Any], Any] = lambda entity, query, page: page

    def answer(self, path: str, query: Query) -> bytes:
        """One page."""
        entity = path.rpartition("/")[2]
        self.asked.append((entity, query))
        found = self._found(entity, query.get("$filter", ""))
        start, size = int(query.get("$skip", 0)), min(int(query.get("$top", 100)), self.most)
        page: dict[str, Any] = {"value": [self._shown(each, query) for each in found[start : start + size]]}
        if query.get("$count") == "true" and self.counts:
            page["@iot.count"] = len(found)
        if start + size < len(found):
            kept = "".join(f"&{name}={query[name]}" for name in query.keys() - {"$skip", "$top"})
            page["@iot.nextLink"] = f"{self.root}/{entity}?$top={size}&$skip={start + size}{kept}"
        told = self.lie(entity, query, page)
        return told if isinstance(told, bytes) else json.dumps(told).encode()

    def _shown(self, each: Item, query: Query) -> Item:
        """The item without what was not asked to come with it."""
        expanded = query.get("$expand", "")
        related = {"Datastream", "Thing", "Locations", "ObservedProperty"}
        return {name: value for name, value in each.items() if name not in related or name in expanded}

    def _found(self, entity: str, condition: str) -> list[Item]:
        since = re.search(r"phenomenonTime ge (\S+)", condition)
        return sorted(
            (each for each in self.held.get(entity, []) if not since or each["phenomenonTime"] >= since[1]),
            key=lambda each: int(each["@iot.id"]),
        )
