"""A city that harvests from a liar: its catalogue, its clock, and a resolver that lies too."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pyarrow.parquet as pq
import pytest
from liar import Kind, Liar, Row, lying_server

from catalogue import Catalogue, open_catalogue
from catalogue.search.embedded import Embedded
from config.migrations import upgrade
from harvesters.fetch import HttpFetch, Timeout
from harvesters.fetch.guard import Guard
from harvesters.fetch.manners import Manners
from harvesters.lease import harvest_now
from harvesters.run import Harvester
from schemas.dataset import Text
from schemas.feed import CATALOGUE_ENTRY, Feed, SourceSpec
from schemas.run import Run

SECRET = "sw0rd+fish/%2B="
ENVIRON = {"LIAR_KEY": SECRET, "LIAR_ID": "AKIASWORDFISH"}


@dataclass(frozen=True)
class Published:
    """A snapshot, and what its run left for the next one."""

    snapshot: str
    rows: list[Row]
    fingerprint: str | None
    state: dict[str, Any]


@dataclass
class City:
    """Harvests one feed from the liar, and looks at what is published."""

    folder: Path
    catalogue: Catalogue
    liar: Liar
    day: list[int]
    addresses: list[str] = field(default_factory=lambda: ["127.0.0.1"])
    feeds: dict[str, Feed] = field(default_factory=dict)
    feed: Feed | None = None
    version: int = 0
    tls: ssl.SSLContext = field(default_factory=httpx.create_ssl_context)

    def settled(self, kind: Kind) -> Published:
        """What is published of a source of this kind, which is harvested from now on."""
        self.liar.truth = kind.truth
        if kind.name in self.feeds:
            self.feed = self.feeds[kind.name]
            return self.published()
        options = dict(kind.options(self.liar.url))
        source = SourceSpec(str(options.pop("kind")), options)
        self.feed = Feed(f"parks-{kind.name}", Text("공원"), "부산", "KOGL-1", source, **dict(kind.feed))
        self.feeds[kind.name] = self.feed
        first = self.changed()
        self.liar.turn(first, None)
        assert self.harvest().status == "published"
        assert self.published().rows == first
        return self.published()

    def changed(self) -> list[Row]:
        """The same places under names that they never had."""
        self.version += 1
        return [{"id": f"{n:03}", "name": f"공원 {n}-{self.version}", "size": str(n)} for n in range(40)]

    def harvest(self, days: int = 1, **limits: float) -> Run:
        """One run, a day after the last, by a worker that remembers nothing."""
        assert self.feed is not None
        self.day[0] += days
        port = self.liar.port
        guard = Guard([f"127.0.0.1:{port}"], resolve=lambda host, _: self.addresses)
        timeout = Timeout(20, limits.get("read", 20), limits.get("total", 60))
        manners = Manners(gap=0)
        fetch = HttpFetch(
            guard,
            timeout=timeout,
            retries=1,
            max_bytes=2_000_000,
            manners=manners,
            tls=self.tls,
            sleep=lambda _: None,
        )
        zone = ZoneInfo("Asia/Seoul")
        harvester = Harvester(
            self.catalogue, fetch, self.folder / "work", (124.5, 33.0, 132.0, 38.95), zone, ENVIRON
        )
        (run,) = harvest_now(self.feed, harvester)
        return run

    def published(self) -> Published:
        """What readers see, and what the next visit will know."""
        assert self.feed is not None
        snapshot, rows = (
            self._entries(self.feed) if self.feed.record == CATALOGUE_ENTRY else self._rows(self.feed)
        )
        (run,) = self.catalogue.last_published(self.feed.id)
        return Published(snapshot, sorted(rows, key=lambda row: row["id"]), run.fingerprint, dict(run.state))

    def _rows(self, feed: Feed) -> tuple[str, list[Row]]:
        snapshot = self.catalogue.snapshot(feed.id)
        tables = [pq.read_table(self.folder / "parts" / part.path) for part in snapshot.parts]
        rows = [row for table in tables for row in table.to_pylist()]
        return snapshot.id, [{name: str(row[name]) for name in ("id", "name", "size")} for row in rows]

    def _entries(self, feed: Feed) -> tuple[str, list[Row]]:
        found = [each for each in self.catalogue.datasets(limit=1000) if each.feed == feed.id]
        return "", [
            {"id": each.identifier, "name": each.title.ko, "size": each.description.ko or each.description.en}
            for each in found
        ]


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """One city for all tests of a module, with a feed for each kind of source."""
    folder = tmp_path_factory.mktemp("city")
    url = f"sqlite:///{folder / 'entrepot.db'}"
    upgrade(url)
    day = [0]
    opened = open_catalogue(
        url,
        folder / "parts",
        Embedded(folder / "search"),
        index_folder=folder / "derived",
        clock=lambda: datetime.now(UTC) + timedelta(days=day[0]),
    )
    with lying_server() as liar:
        yield City(folder, opened, liar, day)
    opened.close()


@pytest.fixture
def city(town: City, monkeypatch: pytest.MonkeyPatch) -> City:
    """The city at peace with a liar who tells the truth; nobody waits for a page to come back."""
    monkeypatch.setattr("harvesters.reading.items.pages._PAUSES", (0, 0))
    monkeypatch.setattr("harvesters.reading.items.pages.MOST_PAGES", 30)
    town.addresses = ["127.0.0.1"]
    town.liar.lie = None
    return town


@pytest.fixture
def secrets() -> tuple[str, ...]:
    """What must be found nowhere."""
    return ("sw0rd", "AKIASWORDFISH")
