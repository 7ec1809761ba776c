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
    Column("archived", Instant),
    Column("snapshot", Name),
    Column("rows", sa.BigInteger),
    Column("described", sa.JSON, nullable=False),
)

# A snapshot was current from `created` until `replaced`; after `collected` its parts are gone.
# `manifest` is the snapshot as schemas.snapshot.SnapshotSchema dumps it; where snapshots of one `lineage`
# grew by appends, only the newest names its parts, and the others are the first rows of it.
snapshots = Table(
    "snapshots",
    metadata,
    Column("id", Name, primary_key=True),
    Column("dataset", Name, sa.ForeignKey(datasets.c.id), nullable=False),
    Column("created", Instant, nullable=False),
    Column("replaced", Instant),
    Column("collected", Instant),
    Column("lineage", Name),
    Column("manifest", sa.JSON, nullable=False),
    Index("ix_snapshots_dataset_created", "dataset", "created", unique=True),
)

# A run that is queued or running stands here once, its dataset being the feed; a finished one has a
# row for each dataset. `step` and `deaths` let another worker take it up where its worker died; the last
# three columns are its worker's lease.
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
    Column("inserted", sa.BigInteger),
    Column("updated", sa.BigInteger),
    Column("deleted", sa.BigInteger),
    Column("repairs", sa.JSON, nullable=False, server_default=sa.text("'{}'")),
    Column("step", sa.Text),
    Column("state", sa.JSON, nullable=False, server_default=sa.text("'{}'")),
    Column("deaths", sa.Integer, nullable=False, server_default=sa.text("0")),
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

# Rows and entries that the source no longer names: `until` they stay published, from then on they are gone.
tombstones = Table(
    "tombstones",
    metadata,
    Column("dataset", Name, primary_key=True),
    Column("id", Name, primary_key=True),
    Column("missed", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("snapshot", Name),
)

# What a steward let in although it was held: the source as it was in the run of that fingerprint.
approvals = Table(
    "approvals",
    metadata,
    Column("feed", Name, primary_key=True),
    Column("fingerprint", sa.Text, primary_key=True),
    Column("approved", Instant, nullable=False),
    Column("by", Name, nullable=False),
)

# What stewards did to what is published, and to whom it was done. Nothing here is ever changed.
deeds = Table(
    "deeds",
    metadata,
    Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("by", Name, nullable=False),
    Column("deed", sa.Text, nullable=False),
    Column("subject", Name, nullable=False, index=True),
    Column("detail", sa.JSON, nullable=False),
)

# Each rule that set something of a dataset aside, how much of it in the latest run, and since when.
faults = Table(
    "faults",
    metadata,
    Column("dataset", Name, primary_key=True),
    Column("reason", sa.Text, primary_key=True),
    Column("column", Name, primary_key=True),
    Column("scope", sa.Text, nullable=False),
    Column("count", sa.BigInteger, nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("last_run", Name, nullable=False),
)

# The state of each feed (fresh, late, stale, failing), since when, and when it turns late and stale unless
# something new comes; then the state that somebody was last told of.
feed_states = Table(
    "feed_states",
    metadata,
    Column("feed", Name, primary_key=True),
    Column("state", sa.Text, nullable=False),
    Column("since", Instant, nullable=False),
    Column("detail", Name),
    Column("late", Instant),
    Column("stale", Instant),
    Column("told", sa.Text),
    Column("told_at", Instant),
)

# A change of a feed's state that somebody is to be told of; `due` is null once that is done or given up.
notices = Table(
    "notices",
    metadata,
    Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    Column("feed", Name, nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("former", sa.Text),
    Column("state", sa.Text, nullable=False),
    Column("detail", Name),
    Column("channel", sa.Text, nullable=False),
    Column("address", Name, nullable=False),
    Column("attempts", sa.Integer, nullable=False),
    Column("due", Instant, index=True),
    Column("fault", Name),
)

# Calls that were made of a source's allowance, by its window; shared by all workers.
allowances = Table(
    "allowances",
    metadata,
    Column("name", Name, primary_key=True),
    Column("until", Instant, nullable=False),
    Column("spent", sa.BigInteger, nullable=False),
)

# A trial that somebody asked for over HTTP; `file` is its upload in the storage, `found` what came of it.
trials = Table(
    "trials",
    metadata,
    Column("trial", Name, primary_key=True),
    Column("requested", Instant, nullable=False),
    Column("by", Name, nullable=False),
    Column("asked", sa.JSON, nullable=False),
    Column("file", Name),
    Column("worker", Name),
    Column("lease_until", Instant),
    Column("claims", sa.Integer, nullable=False, server_default=sa.text("0")),
    Column("finished", Instant),
    Column("found", sa.JSON),
)

# Feeds that were uploaded: the text of each feed's file, and its data in the storage where that came along.
uploaded_feeds = Table(
    "uploaded_feeds",
    metadata,
    Column("feed", Name, primary_key=True),
    Column("text", Name, nullable=False),
    Column("file", Name),
    Column("name", Name),
    Column("uploaded", Instant, nullable=False),
    Column("by", Name, nullable=False),
)

# What happened to datasets, in the order of `seq`, which is never given twice.
events = Table(
    "events",
    metadata,
    Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True),
    Column("kind", sa.Text, nullable=False),
    Column("dataset", Name, nullable=False),
    Column("at", Instant, nullable=False),
    Column("snapshot", Name),
    Column("previous", Name),
    Column("rows", sa.BigInteger),
    Column("inserted", sa.BigInteger),
    Column("updated", sa.BigInteger),
    Column("deleted", sa.BigInteger),
    Index("ix_events_dataset_seq", "dataset", "seq"),
    sqlite_autoincrement=True,
)

# Whom events are sent to: `position` is the last that got through or was passed over, `due` when the next is
# tried, `asked` when a trial was asked for; `failing` since when none got through.
subscriptions = Table(
    "subscriptions",
    metadata,
    Column("id", Name, primary_key=True),
    Column("application", Name, nullable=False, index=True),
    Column("owner", Name, nullable=False),
    Column("url", Name, nullable=False),
    Column("datasets", sa.JSON(none_as_null=True)),
    Column("kinds", sa.JSON, nullable=False),
    Column("created", Instant, nullable=False),
    Column("position", sa.BigInteger, nullable=False),
    Column("due", Instant, index=True),
    Column("attempts", sa.Integer, nullable=False),
    Column("asked", Instant),
    Column("sent", Instant),
    Column("failing", Instant),
    Column("disabled", Instant),
    Column("fault", Name),
)
