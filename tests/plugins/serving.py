"""`entrepot serve` over a folder that a test has filled, as long as the test needs it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from urllib.request import urlopen

import pytest
from services import unused_port
from waiting import wait_for

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The URL of a server over a folder of data that sets callers without a key no limits."""
    port = unused_port()
    command = [str(Path(sys.executable).with_name("entrepot")), "serve", "--port", str(port)]
    environ = {"PATH": "/usr/bin:/bin", "ENTREPOT_DATA": str(folder), "ENTREPOT_ANONYMOUS_PLAN": "internal"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=ROOT)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: answers(f"{url}/readyz") or process.poll() is not None)
        if process.poll() is not None:
            pytest.fail(f"the server did not start:\n{(folder / 'log').read_text()[-2000:]}")
        yield url
    finally:
        process.terminate()
        process.wait(60)


def answers(url: str) -> bool:
    """Whether a server answers there with success."""
    try:
        with urlopen(url, timeout=10):
            return True
    except (OSError, HTTPException):
        return False
