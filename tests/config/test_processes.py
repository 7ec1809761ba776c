"""`entrepot up` and `serve`: parts that end together."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

import pytest
from waiting import wait_for

from config.processes import PartEnded, started


def _ready(port: int) -> bool:
    try:
        with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30) as answer:
            return answer.status == 200
    except (OSError, HTTPException):
        return False  # not yet listening, or ending in the middle of the question


def test_up_serves_and_harvests_and_ends_on_sigterm(shell, free_port: int) -> None:
    path = shell.feed("libraries")
    path.write_text(path.read_text(encoding="utf-8") + "[schedule]\nevery = '1h'\n", encoding="utf-8")
    up = shell.start("up", "--port", free_port, "--workers", 1)
    try:
        wait_for(lambda: _ready(free_port))
        wait_for(lambda: "status=published" in (shell.folder / "err").read_text())
    finally:
        up.terminate()
        assert up.wait(120) == 0
    assert not _ready(free_port)
    assert "Traceback" not in (shell.folder / "err").read_text()


def test_the_workers_of_a_server_that_is_killed_end(shell, free_port: int) -> None:
    serve = shell.start("serve", "--port", free_port, "--workers", 2)
    wait_for(lambda: _ready(free_port))
    serve.kill()
    serve.wait()
    wait_for(lambda: not _ready(free_port))


def test_a_server_outlives_the_shell_that_started_it(shell, free_port: int) -> None:
    words = f"{sys.executable} -m config.cli serve --port {free_port} --workers 1 >out 2>err & echo $!"
    started_by = subprocess.run(
        ["sh", "-c", words], env=shell.environ, cwd=shell.folder, capture_output=True, text=True, check=True
    )
    try:
        wait_for(lambda: _ready(free_port))
        time.sleep(1)
        assert _ready(free_port)
    finally:
        os.kill(int(started_by.stdout), signal.SIGTERM)
    wait_for(lambda: not _ready(free_port))


def test_a_part_that_ends_names_itself_and_the_others_are_ended(shell) -> None:
    parts = {"lister": ["settings"], "worker": ["work"]}
    with started(parts, shell.environ) as running, pytest.raises(PartEnded) as ended:
        running.wait()
    worker = running.processes["worker"]
    assert (ended.value.part, ended.value.status) == ("lister", 2), "it does not know --parent"
    assert worker.poll() is not None
    assert not Path(f"/proc/{worker.pid}").exists()
