"""A catalogue on SQLite, a harvester that publishes into it, and a steward who writes its source."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest

from catalogue import Catalogue, open_catalogue
from catalogue.search.embedded import Embedded
from config.migrations import upgrade
from harvesters.fetch import HttpFetch, Timeout
from harvesters.fetch.guard import Guard
from harvesters.lease import harvest_now
from harvesters.run import Harvester
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec
from schemas.run import Run

KOREA = (124.5, 33.0, 132.0, 38.95)
SEOUL = ZoneInfo("Asia/Seoul")


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    url = f"sqlite:///{tmp_path / 'entrepot.db'}"
    upgrade(url)
    search = Embedded(tmp_path / "search")
    opened = open_catalogue(url, tmp_path / "parts", search, index_folder=tmp_path / "derived")
    yield opened
    opened.close()


@pytest.fixture
def harvester(catalogue: Catalogue, tmp_path: Path) -> Harvester:
    fetch = HttpFetch(Guard(["127.0.0.1"]), timeout=Timeout(20, 60, 120), retries=0)
    return Harvester(catalogue, fetch, tmp_path / "work", KOREA, SEOUL, os.environ)


@dataclass
class Desk:
    """A steward's desk: write the source, harvest the feed, look at what is published."""

    folder: Path
    harvester: Harvester
    feed: Feed

    def write(self, text: str, encoding: str = "utf-8") -> None:
        (self.folder / "source.csv").write_bytes(text.encode(encoding))

    def harvest(self, text: str | None = None, **changed: object) -> Run:
        """The one outcome of harvesting the feed after `text` was published and these lines changed."""
        if text is not None:
            self.write(text)
        self.feed = replace(self.feed, **changed)
        (run,) = harvest_now(self.feed, self.harvester)
        return run

    def rows(self, dataset: str | None = None) -> list[dict[str, object]]:
        """What is published, read from the parts of the current snapshot."""
        snapshot = self.harvester.catalogue.snapshot(dataset or self.feed.id)
        tables = [pq.read_table(self.folder / "parts" / part.path) for part in snapshot.parts]
        return [row for table in tables for row in table.to_pylist()]


@pytest.fixture
def desk(tmp_path: Path, harvester: Harvester) -> Desk:
    source = SourceSpec("file", {"path": "source.csv"})
    feed = Feed("parks", Text("공원", "Parks"), "부산광역시", "KOGL-1", source, folder=tmp_path)
    return Desk(tmp_path, harvester, feed)
