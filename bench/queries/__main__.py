"""Ask rows over HTTP of Entrepot and of its peers over the same rows, in one run.

Run: python -m bench.queries [--readings 5000000] [--facilities 100000] [--shops busan.csv] [--seconds 5]
         [--featureserv PROGRAM] [--without datasette,pygeoapi,postgres]

Entrepot and pygeoapi have two processes each, Datasette one, as each runs by itself. PostgreSQL is given, by
pgbench, the statements that a CKAN datastore issues for the same request, its count too, without CKAN before
it; the time of a request is theirs together. pg_featureserv is a program in Go, served where one is named and
PostGIS is installed. Needs wrk and Debian's postgresql; loads only what it starts itself on loopback.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.queries import data, files, servers, sql
from bench.queries.load import Load, Server, ask
from bench.queries.questions import Question, questions

CLIENTS = (1, 8)


def main() -> None:
    """Print a table a question, at one and at eight clients, and what of the whole is told apart."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as temporary, ExitStack() as stack:
        folder = Path(temporary)
        data.write(folder, options.readings, options.facilities, options.shops)
        ours = stack.enter_context(servers.entrepot(folder))
        found = {ours.name: ours, "entrepot ogc": ours}
        reached = None
        if "postgres" not in options.without:
            reached, found["postgresql"] = stack.enter_context(servers.postgres())
            sql.fill(reached, folder, placed=options.featureserv is not None)
        if reached and options.featureserv:
            found["pg_featureserv"] = stack.enter_context(servers.featureserv(options.featureserv, reached))
            found["pg_featureserv"] = _together(found["pg_featureserv"], found["postgresql"])
        if "datasette" not in options.without:
            tables = servers.tables(ours, folder / "data", ("readings", "facilities", "shops"), folder)
            found["datasette"] = stack.enter_context(servers.datasette(tables))
        if "pygeoapi" not in options.without:
            places = files.places(ours, folder)
            found["pygeoapi"] = stack.enter_context(servers.pygeoapi(places, folder))
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {options.seconds} s each")
        for question in questions(options.readings):
            for clients in CLIENTS:
                with _table(question, clients) as rows:
                    for name, paths in question.paths.items():
                        if name in found:
                            rows[name] = ask(found[name], paths, clients, options.seconds, folder)
                    if question.sql and reached:
                        script = (found["postgresql"], reached, question.sql)
                        rows["datastore SQL"] = sql.ask(*script, clients, options.seconds, folder)
        files.deep(found, options.readings)
        files.cached(ours, options.seconds, folder)
        files.exports(found, reached)


@contextmanager
def _table(question: Question, clients: int) -> Iterator[dict[str, Load]]:
    rows: dict[str, Load] = {}
    yield rows
    print(f"\n{question.title}, {clients} client{'s' if clients > 1 else ''}")
    best = rows["entrepot"].rate
    for name, load in rows.items():
        ratio = "" if name == "entrepot" else f"  we {best / load.rate:.1f}x" if load.rate else ""
        print(f"  {name:15} {load}{ratio}", flush=True)


def _together(server: Server, database: Server) -> Server:
    """A server whose database's processor time counts as its own."""
    return Server(
        server.name, server.url, lambda: [*server.processes(), *database.processes()], server.headers
    )


def _options() -> argparse.Namespace:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--readings", type=int, default=5_000_000)
    asked.add_argument("--facilities", type=int, default=100_000)
    asked.add_argument("--shops", type=Path, help="the CSV of busanstore, where it is at hand")
    asked.add_argument("--seconds", type=int, default=5)
    asked.add_argument("--featureserv", type=Path, help="the program pg_featureserv")
    asked.add_argument("--without", type=lambda names: names.split(","), default=[])
    return asked.parse_args()


if __name__ == "__main__":
    main()
