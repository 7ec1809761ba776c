"""A row query checked against the columns of a snapshot, before any engine answers it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from catalogue.rows.question import cursor
from catalogue.rows.question.check import EPOCH, WHOLE, Checker
from catalogue.rows.question.tree import Checked, Node, Place, Plain
from catalogue.rows.space.places import Close, Lies
from schemas.arrow import ID
from schemas.conditions import Box
from schemas.dataset import Column
from schemas.problem import BadInput
from schemas.query import RowQuery
from schemas.snapshot import Snapshot

__all__ = ["EPOCH", "ID_COLUMN", "WHOLE", "Plain", "Plan", "plan"]

ID_COLUMN = Column(ID, "text", key=True, required=True)
FARTHEST_OFFSET = 2**63 - 1


@dataclass(frozen=True)
class Plan:
    """What to answer: `columns` to show starts with `_id`; `after` is the position the page starts behind.

    Rows pass every one of `conditions` and lie in every one of `places`; `offset` of them are passed over.
    Those that are `written` are shown whole, in all columns of the snapshot.
    """

    snapshot: Snapshot
    columns: tuple[Column, ...]
    conditions: tuple[Node, ...]
    places: tuple[Place, ...]
    order: tuple[tuple[Column, bool], ...]
    limit: int
    offset: int
    after: int | None
    question: str
    written: bool = False

    @property
    def filtered(self) -> bool:
        """Whether some rows may be left out."""
        return bool(self.conditions or self.places)

    def positions(self) -> tuple[int, int]:
        """The first and the last position that a row of the answer or the one behind it can have."""
        if self.order:
            return 0, self.snapshot.rows
        first = 0 if self.after is None else self.after + 1
        return first, self.snapshot.rows if self.filtered else first + self.limit

    def times(self) -> tuple[datetime | None, datetime | None]:
        """Between which instants all rows of the answer lie, None where that end is open."""
        starts, ends = [], []
        for each in self.conditions:
            if not isinstance(each, Checked) or not isinstance(each.value, int):
                continue
            if each.column.role == "time" and each.column.type == "time" and each.operator != "isnull":
                instant = EPOCH + timedelta(microseconds=each.value)
                starts += [instant] if each.operator in ("eq", "gt", "gte") else []
                ends += [instant] if each.operator in ("eq", "lt", "lte") else []
        return max(starts, default=None), min(ends, default=None)

    def page_times(self) -> tuple[datetime | None, datetime | None]:
        """The same of the rows of this page: the latest rows lie where the parts of late times are."""
        start, end = self.times()
        first = self.order[0] if self.order else None
        if first is None or not first[1] or self.after is not None or self.filtered:
            return start, end
        column = first[0]
        if column.role != "time" or column.type != "time" or not (column.key or column.required):
            return start, end  # A row may be of no time, and then its part's period says nothing of it.
        starts = [
            (part.period[0], part.rows) for part in self.snapshot.parts if part.period and part.period[0]
        ]
        rows = 0
        for start, count in sorted(starts, reverse=True):
            rows += count
            if rows > self.limit + self.offset:
                return start, end
        return None, end


def plan(snapshot: Snapshot, query: RowQuery) -> Plan:
    """Check a query against a snapshot; raises BadInput with every fault found."""
    known = {ID: ID_COLUMN} | {column.name: column for column in snapshot.columns}
    checker = Checker(known)
    box = () if query.bbox is None else (Box(query.bbox),)
    nodes = checker.all((*query.filters, *box))
    order = tuple((known[o.column], o.descending) for o in query.order if o.column in known)
    _check_order(query, known, checker)
    columns = tuple(known[name] for name in _selected(query, known, checker))
    _check_page(query, checker)
    if checker.faults:
        raise BadInput(checker.faults)
    # Areas by their names: a dong redrawn meanwhile ends no walk.
    question = repr((snapshot.id, query.filters, query.bbox, query.order))
    after = None if query.cursor is None else cursor.read(query.cursor, question)
    places = tuple(node for node in nodes if isinstance(node, Place) and not _apart(node))
    others = tuple(node for node in nodes if node not in places) if places else tuple(nodes)
    offset = query.offset
    if offset and not (nodes or order):
        after, offset = offset - 1, 0
    written = query.written and columns == (ID_COLUMN, *snapshot.columns)
    return Plan(snapshot, columns, others, places, order, query.limit, offset, after, question, written)


def _apart(node: Place) -> bool:
    return isinstance(node, Lies | Close) and node.apart


def _selected(query: RowQuery, known: dict[str, Column], checker: Checker) -> list[str]:
    if query.select is None:
        return list(known)
    checker.unknown("select", query.select)
    chosen = [name for name in dict.fromkeys(query.select) if name in known and name != ID]
    return [ID, *chosen]


def _check_order(query: RowQuery, known: dict[str, Column], checker: Checker) -> None:
    names = [order.column for order in query.order]
    checker.unknown("order", names)
    for name in dict.fromkeys(names):
        if name in known and known[name].type == "geometry":
            checker.fault("order", f"geometry {name!r} has no order", "order by another column")
        if names.count(name) > 1:
            checker.fault("order", f"names {name!r} twice", "name each column once")


def _check_page(query: RowQuery, checker: Checker) -> None:
    if query.limit < 1:
        checker.fault("limit", f"is {query.limit}", "ask for at least one row")
    if not 0 <= query.offset <= FARTHEST_OFFSET:
        checker.fault("offset", f"is {query.offset}", "give how many rows to pass over, 0 or more")
    if query.offset and query.cursor is not None:
        checker.fault("offset", "is given beside a cursor", "give one of them; `next` says where to go on")
