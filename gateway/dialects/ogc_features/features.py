"""Features in pages, by box, time and property; and one by its id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from flask import Response, request

from catalogue import RowsTimeout
from gateway.api.answers import PINNED, REVALIDATE
from gateway.api.asking.parameters import Pairs, read_pairs
from gateway.caller import ROWS
from gateway.clients.faults import NoSuch
from gateway.dialects.ogc_features import geojson, maps
from gateway.dialects.ogc_features.asking import Asked, place, read_asked, which
from gateway.dialects.ogc_features.blueprint import (
    ABOUT,
    encoded,
    not_modified,
    ogc_features,
    page,
    shown,
    tag,
    weak,
)
from gateway.dialects.ogc_features.links import GEOJSON, JSON, Link, asking, both, link, path, url
from gateway.portal.blueprint import language
from gateway.scopes import require
from gateway.services import services
from schemas.conditions import Filter
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import RowPage
from schemas.snapshot import Snapshot

ON_A_PAGE = 500
"""Features that people are shown at once; the link next leads on."""
_STARTS = frozenset({"cursor", "offset"})
_OF_ONE = ("crs", "snapshot", "as_of", *ABOUT)


@ogc_features.get("/collections/<collection>/items")
def items(collection: str) -> Response:
    """A page of features of one snapshot; follow the link next to see every one of them once."""
    require("rows:read")
    zone = services().zone
    pairs = read_pairs(request.query_string)
    snapshot = services().catalogue.snapshot_of(collection, which(pairs, zone))
    asked, chosen = read_asked(pairs, snapshot.columns, zone), shown(pairs)
    caching = PINNED if asked.query.snapshot else REVALIDATE
    etag = tag(snapshot.id, request.query_string, chosen, language() if chosen == "html" else "")
    unchanged = not_modified(etag, caching)
    if unchanged:
        return unchanged
    if chosen == "html":
        asked = replace(asked, query=replace(asked.query, limit=min(asked.query.limit, ON_A_PAGE)))
    found = _page(snapshot, asked)
    request.environ[ROWS] = len(found.values)
    told = _links(collection, pairs, chosen, found)
    body = _body(found, asked, told)
    if chosen == "html":
        response = _items_page(collection, snapshot, body, (etag, caching))
    else:
        response = weak(encoded(body), GEOJSON, etag, told, caching)
    return _headed(response, snapshot, asked)


@ogc_features.get("/collections/<collection>/items/<any_id:feature>")
def item(collection: str, feature: str) -> Response:
    """One feature, by its id."""
    require("rows:read")
    pairs = read_pairs(request.query_string)
    zone = services().zone
    snapshot = services().catalogue.snapshot_of(collection, which(pairs, zone))
    asked, chosen = _asked_of_one(pairs, snapshot.columns), shown(pairs)
    caching = PINNED if asked.query.snapshot else REVALIDATE
    etag = tag(snapshot.id, feature, request.query_string, chosen, language() if chosen == "html" else "")
    unchanged = not_modified(etag, caching)
    if unchanged:
        return unchanged
    only = replace(asked.query, filters=(Filter("_id", "eq", feature),), limit=1, count=False)
    found = services().catalogue.rows_of(snapshot, only)
    if not found.values:
        raise NoSuch("feature", feature)
    request.environ[ROWS] = 1
    told = _links_of_one(collection, feature, pairs, chosen)
    body = {**geojson.features(found, asked.crs)[0], "links": told}
    if chosen == "html":
        response = _items_page(collection, snapshot, {"features": [body], "links": told}, (etag, caching))
    else:
        response = weak(encoded(body), GEOJSON, etag, told, caching)
    return _headed(response, snapshot, asked)


def _asked_of_one(pairs: Pairs, columns: Sequence[Column]) -> Asked:
    unknown = [name for name, _ in pairs if name not in _OF_ONE]
    if unknown:
        raise BadInput(
            [InputError(n, "is not a parameter of one feature", did_you_mean(n, _OF_ONE)) for n in unknown]
        )
    return read_asked(pairs, columns, services().zone)


def _page(snapshot: Snapshot, asked: Asked) -> RowPage:
    """The page with the number of all that answer; without it where counting takes too long."""
    catalogue = services().catalogue
    try:
        return catalogue.rows_of(snapshot, asked.query)
    except RowsTimeout:
        return catalogue.rows_of(snapshot, replace(asked.query, count=False))


def _body(found: RowPage, asked: Asked, told: list[Link]) -> dict[str, Any]:
    matched = {} if found.count is None else {"numberMatched": found.count}
    return {
        "type": "FeatureCollection",
        "timeStamp": datetime.now(UTC),
        **matched,
        "numberReturned": len(found.values),
        "links": told,
        "features": geojson.features(found, asked.crs),
    }


def _links(collection: str, pairs: Pairs, chosen: str, found: RowPage) -> list[Link]:
    here = path("collections", collection, "items")
    told = both(here, pairs, chosen, GEOJSON)
    if found.next is not None:
        following = f"{asking(pairs, _STARTS)}cursor={found.next}&f={chosen}"
        told.append(link("next", url(here, following), told[0]["type"]))
    return [*told, _collection(collection)]


def _links_of_one(collection: str, feature: str, pairs: Pairs, chosen: str) -> list[Link]:
    here = path("collections", collection, "items", feature)
    return [*both(here, pairs, chosen, GEOJSON), _collection(collection)]


def _collection(collection: str) -> Link:
    return link("collection", url(path("collections", collection)), JSON)


def _items_page(
    collection: str, snapshot: Snapshot, body: dict[str, Any], validators: tuple[str, str]
) -> Response:
    etag, caching = validators
    dataset = services().catalogue.describe(collection)
    columns = {column.name: column for column in snapshot.columns}
    told = {each["rel"]: each["href"] for each in body["links"]}
    placed = place(snapshot.columns) is not None
    return page(
        "ogc/items.html",
        etag,
        caching,
        body=body,
        dataset=dataset,
        columns=columns,
        told=told,
        map=maps.drawn(dataset, snapshot.columns, body["features"]) if placed else None,
        here=lambda feature: url(path("collections", collection, "items", feature), "f=html"),
    )


def _headed(response: Response, snapshot: Snapshot, asked: Asked) -> Response:
    response.headers["Content-Crs"] = f"<{asked.crs.uri}>"
    response.headers["X-Snapshot"] = snapshot.id
    return response
