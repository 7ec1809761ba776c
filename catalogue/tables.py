"""Every SQL table of the catalogue: datasets, their snapshots, the runs behind them, and search work."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Column, Index, Table

from catalogue.database import Instant, Name

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    }
)

# `described` is the dataset as schemas.dataset.DatasetSchema dumps it; beside it stands what is filtered
# or ordered by. `version` counts the changes, so that the search index can tell whether it is behind.
datasets = Table(
    "datasets",
    metadata,
    Column("id", Name, primary_key=True),
    Column("feed", Name, nullable=False, index=True),
    Column("version", sa.BigInteger, nullable=False),
    Column("withdrawn", Instant),
    Column("snapshot", Name),
    Column("rows", sa.BigInteger),
    Column("described", sa.JSON, nullable=False),
)

# A snapshot was current from `created` until `replaced`; after `collected` its parts are gone.
# `manifest` is the snapshot as schemas.snapshot.SnapshotSchema dumps it.
snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Name, primary_key=True),
    Column("dataset", Name, sa.ForeignKey(datasets.c.id), nullable=False),
    Column("created", Instant, nullable=False),
    Column("replaced", Instant),
    Column("collected", Instant),
    Column("manifest", sa.JSON, nullable=False),
    Index("ix_snapshots_dataset_created", "dataset", "created", unique=True),
)

# A run that is queued or running stands here once, its dataset being the feed; a finished one has a
# row for each dataset. The last three columns are its worker's lease.
runs = Table(
    "runs",
    metadata,
    Column("run", Name, primary_key=True),
    Column("dataset", Name, primary_key=True),
    Column("feed", Name, nullable=False),
    Column("status", sa.Text, nullable=False),
    Column("trigger", sa.Text, nullable=False),
    Column("requested", Instant, nullable=False),
    Column("started", Instant),
    Column("finished", Instant),
    Column("read", sa.BigInteger, nullable=False),
    Column("published", sa.BigInteger, nullable=False),
    Column("rejected", sa.BigInteger, nullable=False),
    Column("rejected_cells", sa.BigInteger, nullable=False),
    Column("bytes", sa.BigInteger, nullable=False),
    Column("seconds", sa.Double, nullable=False),
    Column("reasons", sa.JSON, nullable=False),
    Column("snapshot", Name),
    Column("error", Name),
    Column("fingerprint", sa.Text),
    Column("worker", Name),
    Column("lease_until", Instant),
    Column("lease_seconds", sa.Double),
    Index("ix_runs_feed_requested", "feed", "requested"),
    Index("ix_runs_dataset_requested", "dataset", "requested"),
)
_STATUS = runs.c.status
Index(
    "one_queued_run_of_a_feed",
    runs.c.feed,
    unique=True,
    sqlite_where=_STATUS == "queued",
    postgresql_where=_STATUS == "queued",
)
Index(
    "one_live_run_of_a_feed",
    runs.c.feed,
    unique=True,
    sqlite_where=_STATUS == "running",
    postgresql_where=_STATUS == "running",
)

# Datasets that the search index has yet to hear of, one row for each change.
search_work = Table(
    "search_work",
    metadata,
    Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    Column("dataset", Name, nullable=False),
)
