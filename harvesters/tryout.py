"""Try a source without consequence: what would be read, as what, and what would be set aside."""

from __future__ import annotations

import csv
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from catalogue import Difference
from harvesters.calls import trying
from harvesters.comparison import Comparison, difference_item
from harvesters.dates import dated
from harvesters.faults import FeedMisconfigured, HarvestFault, Unreadable
from harvesters.fetch import Fetch
from harvesters.formats import GEOMETRY, Parsed
from harvesters.normalise import Normalised, normalise
from harvesters.normalise.contract import Hold, SourceChanged
from harvesters.normalise.entries import list_entries
from harvesters.normalise.headings import Suggestion, suggest
from harvesters.normalise.rejects import tally
from harvesters.normalise.shown import shown_row
from harvesters.reading.shelf import whole
from harvesters.run import parse
from harvesters.secrets import resolve_secrets
from harvesters.sources import Raw, Visit, source
from schemas.dataset import BBox, Column, Text
from schemas.feed import AS_PUBLISHED, CATALOGUE_ENTRY, Feed, SourceSpec

log = logging.getLogger(__name__)
_SHOWN = 5
_REJECTS = 1_000
_CHANGES = ("schema_changed", "frozen")
"""Holds of a source that is well and only other than it was."""


@dataclass(frozen=True)
class Bench:
    """What a trial needs of a run's means: how to fetch, a folder, and the city's extent and zone.

    With `anywhere` a table that lies outside of the extent as a whole is tried as it is. With `standing` a
    trial is told how it differs from what its feed publishes now.
    """

    fetch: Fetch
    work: Path
    extent: BBox
    zone: ZoneInfo
    environ: Mapping[str, str] = field(default_factory=dict)
    anywhere: bool = False
    standing: Comparison | None = None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class Tried:
    """What a table would be published as; `hold` would keep it back, `first` are some rows as JSON.

    `approvable`: what holds it is a change that a steward may let in.

    `extent` bounds the accepted rows, or where none is accepted for it, those outside the city. `rejects`
    are the first of those that `rejected` and `rejected_cells` count, as rows of schemas.run.REJECTS.
    """

    table: str
    format: str
    encoding: str | None
    crs: str | None
    extent: BBox | None
    columns: tuple[Column, ...]
    first: list[dict[str, Any]]
    read: int
    accepted: int
    rejected: int
    reasons: Mapping[str, int]
    rejected_cells: int
    hold: Hold | None
    rejects: list[dict[str, Any]]
    repairs: Mapping[str, int] = field(default_factory=dict)
    suggestion: Suggestion | None = None
    difference: Difference | None = None
    approvable: bool = False

    def as_item(self) -> dict[str, Any]:
        """The trial as JSON; `table` for one of several, `hold`, `suggested` and `difference` where
        there is one."""
        item = {
            "format": self.format,
            "encoding": self.encoding,
            "crs": self.crs,
            "extent": self.extent,
            "columns": [_column(column) for column in self.columns],
            "read": self.read,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "reasons": dict(self.reasons),
            "rejected_cells": self.rejected_cells,
            "repairs": dict(self.repairs),
        }
        named = {"table": self.table} if self.table else {}
        suggested = {"suggested": self.suggestion.as_item()} if self.suggestion else {}
        differs = {"difference": difference_item(self.difference)} if self.difference else {}
        return named | item | suggested | differs | ({"hold": asdict(self.hold)} if self.hold else {})


def _column(column: Column) -> dict[str, Any]:
    """A column as JSON, `unit` and `semantic` where it has one."""
    more = {"unit": column.unit, "semantic": column.semantic}
    known = {name: value for name, value in more.items() if value}
    return {"name": column.name, "type": column.type} | known


def feed_for(target: str) -> Feed:
    """A feed that publishes a file or address as it is, to try what becomes of it."""
    remote = target.startswith(("http://", "https://"))
    spec = SourceSpec("url", {"url": target}) if remote else SourceSpec("file", {"path": target})
    return Feed("tryout", Text(en=target), "unknown", "unknown", spec, folder=Path.cwd())


def try_feed(feed: Feed, bench: Bench) -> list[Tried]:
    """Fetch, read and normalise, publish nothing; one trial a table. Raises HarvestFault."""
    bench.work.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=bench.work, prefix="tryout-", ignore_cleanup_errors=True) as folder:
        ready = dated(resolve_secrets(feed, bench.environ), bench.clock(), bench.zone)
        with trying(feed, bench.fetch) as fetch:
            raw = source(feed.source.kind).read(Visit(ready, fetch, Path(folder)))
        assert isinstance(raw, Raw), "a visit that knows nothing finds nothing unmodified"
        tables = parse(feed, raw, Path(folder))
        return [_try_table(parsed, feed, bench, Path(folder, "landing")) for parsed in tables]


def try_source(target: str, bench: Bench, feed: Feed | None = None) -> list[Tried]:
    """Try a file or address, read as `feed` says where one is given. Raises HarvestFault."""
    asked = feed_for(target)
    if feed is None:
        return try_feed(asked, replace(bench, anywhere=True))
    return try_feed(replace(feed, source=asked.source, folder=asked.folder), bench)


def try_manifest(manifest: Path, folder: Path, bench: Bench) -> Iterator[dict[str, Any]]:
    """Try every `file` of a tab-separated list; one item a table, or one that says why it was refused."""
    for name in _files(manifest):
        try:
            for tried in try_source(str((folder / name).resolve()), bench):
                yield {"file": name, **tried.as_item()}
        except HarvestFault as fault:
            yield {"file": name, "refused": str(fault)}
        except Exception as fault:  # The last handler: one file does not keep the others from being tried.
            log.exception("file=%s", name)
            yield {"file": name, "refused": f"unexpected fault: {type(fault).__name__}"}


def _files(manifest: Path) -> Iterator[str]:
    try:
        with manifest.open(encoding="utf-8-sig", newline="") as lines:
            rows = csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE)
            if "file" not in (rows.fieldnames or ()):
                raise FeedMisconfigured(f"{manifest} has no column file", "its first line names the columns")
            yield from (row["file"] for row in rows if row["file"])
    except (OSError, UnicodeDecodeError) as fault:
        raise Unreadable(f"{manifest} cannot be read: {fault}") from fault


def _try_table(parsed: Parsed, feed: Feed, bench: Bench, folder: Path) -> Tried:
    if feed.record == CATALOGUE_ENTRY:
        return _try_list(whole(parsed), feed, bench)
    standing = bench.standing
    previous = standing.columns(feed, parsed.name) if standing else None
    try:
        found = _normalised(parsed, feed, bench, folder, previous)
    except SourceChanged as changed:
        return _as_it_is(parsed, feed, bench, folder, changed)
    difference = standing.difference(feed, parsed, found) if standing else None
    suggestion = suggest(parsed.table.column_names) if feed.record == AS_PUBLISHED else None
    return replace(_tried(parsed, found), suggestion=suggestion, difference=difference)


def _as_it_is(parsed: Parsed, feed: Feed, bench: Bench, folder: Path, changed: SourceChanged) -> Tried:
    """A table that lacks what its feed is made of, as it is without it: for a steward to see the change."""
    bare = replace(feed, record=AS_PUBLISHED, key=(), time=None, columns={}, units={})
    found = _normalised(parsed, bare, bench, folder)
    standing = bench.standing if feed.record == AS_PUBLISHED else None
    return replace(
        _tried(parsed, found),
        hold=Hold(changed.reason, str(changed)),
        suggestion=suggest(parsed.table.column_names),
        difference=standing.of_columns(feed, parsed, found) if standing else None,
        approvable=False,
    )


def _normalised(
    parsed: Parsed, feed: Feed, bench: Bench, folder: Path, previous: tuple[Column, ...] | None = None
) -> Normalised:
    return normalise(
        parsed,
        feed,
        extent=bench.extent,
        zone=bench.zone,
        previous=previous,
        anywhere=bench.anywhere,
        folder=folder,
    )


def _tried(parsed: Parsed, found: Normalised) -> Tried:
    return Tried(
        table=parsed.name,
        format=parsed.kind,
        encoding=parsed.encoding,
        crs=found.source_crs,
        extent=_bounds(found),
        columns=found.columns,
        first=[shown_row(row) for row in _first(found.pieces, _SHOWN)],
        read=found.read,
        accepted=found.accepted,
        rejected=found.tally.rows,
        reasons=found.tally.reasons,
        rejected_cells=found.tally.cells,
        hold=found.hold,
        rejects=_first(found.set_aside, _REJECTS),
        repairs=found.repairs,
        approvable=found.hold is not None and found.hold.reason in _CHANGES,
    )


def _try_list(parsed: Parsed, feed: Feed, bench: Bench) -> Tried:
    listed = list_entries(parsed, feed, bench.zone)
    rejects = tally([listed.rejects])
    first = [{"id": e.id, "identifier": e.identifier, "title": str(e.title)} for e in listed.entries[:_SHOWN]]
    return Tried(
        table=parsed.name,
        format=parsed.kind,
        encoding=parsed.encoding,
        crs=None,
        extent=None,
        columns=tuple(Column(name, "text") for name in ("id", "identifier", "title")),
        first=first,
        read=listed.read,
        accepted=len(listed.entries),
        rejected=rejects.rows,
        reasons=rejects.reasons,
        rejected_cells=rejects.cells,
        hold=listed.hold(feed),
        rejects=listed.rejects.slice(0, _REJECTS).to_pylist(),
    )


def _first(pieces: Iterable[pa.Table], most: int) -> list[dict[str, Any]]:
    """The first rows of a table in pieces."""
    rows = (row for piece in pieces for row in piece.slice(0, most).to_pylist())
    return list(islice(rows, most))


def _bounds(found: Normalised) -> BBox | None:
    """Where the accepted rows are; where none is, where those are that lie outside the city's extent."""
    if any(column.type == "geometry" for column in found.columns):
        boxes = [_box(piece[GEOMETRY]) for piece in found.pieces if len(piece)]
        if not np.isnan(boxes).all():
            return _around(boxes)
    boxes = [box for piece in found.set_aside for box in _outside(piece)]
    return _around(boxes) if boxes else None


def _box(wkb: pa.ChunkedArray) -> list[float]:
    box: list[float] = shapely.total_bounds(shapely.from_wkb(wkb.to_numpy())).tolist()
    return box


def _outside(rejects: pa.Table) -> Iterator[list[float]]:
    """The box around the rejected places of a piece, if there are any."""
    places = rejects.filter(pc.equal(rejects["reason"], "outside_extent"))["value"].to_pylist()
    if places:
        lonlat = np.array([place.split(", ") for place in places], dtype=float)
        yield [*lonlat.min(axis=0).tolist(), *lonlat.max(axis=0).tolist()]


def _around(boxes: list[list[float]]) -> BBox:
    west, south = np.nanmin(boxes, axis=0)[:2]
    east, north = np.nanmax(boxes, axis=0)[2:]
    return float(west), float(south), float(east), float(north)
