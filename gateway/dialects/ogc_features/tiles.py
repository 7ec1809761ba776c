"""OGC API Tiles: collections as vector tiles of the web's map, described so that GIS programs find them."""

from __future__ import annotations

from typing import Any

from flask import Response

from catalogue import DEEPEST_TILE, MOST_DRAWN
from gateway.api.answers import keep
from gateway.api.asking.parameters import Pairs
from gateway.api.reading.tiles import MVT, tile_answer
from gateway.dialects.ogc_features.blueprint import Shown, about, answer, ogc_features, shown
from gateway.dialects.ogc_features.crs import CRS84
from gateway.dialects.ogc_features.links import JSON, both, link, path, url
from gateway.dialects.ogc_features.properties import described, queryable
from gateway.dialects.ogc_features.wording import word
from gateway.portal.blueprint import language
from gateway.services import services
from schemas.dataset import Dataset
from schemas.problem import BadInput, InputError
from schemas.snapshot import Snapshot

GRID = "WebMercatorQuad"
_REL = "http://www.opengis.net/def/rel/ogc/1.0/"
TILESETS, _SCHEME, SCHEMES = f"{_REL}tilesets-vector", f"{_REL}tiling-scheme", f"{_REL}tiling-schemes"
_GRID_PATH, _GRID_TITLE = f"/tileMatrixSets/{GRID}", "Google Maps Compatible for the World"
_GRID_URI = f"http://www.opengis.net/def/tilematrixset/OGC/1.0/{GRID}"
_MERCATOR = "http://www.opengis.net/def/crs/EPSG/0/3857"
_CORNER = 20037508.342789244
"""Metres from the middle of the map to its sides."""
_PIXELS = 256
_PIXEL = 0.000_28
"""Metres of a pixel that scales are told by (OGC 17-083r4, 6.1.1.1)."""
_TILE, _PAGE = "{tileMatrix}/{tileRow}/{tileCol}", "ogc/tiles.html"


@ogc_features.get("/tileMatrixSets")
def matrix_sets() -> Response:
    """The one grid that tiles are in."""
    pairs = about()
    chosen = shown(pairs)
    grid = {"id": GRID, "title": _GRID_TITLE, "uri": _GRID_URI, "links": both(_GRID_PATH, [], "json")}
    body = {"links": both("/tileMatrixSets", pairs, chosen), "tileMatrixSets": [grid]}
    return answer(body, chosen, _PAGE, heading=word("grids", language()), listed=[grid])


@ogc_features.get(_GRID_PATH)
def matrix_set() -> Response:
    """The grid: its zooms and where their tiles begin."""
    pairs = about()
    chosen = shown(pairs)
    body = {
        "id": GRID,
        "title": _GRID_TITLE,
        "uri": _GRID_URI,
        "crs": _MERCATOR,
        "orderedAxes": ["X", "Y"],
        "wellKnownScaleSet": "http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        "tileMatrices": [_matrix(zoom) for zoom in range(DEEPEST_TILE + 1)],
        "links": both(_GRID_PATH, pairs, chosen),
    }
    return answer(body, chosen, _PAGE, heading=_GRID_TITLE)


@ogc_features.get("/collections/<collection>/tiles")
def tilesets(collection: str) -> Response:
    """The tilesets of a collection: one, of vectors."""
    pairs, (dataset, snapshot) = about(), _drawn(collection)
    chosen, listed = shown(pairs), [_tileset(dataset, snapshot, [], "json")]
    body = {"links": both(path("collections", collection, "tiles"), pairs, chosen), "tilesets": listed}
    return answer(body, chosen, _PAGE, heading=word("tiles", language()), listed=listed)


@ogc_features.get(f"/collections/<collection>/tiles/{GRID}")
def tileset(collection: str) -> Response:
    """What the tiles of a collection hold, and where they are."""
    pairs, (dataset, snapshot) = about(), _drawn(collection)
    chosen = shown(pairs)
    layer = {
        "id": dataset.id,
        "title": dataset.title.best(language()),
        "dataType": "vector",
        "propertiesSchema": {
            "type": "object",
            "properties": described(queryable(snapshot.columns), language()),
        },
    }
    body = _tileset(dataset, snapshot, pairs, chosen) | {"layers": [layer]}
    return answer(body, chosen, _PAGE, heading=body["title"])


@ogc_features.get(f"/collections/<collection>/tiles/{GRID}/<matrix>/<row>/<column>")
def collection_tile(collection: str, matrix: str, row: str, column: str) -> Response:
    """One tile; `properties` and `snapshot` are as in our own API."""
    asked = dict(about(("properties", "snapshot")))
    if asked.get("f", "mvt") != "mvt":
        raise BadInput([InputError("f", f"has no {asked['f']!r}", "tiles are mvt alone")])
    snapshot = services().catalogue.snapshot(collection, asked.get("snapshot"))
    keep(collection, None if "snapshot" in asked else snapshot.id)
    return tile_answer(snapshot, (matrix, column, row), asked.get("properties"), pinned="snapshot" in asked)


def has_tiles(dataset: Dataset) -> bool:
    """Whether a collection can be drawn."""
    return dataset.bbox is not None and (dataset.rows or 0) <= MOST_DRAWN


def _drawn(collection: str) -> tuple[Dataset, Snapshot]:
    """Raises UnknownDataset, NoRows, or BadInput where features have no place."""
    catalogue = services().catalogue
    snapshot = catalogue.snapshot(collection)
    catalogue.layer_of(snapshot)
    return catalogue.describe(collection), snapshot


def _tileset(dataset: Dataset, snapshot: Snapshot, pairs: Pairs, chosen: Shown) -> dict[str, Any]:
    here = path("collections", dataset.id, "tiles", GRID)
    own = [
        *both(here, pairs, chosen),
        link(_SCHEME, url(_GRID_PATH), JSON),
        link("collection", url(path("collections", dataset.id)), JSON),
    ]
    tiles: dict[str, Any] = {**link("item", f"{url(here)}/{_TILE}", MVT), "templated": True}
    return {
        "title": dataset.title.best(language()),
        "dataType": "vector",
        "crs": _MERCATOR,
        "tileMatrixSetId": GRID,
        "tileMatrixSetURI": _GRID_URI,
        **_where(snapshot),
        "links": [*own, tiles],
    }


def _where(snapshot: Snapshot) -> dict[str, Any]:
    if snapshot.bbox is None:
        return {}
    west, south, east, north = snapshot.bbox
    lower, upper = ([west, south], [east, north]) if west <= east else ([-180.0, south], [180.0, north])
    return {"boundingBox": {"lowerLeft": lower, "upperRight": upper, "crs": CRS84.uri}}


def _matrix(zoom: int) -> dict[str, Any]:
    cell = 2 * _CORNER / _PIXELS / 2**zoom
    return {
        "id": str(zoom),
        "scaleDenominator": cell / _PIXEL,
        "cellSize": cell,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": [-_CORNER, _CORNER],
        "tileWidth": _PIXELS,
        "tileHeight": _PIXELS,
        "matrixWidth": 2**zoom,
        "matrixHeight": 2**zoom,
    }
