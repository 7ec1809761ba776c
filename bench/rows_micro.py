"""Measure snapshots, row indexes and row queries without HTTP, on synthetic readings and places.

Run: python -m bench.rows_micro [readings] [places]     (default 1,000,000 and 100,000)
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from catalogue import encode, snapshots
from catalogue.publication import Publication
from catalogue.rows import Rows
from catalogue.storage import Storage
from schemas.arrow import arrow_schema
from schemas.conditions import Filter
from schemas.dataset import Column, Dataset, Text
from schemas.query import Order, RowQuery
from schemas.run import REJECTS
from schemas.snapshot import Snapshot

SEED = 20261125
STATIONS = 500
NOW = datetime(2026, 11, 25, tzinfo=UTC)
READINGS = (
    Column("station", "text", key=True, role="key"),
    Column("measured_at", "time", key=True, role="time"),
    Column("road", "text"),
    Column("speed", "number", unit="km/h"),
    Column("volume", "integer"),
    Column("level", "text", role="code"),
    Column("working", "boolean"),
)
PLACES = (
    Column("id", "text", key=True, role="key"),
    Column("name", "text"),
    Column("district", "text"),
    Column("capacity", "integer"),
    Column("geometry", "geometry", role="geometry"),
)


def readings(count: int) -> Publication:
    """Readings every five minutes, as a feed appends them: by time, all stations of one time together."""
    chance, places = np.random.default_rng(SEED), np.arange(count)
    station = pa.array(places % STATIONS)
    instant = 1_763_900_000_000_000 + places // STATIONS * 300_000_000
    names = pa.array([f"S{i:04}" for i in range(STATIONS)]).take(station)
    values = [
        pc.binary_join_element_wise(names, pa.array(instant).cast(pa.string()), "~"),
        names,
        pa.array(instant).cast(pa.timestamp("us", "UTC")),
        pa.array([f"중앙대로{i % 120}" for i in range(STATIONS)]).take(station),
        pa.array(np.round(chance.uniform(0, 110, count), 1)),
        pa.array(chance.integers(0, 2_000, count)),
        pa.array(["원활", "서행", "정체"]).take(pa.array(chance.integers(0, 3, count))),
        pa.array(chance.random(count) > 0.1),
    ]
    return _publication("readings", READINGS, values)


def places(count: int) -> Publication:
    """Facilities spread over a city of 45 by 44 km."""
    chance = np.random.default_rng(SEED)
    points = shapely.points(chance.uniform(128.8, 129.3, count), chance.uniform(35.0, 35.4, count))
    ids = pa.array([f"P{i}" for i in range(count)])
    names = pa.array([f"시설 {i}" for i in range(count)])
    districts = pa.array([f"구{i % 16}" for i in range(count)])
    values = [ids, ids, names, districts, pa.array(chance.integers(0, 500, count))]
    return _publication("places", PLACES, [*values, pa.array(shapely.to_wkb(points))])


def _publication(name: str, columns: tuple[Column, ...], values: list[pa.Array]) -> Publication:
    dataset = Dataset(name, Text(en=name), "synthetic", "CC0-1.0", name)
    rows = pa.Table.from_arrays(values, schema=arrow_schema(columns))
    return Publication(dataset, columns, rows, REJECTS.empty_table())


def queries() -> dict[str, tuple[str, RowQuery]]:
    newest = (Order("measured_at", True),)
    box, wide = (129.0, 35.2, 129.03, 35.23), (129.0, 35.2, 129.2, 35.4)
    return {
        "one station, newest first": (
            "readings",
            RowQuery((Filter("station", "eq", "S0123"),), order=newest),
        ),
        "as stored": ("readings", RowQuery()),
        "newest of all": ("readings", RowQuery(order=newest)),
        "a code, newest first": ("readings", RowQuery((Filter("level", "eq", "정체"),), order=newest)),
        "a rare speed": ("readings", RowQuery((Filter("speed", "lt", 0.05),))),
        "fastest of all": ("readings", RowQuery(order=(Order("speed", True),))),
        "one row by id": ("places", RowQuery((Filter("_id", "eq", "P77"),))),
        "box of 3 km": ("places", RowQuery(bbox=box)),
        "box of 3 km, counted": ("places", RowQuery(bbox=box, count=True)),
        "box of 20 km": ("places", RowQuery(bbox=wide)),
        "a district, largest first": (
            "places",
            RowQuery((Filter("district", "eq", "구3"),), order=(Order("capacity", True),)),
        ),
    }


def timed(label: str, work: Callable[[], object]) -> None:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    print(f"{label:34} {time.perf_counter() - wall:8.2f} s {time.process_time() - cpu:8.2f} s CPU")


def measured(label: str, rows: Rows, snapshot: Snapshot, query: RowQuery) -> None:
    """Times of reading a page and encoding it as JSON."""
    seconds, cpu, until = [], time.process_time(), time.perf_counter() + 1
    while time.perf_counter() < until or len(seconds) < 10:
        began = time.perf_counter()
        encode.page(rows.read(snapshot, query), "json")
        seconds.append(time.perf_counter() - began)
    cpu = (time.process_time() - cpu) / len(seconds) * 1e3
    p50, p99 = np.percentile(seconds, [50, 99]) * 1e3
    print(f"{label:34} {cpu:8.2f} {p50:8.2f} {p99:8.2f}")


def main(counts: tuple[int, int]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        storage, found = Storage(Path(folder) / "storage"), {}
        indexed, scanned = Rows(storage, Path(folder) / "index"), Rows(storage, Path(folder) / "none")
        for publication in (readings(counts[0]), places(counts[1])):
            name, size = publication.dataset.id, len(publication.rows)
            timed(
                f"write {size} {name}",
                lambda p=publication, n=name: found.update({n: snapshots.write(p, storage, n, NOW)}),
            )
            timed(f"index {size} {name}", lambda n=name: indexed.build(found[n]))
            size = (Path(folder) / "index").joinpath(f"{name}.2.sqlite").stat().st_size
            print(f"{name}: Parquet {found[name].bytes / 1e6:.1f} MB, index {size / 1e6:.1f} MB")
        for way, rows in (("with the row index", indexed), ("without", scanned)):
            print(f"\n{way + ', a page of 100 as JSON':34} {'CPU ms':>8} {'p50 ms':>8} {'p99 ms':>8}")
            for label, (name, query) in queries().items():
                measured(label, rows, found[name], query)
            rows.close()


if __name__ == "__main__":
    given = [int(argument) for argument in sys.argv[1:]]
    main((*given, *(1_000_000, 100_000)[len(given) :]))
