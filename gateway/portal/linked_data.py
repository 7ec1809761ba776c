"""A dataset in schema.org's words, so that search engines for data find it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from catalogue import EXPORT_FORMATS
from gateway.api.answers import link
from gateway.portal.wording import Wording
from schemas.dataset import Column, Dataset


def linked_data(dataset: Dataset, columns: Sequence[Column], said: Wording) -> dict[str, Any]:
    """The JSON-LD of a https://schema.org/Dataset; what is not known is left out."""
    told: dict[str, Any] = {
        "@context": "https://schema.org/",
        "@type": "Dataset",
        "name": dataset.title.best(said.language),
        "description": dataset.description.best(said.language),
        "url": link(f"/datasets/{dataset.id}"),
        "identifier": dataset.identifier or dataset.id,
        "keywords": list(dataset.keywords),
        "license": {"@type": "CreativeWork", "name": dataset.licence},
        "creator": {"@type": "Organization", "name": dataset.publisher},
        "isAccessibleForFree": True,
        "dateModified": dataset.updated and dataset.updated.isoformat(),
        "temporalCoverage": _period(dataset),
        "spatialCoverage": _place(dataset),
        "variableMeasured": [_variable(column, said) for column in columns],
        "distribution": _distribution(dataset),
    }
    return {name: value for name, value in told.items() if value}


def _period(dataset: Dataset) -> str | None:
    if dataset.period is None:
        return None
    return "/".join(moment.isoformat() if moment else ".." for moment in dataset.period)


def _place(dataset: Dataset) -> dict[str, Any] | None:
    if dataset.bbox is None:
        return None
    west, south, east, north = dataset.bbox
    return {"@type": "Place", "geo": {"@type": "GeoShape", "box": f"{south} {west} {north} {east}"}}


def _variable(column: Column, said: Wording) -> dict[str, str]:
    told = {"@type": "PropertyValue", "name": column.name, "description": said.column(column)}
    return told | ({"unitText": said.unit(column)} if said.unit(column) else {})


def _distribution(dataset: Dataset) -> list[dict[str, str]]:
    """Its files here; one whose rows are elsewhere has none."""
    if dataset.rows is None:
        return []
    return [
        {
            "@type": "DataDownload",
            "encodingFormat": EXPORT_FORMATS[name][0].partition(";")[0],
            "contentUrl": link(f"/api/v1/datasets/{dataset.id}/download.{name}"),
        }
        for name in dataset.formats
        if name in EXPORT_FORMATS
    ]
