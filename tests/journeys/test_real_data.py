"""Real feeds over the real line: every format and every walk gives the same rows, codes keep their zeros."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from urllib.parse import quote

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from python_calamine import CalamineWorkbook

FEEDS = ("seoul-car-parks", "seoul-air", "seoul-gu-bessel", "gangdong-petrol")


def features(data, ending):
    """How many features GDAL counts in a file of theirs."""
    with tempfile.NamedTemporaryFile(suffix=ending) as file:
        file.write(data)
        file.flush()
        return pyogrio.read_info(file.name, force_feature_count=True)["features"]


def lines(data):
    """How many lines a workbook's sheet has under its head."""
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).height - 1


COUNTS = {
    "json": lambda data: len(json.loads(data)["items"]),
    "csv": lambda data: sum(1 for _ in csv.DictReader(io.StringIO(data.decode()))),
    "geojson": lambda data: len(json.loads(data)["features"]),
    "ndjson": lambda data: len(data.splitlines()),
    "parquet": lambda data: pq.read_table(io.BytesIO(data)).num_rows,
    "arrow": lambda data: pa.ipc.open_stream(data).read_all().num_rows,
    "geojson-seq": lambda data: data.count(b"\x1e"),
    "fgb": lambda data: features(data, ".fgb"),
    "gpkg": lambda data: features(data, ".gpkg"),
    "xlsx": lines,
}


@pytest.fixture(scope="module")
def served(shared_platform, shared_data):
    platform = shared_platform
    platform.settings["ENTREPOT_FEEDS"] = "tests/feeds"
    outcomes = platform.harvest(*FEEDS)
    assert {feed: outcomes[feed]["status"] for feed in FEEDS} == dict.fromkeys(FEEDS, "published")
    platform.serve()
    return outcomes


def test_every_way_to_the_rows_gives_the_same_rows(shared_platform, served):
    platform = shared_platform
    for dataset in FEEDS:
        path = f"/api/v1/datasets/{dataset}"
        described = platform.ask(path).json
        assert described["rows"] == served[dataset]["published"]
        seen, url = [], f"{path}/rows?limit=1000&select=_id"
        while url:
            page = platform.ask(url).json
            seen += [row["_id"] for row in page["items"]]
            url = page.get("next")
        assert len(seen) == len(set(seen)) == described["rows"]
        columns = {column["name"] for column in platform.ask(f"{path}/schema").json["columns"]}
        (first, *_) = platform.ask(f"{path}/rows?limit=1").json["items"]
        assert set(first) == columns | {"_id"}
        for format in described["formats"]:
            whole = platform.ask(f"{path}/download.{format}")
            assert whole.status == 200, (dataset, format)
            assert COUNTS[format](whole.body) == described["rows"], (dataset, format)
            page = platform.ask(f"{path}/rows?limit=7&format={format}")
            assert COUNTS[format](page.body) == 7
        rejects = platform.ask(f"{path}/rejects").json
        assert rejects["total"] >= served[dataset]["rejected"]


def test_real_rows_are_asked_in_korean_and_by_place(shared_platform, served):
    platform = shared_platform
    gangdong = platform.ask("/api/v1/datasets/seoul-gu-bessel/rows?bbox=127.15,37.53,127.16,37.54").json
    assert any("강동구" in map(str, row.values()) for row in gangdong["items"])
    columns = platform.ask("/api/v1/datasets/seoul-car-parks/schema").json["columns"]
    codes = [column["name"] for column in columns if column["type"] == "text"]
    rows = platform.ask("/api/v1/datasets/seoul-car-parks/rows?limit=1000").json["items"]
    zeros = {name for name in codes for row in rows if str(row[name] or "").startswith("0")}
    assert zeros
    nowhere = platform.ask("/api/v1/datasets/seoul-car-parks/rows?geometry__isnull=true&count=exact&limit=1")
    assert nowhere.json["count"] == 353
    found = platform.ask(f"/api/v1/datasets?q={quote('대기오염도')}").json
    assert [item["id"] for item in found["items"]] == ["seoul-air"]
