"""The dataset that a table of a feed becomes: its id, its words, and the rows it has to follow on."""

from __future__ import annotations

import hashlib
import logging
import re

from catalogue import Catalogue
from catalogue.errors import NoRows, UnknownDataset
from schemas.dataset import Dataset, Text
from schemas.feed import Feed
from schemas.snapshot import Snapshot

log = logging.getLogger(__name__)
_FOREIGN = re.compile(r"[^a-z0-9_-]+")
_LONGEST = 100


def dataset_id(feed: str, table: str) -> str:
    """The feed's id, or FEED-TABLE for one table of several; a digest stands for what an id cannot hold."""
    if not table:
        return feed
    plain = _FOREIGN.sub("-", table.lower()).strip("-")
    id = f"{feed}-{plain}"
    if plain == table.lower() and len(id) <= _LONGEST:
        return id
    digest = hashlib.sha256(table.encode()).hexdigest()[:8]
    return "-".join(part for part in (feed, plain[: _LONGEST - len(feed) - 10].strip("-"), digest) if part)


def describe(feed: Feed, table: str, source_crs: str | None) -> Dataset:
    """What the feed says of one of its tables."""
    return Dataset(
        id=dataset_id(feed.id, table),
        title=_titled(feed.title, table),
        publisher=feed.publisher,
        licence=feed.licence,
        feed=feed.id,
        description=feed.description,
        keywords=feed.keywords,
        themes=feed.themes,
        source_crs=source_crs,
    )


def _titled(title: Text, table: str) -> Text:
    if not table:
        return title
    return Text(*(f"{words} ({table})" if words else None for words in (title.ko, title.en)))


def current(catalogue: Catalogue, dataset: str) -> Snapshot | None:
    """The dataset's current snapshot, None where it has none yet."""
    try:
        return catalogue.snapshot(dataset)
    except (UnknownDataset, NoRows):
        return None


def tend(feed: Feed, dataset: str, catalogue: Catalogue) -> None:
    """Make the look-up copy of what is published, or join the parts of what grows; a fault is logged."""
    try:
        if feed.mode == "append":
            catalogue.tend(dataset, feed.deletions.after)
        else:
            catalogue.build_index(catalogue.snapshot(dataset))
    except Exception:  # What is published stands, whatever befalls a copy of it.
        log.exception("dataset=%s index=failed", dataset)
