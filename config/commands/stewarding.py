"""What stewards do to what is published: let in, compare, go back, withdraw, archive, restore."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click

from catalogue import Catalogue, table_lines, table_parquet
from config.output import json_option, line, show, talk
from config.wiring import open_catalogue_of
from config.wiring import settings as current
from gateway.api.answers import shown
from schemas.run import REJECTS
from schemas.steward import DeedSchema, FaultSchema

BY = "command line"
"""Who acts where no person is signed in."""
_KINDS = ("inserted", "updated", "deleted")


def add_to_feeds(feeds: click.Group) -> None:
    """The commands of `entrepot feeds` that change or compare what is published."""
    for command in (approve, diff):
        feeds.add_command(command)


def add_to_datasets(datasets: click.Group) -> None:
    """The commands of `entrepot datasets` that do a deed, or tell of deeds and faults."""
    for command in (revert, withdraw, archive, restore, deeds, faults, rejects):
        datasets.add_command(command)


@click.command(epilog="Example: entrepot feeds approve city-parks")
@click.argument("feed")
@json_option
def approve(feed: str, as_json: bool) -> None:
    """Let in what the feed's latest run held back; a worker publishes it, or `entrepot harvest FEED` now."""
    with open_catalogue_of(current()) as catalogue:
        run = catalogue.approve(feed, BY)
    show([{"feed": feed, "run": run, "state": "queued"}], ["feed", "run", "state"], as_json)


@click.command(epilog="Example: entrepot feeds diff city-parks --limit 5")
@click.argument("feed")
@click.option("--from", "since", default=None, help="A snapshot; the one before the current by default.")
@click.option("--to", "until", default=None, help="A snapshot; the current one by default.")
@click.option("--limit", type=click.IntRange(0, 10_000), default=20, show_default=True)
@json_option
def diff(feed: str, since: str | None, until: str | None, limit: int, as_json: bool) -> None:
    """What changed between two snapshots of each dataset of a feed: counts, columns, and the first rows."""
    with open_catalogue_of(current()) as catalogue:
        datasets = _datasets_of(catalogue, feed)
        for dataset in datasets:
            history = [each.id for each in catalogue.snapshots(dataset)]
            start = since or _before(history, until)
            if start is None:
                talk(f"{dataset} has one snapshot only: there is nothing to compare it with")
                continue
            _tell(dataset, catalogue.difference(dataset, start, until, limit), as_json)


def _datasets_of(catalogue: Catalogue, feed: str) -> list[str]:
    """The datasets with rows that a feed publishes, or the dataset of that id."""
    health = {state.feed: state for state in catalogue.feed_health()}
    if feed in health and health[feed].datasets:
        return list(health[feed].datasets)
    return [catalogue.describe(feed).id]


def _before(history: list[str], until: str | None) -> str | None:
    """The snapshot before `until`, or before the newest; None where there is none."""
    place = history.index(until) if until in history else 0
    return history[place + 1] if place + 1 < len(history) else None


def _tell(dataset: str, found: Any, as_json: bool) -> None:
    counts, columns = vars(found.counts), {k: v for k, v in vars(found.columns).items() if v}
    if as_json:
        head = {"dataset": dataset, "from": found.since, "to": found.until, **counts, "columns": columns}
        line(head)
        for row in _rows(found.some):
            line({"dataset": dataset, **row})
        return
    told = {**counts, "columns": columns, "rows": found.some}
    tell_difference(f"{dataset}: {found.since} -> {found.until}", told)


def tell_difference(head: str, differs: Mapping[str, Any]) -> None:
    """Counts, columns and the first rows of what changes, for people."""
    click.echo(head)
    click.echo("  " + ", ".join(f"{differs[kind]:,} {kind}" for kind in _KINDS))
    for what, names in differs["columns"].items():
        click.echo(f"  columns {what}: {', '.join(names)}")
    for row in _rows(differs["rows"]):
        line(row)


def _rows(some: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Changes as JSON shows them: what an update did not touch is left out of a person's way."""
    told = []
    for row in some:
        kind, changed = row["_change"], row["_changed"]
        kept = {"_change", "_changed", "_id", *(changed or ())} if kind == "updated" else set(row)
        told.append({name: value for name, value in row.items() if name in kept and not _shape(value)})
    return told


def _shape(value: object) -> bool:
    return isinstance(value, bytes)


@click.command(epilog="Example: entrepot datasets revert city-parks 20261125T090000000000Z-1f2e3d4c")
@click.argument("dataset")
@click.argument("snapshot")
@json_option
def revert(dataset: str, snapshot: str, as_json: bool) -> None:
    """Make the rows of an older snapshot current again."""
    with open_catalogue_of(current()) as catalogue:
        made = catalogue.revert(dataset, snapshot, BY)
    show(
        [{"dataset": dataset, "snapshot": made.id, "rows": made.rows}],
        ["dataset", "snapshot", "rows"],
        as_json,
    )


@click.command(epilog="Example: entrepot datasets withdraw city-parks")
@click.argument("dataset")
@json_option
def withdraw(dataset: str, as_json: bool) -> None:
    """Take a dataset out of the catalogue until it is restored."""
    _do(lambda catalogue: catalogue.withdraw(dataset, BY), dataset, "withdrawn", as_json)


@click.command(epilog="Example: entrepot datasets archive city-parks")
@click.argument("dataset")
@json_option
def archive(dataset: str, as_json: bool) -> None:
    """Leave a dataset as it is: read as before, and updated no more until it is restored."""
    _do(lambda catalogue: catalogue.archive(dataset, BY), dataset, "archived", as_json)


@click.command(epilog="Example: entrepot datasets restore city-parks")
@click.argument("dataset")
@json_option
def restore(dataset: str, as_json: bool) -> None:
    """Undo a withdrawal or an archiving."""
    _do(lambda catalogue: catalogue.restore(dataset, BY), dataset, "restored", as_json)


def _do(deed: Callable[[Catalogue], object], dataset: str, state: str, as_json: bool) -> None:
    with open_catalogue_of(current()) as catalogue:
        deed(catalogue)
    show([{"dataset": dataset, "state": state}], ["dataset", "state"], as_json)


@click.command(epilog="Example: entrepot datasets deeds city-parks")
@click.argument("subject", required=False)
@json_option
def deeds(subject: str | None, as_json: bool) -> None:
    """Who approved, reverted, withdrew, archived, restored or uploaded what, newest first."""
    with open_catalogue_of(current()) as catalogue:
        found = [shown(DeedSchema, each) for each in catalogue.deeds(subject)]
    show(found, ["at", "by", "deed", "subject"], as_json)


@click.command(epilog="Example: entrepot datasets faults city-parks")
@click.argument("dataset")
@json_option
def faults(dataset: str, as_json: bool) -> None:
    """The rules that set something aside: how much in the latest harvest, and since when."""
    with open_catalogue_of(current()) as catalogue:
        catalogue.describe(dataset)
        found = [shown(FaultSchema, each) for each in catalogue.faults(dataset)]
    show(found, ["reason", "column", "scope", "count", "first_seen", "last_seen"], as_json)


@click.command(epilog="Example: entrepot datasets rejects city-parks --format csv -o rejects.csv")
@click.argument("dataset")
@click.option("--limit", type=click.IntRange(1), default=1000, show_default=True, help="Of what is shown.")
@click.option(
    "--format", "format_", type=click.Choice(["csv", "ndjson", "parquet"]), help="All of them, as a file."
)
@click.option("-o", "out", type=click.Path(path_type=Path, dir_okay=False), help="A file; stdout by default.")
@json_option
def rejects(dataset: str, limit: int, format_: str | None, out: Path | None, as_json: bool) -> None:
    """What the last harvest set aside, and why."""
    with open_catalogue_of(current()) as catalogue:
        if format_ is None and out is None:
            catalogue.describe(dataset)
            total, items = catalogue.rejects(dataset, limit=limit, offset=0)
            show(items, ["line", "scope", "column", "value", "reason", "detail"], as_json)
            if total > len(items):
                talk(f"{total - len(items):,} more: raise --limit, or write all with --format csv -o FILE")
            return
        _write(catalogue.reject_batches(dataset), format_ or "csv", out)


def _write(batches: Any, format_: str, out: Path | None) -> None:
    whole = (
        table_parquet(batches, REJECTS)
        if format_ == "parquet"
        else table_lines(batches, format_, REJECTS.names)
    )
    if out is None:
        sys.stdout.buffer.writelines(whole)
        return
    with out.open("wb") as file:
        file.writelines(whole)
    talk(f"{out}: {out.stat().st_size:,} bytes")
