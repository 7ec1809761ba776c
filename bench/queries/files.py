"""Whole answers and long walks: deep pages, cached ones, exports, and the file that pygeoapi is given."""

from __future__ import annotations

import json
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.queries.load import Server, ask
from bench.queries.questions import PLACES, ROWS
from bench.queries.servers import get

DEEP = 1_000_000
TIMES = 30
PATIENCE = 20
"""Seconds after which a stream is cut off: its rate is known by then."""


def places(ours: Server, folder: Path) -> Path:
    """The facilities as pygeoapi's Parquet provider likes them: flat coordinates, small groups."""
    file = folder / "places.parquet"
    file.write_bytes(get(f"{ours.url}/api/v1/datasets/facilities/download.parquet", ours.headers))
    rows = pq.read_table(file)
    corner = rows["bbox"].combine_chunks()
    for name, side in (("longitude", "xmin"), ("latitude", "ymin")):
        at = corner.field(side)
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, at) if place >= 0 else rows.append_column(name, at)
    rows = rows.drop_columns(["bbox"])
    pq.write_table(pa.table(rows).replace_schema_metadata(rows.schema.metadata), file, row_group_size=8192)
    return file


def deep(found: Mapping[str, Server], readings: int) -> None:
    """The first page in an order, and the page behind a million rows of it, by cursor and by offset."""
    ours, depth = found["entrepot"], min(DEEP, readings - 10_000)
    print(f"\nthe page behind {depth:,} rows, against the first, ms (medians)")
    for order in ("", "&order=-at"):
        first = f"{ours.url}{ROWS}?limit=100{order}"
        cursor, behind = f"{ours.url}{ROWS}?limit=10000{order}", 0
        while behind < depth:
            cursor = json.loads(get(cursor, ours.headers))["next"]
            behind += 10_000
        cursor = cursor.replace("limit=10000", "limit=100")
        at_first, at_depth = _median(first, ours), _median(cursor, ours)
        by_offset = _median(f"{first}&offset={depth}", ours)
        print(
            f"  entrepot  {order or 'in place':12} first {at_first:7.2f}  cursor {at_depth:7.2f} "
            f"({at_depth / at_first:.2f}x)  offset {by_offset:7.2f}",
            flush=True,
        )


def cached(ours: Server, seconds: int, folder: Path) -> None:
    """One page made anew each time, given from memory, and told to a client that has it already."""
    path = f"{PLACES}?bbox=129.0,35.1,129.03,35.13&limit=100"
    with urllib.request.urlopen(urllib.request.Request(ours.url + path, headers=ours.headers)) as answer:
        tag = answer.headers["ETag"].replace('"', '\\"')
    key = {name: value for name, value in ours.headers.items() if name != "Cache-Control"}
    print("\nthe same page, 8 clients")
    for title, headers in (
        ("uncached", ours.headers),
        ("cached", key),
        ("304", key | {"If-None-Match": tag}),
    ):
        server = Server(ours.name, ours.url, ours.processes, headers)
        print(f"  {title:15} {ask(server, [path], 8, seconds, folder)}", flush=True)


def exports(found: Mapping[str, Server], reached: str | None) -> None:
    """All rows of a filter, computed as they are sent: rows and megabytes a second."""
    ours = found["entrepot"]
    print("\nwhole exports, computed on the fly")
    for format in ("csv", "ndjson", "parquet", "arrow"):
        url = f"{ours.url}/api/v1/datasets/readings/export.{format}?speed__gte=0"
        _told(f"entrepot {format}", lambda url=url: _drained(url, ours.headers))
    if "datasette" in found:
        url = f"{found['datasette'].url}/readings/rows.csv?_stream=on&_size=max"
        _told("datasette csv", lambda: _drained(url, {}))
    if reached:
        copy = ["psql", reached, "-c", "COPY readings TO STDOUT CSV HEADER"]
        _told("COPY csv", lambda: len(subprocess.run(copy, check=True, capture_output=True).stdout))


def _told(title: str, take: Callable[[], int]) -> None:
    began = time.monotonic()
    try:
        size = take()
    except OSError as fault:
        print(f"  {title:18} {fault}")
        return
    seconds = time.monotonic() - began
    cut = "  (cut off)" if seconds > PATIENCE else ""
    print(
        f"  {title:18} {size / 1e6:8.1f} MB  {seconds:6.2f} s  {size / 1e6 / seconds:7.1f} MB/s{cut}",
        flush=True,
    )


def _drained(url: str, headers: dict[str, str]) -> int:
    """Bytes of an answer, or of as much as comes within a bounded time."""
    size, until = 0, time.monotonic() + PATIENCE
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=600) as answer:
        while time.monotonic() < until and (piece := answer.read1(1 << 20)):
            size += len(piece)
    return size


def _median(url: str, server: Server) -> float:
    """Milliseconds of pages of a hundred rows and a few, no two of the same length."""
    taken = []
    for _ in range(TIMES):
        began = time.monotonic()
        get(url.replace("limit=100", f"limit={100 + len(taken)}"), server.headers)
        taken.append((time.monotonic() - began) * 1000)
    return statistics.median(taken)
