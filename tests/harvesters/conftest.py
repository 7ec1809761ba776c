"""A web server on this machine that answers as a test says."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from harvesters.fetch import HttpFetch, Timeout
from harvesters.fetch.guard import Guard
from harvesters.fetch.manners import Manners

Answer = Callable[[BaseHTTPRequestHandler], None]


@cache
def trust() -> ssl.SSLContext:
    """The certificates of the machine, read once: it takes longer than most tests."""
    return httpx.create_ssl_context()


@dataclass
class Site:
    """`site.routes["/path"] = answer` or `site.body("/path", b"...", header=value)`."""

    port: int
    routes: dict[str, Answer] = field(default_factory=dict)
    seen: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def body(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        def answer(request: BaseHTTPRequestHandler) -> None:
            respond(request, body, status, **headers)

        self.routes[path] = answer
        return self.url(path)

    def fetch(self, **options: object) -> HttpFetch:
        """A fetch that may reach this site and neither sleeps nor waits for its turn."""
        manners = Manners(gap=0, jitter=lambda least, most: most)
        settings = {
            "timeout": Timeout(20, 20, 60),
            "sleep": lambda _: None,
            "manners": manners,
            "tls": trust(),
        }
        return HttpFetch(Guard([f"127.0.0.1:{self.port}"]), **settings | options)


def respond(request: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    request.send_response(status)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    for name, value in ({"Content-Length": str(len(body))} | named).items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def query(request: BaseHTTPRequestHandler) -> dict[str, str]:
    """The parameters of a request, decoded once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(request.path).query).items()}


@pytest.fixture
def site() -> Iterator[Site]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            site.seen.append(self.path)
            answer = site.routes.get(urlsplit(self.path).path)
            try:
                if answer is None:
                    respond(self, b"", 404)
                else:
                    answer(self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = Site(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield site
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def to(tmp_path: Path) -> Path:
    """Where a fetch writes."""
    return tmp_path / "source"


@pytest.fixture(name="respond")
def respond_fixture() -> Callable[..., None]:
    return respond


@pytest.fixture(name="query")
def query_fixture() -> Callable[[BaseHTTPRequestHandler], dict[str, str]]:
    return query
