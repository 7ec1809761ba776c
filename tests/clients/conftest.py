"""A served city, the line to it on which every request is written down, and a key."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from ogc_city import dongs, facilities, land, opened
from serving import serving

from catalogue import Publication
from config.migrations import upgrade
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS

ROOT = Path(__file__).resolve().parents[2]
MANY, FEW = 100_000, 5_000
LINKS, STEPS = 700, 288
TRAFFIC = (
    Column("링크", "text", Text("링크", "Link"), key=True, role="key"),
    Column("measured_at", "time", Text("측정", "Measured at"), key=True, role="time"),
    Column("speed", "number", Text("속도", "Speed"), unit="km/h"),
    Column("volume", "integer", Text("교통량", "Volume"), unit="1"),
)


@dataclass(frozen=True)
class City:
    """A server process and a key to it."""

    url: str
    key: str

    def rows(self, dataset: str) -> str:
        return f"{self.url}/api/v1/datasets/{dataset}"


@dataclass
class Asked:
    """A request as it went over the line, and how many bytes of body came back."""

    method: str
    path: str
    headers: dict[str, str]
    status: int
    bytes: int


@dataclass
class Line:
    """A wire to the city: the same answers at another address, each one written down."""

    city: City
    url: str
    asked: list[Asked] = field(default_factory=list)

    def rows(self, dataset: str) -> str:
        return f"{self.url}/api/v1/datasets/{dataset}"

    @property
    def bytes(self) -> int:
        return sum(each.bytes for each in self.asked)


def traffic() -> Publication:
    """A day of readings every five minutes, each link's together."""
    start, random = datetime(2026, 3, 1, tzinfo=UTC), np.random.default_rng(7)
    links = [f"L{n // STEPS:03}" for n in range(LINKS * STEPS)]
    times = [start + timedelta(minutes=5 * (n % STEPS)) for n in range(LINKS * STEPS)]
    ids = [f"{link}~{at:%Y-%m-%dT%H:%M:%SZ}" for link, at in zip(links, times, strict=True)]
    speeds = np.round(random.normal(42, 9, len(links)), 1)
    schema = arrow_schema(TRAFFIC)
    values = [ids, links, times, speeds, random.integers(0, 400, len(links))]
    arrays = [pa.array(each, column.type) for each, column in zip(values, schema, strict=True)]
    dataset = Dataset("traffic", Text("교통 소통", "Traffic"), "부산광역시", "KOGL-1", "traffic")
    return Publication(dataset, TRAFFIC, pa.Table.from_arrays(arrays, schema=schema), REJECTS.empty_table())


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    """100,000 facilities, 5,000 others, a day of traffic, and dongs where the samples are; no limits."""
    folder = tmp_path_factory.mktemp("city")
    upgrade(f"sqlite:///{folder / 'entrepot.db'}")
    samples = ROOT.parent / "shared" / "data"
    with opened(folder) as house:
        for publication in (facilities(MANY), facilities(FEW, "libraries"), traffic()):
            land(house.catalogue, publication)
        if samples.is_dir():
            land(house.catalogue, dongs(samples))
        owner = house.clients.create_person("kim@example.org", None)
        application = house.clients.create_application(owner.id, "board", "internal")
        _, key = house.clients.create_key(application.id)
    with serving(folder) as url:
        yield City(url, key)


@pytest.fixture
def line(city: City) -> Iterator[Line]:
    """The wire, empty at first."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            _pass_on(self, line)

        do_HEAD = do_GET

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    line = Line(city, f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield line
    server.shutdown()
    thread.join()
    server.server_close()


def _pass_on(handler: BaseHTTPRequestHandler, line: Line) -> None:
    """Ask the city the same, Host included, so that its links lead back here."""
    connection = HTTPConnection(line.city.url.removeprefix("http://"), timeout=60)
    connection.request(handler.command, handler.path, headers=dict(handler.headers))
    answer = connection.getresponse()
    body = answer.read()
    line.asked.append(Asked(handler.command, handler.path, dict(handler.headers), answer.status, len(body)))
    handler.send_response(answer.status)
    for name, value in answer.getheaders():
        if name.lower() not in ("transfer-encoding", "connection", "content-length", "server", "date"):
            handler.send_header(name, value)
    told = answer.getheader("Content-Length") if handler.command == "HEAD" else str(len(body))
    handler.send_header("Content-Length", told or "0")
    handler.end_headers()
    handler.wfile.write(body)
    connection.close()
