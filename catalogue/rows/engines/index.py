"""Look rows up in the row index of a snapshot: points, pages and boxes in well under a millisecond."""

from __future__ import annotations

import sqlite3
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from catalogue import geometry
from catalogue.rows.engines import like, sql
from catalogue.rows.engines.build import POINTS
from catalogue.rows.engines.in_box import count_in_box
from catalogue.rows.engines.values import instants
from catalogue.rows.question.plan import Plain, Plan
from catalogue.rows.question.tree import Checked, Held, Place, leaves, tested
from catalogue.rows.space.places import Close, Lies
from schemas.conditions import Box
from schemas.dataset import Column

Found = tuple[list[tuple[object, ...]], int | None]
"""Shown rows, at most the limit, and the position of the last one when more follow."""

_STEP = 1_000
_WALK, _PAGE, _COUNT = 100, 300, 150
"""Work for one answer in thousands of SQLite's operations, 100 being about 3 ms; more is left to a scan."""
_BROAD = 25_000
"""Rows in a box above which walking the R-tree costs more than it saves."""
_SPELT = 8
"""Operations that a test in Python takes as long as."""
_MMAP = 2**31

_LEADING = """SELECT i.name FROM pragma_index_list('rows') AS l, pragma_index_info(l.name) AS i
    WHERE i.seqno = 0"""


class Beyond(Exception):
    """The index holds the answer, but a scan finds it sooner."""


class Gone(LookupError):
    """The index was deleted meanwhile."""


class Index:
    """One open index; safe to share by threads, each query has a connection to itself."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        with self._connection() as connection:
            described = connection.execute("PRAGMA table_info(rows)").fetchall()
            leading = connection.execute(_LEADING).fetchall()
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        self._full = frozenset(name for _, name, _, required, *_ in described if required)
        self._leading = frozenset(name for (name,) in leading)
        self._of_points = version == POINTS

    def anchor(self, plan: Plan) -> Sequence[Plain]:
        """The order values of the row that a page starts behind; none where position is the only order."""
        if plan.after is None or not plan.order:
            return ()
        names = ", ".join(sql.name(plan.snapshot, column) for column, _ in plan.order)
        with self._connection() as connection:
            found = connection.execute(f"SELECT {names} FROM rows WHERE pos = ?", [plan.after])  # noqa: S608
            values: Sequence[Plain] = found.fetchone()
        return values

    def page(self, plan: Plan, anchor: Sequence[Plain]) -> Found:
        """The rows of a page that starts behind the row of the order values `anchor`; raises Beyond."""
        with self._connection() as connection:
            walkable = self._walkable(plan)
            if walkable:
                with suppress(Beyond), _within(connection, _WALK // _dear(plan)):
                    return self._page(connection, plan, anchor, walkable)
            with _within(connection, _PAGE // _dear(plan)):
                return self._page(connection, plan, anchor, frozenset())

    def _walkable(self, plan: Plan) -> frozenset[str]:
        """Columns whose filters are better tested on the way along the index of the order.

        SQLite would rather look up all rows of a frequent code and sort them for one page.
        """
        names = [sql.name(plan.snapshot, column) for column, _ in plan.order]
        if not names or names[0] not in self._leading or plan.places:
            return frozenset()
        others = {sql.name(plan.snapshot, column) for column in tested(plan.conditions) if not column.key}
        return frozenset(others - set(names))

    def _page(
        self, connection: sqlite3.Connection, plan: Plan, anchor: Sequence[Plain], hidden: frozenset[str]
    ) -> Found:
        dialect = self._dialect(plan, hidden)
        tests = self._tests(connection, plan, dialect)
        if plan.after is not None:
            tests.append(sql.after(plan, anchor, dialect))
        where, values = sql.both(tests)
        order = sql.order_by(plan, dialect)
        text = f"SELECT {sql.names(plan)}, pos FROM rows WHERE {where} ORDER BY {order} LIMIT ? OFFSET ?"  # noqa: S608
        rows = connection.execute(text, [*values, plan.limit + 1, plan.offset]).fetchall()
        last = rows[plan.limit - 1][-1] if len(rows) > plan.limit else None
        return _shown(rows[: plan.limit], plan.columns), last

    def rows(self, plan: Plan, positions: Sequence[int]) -> list[tuple[object, ...]]:
        """The shown rows at `positions`, in that order."""
        text = f"SELECT {sql.names(plan)}, pos FROM rows WHERE pos IN (SELECT value FROM json_each(?))"  # noqa: S608
        with self._connection() as connection:
            found = connection.execute(text, [str(list(positions))]).fetchall()
        placed = {row[-1]: row for row in found}
        return _shown([placed[position] for position in positions], plan.columns)

    def count(self, plan: Plan) -> int:
        """How many rows a plan's filters and box leave, exactly; raises Beyond."""
        with self._connection() as connection, _within(connection, _COUNT // _dear(plan)):
            places = self._places(plan)
            if not plan.conditions and len(places) == 1 and isinstance(places[0], Box):
                return count_in_box(connection, places[0].bbox)
            where, values = sql.both(self._tests(connection, plan, self._dialect(plan, frozenset())))
            found = connection.execute(f"SELECT count(*) FROM rows WHERE {where}", values)  # noqa: S608
            return int(found.fetchone()[0])

    def _tests(self, connection: sqlite3.Connection, plan: Plan, dialect: sql.Dialect) -> list[sql.Fragment]:
        """Tests of all places, the boxes of rows looked up in the R-tree, and of the other conditions."""
        conditions = [sql.test(plan.snapshot, node, dialect) for node in plan.conditions]
        return conditions + [test for place in self._places(plan) for test in _placed(connection, place)]

    def _places(self, plan: Plan) -> list[Place]:
        """The places of a plan; of points, a rectangle asks no more than a box."""
        if not self._of_points:
            return list(plan.places)
        sides = [place.rectangle if isinstance(place, Lies) else None for place in plan.places]
        return [Box(box) if box else place for place, box in zip(plan.places, sides, strict=True)]

    def close(self) -> None:
        """Close idle connections; those in use close when they are given back."""
        self._closed = True
        while self._idle:
            self._idle.popleft().close()

    def _dialect(self, plan: Plan, hidden: frozenset[str]) -> sql.Dialect:
        full = self._full
        return sql.Dialect(
            contains="instr({}, ?) > 0",
            like="matches({}, ?)",
            pattern=str,
            small="small({})",
            place=lambda _: "?",
            nullable=lambda column: sql.name(plan.snapshot, column) not in full,
            corners=geometry.CORNERS,
            lies=_scanned,
            hidden=hidden,
        )

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = _open(self._file)
        try:
            yield connection
        finally:
            self._idle.append(connection)
            if self._closed:
                self.close()


def _open(file: Path) -> sqlite3.Connection:
    uri = f"{file.resolve().as_uri()}?mode=ro&immutable=1"
    try:
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)
    except sqlite3.OperationalError as error:
        raise Gone(f"the row index {file.name} is gone; it is built anew when its dataset is") from error
    connection.execute(f"PRAGMA mmap_size = {_MMAP}")
    connection.create_function("small", 1, like.small, deterministic=True)
    connection.create_function("matches", 2, like.matches, deterministic=True)
    return connection


@contextmanager
def _within(connection: sqlite3.Connection, steps: int) -> Iterator[None]:
    """Raise Beyond when the statements inside take more than `steps` thousand operations, or too deep."""
    left = iter(range(steps))
    connection.set_progress_handler(lambda: next(left, None) is None, _STEP)
    try:
        yield
    except sqlite3.OperationalError as error:
        # The parser holds a hundred open terms, some twenty conditions within one another.
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT or "stack overflow" in str(error):
            raise Beyond from error
        raise
    finally:
        connection.set_progress_handler(None, 0)


def _dear(plan: Plan) -> int:
    """How much dearer a row is than most: texts in small letters and patterns are tested in Python."""
    for leaf in leaves(plan.conditions):
        match leaf:
            case Held() if any(leaf.cased()):
                return _SPELT
            case Checked(folded=True) | Checked(operator="like"):
                return _SPELT
    return 1


def _scanned(_: Lies | Close) -> sql.Fragment:
    """Only the parts hold geometries as they are."""
    raise Beyond


def _placed(connection: sqlite3.Connection, place: Place) -> list[sql.Fragment]:
    """Tests of a place: on the exact sides always, through the R-tree when few rows lie in it."""
    exact = sql.box(place.bbox if isinstance(place, Box) else place.bounds, geometry.CORNERS)
    text, values = exact
    inside = f"SELECT id FROM places WHERE {text}"  # noqa: S608
    probe = f"SELECT count(*) FROM ({inside} LIMIT {_BROAD + 1})"  # noqa: S608
    broad = connection.execute(probe, values).fetchone()[0] > _BROAD
    if not isinstance(place, Box):
        return [_points(connection, place, broad, (f"pos IN ({inside})", values))]
    return [exact] if broad else [(f"pos IN ({inside})", values), exact]


def _points(
    connection: sqlite3.Connection, place: Lies | Close, broad: bool, inside: sql.Fragment
) -> sql.Fragment:
    """The positions of the points that lie as asked; raises Beyond for many, and for other shapes."""
    if broad:
        raise Beyond
    text, values = inside
    found = connection.execute(f"SELECT pos, xmin, ymin, xmax, ymax FROM rows WHERE {text}", values)  # noqa: S608
    boxes = np.array(found.fetchall(), np.float64).reshape(-1, 5)
    if (boxes[:, 1:3] != boxes[:, 3:]).any():
        raise Beyond
    positions = boxes[place.of(shapely.points(boxes[:, 1:3])), 0].astype(np.int64)
    return "pos IN (SELECT value FROM json_each(?))", [str(positions.tolist())]


def _shown(rows: list[tuple[Any, ...]], columns: Sequence[Column]) -> list[tuple[object, ...]]:
    """Rows without their position, times and truths as they are shown."""
    if not rows:
        return []
    kept = list(zip(*rows, strict=True))[:-1]
    for i, column in enumerate(columns):
        if column.type == "time":
            kept[i] = tuple(instants(kept[i]))
        elif column.type == "boolean":
            kept[i] = tuple(None if truth is None else bool(truth) for truth in kept[i])
    return list(zip(*kept, strict=True))
