"""Texts that do not say in which encoding they are, or say it wrongly."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely

KOREAN = ["강남구", "종로구", "은평구", "뚝섬로", "서울특별시 똠방각"]
WESTERN = ["Ação e Região", "São José", "Córrego", "Maranhão, Ceará"]
CYRILLIC_CODEPAGE, ANSI_CODEPAGE = 0xC9, 0x57


@pytest.fixture
def shapefile(tmp_path: Path, zipped: Any) -> Callable[..., Path]:
    """Makes a zipped shapefile of names in an encoding; `codepage` is byte 29 of its .dbf."""

    def make(names: list[str], encoding: str, codepage: int = 0) -> Path:
        shp = tmp_path / "places.shp"
        points = np.array([shapely.to_wkb(shapely.Point(127, 36 + n / 9)) for n in range(len(names))])
        number = np.arange(len(names))
        pyogrio.raw.write(shp, points, [number], np.array(["N"]), geometry_type="Point", crs="EPSG:4326")
        members = {f"places{end}": shp.with_suffix(end).read_bytes() for end in (".shp", ".shx", ".prj")}
        dbf = attributes([each.encode(encoding) for each in names], codepage)
        return zipped(members | {"places.dbf": dbf})  # type: ignore[no-any-return]

    return make


def attributes(values: list[bytes], codepage: int) -> bytes:
    """A dBase table of one column of 40 bytes."""
    head = struct.pack("<BBBBIHH17xB2x", 3, 126, 1, 1, len(values), 65, 41, codepage)
    column = struct.pack("<11sc4xB15x", b"NAME", b"C", 40)
    return head + column + b"\r" + b"".join(b" " + each.ljust(40) for each in values) + b"\x1a"


@pytest.mark.parametrize(
    ("names", "encoding", "codepage", "found"),
    [
        (WESTERN, "cp1252", 0, "cp1252"),
        (WESTERN, "cp1252", ANSI_CODEPAGE, "cp1252"),
        (KOREAN, "cp949", 0, "cp949"),
        (KOREAN, "cp949", ANSI_CODEPAGE, "cp949"),  # which programs write whatever the letters are
        (KOREAN, "utf-8", ANSI_CODEPAGE, "utf-8"),
        (["Москва", "Санкт-Петербург", "Казань"], "cp1251", CYRILLIC_CODEPAGE, "cp1251"),
    ],
)
def test_the_encoding_is_the_one_in_which_the_letters_make_sense(
    names: list[str], encoding: str, codepage: int, found: str, shapefile: Any, read: Any
) -> None:
    (parsed,) = read(shapefile(names, encoding, codepage))

    assert parsed.table["NAME"].to_pylist() == names
    assert parsed.encoding == found


@pytest.mark.parametrize("encoding", ["cp1251", "koi8-r", "cp1253", "iso8859-7"])
def test_russian_and_greek_are_told_by_their_vowels(encoding: str, read_text: Any) -> None:
    cyrillic = encoding in ("cp1251", "koi8-r")
    names = ["Москва и область", "Санкт-Петербург"] if cyrillic else ["Αλέξανδρος", "Μύρων Ευστόργιος"]

    (parsed,) = read_text("\n".join(["id,name", *(f"1,{name}" for name in names)]).encode(encoding))

    assert parsed.table["name"].to_pylist() == names
