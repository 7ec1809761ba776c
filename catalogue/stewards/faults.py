"""Sum up what was set aside: by rule, how much of it in the latest run, and since when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pyarrow as pa
import sqlalchemy as sa
from sqlalchemy.engine import Engine

from catalogue.database import insert, writable, writing
from catalogue.tables import faults
from schemas.run import Run
from schemas.steward import Fault

Rule = tuple[str, str, str]
"""Reason, column (empty where it is of none) and scope."""


def count(rejects: Iterable[pa.RecordBatch]) -> Counter[Rule]:
    """How much each rule set aside; a rule that left out rows and cells counts as one of rows."""
    found: Counter[tuple[str, str, str]] = Counter()
    for batch in rejects:
        rules = pa.Table.from_batches([batch]).select(["reason", "column", "scope"])
        for row in rules.group_by(["reason", "column", "scope"]).aggregate([([], "count_all")]).to_pylist():
            found[(writable(row["reason"]), writable(row["column"] or ""), row["scope"])] += row["count_all"]
    rows = {(reason, column) for reason, column, scope in found if scope == "row"}
    whole: Counter[Rule] = Counter()
    for (reason, column, scope), number in found.items():
        whole[(reason, column, "row" if (reason, column) in rows else scope)] += number
    return whole


def note(engine: Engine, run: Run, counts: Counter[Rule], now: datetime) -> None:
    """Write down what a run of a dataset found; a rule that found nothing now stays with a count of 0."""
    standing = (faults.c.dataset == run.dataset) & (faults.c["count"] != 0)
    if not counts:
        with engine.connect() as connection:
            if connection.scalar(sa.select(faults.c.reason).where(standing).limit(1)) is None:
                return  # As with most runs, and much cheaper than to wait for one's turn to write.
    with writing(engine) as connection:
        connection.execute(sa.update(faults).where(standing).values(count=0))
        if not counts:
            return
        new = insert(connection, faults)
        changed = {name: new.excluded[name] for name in ("scope", "count", "last_seen", "last_run")}
        rows = [
            {
                "dataset": run.dataset,
                "reason": reason,
                "column": column,
                "scope": scope,
                "count": number,
                "first_seen": now,
                "last_seen": now,
                "last_run": run.run,
            }
            for (reason, column, scope), number in counts.items()
        ]
        keys = ["dataset", "reason", "column"]
        connection.execute(new.on_conflict_do_update(index_elements=keys, set_=changed), rows)


def of(engine: Engine, dataset: str) -> list[Fault]:
    """The rules that ever set something of a dataset aside: what is most in the latest run first."""
    # A row's own `count` is a method.
    asked = sa.select(faults, faults.c["count"].label("number")).where(faults.c.dataset == dataset)
    ordered = asked.order_by(
        faults.c["count"].desc(), faults.c.last_seen.desc(), faults.c.reason, faults.c.column
    )
    with engine.connect() as connection:
        return [_fault(row) for row in connection.execute(ordered)]


def _fault(row: sa.Row[Any]) -> Fault:
    seen = (row.first_seen, row.last_seen, row.last_run)
    return Fault(row.reason, row.column or None, row.scope, row.number, *seen)
