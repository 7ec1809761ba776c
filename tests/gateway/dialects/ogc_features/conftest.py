"""The city for GIS programs: in this process, and really served."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from ogc_city import House, dongs, edges, facilities, land, opened, readings
from services import unused_port

from config.migrations import upgrade

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """The gateway over a city that no test changes."""
    folder = tmp_path_factory.mktemp("ogc")
    upgrade(f"sqlite:///{folder / 'entrepot.db'}")
    with opened(folder) as house:
        for publication in (facilities(3_000), edges(), readings()):
            land(house.catalogue, publication)
        yield house


@dataclass(frozen=True)
class Served:
    """A server process; `url` is the landing page."""

    url: str


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Another city behind `entrepot serve`, with 50,000 facilities, and dongs where the samples are."""
    folder = tmp_path_factory.mktemp("served")
    upgrade(f"sqlite:///{folder / 'entrepot.db'}")
    samples = ROOT.parent / "shared" / "data"
    with opened(folder) as house:
        for publication in (facilities(50_000), readings(), *([dongs(samples)] if samples.is_dir() else [])):
            land(house.catalogue, publication)
    port = unused_port()
    command = [str(Path(sys.executable).with_name("entrepot")), "serve", "--port", str(port)]
    environ = {"PATH": "/usr/bin:/bin", "ENTREPOT_DATA": str(folder), "ENTREPOT_ANONYMOUS_PLAN": "internal"}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, cwd=ROOT)
    try:
        _await(f"http://127.0.0.1:{port}/readyz", process, folder / "log")
        yield Served(f"http://127.0.0.1:{port}/ogc/")
    finally:
        process.terminate()
        process.wait(20)


def _await(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + 90
    while time.monotonic() < end and process.poll() is None:
        try:
            with urlopen(url, timeout=5):
                return
        except (URLError, OSError):
            time.sleep(0.1)
    pytest.fail(f"the server did not start:\n{log.read_text()[-2000:]}")
