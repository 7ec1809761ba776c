"""Ask rows over HTTP of Entrepot and of its peers over the same rows, in one run: one table in Markdown.

Run: python -m bench.queries [--readings 5000000] [--facilities 100000] [--shops busan.csv] [--seconds 4]
         [--featureserv PROGRAM] [--without datasette,pygeoapi,postgresql,pg_featureserv]

Entrepot and pygeoapi have two processes each, Datasette one, as each runs by itself. PostgreSQL is given, by
pgbench, the statements that a CKAN datastore issues for the same request, its count too, without CKAN before
it; the time of a request is theirs together. pg_featureserv is a program in Go, served where one is named and
PostGIS is installed; its CPU has that of PostGIS in it. Whatever fails is a line that says so. Needs wrk and
Debian's postgresql; loads only what it starts itself on loopback.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from bench.queries import data, files, sql
from bench.queries.exports import exports
from bench.queries.load import ask
from bench.queries.peers import Peers
from bench.queries.questions import Question, questions
from bench.queries.report import Report

CLIENTS = (1, 8)


def main() -> None:
    """Start what is asked, ask it, and write a line of the table whenever something is known."""
    options, began = _options(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        _say(began, "writing the data")
        data.write(folder, options.readings, options.facilities, options.shops)
        report, peers = Report(), Peers(stack, folder, options.featureserv)
        _say(began, "filling and starting the servers")
        peers.start(report, options.without)
        load = os.getloadavg()[0]
        _say(began, f"asking; {os.cpu_count()} cores, load {load:.1f}, {options.seconds} s each")
        for question in questions(options.readings, data.kinds(folder / "shops.csv")):
            for clients in CLIENTS:
                _ask(report, peers, question, clients, options.seconds)
        ours = peers.found["entrepot"]
        report.tried("deep pages", partial(files.deep, report, ours, options.readings))
        report.tried("memory", partial(files.cached, report, ours, options.seconds, folder))
        exports(report, peers.found, peers.reached, folder / "data")
        report.end()
        _say(began, "done")


def _ask(report: Report, peers: Peers, question: Question, clients: int, seconds: int) -> None:
    """A line each of ours and of the peers, ours first."""
    best = 0.0
    for name in [name for name in question.paths if name in peers.found]:
        asked = (peers.found[name], question.paths[name], clients, seconds, peers.folder)
        found = report.measured(question.title, clients, name, partial(ask, *asked))
        if found and name.startswith("entrepot"):
            best = best or found.rate
            report.ours(question.title, clients, name, found, question.targets)
        elif found:
            report.peer(question.title, clients, name, found, best, times=True)
    if question.sql and peers.reached:
        script = (peers.found["postgresql"], peers.reached, question.sql, clients, seconds, peers.folder)
        found = report.measured(question.title, clients, "datastore SQL", partial(sql.ask, *script))
        if found:
            report.peer(question.title, clients, "datastore SQL", found, best, times=False)


def _say(began: float, what: str) -> None:
    print(f"{time.monotonic() - began:6.0f} s: {what}", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--readings", type=int, default=5_000_000)
    asked.add_argument("--facilities", type=int, default=100_000)
    asked.add_argument("--shops", type=Path, help="the CSV of busanstore, where it is at hand")
    asked.add_argument("--seconds", type=int, default=4)
    asked.add_argument("--featureserv", type=Path, help="the program pg_featureserv")
    asked.add_argument("--without", type=lambda names: names.split(","), default=[])
    return asked.parse_args()


if __name__ == "__main__":
    main()
