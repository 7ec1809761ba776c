"""A city that has published, pages over it, and the same really served."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from chromium import browser  # noqa: F401  (a fixture)
from portal_city import land
from portal_site import PASSWORD, ROOT, Browser, Site, opened
from serving import serving

from config.migrations import upgrade


@pytest.fixture(scope="session")
def landed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder where the city has published; to be copied."""
    folder = tmp_path_factory.mktemp("portal")
    upgrade(f"sqlite:///{folder / 'entrepot.db'}")
    with opened(folder) as site:
        land(site.catalogue)
    shutil.rmtree(folder / "limits")
    return folder


@pytest.fixture(scope="module")
def site(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Pages over a copy of the city, for the tests of one file."""
    folder = tmp_path_factory.mktemp("site") / "city"
    shutil.copytree(landed, folder)
    with opened(folder) as site:
        yield site


@pytest.fixture
def reader(site: Site) -> Browser:
    return Browser(site)


@dataclass(frozen=True)
class Served:
    """A server process over a folder, a key on a plan without limits, and a steward's address."""

    url: str
    key: str
    folder: Path
    steward: str = "steward@example.org"

    def work(self) -> None:
        """Let a worker do what waits, and end."""
        entrepot = str(Path(sys.executable).with_name("entrepot"))
        (self.folder / "feeds").mkdir(exist_ok=True)
        own = {"ENTREPOT_DATA": str(self.folder), "ENTREPOT_FEEDS": str(self.folder / "feeds")}
        environ = {"PATH": "/usr/bin:/bin", **own}
        subprocess.run([entrepot, "work", "--once"], env=environ, cwd=ROOT, capture_output=True, check=True)


@pytest.fixture(scope="session")
def served(landed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same city behind `entrepot serve`."""
    folder = tmp_path_factory.mktemp("served") / "city"
    shutil.copytree(landed, folder)
    with opened(folder) as site:
        site.clients.create_person(Served.steward, PASSWORD, role="steward")
        owner = site.clients.create_person("owner@example.org", PASSWORD)
        key = site.clients.create_key(site.clients.create_application(owner.id, "all", "internal").id)[1]
    with serving(folder) as url:
        yield Served(url, key, folder)
