"""Harvest a million rows of CP949 CSV with the real command: MB/s, peak memory, time to the row index."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import statistics
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

ROWS = 1_000_000
STATIONS = 500
TARGETS = "targets: at least 25 MB/s, index within 8 s, under 1,024 MiB"
FEED = """
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


def main() -> None:
    """Print one line a run and the medians."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rows", type=int, default=ROWS)
    asked.add_argument("--runs", type=int, default=3)
    chosen = asked.parse_args()
    with TemporaryDirectory(prefix="entrepot-bench-") as folder:
        source = Path(folder, "readings.csv")
        source.write_bytes("".join(_lines(chosen.rows)).encode("cp949"))
        size = source.stat().st_size / 1e6
        print(f"{chosen.rows:,} rows, {size:.1f} MB of CP949 CSV; {TARGETS}")
        found = [_run(Path(folder, f"run-{number}"), source, chosen.rows) for number in range(chosen.runs)]
    for name, unit in (("mb_s", "MB/s"), ("cpu", "CPU s"), ("index", "s index"), ("peak", "MiB peak")):
        print(f"median {statistics.median(each[name] for each in found):8.1f} {unit}")


def _lines(rows: int) -> Iterator[str]:
    """Station, code with leading zeros, Korean text, time, decimal, integer and a column mostly empty."""
    yield "측정소,행정코드,주소,측정시각,농도,교통량,비고\r\n"
    start = datetime(2024, 1, 1)
    for number in range(rows):
        station, hour = number % STATIONS, number // STATIONS
        mixed = number * 2_654_435_761 % 2**32
        when = start + timedelta(hours=hour)
        note = "점검중" if number % 97 == 0 else ""
        yield (
            f"ST{station:04d},{station * 7:05d},가온시 중앙대로 {station}번길 {station % 90 + 1},"
            f"{when:%Y-%m-%d %H:%M},{mixed % 10_000 / 100:.2f},{mixed % 1_999},{note}\r\n"
        )


def _run(folder: Path, source: Path, rows: int) -> dict[str, float]:
    """One harvest in a fresh process over a fresh data folder."""
    feeds = folder / "feeds"
    feeds.mkdir(parents=True)
    (feeds / "readings.toml").write_text(FEED.format(path=source), encoding="utf-8")
    out, err = folder / "out.json", folder / "err.txt"
    start, started = time.monotonic(), time.time()
    pid = os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "config.cli", "harvest", "readings", "--json"],
        os.environ | {"ENTREPOT_DATA": str(folder / "data"), "ENTREPOT_FEEDS": str(feeds)},
        file_actions=[_into(1, out), _into(2, err)],
    )
    _, status, used = os.wait4(pid, 0)
    ended = time.monotonic() - start
    if status:
        sys.exit(f"the harvest ended with {status}: {err.read_text()}{out.read_text()}")
    run = json.loads(out.read_text())
    assert run["published"] == rows, run
    index = max(file.stat().st_mtime for file in (folder / "data" / "derived" / "rows").iterdir())
    figures = {
        "mb_s": run["bytes"] / 1e6 / run["seconds"],
        "cpu": used.ru_utime + used.ru_stime,
        "index": index - _finished(folder / "data"),
        "peak": used.ru_maxrss / 1024,
    }
    told = ", ".join(f"{name} {value:.1f}" for name, value in figures.items())
    print(f"seconds {run['seconds']:.2f}, {told}; process {ended:.1f} s from {started:.0f}")
    return figures


def _into(descriptor: int, file: Path) -> tuple[int, int, str, int, int]:
    return (os.POSIX_SPAWN_OPEN, descriptor, str(file), os.O_WRONLY | os.O_CREAT, 0o644)


def _finished(data: Path) -> float:
    """When the run was committed, in seconds since 1970."""
    with sqlite3.connect(data / "entrepot.db") as database:
        (text,) = database.execute("SELECT max(finished) FROM runs").fetchone()
    return datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()


if __name__ == "__main__":
    main()
