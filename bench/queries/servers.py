"""Entrepot and its peers, each started on loopback over the same rows, and stopped."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.queries.load import Server, tree

ROOT = Path(__file__).resolve().parents[2]
DATASETTE = ROOT / ".venv-bench"
PYGEOAPI = ROOT / ".venv-bench-ogc"
INSTALLED = {
    DATASETTE: ("datasette==0.65.5",),
    PYGEOAPI: ("pygeoapi==0.21.0", "gunicorn", "geopandas", "pyarrow", "s3fs"),
}
POSTGRES = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
WORKERS = 2
PATIENCE = 600
"""Tenths of a second in which a server has to answer."""


def install(environment: Path) -> Path:
    """A virtual environment with a peer of ours, made once; its bin folder."""
    if not (environment / "installed").exists():
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([environment / "bin" / "pip", "install", "-q", *INSTALLED[environment]], check=True)
        (environment / "installed").touch()
    return environment / "bin"


@contextmanager
def entrepot(folder: Path) -> Iterator[Server]:
    """Two gateway processes over what the feeds under `folder` publish, with a key that has no limits."""
    environ = {**os.environ, "ENTREPOT_DATA": str(folder / "data")}

    def run(*words: str) -> str:
        command = [sys.executable, "-m", "config.cli", *words]
        said = subprocess.run(command, env=environ, cwd=ROOT, check=True, capture_output=True, text=True)
        return said.stdout

    run("harvest", "--all", "--feeds", str(folder / "feeds"), "--json")
    run("apps", "create", "bench", "--owner", "bench@example.org", "--plan", "internal")
    key = json.loads(run("keys", "create", "bench", "--json"))["key"]
    port = free_port()
    command = [sys.executable, "-m", "config.cli", "serve", "--port", str(port), "--workers", str(WORKERS)]
    with running("entrepot", command, f"http://127.0.0.1:{port}", "/readyz", environ=environ) as server:
        headers = {"X-API-Key": key, "Cache-Control": "no-cache"}  # What is remembered is measured apart.
        yield Server(server.name, server.url, server.processes, headers)


@contextmanager
def datasette(files: Sequence[Path]) -> Iterator[Server]:
    """One process over SQLite files, as Datasette runs; limits of rows and time are ours."""
    port = free_port()
    command = [str(install(DATASETTE) / "datasette"), "serve", "--port", str(port)]
    command += ["--setting", "sql_time_limit_ms", "60000", "--setting", "max_csv_mb", "0"]
    for file in files:
        command += ["--immutable", str(file)]
    with running("datasette", command, f"http://127.0.0.1:{port}", "/-/versions.json") as server:
        yield server


def tables(ours: Server, data: Path, names: Sequence[str], folder: Path) -> list[Path]:
    """Our row indexes as databases of Datasette, columns by their names: the same rows, the same indexes."""
    found = []
    for name in names:
        about = f"{ours.url}/api/v1/datasets/{name}"
        snapshot = json.loads(get(f"{about}/rows?limit=1", ours.headers))["snapshot"]
        columns = json.loads(get(f"{about}/schema", ours.headers))["columns"]
        (index,) = data.rglob(f"{snapshot}.*.sqlite")
        found.append(Path(shutil.copy(index, folder / f"{name}.db")))
        connection = sqlite3.connect(found[-1])
        connection.execute("ALTER TABLE rows RENAME COLUMN id TO _id")
        for i, column in enumerate(columns):
            connection.execute(f'ALTER TABLE rows RENAME COLUMN c{i} TO "{column["name"]}"')
        connection.commit()
        connection.close()
    return found


def get(url: str, headers: dict[str, str]) -> bytes:
    """What is answered at an address."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=600) as answer:
        body: bytes = answer.read()
    return body


def key(ours: Server, dataset: str) -> str:
    """The column that names a row."""
    columns = json.loads(get(f"{ours.url}/api/v1/datasets/{dataset}/schema", ours.headers))["columns"]
    return next(str(column["name"]) for column in columns if column["key"])


@contextmanager
def pygeoapi(shown: Mapping[str, tuple[Path, str, str, str]], folder: Path) -> Iterator[Server]:
    """Two processes of pygeoapi under gunicorn over Parquet files and the columns of their key, x and y."""
    programs, port = install(PYGEOAPI), free_port()
    url = f"http://127.0.0.1:{port}"
    resources = [
        _RESOURCE.format(name=name, file=file, key=key, x=x, y=y) for name, (file, key, x, y) in shown.items()
    ]
    (folder / "pygeoapi.yml").write_text(
        _PYGEOAPI.format(port=port, url=url) + "".join(resources), encoding="utf-8"
    )
    environ = {
        **os.environ,
        "PYGEOAPI_CONFIG": str(folder / "pygeoapi.yml"),
        "PYGEOAPI_OPENAPI": str(folder / "openapi.yml"),
    }
    made = [str(programs / "pygeoapi"), "openapi", "generate", environ["PYGEOAPI_CONFIG"], "--output-file"]
    subprocess.run([*made, environ["PYGEOAPI_OPENAPI"]], env=environ, check=True, capture_output=True)
    command = [str(programs / "gunicorn"), "-w", str(WORKERS), "-b", f"127.0.0.1:{port}"]
    command.append("pygeoapi.flask_app:APP")
    with running("pygeoapi", command, url, "/", environ=environ) as server:
        yield server


@contextmanager
def postgres() -> Iterator[tuple[str, Server]]:
    """A PostgreSQL of its own: the words that psql and pgbench take to reach it, and its processes."""
    programs, port = POSTGRES[-1], free_port()
    folder = Path(tempfile.mkdtemp(prefix="entrepot-bench-postgres-"))
    owner = "postgres" if os.getuid() == 0 else None  # PostgreSQL refuses to run as root.
    if owner:
        shutil.chown(folder, owner, owner)
    user = owner or pwd.getpwuid(os.getuid()).pw_name
    init = [str(programs / "initdb"), "-D", str(folder / "data"), "-U", user, "-A", "trust", "-E", "UTF8"]
    init += ["--locale=C", "--no-sync"]
    subprocess.run(init, check=True, capture_output=True, user=owner, cwd=folder)
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-p", str(port)]
    for setting in ("listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=512MB"):
        command += ["-c", setting]
    silent = subprocess.DEVNULL
    process = subprocess.Popen(command, user=owner, cwd=folder, stdout=silent, stderr=silent)
    reached = f"host=127.0.0.1 port={port} user={user} dbname=postgres"
    try:
        for _ in range(PATIENCE):
            asked = ["psql", reached, "-c", "SELECT 1"]
            if subprocess.run(asked, check=False, capture_output=True).returncode == 0:
                break
            time.sleep(0.1)
        yield reached, Server("postgresql", "", lambda: tree(process.pid), {})
    finally:
        end(process, signal.SIGINT)
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def featureserv(program: Path, reached: str) -> Iterator[Server]:
    """pg_featureserv, a Go program, over a PostGIS."""
    port = free_port()
    words = dict(word.split("=") for word in reached.split())
    database = f"postgresql://{words['user']}@{words['host']}:{words['port']}/{words['dbname']}"
    environ = {
        **os.environ,
        "DATABASE_URL": database,
        "PGFS_SERVER_HTTPPORT": str(port),
        "PGFS_SERVER_HTTPHOST": "127.0.0.1",
        "PGFS_PAGING_LIMITMAX": "10000",
        "PGFS_SERVER_WRITETIMEOUTSEC": "120",
    }
    url = f"http://127.0.0.1:{port}"
    with running("pg_featureserv", [str(program)], url, "/collections", environ=environ) as server:
        yield server


@contextmanager
def running(
    name: str, command: Sequence[str], url: str, ready: str, *, environ: dict[str, str] | None = None
) -> Iterator[Server]:
    """A server that answers at `ready` before it is handed out, and is ended after."""
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=said, stderr=said)
        try:
            for _ in range(PATIENCE):
                if process.poll() is not None:
                    said.seek(0)
                    raise ChildProcessError(f"{name} ended: {said.read()[-2000:].decode(errors='replace')}")
                try:
                    urllib.request.urlopen(f"{url}{ready}", timeout=5).close()
                    break
                except OSError:
                    time.sleep(0.1)
            yield Server(name, url, lambda: tree(process.pid), {})
        finally:
            end(process)


def end(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> None:
    """End a process that we started, in any case."""
    process.send_signal(how)
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


_PYGEOAPI = """
server:
  bind: {{host: 127.0.0.1, port: {port}}}
  url: {url}
  mimetype: application/json; charset=UTF-8
  encoding: utf-8
  languages: [en-US]
  limits: {{default_items: 100, max_items: 10000}}
  map: {{url: "http://127.0.0.1/", attribution: none}}
logging: {{level: ERROR}}
metadata:
  identification:
    title: facilities
    description: facilities
    keywords: [facilities]
    keywords_type: theme
    terms_of_service: none
    url: {url}
  license: {{name: CC0, url: "{url}"}}
  provider: {{name: bench, url: "{url}"}}
  contact: {{name: bench}}
resources:"""
_RESOURCE = """
  {name}:
    type: collection
    title: {name}
    description: {name}
    keywords: [places]
    links: []
    extents:
      spatial: {{bbox: [-180, -90, 180, 90], crs: "http://www.opengis.net/def/crs/OGC/1.3/CRS84"}}
    providers:
      - type: feature
        name: Parquet
        data: {{source: "{file}"}}
        id_field: "{key}"
        x_field: "{x}"
        y_field: "{y}"
"""
