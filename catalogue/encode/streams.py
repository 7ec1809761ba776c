"""All rows of an answer as text, batch after batch: CSV, lines of JSON, GeoJSON whole or by feature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import orjson
import pyarrow as pa

from catalogue.encode.cells import CSV, JSON, RAW_CSV, Spells
from catalogue.encode.pieces import Piece, together
from catalogue.encode.textual import BOM, Cells, csv_head
from catalogue.geometry import geometry_column
from catalogue.rows.question.plan import ID_COLUMN
from schemas.dataset import Column

Batches = Iterable[pa.RecordBatch]
Columns = tuple[Column, ...]
"""Of the rows, without `_id`; the batches have `_id` and then these, by name."""
_RECORD = b"\x1e"
"""What stands before each text of a JSON text sequence (RFC 7464, RFC 8142)."""


def csv(columns: Columns, batches: Batches, *, cells: Cells = "safe", bom: bool = False) -> Iterator[bytes]:
    """CSV with a head line; with `bom` it begins as spreadsheets expect of UTF-8."""
    head = (BOM if bom else b"") + csv_head(columns, cells)
    spelling = CSV if cells == "safe" else RAW_CSV
    for batch in _ahead(batches):
        yield head + rows_of(batch, columns, spelling, _line)
        head = b""
    if head:
        yield head


def ndjson(columns: Columns, batches: Batches) -> Iterator[bytes]:
    """A JSON object and a line feed for each row."""
    for batch in _ahead(batches):
        yield rows_of(batch, columns, JSON, lambda cells: [*_object(cells), b"\n"])


def geojson(columns: Columns, batches: Batches) -> Iterator[bytes]:
    """A FeatureCollection (RFC 7946)."""
    head = b'{"type":"FeatureCollection","features":['
    for batch in _ahead(batches):
        if batch.num_rows:
            features = rows_of(batch, columns, JSON, _feature(columns, b","))
            yield head + features[1:] if head else features
            head = b""
    yield head + b"]}"


def geojson_seq(columns: Columns, batches: Batches) -> Iterator[bytes]:
    """A feature after each record separator (RFC 8142)."""
    for batch in _ahead(batches):
        yield rows_of(batch, columns, JSON, _feature(columns, _RECORD, b"\n"))


def _ahead(batches: Batches) -> Iterator[pa.RecordBatch]:
    """The same, each read while the one before it is written: neither holds up the other for long."""
    left = iter(batches)
    with ThreadPoolExecutor(1, "reading") as reader:
        coming = reader.submit(next, left, None)
        while (batch := coming.result()) is not None:
            coming = reader.submit(next, left, None)
            yield batch


NamedCells = Sequence[tuple[str, list[Piece]]]
"""The pieces of each column's cells, by its name, `_id` first."""


def rows_of(
    batch: pa.RecordBatch, columns: Columns, spelling: Spells, row: Callable[[NamedCells], list[Piece]]
) -> bytes:
    """A batch's rows one behind the other, each the pieces that `row` makes of its cells."""
    if not batch.num_rows:
        return b""
    described = (ID_COLUMN, *columns)
    cells = [(c.name, spelling.cell(values, c)) for c, values in zip(described, batch.columns, strict=True)]
    return together(row(cells), spelling.null)


def _line(cells: NamedCells) -> list[Piece]:
    pieces: list[Piece] = []
    for i, (_, cell) in enumerate(cells):
        pieces += [b",", *cell] if i else cell
    return [*pieces, b"\r\n"]


def _object(cells: NamedCells) -> list[Piece]:
    pieces: list[Piece] = [b"{"]
    for i, (name, cell) in enumerate(cells):
        pieces += [b"," if i else b"", orjson.dumps(name), b":", *cell]
    return [*pieces, b"}"]


def _feature(columns: Columns, before: bytes, after: bytes = b"") -> Callable[[NamedCells], list[Piece]]:
    """The first geometry places a feature, further ones are properties."""
    place = geometry_column(columns)

    def pieces(cells: NamedCells) -> list[Piece]:
        (_, identity), *rest = cells
        where = next(cell for name, cell in rest if name == place)
        return [
            before,
            b'{"type":"Feature","id":',
            *identity,
            b',"geometry":',
            *where,
            b',"properties":',
            *_object([each for each in rest if each[0] != place]),
            b"}",
            after,
        ]

    return pieces


TEXTS: Mapping[str, Callable[[Columns, Batches], Iterator[bytes]]] = {
    "csv": csv,
    "ndjson": ndjson,
    "geojson": geojson,
    "geojson-seq": geojson_seq,
}
