"""Datasets and snapshots back from their stored JSON, ten times as fast as marshmallow loads them."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from schemas.dataset import Column, Dataset, Text
from schemas.snapshot import Part, Period, Snapshot


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
            "archived": _instant(described.get("archived")),
        }
    )


def snapshot(
    manifest: dict[str, Any], replaced: datetime | None, newest: dict[str, Any] | None = None
) -> Snapshot:
    """A snapshot from what SnapshotSchema dumps of it, and the instant at which it was replaced.

    `newest` is the manifest of the newest snapshot of its lineage, where this one only counts its rows.
    """
    if newest is not None:
        parts = head(tuple(_part(part) for part in newest["parts"]), manifest["rows"])
        whole = snapshot(manifest | {"columns": newest["columns"], "parts": []}, replaced)
        return replace(whole, parts=parts)
    return Snapshot(
        **manifest
        | _bounds(manifest)
        | {
            "created": _instant(manifest["created"]),
            "replaced": replaced,
            "columns": tuple(_column(column) for column in manifest["columns"]),
            "parts": tuple(_part(part) for part in manifest["parts"]),
        }
    )


def light(snapshot: Snapshot) -> dict[str, Any]:
    """What is stored of a snapshot whose columns and parts the newest of its lineage tells."""
    shared = ("columns", "parts", "replaced")
    return {
        field.name: getattr(snapshot, field.name) for field in fields(snapshot) if field.name not in shared
    }


def head(parts: tuple[Part, ...], rows: int) -> tuple[Part, ...]:
    """The parts of the first `rows` rows, the last of them cut short; one at least, for its columns."""
    found: list[Part] = []
    left = rows
    for part in parts:
        if not left and found:
            break
        kept = min(left, part.rows)
        found.append(part if kept == part.rows else replace(part, rows=kept, head=True))
        left -= kept
    return tuple(found)


def _part(described: dict[str, Any]) -> Part:
    return Part(**described | {"period": _period(described.get("period"))})


def _column(described: dict[str, Any]) -> Column:
    codes = described["codes"]
    meanings = {code: Text(**words) for code, words in codes.items()} if codes is not None else None
    return Column(**described | {"title": Text(**described["title"]), "codes": meanings})


def _bounds(described: dict[str, Any]) -> dict[str, Any]:
    bbox = described["bbox"]
    return {"bbox": tuple(bbox) if bbox is not None else None, "period": _period(described["period"])}


def _period(ends: list[str | None] | None) -> Period | None:
    return None if ends is None else (_instant(ends[0]), _instant(ends[1]))


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text is not None else None
