"""Harvest the shops of Busan from CSV, GeoJSON, GPKG and a shapefile, beside ogr2ogr and geopandas.

Run: python -m bench.gis [--rows 149567] [--runs 3] [--shops busan.csv] [--kinds csv,geojson,gpkg,shp]

149,567 shops of 39 columns come from the package `busanstore` on PyPI (read, never imported). ogr2ogr
(Debian's gdal-bin) makes the other three files from them once; then each of the three programs turns each
file into its own store in a process of its own: `entrepot harvest` a validated GeoParquet snapshot, ogr2ogr
a GeoPackage, geopandas a GeoParquet file. Ours is timed from the fetch to the committed snapshot, as the run
says, and as a whole process with the row index; the others as a whole process, geopandas also without its
imports. Beside the seconds stand those of the processor, user and system: on a busy machine they alone tell
something. Ours at work are those until the commit, by the clock of the process. A CSV is read twice over for
geopandas, by `pandas.read_csv`, which looks at nothing but types, and by `geopandas.read_file`. Medians of
the runs.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-bench-gis"
GEOPANDAS = ("geopandas==1.1.4", "pyogrio", "pyarrow")
SHOPS = "busanstore==0.0.8"
KINDS = ("csv", "geojson", "gpkg", "shp")
FEED = """
title = {{ ko = "상가업소" }}
publisher = "소상공인시장진흥공단"
licence = "KOGL-1"
[source]
kind = "file"
path = "{path}"
"""
READ = """
import sys, time
import geopandas, pandas
started, used = time.monotonic(), time.process_time()
source, to, how = sys.argv[1:]
if how == "pandas":
    table = pandas.read_csv(source, low_memory=False, dtype={"건물관리번호": str})  # 25 digits
    places = geopandas.points_from_xy(table["경도"], table["위도"], crs="EPSG:4326")
    found = geopandas.GeoDataFrame(table, geometry=places)
else:
    found = geopandas.read_file(source)
found.to_parquet(to)
print(len(found), time.monotonic() - started, time.process_time() - used)
"""

HARVEST = """
import time
from config import cli
from harvesters import run

started, tend, used = time.process_time(), run.tend, 0.0

def timed(*given, **named):
    global used
    used = time.process_time() - started
    return tend(*given, **named)

run.tend = timed
try:
    cli.main()
finally:
    print(used)
"""


@dataclass(frozen=True)
class Took:
    """Rows of one conversion, its seconds at work and as a whole process, those of the processor in both, and
    its peak memory in MiB."""

    rows: int
    work: float
    work_cpu: float
    process: float
    cpu: float
    peak: float


@dataclass(frozen=True)
class Ended:
    """What a process wrote, its seconds by the clock and of the processor, and its peak memory in MiB."""

    out: str
    seconds: float
    cpu: float
    peak: float


def main() -> None:
    """Print a line for each kind of file and each program, and the ratios."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("--rows", type=int, help="the first so many shops only")
    asked.add_argument("--runs", type=int, default=3)
    asked.add_argument("--kinds", default=",".join(KINDS))
    asked.add_argument("--shops", type=Path, help="the CSV of the package, where it is at hand")
    chosen = asked.parse_args()
    with TemporaryDirectory(prefix="entrepot-bench-") as temporary:
        folder = Path(temporary)
        files = sources(folder, chosen.shops, chosen.rows)
        print(f"{os.cpu_count()} cores; {subprocess.getoutput('ogr2ogr --version')}; {', '.join(GEOPANDAS)}")
        for kind in chosen.kinds.split(","):
            compare(kind, files[kind], folder, chosen.runs)


def compare(kind: str, source: Path, folder: Path, runs: int) -> None:
    """The programs in turn, `runs` times, so that a noisy minute hits all of them."""
    programs = {"entrepot": entrepot, "ogr2ogr": ogr2ogr, "geopandas": geopandas}
    if kind == "csv":
        programs["pandas"] = pandas
    took: dict[str, list[Took]] = {name: [] for name in programs}
    for number in range(runs):
        for name, program in programs.items():
            work = folder / f"{kind}-{name}-{number}"
            work.mkdir()
            try:
                took[name].append(program(source, work))
            except ChildProcessError as error:
                print(f"{name} cannot read {kind}: {str(error).splitlines()[-1]}")
    took = {name: found for name, found in took.items() if found}
    print(f"\n{kind}: {source.stat().st_size / 1e6:.1f} MB")
    print(f"  {'':10} {'rows':>8} {'rows/s':>9} {'rows/CPU s':>11} {'whole s':>8} {'CPU s':>7} {'MiB':>5}")
    for name, found in took.items():
        rate, per_cpu = (found[0].rows / median(found, each) for each in ("work", "work_cpu"))
        process, cpu, peak = (median(found, each) for each in ("process", "cpu", "peak"))
        print(
            f"  {name:10} {found[0].rows:8,} {rate:9,.0f} {per_cpu:11,.0f} "
            f"{process:8.2f} {cpu:7.2f} {peak:5.0f}"
        )
    for peer in list(took)[1:]:
        each = (median(took[peer], what) / median(took["entrepot"], what) for what in ("work", "work_cpu"))
        clock, cpu = each
        print(f"  {clock:.2f}x {peer} at work, {cpu:.2f}x by processor", flush=True)


def median(found: Sequence[Took], what: str) -> float:
    return float(statistics.median(getattr(each, what) for each in found))


def sources(folder: Path, shops: Path | None, rows: int | None) -> dict[str, Path]:
    """The same shops as CSV, GeoJSON, GeoPackage and zipped shapefile (its column names cut to ten bytes)."""
    csv = folder / "shops.csv"
    whole = shops.read_bytes() if shops else packed(folder)
    csv.write_bytes(whole if rows is None else b"".join(whole.splitlines(keepends=True)[: rows + 1]))
    files = {"csv": csv, "geojson": folder / "shops.geojson", "gpkg": folder / "shops.gpkg"}
    options = ["-oo", "X_POSSIBLE_NAMES=경도", "-oo", "Y_POSSIBLE_NAMES=위도", "-oo", "AUTODETECT_TYPE=YES"]
    ogr = ["ogr2ogr", "-a_srs", "EPSG:4326", *options]
    subprocess.run([*ogr, "-f", "GPKG", files["gpkg"], csv], check=True, stderr=subprocess.DEVNULL)
    made = ["ogr2ogr", "-f", "GeoJSON", files["geojson"], files["gpkg"]]
    subprocess.run(made, check=True, stderr=subprocess.DEVNULL)
    loose = folder / "loose"
    loose.mkdir()
    made = ["ogr2ogr", "-f", "ESRI Shapefile", "-lco", "ENCODING=UTF-8", loose / "shops.shp", files["gpkg"]]
    subprocess.run(made, check=True, stderr=subprocess.DEVNULL)
    files["shp"] = folder / "shops.zip"
    with zipfile.ZipFile(files["shp"], "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for part in sorted(loose.iterdir()):
            archive.write(part, part.name)
    return files


def packed(folder: Path) -> bytes:
    """The CSV inside the package, which is fetched and not installed."""
    fetched = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder), SHOPS]
    subprocess.run(fetched, check=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return archive.read("Busanstore/data/busan.csv")


def entrepot(source: Path, work: Path) -> Took:
    """A harvest with a fresh data folder, as a feed without any hint says."""
    feeds = work / "feeds"
    feeds.mkdir()
    (feeds / "shops.toml").write_text(FEED.format(path=source), encoding="utf-8")
    environ = {"ENTREPOT_DATA": str(work / "data"), "ENTREPOT_FEEDS": str(feeds)}
    ended = measured([sys.executable, "-c", HARVEST, "harvest", "shops", "--json"], environ, work)
    told, used = ended.out.splitlines()
    run = json.loads(told)
    assert run["status"] == "published", run
    assert run["read"] == run["published"] + run["rejected"], run
    return Took(run["read"], run["seconds"], float(used), ended.seconds, ended.cpu, ended.peak)


def ogr2ogr(source: Path, work: Path) -> Took:
    """To a GeoPackage: Debian's GDAL has no Parquet."""
    place = f"/vsizip/{source}/shops.shp" if source.suffix == ".zip" else str(source)
    options = ["-oo", "X_POSSIBLE_NAMES=경도", "-oo", "Y_POSSIBLE_NAMES=위도", "-oo", "AUTODETECT_TYPE=YES"]
    command = ["ogr2ogr", "-f", "GPKG", str(work / "shops.gpkg"), place]
    command += ["-a_srs", "EPSG:4326", *options] if source.suffix == ".csv" else []
    ended = measured(command, {}, work)
    asked = ["ogrinfo", "-so", "-al", work / "shops.gpkg"]
    told = subprocess.run(asked, capture_output=True, text=True, errors="replace", check=True)
    rows = next(line for line in told.stdout.splitlines() if line.startswith("Feature Count"))
    return Took(int(rows.split(":")[1]), ended.seconds, ended.cpu, ended.seconds, ended.cpu, ended.peak)


def geopandas(source: Path, work: Path, how: str = "geopandas") -> Took:
    """To a GeoParquet file, in a virtual environment of its own."""
    if not (PEERS / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
        subprocess.run([PEERS / "bin" / "pip", "install", "--quiet", *GEOPANDAS], check=True)
    command = [str(PEERS / "bin" / "python"), "-c", READ, str(source), str(work / "shops.parquet"), how]
    ended = measured(command, {}, work)
    rows, worked, used = ended.out.split()
    return Took(int(rows), float(worked), float(used), ended.seconds, ended.cpu, ended.peak)


def pandas(source: Path, work: Path) -> Took:
    """The same with the reader of pandas."""
    return geopandas(source, work, "pandas")


def measured(command: Sequence[str], environ: dict[str, str], work: Path) -> Ended:
    """Run a process, which must end well."""
    out, err = work / "out", work / "err"
    began = monotonic()
    actions = [writes(1, out), writes(2, err)]
    pid = os.posix_spawnp(command[0], command, os.environ | environ, file_actions=list(actions))
    _, status, used = os.wait4(pid, 0)
    seconds = monotonic() - began
    if status:
        told = f"{err.read_text(errors='replace')}{out.read_text(errors='replace')}"
        raise ChildProcessError(f"{command[0]} ended with {status}: {told.strip()}")
    return Ended(out.read_text(), seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def writes(descriptor: int, file: Path) -> tuple[int, int, str, int, int]:
    return (os.POSIX_SPAWN_OPEN, descriptor, str(file), os.O_WRONLY | os.O_CREAT, 0o644)


if __name__ == "__main__":
    main()
