"""What the portal's map script is told of the features on a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from gateway.portal.blueprint import wording
from gateway.portal.dataset import MAP_WORDS
from schemas.dataset import Column, Dataset


def drawn(dataset: Dataset, columns: Sequence[Column], features: Sequence[dict[str, Any]]) -> str:
    """JSON for `data-map`: the features themselves, and how their properties are called."""
    said = wording()
    items = [{**feature["properties"], "geometry": feature["geometry"]} for feature in features]
    told = {
        "items": items,
        "most": len(items),
        "total": len(items),
        "bbox": dataset.bbox,
        "moving": False,
        "zone": str(said.zone),
        "columns": [_told(column) for column in columns if column.type != "geometry"],
        "words": {name: said.t(f"map_{name}") for name in MAP_WORDS},
    }
    return orjson.dumps(told).decode()


def _told(column: Column) -> dict[str, Any]:
    said = wording()
    return {
        "name": column.name,
        "title": said.column(column),
        "unit": said.unit(column),
        "type": column.type,
        "codes": {code: words.best(said.language) for code, words in (column.codes or {}).items()},
    }
