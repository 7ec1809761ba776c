"""What Socrata's clients ask of a dataset before its rows: its title, licence and columns."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask import Response

from gateway.api.answers import public_answer
from gateway.dialects.soda.blueprint import soda
from gateway.dialects.soda.encoding import soda_type
from gateway.scopes import require
from gateway.services import services
from schemas.dataset import Column, Dataset


@soda.get("/api/views/<dataset>.json")
@soda.get("/api/views/<dataset>")
def view(dataset: str) -> Response:
    """The metadata of a dataset, as far as Socrata has words for it."""
    require("catalogue:read")
    catalogue = services().catalogue
    described, columns = catalogue.describe(dataset), catalogue.columns(dataset)
    return public_answer(_view(described, columns))


def _view(dataset: Dataset, columns: tuple[Column, ...]) -> dict[str, Any]:
    told = {
        "id": dataset.id,
        "name": str(dataset.title),
        "assetType": "dataset",
        "viewType": "tabular",
        "displayType": "table",
        "description": str(dataset.description),
        "attribution": dataset.publisher,
        "attributionLink": dataset.landing_page,
        "category": dataset.themes[0] if dataset.themes else None,
        "tags": list(dataset.keywords),
        "licenseId": dataset.licence,
        "license": {"name": dataset.licence},
        "createdAt": _seconds(dataset.created),
        "rowsUpdatedAt": _seconds(dataset.updated),
        "viewLastModified": _seconds(dataset.updated),
        "metadata": {"titles": vars(dataset.title), "snapshot": dataset.snapshot, "rows": dataset.rows},
        "columns": [_column(column, place) for place, column in enumerate(columns, 1)],
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def _column(column: Column, place: int) -> dict[str, Any]:
    return {
        "id": place,
        "name": str(column.title) or column.name,
        "fieldName": column.name,
        "position": place,
        "dataTypeName": soda_type(column),
        "renderTypeName": soda_type(column),
        "description": column.title.best("en"),
        **({"format": {"unit": column.unit}} if column.unit else {}),
    }


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())
