"""Datasets and snapshots back from their stored JSON, ten times as fast as marshmallow loads them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from schemas.dataset import Column, Dataset, Text
from schemas.snapshot import Part, Snapshot


def dataset(described: dict[str, Any]) -> Dataset:
    """A dataset from what DatasetSchema dumps of it."""
    return Dataset(
        **described
        | _bounds(described)
        | {
            "title": Text(**described["title"]),
            "description": Text(**described["description"]),
            "keywords": tuple(described["keywords"]),
            "themes": tuple(described["themes"]),
            "formats": tuple(described["formats"]),
            "created": _instant(described["created"]),
            "updated": _instant(described["updated"]),
        }
    )


def snapshot(manifest: dict[str, Any], replaced: datetime | None) -> Snapshot:
    """A snapshot from what SnapshotSchema dumps of it, and the instant at which it was replaced."""
    return Snapshot(
        **manifest
        | _bounds(manifest)
        | {
            "created": _instant(manifest["created"]),
            "replaced": replaced,
            "columns": tuple(_column(column) for column in manifest["columns"]),
            "parts": tuple(Part(**part) for part in manifest["parts"]),
        }
    )


def _column(described: dict[str, Any]) -> Column:
    codes = described["codes"]
    meanings = {code: Text(**words) for code, words in codes.items()} if codes is not None else None
    return Column(**described | {"title": Text(**described["title"]), "codes": meanings})


def _bounds(described: dict[str, Any]) -> dict[str, Any]:
    bbox, period = described["bbox"], described["period"]
    return {
        "bbox": tuple(bbox) if bbox is not None else None,
        "period": (_instant(period[0]), _instant(period[1])) if period is not None else None,
    }


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
