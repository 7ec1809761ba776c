"""The SQL that a CKAN datastore gives PostgreSQL for a request; and PostGIS, which pg_featureserv serves."""

from __future__ import annotations

import csv
import re
import statistics
import subprocess
from pathlib import Path

from bench.queries.data import KIND
from bench.queries.load import Server, used
from bench.queries.report import Figures
from bench.queries.servers import POSTGRES

READINGS = """CREATE TABLE readings (_id serial PRIMARY KEY, station text, at timestamptz, district text,
    road text, speed numeric, volume int, occupancy numeric, level text)"""
FACILITIES = """CREATE TABLE facilities (id text PRIMARY KEY, name text, kind text, district text, dong text,
    address text, lot text, operator text, phone text, capacity int, area numeric, opened date,
    longitude float8, latitude float8)"""
PLACED = """ALTER TABLE {table} ADD geom geometry(Point, 4326);
    UPDATE {table} SET geom = ST_SetSRID(ST_MakePoint({longitude}, {latitude}), 4326);
    CREATE INDEX ON {table} USING gist (geom)"""
COORDINATES = {"facilities": ("longitude", "latitude"), "shops": ('"경도"', '"위도"')}
INDEXES = ("station", "district", "at")
COPIED = "station,at,district,road,speed,volume,occupancy,level"
RECORD = ", ".join(f'"{name}"' for name in ("_id", *COPIED.split(",")))


def page(
    where: str, order: str = "_id", *, limit: str = "LIMIT 100", table: str = "readings", names: str = RECORD
) -> str:
    """The two statements of datastore_search: the records as one JSON text, and how many answer."""
    inner = f'SELECT {names} FROM "{table}" s {where} ORDER BY {order} {limit}'
    return (
        f"SELECT array_to_json(array_agg(j))::text FROM ({inner}) AS j;\n"
        f'SELECT count(*) FROM "{table}" {where};\n'
    )


def fill(reached: str, folder: Path, *, placed: bool) -> None:
    """The tables with the indexes of a datastore, copied in bulk, and places where PostGIS is there."""
    run(reached, READINGS)
    run(reached, f"\\copy readings ({COPIED}) from '{folder}/readings.csv' csv header")
    for column in INDEXES:
        run(reached, f"CREATE INDEX ON readings ({column})")
    run(reached, FACILITIES)
    run(reached, f"\\copy facilities from '{folder}/facilities.csv' csv header")
    _fill_shops(reached, folder / "shops.csv")
    if placed:
        run(reached, "CREATE EXTENSION postgis")
        for table, (longitude, latitude) in COORDINATES.items():
            for statement in PLACED.format(table=table, longitude=longitude, latitude=latitude).split(";"):
                run(reached, statement)
    run(reached, "VACUUM ANALYZE")


def _fill_shops(reached: str, file: Path) -> None:
    with file.open(encoding="utf-8", newline="") as lines:
        names = [f'"{name}"' for name in next(csv.reader(lines))]
    typed = [f"{name} {'float8' if name in COORDINATES['shops'] else 'text'}" for name in names]
    run(reached, f"CREATE TABLE shops (_id serial PRIMARY KEY, {', '.join(typed)})")
    run(reached, f"\\copy shops ({', '.join(names)}) from '{file}' csv header")
    run(reached, f'CREATE INDEX ON shops ("{KIND}")')


def run(reached: str, statement: str) -> None:
    command = ["psql", reached, "-q", "-v", "ON_ERROR_STOP=1", "-c", " ".join(statement.split())]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def ask(server: Server, reached: str, script: str, clients: int, seconds: int, folder: Path) -> Figures:
    """What pgbench got with a script of statements, which are one request together."""
    file, log = folder / "asked.sql", folder / "taken"
    file.write_text(script, encoding="utf-8")
    words = dict(word.split("=") for word in reached.split())
    command = [str(POSTGRES[-1] / "pgbench"), "-n", "-h", words["host"], "-p", words["port"]]
    command += ["-U", words["user"], "-c", str(clients), "-T", str(seconds), "-f", str(file)]
    command += ["-l", f"--log-prefix={log}"]
    for old in folder.glob("taken.*"):
        old.unlink()
    before = used(server.processes())
    said = subprocess.run([*command, words["dbname"]], check=True, capture_output=True, text=True).stdout
    spent = used(server.processes()) - before
    lines = (line for each in folder.glob("taken.*") for line in each.read_text().splitlines())
    taken = sorted(int(line.split()[2]) / 1000 for line in lines)
    if not taken:
        raise TimeoutError(f"no answer within {seconds} s")
    failed = re.search(r"number of failed transactions: (\d+)", said)
    p99 = taken[min(len(taken) - 1, len(taken) * 99 // 100)]
    rate, faults = len(taken) / seconds, f", {failed[1]} failed" if failed and failed[1] != "0" else ""
    cpu = f"{1000 * spent / len(taken):.2f} ms"
    return Figures(rate, f"{rate:.1f}/s{faults}", statistics.median(taken), p99, cpu=cpu)
