"""A database with the tables of clients, a clock that can be turned, and clients over both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from catalogue.database import connect
from config.migrations import upgrade
from gateway.clients import Clients
from gateway.clients.credentials import Key
from gateway.clients.plans import Plan, load_plans
from gateway.clients.secrets import Secrets, open_secrets

PLANS = Path(__file__).resolve().parents[3] / "config" / "plans.toml"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service("postgres"))])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    embedded = f"sqlite:///{tmp_path}/entrepot.db"
    url = embedded if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    upgrade(url)
    engine = connect(url)
    yield engine
    engine.dispose()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def plans() -> dict[str, Plan]:
    return load_plans(PLANS)


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return open_secrets(tmp_path / "secrets")


@pytest.fixture
def key(clients: Clients) -> tuple[Key, str]:
    """A key of an application on the free plan, and its text."""
    owner = clients.create_person("kim@example.org", None, "김하늘")
    return clients.create_key(clients.create_application(owner.id, "bus-board").id, "first")


@pytest.fixture
def clients(engine: Engine, secrets: Secrets, plans: dict[str, Plan], clock: Clock) -> Clients:
    return Clients(engine, secrets, plans, clock=clock, zone=ZoneInfo("Asia/Seoul"))
