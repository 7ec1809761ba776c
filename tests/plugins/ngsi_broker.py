"""A context broker of NGSI-LD on this machine: the entities of a type, in pages by offset."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Query = dict[str, str]
Entity = dict[str, Any]


def entity(number: int, **said: Any) -> Entity:
    """A place in normalised form; its id ends with its number."""
    return {
        "id": f"urn:ngsi-ld:Park:{number:03}",
        "type": "Park",
        "name": {"type": "Property", "value": f"공원 {number}"},
        "size": {
            "type": "Property",
            "value": number,
            "unitCode": "MTK",
            "observedAt": f"2024-03-01T00:{number % 60:02}:00Z",
        },
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [129.0, 35.1]}},
        **said,
    }


@dataclass
class Broker:
    """What the broker holds, and what it was asked, with which headers.

    `lie` may change the entities of a page, and the count, before they are sent.
    """

    entities: list[Entity] = field(default_factory=list)
    asked: list[tuple[Query, Mapping[str, str]]] = field(default_factory=list)
    lie: Callable[[Query, Any, int], tuple[Any, int | str]] = lambda query, page, count: (page, count)

    def answer(self, query: Query, headers: Mapping[str, str]) -> tuple[bytes, dict[str, str]]:
        """The body and the headers of one page."""
        self.asked.append((query, headers))
        found = [each for each in self.entities if each["type"] == query["type"]]
        start, size = int(query["offset"]), int(query["limit"])
        page, count = self.lie(query, found[start : start + size], len(found))
        body = page if isinstance(page, bytes) else json.dumps(page).encode()
        return body, {"NGSILD-Results-Count": str(count)}
