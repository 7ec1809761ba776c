"""Ask the Parquet parts of a snapshot with DuckDB: any filter and order, within a time and a memory limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from threading import Event, Thread
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from catalogue.rows.engines import sql
from catalogue.rows.engines.values import shown, stored
from catalogue.rows.joins import Joined
from catalogue.rows.question.plan import Plain, Plan
from catalogue.rows.scan.decoded import Decoded
from catalogue.rows.scan.lexicon import Lexicon
from catalogue.rows.scan.parts import (
    Source,
    Wanted,
    gathered,
    named,
    open_database,
    parts_gone,
    source_of,
)
from catalogue.rows.scan.picked import picked
from catalogue.rows.scan.spelling import Spelling
from catalogue.rows.scan.words import Places, cut
from catalogue.snapshots import Parts
from schemas.arrow import arrow_schema
from schemas.problem import BadInput, InputError
from schemas.snapshot import Snapshot, within

Found = tuple[list[tuple[object, ...]], int | None]
Write = Callable[[sql.Fragment, sql.Dialect], sql.Fragment]

MOST_ROWS = 100_000_000
"""Rows that one query may read; what streams all rows may read more."""
_PICKED = "picked"
SPARSE = 4
"""One of so many rows is picked; more are read as fast with all others."""


class RowsTimeout(TimeoutError):
    """A query asked for more work than one query is given."""

    def __init__(self, dataset: str, limit: str, hint: str = "filter by a key, a time or a box") -> None:
        self.dataset, self.limit = dataset, limit
        super().__init__(
            f"the query to {dataset} needs more than {limit}; {hint}, or download the whole dataset"
        )


class TooManyRows(RowsTimeout):
    """A query would read more rows than one may, however long they took."""

    def __init__(self, dataset: str, rows: int, most: int) -> None:
        self.rows, self.most = rows, most
        limit = f"the {most} rows that one may read: it would read {rows}"
        super().__init__(dataset, limit, "ask of a shorter time, or for rows by their key or a box")


class Scanner:
    """One DuckDB in memory for all threads, which sees nothing but the folder of parts.

    A query has so many seconds and megabytes, and reads at most so many rows: those of the parts that its
    time and its page leave, known before any is opened. `decoded_megabytes` more keep columns asked for
    again and again, `words_megabytes` the words of texts that are searched again.
    """

    def __init__(
        self,
        storage: Parts,
        *,
        seconds: float = 5.0,
        memory_megabytes: int = 512,
        rows: int = MOST_ROWS,
        decoded_megabytes: int = 256,
        words_megabytes: int = 128,
    ) -> None:
        self._storage = storage
        self._seconds = seconds
        self._memory = f"{memory_megabytes} MB"
        self._rows = rows
        self._database = open_database(
            storage, f"{memory_megabytes + decoded_megabytes + words_megabytes} MB"
        )
        self._decoded = Decoded(self._database, decoded_megabytes * 2**20)
        self._lexicon = Lexicon(self._database, storage, words_megabytes * 2**20)
        self._spelling = Spelling(self._database)

    def page(self, plan: Plan) -> Found:
        """The rows of a page; raises RowsTimeout, and TooManyRows as all others do but `flow`."""
        with self._cursor(plan.snapshot) as cursor:
            anchor = self._anchor(cursor, plan)
            found = self._found(cursor, plan, anchor, f"{sql.names(plan)}, pos")
        last = found["pos"][plan.limit - 1].as_py() if len(found) > plan.limit else None
        return shown(found.slice(0, plan.limit).columns[:-1], plan.columns), last

    def positions(self, plan: Plan, anchor: Sequence[Plain]) -> list[int]:
        """Where the rows of a page are and the one behind it, which starts behind the row of `anchor`.

        Only the columns asked for in filters and order are read. Raises RowsTimeout.
        """
        with self._cursor(plan.snapshot) as cursor:
            places: list[int] = self._found(cursor, plan, anchor, "pos")["pos"].to_pylist()
        return places

    def count(self, plan: Plan) -> int:
        """How many rows a plan's filters and box leave, exactly; raises RowsTimeout."""
        ((found,),) = self.over(plan, "count(*)")
        return int(found)

    def over(self, plan: Plan, select: str, rest: str = "", *, first: int = 0) -> list[tuple[Any, ...]]:
        """What SELECT gives of all rows from position `first` on that a plan's filters leave, in SQL of ours.

        Raises RowsTimeout.
        """
        dialect = self._spelling.dialect(plan.snapshot)
        where, values = sql.where(plan, dialect)
        behind = f"pos >= {first} AND " if first else ""
        tail = f"WHERE {behind}{where} {rest}"
        decoded, parts = self._sources(plan, f"{select} {tail}", first)
        with self._cursor(plan.snapshot) as cursor:
            if held := self._held(cursor, plan, dialect):
                where, some = sql.where(held[0], dialect)
                few = f"{select} FROM {_PICKED} WHERE {behind}{where} {rest}"
                if self._pick(cursor, plan.snapshot, held[1], few):
                    return _fetched(cursor, f"SELECT {few}", some)
            if decoded:
                with suppress(duckdb.CatalogException):  # It had to make room meanwhile.
                    return _fetched(cursor, f"SELECT {select} FROM {decoded} {tail}", values)  # noqa: S608
            text = f"SELECT {select} FROM {parts.text} {tail}"  # noqa: S608
            return _fetched(cursor, text, [*parts.files, *values])

    def rows(self, snapshot: Snapshot, positions: Sequence[int]) -> pa.Table:
        """The rows at ascending positions, as they are stored: of `arrow_schema`. Raises RowsTimeout."""
        schema, places = arrow_schema(snapshot.columns), np.asarray(positions, np.int64)
        names = ["id", *(f"c{i}" for i in range(len(snapshot.columns)))]
        with self._cursor(snapshot) as cursor:
            found = picked(cursor, self._storage, snapshot, places, names=names)
        return found.drop_columns("pos").rename_columns(schema.names).cast(schema)

    def flow(self, plan: Plan, rows: int) -> Iterator[Any]:
        """All rows that a plan's filters leave, in its order: Arrow batches of at most `rows` rows with `_id`
        and the columns to show, under their names, whatever its page.

        Only the way to the first is bounded in time: whoever reads them may be slow. Raises RowsTimeout.
        """
        wanted = _wanted(plan.times(), (0, plan.snapshot.rows))
        source = source_of(plan.snapshot, self._storage, wanted)
        dialect = self._spelling.dialect(plan.snapshot)
        where, values = sql.where(plan, dialect)
        # Without an order they come as they lie: one thread reads them, part after part. A join mixes them.
        mixed = plan.order or isinstance(plan.snapshot, Joined)
        order = f"ORDER BY {sql.order_by(plan, dialect)}" if mixed else ""
        text = f"SELECT {sql.names(plan)} FROM {source.text} WHERE {where} {order}"  # noqa: S608
        found, names = Event(), [column.name for column in plan.columns]
        with self._cursor(plan.snapshot, found) as cursor:
            for batch in cursor.execute(text, [*source.files, *values]).to_arrow_reader(rows):
                found.set()
                yield batch.rename_columns(names)

    def table(self, plan: Plan, write: Write, rows: int) -> Iterator[Any]:
        """What SQL of ours gives that `write` makes of a FROM item of the rows that a plan's filters leave,
        in batches as `flow`. Raises RowsTimeout."""
        dialect = self._spelling.dialect(plan.snapshot)
        where, values = sql.where(plan, dialect)
        decoded, parts = self._sources(plan, f"{write(('rows', []), dialect)[0]} {where}", 0)
        left = "(SELECT * FROM {} WHERE {})"
        asked, found = write((left.format(parts.text, where), [*parts.files, *values]), dialect), Event()
        with self._cursor(plan.snapshot, found) as cursor:
            answer = None
            if decoded:
                with suppress(duckdb.CatalogException):  # It had to make room meanwhile.
                    answer = cursor.execute(*write((left.format(decoded, where), values), dialect))
            for batch in (answer or cursor.execute(*asked)).to_arrow_reader(rows):
                found.set()
                yield batch

    def settle(self) -> None:
        """Wait for what is being put into memory."""
        self._decoded.settle()
        self._lexicon.settle()

    def close(self) -> None:
        self.settle()
        self._database.close()

    def _found(self, cursor: Any, plan: Plan, anchor: Sequence[Plain], names: str) -> Any:
        dialect = self._spelling.dialect(plan.snapshot)
        if held := self._held(cursor, plan, dialect):
            rest, places = cut(*held)
            text, values = _paged(rest, anchor, dialect, names)
            if self._pick(cursor, plan.snapshot, places, text):
                return cursor.execute(text.format(_PICKED), values).to_arrow_table()
        wanted = _wanted(plan.page_times(), plan.positions())
        source = self._bounded(plan, source_of(plan.snapshot, self._storage, wanted))
        text, values = _paged(plan, anchor, dialect, names)
        return cursor.execute(text.format(source.text), [*source.files, *values]).to_arrow_table()

    def _anchor(self, cursor: Any, plan: Plan) -> Sequence[Plain]:
        """The order values of the row that a page starts behind."""
        if plan.after is None or not plan.order:
            return ()
        wanted = _wanted((None, None), (plan.after, plan.after))
        source = source_of(plan.snapshot, self._storage, wanted)
        columns = [column for column, _ in plan.order]
        names = ", ".join(sql.name(plan.snapshot, column) for column in columns)
        text = f"SELECT {names} FROM {source.text} WHERE pos = ?"  # noqa: S608
        found = cursor.execute(text, [*source.files, plan.after]).to_arrow_table()
        return [stored(values, column)[0] for values, column in zip(found.columns, columns, strict=True)]

    def _sources(self, plan: Plan, text: str, first: int) -> tuple[str | None, Source]:
        """What holds the columns named in SQL of ours in memory, if something does, and their parts."""
        snapshot, wanted = plan.snapshot, _wanted(plan.times(), (first, plan.snapshot.rows))
        parts = None if "pos" in named(text) else gathered(snapshot, self._storage, wanted)
        parts = self._bounded(plan, parts or source_of(snapshot, self._storage, wanted))
        # Where its time leaves parts out, the others are read faster than what is kept of all.
        if not parts.together or parts.rows < snapshot.rows:
            return None, parts
        return self._decoded.source(plan, text, parts), parts

    def _held(self, cursor: Any, plan: Plan, dialect: sql.Dialect) -> tuple[Plan, Places] | None:
        """The rows that words leave, and what is still to be asked of them, where that is known."""
        with suppress(duckdb.CatalogException):  # What knew it had to make room meanwhile.
            return self._lexicon.narrowed(cursor, plan, dialect)
        return None

    def _pick(self, cursor: Any, snapshot: Snapshot, places: Places, text: str) -> bool:
        """Name the rows at `places` with the columns that SQL of ours asks for, unless they are too many."""
        names = named(text) - {"pos"}
        if names and len(places) * SPARSE > snapshot.rows:
            return False
        cursor.register(_PICKED, picked(cursor, self._storage, snapshot, places, names=sorted(names)))
        return True

    def _bounded(self, plan: Plan, source: Source) -> Source:
        """The same source; raises TooManyRows."""
        if source.rows > self._rows:
            raise TooManyRows(plan.snapshot.dataset, source.rows, self._rows)
        return source

    @contextmanager
    def _cursor(self, snapshot: Snapshot, done: Event | None = None) -> Iterator[Any]:
        """A cursor that is interrupted when its time is up and it is not `done`."""
        cursor = self._database.cursor()
        done = done or Event()
        watch = Thread(target=_watch, args=(cursor, done, self._seconds), daemon=True)
        watch.start()
        try:
            with parts_gone(snapshot, self._storage):
                yield cursor
        except duckdb.InterruptException as error:
            raise RowsTimeout(snapshot.dataset, f"{self._seconds:g} seconds") from error
        except duckdb.OutOfRangeException as error:
            what = "come to figures that no number can hold"
            raise BadInput([InputError("formulas", what, "divide what is added up")]) from error
        except duckdb.OutOfMemoryException as error:
            raise RowsTimeout(snapshot.dataset, f"{self._memory} of memory") from error
        finally:
            done.set()
            watch.join()  # It must not interrupt a closed cursor.
            cursor.close()


def _wanted(times: tuple[datetime | None, datetime | None], positions: tuple[int, int]) -> Wanted:
    """Tells the parts that may hold rows between two instants and two positions."""
    (start, end), (first, last) = times, positions
    return lambda part, offset: (
        offset <= last and offset + part.rows > first and within(part.period, start, end)
    )


def _paged(plan: Plan, anchor: Sequence[Plain], dialect: sql.Dialect, names: str) -> sql.Fragment:
    """SELECT of a page from a FROM item that is still to be put in, for {}."""
    tests = [sql.where(plan, dialect)]
    if plan.after is not None:
        tests.append(sql.after(plan, anchor, dialect))
    where, values = sql.both(tests)
    order, page = sql.order_by(plan, dialect), f"LIMIT {plan.limit + 1} OFFSET {plan.offset}"
    return f"SELECT {names} FROM {{}} WHERE {where} ORDER BY {order} {page}", values  # noqa: S608


def _fetched(cursor: Any, text: str, values: Sequence[object]) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = cursor.execute(text, values).fetchall()
    return found


def _watch(cursor: Any, done: Event, seconds: float) -> None:
    """Interrupt what a cursor does when its time is up, again and again: planning does not hear it."""
    wait = seconds
    while not done.wait(wait):
        cursor.interrupt()
        wait = 0.05
