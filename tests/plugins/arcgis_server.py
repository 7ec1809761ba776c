"""A layer of an ArcGIS server on this machine: its description, and queries of ids, counts and rows."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

Query = dict[str, str]
FIELDS = [
    {"name": "OBJECTID", "type": "esriFieldTypeOID"},
    {"name": "id", "type": "esriFieldTypeString"},
    {"name": "name", "type": "esriFieldTypeString"},
    {"name": "size", "type": "esriFieldTypeString"},
    {"name": "opened", "type": "esriFieldTypeDate"},
]


def row(number: int, **said: Any) -> dict[str, Any]:
    """The attributes of a place; its id begins with its number."""
    return {"OBJECTID": number, "id": f"{number:03}", "name": f"공원 {number}", "size": str(number), **said}


@dataclass
class ArcgisLayer:
    """What the layer holds, how much it gives at once, and what it was asked.

    `domains` are those of its fields by name, `types` what it says of the types of its rows. `lie` may change
    an answer before it is sent: it gets what is asked (about, ids, count, rows), the query and the answer.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    most: int = 10
    geometry: str | None = "esriGeometryPoint"
    shapes: dict[int, Any] = field(default_factory=dict)
    edited: int | None = None
    token: str | None = None
    domains: dict[str, Any] = field(default_factory=dict)
    types: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, Query]] = field(default_factory=list)
    lie: Callable[[str, Query, Any], Any] = lambda what, query, answer: answer

    def answer(self, path: str, query: Query) -> bytes:
        """The answer to one request."""
        what = "about" if not path.endswith("/query") else _what(query)
        self.asked.append((what, query))
        if self.token and query.get("token") != self.token:
            return json.dumps({"error": {"code": 499, "message": "Token Required", "details": []}}).encode()
        told = self.lie(what, query, getattr(self, f"_{what}")(query))
        return told if isinstance(told, bytes) else json.dumps(told).encode()

    def _about(self, query: Query) -> Any:
        about: dict[str, Any] = {
            "id": 0,
            "name": "공원",
            "type": "Feature Layer" if self.geometry else "Table",
            "geometryType": self.geometry,
            "objectIdField": "OBJECTID",
            "maxRecordCount": self.most,
            "fields": [
                each | ({"domain": self.domains[each["name"]]} if each["name"] in self.domains else {})
                for each in FIELDS
            ],
            **self.types,
        }
        return about | ({"editingInfo": {"lastEditDate": self.edited}} if self.edited else {})

    def _ids(self, query: Query) -> Any:
        return {
            "objectIdFieldName": "OBJECTID",
            "objectIds": [each["OBJECTID"] for each in self._found(query)],
        }

    def _count(self, query: Query) -> Any:
        return {"count": len(self._found(query))}

    def _rows(self, query: Query) -> Any:
        found = self._found(query)
        answer: dict[str, Any] = {"features": [self._feature(each) for each in found[: self.most]]}
        return answer | ({"exceededTransferLimit": True} if len(found) > self.most else {})

    def _feature(self, each: dict[str, Any]) -> dict[str, Any]:
        held = {"attributes": each}
        if not self.geometry:
            return held
        return held | {"geometry": self.shapes.get(each["OBJECTID"], {"x": 129.0, "y": 35.1})}

    def _found(self, query: Query) -> list[dict[str, Any]]:
        where = query["where"]
        found = sorted(self.rows, key=lambda each: each["OBJECTID"])
        for sign, number in re.findall(r"OBJECTID (>=|<=) (\d+)", where):
            kept = (lambda id, n: id >= n) if sign == ">=" else (lambda id, n: id <= n)
            found = [each for each in found if kept(each["OBJECTID"], int(number))]
        named = re.search(r"OBJECTID IN \(([\d,]+)\)", where)
        if named:
            ids = {int(each) for each in named[1].split(",")}
            found = [each for each in found if each["OBJECTID"] in ids]
        said = re.search(r"name = '([^']*)'", where)
        return [each for each in found if said is None or each["name"] == said[1]]


def _what(query: Query) -> str:
    if query.get("returnIdsOnly") == "true":
        return "ids"
    return "count" if query.get("returnCountOnly") == "true" else "rows"
