"""Put what is too large for memory on the disk of a run, and read it back by pieces or columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pyarrow as pa

from harvesters.formats import PIECE, Parsed, Piece

ROOM = 2 * PIECE
"""Bytes that the tables of a shelf may take in memory; most tables are not so large, and see no disk."""

_LZ4 = pa.ipc.IpcWriteOptions(compression="lz4")


class Shelf:
    """Tables of one schema, in order: in memory while they fit into ROOM, then in a file each of `folder`.

    Without a folder they stay in memory.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._room = ROOM
        self._held: list[pa.Table | Path] = []
        self.rows = 0

    def append(self, table: pa.Table) -> None:
        """Put one more table behind the others."""
        self.rows += len(table)
        self._room -= table.nbytes
        self._held.append(table)
        if self._folder is not None and self._room < 0:
            self._put_away(self._folder)

    def _put_away(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for place, held in enumerate(self._held):
            if not isinstance(held, Path):
                file = folder / f"{place}.arrow"
                _write(held, file)
                self._held[place] = file

    def __setitem__(self, place: int, table: pa.Table) -> None:
        held = self._held[place]
        self.rows += len(table) - len(self[place])
        if isinstance(held, Path):
            _write(table, held)
        else:
            self._held[place] = table

    def __getitem__(self, place: int) -> pa.Table:
        held = self._held[place]
        return _read(held) if isinstance(held, Path) else held

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[pa.Table]:
        return (self[place] for place in range(len(self)))

    def column(self, index: int) -> Iterator[pa.ChunkedArray]:
        """One column of each table; no other is read from the disk."""
        for held in self._held:
            yield _read(held, [index]).column(0) if isinstance(held, Path) else held.column(index)

    def clear(self) -> None:
        """Take everything away."""
        for held in self._held:
            if isinstance(held, Path):
                held.unlink(missing_ok=True)
        self._held, self.rows = [], 0


class PieceShelf:
    """The pieces of one table, as often as they are asked for."""

    def __init__(self, folder: Path | None = None) -> None:
        self._rows = Shelf(folder / "rows" if folder else None)
        self._rejects = Shelf(folder / "rejects" if folder else None)
        self.schemas: list[pa.Schema] = []

    def append(self, piece: Piece) -> None:
        """Put one more piece behind the others, unless it holds nothing."""
        if self._rows and not len(piece.table) and not len(piece.rejects):
            return
        names = [*piece.table.column_names, "line"]
        self._rows.append(pa.table([*piece.table.columns, piece.lines], names=names))
        self._rejects.append(piece.rejects)
        if piece.table.schema not in self.schemas:
            self.schemas.append(piece.table.schema)

    def __iter__(self) -> Iterator[Piece]:
        for rows, rejects in zip(self._rows, self._rejects, strict=True):
            last = rows.num_columns - 1
            yield Piece(rows.remove_column(last), rows.column(last).combine_chunks(), rejects)

    @property
    def read(self) -> int:
        """The rows of all pieces and their rejects."""
        return self._rows.rows + self._rejects.rows

    def column(self, index: int) -> Iterator[pa.ChunkedArray]:
        """One column of each piece; the one behind the last is that of their lines."""
        return self._rows.column(index)

    def clear(self) -> None:
        """Take everything away."""
        self._rows.clear()
        self._rejects.clear()


def keep(tables: Iterable[Parsed], folder: Path) -> Iterator[Parsed]:
    """Each table with pieces that may be asked for again: in memory while all are small, else in `folder`."""
    room = PIECE
    for number, parsed in enumerate(tables):
        rest = iter(parsed.rest)
        second = next(rest, None)
        room -= parsed.table.nbytes
        if second is None and (room >= 0 or number == 0):
            yield replace(parsed, rest=())
        else:
            yield _shelved(
                parsed, () if second is None else chain([second], rest), folder / f"table-{number}"
            )


def at_hand(parsed: Parsed) -> Parsed:
    """The table with pieces that may be asked for again, in memory where they are not on a shelf yet."""
    if isinstance(parsed.rest, PieceShelf) or parsed.rest == ():
        return parsed
    shelf = PieceShelf()
    for piece in parsed.rest:
        shelf.append(piece)
    return replace(parsed, rest=shelf, beyond=shelf.read)


def column(parsed: Parsed, name: str) -> Iterator[pa.ChunkedArray]:
    """A column of a table at hand, piece by piece."""
    yield parsed.table[name]
    if isinstance(parsed.rest, PieceShelf):
        yield from parsed.rest.column(parsed.table.column_names.index(name))


def types(parsed: Parsed, name: str) -> set[pa.DataType]:
    """The types of a column: files that make one table together may each have another."""
    later = parsed.rest.schemas if isinstance(parsed.rest, PieceShelf) else []
    return {schema.field(name).type for schema in (parsed.table.schema, *later)}


def places(parsed: Parsed) -> Iterator[pa.ChunkedArray]:
    """The places of the rows in the source, piece by piece."""
    yield pa.chunked_array([parsed.lines])
    if isinstance(parsed.rest, PieceShelf):
        yield from parsed.rest.column(parsed.table.num_columns)


def whole(parsed: Parsed) -> Parsed:
    """The table in one piece, for one that has to be seen as a whole and is known to fit into memory."""
    pieces = list(parsed.pieces())
    return replace(
        parsed,
        table=pa.concat_tables([piece.table for piece in pieces]),
        lines=pa.concat_arrays([piece.lines for piece in pieces]),
        rejects=pa.concat_tables([piece.rejects for piece in pieces]),
        rest=(),
        beyond=0,
    )


def _shelved(parsed: Parsed, rest: Iterable[Piece], folder: Path) -> Parsed:
    shelf = PieceShelf(folder)
    for piece in chain([Piece(parsed.table, parsed.lines, parsed.rejects)], rest):
        shelf.append(piece)
    return replace(
        parsed,
        table=parsed.table.schema.empty_table(),
        lines=pa.array([], pa.int64()),
        rejects=parsed.rejects.schema.empty_table(),
        rest=shelf,
        beyond=shelf.read,
    )


def _write(table: pa.Table, file: Path) -> None:
    # One batch a file, so that a column lies together.
    with pa.OSFile(str(file), "wb") as sink, pa.ipc.new_file(sink, table.schema, options=_LZ4) as writer:
        writer.write_table(table.combine_chunks())


def _read(file: Path, fields: list[int] | None = None) -> pa.Table:
    options = pa.ipc.IpcReadOptions(included_fields=fields) if fields is not None else None
    # Not mapped: the pages of a mapped file count as memory of the process while it is read.
    with pa.OSFile(str(file)) as source:
        return pa.ipc.open_file(source, options=options).read_all()
