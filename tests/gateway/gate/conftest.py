"""A clock that tests set, limiters on it, and a gate over real files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask import Flask, request, stream_with_context
from sqlalchemy import Engine, create_engine
from werkzeug.test import EnvironBuilder, run_wsgi_app

from gateway.caller import ROUTE, ROWS, caller
from gateway.clients import Clients
from gateway.clients.plans import load_plans
from gateway.clients.secrets import open_secrets
from gateway.clients.tables import metadata
from gateway.gate import Clock, EmbeddedLimiter, Gate, Identify, Meter, Proxies

PLANS = Path(__file__).resolve().parents[3] / "config" / "plans.toml"
SEOUL = ZoneInfo("Asia/Seoul")


@dataclass
class Hands:
    """A clock's hands: seconds on the wall and since boot, moved by the test."""

    wall: float = 1_800_000_000.0
    steady: float = 5_000.0
    boot: int = 7
    clock: Clock = field(init=False)

    def __post_init__(self) -> None:
        self.clock = Clock(lambda: self.wall, lambda: round(self.steady * 1e9), lambda: self.boot)

    def go(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
def open_limiter(tmp_path: Path, hands: Hands) -> Iterator[Callable[..., EmbeddedLimiter]]:
    """Opens the limiter of one folder, as often as wanted; `buckets` of both tables."""
    opened = []

    def make(buckets: int = 4) -> EmbeddedLimiter:
        sizes = {"application": buckets, "address": buckets}
        opened.append(EmbeddedLimiter(tmp_path / "limits", SEOUL, hands.clock, sizes))
        return opened[-1]

    yield make
    for limiter in opened:
        limiter.close()


@pytest.fixture
def limiter(open_limiter: Callable[..., EmbeddedLimiter]) -> EmbeddedLimiter:
    return open_limiter()


@dataclass
class Told:
    """An answer as a client sees it."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Door:
    """A gate before a small Flask application, with the clients and the usage behind it."""

    clients: Clients
    meter: Meter
    gate: Gate
    application: str
    key: str
    kid: str
    seen: list[dict[str, Any]]

    def ask(self, path: str, *, method: str = "GET", peer: str = "203.0.113.9", **headers: str) -> Told:
        """Header names are spelled as in WSGI, without HTTP_."""
        environ = EnvironBuilder(path=path, method=method).get_environ()
        environ["REMOTE_ADDR"] = peer
        environ.update({f"HTTP_{name}": value for name, value in headers.items()})
        body, status, told = run_wsgi_app(self.gate, environ, buffered=True)
        names = [name.lower() for name, _ in told]
        assert sorted(set(names)) == sorted(names)
        return Told(int(status[:3]), {name.lower(): value for name, value in told}, b"".join(body))

    def keyed(self, path: str, **headers: str) -> Told:
        return self.ask(path, AUTHORIZATION=f"Bearer {self.key}", **headers)


def small_app(seen: list[dict[str, Any]]) -> Flask:
    """Shows what reaches the views: rows, an error, a sign-in that knows one password, a page."""
    app = Flask("small")

    @app.before_request
    def note() -> None:
        seen.append(dict(request.environ))
        request.environ[ROUTE] = str(request.url_rule)

    @app.get("/api/v1/datasets/<name>/rows")
    def rows(name: str) -> dict[str, Any]:
        request.environ[ROWS] = 3
        who = caller(request.environ)
        return {
            "kind": who.kind,
            "plan": who.plan.name,
            "application": who.application,
            "query": request.query_string.decode(),
        }

    @app.get("/api/v1/export")
    @stream_with_context
    def export() -> Iterator[bytes]:
        for _ in range(5):
            request.environ[ROWS] = request.environ.get(ROWS, 0) + 10
            yield b"x" * 1000

    @app.get("/api/v1/broken")
    def broken() -> None:
        raise RuntimeError

    @app.get("/api/v1/usage")
    @app.get("/livez")
    @app.get("/datasets")
    def plain() -> str:
        return "ok"

    @app.post("/oauth/token")
    @app.post("/api/v1/sessions")
    @app.post("/developers/sign-in")
    def judge() -> tuple[str, int]:
        return ("in", 200) if "c2VjcmV0" in request.headers.get("Authorization", "") else ("out", 401)

    return app


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/entrepot.db")
    metadata.create_all(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def door(
    tmp_path: Path, engine: Engine, open_limiter: Callable[..., EmbeddedLimiter], hands: Hands
) -> Iterator[Door]:
    plans = load_plans(PLANS)
    clients = Clients(
        engine,
        open_secrets(tmp_path / "secrets"),
        plans,
        clock=lambda: datetime.fromtimestamp(hands.wall, UTC),
        zone=SEOUL,
    )
    owner = clients.create_person("kim@example.org", None, "김하늘")
    application = clients.create_application(owner.id, "bus-board")
    key, text = clients.create_key(application.id, "first")
    meter, seen = Meter(tmp_path / "usage", clients.fold), []
    gate = Gate(
        small_app(seen),
        identify=Identify(clients.find, plans, "anonymous", hands.clock.steady),
        limiter=open_limiter(),
        meter=meter,
        proxies=Proxies(["10.0.0.0/8"]),
        clock=hands.clock,
    )
    yield Door(clients, meter, gate, application.id, text, key.kid, seen)
    meter.close()
