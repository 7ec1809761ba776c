"""SQLite databases of places, as SpatiaLite and GDAL write them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely

from harvesters.faults import Unreadable


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two layers of two points each."""
    path = tmp_path / "places.sqlite"
    points = np.array([shapely.to_wkb(shapely.Point(129, 35 + place / 9)) for place in range(2)])
    for layer in ("공원", "주차장"):
        pyogrio.raw.write(
            path,
            points,
            [np.array(["가", "나"], dtype=object)],
            np.array(["이름"]),
            layer=layer,
            driver="SQLite",
            geometry_type="Point",
            crs="EPSG:4326",
            append=path.exists(),
        )
    return path


def test_each_table_of_places_is_one(database: Path, read: Any) -> None:
    found = read(database)

    assert [(each.name, each.table["이름"].to_pylist()) for each in found] == [
        ("공원", ["가", "나"]),
        ("주차장", ["가", "나"]),
    ]
    assert shapely.from_wkb(found[0].table["geometry"][1].as_py()).y == pytest.approx(35 + 1 / 9)


def test_a_table_that_is_made_of_another_file_is_refused(database: Path, read: Any) -> None:
    with closing(sqlite3.connect(database)) as opened:
        opened.execute("PRAGMA writable_schema = ON")
        row = ("table", "passwd", "passwd", 0, "CREATE VIRTUAL TABLE passwd USING VirtualText('/etc/passwd')")
        opened.execute("INSERT INTO sqlite_master VALUES (?, ?, ?, ?, ?)", row)
        opened.commit()

    with pytest.raises(Unreadable, match="the table 'passwd' is virtual"):
        read(database)


def test_half_a_database_is_refused(database: Path, read: Any) -> None:
    whole = database.read_bytes()
    database.write_bytes(whole[: len(whole) // 2])

    with pytest.raises(Unreadable):
        read(database)
