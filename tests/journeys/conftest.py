"""A platform as an operator runs it: the command in processes of its own, reached over HTTP alone."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from commands import Commands
from services import unused_port
from waiting import LONGEST, wait_for

ROOT = Path(__file__).resolve().parents[2]
PLANS = """
[anonymous]
title  = { en = "Anonymous" }
scopes = ["catalogue:read", "rows:read"]
limits = [{ name = "burst", quota = 10_000, window = 60 }]
[free]
title  = { en = "Free" }
scopes = ["catalogue:read", "rows:read", "usage:read"]
limits = [{ name = "burst", quota = 5, window = 2 }, { name = "day", quota = 10_000, calendar = "day" }]
[wide]
title  = { en = "Wide" }
scopes = ["catalogue:read", "rows:read", "usage:read"]
limits = [{ name = "burst", quota = 100_000, window = 60 }]
[pages]
title  = { en = "Pages" }
scopes = ["catalogue:read", "rows:read"]
limits = [{ name = "pages", quota = 10_000, window = 60 }]
"""


@dataclass
class Told:
    """An answer as it came over the line."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Platform:
    """A data folder, the commands over it, and the server when it is started."""

    folder: Path
    port: int
    commands: Commands
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def environ(self) -> dict[str, str]:
        set_here = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
        (self.folder / "plans.toml").write_text(PLANS)
        return set_here | {
            "ENTREPOT_DATA": str(self.folder / "data"),
            "ENTREPOT_PLANS": str(self.folder / "plans.toml"),
            "ENTREPOT_FEEDS": str(self.folder / "feeds"),
            **self.settings,
        }

    settings: dict[str, str] = field(default_factory=dict)

    def command(self, *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
        """Exit code, what it printed as JSON lines, and what it said."""
        done = self.commands([*arguments], self.environ, ROOT, timeout=300)
        lines = [json.loads(line) for line in done.stdout.decode().splitlines() if line.startswith("{")]
        return done.returncode, lines, done.stderr.decode()

    def feed(self, id: str, source: str, more: str = "", before: str = "") -> None:
        folder = self.folder / "feeds"
        folder.mkdir(exist_ok=True)
        head = f'title = {{ en = "{id}" }}\npublisher = "test"\nlicence = "CC0-1.0"\n'
        (folder / f"{id}.toml").write_text(f"{head}{before}\n[source]\n{source}\n{more}\n")

    def harvest(self, *feeds: str) -> dict[str, dict[str, Any]]:
        """The outcomes by feed; none may be told as a traceback."""
        _, lines, said = self.command("harvest", *(feeds or ["--all"]), "--json")
        assert "Traceback" not in said, said
        return {line["feed"]: line for line in lines}

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """A command that goes on until the test ends."""
        with (self.folder / "log").open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, "-m", "config.cli", *arguments],
                cwd=ROOT,
                env=self.environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.processes.append(started)
        return started

    def serve(self, workers: int = 1) -> None:
        self._wait(self.start("serve", "--port", str(self.port), "--workers", str(workers)))

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        until = time.monotonic() + LONGEST
        while time.monotonic() < until and process.poll() is None:
            try:
                if self.ask("/livez").status == 200:
                    return
            except (OSError, HTTPException):
                time.sleep(0.1)
        raise TimeoutError((self.folder / "log").read_text())

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        key: str | None = None,
        body: Any = None,
        headers: dict[str, Any] | None = None,
    ) -> Told:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            answer = send(connection, path, method, {"key": key, "body": body, "headers": headers or {}})
            return Told(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def usage(self, key: str, **least: int) -> dict[str, Any]:
        """What a key is told to have used, once that is so much of each: it comes a little late."""

        def told() -> dict[str, Any] | None:
            try:
                answer = self.ask("/api/v1/usage", key=key)
            except (OSError, HTTPException):
                return None
            enough = answer.status == 200 and all(answer.json[name] >= least[name] for name in least)
            return answer.json if enough else None

        return wait_for(told)

    def stop(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()


def send(connection: HTTPConnection, path: str, method: str, asked: dict[str, Any]) -> HTTPResponse:
    sent = dict(asked["headers"])
    if asked["key"]:
        sent["Authorization"] = f"Bearer {asked['key']}"
    data = None
    if asked["body"] is not None:
        data, sent["Content-Type"] = json.dumps(asked["body"]).encode(), "application/json"
    target = urlsplit(path)
    connection.request(method, target.path + (f"?{target.query}" if target.query else ""), data, sent)
    return connection.getresponse()


@contextmanager
def running(folder: Path, commands: Commands) -> Iterator[Platform]:
    port = unused_port()
    platform = Platform(folder, port, commands)
    try:
        yield platform
    finally:
        platform.stop()


@pytest.fixture
def platform(tmp_path: Path, commands: Commands) -> Iterator[Platform]:
    with running(tmp_path, commands) as platform:
        yield platform


@pytest.fixture(scope="module")
def shared_platform(tmp_path_factory: pytest.TempPathFactory, commands: Commands) -> Iterator[Platform]:
    """One for all tests of a file, which change nothing."""
    with running(tmp_path_factory.mktemp("platform"), commands) as platform:
        yield platform


Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Source:
    """A source on this machine; `answers` maps a path to what is done there."""

    port: int
    answers: dict[str, Answer] = field(default_factory=dict)
    closing: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def says(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            for name, value in ({"Content-Length": str(len(body))} | named).items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(body)

        self.answers[path] = answer
        return self.url(path)


@pytest.fixture
def source() -> Iterator[Source]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            try:
                source.answers[urlsplit(self.path).path](self)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    source = Source(server.server_port)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield source
    source.closing.set()
    server.shutdown()
    thread.join()
    server.server_close()
