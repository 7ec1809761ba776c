"""Files of whole snapshots: made once however many ask, never half, never waited for long."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from waiting import wait_for

from catalogue import encode, snapshots
from catalogue.encode.downloads import Downloads
from catalogue.publication import Publication
from catalogue.storage import Storage
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.problem import BadInput
from schemas.run import REJECTS

COLUMNS = (Column("name", "text"), Column("n", "integer"), Column("geometry", "geometry", role="geometry"))
HERE = shapely.to_wkb(shapely.Point(129.1, 35.1))
ROWS = [(str(i), f"나무 {i}", i, HERE) for i in range(50)]


def exports(storage, folder, **settings):
    return encode.Exports(storage, folder / "exports", **settings)


def million(folder):
    """A million readings in a folder."""
    columns = (
        Column("link", "text"),
        Column("at", "time"),
        Column("speed", "number"),
        Column("jam", "boolean"),
    )
    places, chance = np.arange(1_000_000), np.random.default_rng(1)
    links = pa.array([f"L{i:04}" for i in range(700)]).take(pa.array(places % 700))
    values = [
        pa.array(places).cast(pa.string()),
        links,
        pa.array(1_763_900_000_000_000 + places // 700 * 300_000_000).cast(pa.timestamp("us", "UTC")),
        pa.array(np.round(chance.uniform(0, 110, len(places)), 1)),
        pa.array(chance.random(len(places)) < 0.3),
    ]
    table = pa.Table.from_arrays(values, schema=arrow_schema(columns))
    storage, dataset = (
        Storage(folder / "storage"),
        Dataset("speeds", Text("속도"), "부산광역시", "KOGL-1", "speeds"),
    )
    publication = Publication(dataset, columns, table, REJECTS.empty_table())
    return storage, snapshots.write(publication, storage, "s1", datetime(2026, 11, 25, tzinfo=UTC))


@pytest.mark.parametrize("name", list(encode.DOWNLOADS))
def test_the_same_snapshot_gives_the_same_bytes_wherever_it_is_made(land, tmp_path, name):
    storage, snapshot = land(tmp_path, COLUMNS, ROWS, parts=2)
    one = exports(storage, tmp_path / "one").make(snapshot, name)
    time.sleep(0.01)
    other = exports(storage, tmp_path / "other").make(snapshot, name)
    assert (one.sha256, one.etag) == (other.sha256, other.etag)
    assert one.sha256 == hashlib.sha256(one.path.read_bytes()).digest()


def test_many_that_ask_at_once_get_one_file(land, tmp_path):
    storage, snapshot = land(tmp_path, COLUMNS, ROWS)
    with ThreadPoolExecutor(8) as crowd:
        asked = [crowd.submit(exports(storage, tmp_path).make, snapshot, "gpkg") for _ in range(8)]
        made = {each.result().path.stat().st_ino for each in asked}
    assert len(made) == 1
    assert sorted(file.suffix for file in (tmp_path / "exports").iterdir()) == [".gpkg", ".sha256"]


def test_what_cannot_be_had_is_refused(land, tmp_path):
    storage, snapshot = land(tmp_path, COLUMNS[:2], [row[:3] for row in ROWS])
    for name in ("gpkg", "geojson.gz", "parquet.gz", "xml"):
        with pytest.raises(BadInput):
            exports(storage, tmp_path).make(snapshot, name)


def test_what_was_not_asked_for_longest_makes_room(land, tmp_path):
    storage, snapshot = land(tmp_path, COLUMNS, ROWS)
    files = exports(storage, tmp_path)
    first = files.make(snapshot, "csv")
    time.sleep(0.01)
    second = files.make(snapshot, "ndjson")
    time.sleep(0.01)
    assert files.ready(snapshot, "csv") is not None  # which makes it the latest asked for
    small = exports(storage, tmp_path, most_bytes=first.path.stat().st_size + 1_000)
    time.sleep(0.01)
    small.make(snapshot, "csv.zst")
    assert (first.path.exists(), second.path.exists()) == (True, False)
    assert small.make(snapshot, "ndjson").sha256 == second.sha256


def test_small_snapshots_are_made_beforehand_and_large_ones_where_somebody_asked(land, tmp_path):
    storage, snapshot = land(tmp_path, COLUMNS, ROWS)
    files = exports(storage, tmp_path)
    downloads = Downloads(files, tmp_path / "asked")
    downloads.prepare(snapshot)
    assert [name for name in encode.DOWNLOADS if files.ready(snapshot, name)] == ["csv", "geojson", "parquet"]
    large = replace(snapshot, id="s2", rows=2_000_000)
    downloads.prepare(large)
    assert not [name for name in encode.DOWNLOADS if files.ready(large, name)]
    downloads.soon(snapshot, "fgb")
    downloads.prepare(large)
    assert [name for name in encode.DOWNLOADS if files.ready(large, name)] == ["fgb"]
    downloads.close()


def test_nobody_waits_long_for_a_million_rows(tmp_path):
    storage, snapshot = million(tmp_path)
    downloads = Downloads(exports(storage, tmp_path), tmp_path / "asked", patience=0.05)
    with pytest.raises(encode.BeingMade, match=r"csv of speeds.*ask again"):
        downloads.soon(snapshot, "csv")
    made = wait_for(lambda: downloads.exports.ready(snapshot, "csv"))
    assert downloads.soon(snapshot, "csv") == made
    assert made.path.read_bytes().count(b"\n") == 1_000_001
    downloads.close()


def test_the_layer_of_a_file_tells_its_name_its_place_on_earth_and_its_types(land, tmp_path):
    columns = (*COLUMNS[:2], Column("FID", "integer"), Column("Name", "text"), COLUMNS[2])
    storage, snapshot = land(tmp_path, columns, [("0", "가", 1, 7, "나", HERE)])
    for name, names in (
        ("gpkg", ["_id", "name", "n", "FID", "Name_2"]),
        ("fgb", ["_id", "name", "n", "FID", "Name"]),
    ):
        told = pyogrio.read_info(exports(storage, tmp_path).make(snapshot, name).path)
        assert (told["layer_name"], told["geometry_type"], told["crs"]) == ("trees", "Point", "EPSG:4326")
        assert (list(told["fields"]), told["features"]) == (names, 1)


def test_a_geopackage_is_of_a_version_that_older_programs_know(land, tmp_path):
    storage, snapshot = land(tmp_path, COLUMNS, [("0", "가", 1, HERE)])
    with closing(sqlite3.connect(exports(storage, tmp_path).make(snapshot, "gpkg").path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (10_200,)


_MEASURE = """
import resource, sys
sys.path[:0] = {path!r}
from pathlib import Path
import test_downloads as here
from catalogue import encode
from catalogue.encode.export import answer_of
from catalogue.rows.engines.flow import Flow
storage, snapshot = here.million(Path({folder!r}))
def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
before = peak()
for format in ("csv", "ndjson", "parquet", "arrow", "xlsx"):
    for _ in encode.stream(answer_of(snapshot, Flow(snapshot.columns, snapshot.rows, None), storage), format):
        pass
print(peak() - before)
"""


def test_a_million_rows_are_streamed_at_constant_memory(tmp_path):
    """Another process, since the peak of this one tells of other tests."""
    script = _MEASURE.format(path=[str(Path(__file__).parent), *sys.path], folder=str(tmp_path))
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 300
