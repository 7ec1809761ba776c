"""Try every file of a list and compare what is read with the number of records that the list tells.

    python -m bench.manifest MANIFEST.tsv FOLDER [--all]

The list is tab-separated with the columns `file` and `rows_or_features`; `--all` prints what is right too.
Sizes of spreadsheets (title and header rows count there), JSON keys, XML elements and triples are no
records: such files are tried, and only shown. Of timetables the list counts the lines of each file, the one
that names the columns too. Exit 1 where a file crashed, or rows of one are neither accepted nor rejected.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

_RECORDS = re.compile(r"(\d+) (?:rows x|features in|records|entities|lines|packages)|.*, ([1-9]\d*) items? /")
_TABLES = re.compile(r"(\w+) (\d+)(?:; |$)")


@dataclass(frozen=True)
class Judged:
    """A file: what the list tells (one number, or one a table), what was read, and how it went.

    `mark` is OK, NOT, or `..` where the list tells no number of records.
    """

    file: str
    told: int | Mapping[str, int] | None
    read: Mapping[str, int]
    refused: str
    unbalanced: tuple[str, ...]

    @property
    def mark(self) -> str:
        if self.told is None:
            return ".."
        if isinstance(self.told, int):
            right = not self.refused and sum(self.read.values()) == self.told
        else:
            right = all(self.read.get(name) == count for name, count in self.told.items())
        return "OK" if right else "NOT"

    def __str__(self) -> str:
        told = self.told if isinstance(self.told, int | None) else dict(self.told)
        read = dict(self.read) if len(self.read) > 1 else next(iter(self.read.values()), "nothing")
        tables = f"{str(read)[:100]} in {len(self.read)} tables" if len(self.read) > 1 else read
        wrong = f"  NOT ALL ACCEPTED OR REJECTED: {', '.join(self.unbalanced)}" if self.unbalanced else ""
        return f"{self.mark:3} {self.file}: told {told}, read {tables} {self.refused[:150]}{wrong}"


def main() -> None:
    """Print a line for each file that needs a look, and the totals."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    asked.add_argument("manifest", type=Path)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--all", action="store_true")
    chosen = asked.parse_args()
    judged = [_judged(told, tried) for told, tried in _tried(chosen.manifest, chosen.folder)]
    for each in judged:
        if chosen.all or each.mark != "OK" or each.unbalanced:
            print(each)
    marks = Counter(each.mark for each in judged)
    told, right = marks["OK"] + marks["NOT"], marks["OK"]
    print(f"{right} of {told} files give the number that is told ({right / max(told, 1):.0%})", end="; ")
    print(f"{marks['..']} without a number; {sum(bool(each.refused) for each in judged)} refused")
    crashed = [each.file for each in judged if each.refused.startswith("unexpected")]
    unbalanced = [each.file for each in judged if each.unbalanced]
    print(f"{len(crashed)} crashed {crashed}; {len(unbalanced)} with rows neither accepted nor rejected")
    sys.exit(1 if crashed or unbalanced else 0)


def _tried(manifest: Path, folder: Path) -> Iterator[tuple[dict[str, str], list[dict[str, Any]]]]:
    """Each line of the list, and what the command printed of its file."""
    command = [str(Path(sys.executable).with_name("entrepot")), "feeds", "try", "--json"]
    with TemporaryDirectory(prefix="entrepot-bench-") as data:
        done = subprocess.run(
            [*command, "--manifest", str(manifest), str(folder)],
            env={**os.environ, "ENTREPOT_DATA": data},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=False,
        )
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    with manifest.open(encoding="utf-8-sig", newline="") as listed:
        for row in csv.DictReader(listed, delimiter="\t", quoting=csv.QUOTE_NONE):
            yield row, [line for line in lines if line["file"] == row["file"]]


def _judged(row: Mapping[str, str], tried: list[dict[str, Any]]) -> Judged:
    tables = [each for each in tried if "read" in each]
    return Judged(
        file=row["file"],
        told=_told(row["rows_or_features"]),
        read={each.get("table", ""): each["read"] for each in tables},
        refused=next((each["refused"] for each in tried if "refused" in each), "" if tables else "no answer"),
        unbalanced=tuple(
            each.get("table", "its table")
            for each in tables
            if each["read"] != each["accepted"] + each["rejected"]
        ),
    )


def _told(text: str) -> int | dict[str, int] | None:
    """The records of one table or, in a timetable, of each: there the list counts the line of names too."""
    one = _RECORDS.match(text)
    if one:
        return int(one[1] or one[2])
    return (
        {name: int(count) - 1 for name, count in _TABLES.findall(text)}
        if "; " in text and ":" not in text
        else None
    )


if __name__ == "__main__":
    main()
