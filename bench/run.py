"""Run every benchmark, each against its peer in the same run, and print the figures: `make bench`.

Run: python -m bench.run [--data ../shared/data] [--elasticsearch URL] [--seconds 5]

Installs Datasette into .venv-bench. Needs `wrk` for requests over HTTP; loads only servers it starts
itself on loopback. Quote medians and ratios: machines are noisy.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PEERS = ROOT / ".venv-bench"
DATASETTE = "datasette==0.65.5"
FEED = """title = {{ en = "Bench {name}" }}
publisher = "bench"
licence = "CC0-1.0"
{lines}
[source]
kind = "file"
path = "{path}"
"""


def main(options: argparse.Namespace) -> None:
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d')}")
    title("The gate: CPU it adds to a request")
    run("bench.gate")
    title("Harvest: a million rows of CP949 CSV, from fetch to committed snapshot")
    run("bench.harvest")
    title("Rows in process")
    run("bench.rows_micro")
    title("Rows over HTTP, beside Datasette")
    rows_beside_datasette(options.seconds)
    listing = options.data / "catalogue" / "data_go_kr_list_half1.csv.gz"
    if listing.is_file():
        title("Search: two Korean words with facets")
        cluster = ["--elasticsearch", options.elasticsearch] if options.elasticsearch else []
        run("bench.search", "--data", str(listing), *cluster)


def rows_beside_datasette(seconds: int) -> None:
    if not (PEERS / "bin" / "datasette").exists():
        subprocess.run([sys.executable, "-m", "venv", PEERS], check=True)
        subprocess.run([PEERS / "bin" / "pip", "install", "--quiet", DATASETTE], check=True)
    with tempfile.TemporaryDirectory(prefix="entrepot-bench-") as temporary:
        folder = Path(temporary)
        environ = {**os.environ, "ENTREPOT_DATA": str(folder / "data")}
        feeds(folder)
        entrepot(environ, "harvest", "--all", "--feeds", str(folder / "feeds"))
        entrepot(environ, "apps", "create", "bench", "--owner", "bench@example.org", "--plan", "internal")
        key = json.loads(entrepot(environ, "keys", "create", "bench", "--json"))["key"]
        with serving(environ) as url:
            asked = ["--url", url, "--key", key, "--datasette", str(PEERS), "--seconds", str(seconds)]
            run("bench.rows_peer", *asked, "--readings", "readings", "--places", "places")


def feeds(folder: Path) -> None:
    """A million readings of 500 stations, and a hundred thousand places, as CSV with feeds for them."""
    (folder / "feeds").mkdir()
    for name, lines in (("readings", 'key = ["station", "at"]\ntime = "at"'), ("places", 'key = ["id"]')):
        path = folder / f"{name}.csv"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(readings() if name == "readings" else places())
        (folder / "feeds" / f"{name}.toml").write_text(FEED.format(name=name, lines=lines, path=path))


def readings() -> Iterator[str]:
    yield "station,at,road,speed,volume,level\n"
    for i in range(1_000_000):
        step, station = divmod(i, 500)
        at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(1_780_000_000 + 300 * step))
        speed, volume = 5 + (i * 7919) % 850 / 10, (i * 104_729) % 2_000
        level = "원활" if speed > 40 else "서행"
        yield f"S{station:04d},{at},중앙대로 {station % 40},{speed},{volume},{level}\n"


def places() -> Iterator[str]:
    yield "id,name,kind,capacity,longitude,latitude\n"
    for i in range(100_000):
        east, north = 128.8 + (i * 7919) % 50_000 / 100_000, 35.0 + (i * 104_729) % 40_000 / 100_000
        yield f"P{i:06d},시설 {i},{('공원', '도서관', '주차장')[i % 3]},{(i * 31) % 900},{east},{north}\n"


def entrepot(environ: dict[str, str], *words: str) -> str:
    command = [sys.executable, "-m", "config.cli", *words]
    return subprocess.run(command, env=environ, check=True, capture_output=True, text=True).stdout


@contextmanager
def serving(environ: dict[str, str]) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "config.cli", "serve", "--port", str(port)]
    process = subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(f"{url}/readyz", timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        process.wait(20)


def run(module: str, *words: str) -> None:
    sys.stdout.flush()
    subprocess.run([sys.executable, "-m", module, *words], cwd=ROOT, check=True)


def title(words: str) -> None:
    print(f"\n## {words}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--elasticsearch", help="URL of a cluster to compare with")
    parser.add_argument("--seconds", type=int, default=5)
    main(parser.parse_args())
