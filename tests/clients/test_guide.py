"""Every line that the guide for clients gives does against the demo what it says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import duckdb
import duckdb_extension_httpfs
import pytest
from demo_city import Demo
from services import missing

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "clients.md"
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SAYS = re.compile(r"  # (.+)$| -- (.+)$", re.MULTILINE)
HTTPFS = next(Path(duckdb_extension_httpfs.__file__).parent.rglob("httpfs.duckdb_extension"))
QGIS = Path("/usr/lib/python3/dist-packages/qgis")
CONSOLE = """from qgis.core import QgsApplication, QgsVectorLayer
QgsApplication.setPrefixPath("/usr", True)
application = QgsApplication([], False)
application.initQgis()
"""


class Failed(ValueError):
    """A program ended with a fault."""


def blocks() -> list[tuple[str, str]]:
    """The language and the lines of each block."""
    return BLOCK.findall(GUIDE.read_text(encoding="utf-8"))


def _sql(text: str) -> str:
    with duckdb.connect() as connection:
        connection.load_extension(str(HTTPFS))
        row = connection.execute(text).fetchone()
    assert row is not None
    return str(row[0])


def _program(command: list[str], folder: Path, **more: str) -> str:
    environ = {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": str(folder)}
    done = subprocess.run(
        command, cwd=folder, env=environ | more, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        raise Failed(done.stderr[-2000:])
    return done.stdout.strip()


@pytest.fixture
def run(tmp_path: Path, in_ci: bool):
    """Do what a block says, and give what comes out."""

    def shell(text: str) -> str:
        if "ogr" in text and not shutil.which("ogrinfo"):
            missing("GDAL's programs (Debian's gdal-bin)", in_ci)
        return _program(["bash", "-euo", "pipefail", "-c", text], tmp_path)

    def qgis(text: str) -> str:
        if not QGIS.is_dir():
            missing("QGIS (Debian's python3-qgis)", in_ci)
        offscreen = {"QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": str(tmp_path)}
        return _program(["/usr/bin/python3", "-c", CONSOLE + text], tmp_path, **offscreen)

    def python(text: str) -> str:
        return _program([sys.executable, "-c", text], tmp_path)

    return {"sh": shell, "pyqgis": qgis, "python": python, "sql": _sql}


def said(text: str) -> str:
    return "\n".join(ours or sqls for ours, sqls in SAYS.findall(text))


def asking(text: str, demo: Demo, key: str) -> str:
    """The text with the address of the demo and a key in it."""
    text = text.replace("http://localhost:8000", demo.url).replace("$KEY", key)
    return text.replace("localhost:8000", demo.url.removeprefix("http://"))


@pytest.mark.parametrize(("language", "text"), blocks())
def test_a_block_of_the_guide_does_what_it_says(language, text, demo, run):
    assert run[language](asking(text, demo, demo.api_key)) == said(text)


@pytest.mark.parametrize(("language", "text"), [each for each in blocks() if "$KEY" in each[1]])
def test_a_block_of_the_guide_sends_its_key(language, text, demo, run):
    """Most of it is answered without one too, but no wrong one is."""
    with suppress(Failed, duckdb.Error):
        assert run[language](asking(text, demo, "ek_live_none")) != said(text)


def test_the_guide_shows_each_client():
    assert len(blocks()) >= 13
    headings = re.findall(r"^## (.+)$", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    assert {"curl", "DuckDB", "polars", "pandas", "geopandas", "GDAL", "QGIS", "OWSLib", "sodapy"} <= set(
        headings
    )
