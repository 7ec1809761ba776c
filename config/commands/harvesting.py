"""`entrepot harvest` and `feeds`: the steward's side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from rich.progress import track

from config.output import cell, json_option, line, show, talk
from config.wiring import bench_of, migrate, open_catalogue_of, open_harvester
from config.wiring import settings as current
from gateway.api.shapes import run_item
from harvesters.feeds import FeedSet, read_feed, read_feeds
from harvesters.lease import harvest_now
from harvesters.tryout import Tried, try_feed, try_manifest, try_source
from schemas.feed import Feed
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.run import Run

_SHOWN = ("feed", "dataset", "status", "read", "published", "rejected", "seconds", "rows_per_second", "why")
_KEYS = (
    "feed",
    "dataset",
    "run",
    "status",
    "read",
    "published",
    "rejected",
    "rejected_cells",
    "bytes",
    "seconds",
    "rows_per_second",
    "reasons",
    "snapshot",
    "error",
)
feeds_option = click.option(
    "--feeds",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of feed files; may be repeated. ENTREPOT_FEEDS by default.",
)


@click.command(epilog="Example: entrepot harvest --all --feeds tests/feeds --json")
@click.argument("feed", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every feed of the folders.")
@feeds_option
@json_option
def harvest(feed: tuple[str, ...], every: bool, folders: tuple[Path, ...], as_json: bool) -> None:
    """Run feeds now and wait; one line a dataset. Exit 1 when a feed published nothing it should have."""
    if bool(feed) == every:
        raise click.UsageError("name feeds, or say --all")
    found = _feeds(folders)
    chosen = list(found.feeds.values()) if every else [_feed(found, name) for name in feed]
    failed = bool(every and found.faults)
    for run in _harvest(chosen, as_json):
        line(_item(run)) if as_json else click.echo(_line(run))
        failed = failed or run.status in ("failed", "held")
    if failed:
        raise SystemExit(1)


def _harvest(feeds: Sequence[Feed], quiet: bool) -> Iterator[Run]:
    migrate(current())
    with open_catalogue_of(current()) as catalogue, open_harvester(current(), catalogue) as harvester:
        for feed in track(
            feeds, "harvesting", transient=True, disable=quiet or len(feeds) < 2, console=_stderr()
        ):
            yield from harvest_now(feed, harvester)


def _stderr() -> Any:
    from rich.console import Console

    return Console(stderr=True)


def _item(run: Run) -> dict[str, Any]:
    item = run_item(run)
    return {name: item[name] for name in _KEYS}


def _line(run: Run) -> str:
    facts = f"{run.read:,} read, {run.published:,} published, {run.rejected:,} rejected"
    pace = f"{run.seconds:.2f} s, {run.rows_per_second:,.0f} rows/s"
    why = run.error or ", ".join(f"{reason} {count:,}" for reason, count in run.reasons.items())
    return f"{run.dataset}: {run.status}: {facts}; {pace}" + (f"; {why}" if why else "")


@click.group()
def feeds() -> None:
    """Look at feed files, and try them."""


@feeds.command("list", epilog="Example: entrepot feeds list --feeds tests/feeds")
@feeds_option
@json_option
def list_feeds(folders: tuple[Path, ...], as_json: bool) -> None:
    """Every feed of the folders; exit 1 when a file is broken."""
    found = _feeds(folders)
    show(
        (_summary(feed) for feed in found.feeds.values()),
        ["id", "title", "source", "schedule", "record"],
        as_json,
    )
    if found.faults:
        raise SystemExit(1)


@feeds.command("show", epilog="Example: entrepot feeds show city-parks")
@click.argument("feed")
@feeds_option
@json_option
def show_feed(feed: str, folders: tuple[Path, ...], as_json: bool) -> None:
    """A feed as it was understood."""
    item = _described(_feed(_feeds(folders), feed))
    if as_json:
        line(item)
    else:
        show([{"": name, " ": value} for name, value in item.items()], ["", " "], as_json=False)


@feeds.command("check", epilog="Example: entrepot feeds check city-parks")
@click.argument("feed")
@feeds_option
def check(feed: str, folders: tuple[Path, ...]) -> None:
    """Say what is wrong with a feed file (an id or a path), line by line; exit 2 when anything is."""
    path = Path(feed) if feed.endswith(".toml") else _path(feed, folders)
    found = read_feed(path)
    talk(f"{path}: feed {found.id} is well formed")


@feeds.command("try", epilog="Example: entrepot feeds try parks.csv --feed city-parks.toml")
@click.argument("target", required=False)
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--feed", "file", type=click.Path(path_type=Path, dir_okay=False), help="Read it as this feed file says."
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Try every `file` of a list.",
)
@json_option
def try_(
    target: str | None, folder: Path | None, file: Path | None, manifest: Path | None, as_json: bool
) -> None:
    """Try a file or address and publish nothing: format, encoding, CRS, columns, first rows, rejects."""
    if manifest is not None:
        root = folder or Path(target or manifest.parent)
        with bench_of(current()) as bench:
            show(
                try_manifest(manifest, root, bench),
                ["file", "table", "format", "read", "rejected", "refused"],
                as_json,
            )
        return
    if target is None and file is None:
        raise click.UsageError("name a file or an address, or a feed with --feed")
    feed = read_feed(file) if file else None
    with bench_of(current()) as bench:
        tried = try_source(target, bench, feed) if target else try_feed(_given(feed), bench)
    for table in tried:
        _show_trial(table, as_json)


def _given(feed: Feed | None) -> Feed:
    assert feed is not None
    return feed


def _show_trial(tried: Tried, as_json: bool) -> None:
    item = tried.as_item()
    if as_json:
        line(item | {"first": tried.first})
        return
    for name in ("table", "format", "encoding", "crs", "extent", "read", "accepted", "rejected", "reasons"):
        if item.get(name) not in (None, {}):
            click.echo(f"{name:10} {cell(item[name])}")
    if tried.hold:
        click.echo(f"{'hold':10} {cell(item['hold'])}")
    show(item["columns"], ["name", "type"], as_json=False)
    for row in tried.first:
        line(row)
    shown = tried.rejects.slice(0, 10).to_pylist()
    if shown:
        show(shown, ["line", "scope", "column", "value", "reason", "detail"], as_json=False)


def _feeds(folders: Sequence[Path]) -> FeedSet:
    found = read_feeds(folders or current().feeds)
    for fault in found.faults:
        talk(f"left out: {fault}")
    return found


def _feed(found: FeedSet, name: str) -> Feed:
    if name not in found.feeds:
        raise BadInput([InputError(name, "is not a feed of these folders", did_you_mean(name, found.feeds))])
    return found.feeds[name]


def _path(feed: str, folders: Iterable[Path]) -> Path:
    for folder in folders or current().feeds:
        path = Path(folder) / f"{feed}.toml"
        if path.is_file():
            return path
    raise BadInput(
        [InputError(feed, "is not a feed of these folders", "give its id or the path of its file")]
    )


def _summary(feed: Feed) -> dict[str, Any]:
    schedule = feed.schedule
    when = (schedule.cron or f"every {schedule.every}") if schedule else None
    return {
        "id": feed.id,
        "title": str(feed.title),
        "source": feed.source.kind,
        "schedule": when,
        "record": feed.record,
        "publisher": feed.publisher,
        "licence": feed.licence,
    }


def _described(feed: Feed) -> dict[str, Any]:
    detail = {
        "description": {"ko": feed.description.ko, "en": feed.description.en},
        "keywords": feed.keywords,
        "themes": feed.themes,
        "key": feed.key,
        "time": feed.time,
        "contract": feed.contract,
        "reject_limit": feed.reject_limit,
        "keep": str(feed.keep),
        "extent": feed.extent,
        "source_options": feed.source.options,
        "format": {k: v for k, v in vars(feed.format).items() if v is not None},
        "columns": feed.columns,
    }
    return _summary(feed) | detail
