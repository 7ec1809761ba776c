"""Each dataset that has rows as a collection: what it holds, where and when, and how it can be asked."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from flask import Response

from gateway.api.answers import link as portal_link
from gateway.dialects.ogc_features.blueprint import about, answer, ogc_features, shown
from gateway.dialects.ogc_features.crs import CRS84, OFFERED
from gateway.dialects.ogc_features.links import (
    GEOJSON,
    HTML,
    JSON,
    QUERYABLES,
    SCHEMA,
    SCHEMA_OF,
    Link,
    both,
    link,
    path,
    url,
)
from gateway.dialects.ogc_features.properties import described, queryable
from gateway.dialects.ogc_features.tiles import TILESETS, has_tiles
from gateway.dialects.ogc_features.wording import word
from gateway.portal.blueprint import language
from gateway.services import services
from schemas.dataset import BBox, Dataset

_GREGORIAN = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"
_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_GRAIN = 1e6
"""Parts of a degree that extents are told in: about a decimetre."""
_HOUR = timedelta(hours=1)


@ogc_features.get("/collections")
def collections() -> Response:
    """The collections whose features are somewhere.

    One whose features are nowhere is served at its address, but the schema of the standard, and clients that
    go by it, know of no feature without a place.
    """
    pairs, spoken = about(), language()
    chosen = shown(pairs)
    found = [each for each in services().catalogue.datasets_with_rows() if each.bbox is not None]
    body = {
        "links": both("/collections", pairs, chosen),
        "crs": list(OFFERED),
        "collections": [_collection(dataset, _links(dataset, spoken), spoken) for dataset in found],
    }
    return answer(body, chosen, "ogc/collections.html", datasets={dataset.id: dataset for dataset in found})


@ogc_features.get("/collections/<collection>")
def collection(collection: str) -> Response:
    """One collection."""
    pairs, spoken = about(), language()
    chosen = shown(pairs)
    dataset = _with_rows(collection)
    told = [*both(path("collections", collection), pairs, chosen), *_links(dataset, spoken)[2:]]
    return answer(_collection(dataset, told, spoken), chosen, "ogc/collection.html", dataset=dataset)


@ogc_features.get("/collections/<collection>/queryables")
def queryables(collection: str) -> Response:
    """The properties that features can be asked by."""
    return _schema(collection, "queryables")


@ogc_features.get("/collections/<collection>/schema")
def schema(collection: str) -> Response:
    """The properties that features have."""
    return _schema(collection, "schema")


def _schema(collection: str, kind: str) -> Response:
    pairs, spoken = about(), language()
    chosen, here = shown(pairs), path("collections", collection, kind)
    dataset = _with_rows(collection)
    columns = services().catalogue.columns(collection)
    body = {
        "$schema": _DIALECT,
        "$id": url(here),
        "type": "object",
        "title": dataset.title.best(spoken),
        "properties": described(columns, spoken),
        "additionalProperties": False,
    }
    if kind == "queryables":
        # A box asks of the first geometry alone.
        first = [column for column in columns if column.type == "geometry"][:1]
        body["properties"] = described((*queryable(columns), *first), spoken)
    response = answer(body, chosen, "ogc/schema.html", dataset=dataset, kind=kind)
    if chosen == "json" and response.status_code == 200:
        response.content_type = SCHEMA
    return response


def _with_rows(collection: str) -> Dataset:
    """The dataset of a collection; raises UnknownDataset, or NoRows for an entry."""
    services().catalogue.snapshot(collection)
    return services().catalogue.describe(collection)


def _collection(dataset: Dataset, links: list[Link], language: str) -> dict[str, Any]:
    description = dataset.description.best(language)
    return {
        "id": dataset.id,
        "title": dataset.title.best(language),
        **({"description": description} if description else {}),
        **({"keywords": list(dataset.keywords)} if dataset.keywords else {}),
        "attribution": dataset.publisher,
        "extent": _extent(dataset),
        "itemType": "feature",
        "crs": list(OFFERED),
        "storageCrs": CRS84.uri,
        "links": links,
    }


def _extent(dataset: Dataset) -> dict[str, Any]:
    """Where and when; what is not known at both ends is left out, since clients trip over nulls."""
    extent: dict[str, Any] = {}
    if dataset.bbox is not None:
        extent["spatial"] = {"bbox": [_around(dataset.bbox)], "crs": CRS84.uri}
    first, last = dataset.period or (None, None)
    if first is not None and last is not None:
        # In whole hours it stays the same for a while, where readings come by the second.
        interval = [_hour(first), _hour(last + _HOUR - timedelta.resolution)]
        extent["temporal"] = {"interval": [interval], "trs": _GREGORIAN}
    return extent


def _around(box: BBox) -> list[float]:
    """A box a little wider than its features.

    A client that asks for it in another system finds those at its very edge too, however both round.
    """
    west, south, east, north = box
    lower = (math.floor(west * _GRAIN - 0.1), math.floor(south * _GRAIN - 0.1))
    upper = (math.ceil(east * _GRAIN + 0.1), math.ceil(north * _GRAIN + 0.1))
    within = ((-180, 180), (-90, 90)) * 2
    return [
        min(max(each / _GRAIN, least), most)
        for each, (least, most) in zip((*lower, *upper), within, strict=True)
    ]


def _hour(moment: datetime) -> str:
    """The hour that began last."""
    return moment.replace(minute=0, second=0, microsecond=0).isoformat().replace("+00:00", "Z")


def _links(dataset: Dataset, language: str) -> list[Link]:
    """From a collection to what belongs to it; the first two lead to the collection itself."""
    here = path("collections", dataset.id)
    schemas = (
        ("describedby", "schema"),
        (SCHEMA_OF, "schema"),
        (QUERYABLES, "queryables"),
    )
    return [
        *both(here, [], "json"),
        link("items", url(f"{here}/items"), GEOJSON, word("items", language)),
        link("items", url(f"{here}/items", "f=html"), HTML, word("items", language)),
        *(link(rel, url(f"{here}/{kind}"), SCHEMA, word(kind, language)) for rel, kind in schemas),
        *([_tiles(here, language)] if has_tiles(dataset) else []),
        *_elsewhere(dataset, language),
    ]


def _tiles(here: str, language: str) -> Link:
    return link(TILESETS, url(f"{here}/tiles"), JSON, word("tiles", language))


def _elsewhere(dataset: Dataset, language: str) -> list[Link]:
    """The same data outside this API."""
    page, api = portal_link(f"/datasets/{dataset.id}"), portal_link(f"/api/v1/datasets/{dataset.id}")
    parquet = f"{api}/download.parquet"
    return [
        link("describes", page, HTML, word("page", language)),
        link("via", api, JSON),
        link("enclosure", parquet, "application/vnd.apache.parquet", word("download", language)),
    ]
