"""Read a GTFS timetable: every file of it is a table, held against those that it refers to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import Parsed, Piece
from harvesters.normalise.rejects import Sieve, Why, mask_of
from harvesters.reading.delimited.stream import delimited
from harvesters.reading.kinds.archives import Member, members, unzip
from harvesters.reading.transport.timetable import (
    COLUMNS,
    REFERENCES,
    SERVICES,
    TIMES,
    Reference,
    in_order,
    missing_files,
    types_of,
)
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean

OPTIONS = frozenset({"encoding", "layer", "member"})

_CLOCK = r"^(?P<h>\d{1,3}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)$"


@dataclass(frozen=True)
class Timetable:
    """A ZIP and the files of the timetable in it, by their names without `.txt`; `others` are not read."""

    path: Path
    files: Mapping[str, Member]
    others: int
    encoding: str | None

    def table(self, name: str) -> Iterator[tuple[Piece, str]]:
        """The rows of a file and its encoding; it is unpacked for as long as they are read.

        Raises Unreadable, naming it.
        """
        with TemporaryDirectory(prefix="entrepot-gtfs-") as folder:
            place = Path(folder) / "table"
            unzip(self.path, self.files[name], place)
            try:
                found = delimited(place, self.encoding)
                _complain_of_columns(name, found.names)
                yield from ((piece, found.encoding) for piece in found.pieces)
            except Unreadable as fault:
                raise Unreadable(f"{name}.txt: {fault}") from fault


def read(path: Path, spec: FormatSpec, today: Callable[[], date] = date.today) -> Iterator[Parsed]:
    """One table a file, in the order of the GTFS reference; `layer` chooses one.

    Times of a service day stay as written ("25:10:00"), beside them stand the seconds since its start. A row
    whose trip, stop, route or service is unknown is set aside (`unknown_reference`), of other references the
    value. Raises Unreadable where files or columns are missing that every timetable has.
    """
    timetable = _open(path, spec)
    wanted = in_order(timetable.files)
    if spec.layer is not None and spec.layer not in timetable.files:
        raise FeedMisconfigured(
            f"[format] layer = {spec.layer!r} is not in the timetable", did_you_mean(spec.layer, wanted)
        )
    ids = _ids(timetable)
    for name in [spec.layer] if spec.layer else wanted:
        parsed = _parsed(timetable, name, ids)
        repairs = _notes(timetable, name, today())
        yield replace(parsed, name="" if spec.layer else name, repairs=repairs)


def _open(path: Path, spec: FormatSpec) -> Timetable:
    found = [each for each in members(path) if spec.member in (None, each.name)]
    texts = [each for each in found if each.suffix == ".txt"]
    folder = _folder(texts)
    files = {
        PurePosixPath(each.name).stem.lower(): each
        for each in texts
        if PurePosixPath(each.name).parent == folder and each.bytes
    }
    missing = missing_files(files)
    if missing:
        listed = ", ".join(sorted(each.name for each in found)[:8])
        raise Unreadable(
            f"this is no GTFS timetable: it lacks {', '.join(missing)} (it holds {listed or 'nothing'})",
            "the publisher's ZIP is not whole: ask for it, or fetch it again",
        )
    return Timetable(path, files, len(found) - len(files), spec.encoding)


def _folder(texts: list[Member]) -> PurePosixPath:
    """Where the timetable lies in the ZIP: beside its stops.txt."""
    folders = {
        PurePosixPath(each.name).parent for each in texts if PurePosixPath(each.name).name == "stops.txt"
    }
    if len(folders) > 1:
        listed = ", ".join(sorted(map(str, folders)))
        raise Unreadable(f"the ZIP file holds several timetables, in {listed}", "publish each in its own ZIP")
    return folders.pop() if folders else PurePosixPath(".")


def _complain_of_columns(name: str, columns: tuple[str, ...]) -> None:
    missing = [each for each in COLUMNS.get(name, ()) if each not in columns]
    if missing:
        raise Unreadable(
            f"it has no column {', '.join(missing)}, only {', '.join(columns)[:200]}",
            "the GTFS reference demands it: the publisher's file is broken",
        )


def _ids(timetable: Timetable) -> dict[Reference, pa.Array]:
    """What each reference may say, for those whose files are there."""
    found: dict[tuple[str, str], pa.Array] = {}
    for each in REFERENCES:
        for parent in each.to:
            if (
                parent in timetable.files
                and each.table in timetable.files
                and (parent, each.target) not in found
            ):
                found[parent, each.target] = _values(timetable, parent, each.target)
    return {
        each: pa.concat_arrays(known)
        for each in REFERENCES
        if (known := [found[parent, each.target] for parent in each.to if (parent, each.target) in found])
    }


def _values(timetable: Timetable, name: str, column: str) -> pa.Array:
    pieces = [
        pc.unique(_trimmed(each.table[column]))
        for each, _ in timetable.table(name)
        if column in each.table.column_names
    ]
    return pa.concat_arrays([pa.array([], pa.string()), *pieces]).drop_null()


def _parsed(timetable: Timetable, name: str, ids: Mapping[Reference, pa.Array]) -> Parsed:
    pieces = ((_checked(each, name, ids), encoding) for each, encoding in timetable.table(name))
    first, encoding = next(pieces)
    second = next(pieces, None)
    columns = first.table.column_names
    placed = {"stop_lat", "shape_pt_lat"}.intersection(columns)
    return Parsed(
        first.table,
        first.lines,
        "gtfs",
        name,
        encoding,
        "OGC:CRS84" if placed else None,
        first.rejects,
        units={ours: "s" for ours in TIMES.values() if ours in columns},
        types=types_of(columns),
        rest=(each for each, _ in chain([second], pieces)) if second else (),
    )


def _checked(piece: Piece, name: str, ids: Mapping[Reference, pa.Array]) -> Piece:
    """The piece with its times in seconds and without what refers to nothing."""
    sieve = Sieve(piece.lines)
    table = _timed(piece.table, sieve)
    for each, known in ids.items():
        if each.table == name and each.column in table.column_names:
            table = _referring(table, each, known, sieve)
    kept = pa.array(sieve.kept)
    rejects = pa.concat_tables([piece.rejects, sieve.rejects()])
    return Piece(table.filter(kept), piece.lines.filter(kept), rejects)


def _timed(table: pa.Table, sieve: Sieve) -> pa.Table:
    """The table with a column of seconds beside each time of a service day."""
    for theirs, ours in TIMES.items():
        if theirs not in table.column_names or ours in table.column_names:
            continue
        given = _trimmed(table[theirs])
        parts = pc.extract_regex(given, _CLOCK)
        hours, minutes, seconds = (pc.struct_field(parts, part).cast(pa.int64()) for part in "hms")
        total = pc.add(pc.add(pc.multiply(hours, 3600), pc.multiply(minutes, 60)), seconds)
        bad = mask_of(pc.and_(pc.is_valid(given), pc.is_null(total)))
        sieve.drop_cells(bad, Why("bad_time", "it is no time such as 25:10:00", ours), given)
        table = table.add_column(table.column_names.index(theirs) + 1, ours, total)
    return table


def _referring(table: pa.Table, reference: Reference, known: pa.Array, sieve: Sieve) -> pa.Table:
    """Set aside the rows, or the values, that refer to what is not there."""
    given = _trimmed(table[reference.column])
    lost = mask_of(pc.and_not(pc.is_valid(given), pc.is_in(given, known)))
    files = " or ".join(f"{parent}.txt" for parent in reference.to)
    why = Why("unknown_reference", f"{files} holds no such {reference.target}", reference.column)
    if reference.costs == "row":
        sieve.drop_rows(lost, why, given)
        return table
    sieve.drop_cells(lost, why, given)
    left = pc.if_else(pa.array(lost), pa.scalar(None, pa.string()), given)
    return table.set_column(table.column_names.index(reference.column), reference.column, left)


def _trimmed(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """The texts without blanks around them, null where nothing is left."""
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _notes(timetable: Timetable, name: str, today: date) -> dict[str, int]:
    """What a reader of the table should know: services that are all over, files that are not read."""
    notes = {}
    if name == "calendar" and (ended := _ended(timetable, today)):
        notes["calendar_expired"] = ended
    if name == "agency" and timetable.others:
        notes["files_not_read"] = timetable.others
    return notes


def _ended(timetable: Timetable, today: date) -> int:
    """How many services the calendar has where the last of them is over, else 0."""
    days = f"{today:%Y%m%d}"
    columns = {"calendar": "end_date", "calendar_dates": "date"}
    ends = [_values(timetable, each, columns[each]) for each in SERVICES if each in timetable.files]
    last = pc.max(pa.concat_arrays(ends)).as_py()
    return len(_values(timetable, "calendar", "service_id")) if last and last < days else 0
