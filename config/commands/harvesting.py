"""`entrepot harvest`: run feeds now."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from config.commands.feeds import feeds_option, known_feeds, one_feed
from config.output import json_option, line, talk
from config.wiring import open_catalogue_of, open_harvester
from config.wiring import settings as current
from gateway.api.shapes import run_item
from harvesters.lease import harvest_now
from harvesters.pauses import closed
from schemas.feed import Feed
from schemas.run import Run

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


@click.command(epilog="Example: entrepot harvest --all --feeds tests/feeds --json")
@click.argument("feed", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Every feed of the folders.")
@feeds_option
@json_option
def harvest(feed: tuple[str, ...], every: bool, folders: tuple[Path, ...], as_json: bool) -> None:
    """Run feeds now and wait; one line a dataset. Exit 1 when a feed published nothing it should have."""
    if bool(feed) == every:
        raise click.UsageError("name feeds, or say --all")
    found = known_feeds(folders)
    chosen = list(found.feeds.values()) if every else [one_feed(found, name) for name in dict.fromkeys(feed)]
    failed = bool(every and found.faults)
    for run in _harvest(chosen, every=every):
        line({name: run_item(run)[name] for name in _KEYS}) if as_json else click.echo(_told(run))
        failed = failed or run.status in ("failed", "held")
    if failed:
        raise SystemExit(1)


def _harvest(feeds: Sequence[Feed], *, every: bool) -> Iterator[Run]:
    """The outcomes; of all feeds those are passed over, and told, whose datasets a steward closed."""
    stderr, few = Console(stderr=True), len(feeds) < 2
    with open_catalogue_of(current()) as catalogue, open_harvester(current(), catalogue) as harvester:
        shown = track(
            feeds, "harvesting", transient=True, disable=few or not stderr.is_terminal, console=stderr
        )
        for feed in shown:
            shut = closed(feed, catalogue) if every else None
            if shut is not None:
                talk(f"{feed.id} is passed over: {shut}")
                continue
            yield from harvest_now(feed, harvester)


def _told(run: Run) -> str:
    facts = f"{run.read:,} read, {run.published:,} published, {run.rejected:,} rejected"
    pace = f"{run.seconds:.2f} s, {run.rows_per_second:,.0f} rows/s"
    why = run.error or ", ".join(f"{reason} {count:,}" for reason, count in run.reasons.items())
    return f"{run.dataset}: {run.status}: {facts}; {pace}" + (f"; {why}" if why else "")
