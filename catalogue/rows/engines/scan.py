"""Ask the Parquet parts of a snapshot with DuckDB: any filter and order, within a time and a memory limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from itertools import accumulate
from pathlib import Path
from threading import Event, Thread
from typing import Any
from weakref import WeakValueDictionary

import duckdb
import pyarrow as pa

from catalogue import geometry
from catalogue.rows.engines import like, sql
from catalogue.rows.engines.values import shown, stored
from catalogue.rows.joins import Joined
from catalogue.rows.question.plan import Plain, Plan
from catalogue.rows.space.places import Close, Lies
from catalogue.snapshots import Parts
from schemas.snapshot import Part, Snapshot, within

Found = tuple[list[tuple[object, ...]], int | None]

_PLACES = {"date": "CAST(? AS DATE)", "time": "make_timestamptz(?)"}
_CORNERS = tuple(f"box.{corner}" for corner in geometry.CORNERS)


class RowsTimeout(TimeoutError):
    """A query asked for more work than one query is given."""

    def __init__(self, dataset: str, limit: str) -> None:
        self.dataset = dataset
        self.limit = limit
        super().__init__(
            f"the query to {dataset} needs more than {limit}; filter by a key, a time or a box,"
            " or download the whole dataset"
        )


class Scanner:
    """One DuckDB in memory for all threads, which sees nothing but the folder of parts."""

    def __init__(self, storage: Parts, *, seconds: float = 5.0, memory_megabytes: int = 512) -> None:
        self._storage = storage
        self._seconds = seconds
        self._memory = f"{memory_megabytes} MB"
        self._asked: WeakValueDictionary[int, Lies | Close] = WeakValueDictionary()
        self._database = open_database(storage, self._memory)
        # Of engines only ours reads shapes as the row index does, and measures on the ellipsoid.
        self._database.create_function("lies", self._lies, ["BIGINT", "BLOB"], "BOOLEAN", type="arrow")

    def page(self, plan: Plan) -> Found:
        """The rows of a page; raises RowsTimeout."""
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
        source, files = self._source(plan, plan.times(), (first, plan.snapshot.rows))
        where, values = sql.where(plan, self._dialect(plan.snapshot))
        behind = f"pos >= {first} AND " if first else ""
        text = f"SELECT {select} FROM {source} WHERE {behind}{where} {rest}"  # noqa: S608
        with self._cursor(plan.snapshot) as cursor:
            found: list[tuple[Any, ...]] = cursor.execute(text, [*files, *values]).fetchall()
        return found

    def flow(self, plan: Plan, rows: int) -> Iterator[Any]:
        """All rows that a plan's filters leave, in its order: Arrow batches of at most `rows` rows with `_id`
        and the columns to show, under their names, whatever its page.

        Only the way to the first is bounded in time: whoever reads them may be slow. Raises RowsTimeout.
        """
        source, files = self._source(plan, plan.times(), (0, plan.snapshot.rows))
        dialect = self._dialect(plan.snapshot)
        where, values = sql.where(plan, dialect)
        # Without an order they come as they lie: one thread reads them, part after part. A join mixes them.
        mixed = plan.order or isinstance(plan.snapshot, Joined)
        order = f"ORDER BY {sql.order_by(plan, dialect)}" if mixed else ""
        text = f"SELECT {sql.names(plan)} FROM {source} WHERE {where} {order}"  # noqa: S608
        found, names = Event(), [column.name for column in plan.columns]
        with self._cursor(plan.snapshot, found) as cursor:
            for batch in cursor.execute(text, [*files, *values]).to_arrow_reader(rows):
                found.set()
                yield batch.rename_columns(names)

    def close(self) -> None:
        self._database.close()

    def _found(self, cursor: Any, plan: Plan, anchor: Sequence[Plain], names: str) -> Any:
        source, files = self._source(plan, plan.page_times(), plan.positions())
        dialect = self._dialect(plan.snapshot)
        tests = [sql.where(plan, dialect)]
        if plan.after is not None:
            tests.append(sql.after(plan, anchor, dialect))
        where, values = sql.both(tests)
        order = sql.order_by(plan, dialect)
        page = f"LIMIT {plan.limit + 1} OFFSET {plan.offset}"
        text = f"SELECT {names} FROM {source} WHERE {where} ORDER BY {order} {page}"  # noqa: S608
        return cursor.execute(text, [*files, *values]).to_arrow_table()

    def _anchor(self, cursor: Any, plan: Plan) -> Sequence[Plain]:
        """The order values of the row that a page starts behind."""
        if plan.after is None or not plan.order:
            return ()
        source, files = self._source(plan, (None, None), (plan.after, plan.after))
        columns = [column for column, _ in plan.order]
        names = ", ".join(sql.name(plan.snapshot, column) for column in columns)
        text = f"SELECT {names} FROM {source} WHERE pos = ?"  # noqa: S608
        found = cursor.execute(text, [*files, plan.after]).to_arrow_table()
        return [stored(values, column)[0] for values, column in zip(found.columns, columns, strict=True)]

    def _dialect(self, snapshot: Snapshot) -> sql.Dialect:
        place = geometry.geometry_column(snapshot.columns)
        shape = next((f"c{i}" for i, column in enumerate(snapshot.columns) if column.name == place), "")

        def lies(node: Lies | Close) -> sql.Fragment:
            self._asked[id(node)] = node  # Until the plan is let go of, and its query is over.
            return f"lies(?, {shape})", [id(node)]

        return sql.Dialect(
            contains="contains({}, ?)",
            like="regexp_full_match({}, ?, 's')",
            pattern=like.regex,
            small="lower({})",
            place=lambda column: _PLACES.get(column.type, "?"),
            nullable=lambda _: True,
            corners=_CORNERS,
            lies=lies,
        )

    def _lies(self, asked: Any, shapes: Any) -> Any:
        """For DuckDB: which of some geometries lie as the node of a plan asks, said by its number."""
        if not len(asked):
            return pa.array([], pa.bool_())
        return pa.array(self._asked[asked[0].as_py()].of(geometry.shapes(shapes)))

    def _source(
        self, plan: Plan, times: tuple[datetime | None, datetime | None], positions: tuple[int, int]
    ) -> tuple[str, list[str]]:
        """The parts that may hold rows between two instants and two positions."""
        (start, end), (first, last) = times, positions

        def wanted(part: Part, offset: int) -> bool:
            return offset <= last and offset + part.rows > first and within(part.period, start, end)

        if isinstance(plan.snapshot, Joined):
            return _side_by_side(plan.snapshot, self._storage, wanted)
        return from_parts(plan.snapshot, self._storage, wanted)

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
        except duckdb.OutOfMemoryException as error:
            raise RowsTimeout(snapshot.dataset, f"{self._memory} of memory") from error
        finally:
            done.set()
            watch.join()  # It must not interrupt a closed cursor.
            cursor.close()


def open_database(storage: Parts, memory: str, spill: Path | None = None, threads: int = 1) -> Any:
    """A DuckDB in memory that sees nothing but the folder of parts; what exceeds `memory` goes to `spill`."""
    database = duckdb.connect(":memory:")
    for setting, value in (
        ("threads", threads),
        ("memory_limit", memory),
        ("temp_directory", str(spill) if spill else ""),
        ("parquet_metadata_cache", True),
        ("enable_geoparquet_conversion", False),
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("allowed_directories", [str(storage.path("parts"))]),
        ("enable_external_access", False),
        ("lock_configuration", True),
    ):
        # GLOBAL, since every cursor is a connection with settings of its own.
        database.execute(f"SET GLOBAL {setting} = {_literal(value)}")
    return database


@contextmanager
def parts_gone(snapshot: Snapshot, storage: Parts) -> Iterator[None]:
    """Raise FileNotFoundError where DuckDB cannot read because a part is not there any more."""
    try:
        yield
    except duckdb.IOException as error:
        parts = (*snapshot.parts, *(snapshot.other.parts if isinstance(snapshot, Joined) else ()))
        missing = next((part.path for part in parts if not storage.path(part.path).exists()), None)
        if missing is None:
            raise
        raise FileNotFoundError(f"a part of {snapshot.dataset} {snapshot.id} is gone: {missing}") from error


def from_parts(
    snapshot: Snapshot, storage: Parts, wanted: Callable[[Part, int], bool] = lambda part, offset: True
) -> tuple[str, list[str]]:
    """A FROM item of all parts with names of ours and `pos` counted through, and the files it takes.

    Parts are left out that are not `wanted`, asked by the part and the position of its first row.
    """
    names = ["id", *(f"c{i}" for i in range(len(snapshot.columns)))]
    if geometry.geometry_column(snapshot.columns):
        names.append("box")
    offsets = list(accumulate((part.rows for part in snapshot.parts), initial=0))[:-1]
    found = [pair for pair in zip(snapshot.parts, offsets, strict=True) if wanted(*pair)]
    # A FROM needs one part for its columns.
    found = found or [(replace(snapshot.parts[0], rows=0, head=True), 0)]
    selects = [
        f"SELECT {', '.join(names)}, place + {offset} AS pos"  # noqa: S608
        f" FROM read_parquet(?, file_row_number = true) AS part({', '.join(names)}, place)"
        + (f" WHERE place < {part.rows}" if part.head else "")
        for part, offset in found
    ]
    return f"({' UNION ALL '.join(selects)})", [str(storage.path(part.path)) for part, _ in found]


def _side_by_side(
    whole: Joined, storage: Parts, wanted: Callable[[Part, int], bool]
) -> tuple[str, list[str]]:
    """The same of the rows of two snapshots, the columns of the other behind those of ours."""
    ours, files = from_parts(whole.ours, storage, wanted)
    theirs, more = from_parts(whole.other, storage)
    first = len(whole.ours.columns)
    taken = [f"theirs.{sql.name(whole.other, c)} AS c{first + i}" for i, c in enumerate(whole.beside)]
    placed = [geometry.geometry_column(each) for each in (whole.ours.columns, whole.other.columns)]
    if placed[0] is None and placed[1] is not None:
        taken.append("theirs.box AS box")
    names = ", ".join(["ours.*", *taken])
    equal = f"ours.{sql.name(whole.ours, whole.column)} = theirs.{sql.name(whole.other, whole.on)}"
    return f"(SELECT {names} FROM {ours} AS ours LEFT JOIN {theirs} AS theirs ON {equal})", [*files, *more]  # noqa: S608


def _watch(cursor: Any, done: Event, seconds: float) -> None:
    """Interrupt what a cursor does when its time is up, again and again: planning does not hear it."""
    wait = seconds
    while not done.wait(wait):
        cursor.interrupt()
        wait = 0.05


def _literal(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
