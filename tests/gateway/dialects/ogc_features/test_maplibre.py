"""MapLibre draws the dongs of Busan from our tiles, one by one and out of the file of all."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import numpy as np
import pyogrio
import pytest
import shapely
from playwright.sync_api import Page, sync_playwright
from services import missing

HERE = Path(__file__).parent / "maplibre"
# WebGL without a graphics card.
ARGUMENTS = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--disable-quic"]
RED, WHITE = [200, 30, 90], [255, 255, 255]
SEA = (129.33, 35.02)
PAGE = """<!doctype html><meta charset="utf-8"><style>body{margin:0}#map{width:900px;height:700px}</style>
<div id="map"></div>"""
DRAW = """([url, name]) => new Promise((drawn, failed) => {
  if (name) maplibregl.addProtocol('pmtiles', new pmtiles.Protocol().tile);
  const map = window.map = new maplibregl.Map({
    container: 'map', center: [129.06, 35.17], zoom: 9.6, fadeDuration: 0,
    canvasContextAttributes: {preserveDrawingBuffer: true},
    style: {version: 8, sources: {city: {type: 'vector', url}}, layers: [
      {id: 'sea', type: 'background', paint: {'background-color': '#fff'}},
      {id: 'dongs', type: 'fill', source: 'city', 'source-layer': 'dongs',
       paint: {'fill-color': 'rgb(200, 30, 90)', 'fill-antialias': false}},
      {id: 'sides', type: 'line', source: 'city', 'source-layer': 'dongs',
       paint: {'line-color': '#fff', 'line-width': 0.5}}]}});
  map.on('error', event => failed(event.error));
  map.on('idle', () => drawn(true));
})"""
COLOURS = """places => {
  const canvas = document.createElement('canvas'), seen = window.map.getCanvas();
  canvas.width = seen.width; canvas.height = seen.height;
  const flat = canvas.getContext('2d', {willReadFrequently: true});
  flat.drawImage(seen, 0, 0);
  const ratio = seen.width / seen.clientWidth;
  return places.map(place => {
    const {x, y} = window.map.project(place);
    return [...flat.getImageData(Math.round(x * ratio), Math.round(y * ratio), 1, 1).data.slice(0, 3)];
  });
}"""
NAMES = """places => places.map(place => window.map
  .queryRenderedFeatures(window.map.project(place), {layers: ['dongs']})
  .map(feature => feature.properties.adm_nm))"""


@pytest.fixture(scope="module")
def libraries(tmp_path_factory: pytest.TempPathFactory, in_ci: bool) -> Path:
    """The map libraries of the lock file, installed in a folder of the tests."""
    # Where the machine has no Node, the pages' scripts were built with one beside our Python.
    path = os.pathsep.join((os.environ["PATH"], str(Path(sys.executable).parent)))
    npm = shutil.which("npm", path=path)
    if npm is None:
        missing("npm", in_ci)
    folder = tmp_path_factory.mktemp("maplibre")
    for file in HERE.glob("package*.json"):
        shutil.copy(file, folder)
    command = [str(npm), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
    environ = {**os.environ, "PATH": path}
    done = subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        missing(f"a registry for npm ({done.stderr[-300:]})", in_ci)
    return folder / "node_modules"


@pytest.fixture
def page(libraries: Path, in_ci: bool) -> Iterator[Page]:
    """An empty map page in a Chromium that draws WebGL."""
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        missing("Chromium", in_ci)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        page = browser.new_page(viewport={"width": 900, "height": 700})
        page.set_content(PAGE)
        for script in ("maplibre-gl/dist/maplibre-gl.js", "pmtiles/dist/pmtiles.js"):
            page.add_script_tag(path=libraries / script)
        yield page
        browser.close()


@pytest.fixture(scope="module")
def dongs(shared_data: Path) -> tuple[list[str], Any]:
    """Names of the dongs, and a place in the midst of each."""
    file = shared_data / "boundary" / "hangjeongdong_부산광역시.geojson"
    _, _, shapes, columns = pyogrio.raw.read(file, columns=["adm_nm"])
    inner = shapely.maximum_inscribed_circle(shapely.from_wkb(shapes), 1e-4)
    wide = shapely.length(inner) > 0.006
    return list(columns[0][wide]), shapely.get_coordinates(inner)[::2][wide]


def seen_rightly(page: Page, dongs: tuple[list[str], Any]) -> None:
    """Every wide dong is coloured and called by its name, and the sea is not."""
    names, middles = dongs
    assert len(names) > 50
    colours = page.evaluate(COLOURS, middles.tolist())
    assert np.abs(np.array(colours) - RED).max() <= 2
    assert page.evaluate(COLOURS, [SEA]) == [WHITE]
    asked = page.evaluate(NAMES, middles.tolist())
    assert [name in found for name, found in zip(names, asked, strict=True)] == [True] * len(names)
    assert page.evaluate(NAMES, [SEA]) == [[]]


@pytest.mark.service("chromium")
def test_maplibre_draws_the_dongs_from_tilejson(served, page, dongs, tmp_path):
    page.evaluate(DRAW, [served.url.replace("/ogc/", "/api/v1/datasets/dongs/tiles.json"), None])
    page.screenshot(path=tmp_path / "dongs.png")
    seen_rightly(page, dongs)


@pytest.mark.service("chromium")
def test_maplibre_draws_the_dongs_from_the_file_of_all_tiles(served, page, dongs, tmp_path):
    file = served.url.replace("/ogc/", "/api/v1/datasets/dongs/download.pmtiles")
    _await_made(file)
    page.evaluate(DRAW, [f"pmtiles://{file}", "pmtiles"])
    page.screenshot(path=tmp_path / "archive.png")
    seen_rightly(page, dongs)


def _await_made(url: str) -> None:
    for _ in range(60):
        try:
            with urlopen(url, timeout=60):
                return
        except HTTPError as error:
            error.close()
            if error.code != 503:
                raise
            time.sleep(2)
    pytest.fail("the file was not made")
