"""Parquet, Arrow and dBase: types kept, structures flattened, geometry known by its metadata."""

from __future__ import annotations

import datetime as dt
import json
import struct
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from harvesters.faults import Unreadable
from harvesters.formats import Parsed

POINTS = [shapely.to_wkb(shapely.Point(129 + place, 35)) for place in range(3)]


def written(table: pa.Table, path: Path, **options: Any) -> Path:
    pq.write_table(table, path, **options)
    return path


def geo(**about: Any) -> dict[bytes, bytes]:
    column = {"encoding": "WKB", "geometry_types": ["Point"], **about}
    said = {"version": "1.1.0", "primary_column": "shape", "columns": {"shape": column}}
    return {b"geo": json.dumps(said).encode()}


def rows(parsed: Parsed) -> list[dict[str, Any]]:
    return [row for piece in parsed.pieces() for row in piece.table.to_pylist()]


def test_a_real_geoparquet_file_has_its_places_and_flat_columns(shared_data: Path, read: Any) -> None:
    (parsed,) = read(shared_data / "gis/nyc_subset_overture.parquet")

    assert (parsed.kind, parsed.crs, parsed.table.num_rows) == ("parquet", "OGC:CRS84", 679)
    assert {"names_primary", "sources", "geometry"} < set(parsed.table.column_names)
    assert not [name for name in parsed.table.column_names if name.startswith("bbox")]
    assert json.loads(parsed.table["sources"][0].as_py())[0]["dataset"] == "OpenStreetMap"
    assert shapely.from_wkb(parsed.table["geometry"][0].as_py()).geom_type == "Polygon"


def test_types_stay_and_structures_become_columns(tmp_path: Path, read: Any) -> None:
    day, now = dt.date(2026, 1, 3), dt.datetime(2026, 1, 3, 9, 30)
    table = pa.table(
        {
            "id": pa.array([1, 2], pa.int32()),
            "at": [{"lat": 35.1, "inner": {"x": "a"}}, None],
            "tags": [["a", "b"], None],
            "kind": pa.array(["버스", "버스"]).dictionary_encode(),
            "raw": [b"\x01\xff", None],
            "day": [day, day],
            "now": [now, None],
            "nothing": pa.nulls(2),
        }
    )

    (parsed,) = read(written(table, tmp_path / "a.parquet"))

    assert rows(parsed)[0] == {
        "id": 1, "at_lat": 35.1, "at_inner_x": "a", "tags": '["a","b"]', "kind": "버스", "raw": "01ff",
        "day": day, "now": now, "nothing": None,
    }  # fmt: skip
    assert rows(parsed)[1]["at_lat"] is None
    assert parsed.table.schema.field("id").type == pa.int32()


@pytest.mark.parametrize(
    ("about", "crs"),
    [
        ({}, "OGC:CRS84"),
        ({"crs": None}, None),
        ({"crs": {"id": {"authority": "EPSG", "code": 5187}, "type": "x"}}, "unknown"),
    ],
)
def test_the_crs_is_that_of_the_metadata(tmp_path: Path, read: Any, about: Any, crs: str | None) -> None:
    table = pa.table({"n": [1, 2, 3], "shape": POINTS}).replace_schema_metadata(geo(**about))
    path = written(table, tmp_path / "a.parquet")

    if crs == "unknown":
        with pytest.raises(Unreadable, match="no CRS that is known"):
            read(path)
    else:
        (parsed,) = read(path)
        assert (parsed.crs, parsed.table.column_names) == (crs, ["n", "geometry"])


def test_a_projected_crs_is_known_by_its_code(tmp_path: Path, read: Any) -> None:
    from pyproj import CRS

    about = geo(crs=CRS.from_epsg(5187).to_json_dict())
    table = pa.table({"shape": POINTS}).replace_schema_metadata(about)

    (parsed,) = read(written(table, tmp_path / "a.parquet"))

    assert parsed.crs == "EPSG:5187"


def test_a_broken_geometry_costs_its_row_and_says_which(tmp_path: Path, read: Any) -> None:
    table = pa.table({"n": [1, 2, 3], "shape": [POINTS[0], b"\x01\x02", None]})

    (parsed,) = read(written(table.replace_schema_metadata(geo()), tmp_path / "a.parquet"))

    assert parsed.table["n"].to_pylist() == [1, 3]
    assert parsed.lines.to_pylist() == [1, 3]
    assert parsed.rejects.to_pylist()[0]["line"] == 2
    assert parsed.rejects.to_pylist()[0]["reason"] == "geometry"


def test_a_large_file_comes_in_pieces_with_their_places(tmp_path: Path, read: Any) -> None:
    (parsed,) = read(written(pa.table({"n": range(150_000)}), tmp_path / "a.parquet"))

    pieces = list(parsed.pieces())
    assert len(pieces) == 3
    assert [piece.lines[0].as_py() for piece in pieces] == [1, 65_537, 131_073]
    assert sum(len(piece.table) for piece in pieces) == 150_000


def test_text_packed_a_millionfold_is_refused_before_it_is_unpacked(tmp_path: Path, read: Any) -> None:
    text = pa.array(["x" * 200_000]).dictionary_encode()
    packed = pa.DictionaryArray.from_arrays(pa.array([0] * 60_000, pa.int32()), text.dictionary)
    path = written(pa.table({"a": packed}), tmp_path / "bomb.parquet", row_group_size=60_000)
    assert path.stat().st_size < 100_000

    with pytest.raises(Unreadable, match="would unpack to 12,000,000,000 bytes"):
        read(path)


@pytest.mark.parametrize("name", ["a.arrow", "a.feather", "download"])
@pytest.mark.parametrize("stream", [True, False])
def test_arrow_is_read_as_a_file_and_as_a_stream(tmp_path: Path, read: Any, name: str, stream: bool) -> None:
    table = pa.table({"이름": ["가", "나"], "값": [1.5, None]})
    path = tmp_path / name
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(path, table.schema) as writer:
        writer.write_table(table, 1)

    (parsed,) = read(path)

    assert (parsed.kind, rows(parsed)) == ("arrow", table.to_pylist())


def test_offsets_that_lead_out_of_an_arrow_file_are_refused(tmp_path: Path, read: Any) -> None:
    path = tmp_path / "a.arrow"
    table = pa.table({"a": ["가나", "다라", "마바사아"]})
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    ends = struct.pack("<iiii", 0, 6, 12, 24)
    assert ends in path.read_bytes()

    for wrong in (struct.pack("<iiii", 0, 6, 12, 2_000_000_000), struct.pack("<iiii", 0, 5, 12, 24)):
        (tmp_path / "b.arrow").write_bytes(path.read_bytes().replace(ends, wrong))
        with pytest.raises(Unreadable, match="rows from 1 on are broken"):
            read(tmp_path / "b.arrow")


@pytest.mark.parametrize("codec", ["zstd", "lz4", None])
def test_an_arrow_file_that_would_fill_the_memory_is_refused(tmp_path: Path, read: Any, codec: Any) -> None:
    path = tmp_path / "a.arrow"
    table = pa.table(
        {"a": pa.array([0] * 500_000, pa.int64()), "b": pa.array(["x"] * 500_000).dictionary_encode()}
    )
    with pa.ipc.new_file(path, table.schema, options=pa.ipc.IpcWriteOptions(compression=codec)) as writer:
        writer.write_table(table)
    (parsed,) = read(path)
    assert sum(len(piece.table) for piece in parsed.pieces()) == 500_000

    size = (4_000_000).to_bytes(8, "little")
    if codec:
        assert size in path.read_bytes()
        path.write_bytes(path.read_bytes().replace(size, (1 << 40).to_bytes(8, "little")))
        with pytest.raises(Unreadable, match="would unpack to 1,09"):
            read(path)


def test_an_arrow_file_without_rows_names_its_columns(tmp_path: Path, read: Any) -> None:
    path = tmp_path / "a.arrow"
    schema = pa.schema([("a", pa.int64()), ("b", pa.struct([("c", pa.string())]))])
    with pa.ipc.new_file(path, schema):
        pass

    (parsed,) = read(path)

    assert (parsed.table.num_rows, parsed.table.column_names) == (0, ["a", "b_c"])


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow", "a.dbf"])
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_what_is_cut_short_is_refused(tmp_path: Path, read: Any, name: str, share: float) -> None:
    path = tmp_path / name
    table = pa.table({"a": [str(number) * 20 for number in range(2000)]})
    if name == "a.parquet":
        written(table, path)
    elif name == "a.arrow":
        with pa.ipc.new_file(path, table.schema) as writer:
            writer.write_table(table)
    else:
        path.write_bytes(dbf([str(number) for number in range(2000)], 0))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])

    with pytest.raises(Unreadable):
        read(path)


def dbf(names: list[str | bytes], codepage: int, encoding: str = "cp949") -> bytes:
    """A dBase III table of one column of text."""
    raw = [name if isinstance(name, bytes) else name.encode(encoding) for name in names]
    head = struct.pack("<BBBBIHH17xB2x", 3, 126, 1, 3, len(raw), 65, 31, codepage)
    column = struct.pack("<11sc4xBB14x", b"NAME", b"C", 30, 0)
    return head + column + b"\r" + b"".join(b" " + each.ljust(30) for each in raw) + b"\x1a"


@pytest.mark.parametrize(
    ("encoding", "codepage", "found"),
    [("utf-8", 0, "utf-8"), ("cp949", 0, "cp949"), ("cp949", 0x57, "cp949"), ("cp949", 0x79, "cp949")],
)
def test_a_dbf_is_in_the_encoding_of_its_letters(
    tmp_path: Path, read: Any, encoding: str, codepage: int, found: str
) -> None:
    path = tmp_path / "a.dbf"
    path.write_bytes(dbf(["해운대구", "수영구"], codepage, encoding))

    (parsed,) = read(path)

    assert (parsed.kind, parsed.encoding) == ("dbf", found)
    assert parsed.table.to_pylist() == [{"NAME": "해운대구"}, {"NAME": "수영구"}]


def test_a_dbf_of_western_names_is_read_and_one_of_nonsense_is_not(tmp_path: Path, read: Any) -> None:
    path = tmp_path / "a.dbf"
    path.write_bytes(dbf(["Ñandú", "Forlì"], 0, "latin-1"))

    (parsed,) = read(path)
    assert (parsed.encoding, parsed.table["NAME"].to_pylist()) == ("cp1252", ["Ñandú", "Forlì"])
    path.write_bytes(dbf([b"\xff\xfe\x81\xff"], 0))
    with pytest.raises(Unreadable, match="record 1"):
        read(path)
