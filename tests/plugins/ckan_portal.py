"""A CKAN portal on this machine: package_search, package_show and datastore_search as CKAN answers them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, urlsplit

Package = dict[str, Any]


def package(number: int, modified: str = "2024-03-01T09:00:00.123456", **said: Any) -> Package:
    """A package as CKAN shows it; its id begins with its number."""
    return {
        "id": f"{number:08d}-0000-4000-8000-000000000000",
        "name": f"dataset-{number}",
        "title": f"공원 {number}",
        "notes": "도시공원의 위치",
        "license_id": "cc-by",
        "metadata_created": "2023-01-01T00:00:00.000001",
        "metadata_modified": modified,
        "num_resources": 1,
        "organization": {"name": "busan", "title": "부산광역시"},
        "groups": [{"name": "env", "title": "환경"}],
        "tags": [{"name": "park", "display_name": "공원, 녹지"}],
        "resources": [{"id": f"r{number}", "name": "목록", "format": "CSV", "url": "http://a.example/a.csv"}],
        **said,
    }


@dataclass
class CkanPortal:
    """What the portal holds, how it is limited, and what it was asked; put `answer` on a server's routes.

    `lie` may change an answer's result before it is sent: it gets the action, its parameters and the result.
    """

    packages: list[Package] = field(default_factory=list)
    tables: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    largest: int = 1000
    light: bool = True
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    keys: list[str | None] = field(default_factory=list)
    lie: Callable[[str, dict[str, str], Any], Any] = lambda action, params, result: result

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        """Answer one request for an action."""
        split = urlsplit(request.path)
        action = split.path.rpartition("/")[2]
        params = {name: values[0] for name, values in parse_qs(split.query).items()}
        self.asked.append((action, params))
        self.keys.append(request.headers["Authorization"])
        held = self.lie(action, params, getattr(self, f"_{action}")(params))
        status, body = held if isinstance(held, tuple) else (200, {"success": True, "result": held})
        self._send(request, status, body if isinstance(body, bytes) else json.dumps(body).encode())

    def _send(self, request: BaseHTTPRequestHandler, status: int, body: bytes) -> None:
        request.send_response(status)
        request.send_header("Content-Type", "application/json;charset=utf-8")
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    def _package_search(self, params: dict[str, str]) -> Any:
        found = sorted(self.packages, key=lambda each: each["id"])
        wanted = re.match(r"id:\((.*)\)", params.get("fq", ""))
        if wanted:
            ids = set(re.findall(r'"([^"]*)"', wanted[1]))
            found = [each for each in found if each["id"] in ids]
        start, rows = int(params.get("start", 0)), min(int(params.get("rows", 10)), self.largest)
        shown = found[start : start + rows]
        if "fl" in params and self.light:
            shown = [self._light(each, params["fl"].split(",")) for each in shown]
        return {"count": len(found), "results": shown, "facets": {}}

    def _light(self, whole: Package, fields: list[str]) -> Package:
        """As the search index has it: times cut to milliseconds, without zeros at their end."""
        shown = {name: whole[name] for name in fields if name in whole}
        if "metadata_modified" in shown:
            seconds, _, fraction = shown["metadata_modified"].partition(".")
            cut = fraction[:3].rstrip("0")
            shown["metadata_modified"] = f"{seconds}.{cut}Z" if cut else f"{seconds}Z"
        return shown

    def _package_show(self, params: dict[str, str]) -> Any:
        for each in self.packages:
            if params["id"] in (each["id"], each["name"]):
                return each
        return 404, {"success": False, "error": {"__type": "Not Found Error", "message": "Not found"}}

    def _resource_show(self, params: dict[str, str]) -> Any:
        for each in (resource for package in self.packages for resource in package["resources"]):
            if params["id"] == each["id"]:
                return each
        return 404, {"success": False, "error": {"__type": "Not Found Error", "message": "Not found"}}

    def _datastore_search(self, params: dict[str, str]) -> Any:
        records = self.tables[params["resource_id"]]
        start, rows = int(params.get("offset", 0)), min(int(params.get("limit", 100)), self.largest)
        return {"total": len(records), "records": records[start : start + rows]}
