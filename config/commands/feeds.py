"""`entrepot feeds`: look at feed files, and try them and their sources without consequence."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from catalogue import Catalogue
from config.commands import stewarding, uploading
from config.commands.feed_state import diagnosis, tell
from config.output import cell, json_option, line, show, show_one, talk
from config.wiring import bench_of, now, open_catalogue_of, secrets_of
from config.wiring import settings as current
from harvesters.advice import Advice, advise, current_interval
from harvesters.comparison import Comparison
from harvesters.faults import HarvestFault
from harvesters.feeds import FeedSet, read_feed, read_feeds
from harvesters.feeds.uploaded import uploads
from harvesters.normalise.headings import Suggestion
from harvesters.pauses import pause_of
from harvesters.tryout import Tried, try_feed, try_manifest, try_source
from schemas.feed import Feed
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.run import FeedHealth

_FACTS = (
    "table",
    "format",
    "encoding",
    "crs",
    "extent",
    "read",
    "accepted",
    "rejected",
    "reasons",
    "repairs",
    "hold",
)
_REJECTS_SHOWN = 10
feeds_option = click.option(
    "--feeds",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder of feed files; may be repeated. ENTREPOT_FEEDS by default.",
)


def known_feeds(folders: Sequence[Path]) -> FeedSet:
    """The feeds of the folders or else of the settings; what is left out is told."""
    found = read_feeds(folders or current().feeds)
    if not folders:
        found = _with_uploads(found)
    for fault in found.faults:
        talk(f"left out: {fault}")
    if not found.feeds and not found.faults:
        talk(f"no feeds in {', '.join(map(str, folders or current().feeds))}")
    return found


def _with_uploads(found: FeedSet) -> FeedSet:
    """The feeds of the settings' folders, and those that stewards uploaded."""
    with _catalogue_if_any() as catalogue:
        if catalogue is None:
            return found
        more = uploads(catalogue, found.feeds)
    return FeedSet({**found.feeds, **more.feeds}, (*found.faults, *more.faults))


def one_feed(found: FeedSet, name: str) -> Feed:
    """The feed of an id; raises BadInput, with the faults of its file where it has one."""
    if name in found.feeds:
        return found.feeds[name]
    for fault in found.faults:
        if fault.path.stem == name:
            raise BadInput(fault.errors)
    raise BadInput([InputError(name, "is not a feed of these folders", did_you_mean(name, found.feeds))])


@click.group()
def feeds() -> None:
    """Look at feed files, and try them."""


@feeds.command("list", epilog="Example: entrepot feeds list --feeds tests/feeds")
@feeds_option
@json_option
def list_feeds(folders: tuple[Path, ...], as_json: bool) -> None:
    """Every feed of the folders; exit 1 when a file is broken."""
    found = known_feeds(folders)
    with _catalogue_if_any() as catalogue:
        states = {each.feed: each.state for each in catalogue.feed_health()} if catalogue else {}
        items = [
            _summary(feed)
            | {
                "state": states.get(feed.id),
                "interval": current_interval(feed, catalogue) if catalogue else None,
                "waiting": _waiting(feed, catalogue) if catalogue else None,
            }
            for feed in found.feeds.values()
        ]
    show(items, ["id", "title", "source", "schedule", "interval", "state", "record", "waiting"], as_json)
    if found.faults:
        raise SystemExit(1)


@feeds.command("show", epilog="Example: entrepot feeds show city-parks")
@click.argument("feed")
@feeds_option
@json_option
def show_feed(feed: str, folders: tuple[Path, ...], as_json: bool) -> None:
    """A feed as it was understood."""
    show_one(_described(one_feed(known_feeds(folders), feed)), as_json)


@feeds.command("check", epilog="Example: entrepot feeds check city-parks")
@click.argument("feed")
@feeds_option
@json_option
def check(feed: str, folders: tuple[Path, ...], as_json: bool) -> None:
    """Say what is wrong with a feed and how to mend it: its file (an id or a path) line by line, exit 2;
    and its runs, by id, exit 1 when it is failing or stale."""
    if feed.endswith(".toml"):
        found = read_feed(Path(feed))
        show([{"feed": found.id, "state": "ok"}], ["feed", "state"], as_json)
        return
    found = one_feed(known_feeds(folders), feed)
    with _catalogue_if_any() as catalogue:
        if catalogue is None:
            advice = Advice(FeedHealth(found.id), todo=(f"it has not run yet: entrepot harvest {found.id}",))
        else:
            advice = advise(found, catalogue, now=now(), zone=current().timezone)
    line(diagnosis(advice)) if as_json else tell(advice)
    if advice.is_ill:
        raise SystemExit(1)


@contextmanager
def _catalogue_if_any() -> Iterator[Catalogue | None]:
    """The catalogue where there is one: looking at feeds makes none."""
    settings = current()
    if settings.database_url is None and not (settings.data / "entrepot.db").exists():
        yield None
        return
    with open_catalogue_of(settings) as catalogue:
        yield catalogue


@feeds.command("secret", epilog="Example: entrepot feeds secret https://city.example/hook")
@click.argument("address")
def secret(address: str) -> None:
    """The secret that signs what is sent to a webhook, its address written as in the feed's file."""
    from harvesters.notices.webhook import webhook_secret

    click.echo(webhook_secret(secrets_of(current()).webhook_key, address))


@feeds.command("try", epilog="Example: entrepot feeds try parks.csv --feed city-parks.toml")
@click.argument("target", required=False)
@click.argument("folder", required=False, type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--feed", "file", type=click.Path(path_type=Path, dir_okay=False), help="Read it as this feed file says."
)
@click.option(
    "--manifest",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Try every `file` of a list, found in the folder that is named after it or else beside it.",
)
@json_option
def try_(
    target: str | None, folder: Path | None, file: Path | None, manifest: Path | None, as_json: bool
) -> None:
    """Try a file or address and publish nothing: format, encoding, CRS, columns, first rows, rejects."""
    if manifest is not None:
        _try_list(manifest, folder or Path(target or manifest.parent), as_json)
        return
    feed = read_feed(file) if file else None
    with bench_of(current()) as plain, _catalogue_if_any() as catalogue:
        standing = Comparison(catalogue) if feed is not None and catalogue is not None else None
        bench = replace(plain, standing=standing)
        if target is not None:
            _show_trials(lambda: try_source(target, bench, feed), as_json)
        elif feed is not None:
            _show_trials(lambda: try_feed(feed, bench), as_json)
        else:
            raise click.UsageError("name a file or an address, or a feed with --feed")


def _try_list(manifest: Path, folder: Path, as_json: bool) -> None:
    if not folder.is_dir():
        raise click.UsageError(f"{folder} is no folder")
    with bench_of(current()) as bench:
        tried = try_manifest(manifest, folder, bench)
        show(tried, ["file", "table", "format", "read", "rejected", "refused"], as_json)


def _show_trials(attempt: Callable[[], list[Tried]], as_json: bool) -> None:
    try:
        tables = attempt()
    except HarvestFault as fault:
        line({"refused": str(fault)}) if as_json else click.echo(f"{'refused':10} {fault}")
        raise SystemExit(1) from None
    for table in tables:
        _show_trial(table, as_json)


def _show_trial(tried: Tried, as_json: bool) -> None:
    item = tried.as_item()
    if as_json:
        line(item | {"first": tried.first})
        return
    differs = item.get("difference")
    for name in _FACTS:
        if item.get(name) not in (None, {}):
            click.echo(f"{name:10} {cell(item[name])}")
    show(item["columns"], ["name", "type", "unit", "semantic"], as_json=False)
    if tried.suggestion:
        _show_suggestion(tried.suggestion)
    for row in tried.first:
        line(row)
    rejects = tried.rejects[:_REJECTS_SHOWN]
    if rejects:
        show(rejects, ["line", "scope", "column", "value", "reason", "detail"], as_json=False)
    if differs:
        stewarding.tell_difference(f"compared with {differs['since']}", differs)


def _show_suggestion(suggestion: Suggestion) -> None:
    """The lines of a feed's file that would normalise the source to a record."""
    click.echo(f'\nrecord = "{suggestion.record}"\n[columns]')
    for ours, theirs in suggestion.matched.found.items():
        click.echo(f'{ours} = "{theirs}"')
    for ours, names in suggestion.matched.doubts.items():
        click.echo(f"# {ours} = one of {', '.join(map(repr, names))}")
    for ours in suggestion.missing:
        click.echo(f"# {ours} = the source has none: name a column, or write key = [...]")
    click.echo()


def _waiting(feed: Feed, catalogue: Catalogue) -> str | None:
    """Why the feed is not run for now."""
    pause = pause_of(feed, catalogue, current().timezone)
    return pause.why if pause else None


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


stewarding.add_to_feeds(feeds)
feeds.add_command(uploading.upload)
feeds.add_command(uploading.remove)
