"""Look rows up in the row index of a snapshot: points, pages and boxes in well under a millisecond."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from catalogue import geometry, sql
from catalogue.plan import Plain, Plan
from catalogue.values import instant
from schemas.dataset import Column

Found = tuple[list[tuple[object, ...]], int | None]
"""Shown rows, at most the limit, and the position of the last one when more follow."""

_STEP = 1_000
_PAGE_STEPS = 300
"""Work for one page, in thousands of SQLite's operations (10 ms); what needs more is cheaper to scan."""
_COUNT_STEPS = 300
_BROAD = 3_000
"""Rows in a box above which the R-tree is not worth walking for one page."""
_MMAP = 2**31


class Beyond(Exception):
    """The index could answer, but a scan is cheaper."""


class Index:
    """One open index; safe to share by threads, each query has a connection to itself."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        with self._connection() as connection:
            described = connection.execute("PRAGMA table_info(rows)").fetchall()
        self._full = {name for _, name, _, required, *_ in described if required}

    def page(self, plan: Plan, limit: int) -> Found:
        """The first `limit` rows that a plan asks for; raises Beyond."""
        dialect = sql.Dialect("instr({}, ?) > 0", lambda _: "?", self._nullable(plan))
        with self._connection() as connection, _within(connection, _PAGE_STEPS):
            tests = [sql.where(plan, dialect), *_boxes(connection, plan)]
            if plan.after is not None:
                tests.append(sql.after(plan, _anchor(connection, plan), dialect))
            where, values = sql.both(tests)
            names = ", ".join(sql.name(plan.snapshot, column) for column in plan.columns)
            order = sql.order_by(plan, dialect)
            text = f"SELECT {names}, pos FROM rows WHERE {where} ORDER BY {order} LIMIT ?"  # noqa: S608
            rows = connection.execute(text, [*values, limit + 1]).fetchall()
        last = rows[limit - 1][-1] if len(rows) > limit else None
        return _shown(rows[:limit], plan.columns), last

    def count(self, plan: Plan) -> int:
        """How many rows a plan's filters and box leave, exactly; raises Beyond."""
        dialect = sql.Dialect("instr({}, ?) > 0", lambda _: "?", self._nullable(plan))
        with self._connection() as connection, _within(connection, _COUNT_STEPS):
            where, values = sql.both([sql.where(plan, dialect), *_boxes(connection, plan)])
            found = connection.execute(f"SELECT count(*) FROM rows WHERE {where}", values)  # noqa: S608
            return int(found.fetchone()[0])

    def close(self) -> None:
        """Close idle connections; those in use close when they are given back."""
        self._closed = True
        while self._idle:
            self._idle.popleft().close()

    def _nullable(self, plan: Plan) -> Any:
        return lambda column: sql.name(plan.snapshot, column) not in self._full

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _open(self.file)
        try:
            yield connection
        finally:
            self._idle.append(connection)
            if self._closed:
                self.close()


def _open(file: Path) -> sqlite3.Connection:
    uri = f"{file.resolve().as_uri()}?mode=ro&immutable=1"
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    connection.execute(f"PRAGMA mmap_size = {_MMAP}")
    return connection


@contextmanager
def _within(connection: sqlite3.Connection, steps: int) -> Iterator[None]:
    """Raise Beyond when the statements inside take more than `steps` thousand operations."""
    left = iter(range(steps))
    connection.set_progress_handler(lambda: next(left, None) is None, _STEP)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise Beyond from error
        raise
    finally:
        connection.set_progress_handler(None, 0)


def _anchor(connection: sqlite3.Connection, plan: Plan) -> Sequence[Plain]:
    """The order values of the row that a page starts behind."""
    if not plan.order:
        return ()
    names = ", ".join(sql.name(plan.snapshot, column) for column, _ in plan.order)
    with closing(connection.execute(f"SELECT {names} FROM rows WHERE pos = ?", [plan.after])) as found:  # noqa: S608
        anchor: Sequence[Plain] = found.fetchone()
    return anchor


def _boxes(connection: sqlite3.Connection, plan: Plan) -> list[sql.Fragment]:
    """Tests of the box: on the exact sides always, through the R-tree when few rows lie in it."""
    if plan.bbox is None:
        return []
    exact = sql.box(plan.bbox, geometry.CORNERS)
    text, values = exact
    inside = f"SELECT id FROM places WHERE {text}"  # noqa: S608
    probe = f"SELECT count(*) FROM ({inside} LIMIT {_BROAD + 1})"  # noqa: S608
    if connection.execute(probe, values).fetchone()[0] > _BROAD:
        return [exact]
    return [(f"pos IN ({inside})", values), exact]


def _shown(rows: list[tuple[Any, ...]], columns: Sequence[Column]) -> list[tuple[object, ...]]:
    """Rows without their position, times and truths as they are shown."""
    if not rows:
        return []
    kept = list(zip(*rows, strict=True))[:-1]
    for i, column in enumerate(columns):
        if column.type == "time":
            kept[i] = tuple(None if t is None else instant(t) for t in kept[i])
        elif column.type == "boolean":
            kept[i] = tuple(None if truth is None else bool(truth) for truth in kept[i])
    return list(zip(*kept, strict=True))
