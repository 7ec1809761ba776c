"""The Arrow schema of a dataset's rows, with units, titles and roles in the field metadata."""

from __future__ import annotations

import json
from dataclasses import asdict

import pyarrow as pa

from schemas.dataset import Column, ColumnSchema, ColumnType, Text

ID = "_id"
"""The column that names a row within its snapshot: text."""

ARROW_TYPES: dict[ColumnType, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.timestamp("us", tz="UTC"),
    "geometry": pa.binary(),
}
_KEY = b"entrepot"


def arrow_schema(columns: tuple[Column, ...]) -> pa.Schema:
    """`_id` and then `columns`; a column's description is JSON under the field's `entrepot` metadata."""
    return pa.schema([pa.field(ID, pa.string(), nullable=False)] + [_field(column) for column in columns])


def _field(column: Column) -> pa.Field:
    described = {k: v for k, v in asdict(column).items() if v not in (None, {}, False)}
    return pa.field(
        column.name,
        ARROW_TYPES[column.type],
        metadata={_KEY: json.dumps(described, ensure_ascii=False).encode()},
    )


def columns_of(schema: pa.Schema) -> tuple[Column, ...]:
    """The columns described in a Parquet file's schema; fields that are not ours are left out."""
    return tuple(
        _column(json.loads(field.metadata[_KEY]))
        for field in schema
        if field.metadata and _KEY in field.metadata
    )


def _column(described: dict[str, object]) -> Column:
    loaded = ColumnSchema().load(described)
    codes = loaded.pop("codes", None)
    return Column(
        title=Text(**(loaded.pop("title", None) or {})),
        codes={code: Text(**words) for code, words in codes.items()} if codes else None,
        **loaded,
    )
