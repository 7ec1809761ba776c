"""Rows that answer, of a page or of a whole snapshot, as bytes of any format that can be handed on."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

import pyarrow as pa

from catalogue.encode import columnar, gdal, streams
from catalogue.encode.formats import EXPORT_FORMATS, check
from catalogue.encode.sheets import xlsx
from catalogue.encode.textual import Cells
from schemas.dataset import Column

Shape = Literal["records", "columns", "arrays"]
_PIECE = 1 << 20


@dataclass(frozen=True)
class Look:
    """How a client wants to see rows: the `shape` of JSON, whether CSV begins with a byte order mark, and
    whether its texts are kept from being run as formulas."""

    shape: Shape = "records"
    bom: bool = False
    cells: Cells = "safe"


PLAIN = Look()


@dataclass(frozen=True)
class Answer:
    """`rows` rows of a dataset or whatever `name` calls; `batches` reads them, `_id` and then `columns`.

    `created` is when the rows came to be.
    """

    name: str
    columns: tuple[Column, ...]
    rows: int
    batches: Callable[[], Iterable[pa.RecordBatch]]
    places: gdal.Places = gdal.NOT_KNOWN
    created: datetime = field(default=gdal.UNDATED)


def stream(answer: Answer, format: str, look: Look = PLAIN) -> Iterator[bytes]:
    """The bytes of an answer in one of EXPORT_FORMATS, at constant memory.

    Raises BadInput for a format that is none of them, or that needs a geometry where there is none.
    FlatGeobuf and GeoPackage are begun only when the last row is known, and lie on the disk till then.
    """
    check(format, answer.columns, EXPORT_FORMATS, "rows")
    columns, batches = answer.columns, answer.batches()
    match format:
        case "csv":
            pieces = streams.csv(columns, batches, cells=look.cells, bom=look.bom)
        case "xlsx":
            pieces = xlsx(columns, batches, name=answer.name)
        case "parquet":
            pieces = columnar.parquet(columns, batches)
        case "arrow":
            pieces = columnar.arrow(columns, batches)
        case "fgb" | "gpkg":
            pieces = _by_file(answer, format)
        case _:
            pieces = streams.TEXTS[format](columns, batches)
    return pieces


def write(answer: Answer, format: str, file: Path) -> None:
    """The same as a file."""
    if format in gdal.DRIVERS:
        layer = gdal.Layer(answer.name, answer.columns, answer.places, answer.created)
        gdal.write(file, format, layer, answer.batches())
        return
    with file.open("wb") as out:
        for piece in stream(answer, format):
            out.write(piece)


def _by_file(answer: Answer, format: str) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory(prefix="entrepot-") as folder:
        file = Path(folder) / f"rows.{format}"
        write(answer, format, file)
        with file.open("rb") as written:
            while piece := written.read(_PIECE):
                yield piece
