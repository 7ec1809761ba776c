"""The OAuth endpoints in an application of their own, over clients in a SQLite file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from catalogue.database import connect
from config.migrations import upgrade
from gateway.clients import Clients
from gateway.clients.plans import load_plans
from gateway.clients.secrets import open_secrets
from gateway.oauth import oauth_blueprint

PLANS = Path(__file__).resolve().parents[3] / "config" / "plans.toml"
Serve = Callable[..., FlaskClient]


@pytest.fixture
def clients(tmp_path: Path) -> Iterator[Clients]:
    url = f"sqlite:///{tmp_path}/entrepot.db"
    upgrade(url)
    engine = connect(url)
    secrets = open_secrets(tmp_path / "secrets")
    yield Clients(engine, secrets, load_plans(PLANS), clock=lambda: datetime.now(UTC))
    engine.dispose()


@pytest.fixture
def make_client(clients: Clients) -> Callable[..., tuple[str, str, str]]:
    """Makes an application on a plan; gives its id, its key and the key's kid."""

    def make(name: str, plan: str = "free") -> tuple[str, str, str]:
        owner = clients.create_person(f"{name}@example.org", None)
        application = clients.create_application(owner.id, name, plan)
        key, text = clients.create_key(application.id)
        return application.id, text, key.kid

    return make


@pytest.fixture
def serve(clients: Clients) -> Serve:
    def build(public_url: str | None = None, **environ: Any) -> FlaskClient:
        app = Flask(__name__)
        app.register_blueprint(oauth_blueprint(clients, public_url=public_url))
        client = app.test_client()
        client.environ_base.update(environ)
        return client

    return build


@pytest.fixture
def http(serve: Serve) -> FlaskClient:
    return serve()
