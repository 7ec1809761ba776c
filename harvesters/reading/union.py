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

    Places go on from file to file. Raises Unreadable for a file with other columns or another CRS,
    FeedMisconfigured for one that holds several tables.
    """
    parsed = _only(files[0])
    repairs, encodings = Counter(parsed.repairs), {parsed.encoding: None}
    # Each file is looked at before any is used, and then let go: together they may be too large.
    for file in files[1:]:
        other = _only(file)
        _compare(files[0].name, parsed, file.name, other)
        repairs.update(other.repairs)
        encodings[other.encoding] = None
    return replace(
        parsed,
        encoding=", ".join(each for each in encodings if each) or None,
        repairs=dict(repairs),
        rest=_rest(parsed, files),
    )


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


def _rest(first: Parsed, files: Sequence[File]) -> Iterator[Piece]:
    names, last = first.table.column_names, _last(first.lines, first.rejects, 0)
    for piece in first.rest:
        last = _last(piece.lines, piece.rejects, last)
        yield piece
    for file in files[1:]:
        parsed, start = _only(file), last
        for piece in chain([Piece(parsed.table, parsed.lines, parsed.rejects)], parsed.rest):
            moved = _moved(piece, names, start, file.name)
            last = _last(moved.lines, moved.rejects, last)
            yield moved


def _moved(piece: Piece, names: list[str], start: int, name: str) -> Piece:
    """A piece of a later file: its places after those before it, and its rejects with the file's name."""
    rejects = piece.rejects
    if len(rejects):
        at = rejects.schema.get_field_index("line")
        rejects = rejects.set_column(at, rejects.schema.field(at), pc.add(rejects["line"], start))
        told = pc.binary_join_element_wise(rejects["detail"], pa.scalar(f"in {name}"), "; ")
        at = rejects.schema.get_field_index("detail")
        rejects = rejects.set_column(at, rejects.schema.field(at), told)
    return Piece(piece.table.select(names), pc.add(piece.lines, start), rejects)


def _last(lines: pa.Array, rejects: pa.Table, so_far: int) -> int:
    found = (pc.max(each).as_py() for each in (lines, rejects["line"]))
    return max(so_far, *(each or 0 for each in found))
