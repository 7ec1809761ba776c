"""Turn a table as it is published into the typed rows of a dataset, and say what had to be set aside."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow as pa

from harvesters.faults import Unplaced, Unreadable
from harvesters.formats import GEOMETRY, Parsed
from harvesters.normalise.columns import Layout, layout
from harvesters.normalise.contract import Changes, Counts, Hold, changes, judge, note_changes
from harvesters.normalise.keys import names_by_key, names_by_place, rising
from harvesters.normalise.landing import Landing, Settled, Values, land, settle
from harvesters.normalise.place.crs import crs_name
from harvesters.normalise.place.locate import find_places, place
from harvesters.normalise.place.places import Whereabouts
from harvesters.normalise.place.survey import find_axes, has_shapes
from harvesters.normalise.rejects import Sieve, Tally, tally
from harvesters.normalise.repairs import Repairs
from harvesters.normalise.spread import spread_rows
from harvesters.normalise.stock import Stock
from harvesters.normalise.values.cast import Reading
from harvesters.normalise.values.cells import LOST
from harvesters.reading.shelf import at_hand, places
from schemas.arrow import arrow_schema
from schemas.dataset import BBox, Column
from schemas.feed import Feed
from schemas.run import REJECTS, REPAIRS


@dataclass(frozen=True)
class Normalised:
    """The rows of one dataset as `arrow_schema(columns)`, and what was set aside (schemas.run.REJECTS).

    `pieces` are the rows and `set_aside` the rejects, tables one after another that may be asked for again
    while the run's folder stands; `tally` counts the rejects. `read` counts the rows of the source: those
    of `pieces`, and one for each reject of scope `row`. `hold` says why the rows may not be published.
    `timed` says that rows are named by when they were, so that each run may hold others. `repairs` counts
    what was mended by rule, `repaired` shows some of it (schemas.run.REPAIRS).
    """

    columns: tuple[Column, ...]
    pieces: Iterable[pa.Table]
    set_aside: Iterable[pa.Table]
    tally: Tally
    read: int
    source_crs: str | None = None
    hold: Hold | None = None
    timed: bool = False
    repairs: Mapping[str, int] = field(default_factory=dict)
    repaired: pa.Table = field(default_factory=REPAIRS.empty_table)

    @property
    def accepted(self) -> int:
        """How many rows there are to publish."""
        return self.read - self.tally.rows

    @property
    def rows(self) -> pa.Table:
        """All rows in memory, for a table that is known to be small."""
        return pa.concat_tables([arrow_schema(self.columns).empty_table(), *self.pieces])

    @property
    def rejects(self) -> pa.Table:
        """All rejects in memory, for a table that is known to be small."""
        return pa.concat_tables([REJECTS.empty_table(), *self.set_aside])


def normalise(
    parsed: Parsed,
    feed: Feed,
    *,
    extent: BBox,
    zone: ZoneInfo,
    previous: tuple[Column, ...] | None = None,
    anywhere: bool = False,
    folder: Path | None = None,
) -> Normalised:
    """The rows that the feed makes of a table; `previous` are the columns of its current snapshot, if any.

    `extent` bounds the geometry unless the feed has its own, or with `anywhere` the whole table lies
    elsewhere; with it a table of an unknown CRS comes without its places, and is held. `zone` is that of
    times without one. What a table in pieces gives is put into `folder`, without which it stays in memory.
    Raises FeedMisconfigured, SourceChanged or Unreadable.
    """
    if not parsed.table.column_names:
        return _nothing(parsed)
    parsed, reading = at_hand(parsed), Reading(zone)
    plan, where, unplaced = _plan(parsed, feed, previous), None, None
    if plan.geometry:
        some, within = _some(parsed, feed), feed.extent or extent
        try:
            where = find_places(some, feed, extent=within, reading=reading, anywhere=anywhere)
        except Unplaced as fault:
            if not anywhere:
                raise
            unplaced = Hold(fault.reason, str(fault))
    landing = _landing(parsed, feed, plan, where, reading=reading, previous=previous)
    with ThreadPoolExecutor() as pool:
        settled = list(pool.map(lambda wanted: settle(wanted, parsed, landing), plan.columns))
    repairs = Repairs(parsed.repairs)
    stock = _land(parsed, settled, landing, where, repairs=repairs, folder=folder)
    columns = _columns(settled, landing, where)
    changed = changes(previous, columns, [each.column.name for each in settled if each.retyped])
    note_changes(changed, previous, columns, repairs)
    found = _normalised(stock, columns, plan, where, repairs=repairs)
    hold = unplaced or (where and where.hold) or _hold(found, feed, changed, previous)
    return replace(found, hold=hold)


def _normalised(
    stock: Stock, columns: tuple[Column, ...], plan: Layout, where: Whereabouts | None, *, repairs: Repairs
) -> Normalised:
    counted = tally(stock.rejects)
    return Normalised(
        columns=columns,
        pieces=stock.rows,
        set_aside=stock.rejects,
        tally=counted,
        read=stock.accepted + counted.rows,
        source_crs=crs_name(where.crs) if where and not where.hold else None,
        timed=plan.time in plan.key,
        repairs=repairs.counts,
        repaired=repairs.examples(),
    )


def _landing(
    parsed: Parsed,
    feed: Feed,
    plan: Layout,
    where: Whereabouts | None,
    *,
    reading: Reading,
    previous: tuple[Column, ...] | None,
) -> Landing:
    before = {column.name: column.type for column in previous or ()}
    axes = frozenset((where.axes.x, where.axes.y) if where and where.axes else ())
    shaped = has_shapes(parsed.table)
    return Landing(feed, plan, reading, before, axes, typed=shaped, types=parsed.types)


def _plan(parsed: Parsed, feed: Feed, previous: tuple[Column, ...] | None) -> Layout:
    """What the feed makes of the columns beside the geometry."""
    shaped = has_shapes(parsed.table)
    theirs = [name for name in parsed.table.column_names if not (shaped and name == GEOMETRY)]
    for name in theirs:
        if LOST in name:
            raise Unreadable(
                f"the column name {name!r} has lost letters", "ask the publisher for the original"
            )
    return layout(feed, theirs, previous)


def _some(parsed: Parsed, feed: Feed) -> Parsed:
    """Rows that lie spread over the table and may say where it is."""
    axes = find_axes(parsed.table, feed)
    columns = (axes.x, axes.y) if axes else (GEOMETRY,) if has_shapes(parsed.table) else ()
    some = spread_rows((piece.table for piece in parsed.pieces()), columns) if columns else parsed.table
    return replace(parsed, table=some, rest=(), beyond=0)


def _columns(settled: Sequence[Settled], landing: Landing, where: Whereabouts | None) -> tuple[Column, ...]:
    place = landing.plan.geometry
    return (*(each.column for each in settled), *((place,) if where and place else ()))


def _land(
    parsed: Parsed,
    settled: Sequence[Settled],
    landing: Landing,
    where: Whereabouts | None,
    *,
    repairs: Repairs,
    folder: Path | None,
) -> Stock:
    """The rows of all pieces, one piece after another."""
    columns, key = _columns(settled, landing, where), landing.plan.key
    schema, in_order = arrow_schema(columns), not key and rising(places(parsed))
    stock, before = Stock(folder if parsed.rest != () else None), 0
    for piece in parsed.pieces():
        sieve = Sieve(piece.lines, repairs)
        placed = place(piece.table, where, sieve, reading=landing.reading) if where else None
        values = [land(each, landing, sieve) for each in _read(piece.table, settled)]
        if placed:
            values.append(pa.chunked_array([placed.geometry]))
        if key:
            named = {column.name: each for column, each in zip(columns, values, strict=True)}
            ids = names_by_key(named, key, sieve)
        else:
            ids = names_by_place(piece.lines, before, rising=in_order)
        before += len(piece.lines)
        stock.add(_kept([ids, *values], schema, sieve), sieve, piece.rejects)
    if key:
        stock.drop_repeated(key)
    return stock


def _read(piece: pa.Table, settled: Sequence[Settled]) -> list[Values]:
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda each: each.of(piece), settled))


def _kept(values: Sequence[pa.Array | pa.ChunkedArray], schema: pa.Schema, sieve: Sieve) -> pa.Table:
    if not sieve.kept.all():
        kept = pa.array(sieve.kept)
        values = [column.filter(kept) for column in values]
    return pa.table(list(values), schema=schema)


def _nothing(parsed: Parsed) -> Normalised:
    """What a source without rows leaves, where not even columns are named."""
    hold = Hold("empty", "the source holds no rows and names no columns")
    rejects = [piece.rejects for piece in at_hand(parsed).pieces()]
    counted = tally(rejects)
    return Normalised((), (), rejects, counted, counted.rows, hold=hold)


def _hold(
    found: Normalised, feed: Feed, changed: Changes, previous: tuple[Column, ...] | None
) -> Hold | None:
    faulty = found.tally.faulty
    counts = Counts(found.accepted + faulty, faulty, found.tally.cells, found.tally.chief_cause)
    return judge(feed, changed, counts, had_rows=previous is not None and not found.timed)
