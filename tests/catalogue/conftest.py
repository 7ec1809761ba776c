"""A migrated database of either kind, and a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.engine import Engine

from catalogue import Catalogue, open_catalogue
from catalogue.database import connect
from catalogue.search.embedded import Embedded


class Clock:
    """Time that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **by: float) -> datetime:
        """Move on by so many seconds, hours, days; returns the new now."""
        self.now += timedelta(**by)
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service("postgres"))])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a database without tables: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'entrepot.db'}"
    url: str = request.getfixturevalue("postgres_url")
    return url


@pytest.fixture
def database(database_url: str) -> Iterator[Engine]:
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def catalogue(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Catalogue]:
    """A whole catalogue on either database, with the embedded search engine."""
    folders = {"storage_folder": tmp_path / "storage", "index_folder": tmp_path / "derived"}
    opened = open_catalogue(database_url, search=Embedded(tmp_path / "search"), clock=clock, **folders)
    yield opened
    opened.close()
