"""Real services on loopback for the tests that need them; a missing one skips, and fails where CI=true."""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import SystemRandom

import psycopg
import pytest
from waiting import LONGEST

from config.migrations import upgrade

POSTGRES = Path("/usr/lib/postgresql/15/bin")
USER = "postgres"
LOWEST_PORT = 10_000


def missing(service: str, in_ci: bool) -> None:
    """Skip the test that needs a service, or fail it in CI."""
    sentence = f"needs {service}, which is not on this machine"
    if in_ci:
        pytest.fail(sentence)
    pytest.skip(sentence)


@pytest.fixture
def free_port() -> int:
    """A port of loopback that nobody listens on."""
    return unused_port()


def unused_port() -> int:
    """A port of loopback that nobody listens on, and that nobody gets who asks the system for any.

    Between here and where a server listens, seconds may pass in which others open sockets by the hundred.
    """
    return next(port for port in _ports() if _is_free(port))


@cache
def _ports() -> Iterator[int]:
    """Ports below those that the system gives, each once; workers of a test run have ports of their own."""
    given, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    ours = range(LOWEST_PORT + worker, int(given), workers)
    return iter(SystemRandom().sample(ours, len(ours)))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


@pytest.fixture(scope="session")
def postgres_server(in_ci: bool) -> Iterator[str]:
    """The URL of a PostgreSQL of this test session, without the database's name."""
    if not (POSTGRES / "postgres").exists():
        missing("PostgreSQL 15", in_ci)
    # Not below pytest's own folder, which PostgreSQL's user may not enter.
    folder = Path(tempfile.mkdtemp(prefix="entrepot-postgres-"))
    port = unused_port()
    owner = USER if os.getuid() == 0 else None  # PostgreSQL refuses to run as root.
    if owner:
        shutil.chown(folder, owner, owner)
    init = [str(POSTGRES / "initdb"), "-D", str(folder / "data"), "-U", USER, "-A", "trust", "-E", "UTF8"]
    subprocess.run(
        [*init, "--locale=C", "--no-sync"], check=True, capture_output=True, user=owner, cwd=folder
    )
    options = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": "", "fsync": "off"}
    command = [str(POSTGRES / "postgres"), "-D", str(folder / "data")]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, user=owner, stdout=log, stderr=log, cwd=folder)
    try:
        _await(f"host=127.0.0.1 port={port} user={USER} dbname=postgres", server, folder / "log")
        yield f"postgresql+psycopg://{USER}@127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)  # "Fast shutdown": open connections are closed.
        server.wait(60)
        shutil.rmtree(folder)


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The SQLAlchemy URL of a PostgreSQL database of its own, empty."""
    with postgres_database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgres(postgres_server: str) -> Iterator[str]:
    """The name of a database with all tables, to be copied and not to be opened."""
    with postgres_database(postgres_server) as url:
        upgrade(url)
        yield url.rpartition("/")[2]


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with all tables, to be copied and not to be opened."""
    file = tmp_path_factory.mktemp("migrated") / "entrepot.db"
    upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.service("postgres"))])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of its own with all tables: once SQLite, once PostgreSQL."""
    if request.param == "sqlite":
        yield f"sqlite:///{shutil.copy(request.getfixturevalue('migrated_sqlite'), tmp_path)}"
        return
    server: str = request.getfixturevalue("postgres_server")
    with postgres_database(server, request.getfixturevalue("migrated_postgres")) as url:
        yield url


@contextmanager
def postgres_database(server: str, template: str = "template1") -> Iterator[str]:
    """The URL of a new database, a copy of `template`, dropped in the end."""
    name = f"test_{secrets.token_hex(6)}"
    admin = f"{server}/postgres".replace("+psycopg", "")
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        yield f"{server}/{name}"
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _await(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + LONGEST
    while time.monotonic() < end and server.poll() is None:
        try:
            psycopg.connect(address).close()
        except psycopg.OperationalError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"PostgreSQL did not start:\n{log.read_text()[-2000:]}")
