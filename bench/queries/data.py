"""What is asked: traffic readings, facilities around the dongs of a city, and the shops of Busan."""

from __future__ import annotations

import csv
import random
import time
from collections.abc import Iterator
from pathlib import Path

from bench.gis import packed

SEED = 20261122
STATIONS, DISTRICTS = 500, 16
STEP, BEGIN = 300, 1_780_000_000
KIND = "상권업종중분류명"
KINDS = ("공원", "도서관", "주차장", "경로당", "어린이집", "무더위쉼터", "공중화장실", "체육시설")
FEED = """title = {{ ko = "{title}" }}
publisher = "bench"
licence = "CC0-1.0"
{lines}
[source]
kind = "file"
path = "{path}"
"""
MILLION = 1_000_000
FEEDS = {
    "readings": ("교통 측정값", 'key = ["station", "at"]\ntime = "at"'),
    "million": ("교통 측정값 백만", 'key = ["station", "at"]\ntime = "at"'),
    "facilities": ("공공시설", 'key = ["id"]'),
    "shops": ("부산 상가업소", 'key = ["상가업소번호"]'),
}


def write(folder: Path, readings: int, facilities: int, shops: Path | None) -> None:
    """The CSV files and a feed for each, under `folder`/feeds; `shops` or those of PyPI."""
    feeds = folder / "feeds"
    feeds.mkdir()
    _lines(folder / "readings.csv", readings_csv(readings))
    _lines(folder / "million.csv", readings_csv(min(readings, MILLION)))
    _lines(folder / "facilities.csv", facilities_csv(facilities))
    (folder / "shops.csv").write_bytes(shops.read_bytes() if shops else packed(folder))
    for name, (title, lines) in FEEDS.items():
        text = FEED.format(title=title, lines=lines, path=folder / f"{name}.csv")
        (feeds / f"{name}.toml").write_text(text, encoding="utf-8")


def kinds(shops: Path) -> list[str]:
    """What the shops of a file are, by the middle of three divisions."""
    with shops.open(encoding="utf-8", newline="") as lines:
        return sorted({line[KIND] for line in csv.DictReader(lines)})


def station(number: int) -> str:
    return f"S{number:04d}"


def instant(step: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(BEGIN + STEP * step))


def readings_csv(count: int) -> Iterator[str]:
    """One reading of each of 500 detectors every five minutes."""
    yield "station,at,district,road,speed,volume,occupancy,level\n"
    at = ""
    for i in range(count):
        step, number = divmod(i, STATIONS)
        at = at if number else instant(step)
        speed, volume = 5 + (i * 7919) % 850 / 10, (i * 104_729) % 2_000
        level = "원활" if speed > 40 else "서행" if speed > 20 else "정체"
        yield (
            f"{station(number)},{at},구{number % DISTRICTS:02d},중앙대로 {number % 40},"
            f"{speed},{volume},{(i * 31) % 1000 / 10},{level}\n"
        )


def facilities_csv(count: int) -> Iterator[str]:
    """Places that crowd around 205 centres, of 14 columns."""
    chance = random.Random(SEED)
    centres = [(chance.uniform(128.85, 129.25), chance.uniform(35.05, 35.35)) for _ in range(205)]
    yield "id,name,kind,district,dong,address,lot,operator,phone,capacity,area,opened,longitude,latitude\n"
    for i in range(count):
        east, north = centres[i % len(centres)]
        yield (
            f"P{i:06d},{KINDS[i % 8]} {i},{KINDS[i % 8]},구{i % 16:02d},제{i % 205}동,"
            f"중앙대로 {i % 900}번길 {i % 70},"
            f"부전동 {i % 500}-{i % 40},구청 {i % 16},051-{i % 900:03d}-{i % 10_000:04d},{(i * 31) % 900},"
            f"{(i * 17) % 9000 / 10},20{i % 26:02d}-{i % 12 + 1:02d}-{i % 28 + 1:02d},"
            f"{chance.gauss(east, 0.01):.7f},{chance.gauss(north, 0.01):.7f}\n"
        )


def _lines(file: Path, lines: Iterator[str]) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.writelines(lines)
