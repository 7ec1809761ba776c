"""Every format carries the same rows, as a page, as a file and as a stream, read back by others' readers."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook

from catalogue import encode
from catalogue.encode.textual import FORMULA
from catalogue.rows import Rows
from schemas.conditions import Filter, Not
from schemas.dataset import Column
from schemas.query import RowQuery

COLUMNS = (
    Column("이름", "text"),
    Column("kind", "text"),
    Column("n", "integer"),
    Column("x", "number"),
    Column("open", "boolean"),
    Column("day", "date"),
    Column("at", "time"),
    Column("geometry", "geometry", role="geometry"),
    Column("entrance", "geometry"),
)
MILLISECOND = timedelta(milliseconds=1)
EPOCH = datetime(1899, 12, 30)

TEXTS = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Cn"]) | st.sampled_from("\t\n\r=+-@,\"'\\\\<&>_x"),
    min_size=1,
)
INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)) | st.datetimes(
    datetime(1800, 1, 1), datetime(1970, 1, 1), timezones=st.just(UTC)
).map(lambda early: early.replace(microsecond=0))
WHERE = st.integers(-1_800_000_000, 1_800_000_000).map(lambda n: n / 10**7)
POINTS = st.builds(shapely.Point, WHERE, WHERE.map(lambda n: n / 2))
LINES = st.lists(POINTS, min_size=2, max_size=4, unique=True).map(shapely.LineString)
SHAPES = POINTS | LINES | st.just(shapely.Point())


def shapes(kinds: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    # Seven decimals, as texts have them: the binary formats keep all.
    return kinds.map(
        lambda shape: shapely.to_wkb(shapely.from_wkt(shapely.to_wkt(shape, rounding_precision=7)))
    )


def rows(places: st.SearchStrategy[Any]) -> st.SearchStrategy[list[tuple[Any, ...]]]:
    row = st.tuples(
        st.none() | TEXTS,
        st.none() | st.sampled_from(["공원", "=1+1", '가, "나"', "-"]),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.floats(allow_nan=False, allow_infinity=False),
        st.none() | st.booleans(),
        st.none() | st.dates(date(1800, 1, 1), date(2200, 1, 1)),
        st.none() | INSTANTS,
        places,
        st.none() | shapes(POINTS),
    )
    return st.lists(row, max_size=12).map(lambda found: [(str(i), *each) for i, each in enumerate(found)])


Table = dict[str, dict[str, Any]]


def place(value: Any) -> Any:
    """A geometry, however it was told; one that is nowhere is none."""
    shape = (shapely.from_wkb(value) if value else None) if isinstance(value, bytes) else value
    return None if shape is None or shape.is_empty else shape


def of_json(records: list[dict[str, Any]]) -> Table:
    for record in records:
        for name in ("geometry", "entrance"):
            told = record[name]
            record[name] = None if told is None else place(shapely.from_geojson(json.dumps(told)))
    return {record.pop("_id"): record for record in records}


def of_features(features: list[dict[str, Any]]) -> Table:
    return of_json([{"_id": f["id"], **f["properties"], "geometry": f["geometry"]} for f in features])


def of_arrow(table: pa.Table) -> Table:
    found = table.select(["_id", *(column.name for column in COLUMNS)]).to_pylist()
    for row in found:
        row["day"] = row["day"] and row["day"].isoformat()[:10]  # FlatGeobuf has instants only
        row["at"] = row["at"] and row["at"].astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
        row["geometry"], row["entrance"] = place(row["geometry"]), place(row["entrance"])
    return {row.pop("_id"): row for row in found}


def of_csv(data: bytes) -> Table:
    reads: dict[str, Callable[[str], Any]] = {
        "n": int, "x": float, "open": {"true": True, "false": False}.__getitem__,
        "geometry": lambda text: place(shapely.from_wkt(text)),
        "entrance": lambda text: place(shapely.from_wkt(text)),
        "이름": plain, "kind": plain,
    }  # fmt: skip
    found = list(csv.DictReader(io.StringIO(data.decode(), newline="")))
    read = [{k: reads.get(k, str)(v) if v else None for k, v in row.items()} for row in found]
    return {row.pop("_id"): row for row in read}


def plain(text: str) -> str:
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def of_layer(data: bytes, ending: str) -> Table:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"rows{ending}"
        file.write_bytes(data)
        table = pyogrio.read_arrow(file, read_geometry=False)[1]
        # The Arrow reader of GDAL 3.12 mistakes the places of a FlatGeobuf in which some rows have none.
        wkb = pyogrio.raw.read(file, columns=[])[2] if len(table) else []
    table = table.append_column("geometry", pa.array(wkb, pa.binary()))
    wkt = [w and place(shapely.from_wkt(w)) for w in table["entrance"].to_pylist()]
    found = of_arrow(table.set_column(table.column_names.index("entrance"), "entrance", pa.nulls(len(table))))
    for row, told in zip(found.values(), wkt, strict=True):
        row["entrance"] = told
    return found


def of_sheet(data: bytes) -> Table:
    head, *lines = (
        CalamineWorkbook.from_filelike(io.BytesIO(data))
        .get_sheet_by_index(0)
        .to_python(skip_empty_area=False)
    )
    found = {}
    for line in lines:
        row = dict(zip(head, [*line, *[""] * (len(head) - len(line))], strict=True))
        row = {name: None if value == "" else value for name, value in row.items()}
        row["n"] = None if row["n"] is None else int(row["n"])
        if isinstance(row["day"], date):
            row["day"] = row["day"].isoformat()[:10]
        if isinstance(row["at"], datetime):
            row["at"] = row["at"].isoformat() + "Z"
        elif isinstance(row["at"], date):  # What calamine makes of a midnight.
            row["at"] = f"{row['at'].isoformat()}T00:00:00Z"
        for name in ("geometry", "entrance"):
            row[name] = row[name] and place(shapely.from_wkt(row[name]))
        found[row.pop("_id")] = row
    return found


READERS: dict[str, Callable[[bytes], Table]] = {
    "csv": of_csv,
    "ndjson": lambda data: of_json([json.loads(line) for line in data.splitlines()]),
    "geojson": lambda data: of_features(json.loads(data)["features"]),
    "geojson-seq": lambda data: of_features([json.loads(text) for text in data.decode().split("\x1e")[1:]]),
    "parquet": lambda data: of_arrow(pq.read_table(io.BytesIO(data))),
    "arrow": lambda data: of_arrow(pa.ipc.open_stream(data).read_all()),
    "fgb": lambda data: of_layer(data, ".fgb"),
    "gpkg": lambda data: of_layer(data, ".gpkg"),
    "xlsx": of_sheet,
}


def near(told: Any, wanted: Any, name: str) -> bool:
    """Texts keep seven decimals of a place, GDAL and sheets the milliseconds of an instant."""
    if isinstance(told, shapely.Geometry) and isinstance(wanted, shapely.Geometry):
        return bool(shapely.equals_exact(told, wanted, 1.1e-7))
    if name != "at" or told is None or wanted is None:
        return bool(told == wanted)
    return abs(datetime.fromisoformat(told) - datetime.fromisoformat(wanted)) <= MILLISECOND


def test_every_format_that_there_is_is_read_here() -> None:
    assert set(READERS) == set(encode.EXPORT_FORMATS)


@pytest.mark.parametrize("kinds", [POINTS, SHAPES], ids=["points", "shapes"])
# Written in nine formats four times, an example is dear: none is made smaller.
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.explicit, Phase.reuse, Phase.generate),
)
@given(data=st.data())
def test_pages_files_and_streams_carry_the_same_rows(kinds: Any, data: Any, land: Any) -> None:
    found = data.draw(rows(shapes(kinds) if kinds is POINTS else st.none() | shapes(kinds)))
    with tempfile.TemporaryDirectory() as folder:
        storage, snapshot = land(Path(folder), COLUMNS, found, parts=data.draw(st.integers(1, 3)))
        for format, told in every_way(storage, snapshot, Path(folder)):
            page = of_json(json.loads(told["json"])["items"])
            for way in ("page", "file", "whole", "filtered"):
                read = READERS[format](told[way])
                assert read.keys() == page.keys(), (format, way)
                for id, row in read.items():
                    wrong = {n: (v, page[id][n]) for n, v in row.items() if not near(v, page[id][n], n)}
                    assert not wrong, (format, way, wrong)


def every_way(storage: Any, snapshot: Any, folder: Path) -> Iterator[tuple[str, dict[str, bytes]]]:
    """All rows in each format: as a page, as a file, streamed as they lie, and as the answer to a filter."""
    all_ways = Rows(storage, folder / "index")
    exports = encode.Exports(storage, folder / "exports")
    filtered = RowQuery(filters=(Not(Filter("_id", "eq", "nobody")),))
    page = all_ways.read(snapshot, RowQuery(limit=1000))
    for format in encode.EXPORT_FORMATS:
        flows = [
            encode.answer_of(snapshot, all_ways.flow(snapshot, q), storage) for q in (RowQuery(), filtered)
        ]
        whole, some = (b"".join(encode.stream(flow, format)) for flow in flows)
        yield (
            format,
            {
                "json": encode.page(page, "json")[0],
                "page": encode.page(page, format)[0],
                "file": exports.make(snapshot, format).path.read_bytes(),
                "whole": whole,
                "filtered": some,
            },
        )
    all_ways.close()


@pytest.mark.parametrize("format", ["fgb", "gpkg", "geojson", "parquet"])
def test_rows_are_placed_by_the_geometry_that_was_selected(land: Any, tmp_path: Path, format: str) -> None:
    point, line = shapely.Point(129, 35), shapely.LineString([(129, 35), (130, 36)])
    columns = (Column("geometry", "geometry", role="geometry"), Column("way", "geometry"))
    found = [("0", shapely.to_wkb(point), shapely.to_wkb(line)), ("1", shapely.to_wkb(point), None)]
    storage, snapshot = land(tmp_path, columns, found)
    all_ways = Rows(storage, tmp_path / "index")
    answer = encode.answer_of(snapshot, all_ways.flow(snapshot, RowQuery(select=("way",))), storage)
    (tmp_path / f"rows.{format}").write_bytes(b"".join(encode.stream(answer, format)))
    told = pyogrio.raw.read(tmp_path / f"rows.{format}", columns=[])[2] if format != "parquet" else None
    if told is None:
        told = pq.read_table(tmp_path / "rows.parquet")["way"].to_pylist()
    assert [wkb and place(wkb) for wkb in told] == [line, None]
    all_ways.close()
