"""`entrepot datasets` and `search`: what is published."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import click

from catalogue import DOWNLOADS
from config.commands import stewarding
from config.output import json_option, line, show, show_one, talk
from config.wiring import open_catalogue_of
from config.wiring import settings as current
from gateway.api.shapes import column_item, dataset_item, hit_item, snapshot_item
from schemas.query import SearchQuery

_LISTED = ("id", "title", "publisher", "rows", "updated")


@click.group()
def datasets() -> None:
    """What is published."""


@datasets.command("list", epilog="Example: entrepot datasets list --json")
@click.option("--limit", type=click.IntRange(1), default=None, help="At most so many; all by default.")
@json_option
def list_datasets(limit: int | None, as_json: bool) -> None:
    """Every dataset with its rows and age."""
    with open_catalogue_of(current()) as catalogue:
        rows = [dataset_item(d) for d in catalogue.datasets(limit=limit or sys.maxsize, offset=0)]
    show(rows, _LISTED, as_json)


@datasets.command("show", epilog="Example: entrepot datasets show city-parks")
@click.argument("dataset")
@json_option
def show_dataset(dataset: str, as_json: bool) -> None:
    """A dataset, its columns and its snapshots."""
    with open_catalogue_of(current()) as catalogue:
        described = catalogue.describe(dataset)
        item = dataset_item(described)
        columns = [] if described.rows is None else [column_item(c) for c in catalogue.columns(dataset)]
        history = [snapshot_item(s) for s in catalogue.snapshots(dataset)]
    if as_json:
        line(item | {"columns": columns, "snapshots": history})
        return
    show_one(item, as_json=False)
    show(columns, ["name", "type", "unit", "title", "role"], as_json=False)
    show(history, ["id", "created", "rows", "bytes"], as_json=False)


@datasets.command(
    "export", epilog="Example: entrepot datasets export city-parks --format parquet -o parks.parquet"
)
@click.argument("dataset")
@click.option("--format", "format_", type=click.Choice(sorted(DOWNLOADS)), required=True)
@click.option("-o", "out", type=click.Path(path_type=Path, dir_okay=False), help="A file; stdout by default.")
@click.option("--snapshot", default=None)
def export(dataset: str, format_: str, out: Path | None, snapshot: str | None) -> None:
    """Write a whole snapshot."""
    with open_catalogue_of(current()) as catalogue:
        made = catalogue.export(dataset, format_, snapshot)
    if out:
        shutil.copyfile(made.path, out)
        talk(f"{out}: {out.stat().st_size:,} bytes")
        return
    with made.path.open("rb") as file:
        shutil.copyfileobj(file, sys.stdout.buffer)


stewarding.add_to_datasets(datasets)


@click.command(epilog="Example: entrepot search 부산 버스 --theme transit")
@click.argument("words", nargs=-1, required=True)
@click.option("--theme", multiple=True)
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True)
@json_option
def search(words: tuple[str, ...], theme: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Find datasets that hold every word."""
    with open_catalogue_of(current()) as catalogue:
        page = catalogue.find(SearchQuery(q=" ".join(words), themes=theme, limit=limit))
    show([hit_item(hit) for hit in page.hits], _LISTED, as_json)
    talk(f"{page.total:,} found" + (f", {len(page.hits):,} shown" if page.total > len(page.hits) else ""))
