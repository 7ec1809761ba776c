"""Look rows up in the row index of a snapshot: points, pages and boxes in well under a millisecond."""

from __future__ import annotations

import functools
import sqlite3
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from catalogue import geometry
from catalogue.rows.engines import expressions, sql
from catalogue.rows.engines.values import Found, instants
from catalogue.rows.index import few, placed, written
from catalogue.rows.index.build import POINTS
from catalogue.rows.index.in_box import count_in_box
from catalogue.rows.index.placed import Beyond
from catalogue.rows.index.way import Way, way
from catalogue.rows.question.expressions import Weighed
from catalogue.rows.question.plan import Plain, Plan
from catalogue.rows.question.tree import Checked, Held, Place, leaves
from catalogue.rows.space.places import Close, Lies
from schemas.conditions import Box

_STEP = 1_000
_WALK, _PAGE, _COUNT = 100, 300, 150
"""Work for one answer in thousands of SQLite's operations, 100 being about 3 ms; more is left to a scan."""
_SPELT = 8
"""Operations that a test in Python takes as long as."""
_LIMITS = ("stack overflow", "too many SQL variables")
"""What SQLite says of conditions some twenty deep within one another, and of more values than it takes."""
_MMAP = 2**31

_INDEXED = """SELECT l.name, i.name FROM pragma_index_list('rows') AS l, pragma_index_info(l.name) AS i
    ORDER BY l.name, i.seqno"""


class Gone(LookupError):
    """The index was deleted meanwhile."""


class Index:
    """One open index; safe to share by threads, each query has a connection to itself."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._idle: deque[sqlite3.Connection] = deque()
        self._closed = False
        self._lain: WeakKeyDictionary[Lies | Close, sql.Fragment] = WeakKeyDictionary()
        with self._connection() as connection:
            described = connection.execute("PRAGMA table_info(rows)").fetchall()
            indexes = connection.execute(_INDEXED).fetchall()
            self._kept = few.kept(connection)
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        self._writes = any(name in written.CELLS for _, name, *_ in described)
        self._full = frozenset(name for _, name, _, required, *_ in described if required)
        self._indexed = frozenset(_beginnings(indexes))
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
        plan = self._written(plan)
        with self._connection() as connection:
            plan, found = self._way(connection, plan)
            if found:
                with suppress(Beyond), _within(connection, _WALK // _dear(plan)):
                    return self._page(connection, plan, anchor, found)
            with _within(connection, _PAGE // _dear(plan)):
                return self._page(connection, plan, anchor, Way())

    def _way(self, connection: sqlite3.Connection, plan: Plan) -> tuple[Plan, Way]:
        """A plan told by the values that are kept, and the way to its page."""
        if not plan.conditions:
            return plan, Way()
        with _within(connection, _WALK):
            values = self._values(connection, plan)
            plan = values.told(plan)
            return plan, way(plan, values, self._indexed)

    def _page(self, connection: sqlite3.Connection, plan: Plan, anchor: Sequence[Plain], found: Way) -> Found:
        dialect = self._dialect(connection, plan, found.hidden)
        led = [sql.test(plan.snapshot, each, dialect) for each in found.leads()] or [("TRUE", [])]
        others = tuple(node for node in plan.conditions if node is not found.lead)
        rest = replace(plan, conditions=others) if found.lead else plan
        tests = self._tests(connection, rest, dialect)
        rows: list[tuple[Any, ...]] = []
        for step in self._steps(plan, anchor, dialect):
            wheres = [sql.both([lead, *tests, step]) for lead in led]
            left = plan.limit + 1 - len(rows)
            rows += connection.execute(*_select(plan, wheres, dialect, left)).fetchall() if left else []
        last = rows[plan.limit - 1][-1] if len(rows) > plan.limit else None
        return Found(_shown(rows[: plan.limit], plan), last, plan.written)

    def _written(self, plan: Plan) -> Plan:
        """The same plan, of rows that are written only where they are kept so."""
        return plan if self._writes or not plan.written else replace(plan, written=False)

    def _steps(self, plan: Plan, anchor: Sequence[Plain], dialect: sql.Dialect) -> list[sql.Fragment]:
        """What is behind the row that a page starts at, in steps where an index holds the order."""
        if plan.after is None:
            return [("TRUE", [])]
        first = sql.name(plan.snapshot, plan.order[0][0]) if plan.order else "pos"
        if first in {"pos", *(first for first, _ in self._indexed)}:
            return sql.steps(plan, anchor, dialect)
        return [sql.after(plan, anchor, dialect)]

    def told(self, plan: Plan) -> Plan:
        """The same question with less to look at: texts of few values are asked for by those that pass."""
        with self._connection() as connection:
            return self._values(connection, plan).told(plan)

    def rows(self, plan: Plan, positions: Sequence[int]) -> Found:
        """The rows of a page at `positions`, in that order; one beyond its limit tells that more follow."""
        plan, page = self._written(plan), positions[: plan.limit]
        text = f"SELECT {_names(plan)}, pos FROM rows WHERE pos IN (SELECT value FROM json_each(?))"  # noqa: S608
        with self._connection() as connection:
            known = {row[-1]: row for row in connection.execute(text, [str(list(page))])}
        last = page[-1] if len(positions) > plan.limit else None
        return Found(_shown([known[position] for position in page], plan), last, plan.written)

    def count(self, plan: Plan) -> int:
        """How many rows a plan's filters and box leave, exactly; raises Beyond."""
        with self._connection() as connection, _within(connection, _COUNT // _dear(plan)):
            values = self._values(connection, plan)
            plan = values.told(plan)
            known = values.count(plan)
            if known is not None:
                return known
            places = self._places(plan)
            if not plan.conditions and len(places) == 1 and isinstance(places[0], Box):
                return count_in_box(connection, places[0].bbox)
            where, found = sql.both(self._tests(connection, plan, values.dialect))
            return int(connection.execute(f"SELECT count(*) FROM rows WHERE {where}", found).fetchone()[0])  # noqa: S608

    def _tests(self, connection: sqlite3.Connection, plan: Plan, dialect: sql.Dialect) -> list[sql.Fragment]:
        """Tests of all places, the boxes of rows looked up in the R-tree, and of the other conditions."""
        conditions = [sql.test(plan.snapshot, node, dialect) for node in plan.conditions]
        for place in self._places(plan):
            conditions += placed.tests(connection, place) if isinstance(place, Box) else [dialect.lies(place)]
        return conditions

    def _lying(self, connection: sqlite3.Connection, node: Lies | Close) -> sql.Fragment:
        """What a page found about a place, its count need not find again."""
        found = self._lain.get(node)
        if found is None:
            found = self._lain[node] = placed.lying(connection, node)
        return found

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

    def _values(self, connection: sqlite3.Connection, plan: Plan) -> few.Values:
        return few.Values(connection, self._kept, plan.snapshot, self._dialect(connection, plan, frozenset()))

    def _dialect(self, connection: sqlite3.Connection, plan: Plan, hidden: frozenset[str]) -> sql.Dialect:
        full = self._full
        return sql.Dialect(
            contains="instr({}, ?) > 0",
            like="matches({}, ?)",
            pattern=str,
            small="small({})",
            place=lambda _: "?",
            nullable=lambda column: sql.name(plan.snapshot, column) not in full,
            corners=geometry.CORNERS,
            lies=functools.partial(self._lying, connection),
            writer=expressions.SQLITE,
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
    for name, count, function in expressions.FUNCTIONS:
        connection.create_function(name, count, function, deterministic=True)
    return connection


@contextmanager
def _within(connection: sqlite3.Connection, steps: int) -> Iterator[None]:
    """Raise Beyond when the statements inside take more than `steps` thousand operations, or say too much."""
    left = iter(range(steps))
    connection.set_progress_handler(lambda: next(left, None) is None, _STEP)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT or any(
            limit in str(error) for limit in _LIMITS
        ):
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
            case Weighed() | Checked(folded=True) | Checked(operator="like"):
                return _SPELT
    return 1


def _beginnings(indexes: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The first and the second column of each index, the second of one column being the position."""
    for _, columns in groupby(indexes, key=itemgetter(0)):
        first, second, *_ = [*(name for _, name in columns), "pos"]
        yield first, second


def _select(plan: Plan, wheres: Sequence[sql.Fragment], dialect: sql.Dialect, limit: int) -> sql.Fragment:
    """At most `limit` rows of all WHERE in the order asked for, whose columns stand behind those shown."""
    order = [column for column, _ in plan.order if plan.written or column not in plan.columns]
    names = ", ".join([_names(plan), *(sql.name(plan.snapshot, column) for column in order)])
    merged = " UNION ALL ".join(f"SELECT {names}, pos FROM rows WHERE {text}" for text, _ in wheres)  # noqa: S608
    values = [value for _, some in wheres for value in some]
    return f"{merged} ORDER BY {sql.order_by(plan, dialect)} LIMIT ? OFFSET ?", [*values, limit, plan.offset]


def _names(plan: Plan) -> str:
    return written.names(plan) if plan.written else sql.names(plan)


def _shown(rows: list[tuple[Any, ...]], plan: Plan) -> list[tuple[object, ...]]:
    """The columns shown of rows, times and truths as they are shown; what is written is shown already."""
    if plan.written:
        return [row[: written.WIDTH] for row in rows]
    if not rows:
        return []
    kept = list(zip(*rows, strict=True))[: len(plan.columns)]
    for i, column in enumerate(plan.columns):
        if column.type == "time":
            kept[i] = tuple(instants(kept[i]))
        elif column.type == "boolean":
            kept[i] = tuple(None if truth is None else bool(truth) for truth in kept[i])
    return list(zip(*kept, strict=True))
