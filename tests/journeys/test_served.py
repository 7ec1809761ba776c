"""What only a real server shows: bytes on the line, connections kept, and workers that die."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
from http.client import HTTPConnection

import pytest

PARKS = "id,name,x,y\n" + "".join(f"P{n:03},공원 {n},{129 + n / 1000},{35.1}\n" for n in range(300))


@pytest.fixture
def parks(platform, tmp_path):
    (tmp_path / "parks.csv").write_text(PARKS, encoding="cp949")
    more = '[format]\nkind = "csv"\nx = "x"\ny = "y"'
    platform.feed("parks", f'kind = "file"\npath = "{tmp_path / "parks.csv"}"', more, 'key = ["id"]')
    assert platform.harvest("parks")["parks"]["status"] == "published"
    return "/api/v1/datasets/parks/rows"


@pytest.fixture
def key(platform):
    code, (made,), said = platform.command(
        "apps", "create", "board", "--owner", "kim@example.org", "--plan", "wide", "--json"
    )
    assert code == 0, said
    code, (made,), said = platform.command("keys", "create", "board", "--json")
    assert code == 0, said
    return made["key"]


def line(platform, *lines: bytes) -> bytes:
    """What the server answers to these lines, sent as they are."""
    with socket.create_connection(("127.0.0.1", platform.port), timeout=60) as connection:
        connection.sendall(b"\r\n".join([*lines, b"Host: localhost", b"Connection: close", b"", b""]))
        received = b""
        while piece := connection.recv(65_536):
            received += piece
    return received


def test_the_line_is_served_as_http_says(platform, parks):
    platform.serve()
    for header in (b"Authorization: Bearer \xc5\xb0", b"X-API-Key: \xc5\xb0", b"Authorization: \xff"):
        answer = line(platform, f"GET {parks} HTTP/1.1".encode(), header)
        assert answer.startswith(b"HTTP/1.1 401"), header
        assert b"www-authenticate: Bearer" in answer.replace(b"WWW-Authenticate", b"www-authenticate")

    head = line(platform, f"HEAD {parks} HTTP/1.1".encode())
    told, _, body = head.partition(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 200")
    assert body == b""

    whole = platform.ask("/api/v1/datasets/parks/download.parquet")
    for asked, wanted in (("bytes=0-9", whole.body[:10]), ("bytes=-10", whole.body[-10:])):
        part = platform.ask("/api/v1/datasets/parks/download.parquet", headers={"Range": asked})
        assert (part.status, part.body) == (206, wanted)
        assert part.headers["content-length"] == "10"
    beyond = platform.ask("/api/v1/datasets/parks/download.parquet", headers={"Range": "bytes=99999999-"})
    assert (beyond.status, beyond.headers["content-range"]) == (416, f"bytes */{len(whole.body)}")

    raw = line(platform, f"GET {parks}?name=\xb0\xf8 HTTP/1.1".encode("latin-1"))
    assert raw.startswith((b"HTTP/1.1 400", b"HTTP/1.1 200"))
    assert not raw.startswith(b"HTTP/1.1 5")

    kept = HTTPConnection("127.0.0.1", platform.port, timeout=60)
    tag = None
    for method, status in (("GET", 200), ("HEAD", 200), ("GET", 304), ("GET", 200), ("POST", 405)):
        conditional = {"If-None-Match": tag} if status == 304 else {}
        kept.request(method, f"{parks}?limit=5", headers=conditional)
        answer = kept.getresponse()
        body = answer.read()
        tag = answer.getheader("ETag") or tag
        assert answer.status == status
        assert bool(body) == (method != "HEAD" and status != 304)
    kept.close()


def test_a_killed_worker_loses_no_usage_and_another_goes_on(platform, parks, key):
    platform.serve(workers=2)
    answered = 0
    for _ in range(40):
        answered += platform.ask(f"{parks}?limit=3", key=key).status == 200
    assert answered == 40
    workers = subprocess.run(
        ["pgrep", "-P", str(platform.processes[0].pid)], capture_output=True, text=True, check=True
    )
    for pid in workers.stdout.split():
        os.kill(int(pid), signal.SIGKILL)
    usage = platform.usage(key, requests=40)
    assert (usage["requests"], usage["rows"]) == (40, 120)
