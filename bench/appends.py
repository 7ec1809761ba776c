"""A day of a live feed, compressed in time: an append for each minute, parts joined, rows read all along."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa

from catalogue import Catalogue, Publication, open_catalogue, open_engine
from config.migrations import upgrade
from schemas.arrow import arrow_schema
from schemas.conditions import Filter
from schemas.dataset import Column, Dataset, Text
from schemas.query import Order, RowQuery
from schemas.run import REJECTS, Run

MINUTES, ROWS = 1_440, 1_000
READS = 15
MIDNIGHT = datetime(2026, 3, 1, tzinfo=UTC)
COLUMNS = (
    Column("vehicle", "text", key=True, role="key"),
    Column("at", "time", key=True, role="time"),
    Column("line", "text"),
    Column("lon", "number", unit="deg"),
    Column("lat", "number", unit="deg"),
    Column("speed", "number", unit="km/h"),
)
BUSES = Dataset("buses", Text("버스 위치", "Bus positions (synthetic)"), "bench", "CC0-1.0", "buses")


@dataclass(frozen=True)
class Minute:
    """Milliseconds that one append took, by the clock and of CPU, and the joining of parts after it."""

    commit: float
    cpu: float
    joining: float
    parts: int


def main() -> None:
    """Print a line for each quarter of the day."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--minutes", type=int, default=MINUTES)
    asked.add_argument("--rows", type=int, default=ROWS)
    chosen = asked.parse_args()
    with TemporaryDirectory(prefix="entrepot-bench-") as name:
        folder = Path(name)
        catalogue = _open(folder)
        print(f"{chosen.minutes} appends of {chosen.rows:,} rows, fsync and SQL commit included")
        for quarter in range(4):
            minutes = range(quarter * chosen.minutes // 4, (quarter + 1) * chosen.minutes // 4)
            took = [_append(catalogue, minute, chosen.rows) for minute in minutes]
            print(_line(quarter + 1, took, catalogue, minutes[-1], folder))
        catalogue.close()


def _open(folder: Path) -> Catalogue:
    url = f"sqlite:///{folder / 'entrepot.db'}"
    upgrade(url)
    return open_catalogue(
        url, folder / "parts", open_engine(None, folder / "search"), index_folder=folder / "derived"
    )


def _append(catalogue: Catalogue, minute: int, count: int) -> Minute:
    publication = _positions(minute, count)
    run = Run(f"r{minute:06}", "buses", "buses", "running", read=count, published=count)
    start, cpu = time.perf_counter(), time.process_time()
    landed = catalogue.append(publication, run)
    committed, used = time.perf_counter(), time.process_time()
    catalogue.tend("buses")
    joined = time.perf_counter()
    assert landed.inserted == count
    parts = len(catalogue.snapshot("buses").parts)
    return Minute(1e3 * (committed - start), 1e3 * (used - cpu), 1e3 * (joined - committed), parts)


def _positions(minute: int, count: int) -> Publication:
    at, numbers = MIDNIGHT + timedelta(minutes=minute), np.random.default_rng(minute)
    vehicles = [f"bus-{number:05}" for number in range(count)]
    cells = [
        [f"{vehicle}~{at:%Y-%m-%dT%H:%M:%SZ}" for vehicle in vehicles],
        vehicles,
        [at] * count,
        [str(number % 180) for number in range(count)],
        numbers.uniform(128.8, 129.3, count).round(6),
        numbers.uniform(35.0, 35.4, count).round(6),
        numbers.uniform(0, 80, count).round(1),
    ]
    return Publication(BUSES, COLUMNS, pa.table(cells, schema=arrow_schema(COLUMNS)), REJECTS.empty_table())


def _line(quarter: int, took: Sequence[Minute], catalogue: Catalogue, minute: int, folder: Path) -> str:
    files = [file.stat().st_size for file in (folder / "parts").rglob("*.parquet")]
    since = Filter("at", "gt", MIDNIGHT + timedelta(minutes=minute - 30))
    bus = (Filter("vehicle", "eq", "bus-00007"), since)
    asked = {
        "page": RowQuery(filters=(since,), limit=1_000),
        "count": RowQuery(filters=(since,), limit=1, count=True),
        "one bus": RowQuery(filters=bus, order=(Order("at"),)),
        "latest": RowQuery(order=(Order("at", True),), limit=100),
        "day, page": RowQuery(limit=1_000),
        "day, count": RowQuery(filters=(Filter("speed", "gte", 40.0),), limit=1, count=True),
    }
    commit, joining = [each.commit for each in took], [each.joining for each in took]
    written = (
        f"quarter {quarter}: commit p50 {statistics.median(commit):.1f} p99 {np.quantile(commit, 0.99):.1f}"
        f" ms, CPU p50 {statistics.median(each.cpu for each in took):.1f} ms;"
        f" joining mean {statistics.mean(joining):.1f} most {max(joining):.0f} ms;"
        f" parts at most {max(each.parts for each in took)}, files {len(files)}, {sum(files) / 1e6:.1f} MB"
    )
    read = ", ".join(f"{name} {_milliseconds(catalogue, query)}" for name, query in asked.items())
    return f"{written}\n  ms (CPU) of 30 minutes: {read}"


def _milliseconds(catalogue: Catalogue, query: RowQuery) -> str:
    took, used = [], []
    for _ in range(READS):
        start, cpu = time.perf_counter(), time.process_time()
        catalogue.rows("buses", query)
        took.append(1e3 * (time.perf_counter() - start))
        used.append(1e3 * (time.process_time() - cpu))
    return f"{statistics.median(took):.1f} ({statistics.median(used):.1f})"


if __name__ == "__main__":
    main()
