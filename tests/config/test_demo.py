"""The city in a box, as a process: from its first line to the last of its children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from services import unused_port
from waiting import wait_for

from config.demo import FEEDS
from config.settings import load_settings
from config.wiring import open_clients_of

FEED_IDS = {path.stem for path in FEEDS.glob("*.toml")}
UP_SECONDS = 600


def _children(parent: int) -> set[int]:
    """All processes below one, from /proc."""
    below: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and fields[0] != "Z":
            below.setdefault(int(fields[1]), []).append(int(entry.name))
    found: set[int] = set()
    ask = [parent]
    while ask:
        inner = below.get(ask.pop(), [])
        found.update(inner)
        ask += inner
    return found


def _alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if _lives(pid)}


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _written(file: Path) -> int:
    """When a file was last written, in nanoseconds; 0 where it is not, or is gone by now."""
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


class Demo:
    """A running demo and its folder."""

    def __init__(self, shell, port: int) -> None:
        self.shell, self.port, self.data = shell, port, shell.folder / "demo"
        self.process = self._start()

    def _start(self) -> subprocess.Popen[str]:
        process = self.shell.start("demo", "--port", self.port, "--data", self.data)
        self.process = process
        told = self.data / "demo.json"
        former = _written(told)
        wait_for(lambda: process.poll() is not None or _written(told) > former, UP_SECONDS)
        assert process.poll() is None, self.err
        return process

    def restart(self) -> None:
        self.process = self._start()

    @property
    def err(self) -> str:
        return (self.shell.folder / "err").read_text(encoding="utf-8")

    @property
    def ticket(self) -> dict[str, str]:
        return json.loads((self.data / "demo.json").read_text(encoding="utf-8"))

    def get(self, path: str) -> dict:
        request = Request(self.ticket["url"] + path, headers={"X-API-Key": self.ticket["api_key"]})
        with urlopen(request, timeout=60) as answer:
            return json.load(answer)

    def positions(self) -> dict:
        rows = self.get("/api/v1/datasets/gaon-buses/rows?limit=1000")["items"]
        return {row["_id"]: row["geometry"]["coordinates"] for row in rows}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory, new_shell) -> Iterator[Demo]:
    running = Demo(new_shell(tmp_path_factory.mktemp("demo")), unused_port())
    yield running
    if running.process.poll() is None:
        running.process.terminate()
        running.process.wait(120)


def test_when_it_is_ready_all_feeds_of_the_city_are_published(demo: Demo) -> None:
    items = {item["id"]: item for item in demo.get("/api/v1/datasets?limit=100")["items"]}
    assert items.keys() == FEED_IDS
    assert all(item["rows"] > 0 for item in items.values())
    with urlopen(demo.ticket["url"] + "/", timeout=30) as page:
        assert "text/html" in page.headers["Content-Type"]


def test_it_tells_the_same_in_its_file_and_on_stdout(demo: Demo) -> None:
    assert demo.ticket.keys() == {"url", "api_key", "admin_email", "admin_password"}
    assert (demo.data / "demo.json").stat().st_mode & 0o077 == 0
    out = (demo.shell.folder / "out").read_text(encoding="utf-8")
    assert all(value in out for value in demo.ticket.values())


def test_its_key_and_its_operator_work(demo: Demo) -> None:
    with pytest.raises(HTTPError, match="401"):
        urlopen(Request(demo.ticket["url"] + "/api/v1/usage", headers={"X-API-Key": "wrong"}), timeout=30)
    assert "requests" in demo.get("/api/v1/usage")
    environ = {"ENTREPOT_DATA": str(demo.data)}
    with open_clients_of(load_settings(environ)) as clients:
        signed_in = clients.sign_in(demo.ticket["admin_email"], demo.ticket["admin_password"])
        assert signed_in is not None
        assert clients.person(demo.ticket["admin_email"]).role == "operator"


def test_buses_move_between_two_runs(demo: Demo) -> None:
    before = demo.positions()
    wait_for(lambda: demo.positions() != before)
    assert demo.positions().keys() == before.keys()


def test_a_second_demo_on_its_port_is_turned_away_and_leaves_nothing_running(demo: Demo) -> None:
    said = demo.shell("demo", "--port", demo.port, "--data", demo.shell.folder / "second")
    assert said.status == 1
    assert len(said.err.splitlines()) == 1
    assert f"127.0.0.1:{demo.port}" in said.err
    assert not (demo.shell.folder / "second" / "demo.json").exists()
    assert demo.get("/api/v1/datasets")["total"] == len(FEED_IDS)


def test_killed_alone_its_children_end_and_it_starts_again_with_its_data(demo: Demo) -> None:
    children, ticket = _children(demo.process.pid), demo.ticket
    created = demo.get("/api/v1/datasets/gaon-districts/snapshots")
    assert len(children) >= 3
    demo.process.kill()
    demo.process.wait()
    wait_for(lambda: not _alive(children))
    demo.restart()
    assert demo.ticket["admin_password"] == ticket["admin_password"]
    assert demo.get("/api/v1/datasets/gaon-districts/snapshots") == created
    assert "requests" in demo.get("/api/v1/usage")


def test_a_part_that_dies_ends_it_with_a_sentence(demo: Demo) -> None:
    everything = _children(demo.process.pid)
    worker = next(
        pid for pid in everything if b"work" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    )
    os.kill(worker, signal.SIGKILL)
    assert demo.process.wait(120) == 1
    assert demo.err.splitlines()[-1].startswith("entrepot: the worker ended by signal 9")
    assert not _alive(everything)
    assert not (demo.data / "demo.json").exists()
    demo.restart()


def test_sigterm_ends_it_and_all_its_children(demo: Demo) -> None:
    everything = _children(demo.process.pid)
    assert (demo.data / "demo.json").exists()
    demo.process.terminate()
    assert demo.process.wait(120) == 0
    assert not _alive(everything)
    assert not (demo.data / "demo.json").exists()
    assert "Traceback" not in demo.err
