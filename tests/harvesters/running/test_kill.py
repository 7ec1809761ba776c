"""A worker killed at any step of a run leaves no half snapshot, no stuck run and nothing to fetch twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import mortal
import numpy as np
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from catalogue import Catalogue
from harvesters.lease import LEASE
from schemas.run import Run

FEED = """
title = {{ en = "City" }}
publisher = "Busan"
licence = "KOGL-1"
[source]
kind = "url"
url = "{url}"
"""
LAYERS = ("roads", "trees")
SECONDS = 120.0
"""Long enough for a machine that has much else to do."""


@pytest.fixture
def catalogue(database_url: str, tmp_path: Path) -> Iterator[Catalogue]:
    opened = mortal.open_all(database_url, tmp_path, LEASE)
    yield opened
    opened.close()


def city(folder: Path, rows: int) -> bytes:
    """A file of two layers of so many points each."""
    file = folder / f"{rows}.gpkg"
    for layer in LAYERS:
        pyogrio.raw.write(
            file, shapely.to_wkb(np.array([shapely.Point(129, 35)] * rows)),
            [np.array([layer] * rows, dtype=object)], ["name"], layer=layer, geometry_type="Point",
            crs="EPSG:4326", append=layer != LAYERS[0], driver="GPKG",
        )  # fmt: skip
    return file.read_bytes()


@contextmanager
def working(catalogue: Catalogue, folder: Path) -> Iterator[None]:
    """A worker of this process that lives."""
    stop = threading.Event()
    thread = threading.Thread(target=mortal.worker_of(catalogue, folder).run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(SECONDS)


def eventually(condition: Callable[[], bool], seconds: float = SECONDS) -> float:
    """Seconds until a condition holds; fails where it does not in time."""
    start = time.monotonic()
    while not condition():
        assert time.monotonic() - start < seconds
        time.sleep(0.02)
    return time.monotonic() - start


def published(catalogue: Catalogue, folder: Path) -> dict[str, int]:
    """The rows of each dataset, counted in its parts."""
    return {
        id: sum(pq.read_table(folder / "parts" / part.path).num_rows for part in catalogue.snapshot(id).parts)
        for id in catalogue.ids()
    }


def former(catalogue: Catalogue, folder: Path, site) -> None:
    """Publish three rows a layer, and have five ready at the source."""
    (folder / "feeds").mkdir()
    url = site.body("/city.gpkg", city(folder, 3))
    (folder / "feeds" / "city.toml").write_text(FEED.format(url=url), "utf-8")
    catalogue.request_run("city", "command")
    with working(catalogue, folder):
        eventually(lambda: catalogue.queue() == [] and len(catalogue.ids()) == 2)
    site.body("/city.gpkg", city(folder, 5))
    site.seen.clear()


def resumed(catalogue: Catalogue, folder: Path, asked: str) -> list[Run]:
    """The outcomes of the run that was asked for, ended by a worker that lives."""
    with working(catalogue, folder):
        eventually(lambda: catalogue.queue() == [])
    return [run for run in catalogue.runs(feed="city") if run.run == asked]


@pytest.mark.parametrize("point", mortal.POINTS)
def test_a_run_goes_on_where_its_worker_was_killed(
    point: str, catalogue: Catalogue, database_url: str, tmp_path: Path, site
):
    former(catalogue, tmp_path, site)
    asked = catalogue.request_run("city", "command")
    process = mortal.start(database_url, tmp_path, point)
    process.join(SECONDS)
    assert process.exitcode == -signal.SIGKILL
    assert set(published(catalogue, tmp_path).values()) <= {3, 5}
    before = {run.dataset: run.snapshot for run in catalogue.outcomes(asked)}
    runs = resumed(catalogue, tmp_path, asked)
    assert {run.dataset: run.status for run in runs} == {f"city-{name}": "published" for name in LAYERS}
    assert published(catalogue, tmp_path) == {f"city-{name}": 5 for name in LAYERS}
    assert before.items() <= {run.dataset: run.snapshot for run in runs}.items()
    assert len(site.seen) == (2 if point == "fetched, and nobody knows" else 1)
    assert point == "finished" or list((tmp_path / "work").iterdir()) == []


def test_a_worker_killed_in_the_middle_of_a_download_is_replaced(
    catalogue: Catalogue, database_url: str, tmp_path: Path, site
):
    former(catalogue, tmp_path, site)
    whole, route = city(tmp_path, 7), "/city.gpkg"

    def half(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(whole)))
        request.end_headers()
        request.wfile.write(whole[: len(whole) // 2])
        request.wfile.flush()
        os.kill(process.pid, signal.SIGKILL)
        site.body(route, whole)

    site.routes[route] = half
    asked = catalogue.request_run("city", "command")
    process = mortal.start(database_url, tmp_path)
    process.join(SECONDS)
    assert published(catalogue, tmp_path) == {f"city-{name}": 3 for name in LAYERS}
    assert {run.status for run in resumed(catalogue, tmp_path, asked)} == {"published"}
    assert published(catalogue, tmp_path) == {f"city-{name}": 7 for name in LAYERS}


def test_workers_of_several_processes_never_visit_a_source_at_once(
    catalogue: Catalogue, database_url: str, tmp_path: Path, site, respond
):
    here, most, visits, lock = 0, 0, 0, threading.Lock()

    def visit(request: BaseHTTPRequestHandler) -> None:
        nonlocal here, most, visits
        with lock:
            here, visits = here + 1, visits + 1
            most = max(most, here)
        time.sleep(0.03)
        with lock:
            here -= 1
        respond(request, f"번호\n{visits}\n".encode())

    site.routes["/city.csv"] = visit
    (tmp_path / "feeds").mkdir()
    (tmp_path / "feeds" / "city.toml").write_text(FEED.format(url=site.url("/city.csv")), "utf-8")
    workers = [mortal.start(database_url, tmp_path) for _ in range(3)]
    try:
        eventually(lambda: catalogue.request_run("city", "portal") == "" or visits >= 12)
    finally:
        for worker in workers:
            worker.kill()
            worker.join(SECONDS)
    assert most == 1
    assert catalogue.snapshots("city", limit=100)
