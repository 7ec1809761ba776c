"""A MapServer, which is not ours, is read whole and in place, whatever it caps and however it turns axes."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyogrio
import pytest
import shapely
from pyproj import Transformer
from services import missing

from harvesters.formats import gis
from harvesters.sources import Visit, wfs
from schemas.dataset import Text
from schemas.feed import Feed, FormatSpec, SourceSpec

COUNT = 60
HERE = {n: (129.0 + n / 500, 35.0 + n / 900) for n in range(COUNT)}
MAP = """
MAP
  EXTENT {extent}
  PROJECTION "init=epsg:{code}" END
  WEB METADATA
    "ows_title" "City"
    "ows_onlineresource" "{url}"
    "ows_srs" "EPSG:{code}"
    "wfs_enable_request" "*"
    {lines}
  END END
  OUTPUTFORMAT
    NAME "geojson"
    DRIVER "OGR/GEOJSON"
    MIMETYPE "application/json; subtype=geojson"
    FORMATOPTION "STORAGE=stream"
    FORMATOPTION "FORM=SIMPLE"
  END
  LAYER
    NAME "parks"
    TYPE POINT
    STATUS ON
    CONNECTIONTYPE OGR
    CONNECTION "{file}"
    DATA "parks"
    PROJECTION "init=epsg:{code}" END
    METADATA
      "wfs_title" "Parks"
      "gml_include_items" "all"
      "gml_featureid" "number"
      "wfs_srs" "EPSG:{code}"
    END
  END
END
"""

Serve = Callable[..., str]


@pytest.fixture
def serve(site, respond, tmp_path: Path, in_ci: bool) -> Serve:
    """Serve the places in a CRS, with these lines for the service; returns its address."""
    program = shutil.which("mapserv")
    if program is None:
        missing("MapServer (mapserver-bin)", in_ci)
    (tmp_path / "mapserver.conf").write_text('CONFIG ENV MS_MAP_PATTERN "." END END\n', "utf-8")

    def answer(request: Any) -> None:
        asked = {"REQUEST_METHOD": "GET", "QUERY_STRING": urlsplit(request.path).query}
        mine = {"MS_MAPFILE": tmp_path / "city.map", "MAPSERVER_CONFIG_FILE": tmp_path / "mapserver.conf"}
        environ = {"PATH": os.environ["PATH"], "SERVER_NAME": "127.0.0.1", **asked} | {
            name: str(path) for name, path in mine.items()
        }
        said = subprocess.run([str(program)], env=environ, capture_output=True, timeout=20, check=False)
        head, _, body = said.stdout.partition(b"\r\n\r\n")
        respond(request, body, Content_Type=head.decode().partition(": ")[2].split("\r\n")[0])

    def serving(code: int, *lines: str) -> str:
        to = Transformer.from_crs(4326, code, always_xy=True)
        places = shapely.to_wkb([shapely.Point(to.transform(*place)) for place in HERE.values()])
        table = pa.table({"number": list(HERE), "name": [f"공원 {n}" for n in HERE], "geometry": places})
        options = {"crs": f"EPSG:{code}", "geometry_type": "Point", "geometry_name": "geometry"}
        pyogrio.write_arrow(table, tmp_path / "parks.gpkg", driver="GPKG", layer="parks", **options)
        filled = MAP.format(
            code=code,
            url=site.url("/wfs"),
            lines="\n".join(lines),
            file=tmp_path / "parks.gpkg",
            extent=" ".join(map(str, to.transform_bounds(124, 33, 132, 39))),
        )
        (tmp_path / "city.map").write_text(filled, "utf-8")
        site.routes["/wfs"] = answer
        return site.url("/wfs")

    return serving


def places(site, folder: Path, **options: Any) -> dict[int, tuple[float, float]]:
    """Where each place is that the layer gives, in longitude and latitude."""
    feed = Feed("parks", Text("공원"), "부산", "KOGL-1", SourceSpec("wfs", {"layer": "parks", **options}))
    raw = wfs.read(Visit(feed, site.fetch(), folder))
    (found,) = gis.read(raw.path, FormatSpec())
    shapes = shapely.from_wkb(found.table["geometry"].to_numpy())
    to = Transformer.from_crs(found.crs, 4326, always_xy=True)
    numbers = [int(n) for n in found.table["number"].to_pylist()]
    assert len(numbers) == len(set(numbers)) == raw.expected
    return {n: to.transform(shape.x, shape.y) for n, shape in zip(numbers, shapes, strict=True)}


@pytest.mark.parametrize("version", ["2.0.0", "1.1.0"])
@pytest.mark.parametrize("code", [4326, 5186])
@pytest.mark.parametrize("page_size", [5_000, 25])
def test_every_place_comes_once_and_where_it_is(
    site, serve: Serve, tmp_path: Path, version: str, code: int, page_size: int
) -> None:
    url = serve(code)
    found = places(site, tmp_path, url=url, version=version, page_size=page_size)
    assert found.keys() == HERE.keys()
    assert all(found[n] == pytest.approx(HERE[n], abs=1e-5) for n in HERE)


@pytest.mark.parametrize("version", ["2.0.0", "1.1.0"])
@pytest.mark.parametrize("page_size", [5_000, 10])
def test_a_service_that_counts_no_further_than_it_gives_at_once_is_read_to_its_end(
    site, serve: Serve, tmp_path: Path, version: str, page_size: int
) -> None:
    url = serve(4326, '"wfs_maxfeatures" "20"', '"wfs_getfeature_formatlist" "geojson"')
    found = places(site, tmp_path, url=url, version=version, page_size=page_size)
    assert found.keys() == HERE.keys()
