"""The gate behind the real server: bytes that are no text, two processes, and kill -9 under load."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Thread

import pytest
from services import unused_port
from sqlalchemy import create_engine
from waiting import wait_for

from gateway.clients import Clients
from gateway.clients.plans import load_plans
from gateway.clients.secrets import open_secrets
from gateway.clients.tables import metadata

ROOT = Path(__file__).resolve().parents[3]
SERVED = """
import os
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import create_engine

from gateway.clients import Clients
from gateway.clients.plans import load_plans
from gateway.clients.secrets import open_secrets
from gateway.gate import EmbeddedLimiter, Gate, Identify, Meter

folder = Path(os.environ["SERVED_FOLDER"])
plans = load_plans(Path(os.environ["SERVED_PLANS"]))
engine = create_engine(f"sqlite:///{folder}/entrepot.db")
clients = Clients(engine, open_secrets(folder / "secrets"), plans, clock=lambda: datetime.now(UTC))


def small(environ, start_response):
    environ["entrepot.route"], environ["entrepot.rows"] = "/api/v1/x", 1
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]


limiter = EmbeddedLimiter(folder / "limits", ZoneInfo("Asia/Seoul"))
meter = Meter(folder / "usage", clients.fold)
meter.start()
app = Gate(small, identify=Identify(clients.find, plans), limiter=limiter, meter=meter)
"""


class Server:
    """Two granian workers on a free port, in a process group of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = unused_port()
        (folder / "served.py").write_text(SERVED)
        environ = {
            **os.environ,
            "PYTHONPATH": f"{ROOT}:{folder}",
            "SERVED_FOLDER": str(folder),
            "SERVED_PLANS": str(ROOT / "config" / "plans.toml"),
        }
        command = ["granian", "--interface", "wsgi", "--port", str(self.port), "--workers", "2", "served:app"]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=folder,
                env=environ,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._wait()

    def _wait(self) -> None:
        wait_for(lambda: self._answers() or self.process.poll() is not None)
        assert self.process.poll() is None, (self.folder / "log").read_text()

    def _answers(self) -> bool:
        try:
            return bool(self.ask({}))
        except (OSError, HTTPException):
            return False

    def ask(self, headers: dict[str, str | bytes], path: str = "/api/v1/x") -> tuple[int, dict[str, str]]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}
        finally:
            connection.close()

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def clients(tmp_path):
    engine = create_engine(f"sqlite:///{tmp_path}/entrepot.db")
    metadata.create_all(engine)
    plans = load_plans(ROOT / "config" / "plans.toml")
    yield Clients(engine, open_secrets(tmp_path / "secrets"), plans, clock=lambda: datetime.now(UTC))
    engine.dispose()


@pytest.fixture
def application(clients):
    owner = clients.create_person("kim@example.org", None)
    return clients.create_application(owner.id, "bus-board", "partner").id


def test_a_header_of_bytes_that_are_no_text_is_a_bad_credential(tmp_path, clients):
    server = Server(tmp_path)
    try:
        for header in ("Authorization", "X-API-Key"):
            status, headers = server.ask({header: "키".encode("cp949")})
            assert status == 401
            assert headers["www-authenticate"].startswith("Bearer")
        assert server.ask({})[0] == 200
    finally:
        server.kill()


def test_kill_9_under_load_loses_neither_counts_nor_usage(tmp_path, clients, application):
    _, key = clients.create_key(application)
    server, answered, asked = Server(tmp_path), [], []

    def load() -> None:
        connection = HTTPConnection("127.0.0.1", server.port, timeout=60)
        while True:
            asked.append(1)
            try:
                connection.request("GET", "/api/v1/x", headers={"X-API-Key": key})
                answer = connection.getresponse()
                answer.read()
            except (OSError, HTTPException):
                connection.close()
                return
            answered.append(answer.status)

    threads = [Thread(target=load) for _ in range(8)]
    for thread in threads:
        thread.start()
    wait_for(lambda: answered.count(200) > 500)
    server.kill()
    for thread in threads:
        thread.join()
    admitted = answered.count(200)
    again = Server(tmp_path)
    try:
        usage = wait_for(lambda: (used := clients.usage(application)).requests >= admitted and used)
        # Each of the eight connections may have died with one request counted and not yet answered.
        assert admitted <= usage.requests <= admitted + 8
        assert answered.count(429) <= usage.refused <= answered.count(429) + 8
        status, headers = again.ask({"X-API-Key": key})
        day = next(part for part in headers["ratelimit"].split(", ") if part.startswith('"day"'))
        spent = 1_000_000 - int(day.split(";")[1].removeprefix("r=")) - (status == 200)
        assert admitted <= spent <= admitted + 8
    finally:
        again.kill()


def test_a_revoked_key_stops_in_every_process_within_two_seconds(tmp_path, clients, application):
    key, text = clients.create_key(application)
    server = Server(tmp_path)
    try:
        assert {server.ask({"X-API-Key": text})[0] for _ in range(20)} == {200}
        clients.revoke_key(key.kid, "test")
        time.sleep(2)
        assert {server.ask({"X-API-Key": text})[0] for _ in range(20)} == {401}
    finally:
        server.kill()
