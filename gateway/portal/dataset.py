"""The page of a dataset: what it is, its columns, first rows, a map, downloads, code and harvests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

from flask import render_template

from catalogue import EXPORT_FORMATS
from gateway.portal.blueprint import portal, wording
from gateway.portal.linked_data import linked_data
from gateway.portal.snippets import snippets
from gateway.services import services
from schemas.dataset import Column, Dataset
from schemas.query import RowQuery
from schemas.run import Run
from schemas.snapshot import Snapshot

PREVIEW = 10
DRAWN = 2_000
RUNS = 5
SNAPSHOTS = 10
MAP_WORDS = ("drawn", "here", "some", "none", "unplaced", "failed", "limited", "zoom_in", "zoom_out", "close")
# A dataset published anew this often is worth looking at again while the page is open.
OFTEN = timedelta(minutes=2)


@portal.get("/datasets/<dataset>")
def one(dataset: str) -> str:
    """All that people want to know of a dataset before they use it."""
    catalogue = services().catalogue
    described = catalogue.describe(dataset)
    runs = catalogue.runs(dataset=dataset, limit=RUNS)
    shown: dict[str, Any] = {"dataset": described, "runs": runs, "landing_page": _web(described.landing_page)}
    columns: tuple[Column, ...] = ()
    if described.rows is not None:
        snapshot = catalogue.snapshot(dataset)
        columns = snapshot.columns
        shown |= _rows_shown(described, snapshot, runs)
    return render_template("dataset.html", **shown, linked_data=linked_data(described, columns, wording()))


def _rows_shown(dataset: Dataset, snapshot: Snapshot, runs: Sequence[Run]) -> dict[str, Any]:
    columns = snapshot.columns
    readable = tuple(column.name for column in columns if column.type != "geometry")
    drawn = any(column.type == "geometry" for column in columns)
    asked = RowQuery(limit=PREVIEW, select=readable, snapshot=snapshot.id)
    return {
        "columns": columns,
        "preview": services().catalogue.rows(dataset.id, asked),
        "snippets": snippets(dataset, columns),
        "formats": {name: EXPORT_FORMATS[name][0] for name in dataset.formats if name in EXPORT_FORMATS},
        "bytes": snapshot.bytes,
        "history": services().catalogue.snapshots(dataset.id, limit=SNAPSHOTS),
        "map": _map(dataset, columns, moving=_moves(columns, runs)) if drawn else None,
    }


def _map(dataset: Dataset, columns: Sequence[Column], *, moving: bool) -> dict[str, Any]:
    """What the script that draws the map is told."""
    said = wording()
    return {
        "rows": f"/api/v1/datasets/{dataset.id}/rows",
        "most": DRAWN,
        "total": dataset.rows,
        "bbox": dataset.bbox,
        "moving": moving,
        "zone": str(said.zone),
        "columns": [_told(column) for column in columns if column.type != "geometry"],
        "words": {name: said.t(f"map_{name}") for name in MAP_WORDS},
    }


def _told(column: Column) -> dict[str, Any]:
    said = wording()
    return {
        "name": column.name,
        "title": said.column(column),
        "unit": said.unit(column),
        "type": column.type,
        "codes": {code: words.best(said.language) for code, words in (column.codes or {}).items()},
    }


def _moves(columns: Sequence[Column], runs: Sequence[Run]) -> bool:
    """Whether rows say when they were seen, and new ones came twice in a short while."""
    landed = [run.finished for run in runs if run.status == "published" and run.finished]
    often = any(later - former <= OFTEN for later, former in pairwise(landed))
    return often and any(column.role == "time" for column in columns)


def _web(address: str | None) -> str | None:
    """An address that a link may lead to: publishers write it, and `javascript:` would run here."""
    try:
        return address if address and urlsplit(address).scheme in ("http", "https") else None
    except ValueError:
        return None
