"""Measure a rows request in one process, from the gate through Flask to the bytes: CPU milliseconds.

Run: python -m bench.api [readings]     (default 200,000)
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from time import process_time_ns
from zoneinfo import ZoneInfo

from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.rows_micro import readings
from catalogue import open_catalogue, open_engine
from catalogue.database import connect
from config.migrations import upgrade
from config.settings import Settings
from gateway.app import create_app
from gateway.clients import Clients
from gateway.clients.plans import load_plans
from gateway.clients.secrets import open_secrets
from gateway.gate import EmbeddedLimiter, Gate, Identify, Meter
from gateway.services import Services
from schemas.run import Run

SEOUL = ZoneInfo("Asia/Seoul")
ROUNDS, REQUESTS = 10, 200
QUESTIONS = {
    "a page of 100 by key": ("station=S0007&limit=100", {}),
    "one row by key": ("station=S0007&limit=1", {}),
    "a page of 100, newest first": ("station=S0007&limit=100&order=-measured_at", {}),
    "a page of 100 with gzip": ("station=S0007&limit=100", {"Accept-Encoding": "gzip"}),
    "a page the client has (304)": ("station=S0007&limit=100", {"If-None-Match": "?"}),
    "a question that is wrong (400)": ("statoin=S0007", {}),
}


def asked(query: str, key: str, headers: dict[str, str]) -> dict[str, object]:
    builder = EnvironBuilder(
        path="/api/v1/datasets/readings/rows",
        query_string=query,
        headers={"Authorization": f"Bearer {key}", **headers},
        environ_base={"REMOTE_ADDR": "127.0.0.1"},
    )
    try:
        return builder.get_environ()
    finally:
        builder.close()


def cost(gate: Gate, environ: dict[str, object]) -> float:
    """CPU milliseconds of one request, the least of several rounds, as others use the machine."""
    rounds = []
    for _ in range(ROUNDS):
        began = process_time_ns()
        for _ in range(REQUESTS):
            run_wsgi_app(gate, dict(environ), buffered=True)
        rounds.append((process_time_ns() - began) / REQUESTS / 1e6)
    return min(rounds)


def measure(gate: Gate, key: str) -> Iterable[str]:
    for name, (query, headers) in QUESTIONS.items():
        _, _, told = run_wsgi_app(gate, asked(query, key, {}), buffered=True)
        known = {"If-None-Match": told["ETag"]} if "If-None-Match" in headers else {}
        environ = asked(query, key, headers | known)
        body, status, _ = run_wsgi_app(gate, dict(environ), buffered=True)
        size = len(b"".join(body))
        yield f"{name:32} {status[:3]} {size:7,} bytes {cost(gate, environ):7.3f} ms"


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder}/entrepot.db"
        upgrade(url)
        search = open_engine(None, folder / "search")
        catalogue = open_catalogue(url, folder / "parts", search, index_folder=folder / "derived")
        publication = readings(count)
        catalogue.publish(publication, Run("r1", "readings", "readings", "running"))
        catalogue.build_index(catalogue.snapshot("readings"))
        database, plans, secrets = (
            connect(url),
            load_plans(Settings().plans),
            open_secrets(folder / "secrets"),
        )
        clients = Clients(database, secrets, plans, clock=lambda: datetime.now(UTC), zone=SEOUL)
        owner = clients.create_person("bench@example.org", None).id
        key = clients.create_key(clients.create_application(owner, "bench", "internal").id)[1]
        meter, limiter = Meter(folder / "usage", clients.fold), EmbeddedLimiter(folder / "limits", SEOUL)
        services = Services(catalogue, clients, plans, limiter, SEOUL, meter.flush)
        app = create_app(services, session_key=secrets.session_key, version="bench")
        gate = Gate(app.wsgi_app, identify=Identify(clients.find, plans), limiter=limiter, meter=meter)
        for line in measure(gate, key):
            print(line)
        meter.close()
        limiter.close()
        catalogue.close()
        database.dispose()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
