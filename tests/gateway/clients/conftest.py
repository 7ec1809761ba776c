"""A database with the tables of clients, a clock that can be turned, and clients over both."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, create_engine

from gateway.clients import Clients
from gateway.clients.plans import Plan, load_plans
from gateway.clients.secrets import Secrets, open_secrets
from gateway.clients.tables import metadata

PLANS = Path(__file__).resolve().parents[3] / "config" / "plans.toml"


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/entrepot.db")
    metadata.create_all(engine)
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
def clients(engine: Engine, secrets: Secrets, plans: dict[str, Plan], clock: Clock) -> Clients:
    return Clients(engine, secrets, plans, clock=clock, zone=ZoneInfo("Asia/Seoul"))
