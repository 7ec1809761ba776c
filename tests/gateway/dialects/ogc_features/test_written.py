"""Features put together from the JSON that is kept of rows are those that are written of their values."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from catalogue import encode_features
from catalogue.geometry import geometry_column
from gateway.dialects.ogc_features import geojson
from gateway.dialects.ogc_features.crs import CRS84
from schemas.query import RowQuery


@pytest.mark.parametrize("collection", ["facilities", "edges", "readings"])
def test_features_of_a_page_are_the_same_bytes(house, collection):
    catalogue = house.catalogue
    snapshot, query = catalogue.snapshot(collection), RowQuery(limit=50)
    page = catalogue.rows_of(snapshot, replace(query, written=True))

    assert page.written
    assert encode_features(page) == orjson.dumps(geojson.features(catalogue.rows_of(snapshot, query), CRS84))


@pytest.mark.parametrize("collection", ["facilities", "edges", "readings"])
def test_whatever_properties_and_system_are_asked_features_tell_the_same(house, collection):
    columns = house.catalogue.snapshot(collection).columns
    columns = [column.name for column in columns if column.name != geometry_column(columns)]
    plain = asked(house, collection)
    assert [list(feature["properties"]) for feature in plain] == [columns] * len(plain)
    assert plain == asked(house, collection, "crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84")

    turned = asked(house, collection, f"properties={','.join(reversed(columns))}")
    assert [list(feature["properties"]) for feature in turned] == [columns[::-1]] * len(turned)
    assert turned == plain
    moved = asked(house, collection, "crs=http://www.opengis.net/def/crs/EPSG/0/4326")
    assert [(f["id"], f["properties"]) for f in moved] == [(f["id"], f["properties"]) for f in plain]


def asked(house, collection, parameters=""):
    return house.json(f"/ogc/collections/{collection}/items?limit=20&{parameters}")["features"]
