"""Behind the real server fifty open streams hold up no look-up, hear of a snapshot, and end with it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest
from published import places, run
from services import unused_port
from waiting import wait_for

from catalogue import open_catalogue
from catalogue.search.embedded import Embedded

ROOT = Path(__file__).resolve().parents[3]
LOOKUPS = 60


@pytest.fixture
def streams() -> Iterator[list[socket.socket]]:
    """Streams that are closed when the server has ended."""
    opened: list[socket.socket] = []
    yield opened
    for each in opened:
        each.close()


@pytest.fixture
def port(city: Path, streams: list[socket.socket]) -> Iterator[int]:
    """Where two processes of `entrepot serve` answer over the city's folder."""
    port = unused_port()
    environ = {**os.environ, "ENTREPOT_DATA": str(city), "ENTREPOT_TRUSTED_PROXIES": "127.0.0.1"}
    command = [sys.executable, "-m", "config.cli", "serve", "--port", str(port), "--workers", "2"]
    with subprocess.Popen(command, env=environ, cwd=ROOT, stderr=subprocess.PIPE) as server:
        try:
            wait_for(lambda: _answers(port) or server.poll() is not None)
            assert server.poll() is None, "the server did not start"
            yield port
        finally:
            began = time.monotonic()
            server.terminate()
            _, said = server.communicate(timeout=60)
            assert time.monotonic() - began < 30, "open streams held up the server's end"
            assert b"Python threads" not in said
            assert b"refused to gracefully stop" not in said


def _answers(port: int) -> bool:
    try:
        with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            return ask(connection, 0) == 200
    except (OSError, HTTPException):
        return False


def ask(connection: HTTPConnection, number: int) -> int:
    connection.request(
        "GET",
        f"/api/v1/datasets/parks/rows?id=P{number % 25:03}",
        headers={"X-Forwarded-For": f"203.0.113.{number % 200}"},
    )
    answer = connection.getresponse()
    answer.read()
    return answer.status


def median_ms(port: int) -> float:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    times = []
    for number in range(LOOKUPS):
        began = time.perf_counter()
        assert ask(connection, number) == 200
        times.append((time.perf_counter() - began) * 1e3)
    connection.close()
    return sorted(times)[LOOKUPS // 2]


def stream(port: int, number: int) -> socket.socket:
    opened = socket.create_connection(("127.0.0.1", port), timeout=120)
    opened.sendall(
        b"GET /api/v1/events?rows=true HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n"
        + f"X-Forwarded-For: 198.51.100.{number}\r\n\r\n".encode()
    )
    return opened


def until(opened: socket.socket, mark: bytes) -> bytes:
    heard = b""
    while mark not in heard:
        chunk = opened.recv(65_536)
        assert chunk, f"the stream ended with {heard[-200:]!r}"
        heard += chunk
    return heard


def test_fifty_streams_hold_up_no_look_up_and_all_hear_of_a_snapshot(port, city, streams):
    median_ms(port)
    before = median_ms(port)
    streams += [stream(port, number) for number in range(50)]
    for each in streams:
        until(each, b"retry:")
    beside = median_ms(port)
    # A stream that held a thread of the others would make them wait for seconds.
    assert beside < 5 * before + 500
    url = f"sqlite:///{city / 'entrepot.db'}"
    search, derived = Embedded(city / "search"), city / "derived"
    catalogue = open_catalogue(url, city / "parts", search, index_folder=derived)
    landed = places(7)
    catalogue.publish(landed, run(landed, "r-new"))
    catalogue.close()
    for each in streams:
        assert b"Content-Encoding" not in until(each, b'"rows":7')
    for each in streams[1:]:
        each.close()
    median_ms(port)  # One stream stays open until the server ends.
