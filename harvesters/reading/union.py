"""Read several files as the one table they make: the same columns in each, their rows in turn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import Parsed, Piece


@dataclass(frozen=True)
class File:
    """One of the files: its name as its source gave it, and how to read its tables, as often as asked."""

    name: str
    read: Callable[[], Sequence[Parsed]]


def united(files: Sequence[File]) -> Parsed:
    """The table that all files make, the first file's columns in its order.

    Places go on from file to file; a column that is of several types is of the one that holds them all.
    Raises Unreadable for a file with other columns or another CRS, FeedMisconfigured for one that holds
    several tables.
    """
    parsed = _only(files[0])
    repairs, encodings, types = Counter(parsed.repairs), {parsed.encoding: None}, _types(_only(files[0]))
    # Each file is looked at before any is used, and then let go: together they may be too large.
    for file in files[1:]:
        other = _only(file)
        _compare(files[0].name, parsed, file.name, other)
        repairs.update(other.repairs)
        encodings[other.encoding] = None
        for name, found in _types(other).items():
            types[name] |= found
    schema = pa.schema([(name, _of_all(types[name])) for name in parsed.table.column_names])
    return replace(
        parsed,
        table=_shaped(parsed.table, schema),
        encoding=", ".join(each for each in encodings if each) or None,
        repairs=dict(repairs),
        rest=_rest(parsed, files, schema),
    )


def _types(parsed: Parsed) -> dict[str, set[pa.DataType]]:
    """The types of each column's values; a column without any may be of all."""
    found: dict[str, set[pa.DataType]] = {name: set() for name in parsed.table.column_names}
    for table in chain([parsed.table], (piece.table for piece in parsed.rest)):
        for name, column in zip(table.column_names, table.columns, strict=True):
            if column.null_count < len(column):
                found[name].add(column.type)
        if all(pa.types.is_string(column.type) for column in table.columns):
            return {name: {pa.string()} for name in found}  # A format without types gives text to the end.
    return found


def _of_all(types: set[pa.DataType]) -> pa.DataType:
    if not types:
        return pa.string()
    if len(types) == 1:
        return next(iter(types))
    numbers = all(pa.types.is_integer(each) or pa.types.is_floating(each) for each in types)
    return pa.float64() if numbers else pa.string()


def _shaped(table: pa.Table, schema: pa.Schema) -> pa.Table:
    try:
        return table.select(schema.names).cast(schema)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as fault:
        raise Unreadable(
            f"the files hold values of different kinds in one column ({fault})",
            "make a feed of each",
        ) from fault


def _only(file: File) -> Parsed:
    tables = file.read()
    if len(tables) != 1:
        raise FeedMisconfigured(
            f"{file.name} holds {len(tables)} tables, and is to be one part of a table",
            "choose one with [format] sheet, layer or member",
        )
    return tables[0]


def _compare(name: str, first: Parsed, other_name: str, other: Parsed) -> None:
    have, has = set(first.table.column_names), set(other.table.column_names)
    if have != has:
        lacks = [f"lacks {', '.join(sorted(have - has))}"] if have - has else []
        more = [f"has {', '.join(sorted(has - have))} more"] if has - have else []
        raise Unreadable(
            f"{other_name} is no part of the same table as {name}: it {' and '.join(lacks + more)}",
            "files of one table have the same columns; make a feed of each otherwise",
        )
    if first.crs != other.crs:
        raise Unreadable(
            f"{other_name} is in {other.crs or 'no CRS that it names'}, {name} in {first.crs or 'none'}",
            'say what holds for all with [format] crs = "…"',
        )


def _rest(first: Parsed, files: Sequence[File], schema: pa.Schema) -> Iterator[Piece]:
    last = _last(first.lines, first.rejects, 0)
    for piece in first.rest:
        last = _last(piece.lines, piece.rejects, last)
        yield replace(piece, table=_shaped(piece.table, schema))
    for file in files[1:]:
        parsed, start = _only(file), last
        for piece in chain([Piece(parsed.table, parsed.lines, parsed.rejects)], parsed.rest):
            moved = _moved(piece, schema, start, file.name)
            last = _last(moved.lines, moved.rejects, last)
            yield moved


def _moved(piece: Piece, schema: pa.Schema, start: int, name: str) -> Piece:
    """A piece of a later file: its places after those before it, and its rejects with the file's name."""
    rejects = piece.rejects
    if len(rejects):
        told = pc.binary_join_element_wise(rejects["detail"], pa.scalar(f"in {name}"), "; ")
        for column, values in (("line", pc.add(rejects["line"], start)), ("detail", told)):
            at = rejects.schema.get_field_index(column)
            rejects = rejects.set_column(at, rejects.schema.field(at), values)
    return Piece(_shaped(piece.table, schema), pc.add(piece.lines, start), rejects)


def _last(lines: pa.Array, rejects: pa.Table, so_far: int) -> int:
    found = (pc.max(each).as_py() for each in (lines, rejects["line"]))
    return max(so_far, *(each or 0 for each in found))
