"""The city for GIS programs: in this process, and really served."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from ogc_city import House, dongs, edges, facilities, land, opened, readings
from serving import serving

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
    with serving(folder) as url:
        yield Served(f"{url}/ogc/")
