"""Compare rows over HTTP with Datasette: the same rows, the same indexes, the same questions, in one run.

Run: python -m bench.rows_peer --url http://127.0.0.1:8000 --key KEY --datasette VENV \
         --readings DATASET --places DATASET [--seconds 5] [--clients 8]

DATASET are published already; Datasette serves the row index built of their downloads, its columns named
as published. VENV is a virtual environment with datasette. The key is to be on a plan without limits.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import socket
import sqlite3
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyarrow.parquet as pq

from catalogue.rows import build as index_build
from catalogue.storage import Storage
from schemas.arrow import columns_of
from schemas.dataset import Column
from schemas.snapshot import Part, Snapshot

SEED = 20261125
QUESTIONS = 2_000
PAGE = 100
SIDE = 0.03

LUA = """
local paths = {}
for line in io.lines("%s") do paths[#paths + 1] = line end
local i = 0
request = function()
  i = i %% #paths + 1
  return wrk.format("GET", paths[i], %s)
end
"""


@dataclass(frozen=True)
class Side:
    """A server and its questions, each a path with its query."""

    name: str
    url: str
    paths: list[str]
    headers: dict[str, str]


def main(options: argparse.Namespace) -> None:
    headers = {"X-API-Key": options.key} if options.key else {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        files = {}
        for name in (options.readings, options.places):
            files[name] = _database(options.url, name, headers, folder)
        with _datasette(options.datasette, list(files.values())) as peer:
            for title, dataset, questions in (
                ("a key's rows before an instant, newest first", options.readings, _readings),
                ("a box", options.places, _places),
            ):
                ours, theirs = questions(files[dataset], dataset)
                sides = [
                    Side("entrepot", options.url, ours, headers),
                    Side("datasette", peer, theirs, {}),
                ]
                _agree(sides)
                _compare(title, sides, options, folder)


def _get(url: str, headers: dict[str, str]) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=120) as answer:
        body: bytes = answer.read()
    return body


def _database(url: str, name: str, headers: dict[str, str], folder: Path) -> Path:
    """Our row index of a downloaded dataset, its columns renamed to those published."""
    part = folder / f"{name.replace('-', '_')}.parquet"
    part.write_bytes(_get(f"{url}/api/v1/datasets/{name}/download.parquet", headers))
    columns, size = columns_of(pq.read_schema(part)), part.stat().st_size
    count = pq.read_metadata(part).num_rows
    parts = (Part(part.name, count, size),)
    snapshot = Snapshot(name, name, datetime.now(UTC), count, size, columns, parts)
    file = part.with_suffix(".db")
    index_build.build(snapshot, Storage(folder), file)
    connection = sqlite3.connect(file)
    connection.execute("ALTER TABLE rows RENAME COLUMN id TO _id")
    for i, column in enumerate(columns):
        quoted = column.name.replace('"', '""')
        connection.execute(f'ALTER TABLE rows RENAME COLUMN c{i} TO "{quoted}"')
    connection.commit()
    connection.close()
    return file


def _columns(file: Path) -> tuple[Column, ...]:
    return columns_of(pq.read_schema(file.with_suffix(".parquet")))


def _readings(file: Path, dataset: str) -> tuple[list[str], list[str]]:
    """Pages of one key before a random instant, newest first, for us and for Datasette."""
    columns, chance = _columns(file), random.Random(SEED)
    when = next(column.name for column in columns if column.role == "time")
    key = next(column.name for column in columns if column.key and column.name != when)
    connection = sqlite3.connect(file)
    keys = [value for (value,) in connection.execute(f'SELECT DISTINCT "{key}" FROM rows')]
    first, last = connection.execute(f'SELECT min("{when}"), max("{when}") FROM rows').fetchone()
    connection.close()
    ours, theirs = [], []
    for _ in range(QUESTIONS):
        one, before = chance.choice(keys), chance.randint(first, last)
        instant = (datetime(1970, 1, 1) + timedelta(microseconds=before)).isoformat() + "Z"
        asked = {f"{key}__eq": one, f"{when}__lt": instant, "order": f"-{when}", "limit": PAGE}
        ours.append(f"/api/v1/datasets/{dataset}/rows?{urlencode(asked)}")
        same = {f"{key}__exact": one, f"{when}__lt": before, "_sort_desc": when}
        theirs.append(_peer_path(file, same))
    return ours, theirs


def _places(file: Path, dataset: str) -> tuple[list[str], list[str]]:
    """Random boxes of 0.03 degrees over the places; Datasette is given the same R-tree to ask."""
    chance, connection = random.Random(SEED), sqlite3.connect(file)
    west, south, east, north = connection.execute(
        "SELECT min(xmin), min(ymin), max(xmax), max(ymax) FROM rows"
    ).fetchone()
    connection.close()
    ours, theirs = [], []
    for _ in range(QUESTIONS):
        w, s = chance.uniform(west, east - SIDE), chance.uniform(south, north - SIDE)
        e, n = w + SIDE, s + SIDE
        ours.append(
            f"/api/v1/datasets/{dataset}/rows?{urlencode({'bbox': f'{w},{s},{e},{n}', 'limit': PAGE})}"
        )
        inside = f"xmin <= {e} and xmax >= {w} and ymin <= {n} and ymax >= {s}"
        test = f"pos in (select id from places where {inside}) and {inside}"
        theirs.append(_peer_path(file, {"_where": test}))
    return ours, theirs


def _peer_path(file: Path, asked: dict[str, Any]) -> str:
    # What costs Datasette time and is not asked of us is switched off: counts, facets and their suggestions.
    plain = {"_shape": "objects", "_size": PAGE, "_nocount": 1, "_nofacet": 1, "_nosuggest": 1}
    return f"/{file.stem}/rows.json?{urlencode(asked | plain)}"


@contextmanager
def _datasette(environment: Path, files: list[Path]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(environment / "bin" / "datasette"), "serve", "--port", str(port)]
    for file in files:
        command += ["--immutable", str(file)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait(f"{url}/-/versions.json", process)
        yield url
    finally:
        process.terminate()
        process.wait(10)


def _wait(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(150):
        try:
            print("datasette", json.loads(_get(url, {}))["datasette"]["version"])
        except OSError:
            if process.poll() is not None:
                raise SystemExit(f"datasette ended with {process.returncode}") from None
            time.sleep(0.2)
        else:
            return
    raise SystemExit("datasette did not answer within 30 seconds")


def _agree(sides: list[Side]) -> None:
    """Ask both a few questions and compare the rows they answer."""
    for i in range(5):
        found = [json.loads(_get(side.url + side.paths[i], side.headers)) for side in sides]
        ours = [row["_id"] for row in found[0]["items"]]
        theirs = [row["_id"] for row in found[1]["rows"]]
        if ours != theirs:
            raise SystemExit(f"not the same rows: {sides[0].paths[i]} {ours[:3]} {theirs[:3]}")


def _compare(title: str, sides: list[Side], options: argparse.Namespace, folder: Path) -> None:
    print(f"\n{title}, pages of {PAGE}, {options.clients} clients, {options.seconds} s")
    rates = []
    for side in sides:
        _wrk(side, 1, options.clients, folder)
        rate, p50, p99, faults = _wrk(side, options.seconds, options.clients, folder)
        print(f"{side.name:10} {rate:9.0f} requests/s   p50 {p50}   p99 {p99}   faults {faults}")
        rates.append(rate)
    print(f"ratio      {rates[0] / rates[1]:9.1f}")


def _wrk(side: Side, seconds: int, clients: int, folder: Path) -> tuple[float, str, str, int]:
    paths, script = folder / f"{side.name}.txt", folder / f"{side.name}.lua"
    paths.write_text("\n".join(side.paths))
    headers = ", ".join(f'["{name}"] = "{value}"' for name, value in side.headers.items())
    script.write_text(LUA % (paths, f"{{{headers}}}"))
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "--latency", "-s", str(script), side.url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", said)[1])  # type: ignore[index]
    shares = dict(re.findall(r"^\s+(50|99)%\s+(\S+)", said, re.MULTILINE))
    faults = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    return rate, shares["50"], shares["99"], int(faults[1]) if faults else 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--key")
    parser.add_argument("--datasette", type=Path, required=True)
    parser.add_argument("--readings", required=True)
    parser.add_argument("--places", required=True)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--clients", type=int, default=8)
    main(parser.parse_args())
