"""Long walks and memory: pages far behind, pages given again, and the files that pygeoapi is given."""

from __future__ import annotations

import json
import statistics
import time
import urllib.request
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from bench.queries.load import Server, ask
from bench.queries.questions import PLACES, ROWS
from bench.queries.report import Figures, Report, Target
from bench.queries.servers import get

DEEP = 1_000_000
TIMES = 30


def places(ours: Server, dataset: str, names: tuple[str, str], folder: Path) -> Path:
    """Places as pygeoapi's Parquet provider likes them: flat coordinates called `names`, small groups."""
    file = folder / f"{dataset}.parquet"
    file.write_bytes(get(f"{ours.url}/api/v1/datasets/{dataset}/download.parquet", ours.headers))
    rows = pq.read_table(file)
    corner = rows["bbox"].combine_chunks()
    for name, side in zip(names, ("xmin", "ymin"), strict=True):
        at = corner.field(side)
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, name, at) if place >= 0 else rows.append_column(name, at)
    rows = rows.drop_columns(["bbox"])
    pq.write_table(pa.table(rows).replace_schema_metadata(rows.schema.metadata), file, row_group_size=8192)
    return file


def deep(report: Report, ours: Server, readings: int) -> None:
    """The first page in an order, and the page behind a million rows of it, by cursor and by offset."""
    depth = min(DEEP, readings - 10_000)
    for order in ("", "&order=-at"):
        first = f"{ours.url}{ROWS}?limit=100{order}"
        title = f"a page in {'the order of time' if order else 'place'}"
        found = report.measured(title, 1, "entrepot", partial(_median, first, ours))
        if found is None:
            continue
        report.ours(f"{title}, the first", 1, "entrepot", found)
        asked, target = f"{title}, behind {depth:,} rows", Target("p50", 1.5 * (found.p50 or 0.0), 1)
        behind = report.measured(asked, 1, "entrepot", partial(_behind, first, depth, ours))
        if behind:
            report.ours(f"{asked}, by cursor", 1, "entrepot", behind, (target,))
        url = f"{first}&offset={depth}"
        by_offset = report.measured(asked, 1, "entrepot", partial(_median, url, ours))
        if by_offset:
            report.ours(f"{asked}, by offset", 1, "entrepot", by_offset)


def cached(report: Report, ours: Server, seconds: int, folder: Path) -> None:
    """One page made anew each time, given from memory, and told to a client that has it already."""
    path = f"{PLACES}?bbox=129.0,35.1,129.03,35.13&limit=100"
    with urllib.request.urlopen(urllib.request.Request(ours.url + path, headers=ours.headers)) as answer:
        tag = answer.headers["ETag"].replace('"', '\\"')
    key = {name: value for name, value in ours.headers.items() if name != "Cache-Control"}
    targets: tuple[Target, ...] = ()
    for title, headers in (
        ("one page made anew", ours.headers),
        ("the same, remembered", key),
        ("the same, 304", key | {"If-None-Match": tag}),
    ):
        server = Server(ours.name, ours.url, ours.processes, headers)
        found = report.measured(title, 8, "entrepot", partial(ask, server, [path], 8, seconds, folder))
        if found:
            report.ours(title, 8, "entrepot", found, targets)
            targets = targets or (Target("rate", 3 * found.rate),)


def _behind(url: str, depth: int, ours: Server) -> Figures:
    """The page of a hundred behind so many rows, which are walked in great steps."""
    cursor = url.replace("limit=100", "limit=10000")
    for _ in range(0, depth, 10_000):
        cursor = json.loads(get(cursor, ours.headers))["next"]
    return _median(cursor.replace("limit=10000", "limit=100"), ours)


def _median(url: str, server: Server) -> Figures:
    """Pages of a hundred rows and a few, no two of the same length."""
    taken: list[float] = []
    for _ in range(TIMES):
        began = time.monotonic()
        get(url.replace("limit=100", f"limit={100 + len(taken)}"), server.headers)
        taken.append((time.monotonic() - began) * 1000)
    middle = statistics.median(taken)
    return Figures(1000 / middle, f"{1000 / middle:.1f}/s", middle, max(taken))
