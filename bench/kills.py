"""Kill workers at random while they harvest, and see what is lost, left half done, or late."""

from __future__ import annotations

import argparse
import os
import random
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow.parquet as pq

from catalogue import Catalogue, NotInCatalogue
from config.settings import load_settings
from config.wiring import open_catalogue_of
from schemas.run import Run

FEEDS = tuple(f"feed-{number}" for number in range(6))
ROWS = 20_000
FEED = """
title = {{ en = "{id} (synthetic)" }}
publisher = "bench"
licence = "CC0-1.0"
key = ["id"]
[source]
kind = "url"
url = "http://127.0.0.1:{port}/{id}.csv"
[schedule]
every = "8s"
"""


@dataclass
class Found:
    """What was seen: runs that lost their worker, when they went on and ended, and what was wrong."""

    killed: dict[str, float] = field(default_factory=dict)
    steps: Counter[str] = field(default_factory=Counter)
    taken: list[float] = field(default_factory=list)
    ended: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    overlaps: int = 0
    looks: int = 0


def main() -> None:
    """Print the figures; exit 1 when a promise was broken."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--kills", type=int, default=50)
    asked.add_argument("--database", help="a SQLAlchemy URL of an empty database; SQLite by default")
    asked.add_argument("--seed", type=int, default=1)
    chosen = asked.parse_args()
    found, chance = Found(), random.Random(chosen.seed)
    with TemporaryDirectory(prefix="entrepot-bench-") as name, _source(found) as port:
        folder = Path(name)
        environ = _environ(folder, port, chosen.database)
        with open_catalogue_of(load_settings(environ)) as catalogue:
            with _workers(environ) as workers, _looking(catalogue, folder, found):
                for number in range(chosen.kills):
                    time.sleep(chance.uniform(0.5, 5.0))
                    _kill(workers, chance.randrange(len(workers)), environ, catalogue, found)
                    _say(f"kill {number + 1} of {chosen.kills}")
                _settle(catalogue, found)
            _report(found, chosen.kills, catalogue)
    sys.exit(bool(found.faults or found.overlaps))


def _environ(folder: Path, port: int, database: str | None) -> dict[str, str]:
    (folder / "feeds").mkdir()
    for id in FEEDS:
        (folder / "feeds" / f"{id}.toml").write_text(FEED.format(id=id, port=port), encoding="utf-8")
    own = {
        "ENTREPOT_DATA": str(folder / "data"),
        "ENTREPOT_FEEDS": str(folder / "feeds"),
        "ENTREPOT_ALLOW_HOSTS": f"127.0.0.1:{port}",
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith("ENTREPOT_")}
    return {**clean, **own, **({"ENTREPOT_DATABASE_URL": database} if database else {})}


@contextmanager
def _source(found: Found) -> Iterator[int]:
    """A server whose every answer is a new version of a whole table, sent slowly; counts visits at once."""
    here, version, lock = Counter[str](), iter(range(1 << 30)), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with lock:
                here[self.path] += 1
                found.overlaps += here[self.path] > 1
                mark = next(version)
            lines = [f"{number},{mark}\n" for number in range(ROWS)]
            body = ("id,version\n" + "".join(lines)).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            try:
                for start in range(0, len(body), len(body) // 8):
                    time.sleep(0.1)
                    self.wfile.write(body[start : start + len(body) // 8])
            except OSError:
                pass  # The worker was killed.
            finally:
                with lock:
                    here[self.path] -= 1

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()


def _worker(environ: dict[str, str]) -> subprocess.Popen[bytes]:
    """A worker that has begun to work; what it logs is read away in a thread."""
    command = [sys.executable, "-m", "config.cli", "work"]
    worker = subprocess.Popen(command, env=environ, stderr=subprocess.PIPE)
    assert worker.stderr is not None
    while b"harvesting the feeds" not in worker.stderr.readline():
        pass
    threading.Thread(target=worker.stderr.read, daemon=True).start()
    return worker


@contextmanager
def _workers(environ: dict[str, str]) -> Iterator[list[subprocess.Popen[bytes]]]:
    workers = [_worker(environ) for _ in range(3)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()


def _kill(
    workers: list[subprocess.Popen[bytes]],
    which: int,
    environ: dict[str, str],
    catalogue: Catalogue,
    found: Found,
) -> None:
    pid = workers[which].pid
    os.kill(pid, signal.SIGKILL)
    workers[which].wait()
    for run in catalogue.queue():
        if f"-{pid}-" in (run.worker or ""):
            found.steps[run.step or "before the end of its fetch"] += 1
            watch = threading.Thread(target=_watch, args=(run, time.monotonic(), catalogue, found))
            watch.start()
    workers[which] = _worker(environ)


def _watch(run: Run, since: float, catalogue: Catalogue, found: Found) -> None:
    """Time how long a run that lost its worker waits, and then until it ends."""
    found.killed[f"{run.run} {run.worker}"] = since
    taken = False
    while time.monotonic() - since < 300:
        live = next((each for each in catalogue.queue() if each.run == run.run), None)
        if not taken and (live is None or live.worker != run.worker):
            taken = True
            found.taken.append(time.monotonic() - since)
        if live is None:
            found.ended.append(time.monotonic() - since)
            return
        time.sleep(0.1)
    found.faults.append(f"run {run.run} of {run.feed} was stuck")


@contextmanager
def _looking(catalogue: Catalogue, folder: Path, found: Found) -> Iterator[None]:
    """A reader that looks all the time whether what is published is whole."""
    stop = threading.Event()

    def look() -> None:
        while not stop.wait(0.2):
            for id in FEEDS:
                try:
                    parts = catalogue.snapshot(id).parts
                except NotInCatalogue:
                    continue
                tables = [pq.read_table(folder / "data" / "parts" / part.path) for part in parts]
                versions = {value for table in tables for value in table["version"].to_pylist()}
                rows = sum(table.num_rows for table in tables)
                found.looks += 1
                if rows != ROWS or len(versions) != 1:
                    found.faults.append(f"{id} was half published: {rows} rows of versions {versions}")

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _settle(catalogue: Catalogue, found: Found) -> None:
    """Wait until every run that lost its worker has ended, and every feed has published once more."""
    last = {id: catalogue.snapshot(id).id for id in FEEDS}
    end = time.monotonic() + 120
    while time.monotonic() < end:
        behind = [id for id in FEEDS if catalogue.snapshot(id).id == last[id]]
        if not behind and len(found.ended) == len(found.killed):
            return
        time.sleep(0.2)
    found.faults += [f"{id} was not harvested again" for id in behind]


def _report(found: Found, kills: int, catalogue: Catalogue) -> None:
    runs = [run for id in FEEDS for run in catalogue.runs(feed=id, limit=100_000)]
    given_up = [run for run in runs if run.error and run.error.startswith("its worker died")]
    failed = [run for run in runs if run.status == "failed" and run not in given_up]
    print(f"{kills} kills; {len(found.killed)} runs lost their worker: {dict(found.steps)}")
    for what, seconds in (("taken up", found.taken), ("ended", found.ended)):
        if seconds:
            print(f"{what} after {statistics.median(seconds):.1f} s (median), {max(seconds):.1f} s (longest)")
    print(f"{Counter(run.status for run in runs)}; {len(given_up)} given up after three deaths")
    print(f"{found.looks} looks at what is published; {found.overlaps} visits of one feed at once")
    for fault in found.faults + [f"{run.run}: {run.error}" for run in failed]:
        print(f"FAULT {fault}")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
