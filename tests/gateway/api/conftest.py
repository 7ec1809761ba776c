"""A city's catalogue, its clients and the application behind its gate, copied for each test."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from published import ENTRY, START, odd, places, readings, run
from sodapy import Socrata
from werkzeug.exceptions import HTTPException
from werkzeug.serving import make_server
from werkzeug.test import Client, TestResponse

from catalogue import Catalogue, Publication, SearchEngine, open_catalogue
from catalogue.database import connect
from catalogue.search.embedded import Embedded
from config.migrations import upgrade
from gateway.app import create_app
from gateway.clients import Clients
from gateway.clients.plans import load_plans
from gateway.clients.secrets import open_secrets
from gateway.gate import EmbeddedLimiter, Gate, Identify, Meter, Remembered
from gateway.openapi import openapi
from gateway.services import Services
from schemas.run import REJECTS, Run

SEOUL = ZoneInfo("Asia/Seoul")
PLANS = Path(__file__).with_name("plans.toml")
HERE = {"environ_base": {"REMOTE_ADDR": "127.0.0.1"}}
PASSWORD = "a few words make a good one"


@dataclass
class House:
    """The whole gateway in this process, over a folder of its own."""

    folder: Path
    catalogue: Catalogue
    clients: Clients
    services: Services
    gate: Gate
    meter: Meter
    description: dict[str, Any]
    url_map: Any

    def ask(self, path: str, *, method: str = "GET", key: str | None = None, **options: Any) -> TestResponse:
        """An answer, which must be what OpenAPI says of its address."""
        headers = dict(options.pop("headers", {}))
        if key:
            headers["Authorization"] = f"Bearer {key}"
        client = Client(self.gate, use_cookies=False)
        answer = client.open(path, method=method, headers=headers, buffered=True, **HERE, **options)
        self._check(answer, path.partition("?")[0], method)
        return answer

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.ask(path, **options)

    def post(self, path: str, body: Any, **options: Any) -> TestResponse:
        return self.ask(path, method="POST", json=body, **options)

    def items(self, path: str, **options: Any) -> list[dict[str, Any]]:
        answer = self.get(path, **options)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json["items"]
        return found

    def publish(self, publication: Publication, id: str) -> Run:
        return self.catalogue.publish(publication, run(publication, id))

    def _check(self, answer: TestResponse, path: str, method: str) -> None:
        """What was answered is what the description of the API promises, no member more."""
        if not path.startswith("/api/v1/") or method == "OPTIONS":
            return
        operation = self._operation(path, "GET" if method == "HEAD" else method)
        if operation is None:
            assert answer.status_code in (401, 404, 405), (path, answer.status)
            return
        if answer.status_code in (206, 304, 308, 412, 416, 500):
            return
        responses = operation["responses"]
        assert str(answer.status_code) in responses, (path, answer.status, answer.text)
        content = responses[str(answer.status_code)].get("content", {})
        if not answer.data or "Content-Encoding" in answer.headers:
            return
        assert answer.mimetype in content, (path, answer.mimetype)
        schema = content[answer.mimetype].get("schema")
        if schema:
            rooted = {**schema, "components": self.description["components"]}
            said = answer.json if answer.is_json else answer.data.decode("latin-1")
            Draft202012Validator(rooted, format_checker=FormatChecker()).validate(said)

    def _operation(self, path: str, method: str) -> dict[str, Any] | None:
        try:
            rule, _ = self.url_map.bind("localhost").match(path, method=method, return_rule=True)
        except HTTPException:
            return None
        template = rule.rule.replace("<", "{").replace(">", "}")
        found: dict[str, Any] = self.description["paths"][template][method.lower()]
        return found


def closed(description: dict[str, Any]) -> dict[str, Any]:
    """The description with every object closed to members that it does not name."""
    for name, schema in description["components"]["schemas"].items():
        if name != "Problem" and "properties" in schema:
            schema["additionalProperties"] = False
    return description


@contextmanager
def opened(
    folder: Path,
    *,
    public_url: str | None = None,
    anonymous: str = "anonymous",
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    engine: SearchEngine | None = None,
    description: dict[str, Any] | None = None,
) -> Iterator[House]:
    url = f"sqlite:///{folder / 'entrepot.db'}"
    search, derived = engine or Embedded(folder / "search"), folder / "derived"
    catalogue = open_catalogue(url, folder / "parts", search, index_folder=derived, clock=clock)
    database, plans, secrets = connect(url), load_plans(PLANS), open_secrets(folder / "secrets")
    clients = Clients(database, secrets, plans, clock=lambda: datetime.now(UTC), zone=SEOUL)
    meter, limiter = Meter(folder / "usage", clients.fold), EmbeddedLimiter(folder / "limits", SEOUL)
    services = Services(catalogue, clients, plans, limiter, SEOUL, meter.flush, public_url)
    app = create_app(services, session_key=secrets.session_key, version="1")
    remembered = Remembered(app.wsgi_app, lambda dataset: catalogue.snapshot(dataset).id)
    gate = Gate(remembered, identify=Identify(clients.find, plans, anonymous), limiter=limiter, meter=meter)
    promised = description or closed(openapi(app, "1", "http://localhost"))
    yield House(folder, catalogue, clients, services, gate, meter, promised, app.url_map)
    meter.close()
    limiter.close()
    catalogue.close()
    database.dispose()


@pytest.fixture(scope="session")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where a city has published and two people have signed up."""
    folder = tmp_path_factory.mktemp("city")
    upgrade(f"sqlite:///{folder / 'entrepot.db'}")
    with opened(folder) as house:
        for number, publication in enumerate((places(), readings(), odd())):
            house.publish(publication, f"r{number}")
            house.catalogue.build_index(house.catalogue.snapshot(publication.dataset.id))
        listed = Run("r9", "list", "list", "running", started=START, read=1, published=1)
        house.catalogue.publish_entries("list", [ENTRY], listed, REJECTS.empty_table())
        house.clients.create_person("kim@example.org", PASSWORD, "김하늘")
        house.clients.create_person("steward@example.org", PASSWORD, role="steward")
    shutil.rmtree(folder / "limits")
    return folder


@pytest.fixture
def city(landed: Path, tmp_path: Path) -> Path:
    """A copy of that folder."""
    folder = tmp_path / "city"
    shutil.copytree(landed, folder)
    return folder


@pytest.fixture
def house(city: Path, still: House) -> Iterator[House]:
    with opened(city, description=still.description) as house:
        yield house


@pytest.fixture(scope="session")
def still(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The gateway for tests that change nothing."""
    folder = tmp_path_factory.mktemp("still") / "city"
    shutil.copytree(landed, folder)
    with opened(folder) as house:
        yield house


@pytest.fixture
def open_house(city: Path, still: House) -> Callable[..., Any]:
    """Opens the gateway over the folder with other settings, as a context."""
    return lambda **settings: opened(city, description=still.description, **settings)


@pytest.fixture
def make_key(house: House) -> Callable[..., str]:
    """Makes an application of kim's on a plan, and a key of it."""

    def make(name: str = "bus-board", plan: str = "free") -> str:
        owner = house.clients.person("kim@example.org")
        assert owner
        application = house.clients.create_application(owner.id, name, plan)
        return house.clients.create_key(application.id)[1]

    return make


@pytest.fixture
def key(make_key: Callable[..., str]) -> str:
    return make_key()


@pytest.fixture
def session(house: House) -> str:
    """The token of kim's session."""
    token = house.clients.sign_in("kim@example.org", PASSWORD)
    assert token
    return token


@pytest.fixture(name="places")
def places_fixture() -> Callable[..., Publication]:
    return places


@pytest.fixture(scope="session")
def socrata(still) -> Iterator[Socrata]:
    """sodapy against a server on the loopback: it would speak TLS, and its prefix is all that is changed."""
    server = make_server("127.0.0.1", 0, still.gate, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    with Socrata(f"127.0.0.1:{server.server_port}", None) as client:
        client.uri_prefix = "http://"
        yield client
    server.shutdown()
    thread.join()
    server.server_close()
