"""The real command in a process of its own, and small feeds to run it on."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from commands import Commands

LIBRARIES = (
    "관리번호,이름,구,경도,위도\n001,시청도서관,시청구,128.95,35.30\n002,강변도서관,강변구,128.97,35.31\n"
)
FEED = """
title     = {{ ko = "{title}", en = "Libraries" }}
publisher = "가온시"
licence   = "CC0-1.0"
themes    = ["{theme}"]
key       = ["관리번호"]
[source]
kind = "file"
path = "{path}"
[format]
x = "경도"
y = "위도"
"""


@dataclass(frozen=True)
class Said:
    """What a command left: its exit status, results and talk."""

    status: int
    out: str
    err: str

    @property
    def items(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def item(self) -> dict[str, Any]:
        (only,) = self.items
        return only


@dataclass(frozen=True)
class Shell:
    """Runs `entrepot` over one data folder, with nothing else of Entrepot's in its environment."""

    folder: Path
    commands: Commands
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def environ(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
        own = {"ENTREPOT_DATA": str(self.folder / "data"), "ENTREPOT_FEEDS": str(self.folder / "feeds")}
        return {**clean, **own, "PYTHONPATH": str(ROOT), **self.extra}

    def __call__(self, *words: object, timeout: float = 120, **extra: str) -> Said:
        run = self.commands([*map(str, words)], self.environ | extra, self.folder, timeout)
        said = Said(run.returncode, run.stdout.decode(), run.stderr.decode())
        assert "Traceback" not in said.err, said.err
        return said

    def start(self, *words: object, **extra: str) -> subprocess.Popen[str]:
        """The command running, started from nothing, its output in files `out` and `err` of the folder."""
        with (self.folder / "out").open("w") as out, (self.folder / "err").open("w") as err:
            return subprocess.Popen(
                command(*words),
                env=self.environ | extra,
                cwd=self.folder,
                stdout=out,
                stderr=err,
                text=True,
                stdin=subprocess.DEVNULL,
            )

    def feed(self, name: str, rows: str = LIBRARIES, title: str = "도서관", theme: str = "facility") -> Path:
        """A feed of a CSV, written."""
        folder = self.folder / "feeds"
        folder.mkdir(exist_ok=True)
        (folder / f"{name}.csv").write_text(rows, encoding="utf-8")
        path = folder / f"{name}.toml"
        path.write_text(FEED.format(title=title, theme=theme, path=f"{name}.csv"), encoding="utf-8")
        return path


ROOT = Path(__file__).resolve().parents[2]


def command(*words: object) -> list[str]:
    return [sys.executable, "-m", "config.cli", *map(str, words)]


@pytest.fixture
def shell(tmp_path: Path, commands: Commands) -> Shell:
    """The command over an empty folder."""
    (tmp_path / "feeds").mkdir()
    return Shell(tmp_path, commands)


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory, commands: Commands) -> Shell:
    """The command over a folder where two feeds have been harvested; tests only read."""
    shell = Shell(tmp_path_factory.mktemp("city"), commands)
    shell.feed("libraries")
    shell.feed("bus-stops", title="부산 버스 정류장", theme="transit")
    assert shell("harvest", "--all").status == 0
    return shell


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port of loopback at which somebody else listens."""
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        yield somebody.getsockname()[1]


@pytest.fixture(scope="session")
def new_shell(commands: Commands) -> Callable[[Path], Shell]:
    """The command over a folder of one's own."""
    return partial(Shell, commands=commands)
