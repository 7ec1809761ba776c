"""`entrepot feeds upload` and `remove`: hand in a file with its feed, and have it harvested, or no more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from config.commands.stewarding import BY, tell_difference
from config.output import json_option, line, show, talk
from config.wiring import now, open_catalogue_of, open_harvester
from config.wiring import settings as current
from harvesters.feeds import read_feeds
from harvesters.trials import answer
from schemas.problem import BadInput, InputError
from schemas.steward import Trial


@click.command(epilog="Example: entrepot feeds upload parks.csv --feed city-parks.toml")
@click.argument("file", required=False, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--feed",
    "toml",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help='Its [source] says kind = "upload"; without FILE only the feed is uploaded.',
)
@json_option
def upload(file: Path | None, toml: Path, as_json: bool) -> None:
    """Try a file with its feed, and upload both where nothing speaks against it; a worker publishes it, or
    `entrepot harvest FEED` now."""
    asked = {"feed": _text(toml), "id": toml.stem, "publish": True}
    if file is not None:
        asked["name"] = file.name
    trial = Trial("command", now(), BY, asked)
    with open_catalogue_of(current()) as catalogue, open_harvester(current(), catalogue) as harvester:
        found = answer(trial, file, harvester, lambda: read_feeds(current().feeds).feeds)
    if "errors" in found:
        raise BadInput([InputError(**error) for error in found["errors"]])
    _tell(toml.stem, found, as_json)
    if not found.get("published"):
        raise SystemExit(1)


@click.command(epilog="Example: entrepot feeds remove city-parks")
@click.argument("feed")
@json_option
def remove(feed: str, as_json: bool) -> None:
    """Harvest an uploaded feed no more, and forget its file; what it published stays."""
    with open_catalogue_of(current()) as catalogue:
        catalogue.uploaded_feeds.remove(feed, BY)
    show([{"feed": feed, "state": "removed"}], ["feed", "state"], as_json)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput([InputError(path.name, "is not UTF-8", "save it as UTF-8")]) from None


def _tell(feed: str, found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        line({"feed": feed, **found})
        return
    for table in found.get("tables", ()):
        counts = ", ".join(f"{table[name]:,} {name}" for name in ("read", "accepted", "rejected"))
        click.echo(f"{table.get('table', feed)}: {counts}")
        if "difference" in table:
            tell_difference(f"compared with {table['difference']['since']}", table["difference"])
    if found.get("published"):
        click.echo(f"{feed}: uploaded; run {found['run']} is queued")
        if "waits" in found:
            click.echo(f"  it will be held: {found['waits']}")
            click.echo(f"  to let it in then: entrepot feeds approve {feed}")
    else:
        talk(f"{feed}: not uploaded: {found.get('refused') or found.get('why')}")
