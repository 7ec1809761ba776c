"""Programs that others wrote read the collections as they come."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from threading import Thread
from urllib.parse import parse_qs, quote
from urllib.request import urlopen

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely
from owslib.ogcapi.features import Features
from pyproj import Transformer
from werkzeug.serving import make_server

pytestmark = pytest.mark.usefixtures("gdal_online")

MANY = 50_000


def source(served) -> str:
    return f"OAPIF:{served.url}"


@pytest.fixture
def heard(house) -> Iterator[tuple[str, list[str]]]:
    """The gateway of this process on a socket: its landing page, and every query that it was sent."""
    queries: list[str] = []

    def hearing(environ, start_response):
        queries.append(f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}")
        return house.gate(environ, start_response)

    server = make_server("127.0.0.1", 0, hearing, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/ogc/", queries
    server.shutdown()
    thread.join()
    server.server_close()


def test_gdal_learns_the_size_of_pages_from_the_definition_and_follows_next_as_it_is(heard):
    """It takes 1,000 where the default is less and the maximum allows it."""
    url, queries = heard
    # In a process of its own: GDAL waits for the answer and lets no other thread run meanwhile.
    read = f"import pyogrio; print(len(pyogrio.read_dataframe('OAPIF:{url}', layer='facilities')))"
    done = subprocess.run(
        [sys.executable, "-c", read], capture_output=True, text=True, timeout=300, check=True
    )
    assert done.stdout.strip() == "3000"
    pages = [parse_qs(query.partition("?")[2]) for query in queries if "/facilities/items?" in query]
    assert [page["limit"] for page in pages] == [["20"], ["1000"], ["1000"], ["1000"]]
    assert all("cursor" in page and page["crs"] == pages[1]["crs"] for page in pages[2:])
    assert any(query.startswith("/ogc/api") for query in queries)


def test_gdal_lists_the_collections(served):
    names = [name for name, _ in pyogrio.list_layers(source(served))]
    assert "facilities" in names


def test_gdal_reads_fifty_thousand_features_page_by_page_each_once(served):
    frame = pyogrio.read_dataframe(source(served), layer="facilities")
    assert len(frame) == MANY
    assert frame["관리번호"].is_unique
    assert (frame["시설명"].iloc[0], frame["종류"].iloc[1]) == ("해운대 음식점 0", "병원")
    assert frame.crs.equals("OGC:CRS84") or frame.crs.to_epsg() == 4326


def test_gdal_counts_without_reading(served):
    assert pyogrio.read_info(source(served), layer="facilities", force_feature_count=True)["features"] == MANY


def test_gdal_takes_the_types_of_properties_from_the_schema(served):
    told = pyogrio.read_info(source(served), layer="facilities")
    types = dict(zip(told["fields"], told["dtypes"], strict=True))
    assert types["면적"] == "float64"
    assert types["개방여부"] == "bool"
    assert types["수용인원"] in ("int64", "int32")
    assert "관리번호" in types


def test_gdal_reads_a_box(served):
    west, south, east, north = 129.05, 35.15, 129.06, 35.16
    frame = pyogrio.read_dataframe(source(served), layer="facilities", bbox=(west, south, east, north))
    expected = json.load(
        urlopen(f"{served.url}collections/facilities/items?bbox={west},{south},{east},{north}")
    )
    assert 0 < len(frame) == expected["numberMatched"]


def test_gdal_reads_in_the_plane_system_of_busan_with_x_to_the_east(served):
    """It turns northing and easting round by itself, as the register's order asks it to."""
    plane = pyogrio.read_dataframe(source(served), layer="facilities", max_features=200, CRS="EPSG:5187")
    round_ = pyogrio.read_dataframe(source(served), layer="facilities", max_features=200)
    assert plane.crs.to_epsg() == 5187
    move = Transformer.from_crs("OGC:CRS84", "EPSG:5187", always_xy=True).transform
    for got, from_ in zip(plane.geometry, round_.geometry, strict=True):
        assert np.allclose(got.coords[0], move(*from_.coords[0]), atol=0.02)


def test_gdal_filters_by_a_property(served):
    frame = pyogrio.read_dataframe(source(served), layer="facilities", where="\"관리번호\" = 'F000042'")
    assert list(frame["관리번호"]) == ["F000042"]


def test_geopandas_reads_the_dongs_of_busan(served, shared_data):
    frame = geopandas.read_file(source(served), layer="dongs", engine="pyogrio")
    assert (len(frame), frame["adm_nm"].str.startswith("부산광역시").all()) == (205, True)
    assert frame.geometry.is_valid.all()
    plane = frame.to_crs(5187)
    assert 700e6 < plane.area.sum() < 900e6


def test_geopandas_reads_geojson_straight_from_an_address(served):
    frame = geopandas.read_file(
        f"{served.url}collections/facilities/items?f=json&limit=1000&{quote('종류')}={quote('병원')}"
    )
    assert len(frame) == 1000
    assert set(frame["종류"]) == {"병원"}


def test_owslib_finds_and_reads_collections(served):
    api = Features(served.url)
    assert "facilities" in api.feature_collections()
    found = api.collection_items("facilities", limit=3)
    assert (len(found["features"]), found["numberMatched"]) == (3, MANY)
    assert api.collection("facilities")["itemType"] == "feature"
    assert "종류" in api.collection_queryables("facilities")["properties"]
    one = api.collection_item("facilities", "F000001")
    assert shapely.from_geojson(json.dumps(one["geometry"])).geom_type == "Point"
    assert any(each.endswith("features-1/1.0/conf/core") for each in api.conformance()["conformsTo"])


@pytest.mark.parametrize("bbox", [[129.05, 35.15, 129.06, 35.16]])
def test_owslib_asks_by_box(served, bbox):
    found = Features(served.url).collection_items("facilities", bbox=bbox, limit=10_000)
    assert found["numberReturned"] == found["numberMatched"]
