"""Write the OpenAPI 3.0 document: a path for the features of each collection, with its own properties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gateway.dialects.ogc_features.asking import RESERVED, place
from gateway.dialects.ogc_features.links import GEOJSON, HTML, JSON, PROBLEM, SCHEMA, path
from gateway.dialects.ogc_features.openapi_tiles import TILE_PARAMETERS, tile_paths
from gateway.dialects.ogc_features.parameters import PARAMETERS, shown
from gateway.dialects.ogc_features.properties import plain_schema, queryable
from schemas.dataset import Column

Part = dict[str, Any]
_REFUSALS = {
    "400": "A parameter is unknown or cannot be taken; `errors` names each",
    "401": "The credential opens nothing",
    "403": "The credential does not allow this",
    "404": "There is none of that name",
    "410": "The snapshot is no longer kept",
    "429": "A limit is used up",
    "503": "Finding the features took too long, or a part that is needed does not answer",
}
_OF_ITEMS = tuple(name for name in RESERVED if name not in ("f", "lang", "properties"))
_OF_ITEM = ("crs", "snapshot", "as_of")
_PROBLEM: Part = {
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
_ABOUT = """The city's datasets as collections of features: OGC API Features 1 to 3, and Tiles.

Without a key the anonymous plan applies, by address. Parameters that are unknown or cannot be read are
refused with 400 and the nearest that exists."""
_LICENCE = {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"}
_TAGS = {
    "about": "The API itself.",
    "collections": "What there is, and what its features hold.",
    "features": "Features by box, time, properties and filter, page by page.",
    "tiles": "Vector tiles for maps.",
}
_FEATURE: Part = {
    "type": "object",
    "required": ["type", "geometry", "properties"],
    "properties": {
        "type": {"type": "string", "enum": ["Feature"]},
        "id": {"type": "string"},
        "geometry": {"type": "object", "nullable": True},
        "properties": {"type": "object", "nullable": True},
        "links": {"type": "array", "items": {"type": "object"}},
    },
}
_FEATURES: Part = {
    "type": "object",
    "required": ["type", "features"],
    "properties": {
        "type": {"type": "string", "enum": ["FeatureCollection"]},
        "timeStamp": {"type": "string", "format": "date-time"},
        "numberMatched": {"type": "integer", "minimum": 0},
        "numberReturned": {"type": "integer", "minimum": 0},
        "links": {"type": "array", "items": {"type": "object"}},
        "features": {"type": "array", "items": {"$ref": "#/components/schemas/feature"}},
    },
}


@dataclass(frozen=True)
class Described:
    """A collection as the document needs it."""

    id: str
    title: str
    columns: Sequence[Column]


def openapi(collections: Sequence[Described], server: str, title: str) -> Part:
    """The document of a server that is reached at `server`, its landing page without the last slash."""
    paths: dict[str, Part] = {
        "/": _resource("landing", "Landing page", "about"),
        "/conformance": _resource("conformance", "Conformance classes", "about"),
        "/api": _resource("api", "This document", "about"),
        "/collections": _resource("collections", "All collections", "collections"),
        "/collections/{collectionId}": _of_one("collection", "One collection", JSON),
        "/collections/{collectionId}/queryables": _of_one("queryables", "What can be asked by", SCHEMA),
        "/collections/{collectionId}/schema": _of_one("schema", "What features hold", SCHEMA),
        **tile_paths(_REFUSALS),
    }
    for each in collections:
        here = path("collections", each.id, "items")
        paths[here] = {"get": _items(each)}
        paths[here + "/{featureId}"] = {"get": _item(each)}
    return {
        "openapi": "3.0.3",
        "info": {"title": title, "version": "1.0.0", "description": _ABOUT, "license": _LICENCE},
        "servers": [{"url": server}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS.items()],
        "paths": paths,
        "components": _components([each.id for each in collections]),
        "security": [{}, {"key": []}, {"keyHeader": []}],
    }


def _components(ids: Sequence[str]) -> Part:
    known: Part = {"enum": list(ids)} if ids else {}
    of_path = {"in": "path", "required": True}
    return {
        "parameters": {
            **{each["name"]: each for each in (*PARAMETERS, *TILE_PARAMETERS)},
            "collectionId": {"name": "collectionId", **of_path, "schema": {"type": "string", **known}},
            "featureId": {"name": "featureId", **of_path, "schema": {"type": "string"}},
        },
        "schemas": {"problem": _PROBLEM, "feature": _FEATURE, "features": _FEATURES},
        "responses": {
            status: {
                "description": text,
                "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/problem"}}},
            }
            for status, text in _REFUSALS.items()
        },
        "securitySchemes": {
            "key": {"type": "http", "scheme": "bearer"},
            "keyHeader": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        },
    }


def _refs(*names: str) -> list[Part]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in (*names, "f", "lang")]


def _operation(id: str, summary: str, tag: str, parameters: list[Part], content: Part) -> Part:
    refusals = {status: {"$ref": f"#/components/responses/{status}"} for status in _REFUSALS}
    page = {HTML: {"schema": {"type": "string"}}}
    return {
        "operationId": id,
        "summary": summary,
        "tags": [tag],
        "parameters": parameters,
        "responses": {"200": {"description": summary, "content": {**content, **page}}, **refusals},
    }


def _resource(id: str, summary: str, tag: str) -> Part:
    content = {JSON: {"schema": {"type": "object"}}}
    return {"get": _operation(id, summary, tag, _refs(), content)}


def _of_one(id: str, summary: str, media_type: str) -> Part:
    content = {media_type: {"schema": {"type": "object"}}}
    return {"get": _operation(id, summary, "collections", _refs("collectionId"), content)}


def _items(each: Described) -> Part:
    own = [_property(column) for column in queryable(each.columns) if column.name not in RESERVED]
    names = [column.name for column in each.columns if column is not place(each.columns)]
    own += [shown(names)] if names else []
    content = {GEOJSON: {"schema": {"$ref": "#/components/schemas/features"}}}
    return _operation(f"items.{each.id}", each.title, "features", _refs(*_OF_ITEMS) + own, content)


def _item(each: Described) -> Part:
    content = {GEOJSON: {"schema": {"$ref": "#/components/schemas/feature"}}}
    summary = f"{each.title}: one feature"
    return _operation(f"item.{each.id}", summary, "features", _refs("featureId", *_OF_ITEM), content)


def _property(column: Column) -> Part:
    return {
        "name": column.name,
        "in": "query",
        "description": str(column.title) or column.name,
        "required": False,
        "style": "form",
        "explode": False,
        "schema": plain_schema(column),
    }
