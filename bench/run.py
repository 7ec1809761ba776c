"""Run every benchmark, each against its peer in the same run, and print the figures: `make bench`.

Run: python -m bench.run [--data ../shared/data] [--elasticsearch URL] [--seconds 5]

Installs Datasette into .venv-bench. Needs `wrk` and PostgreSQL for rows over HTTP; loads only servers it
starts itself on loopback. Quote medians and ratios: machines are noisy.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main(options: argparse.Namespace) -> None:
    print(f"{os.cpu_count()} cores, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d')}")
    title("The gate: CPU it adds to a request")
    run("bench.gate")
    title("Harvest: a million rows of CP949 CSV, from fetch to committed snapshot")
    run("bench.harvest")
    title("Rows in process")
    run("bench.rows_micro")
    title("Rows over HTTP, beside Datasette and the SQL of a CKAN datastore")
    run("bench.queries", "--readings", "1000000", "--seconds", str(options.seconds), "--without", "pygeoapi")
    listing = options.data / "catalogue" / "data_go_kr_list_half1.csv.gz"
    if listing.is_file():
        title("Search: two Korean words with facets")
        cluster = ["--elasticsearch", options.elasticsearch] if options.elasticsearch else []
        run("bench.search", "--data", str(listing), *cluster)


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
