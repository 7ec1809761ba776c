"""Features in pages, by box, time and property; and one by its id."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Response, request

from catalogue import RowsTimeout, encode_features
from gateway.api import answers
from gateway.api.answers import PINNED, REVALIDATE
from gateway.api.asking.parameters import Pairs, read_pairs
from gateway.caller import ROWS
from gateway.clients.faults import NoSuch
from gateway.dialects.ogc_features import geojson, maps
from gateway.dialects.ogc_features.asking import Asked, place, read_asked, which
from gateway.dialects.ogc_features.blueprint import (
    ABOUT,
    Shown,
    encoded,
    not_modified,
    ogc_features,
    page,
    shown,
    tag,
    weak,
)
from gateway.dialects.ogc_features.links import GEOJSON, JSON, Link, asking, both, header, link, path, url
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
    lasting = chosen == "json" and asked.query.snapshot is not None
    known = _Known(snapshot, asked, tag(snapshot.id, request.query_string, *_form(chosen)), strong=lasting)
    unchanged = known.not_modified()
    if unchanged:
        return unchanged
    if chosen == "html":
        asked = replace(asked, query=replace(asked.query, limit=min(asked.query.limit, ON_A_PAGE)))
    elif asked.crs.plain:
        asked = replace(asked, query=replace(asked.query, written=True))
    found = _page(snapshot, asked)
    request.environ[ROWS] = len(found.values)
    told = _links(collection, pairs, chosen, found)
    # What was too dear to count now may be counted another time.
    lasting = lasting and found.count is not None
    body = _body(found, asked, told, None if lasting else datetime.now(UTC))
    if chosen == "html":
        return _items_page(collection, known, body)
    return replace(known, strong=lasting).answer(body, told)


@ogc_features.get("/collections/<collection>/items/<any_id:feature>")
def item(collection: str, feature: str) -> Response:
    """One feature, by its id."""
    require("rows:read")
    pairs = read_pairs(request.query_string)
    zone = services().zone
    snapshot = services().catalogue.snapshot_of(collection, which(pairs, zone))
    asked, chosen = _asked_of_one(pairs, snapshot.columns), shown(pairs)
    etag = tag(snapshot.id, feature, request.query_string, *_form(chosen))
    known = _Known(snapshot, asked, etag, strong=chosen == "json")
    unchanged = known.not_modified()
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
        return _items_page(collection, known, {"features": [body], "links": told})
    return known.answer(body, told)


@dataclass(frozen=True)
class _Known:
    """What is asked of a snapshot, and the tag by which its answer is known again.

    It is `strong` where nothing of the instant is in the answer, which may then be given again.
    """

    snapshot: Snapshot
    asked: Asked
    etag: str
    strong: bool

    @property
    def caching(self) -> str:
        return PINNED if self.asked.query.snapshot else REVALIDATE

    def not_modified(self) -> Response | None:
        """The 304 to give before any work is done, or None."""
        return (answers.not_modified if self.strong else not_modified)(self.etag, self.caching)

    def answer(self, body: dict[str, Any], told: list[Link]) -> Response:
        """GeoJSON, its links also in its head."""
        if not self.strong:
            return self.headed(weak(encoded(body), GEOJSON, self.etag, told, self.caching))
        if self.asked.query.as_of is None:
            answers.keep(self.snapshot.dataset, None if self.asked.query.snapshot else self.snapshot.id)
        links = [("Link", header(told))]
        return self.headed(answers.fresh(encoded(body), GEOJSON, self.etag, self.caching, links))

    def headed(self, response: Response) -> Response:
        """The same with the words in its head that are of every form."""
        response.headers["Content-Crs"] = f"<{self.asked.crs.uri}>"
        response.headers["X-Snapshot"] = self.snapshot.id
        return response


def _form(chosen: Shown) -> tuple[str, str]:
    """What tells forms of an answer apart: the format and, in a page, the language."""
    return chosen, language() if chosen == "html" else ""


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


def _body(found: RowPage, asked: Asked, told: list[Link], made: datetime | None) -> dict[str, Any]:
    """A page of features; one that never changes does not say when it was `made`."""
    stamp = {} if made is None else {"timeStamp": made}
    matched = {} if found.count is None else {"numberMatched": found.count}
    return {
        "type": "FeatureCollection",
        **stamp,
        **matched,
        "numberReturned": len(found.values),
        "links": told,
        "features": _features(found, asked),
    }


def _features(found: RowPage, asked: Asked) -> object:
    """For orjson; where they are kept as they are shown, they are not written again."""
    return orjson.Fragment(encode_features(found)) if found.written else geojson.features(found, asked.crs)


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


def _items_page(collection: str, known: _Known, body: dict[str, Any]) -> Response:
    columns = known.snapshot.columns
    dataset = services().catalogue.describe(collection)
    response = page(
        "ogc/items.html",
        known.etag,
        known.caching,
        body=body,
        dataset=dataset,
        columns={column.name: column for column in columns},
        told={each["rel"]: each["href"] for each in body["links"]},
        map=maps.drawn(dataset, columns, body["features"]) if place(columns) is not None else None,
        here=lambda feature: url(path("collections", collection, "items", feature), "f=html"),
    )
    return known.headed(response)
