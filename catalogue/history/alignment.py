"""Bring rows that are added and rows that stand under the same columns: an append leaves no column out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.parquet as pq

from catalogue.errors import CannotAppend
from catalogue.publication import Publication, pieces_of
from catalogue.snapshots import ROW_GROUP, Parts, first_rows
from schemas.arrow import arrow_schema
from schemas.dataset import Column
from schemas.snapshot import Snapshot


def united(publication: Publication, former: Snapshot) -> Publication:
    """The publication in the order of the columns that stand, and then its new ones.

    A column that stands and is not in it stays, empty in the new rows: sources leave out what is of no
    news, and what was published of it must not vanish with them.
    """
    fresh = {column.name: column for column in publication.columns}
    standing = [
        fresh.pop(column.name) if column.name in fresh else replace(column, required=False)
        for column in former.columns
    ]
    columns = (*standing, *fresh.values())
    if columns == publication.columns:
        return publication
    return replace(publication, columns=columns, rows=_Aligned(publication, columns))


def aligned(former: Snapshot, columns: tuple[Column, ...], storage: Parts) -> Iterator[pa.Table]:
    """The rows that stand in other columns; raises CannotAppend where values do not fit a type."""
    schema = arrow_schema(columns)
    for part in former.parts:
        with pq.ParquetFile(storage.path(part.path)) as file:
            for batch in first_rows(file.iter_batches(ROW_GROUP), part.rows):
                yield _fitted(pa.Table.from_batches([batch]), schema, former.dataset)


@dataclass(frozen=True)
class _Aligned:
    """The pieces of a publication in other columns, as often as they are asked for."""

    publication: Publication
    columns: tuple[Column, ...]

    def __iter__(self) -> Iterator[pa.Table]:
        schema = arrow_schema(self.columns)
        for piece in pieces_of(self.publication.rows):
            yield _fitted(piece, schema, self.publication.dataset.id)


def _fitted(rows: pa.Table, schema: pa.Schema, dataset: str) -> pa.Table:
    cells = []
    for field in schema:
        if field.name not in rows.schema.names:
            cells.append(pa.nulls(len(rows), field.type))
            continue
        try:
            cells.append(rows[field.name].cast(field.type))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise CannotAppend(dataset, field.name) from error
    return pa.table(cells, schema=schema)
