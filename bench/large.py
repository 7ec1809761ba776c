"""Harvest a CSV and a GeoJSON far larger than memory with the real command: rows/s, MB/s and peak memory."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

TARGET_MIB = 1536
STATIONS = 5_000
CSV_FEED = """
title     = {{ ko = "측정소 시간값", en = "Station readings (synthetic)" }}
publisher = "bench"
licence   = "CC0-1.0"
key       = ["측정소", "측정시각"]
time      = "측정시각"
[source]
kind = "file"
path = "{path}"
[format]
kind = "csv"
encoding = "cp949"
"""
GEOJSON_FEED = """
title     = {{ ko = "건물", en = "Buildings (synthetic)" }}
publisher = "bench"
licence   = "CC0-1.0"
key       = ["id"]
[source]
kind = "file"
path = "{path}"
"""


def main() -> None:
    """Make each file, harvest it in a process of its own, print what it took, and delete it all."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--csv", type=float, default=1.0, help="GB of CSV, 0 for none")
    asked.add_argument("--geojson", type=float, default=1.0, help="GB of GeoJSON, 0 for none")
    asked.add_argument("--folder", type=Path, help="where there is room for four times as much")
    chosen = asked.parse_args()
    for name, size, feed, lines in (
        ("readings.csv", chosen.csv, CSV_FEED, _readings),
        ("buildings.geojson", chosen.geojson, GEOJSON_FEED, _buildings),
    ):
        if size:
            with TemporaryDirectory(prefix="entrepot-large-", dir=chosen.folder) as folder:
                source = Path(folder, name)
                rows = _write(source, int(size * 1e9), lines)
                print(_harvest(Path(folder), source, feed, rows), flush=True)


def _write(source: Path, size: int, lines: Callable[[], Iterator[bytes]]) -> int:
    """Write lines up to a size, and count those that are rows; the first and the last are none."""
    written = rows = 0
    first, *_, last = _ends(source)
    with source.open("wb", buffering=1 << 20) as file:
        file.write(first)
        for line in lines():
            file.write(line)
            written, rows = written + len(line), rows + 1
            if written >= size:
                break
        file.write(last)
    return rows


def _ends(source: Path) -> tuple[bytes, bytes]:
    if source.suffix == ".csv":
        return "측정소,행정코드,주소,측정시각,농도,교통량,비고\r\n".encode("cp949"), b""
    end = b'{"type": "Feature", "properties": {"id": "end"}, "geometry": null}\n]}'
    return b'{"type": "FeatureCollection", "features": [\n', end


def _readings() -> Iterator[bytes]:
    start, number = datetime(2000, 1, 1), 0
    stations = [
        (f"ST{each:04d},{each * 7:05d},가온시 중앙대로 {each}번길 {each % 90 + 1},").encode("cp949")
        for each in range(STATIONS)
    ]
    while True:
        when = (start + timedelta(minutes=number // STATIONS * 10)).strftime("%Y-%m-%d %H:%M").encode()
        for station in stations:
            mixed = number * 2_654_435_761 % 2**32
            note = "점검중".encode("cp949") if number % 97 == 0 else b""
            yield b"%s%s,%.2f,%d,%s\r\n" % (station, when, mixed % 10_000 / 100, mixed % 1_999, note)
            number += 1


def _buildings() -> Iterator[bytes]:
    number = 0
    while True:
        x, y = 126.5 + number % 9_973 / 4_000, 34.5 + number % 9_949 / 4_000
        corners = ((0, 0), (12, 0), (12, 7), (7, 7), (7, 9), (3, 9), (3, 7), (0, 7), (0, 0))
        ring = ", ".join(f"[{x + dx * 1e-5:.7f}, {y + dy * 1e-5:.7f}]" for dx, dy in corners)
        told = f'"이름": "건물 {number % 1_000}", "높이": {number % 300 / 10}, "층": {number % 30}'
        said = f'"id": "B{number:09d}", {told}, "사용승인일": "20{number % 24:02d}-0{number % 9 + 1}-15"'
        shape = f'{{"type": "Polygon", "coordinates": [[{ring}]]}}'
        yield f'{{"type": "Feature", "properties": {{{said}}}, "geometry": {shape}}},\n'.encode()
        number += 1


def _harvest(folder: Path, source: Path, feed: str, rows: int) -> str:
    feeds = folder / "feeds"
    feeds.mkdir()
    (feeds / "large.toml").write_text(feed.format(path=source), encoding="utf-8")
    start = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-m", "config.cli", "harvest", "large", "--json"],
        env=os.environ | {"ENTREPOT_DATA": str(folder / "data"), "ENTREPOT_FEEDS": str(feeds)},
        stdout=subprocess.PIPE,
    ) as process:
        peak = _peak(process)
        out = process.stdout.read() if process.stdout else b""
    took = time.monotonic() - start
    if process.returncode:
        sys.exit(f"{source.name}: the harvest ended with {process.returncode}: {out.decode()}")
    run = json.loads(out)
    size, told = source.stat().st_size, f"{run['read']:,} rows read, {run['published']:,} published"
    if run["read"] not in (rows, rows + 1):
        told += f" OF {rows:,} WRITTEN"
    return (
        f"{source.name}: {size / 1e9:.2f} GB, {told}; {run['seconds']:.1f} s to the commit, "
        f"{size / 1e6 / run['seconds']:.1f} MB/s, {run['rows_per_second']:,.0f} rows/s; {took:.1f} s in all; "
        f"peak {peak:,.0f} MiB (at most {TARGET_MIB:,})"
    )


def _peak(process: subprocess.Popen[bytes]) -> float:
    """The most memory that the process held at any time, in MiB; waits for its end."""
    peak = 0.0
    while process.poll() is None:
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except FileNotFoundError:
            break
        for line in status.splitlines():
            if line.startswith("VmHWM:"):
                peak = max(peak, int(line.split()[1]) / 1024)
        time.sleep(0.1)
    return peak


if __name__ == "__main__":
    main()
