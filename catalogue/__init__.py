"""The front door of what the city publishes: landed whole, found by words, read by rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from catalogue.catalogue import Catalogue
from catalogue.database import connect
from catalogue.encode import (
    DOWNLOADS,
    EXPORT_FORMATS,
    PAGE_FORMATS,
    BeingMade,
    Downloads,
    Exports,
    Look,
    Shape,
    fitting,
    takes_written,
)
from catalogue.encode import feature_list as encode_features
from catalogue.encode import page as encode_page
from catalogue.encode import stream as encode_stream
from catalogue.encode.batches import lines as table_lines
from catalogue.encode.batches import parquet as table_parquet
from catalogue.encode.figures import GROUP_FORMATS
from catalogue.encode.figures import figures as encode_groups
from catalogue.encode.tiles import DEEPEST as DEEPEST_TILE
from catalogue.encode.tiles import LARGEST as MOST_DRAWN
from catalogue.encode.tiles import fields as tile_fields
from catalogue.encode.tiles import tile as read_tile
from catalogue.encode.tiles import told as tile_properties
from catalogue.errors import (
    Barred,
    CannotAppend,
    ChangesGone,
    MassDeletion,
    NoRows,
    NothingHeld,
    NotInCatalogue,
    RunLost,
    SnapshotGone,
    Taken,
    UnknownDataset,
    UnknownFeed,
    UnknownSnapshot,
    UnknownTrial,
)
from catalogue.events.subscriptions import Subscription, webhook_secret
from catalogue.history.changes import Difference
from catalogue.history.following import Followed
from catalogue.notices import Notice
from catalogue.parts import Export, Parts
from catalogue.publication import Publication
from catalogue.rows import Rows
from catalogue.rows.compare import Comparer, changes_schema
from catalogue.rows.latest import Latest
from catalogue.rows.scan.scanner import RowsTimeout, TooManyRows
from catalogue.search import SearchEngine, SearchUnavailable, open_engine
from catalogue.states import Promise, judge
from catalogue.storage import Storage

__all__ = [
    "DEEPEST_TILE",
    "DOWNLOADS",
    "EXPORT_FORMATS",
    "GROUP_FORMATS",
    "MOST_DRAWN",
    "PAGE_FORMATS",
    "Barred",
    "BeingMade",
    "CannotAppend",
    "Catalogue",
    "ChangesGone",
    "Difference",
    "Export",
    "Followed",
    "Look",
    "MassDeletion",
    "NoRows",
    "NotInCatalogue",
    "NothingHeld",
    "Notice",
    "Promise",
    "Publication",
    "RowsTimeout",
    "RunLost",
    "SearchEngine",
    "SearchUnavailable",
    "Shape",
    "SnapshotGone",
    "Subscription",
    "Taken",
    "TooManyRows",
    "UnknownDataset",
    "UnknownFeed",
    "UnknownSnapshot",
    "UnknownTrial",
    "changes_schema",
    "encode_features",
    "encode_groups",
    "encode_page",
    "encode_stream",
    "fitting",
    "judge",
    "open_catalogue",
    "open_engine",
    "read_tile",
    "table_lines",
    "table_parquet",
    "takes_written",
    "tile_fields",
    "tile_properties",
    "webhook_secret",
]


def utc_now() -> datetime:
    """The instant, in UTC."""
    return datetime.now(UTC)


def open_catalogue(
    database_url: str,
    storage_folder: Path,
    search: SearchEngine,
    *,
    index_folder: Path,
    clock: Callable[[], datetime] = utc_now,
) -> Catalogue:
    """The catalogue of a migrated database (config.migrations.upgrade), its parts in `storage_folder`.

    `index_folder` holds what is derived from the parts, and may be emptied while nobody reads.
    """
    storage_folder.mkdir(parents=True, exist_ok=True)
    storage = Storage(storage_folder)
    rows = Rows(storage, index_folder / "rows")
    downloads = Downloads(Exports(storage, index_folder / "exports"), index_folder / "asked")
    comparer = Comparer(storage, index_folder / "compare")
    latest = Latest(storage, rows, index_folder / "current")
    return Catalogue(Parts(connect(database_url), storage, search, rows, latest, comparer, downloads, clock))
