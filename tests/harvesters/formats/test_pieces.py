"""A table that is read in pieces is the table that is read at once."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyogrio.raw
import pytest
import shapely

from harvesters.faults import Unreadable
from harvesters.formats import Parsed, format_reader
from harvesters.reading.shelf import keep, whole
from schemas.feed import FormatSpec

SPEC = FormatSpec()
ROWS = 400


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes pieces as small as some bytes, so that a test needs no large file to have several."""

    def set_size(size: int) -> None:
        for module in ("harvesters.formats.csv", "harvesters.reading.gis.layers"):
            monkeypatch.setattr(f"{module}.PIECE", size)
        monkeypatch.setattr("harvesters.reading.delimited.encoding.CHUNK", size // 4)
        monkeypatch.setattr("harvesters.reading.shelf.ROOM", 2 * size)

    return set_size


def read(kind: str, path: Path, folder: Path, spec: FormatSpec = SPEC) -> Parsed:
    (parsed,) = keep(format_reader(kind).read(path, spec), folder)
    return parsed


def same(one: Parsed, other: Parsed) -> bool:
    both = [whole(each) for each in (one, other)]
    tables = [each.table.combine_chunks() for each in both]
    return (
        tables[0].equals(tables[1])
        and both[0].lines.equals(both[1].lines)
        and both[0].rejects.to_pylist() == both[1].rejects.to_pylist()
        and (one.read, one.encoding, one.crs) == (other.read, other.encoding, other.crs)
    )


def csv_file(folder: Path) -> tuple[str, Path]:
    path = folder / "source.csv"
    rows = [f'{i},"공원 {i}\n둘째 줄",{i * 0.5},' if i % 50 else f"{i},깨짐" for i in range(ROWS)]
    path.write_text("\n".join(["번호,이름,넓이,", *rows]), encoding="cp949")
    return "csv", path


def csv_file_with_one_value_in_a_column_without_name(folder: Path) -> tuple[str, Path]:
    path = folder / "source.csv"
    rows = [f"{i},공원 {i},{'값' if i == ROWS - 3 else ''}" for i in range(ROWS)]
    path.write_text("\n".join(["번호,이름,", *rows]), encoding="utf-8")
    return "csv", path


def geojson_file(folder: Path) -> tuple[str, Path]:
    path = folder / "source.geojson"
    features = [
        {
            "type": "Feature",
            "properties": {"이름": f"공원 {i}", "수": i},
            "geometry": {"type": "Point", "coordinates": [126 + i / 100, 35]} if i % 7 else None,
        }
        for i in range(ROWS)
    ]
    document = {"type": "FeatureCollection", "features": features}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    return "gis", path


def layer_file(folder: Path, name: str, driver: str, last: str, encoding: str) -> Path:
    path = folder / name
    texts = [f"park {i}" for i in range(ROWS - 1)] + [last]
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb([shapely.Point(126 + i / 100, 35) for i in range(ROWS)]),
        field_data=[pa.array(texts).to_numpy(zero_copy_only=False)],
        fields=["name"],
        driver=driver,
        geometry_type="Point",
        crs="EPSG:4326",
        encoding=encoding,
    )
    return path


def geopackage(folder: Path) -> tuple[str, Path]:
    return "gis", layer_file(folder, "source.gpkg", "GPKG", "공원", "UTF-8")


def shapefile_whose_last_text_shows_its_encoding(folder: Path) -> tuple[str, Path]:
    shp = layer_file(folder, "parks.shp", "ESRI Shapefile", "도시공원", "CP949")
    path = folder / "parks.zip"
    with zipfile.ZipFile(path, "w") as packed:
        for part in (".shp", ".shx", ".dbf"):
            packed.write(shp.with_suffix(part), f"parks{part}")
    return "gis", path


FILES = [
    csv_file,
    csv_file_with_one_value_in_a_column_without_name,
    geojson_file,
    geopackage,
    shapefile_whose_last_text_shows_its_encoding,
]


@pytest.mark.parametrize("make", FILES, ids=lambda make: make.__name__)
def test_a_table_in_pieces_is_the_table_read_at_once(
    make: Callable[[Path], tuple[str, Path]], tmp_path: Path, small_pieces: Callable[[int], None]
) -> None:
    kind, path = make(tmp_path)
    once = read(kind, path, tmp_path / "once")
    small_pieces(2_000)
    pieces = read(kind, path, tmp_path / "pieces")

    assert once.read == ROWS
    assert sum(1 for _ in once.pieces()) == 1
    assert sum(1 for _ in pieces.pieces()) > 1
    assert same(once, pieces)
    assert same(pieces, pieces)


def test_a_text_that_is_of_no_encoding_names_its_record_also_in_a_later_piece(
    tmp_path: Path, small_pieces: Callable[[int], None]
) -> None:
    small_pieces(2_000)
    kind, path = shapefile_whose_last_text_shows_its_encoding(tmp_path)
    with pytest.raises(Unreadable, match=f"record {ROWS} of the shapefile is not UTF-8"):
        read(kind, path, tmp_path / "kept", FormatSpec(encoding="utf-8"))
