"""Read the records of a JSON document, or of JSON lines, into typed columns."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.columnar import table_of
from harvesters.reading.delimited.encoding import chunks, encoding_of, read_text, refuse_mojibake
from harvesters.reading.gathering import Gauge, Placed, gathered
from harvesters.reading.items.grids import OTHER_LISTS, Grid
from harvesters.reading.items.json_stream import items_at, items_of, longest_list
from harvesters.reading.items.rows import find_items, flatten
from schemas.feed import FormatSpec
from schemas.run import REJECTS

OPTIONS = frozenset({"crs", "encoding", "member", "records", "where", "x", "y"})

LARGE = 16 << 20
"""Bytes above which a document is read item by item: as values of Python it takes ten times as much."""

_LONGEST_LINE = 16 << 20
_AROUND = "\x1e \t\r\n"


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table of the records, which are objects or rows of cells; raises Unreadable naming the line where
    the text is no JSON."""
    if path.stat().st_size > LARGE:
        yield _streamed(path, spec)
        return
    text, encoding = read_text(path, spec.encoding)
    try:
        document = _loads(text)
    except json.JSONDecodeError as error:
        lines = list(_small_lines(text, error))
        source = _Source(lambda: lines)
    else:
        found = find_items(document, spec.records)
        source = _Source(lambda: enumerate(found.held, start=1), found.names, found.grid, found.others)
    placed = list(source.placed(spec.where))
    rows = [(line, row) for line, row, _ in placed if row is not None]
    rejects = [reject for _, _, reject in placed if reject is not None]
    yield Parsed(
        table=table_of([row for _, row in rows], source.columns),
        lines=pa.array([line for line, _ in rows], pa.int64()),
        kind="json",
        encoding=encoding,
        rejects=pa.Table.from_pylist(rejects, schema=REJECTS),
        repairs=source.repairs,
    )


def _streamed(path: Path, spec: FormatSpec) -> Parsed:
    """The same, read over and over: for its lists, for the columns and their types, and for the rows."""
    encoding = encoding_of(path, spec.encoding)
    source = _source(path, encoding, spec.records)
    gauge, count = Gauge(source.columns), 0
    for _, row, _ in source.placed(spec.where):
        count += 1
        if row is not None:
            gauge.see(row)
    if not count and spec.records:
        raise Unreadable(
            f"[format] records = {spec.records!r} leads to no items", "leave it out to have them found"
        )
    pieces = gathered(source.placed(spec.where), gauge.types())
    first = next(pieces)
    return Parsed(
        first.table,
        first.lines,
        "json",
        encoding=encoding,
        rejects=first.rejects,
        rest=pieces,
        repairs=source.repairs,
    )


@dataclass(frozen=True)
class _Broken:
    """A line that is no JSON."""

    text: str
    detail: str


@dataclass(frozen=True)
class _Source:
    """The values of a document with their places, as often as they are asked for, and names it lists."""

    values: Callable[[], Iterable[tuple[int, Any]]]
    names: tuple[str, ...] = ()
    grid: Grid | None = None
    others: int = 0

    @property
    def repairs(self) -> dict[str, int]:
        """What the document holds beside the values."""
        return {OTHER_LISTS: self.others} if self.others else {}

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of columns that are known before any row."""
        return self.grid.names if self.grid else self.names

    def placed(self, where: str | None) -> Iterator[Placed]:
        """The rows, those that have a value in the column `where` if that is asked for, and the rejects."""
        head = 1 if self.grid and self.grid.headed else 0
        return _placed(islice(self.values(), head, None), where, self.grid)


def _source(path: Path, encoding: str, records: str | None) -> _Source:
    def text() -> Iterator[str]:
        for chunk in chunks(path, encoding):
            refuse_mojibake(chunk.encode("utf-8", "surrogatepass"))
            yield chunk

    if _is_lines(text()):
        return _Source(lambda: _values(_lines(text())))
    if records:
        return _Source(lambda: enumerate(items_at(text(), records), start=1))
    found = longest_list(text())
    if found is None:
        raise Unreadable(
            "the document holds no list of items", 'name their path with [format] records = "..."'
        )
    return _Source(lambda: enumerate(items_of(text(), found), start=1), found.names, found.grid, found.others)


def _loads(text: str) -> Any:
    try:
        # NaN is no JSON but widely written; it says that there is no number.
        return json.loads(text, parse_constant=lambda _: None)
    except RecursionError:
        raise Unreadable("the JSON is nested too deeply to be data") from None


def _is_lines(text: Iterator[str]) -> bool:
    """Whether the text begins with a line that is an object, and goes on behind it."""
    head = ""
    while len(head) < _LONGEST_LINE and (chunk := next(text, "")):
        head += chunk
        line, _, rest = head.lstrip(_AROUND).partition("\n")
        if rest.strip(_AROUND):
            return _is_object(line.strip(_AROUND))
    return False


def _lines(text: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The lines that hold anything, and their numbers."""
    number, held = 0, ""
    for chunk in chain(text, ["\n"]):
        *whole, held = (held + chunk).split("\n")
        for line in whole:
            number += 1
            if plain := line.strip(_AROUND):
                yield number, plain


def _values(lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, Any]]:
    """The value of each line, or that it is none."""
    for number, line in lines:
        try:
            yield number, _loads(line)
        except json.JSONDecodeError as error:
            detail = f"the line is not JSON: {error.msg} at column {error.colno}"
            yield number, _Broken(line, detail)


def _small_lines(text: str, whole: json.JSONDecodeError) -> Iterator[tuple[int, Any]]:
    """The values of the lines, where the text as a whole is none but its first line is an object."""
    if not _is_lines(iter([text])):
        raise Unreadable(
            f"this is not JSON: {whole.msg} at line {whole.lineno} column {whole.colno}",
            "the publisher's file is broken there: ask for it to be mended",
        )
    return _values(_lines(iter([text])))


def _is_object(line: str) -> bool:
    try:
        return isinstance(_loads(line), dict)
    except json.JSONDecodeError:
        return False


def _placed(values: Iterable[tuple[int, Any]], where: str | None, grid: Grid | None) -> Iterator[Placed]:
    for line, value in values:
        item = (
            grid.row(value) if grid and isinstance(value, list) and len(value) == len(grid.names) else value
        )
        if isinstance(item, _Broken):
            yield line, None, _reject(line, item.text, "invalid_json", item.detail)
        elif not isinstance(item, Mapping):
            yield line, None, _not_a_row(line, item, grid)
        else:
            row = flatten(item)
            if where is None or row.get(where) is not None:
                yield line, row, None


def _not_a_row(line: int, item: Any, grid: Grid | None) -> dict[str, Any]:
    written = json.dumps(item, ensure_ascii=False)
    if grid and isinstance(item, list):
        detail = f"the row has {len(item)} cells, and there are {len(grid.names)} names of columns"
        return _reject(line, written, "column_count", detail)
    return _reject(line, written, "not_an_object", "the record is no object")


def _reject(line: int, value: str, reason: str, detail: str) -> dict[str, Any]:
    return {"line": line, "scope": "row", "value": value, "reason": reason, "detail": detail}
