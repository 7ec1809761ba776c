"""Whole answers, computed as they are sent: ours out of the engine and over HTTP, and those of each peer."""

from __future__ import annotations

import subprocess
import time
import urllib.request
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.queries.load import Server, rest, used
from bench.queries.report import FAULTS, Figures, Report, Target
from bench.queries.sql import COPIED, page
from catalogue import encode_stream
from config.settings import load_settings
from config.wiring import open_catalogue_of
from schemas.conditions import Filter
from schemas.query import RowQuery

PATIENCE = 20
"""Seconds after which a stream is cut off: its rate is known by then."""
READ, PAGE, DUMPED = 1 << 20, 10_000, 32_000
"""Bytes of a piece, rows of a page of features, and rows of a page as a datastore dumps them."""
LINE, FEATURE = b"\n", b'"Feature"'
"""What each row has once."""
TARGETS = {"csv": (Target("rate", 500_000, 1),), "ndjson": (Target("megabytes", 200, 1),)}
Bytes = Generator[bytes, None, None]


@dataclass(frozen=True)
class Export:
    """What is asked of the server called `of`: `read` gives the bytes, in which each row has one `mark`."""

    of: str
    read: Callable[[], Bytes]
    mark: bytes = LINE


def exports(report: Report, found: Mapping[str, Server], reached: str | None, data: Path) -> None:
    """All rows of a filter that leaves all, each stream cut off when its rate is known."""
    ours = found["entrepot"]
    for format in ("csv", "ndjson", "parquet", "arrow"):
        _of_engine(report, data, format)
    for format in ("csv", "ndjson"):
        url = f"{ours.url}/api/v1/datasets/readings/export.{format}?speed__gte=0"
        ways = [Export("entrepot", partial(drained, url, ours.headers))]
        _beside(report, f"all readings as {format}", found, [*ways, *_of_readings(found, reached, format)])
    url = f"{ours.url}/api/v1/datasets/facilities/export.geojson?capacity__gte=0"
    ways = [Export("entrepot", partial(drained, url, ours.headers), FEATURE)]
    _beside(report, "all facilities as GeoJSON", found, [*ways, *_of_places(found)])


def _of_readings(found: Mapping[str, Server], reached: str | None, format: str) -> Iterator[Export]:
    if "datasette" in found and format == "csv":
        url = f"{found['datasette'].url}/readings/rows.csv?_stream=on&_size=max&speed__gte=0"
        yield Export("datasette", partial(drained, url, {}))
    if reached:
        inner = f"SELECT {COPIED} FROM readings WHERE speed >= 0"
        whole = f"COPY ({inner}) TO STDOUT CSV HEADER"
        if format == "ndjson":
            whole = f"COPY (SELECT row_to_json(r) FROM ({inner}) r) TO STDOUT"
        yield Export("postgresql COPY", partial(_asked, reached, [whole]))
        yield Export("datastore dump", partial(_asked, reached, _dump(format)), _DUMPED[format])


_DUMPED = {"csv": LINE, "ndjson": b'"_id":'}


def _dump(format: str) -> Iterator[str]:
    """The pages in which a datastore dumps a table, behind one another by their offset."""
    names = ", ".join(f'"{name}"' for name in ("_id", *COPIED.split(",")))
    for offset in range(0, 1 << 31, DUMPED):
        limit, where = f"LIMIT {DUMPED} OFFSET {offset}", "WHERE speed >= 0"
        if format == "csv":
            yield f"COPY (SELECT {names} FROM readings {where} ORDER BY _id {limit}) TO STDOUT CSV;"
        else:
            yield page(where, limit=limit).splitlines()[0]


def _of_places(found: Mapping[str, Server]) -> Iterator[Export]:
    """Features by pages of ten thousand, for that is how these are read whole."""
    paths = {
        "entrepot ogc": "/ogc/collections/facilities/items?f=json",
        "pygeoapi": "/collections/facilities/items?f=json",
        "pg_featureserv": "/collections/public.facilities/items.json?",
    }
    for name, path in paths.items():
        if name in found:
            yield Export(name, partial(_paged, found[name], path), FEATURE)


def _paged(server: Server, path: str) -> Bytes:
    for offset in range(0, 1 << 31, PAGE):
        body = b"".join(drained(f"{server.url}{path}&limit={PAGE}&offset={offset}", server.headers))
        yield body
        if body.count(FEATURE) < PAGE:
            return


def _beside(report: Report, asked: str, found: Mapping[str, Server], ways: list[Export]) -> None:
    best = 0.0
    for way in ways:
        server = found.get(way.of) or found.get("postgresql") or found["entrepot"]
        figures = report.measured(asked, 1, way.of, partial(_measured, way, server))
        if figures and way.of.startswith("entrepot"):
            best = best or figures.rate
            report.ours(asked, 1, way.of, figures)
        elif figures:
            report.peer(asked, 1, way.of, figures, best, times=False)


def _measured(way: Export, server: Server) -> Figures:
    before = used(server.processes())
    figures = _rate(way.read(), way.mark)
    cpu = used(server.processes()) - before
    rest(server)
    return Figures(figures.rate, figures.shown, megabytes=figures.megabytes, cpu=f"{cpu:.2f} s")


def _rate(pieces: Bytes, mark: bytes) -> Figures:
    """Rows and megabytes a second of what comes within PATIENCE."""
    size, rows, began, cut = 0, 0, time.monotonic(), ""
    with closing(pieces):
        try:
            for piece in pieces:
                size += len(piece)
                rows += piece.count(mark)
                if time.monotonic() - began > PATIENCE:
                    cut = ", cut off"
                    break
        except FAULTS as fault:
            if not rows:
                raise
            cut = f", then {fault}"
    seconds = time.monotonic() - began
    if not rows:
        raise TimeoutError(f"no row within {seconds:.0f} s")
    rate, megabytes = rows / seconds, size / 1e6 / seconds
    shown = f"{rate:,.0f} rows/s, {megabytes:.1f} MB/s of {size / 1e6:.0f} MB{cut}"
    return Figures(rate, shown, megabytes=megabytes)


def _of_engine(report: Report, data: Path, format: str) -> None:
    """The same without HTTP, in this process and one thread, from the question to the last byte."""
    asked = f"all readings as {format}, out of the engine"

    def measure() -> Figures:
        with open_catalogue_of(load_settings({"ENTREPOT_DATA": str(data)})) as catalogue:
            before, began = time.process_time(), time.monotonic()
            query = RowQuery(filters=(Filter("speed", "gte", 0.0),))
            answer = catalogue.all_rows(catalogue.snapshot("readings"), query)
            size = sum(map(len, encode_stream(answer, format)))
            seconds, cpu = time.monotonic() - began, time.process_time() - before
        rate, megabytes = answer.rows / seconds, size / 1e6 / seconds
        shown = f"{rate:,.0f} rows/s, {megabytes:.1f} MB/s of {size / 1e6:.0f} MB"
        return Figures(rate, shown, megabytes=megabytes, cpu=f"{cpu:.2f} s")

    if figures := report.measured(asked, 1, "entrepot", measure):
        report.ours(asked, 1, "entrepot", figures, TARGETS.get(format, ()))


def drained(url: str, headers: Mapping[str, str]) -> Bytes:
    """The bytes of an answer as they come."""
    asked = urllib.request.Request(url, headers=dict(headers))
    with urllib.request.urlopen(asked, timeout=2 * PATIENCE) as answer:
        while piece := answer.read1(READ):
            yield piece


def _asked(reached: str, statements: Iterable[str]) -> Bytes:
    """What psql writes of statements, one after the other, till nobody reads any more or nothing comes."""
    command = ["psql", reached, "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c"]
    for statement in statements:
        process = subprocess.Popen([*command, statement], stdout=subprocess.PIPE)
        assert process.stdout is not None
        size = 0
        try:
            while piece := process.stdout.read1(READ):  # type: ignore[attr-defined] # it is buffered
                size += len(piece)
                yield piece
        finally:
            process.kill()
            process.stdout.close()
            process.wait(PATIENCE)
        if size <= 1:
            return
