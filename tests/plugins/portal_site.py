"""The gateway over a folder, a reader without scripts, and what a page says to scripts and search engines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from werkzeug.test import Client, TestResponse

from catalogue import Catalogue, open_catalogue, open_engine
from catalogue.database import connect
from gateway.app import create_app
from gateway.clients import Clients
from gateway.clients.plans import load_plans
from gateway.clients.secrets import open_secrets
from gateway.gate import EmbeddedLimiter, Gate, Identify, Meter
from gateway.services import Services

ROOT = Path(__file__).resolve().parents[2]
PLANS = ROOT / "config" / "plans.toml"
SEOUL = ZoneInfo("Asia/Seoul")
HERE = {"REMOTE_ADDR": "127.0.0.1"}
PASSWORD = "a few words make a good one"


class Browser:
    """A reader without scripts, with cookies."""

    def __init__(self, site: Site) -> None:
        self.client = Client(site.gate)

    def get(self, path: str, language: str = "ko", **headers: str) -> TestResponse:
        asked = {"Accept": "text/html", "Accept-Language": language, **headers}
        return self.client.get(path, headers=asked, environ_base=HERE, buffered=True)

    def send(self, path: str, csrf: str | None = None, **form: str) -> TestResponse:
        """Send a form of the developers' page, with the token that page gave."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.get("/developers").text)
        assert token
        return self.client.post(
            path,
            data={"csrf": token[1] if csrf is None else csrf, **form},
            headers={"Accept": "text/html", "Accept-Language": "ko", "Origin": "http://localhost"},
            environ_base=HERE,
        )

    def sign_up(self, email: str) -> None:
        assert self.send("/developers/sign-up", email=email, password=PASSWORD).status_code == 303

    def cookie(self, name: str) -> Any:
        return self.client.get_cookie(name)


@dataclass(frozen=True)
class Site:
    """The gateway in this process."""

    gate: Gate
    catalogue: Catalogue
    clients: Clients

    def get(self, path: str, language: str = "ko", **headers: str) -> TestResponse:
        return Browser(self).get(path, language, **headers)


@contextmanager
def opened(folder: Path, search_url: str | None = None) -> Iterator[Site]:
    url = f"sqlite:///{folder / 'entrepot.db'}"
    engine = open_engine(search_url, folder / "search")
    catalogue = open_catalogue(url, folder / "parts", engine, index_folder=folder / "derived")
    database, plans, secrets = connect(url), load_plans(PLANS), open_secrets(folder / "secrets")
    clients = Clients(database, secrets, plans, clock=lambda: datetime.now(UTC), zone=SEOUL)
    meter, limiter = Meter(folder / "usage", clients.fold), EmbeddedLimiter(folder / "limits", SEOUL)
    services = Services(catalogue, clients, plans, limiter, SEOUL, meter.flush)
    app = create_app(services, session_key=secrets.session_key, version="1")
    identify = Identify(clients.find, plans, "anonymous")
    yield Site(Gate(app.wsgi_app, identify=identify, limiter=limiter, meter=meter), catalogue, clients)
    meter.close()
    limiter.close()
    catalogue.close()
    database.dispose()


def linked(text: str) -> Any:
    """The JSON-LD of a page."""
    found = re.search(r'<script type="application/ld\+json">(.*?)</script>', text, re.DOTALL)
    assert found
    return json.loads(found[1])


def told_to_map(text: str) -> Any:
    """What a page tells the script of its map; None where it has no map."""
    found = re.search(r'data-map="([^"]*)"', text)
    return json.loads(unescape(found[1])) if found else None
