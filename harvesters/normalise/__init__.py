"""Turn a table as it is published into the typed rows of a dataset, and say what had to be set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from zoneinfo import ZoneInfo

import pyarrow as pa

from harvesters.faults import Unreadable
from harvesters.formats import GEOMETRY, Parsed
from harvesters.normalise.cast import Reading
from harvesters.normalise.cells import LOST
from harvesters.normalise.columns import Layout, layout
from harvesters.normalise.contract import Changes, Counts, Hold, changes, judge
from harvesters.normalise.keys import names_by_key, names_by_place
from harvesters.normalise.landing import Landed, Landing, land, settle
from harvesters.normalise.locate import find_places, place
from harvesters.normalise.rejects import Sieve, chief_cause, rejected_rows
from harvesters.normalise.repairs import Repairs
from harvesters.normalise.survey import has_shapes
from schemas.arrow import arrow_schema
from schemas.dataset import BBox, Column
from schemas.feed import Feed
from schemas.run import REPAIRS


@dataclass(frozen=True)
class Normalised:
    """The rows of one dataset as `arrow_schema(columns)`, and what was set aside (schemas.run.REJECTS).

    `read` counts the rows of the source: those of `rows`, and one for each reject of scope `row`. `hold`
    says why the rows may not be published. `timed` says that rows are named by when they were, so that
    each run may hold others. `repairs` counts what was mended by rule, `repaired` shows some of it
    (schemas.run.REPAIRS).
    """

    columns: tuple[Column, ...]
    rows: pa.Table
    rejects: pa.Table
    read: int
    source_crs: str | None = None
    hold: Hold | None = None
    timed: bool = False
    repairs: Mapping[str, int] = field(default_factory=dict)
    repaired: pa.Table = field(default_factory=REPAIRS.empty_table)


def normalise(
    parsed: Parsed,
    feed: Feed,
    *,
    extent: BBox,
    zone: ZoneInfo,
    previous: tuple[Column, ...] | None = None,
    anywhere: bool = False,
) -> Normalised:
    """The rows that the feed makes of a table; `previous` are the columns of its current snapshot, if any.

    `extent` bounds the geometry unless the feed has its own, or with `anywhere` the whole table lies
    elsewhere; `zone` is that of times without one.
    Raises FeedMisconfigured, SourceChanged or Unreadable.
    """
    if not parsed.table.column_names:
        return _nothing(parsed)
    sieve, reading = Sieve(parsed.lines, Repairs(parsed.repairs)), Reading(zone)
    shaped = has_shapes(parsed.table)
    theirs = [name for name in parsed.table.column_names if not (shaped and name == GEOMETRY)]
    _refuse_lost(theirs)
    plan = layout(feed, theirs, previous)
    extent = feed.extent or extent
    where = None
    if plan.geometry:
        where = find_places(parsed, feed, extent=extent, reading=reading, anywhere=anywhere)
    places = place(parsed.table, where, sieve, reading=reading) if where else None
    axes = where.axes if where else None
    before = {column.name: column.type for column in previous or ()}
    coordinates = frozenset((axes.x, axes.y) if axes else ())
    landing = Landing(feed, plan, reading, before, coordinates, typed=shaped, types=parsed.types)
    with ThreadPoolExecutor() as pool:
        settled = pool.map(lambda wanted: settle(wanted, parsed.table, landing), plan.columns)
        landed = [land(each, landing, sieve) for each in settled]
    if plan.geometry and places:
        landed.append(Landed(plan.geometry, pa.chunked_array([places.geometry])))
    rows = _rows(landed, plan, sieve)
    rejects = pa.concat_tables([parsed.rejects, sieve.rejects()])
    found = Normalised(
        columns=tuple(each.column for each in landed),
        rows=rows,
        rejects=rejects,
        read=len(rows) + rejected_rows(rejects),
        source_crs=places.source_crs if places else None,
        timed=plan.time in plan.key,
        repairs=sieve.repairs.counts,
        repaired=sieve.repairs.examples(),
    )
    if where and where.hold:
        return replace(found, hold=where.hold)
    retyped = [each.column.name for each in landed if each.retyped]
    return replace(found, hold=_hold(found, feed, changes(previous, found.columns, retyped), previous))


def _refuse_lost(names: Sequence[str]) -> None:
    for name in names:
        if LOST in name:
            raise Unreadable(
                f"the column name {name!r} has lost letters", "ask the publisher for the original"
            )


def _nothing(parsed: Parsed) -> Normalised:
    """What a source without rows leaves, where not even columns are named."""
    hold = Hold("empty", "the source holds no rows and names no columns")
    rows, read = arrow_schema(()).empty_table(), rejected_rows(parsed.rejects)
    return Normalised((), rows, parsed.rejects, read, hold=hold)


def _rows(landed: Sequence[Landed], plan: Layout, sieve: Sieve) -> pa.Table:
    """The kept rows under their names."""
    values = {each.column.name: each.values for each in landed}
    ids = names_by_key(values, plan.key, sieve) if plan.key else names_by_place(sieve.lines)
    schema = arrow_schema(tuple(each.column for each in landed))
    kept = None if sieve.kept.all() else pa.array(sieve.kept)
    if kept is not None:
        ids, values = ids.filter(kept), {name: column.filter(kept) for name, column in values.items()}
    return pa.table([ids, *values.values()], schema=schema)


def _hold(
    found: Normalised, feed: Feed, changed: Changes, previous: tuple[Column, ...] | None
) -> Hold | None:
    dropped = found.read - len(found.rows)
    counts = Counts(found.read, dropped, len(found.rejects) - dropped, chief_cause(found.rejects))
    return judge(feed, changed, counts, had_rows=previous is not None and not found.timed)
