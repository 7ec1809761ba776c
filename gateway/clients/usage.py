"""What each application used, by day and route; every metered segment is counted exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

from marshmallow import Schema, fields
from sqlalchemy import ColumnElement, Connection, delete, func, select, true

from catalogue.database import insert
from gateway.clients.tables import usage, usage_segment

ANONYMOUS = "anonymous"
"""The application that calls without a credential are counted under."""
CONTINUED = 0
"""The status of a record that adds the rows and bytes of a stream to a request counted when it began."""
_REMEMBERED = timedelta(days=30)


class UsageRecord(NamedTuple):
    """One metered request; `at` is Unix seconds, `route` the template of the path."""

    at: float
    application: str | None
    kid: str | None
    route: str
    status: int
    rows: int
    bytes: int
    microseconds: int


@dataclass(frozen=True)
class DayUsage:
    """A day in the city's time zone; `requests` counts what was let in, `refused` what met a limit."""

    day: date
    requests: int
    refused: int
    rows: int
    bytes: int


@dataclass(frozen=True)
class RouteUsage:
    route: str
    requests: int
    refused: int
    rows: int
    bytes: int


@dataclass(frozen=True)
class Usage:
    """All that was used since the application was made; days and routes in order."""

    requests: int
    refused: int
    rows: int
    bytes: int
    by_day: tuple[DayUsage, ...] = ()
    by_route: tuple[RouteUsage, ...] = ()


class DayUsageSchema(Schema):
    day = fields.Date(required=True)
    requests = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    rows = fields.Integer(required=True)
    bytes = fields.Integer(required=True)


class RouteUsageSchema(Schema):
    route = fields.String(required=True)
    requests = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    rows = fields.Integer(required=True)
    bytes = fields.Integer(required=True)


class UsageSchema(Schema):
    requests = fields.Integer(required=True)
    refused = fields.Integer(required=True)
    rows = fields.Integer(required=True)
    bytes = fields.Integer(required=True)
    by_day = fields.List(fields.Nested(DayUsageSchema), required=True)
    by_route = fields.List(fields.Nested(RouteUsageSchema), required=True)


_COUNTS = ("requests", "refused", "rows", "bytes", "microseconds")


def fold(
    db: Connection, segment: str, records: Iterable[UsageRecord], *, now: datetime, zone: tzinfo
) -> bool:
    """Add a segment's records to the counts; False when the segment was added before.

    Must run in one transaction: the segment's id and its counts are kept together or not at all.
    """
    new = insert(db, usage_segment).values(id=segment, folded=now).on_conflict_do_nothing()
    if db.execute(new.returning(usage_segment.c.id)).first() is None:
        return False
    if counted := _count(records, zone):
        added = insert(db, usage)
        db.execute(
            added.on_conflict_do_update(
                index_elements=["application", "day", "route"],
                set_={name: usage.c[name] + added.excluded[name] for name in _COUNTS},
            ),
            counted,
        )
    db.execute(delete(usage_segment).where(usage_segment.c.folded < now - _REMEMBERED))
    return True


def _count(records: Iterable[UsageRecord], zone: tzinfo) -> list[dict[str, object]]:
    """One row for each application, day and route, in one order so that writers never deadlock."""
    sums: dict[tuple[str, date, str], list[int]] = {}
    for record in records:
        key = (
            record.application or ANONYMOUS,
            datetime.fromtimestamp(record.at, zone).date(),
            record.route[:200],
        )
        admitted, refused = int(record.status not in {429, CONTINUED}), int(record.status == 429)
        row = (admitted, refused, record.rows, record.bytes, record.microseconds)
        sums[key] = [total + more for total, more in zip(sums.get(key, [0] * 5), row, strict=True)]
    return [
        {"application": key[0], "day": key[1], "route": key[2], **dict(zip(_COUNTS, sums[key], strict=True))}
        for key in sorted(sums)
    ]


def of_application(db: Connection, application: str) -> Usage:
    """What an application (or ANONYMOUS) used; zeros when it made no call yet."""
    own = usage.c.application == application
    days = [DayUsage(*row) for row in _totals(db, usage.c.day, own)]
    routes = [RouteUsage(*row) for row in _totals(db, usage.c.route, own)]
    return Usage(
        requests=sum(day.requests for day in days),
        refused=sum(day.refused for day in days),
        rows=sum(day.rows for day in days),
        bytes=sum(day.bytes for day in days),
        by_day=tuple(days),
        by_route=tuple(sorted(routes, key=lambda route: route.route)),
    )


def by_route(db: Connection) -> tuple[RouteUsage, ...]:
    """What all callers together used of each route."""
    return tuple(RouteUsage(*row) for row in _totals(db, usage.c.route, true()))


def _totals(db: Connection, by: ColumnElement[Any], whose: ColumnElement[bool]) -> list[tuple[Any, ...]]:
    sums = (func.sum(usage.c[name]) for name in _COUNTS[:4])
    found = select(by, *sums).where(whose).group_by(by).order_by(by)
    # PostgreSQL sums BIGINT to NUMERIC.
    return [(row[0], *(int(total) for total in row[1:])) for row in db.execute(found)]
