"""Datasets on a map: vector tiles in the squares that web maps are made of, and TileJSON that finds them."""

from __future__ import annotations

import hashlib
from typing import Any
from urllib.parse import quote

from flask import Blueprint, Response, request
from marshmallow import Schema, fields

from catalogue import read_tile, tile_fields, tile_properties
from gateway.api.answers import PINNED, REVALIDATE, fresh, keep, link, not_modified, public_answer
from gateway.api.asking.patterns import NAMES
from gateway.api.describe import describe
from gateway.caller import ROWS
from gateway.services import services
from schemas.dataset import Dataset
from schemas.snapshot import Snapshot

tiles = Blueprint("tiles", __name__, url_prefix="/api/v1/datasets")

MVT = "application/vnd.mapbox-vector-tile"
SHARPEST = 16
"""Zoom from which on a map had better stretch tiles than ask for others: a step of them is 15 cm."""
_LAYOUT = 1
"""Raised when tiles are drawn otherwise than before."""


class TileParameters(Schema):
    properties = fields.String(
        metadata={
            "description": "columns that features have as attributes, by commas; else all",
            "pattern": NAMES,
            "examples": ["name,kind"],
        }
    )
    snapshot = fields.String(metadata={"description": "a version by its id"})


class VectorLayerSchema(Schema):
    id = fields.String(required=True)
    description = fields.String(required=True)
    minzoom = fields.Integer(required=True)
    maxzoom = fields.Integer(required=True)
    fields_ = fields.Dict(keys=fields.String(), values=fields.String(), required=True, data_key="fields")


class TileJSONAnswer(Schema):
    tilejson = fields.String(required=True)
    name = fields.String(required=True)
    description = fields.String(required=True)
    attribution = fields.String(required=True)
    scheme = fields.String(required=True)
    tiles = fields.List(fields.String(), required=True)
    minzoom = fields.Integer(required=True)
    maxzoom = fields.Integer(required=True)
    bounds = fields.List(fields.Float())
    center = fields.List(fields.Float())
    vector_layers = fields.List(fields.Nested(VectorLayerSchema), required=True)


@tiles.get("/<dataset>/tiles.json")
@describe("Where the tiles are", tag="rows", scope="rows:read", query=TileParameters, answer=TileJSONAnswer)
def tilejson(dataset: str, query: dict[str, str]) -> Response:
    """TileJSON 3.0 of one snapshot, so that a map never mixes two of them."""
    catalogue = services().catalogue
    snapshot = catalogue.snapshot(dataset, query.get("snapshot"))
    catalogue.layer_of(snapshot)
    keep(dataset, None if "snapshot" in query else snapshot.id)
    return public_answer(_tilejson(catalogue.describe(dataset), snapshot, query.get("properties")))


@tiles.get("/<dataset>/tiles/<z>/<x>/<y>.mvt")
@describe(
    "A vector tile",
    tag="rows",
    scope="rows:read",
    query=TileParameters,
    media_types=(MVT,),
    nothing="Nothing of the dataset lies there",
)
def tile(dataset: str, z: str, x: str, y: str, query: dict[str, str]) -> Response:
    """A square of WebMercatorQuad with the dataset as its layer. Features are clipped a little beyond the
    square, and simplified to what can be seen; their ids are positions in the snapshot.

    `X-Features` counts them, `X-Features-Omitted` those left out: of a crowded square the points are thinned
    evenly and the largest of other shapes are shown, and shapes smaller than a 4096th of its side are not.
    """
    snapshot = services().catalogue.snapshot(dataset, query.get("snapshot"))
    keep(dataset, None if "snapshot" in query else snapshot.id)
    return tile_answer(snapshot, (z, x, y), query.get("properties"), pinned="snapshot" in query)


def tile_answer(
    snapshot: Snapshot, place: tuple[str, str, str], properties: str | None, *, pinned: bool
) -> Response:
    """The tile at zoom, column and row as an address has them, or 204; raises BadInput."""
    wanted, names = read_tile(*place), tile_properties(snapshot.columns, properties)
    layer = services().catalogue.layer_of(snapshot)
    caching = PINNED if pinned else REVALIDATE
    etag = _tag(snapshot.id, wanted, names)
    unchanged = not_modified(etag, caching)
    if unchanged:
        return unchanged
    drawn = layer.draw(wanted, names)
    request.environ[ROWS] = drawn.features
    answer = fresh(drawn.data, MVT, etag, caching)
    if not drawn.data:
        answer.status_code = 204
        del answer.headers["Content-Type"]
    answer.headers["X-Snapshot"] = snapshot.id
    answer.headers["X-Features"] = str(drawn.features)
    answer.headers["X-Features-Omitted"] = str(drawn.omitted)
    return answer


def _tag(*parts: object) -> str:
    return hashlib.blake2b(repr((_LAYOUT, *parts)).encode(), digest_size=16).hexdigest()


def _tilejson(dataset: Dataset, snapshot: Snapshot, properties: str | None) -> dict[str, Any]:
    told = tile_properties(snapshot.columns, properties)
    address = link(f"/api/v1/datasets/{dataset.id}/tiles") + "/{z}/{x}/{y}.mvt"
    asked = f"?snapshot={quote(snapshot.id)}" + (f"&properties={quote(properties)}" if properties else "")
    layer = {
        "id": dataset.id,
        "description": str(dataset.title),
        "minzoom": 0,
        "maxzoom": SHARPEST,
        "fields": tile_fields(snapshot.columns, told),
    }
    return {
        "tilejson": "3.0.0",
        "name": str(dataset.title),
        "description": str(dataset.description),
        "attribution": dataset.publisher,
        "scheme": "xyz",
        "tiles": [address + asked],
        "minzoom": 0,
        "maxzoom": SHARPEST,
        **_places(snapshot),
        "vector_layers": [layer],
    }


def _places(snapshot: Snapshot) -> dict[str, Any]:
    """Where to look; a box over the antimeridian is given as the whole width of the world."""
    if snapshot.bbox is None:
        return {}
    west, south, east, north = snapshot.bbox
    bounds = [west, south, east, north] if west <= east else [-180.0, south, 180.0, north]
    return {"bounds": bounds, "center": [(bounds[0] + bounds[2]) / 2, (south + north) / 2, 10]}
