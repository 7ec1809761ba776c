"""The Parquet parts of a snapshot as DuckDB reads them: rows and their positions, of one dataset or two."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any

import duckdb

from catalogue import geometry
from catalogue.rows.engines import sql
from catalogue.rows.joins import Joined
from catalogue.snapshots import Parts
from schemas.snapshot import Part, Snapshot

Wanted = Callable[[Part, int], bool]
"""Whether a part may hold rows of the answer, told by the part and the position of its first row."""
_NAMES = re.compile(r"\b(?:c\d+|id|pos|box)\b")


def any_part(part: Part, offset: int) -> bool:
    return True


@dataclass(frozen=True)
class Source:
    """A FROM item with names of ours, the `files` it takes, and how many rows lie in those.

    It has `pos`, or its rows are read `together`: as those of one file.
    """

    text: str
    files: list[Any]
    rows: int
    together: bool = False


def source_of(snapshot: Snapshot, storage: Parts, wanted: Wanted = any_part) -> Source:
    """What reads a snapshot, of two joined the columns of the other behind those of ours.

    Parts of ours are left out that are not `wanted`.
    """
    if isinstance(snapshot, Joined):
        return _side_by_side(snapshot, storage, wanted)
    names = ", ".join(names_of(snapshot))
    found = _found(snapshot, wanted)
    selects = [
        f"SELECT {names}, place + {offset} AS pos"  # noqa: S608
        f" FROM read_parquet(?, file_row_number = true) AS part({names}, place)"
        + (f" WHERE place < {part.rows}" if part.head else "")
        for part, offset in found
    ]
    files = [str(storage.path(part.path)) for part, _ in found]
    return Source(f"({' UNION ALL '.join(selects)})", files, sum(part.rows for part, _ in found))


def gathered(snapshot: Snapshot, storage: Parts, wanted: Wanted) -> Source | None:
    """The same in one scan, without `pos`: planned at once however many parts there are.

    None where it cannot be: of two datasets, or where names of columns differ in nothing but their case,
    since files are put together by names.
    """
    known = {"_id", "bbox", *(column.name.casefold() for column in snapshot.columns)}
    if isinstance(snapshot, Joined) or len(known) < len(snapshot.columns) + 2:
        return None
    found = _found(snapshot, wanted)
    ends = [
        f"(file_index <> {place} OR file_row_number < {part.rows})"
        for place, (part, _) in enumerate(found)
        if part.head
    ]
    names = ", ".join(names_of(snapshot))
    text = f"(SELECT * FROM read_parquet(?) AS part({names}) WHERE {' AND '.join(ends) or 'TRUE'})"  # noqa: S608
    files = [str(storage.path(part.path)) for part, _ in found]
    return Source(text, [files], sum(part.rows for part, _ in found), together=True)


def names_of(snapshot: Snapshot) -> list[str]:
    """What the columns of a part are called in SQL, in their order."""
    placed = geometry.geometry_column(snapshot.columns) is not None
    return ["id", *(f"c{i}" for i in range(len(snapshot.columns))), *(["box"] if placed else [])]


def _found(snapshot: Snapshot, wanted: Wanted) -> list[tuple[Part, int]]:
    """The parts wanted and where their rows begin."""
    offsets = accumulate((part.rows for part in snapshot.parts), initial=0)
    found = [pair for pair in zip(snapshot.parts, offsets, strict=False) if wanted(*pair)]
    # A FROM needs one part for its columns.
    return found or [(replace(snapshot.parts[0], rows=0, head=True), 0)]


def _side_by_side(whole: Joined, storage: Parts, wanted: Wanted) -> Source:
    ours, theirs = source_of(whole.ours, storage, wanted), source_of(whole.other, storage)
    first = len(whole.ours.columns)
    taken = [f"theirs.{sql.name(whole.other, c)} AS c{first + i}" for i, c in enumerate(whole.beside)]
    placed = [geometry.geometry_column(each) for each in (whole.ours.columns, whole.other.columns)]
    if placed[0] is None and placed[1] is not None:
        taken.append("theirs.box AS box")
    names = ", ".join(["ours.*", *taken])
    equal = f"ours.{sql.name(whole.ours, whole.column)} = theirs.{sql.name(whole.other, whole.on)}"
    text = f"(SELECT {names} FROM {ours.text} AS ours LEFT JOIN {theirs.text} AS theirs ON {equal})"  # noqa: S608
    return Source(text, [*ours.files, *theirs.files], ours.rows + theirs.rows)


@contextmanager
def parts_gone(snapshot: Snapshot, storage: Parts) -> Iterator[None]:
    """Raise FileNotFoundError where DuckDB cannot read because a part is not there any more."""
    try:
        yield
    except duckdb.IOException as error:
        parts = (*snapshot.parts, *(snapshot.other.parts if isinstance(snapshot, Joined) else ()))
        missing = next((part.path for part in parts if not storage.path(part.path).exists()), None)
        if missing is None:
            raise
        raise FileNotFoundError(f"a part of {snapshot.dataset} {snapshot.id} is gone: {missing}") from error


def open_database(storage: Parts, memory: str, spill: Path | None = None, threads: int = 1) -> Any:
    """A DuckDB in memory that sees nothing but the folder of parts; what exceeds `memory` goes to `spill`."""
    database = duckdb.connect(":memory:")
    for setting, value in (
        ("threads", threads),
        ("memory_limit", memory),
        ("temp_directory", str(spill) if spill else ""),
        ("parquet_metadata_cache", True),
        ("ieee_floating_point_ops", False),  # A division by 0 is null.
        ("enable_geoparquet_conversion", False),
        ("autoinstall_known_extensions", False),
        ("autoload_known_extensions", False),
        ("allowed_directories", [str(storage.path("parts"))]),
        ("enable_external_access", False),
        ("lock_configuration", True),
    ):
        # GLOBAL, since every cursor is a connection with settings of its own.
        database.execute(f"SET GLOBAL {setting} = {_literal(value)}")
    return database


def named(text: str) -> frozenset[str]:
    """The names of ours in SQL of ours, whose values are parameters."""
    return frozenset(_NAMES.findall(text))


def _literal(value: object) -> str:
    """A value of ours in SQL, where no parameter may stand."""
    if isinstance(value, list):
        return f"[{', '.join(map(_literal, value))}]"
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return str(value).lower()
