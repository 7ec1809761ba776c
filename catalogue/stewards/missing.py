"""Remember what sources no longer name: it stays published for a grace, and is gone when that is over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from catalogue.tables import datasets, tombstones
from schemas.steward import Missing

_CHUNK = 5_000


def remember(connection: Connection, dataset: str, missing: Iterable[Missing]) -> None:
    """Make `missing` all that is missing of a dataset, or of the list of a feed."""
    connection.execute(sa.delete(tombstones).where(tombstones.c.dataset == dataset))
    rows = [
        {"dataset": dataset, "id": each.id, "missed": each.missed, "until": each.until} for each in missing
    ]
    for start in range(0, len(rows), _CHUNK):
        connection.execute(sa.insert(tombstones), rows[start : start + _CHUNK])


def missing(connection: Connection, dataset: str) -> list[Missing]:
    """What is missing of a dataset or list and still published, longest missed first."""
    asked = sa.select(tombstones).where(tombstones.c.dataset == dataset)
    found = connection.execute(asked.order_by(tombstones.c.missed, tombstones.c.id))
    return [Missing(row.id, row.missed, row.until) for row in found]


def overdue(engine: Engine, feed: str, now: datetime) -> bool:
    """Whether something of the feed has been missing for its whole grace: the next run must let it go."""
    mine = sa.select(datasets.c.id).where(datasets.c.feed == feed)
    due = sa.select(tombstones.c.id).where(
        (tombstones.c.dataset == feed) | tombstones.c.dataset.in_(mine), tombstones.c.until <= now
    )
    with engine.connect() as connection:
        return connection.scalar(due.limit(1)) is not None
