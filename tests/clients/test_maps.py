"""Programs for maps read the files as they come."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from urllib.parse import quote
from urllib.request import Request, urlopen

import geopandas
import pytest
import shapely

pytestmark = pytest.mark.usefixtures("gdal_online")

MANY = 100_000


def test_geopandas_reads_geojson_from_an_address(city):
    frame = geopandas.read_file(
        city.rows("facilities") + f"/rows?format=geojson&limit=1000&{quote('종류')}={quote('병원')}"
    )
    assert (len(frame), set(frame["종류"]), frame.crs.to_epsg()) == (1000, {"병원"}, 4326)


def test_geopandas_reads_geoparquet_and_a_box_of_it(city):
    with urlopen(city.rows("facilities") + "/download.parquet") as answer:
        file = io.BytesIO(answer.read())
    frame = geopandas.read_parquet(file)
    assert (len(frame), frame.crs.to_string()) == (MANY, "OGC:CRS84")
    box = (129.05, 35.15, 129.06, 35.16)
    within = geopandas.read_parquet(file, bbox=box)
    assert 0 < len(within) == int(frame.intersects(shapely.box(*box)).sum())


def test_gdal_reads_geopackage_and_flatgeobuf_from_an_address(city):
    for name in ("download.gpkg", "download.fgb"):
        frame = geopandas.read_file(city.rows("libraries") + f"/{name}")
        assert (len(frame), frame["관리번호"].is_unique) == (5_000, True), name


def test_gdal_reads_a_box_of_a_flatgeobuf_by_ranges(line):
    url = line.rows("facilities") + "/download.fgb"
    box = (129.05, 35.15, 129.06, 35.16)
    # In a process of its own: GDAL waits for the answer and lets no other thread run meanwhile.
    found = _in_a_process(f"print(len(geopandas.read_file('/vsicurl/{url}', bbox={box})))")
    with urlopen(
        line.city.rows("facilities") + "/rows?bbox=129.05,35.15,129.06,35.16&limit=1&count=exact"
    ) as rows:
        assert int(found) == json.load(rows)["count"]
    with urlopen(Request(line.city.rows("facilities") + "/download.fgb", method="HEAD")) as whole:
        assert line.bytes < int(whole.headers["Content-Length"]) / 2


def test_geopandas_reads_the_dongs_of_busan(city, shared_data):
    frame = geopandas.read_file(city.rows("dongs") + "/download.geojson")
    assert (len(frame), frame["adm_nm"].str.startswith("부산광역시").all()) == (205, True)
    assert 700e6 < frame.to_crs(5187).area.sum() < 900e6


def _in_a_process(lines: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", f"import geopandas\n{lines}"],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    return done.stdout.strip()
