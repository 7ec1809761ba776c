"""Bring one feed up to date: the recipe, read top to bottom, and the runs it leaves behind."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from catalogue import Catalogue
from catalogue.errors import Barred, CannotAppend, MassDeletion, RunLost, Taken
from catalogue.publication import Publication
from harvesters.approval import allowed, allowed_of_list, as_approved, left_alone, nothing_new, waiting
from harvesters.calls import calling
from harvesters.datasets import current, dataset_id, describe, tend
from harvesters.dates import dated
from harvesters.faults import FeedMisconfigured, HarvestFault, SourceIncomplete
from harvesters.fetch import Fetch
from harvesters.formats import Parsed, format_reader
from harvesters.normalise import normalise
from harvesters.normalise.contract import Hold, shrunk
from harvesters.normalise.entries import list_entries
from harvesters.normalise.rejects import tally
from harvesters.outcome import (
    failed,
    fingerprint,
    held,
    is_current,
    landed,
    same_shape,
    same_terms,
    unchanged,
)
from harvesters.pauses import closed
from harvesters.pinning import pinned
from harvesters.reading.kinds.detect import detect
from harvesters.reading.shelf import keep, whole
from harvesters.reading.union import File, united
from harvesters.secrets import resolve_secrets
from harvesters.sources import Raw, Unmodified, Visit, source
from harvesters.steps import FETCHED, RunFolder, run_folder
from schemas.dataset import BBox
from schemas.feed import CATALOGUE_ENTRY, Feed, FormatSpec
from schemas.run import Run

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Harvester:
    """What every run needs: where to publish, how to fetch, and what feeds leave to the city.

    `work` holds one folder a run while it lasts, and longer where its worker died; `environ` holds the
    secrets that feeds name.
    """

    catalogue: Catalogue
    fetch: Fetch
    work: Path
    extent: BBox
    zone: ZoneInfo
    environ: Mapping[str, str]


def harvest(feed: Feed, run: Run, harvester: Harvester) -> list[Run]:
    """Bring the feed up to date and return what became of each of its datasets.

    `run` is a claimed run of the feed. A fault of feed, source or data is an outcome and not an
    exception; what was published stays until its successor is complete.
    """
    folder = run_folder(harvester.work, run.run)
    try:
        runs = _attempt(feed, run, harvester, folder)
    except RunLost as lost:
        runs = [replace(run, status="failed", error=str(lost))]
    harvester.catalogue.finish_run(run.run, run.worker)
    if all(live.run != run.run for live in harvester.catalogue.queue()):
        folder.remove()  # Else it is for the worker that has taken the run up.
    for outcome in runs:
        _tell(outcome)
    return runs


def _attempt(feed: Feed, run: Run, harvester: Harvester, folder: RunFolder) -> list[Run]:
    try:
        return _bring_up_to_date(feed, run, harvester, folder)
    except HarvestFault as fault:
        return [harvester.catalogue.record(failed(run, fault))]
    except RunLost:
        raise
    except Exception as fault:  # The last handler: no feed takes the worker down with it.
        log.exception("run=%s feed=%s", run.run, feed.id)
        error = HarvestFault(
            f"unexpected fault: {type(fault).__name__}", "the log of the harvester says more"
        )
        return [harvester.catalogue.record(failed(run, error))]


def _bring_up_to_date(feed: Feed, run: Run, harvester: Harvester, folder: RunFolder) -> list[Run]:
    catalogue, city = harvester.catalogue, (harvester.extent, harvester.zone.key)
    if (shut := closed(feed, catalogue)) is not None:
        raise shut  # Ask no source for what a steward archived or withdrew.
    former = catalogue.last_published(feed.id, besides=run.run)
    stands = all(each.status == "published" for each in former) and _stands(former, catalogue)
    stands = stands and not catalogue.overdue(feed.id)
    raw = _fetched(feed, run, harvester, folder=folder, former=former if stands else [])
    if isinstance(raw, Unmodified):
        return _leave(feed, replace(run, bytes=raw.bytes), former, catalogue)
    run = catalogue.reach(run, FETCHED)
    mark = fingerprint(feed, raw.sha256, city)
    run = replace(run, bytes=raw.bytes, fingerprint=mark, state=raw.state)
    if stands and is_current(former, mark):
        return _leave(feed, run, former, catalogue)
    tables = pinned(parse(feed, raw, folder.own), feed, catalogue)
    if feed.record == CATALOGUE_ENTRY:
        return [_land_entries(tables, feed, run, harvester)]
    same = bool(former) and same_shape(feed, former[0].fingerprint)
    return _land_all(tables, feed, run, harvester, folder=folder.own, same=same)


def _leave(feed: Feed, run: Run, former: list[Run], catalogue: Catalogue) -> list[Run]:
    """Record that the source is as it was; what a worker that was killed did not come to is done now."""
    for each in former:
        if each.snapshot is not None:
            tend(feed, each.dataset, catalogue)
    return [catalogue.record(unchanged(run, each)) for each in former]


def _fetched(
    feed: Feed, run: Run, harvester: Harvester, *, folder: RunFolder, former: list[Run]
) -> Raw | Unmodified:
    """What the source gives, or gave to a worker that died after it; what `former` published stands."""
    terms = fingerprint(feed, "", (harvester.extent, harvester.zone.key))
    kept = folder.fetched(terms)
    if kept is not None:
        return kept
    ready = dated(resolve_secrets(feed, harvester.environ), run.started or datetime.now(UTC), harvester.zone)
    with calling(feed, harvester.fetch, harvester.catalogue.allowances, harvester.zone) as fetch:
        known, published = _remembered(feed, harvester, former)
        raw = source(feed.source.kind).read(Visit(ready, fetch, folder.own, known, published))
    if isinstance(raw, Raw):
        folder.keep(raw, terms)
    return raw


def _land_all(
    tables: list[Parsed], feed: Feed, run: Run, harvester: Harvester, *, folder: Path, same: bool
) -> list[Run]:
    """Publish each table, but those that a worker which died was done with."""
    done = {each.dataset: each for each in harvester.catalogue.outcomes(run.run)}
    several, runs = len(tables) > 1, []
    while tables:
        parsed = tables.pop(0)
        dataset = dataset_id(feed.id, parsed.name)
        if dataset not in done:
            done[dataset] = _land(parsed, feed, run, harvester, folder=folder / "landing", same=same)
            if several:
                harvester.catalogue.reach(run, f"publish {dataset}")
        runs.append(done[dataset])
    return runs


def _remembered(
    feed: Feed, harvester: Harvester, former: list[Run]
) -> tuple[Mapping[str, Any], Mapping[str, datetime | None]]:
    """What the source asked to be remembered by the run whose rows stand, and when the entries that stand
    were updated; nothing where the feed now says otherwise how to read it."""
    if not former or not same_terms(feed, (harvester.extent, harvester.zone.key), former[0].fingerprint):
        return {}, {}
    if feed.record != CATALOGUE_ENTRY:
        return former[0].state, {}
    entries = harvester.catalogue.entries(feed.id)
    return former[0].state, {name: entry.updated for name, entry in entries.items()}


def _stands(former: list[Run], catalogue: Catalogue) -> bool:
    """Whether what those runs published is what is current; entries have no snapshots to compare."""
    for run in former:
        snapshot = current(catalogue, run.dataset)
        if (snapshot.id if snapshot else None) != run.snapshot:
            return False
    return True


def parse(feed: Feed, raw: Raw, folder: Path) -> list[Parsed]:
    """The tables of what was fetched; raises Unreadable, FeedMisconfigured or SourceIncomplete."""
    spec = replace(feed.format, kind=feed.format.kind or raw.format)
    if raw.more:
        tables = list(keep([united(_files(raw, folder, spec))], folder / "kept"))
    else:
        tables = _tables(raw, folder, spec)
    if raw.repairs and tables:
        tables[0] = replace(tables[0], repairs={**tables[0].repairs, **raw.repairs})
    read = sum(parsed.read for parsed in tables)
    # With `where` the other items are left out on purpose.
    if raw.expected is not None and spec.where is None and read < raw.expected:
        raise SourceIncomplete(
            f"the source says it holds {raw.expected} rows and gave {read}", "try again later"
        )
    return tables


def _tables(raw: Raw, folder: Path, spec: FormatSpec) -> list[Parsed]:
    return [
        replace(parsed, name=" ".join(filter(None, (found.table, parsed.name))))
        for place, found in enumerate(detect(raw.path, raw.name, folder, spec))
        for parsed in keep(format_reader(found.kind).read(found.path, found.spec), folder / f"kept-{place}")
    ]


def _files(raw: Raw, folder: Path, spec: FormatSpec) -> list[File]:
    """The files of one table, each with a folder of its own to be unpacked in."""
    files = []
    for place, each in enumerate((raw, *raw.more)):
        own = folder / f"file-{place}"
        own.mkdir(exist_ok=True)
        files.append(File(each.name, partial(_tables, each, own, spec)))
    return files


def _land(parsed: Parsed, feed: Feed, run: Run, harvester: Harvester, *, folder: Path, same: bool) -> Run:
    """Publish one table, or record why it waits.

    `folder` is for what does not fit into memory; `same`: the columns are made as for the last snapshot.
    """
    catalogue = harvester.catalogue
    run = replace(run, dataset=dataset_id(feed.id, parsed.name))
    if (left := left_alone(run, catalogue)) is not None:
        return catalogue.record(left)
    snapshot = current(catalogue, run.dataset)
    previous = snapshot.columns if snapshot and snapshot.rows and same else None
    extent, zone = harvester.extent, harvester.zone
    feed = as_approved(feed, run, catalogue)
    try:
        found = normalise(parsed, feed, extent=extent, zone=zone, previous=previous, folder=folder)
    except HarvestFault as fault:
        return catalogue.record(failed(run, fault, parsed.read))
    run = replace(run, repairs=found.repairs)
    # Readings and positions are a window that moves: only of things can many vanish at once.
    lasting = same and not found.timed and feed.mode == "replace"
    unnamed = lasting and not any(column.key for column in found.columns)
    if feed.mode == "append" and snapshot:
        found = nothing_new(found, snapshot)
    hold = found.hold or waiting(feed, run, catalogue)
    if not hold and snapshot and unnamed:
        hold = shrunk(feed, snapshot.rows, found.accepted)
    if hold:
        return catalogue.record(held(run, hold, found.read, found.tally), found.set_aside)
    dataset = describe(feed, parsed.name, found.source_crs)
    publication = Publication(dataset, found.columns, found.pieces, found.set_aside, found.repaired)
    try:
        counted = landed(run, found.read, found.tally)
        if feed.mode == "append":
            run = catalogue.append(publication, counted)
        else:
            run = catalogue.publish(publication, counted, allowed(feed, lasting=lasting))
    except MassDeletion as gone:
        hold = Hold("mass_deletion", str(gone))
        return catalogue.record(held(run, hold, found.read, found.tally), found.set_aside)
    except (Taken, Barred, CannotAppend) as refused:
        return catalogue.record(failed(run, FeedMisconfigured(str(refused)), found.read))
    tend(feed, run.dataset, catalogue)
    return run


def _land_entries(tables: list[Parsed], feed: Feed, run: Run, harvester: Harvester) -> Run:
    catalogue = harvester.catalogue
    feed = as_approved(feed, run, catalogue)
    if len(tables) != 1:
        raise FeedMisconfigured(
            f"a list of datasets is one table, and the source holds {len(tables)}",
            "choose one with [format] sheet, layer or member",
        )
    published = catalogue.entries(feed.id)
    listed = list_entries(whole(tables[0]), feed, harvester.zone, published)
    rejects = tally([listed.rejects])
    counted = landed(run, listed.read, rejects)
    hold = listed.hold(feed) or waiting(feed, run, catalogue)
    if hold:
        return catalogue.record(held(run, hold, listed.read, rejects), listed.rejects)
    try:
        gone = allowed_of_list(feed)
        return catalogue.publish_entries(feed.id, listed.entries, counted, listed.rejects, gone)
    except MassDeletion as vanished:
        hold = Hold("mass_deletion", str(vanished))
        return catalogue.record(held(run, hold, listed.read, rejects), listed.rejects)
    except Taken as taken:
        return catalogue.record(failed(run, FeedMisconfigured(str(taken)), listed.read))


def _tell(run: Run) -> None:
    facts = (run.run, run.feed, run.dataset, run.status, run.read, run.published, run.rejected, run.seconds)
    line = "run=%s feed=%s dataset=%s status=%s read=%d published=%d rejected=%d seconds=%.2f error=%s"
    log.info(line, *facts, run.error)
