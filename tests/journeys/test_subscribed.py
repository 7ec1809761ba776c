"""A key holder subscribes, a snapshot comes, and `entrepot work` sends it: they meet in the tables alone."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from published import places, run
from waiting import wait_for
from werkzeug.test import Client

from config.settings import load_settings
from config.wiring import gateway, migrate, open_catalogue_of, open_clients_of

ROOT = Path(__file__).resolve().parents[2]


class Hook(ThreadingHTTPServer):
    """Takes what is posted on the loopback."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taking)
        self.got: list[tuple[dict[str, str], bytes]] = []


class Taking(BaseHTTPRequestHandler):
    server: Hook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def hook() -> Iterator[Hook]:
    server = Hook()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def environ(hook: Hook, tmp_path: Path) -> dict[str, str]:
    (tmp_path / "feeds").mkdir()
    return {
        **os.environ,
        "ENTREPOT_DATA": str(tmp_path / "data"),
        "ENTREPOT_FEEDS": str(tmp_path / "feeds"),
        "ENTREPOT_ALLOW_HOSTS": f"127.0.0.1:{hook.server_port}",
    }


def subscribed(environ: dict[str, str], hook: Hook) -> str:
    """The secret of a subscription that is made over HTTP before something is published."""
    settings = load_settings(environ)
    migrate(settings)
    with open_clients_of(settings) as clients:
        owner = clients.create_person("kim@example.org", None)
        _, key = clients.create_key(clients.create_application(owner.id, "board").id)
    with open_catalogue_of(settings) as catalogue:
        catalogue.publish(places(2), run(places(2), "r1"))
        asked = {"url": f"http://127.0.0.1:{hook.server_port}/in", "datasets": ["parks"]}
        client = Client(gateway(settings))
        made = client.post("/api/v1/subscriptions", json=asked, headers={"X-API-Key": key})
        assert made.status_code == 201, made.text
        catalogue.publish(places(3), run(places(3), "r2"))
    secret: str = made.json["secret"]
    return secret


def check(hook: Hook, secret: str) -> None:
    ((headers, body),) = hook.got
    assert json.loads(body)["data"]["rows"] == 3
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


COMMAND = [sys.executable, "-m", "config.cli", "work"]


def test_a_subscriber_is_sent_a_new_snapshot_signed_with_the_secret_they_were_told(hook, environ):
    secret = subscribed(environ, hook)
    subprocess.run([*COMMAND, "--once"], env=environ, cwd=ROOT, check=True, timeout=120, capture_output=True)
    check(hook, secret)


def test_a_worker_that_stays_sends_within_seconds(hook, environ):
    secret = subscribed(environ, hook)
    with subprocess.Popen(COMMAND, env=environ, cwd=ROOT, stderr=subprocess.DEVNULL) as worker:
        try:
            wait_for(lambda: hook.got)
        finally:
            worker.terminate()
            worker.wait(60)
    check(hook, secret)
