"""Rows and groups of a dataset, asked in SoQL, as JSON, CSV or GeoJSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from email.utils import format_datetime

from flask import Response, request

from gateway.api.answers import fresh, not_modified
from gateway.api.asking.parameters import read_pairs
from gateway.caller import ROWS
from gateway.dialects.soda import encoding
from gateway.dialects.soda.asking import read_asked
from gateway.dialects.soda.blueprint import soda
from gateway.dialects.soda.faults import SoqlFault
from gateway.dialects.soda.finding import Found, find
from gateway.dialects.soda.literals import Names
from gateway.scopes import require
from gateway.services import services
from schemas.problem import did_you_mean

FORMATS: dict[str, tuple[str, Callable[[Found], bytes]]] = {
    "json": ("application/json; charset=utf-8", encoding.as_json),
    "csv": ("text/csv; charset=utf-8", encoding.as_csv),
    "geojson": ("application/vnd.geo+json; charset=utf-8", encoding.as_geojson),
}


@soda.get("/resource/<name>")
def resource(name: str) -> Response:
    """The rows of `ID.json`, `ID.csv` or `ID.geojson`; `ID` alone is JSON."""
    require("rows:read")
    dataset, format = _named(name)
    catalogue = services().catalogue
    snapshot = catalogue.snapshot(dataset)
    zone = services().zone
    asked = read_asked(read_pairs(request.query_string), Names(snapshot.columns, zone))
    etag = _etag(snapshot.id, format)
    unchanged = not_modified(etag)
    if unchanged:
        return unchanged
    found = find(catalogue, snapshot, asked, zone)
    request.environ[ROWS] = len(found.values)
    media_type, write = FORMATS[format]
    answer = fresh(write(found), media_type, etag)
    answer.headers["X-SODA2-Fields"] = json.dumps(found.names)
    answer.headers["X-SODA2-Types"] = json.dumps(encoding.types(found))
    answer.headers["Last-Modified"] = format_datetime(snapshot.created, usegmt=True)
    answer.headers["X-Snapshot"] = snapshot.id
    return answer


def _named(name: str) -> tuple[str, str]:
    dataset, dot, format = name.rpartition(".")
    if not dot:
        return name, "json"
    if format not in FORMATS:
        raise SoqlFault("resource", f"does not come as {format!r}", did_you_mean(format, FORMATS))
    return dataset, format


def _etag(snapshot: str, format: str) -> str:
    asked = b"\0".join((snapshot.encode(), format.encode(), request.query_string))
    return hashlib.blake2b(asked, digest_size=16).hexdigest()
