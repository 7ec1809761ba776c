"""Groups and their figures as bytes, in the formats of tables."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.encode.formats import PAGE_FORMATS
from catalogue.encode.textual import csv_lines, safe
from schemas.arrow import ARROW_TYPES, arrow_schema
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean
from schemas.query import GroupPage


def figures(page: GroupPage, format: str) -> tuple[bytes, str]:
    """Groups as bytes and their media type; raises BadInput for a format that is not in GROUP_FORMATS.

    Only JSON tells whether there are more. In CSV a text that a spreadsheet would run gets a leading '.
    """
    if format not in _WRITERS:
        hint = did_you_mean(format, _WRITERS)
        raise BadInput([InputError("format", f"{format!r} is not a format of figures", hint)])
    return _WRITERS[format](page), GROUP_FORMATS[format]


def _objects(page: GroupPage) -> list[dict[str, object]]:
    names = [column.name for column in page.columns]
    return [dict(zip(names, values, strict=True)) for values in page.values]


def _json(page: GroupPage) -> bytes:
    return orjson.dumps({"snapshot": page.snapshot, "items": _objects(page), "truncated": page.truncated})


def _ndjson(page: GroupPage) -> bytes:
    return b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in _objects(page))


def _csv(page: GroupPage) -> bytes:
    head = [safe(column.name) for column in page.columns]
    kinds = [column.type for column in page.columns]
    rows = ([_cell(v, kind) for v, kind in zip(row, kinds, strict=True)] for row in page.values)
    return csv_lines([head, *rows])


def _cell(value: object, kind: str) -> object:
    if isinstance(value, bool):
        return str(value).lower()
    return safe(value) if kind == "text" and isinstance(value, str) else value


def _parquet(page: GroupPage) -> bytes:
    file = io.BytesIO()
    pq.write_table(_table(page), file, compression="zstd")
    return file.getvalue()


def _arrow(page: GroupPage) -> bytes:
    rows, file = _table(page), io.BytesIO()
    with pa.ipc.new_stream(file, rows.schema) as stream:
        stream.write_table(rows)
    return file.getvalue()


def _table(page: GroupPage) -> pa.Table:
    values = zip(*page.values, strict=True) if page.values else [()] * len(page.columns)
    arrays = [_array(list(each), column) for each, column in zip(values, page.columns, strict=True)]
    schema = pa.schema(list(arrow_schema(page.columns))[1:])  # Groups have no `_id`.
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: list[object], column: Column) -> pa.Array:
    if column.type in ("time", "date"):
        return pa.array(values, pa.string()).cast(ARROW_TYPES[column.type])
    return pa.array(values, ARROW_TYPES[column.type])


_WRITERS: Mapping[str, Callable[[GroupPage], bytes]] = {
    "json": _json,
    "csv": _csv,
    "ndjson": _ndjson,
    "parquet": _parquet,
    "arrow": _arrow,
}
GROUP_FORMATS: Mapping[str, str] = {name: PAGE_FORMATS[name][0] for name in _WRITERS}
"""Media type of each format that groups can have."""
