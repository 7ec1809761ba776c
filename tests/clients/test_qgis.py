"""QGIS, as Debian has it, opens a collection, counts it, looks at a box and reads all of it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from urllib.request import urlopen

import pytest
from services import missing

PYTHON = Path("/usr/bin/python3")
SCRIPT = Path(__file__).with_name("qgis_reads.py")
MANY, FEW = 100_000, 5_000
BOX = "129.05,35.15,129.06,35.16"


@pytest.fixture
def seen(line, in_ci, tmp_path):
    if not (Path("/usr/lib/python3/dist-packages/qgis")).is_dir():
        missing("QGIS (Debian's python3-qgis)", in_ci)
    home = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [str(PYTHON), str(SCRIPT), f"{line.url}/ogc/", line.city.key],
        env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **home},
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.service("qgis")
def test_qgis_counts_looks_at_a_box_and_reads_five_thousand(seen, line):
    assert (seen["count"], seen["read"]) == (MANY, FEW)
    with urlopen(f"{line.city.url}/ogc/collections/facilities/items?bbox={BOX}&limit=10000") as answer:
        expected = [each["properties"]["관리번호"] for each in json.load(answer)["features"]]
    assert seen["within"] == sorted(expected)
    assert len(expected) > 100
    assert (seen["name"], seen["crs"]) == ("수영 병원 1", "EPSG:4326")
    assert seen["at"].startswith("Point (129.")
    assert (seen["fields"]["수용인원"], seen["fields"]["면적"]) == ("Integer", "Real")
    boxes = [each.path for each in line.asked if "facilities/items" in each.path and "bbox=" in each.path]
    assert boxes
    assert seen["keyed"] == FEW
    carried = [each for each in line.asked if f"apikey={line.city.key}" in each.path]
    assert {each.status for each in carried} == {200}
    assert any("libraries/items" in each.path for each in carried)
