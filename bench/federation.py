"""Federate catalogues with the real command: datasets a second, and what an unchanged portal is asked.

Run: python -m bench.federation [--data ../shared/data] [--count 10000] [--runs 3]

The portal holds packages like 400 recorded ones, in a process of its own. A real CKAN 2.12 on the same
machine harvested 3.3 datasets a second, and read unchanged ones again at 6.5 a second.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

TARGET = 50
RECORDED = Path("catalogue", "ckan_package_search_dados_gov_br_0_400.json")
FEED = """title = {{ en = "Another catalogue" }}
publisher = "bench"
licence = "CC0-1.0"
record = "catalogue_entry"
[source]
kind = "{kind}"
url = "http://127.0.0.1:{port}{path}"
"""
KINDS = {"ckan": "", "dcat": "/catalog.rdf", "dcat-us": "/data.json"}


def main() -> None:
    """Print one line a run and the medians."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--data", type=Path, default=Path("..", "shared", "data"))
    asked.add_argument("--count", type=int, default=10_000)
    asked.add_argument("--runs", type=int, default=3)
    chosen = asked.parse_args()
    print(f"{chosen.count:,} datasets; target: at least {TARGET} a second, none asked for that is unchanged")
    found: dict[str, list[float]] = {}
    for number in range(chosen.runs):
        with portal(chosen.data / RECORDED, chosen.count) as port:
            for name, rate in _round(port, chosen.count, number):
                found.setdefault(name, []).append(rate)
    for name, rates in found.items():
        print(f"median {statistics.median(rates):10.1f} {name}")


def _round(port: int, count: int, number: int) -> Iterator[tuple[str, float]]:
    for kind, path in KINDS.items():
        with TemporaryDirectory(prefix="entrepot-bench-") as folder:
            feeds = Path(folder, "feeds")
            feeds.mkdir()
            text = FEED.format(kind=kind, port=port, path=path)
            (feeds / "elsewhere.toml").write_text(text, encoding="utf-8")
            for step in ("first", "unchanged", "1 % changed") if kind == "ckan" else ("first",):
                if step == "1 % changed":
                    _get(port, "/touch?share=0.01")
                _get(port, "/asked")
                run = _harvest(Path(folder))
                print(f"run {number + 1} {kind} {step}: {run}, asked {_get(port, '/asked')}")
                assert step != "first" or run["published"] == count, run
                yield f"datasets/s, {kind}, {step}", count / run["seconds"]
                yield (
                    f"s for the whole command (start, harvest, search index), {kind}, {step}",
                    run["command"],
                )
                yield f"s of CPU in it, {kind}, {step}", run["cpu"]


def _harvest(folder: Path) -> dict[str, Any]:
    """One harvest in a process of its own; its figures."""
    environ = os.environ | {
        "ENTREPOT_DATA": str(folder / "data"),
        "ENTREPOT_FEEDS": str(folder / "feeds"),
        "ENTREPOT_ALLOW_HOSTS": "127.0.0.1",
    }
    command = [sys.executable, "-m", "config.cli", "harvest", "elsewhere", "--json"]
    start, before = time.monotonic(), _cpu()
    done = subprocess.run(command, env=environ, check=False, capture_output=True, text=True)
    ended, cpu = time.monotonic() - start, _cpu() - before
    if done.returncode:
        sys.exit(f"the harvest ended with {done.returncode}: {done.stderr}{done.stdout}")
    run = json.loads(done.stdout)
    names = ("status", "read", "published", "bytes", "seconds")
    return {name: run[name] for name in names} | {"command": round(ended, 2), "cpu": round(cpu, 2)}


def _cpu() -> float:
    """Seconds of CPU that commands have used which have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@contextmanager
def portal(recorded: Path, count: int) -> Iterator[int]:
    """The catalogues under way in a process of their own; gives their port."""
    command = [sys.executable, "-m", "bench.portal", str(recorded), str(count)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


def _get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=60) as answer:
        text: str = answer.read().decode()
    return text


if __name__ == "__main__":
    main()
