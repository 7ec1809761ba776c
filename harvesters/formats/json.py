"""Read the records of a JSON document, or of JSON lines, into typed columns."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.columnar import table_of
from harvesters.reading.encoding import read_text
from harvesters.reading.items import find_items, flatten
from schemas.feed import FormatSpec
from schemas.run import REJECTS

OPTIONS = frozenset({"crs", "encoding", "member", "records", "where", "x", "y"})


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table of the records; raises Unreadable naming line and column where the text is no JSON."""
    text, encoding = read_text(path, spec.encoding)
    rejects: list[dict[str, Any]] = []
    names: tuple[str, ...] = ()
    try:
        document = _loads(text)
    except json.JSONDecodeError as error:
        placed = list(_lines(text, error, rejects))
    else:
        found = find_items(document, spec.records)
        placed, names = list(enumerate(found.held, start=1)), found.names
    rows = list(_rows(placed, spec.where, rejects))
    yield Parsed(
        table=table_of([row for _, row in rows], names),
        lines=pa.array([line for line, _ in rows], pa.int64()),
        kind="json",
        encoding=encoding,
        rejects=pa.Table.from_pylist(sorted(rejects, key=lambda each: each["line"]), schema=REJECTS),
    )


def _loads(text: str) -> Any:
    try:
        # NaN is no JSON but widely written; it says that there is no number.
        return json.loads(text, parse_constant=lambda _: None)
    except RecursionError:
        raise Unreadable("the JSON is nested too deeply to be data") from None


def _lines(
    text: str, whole: json.JSONDecodeError, rejects: list[dict[str, Any]]
) -> Iterator[tuple[int, Any]]:
    """Each line's value, where the text as a whole is none but its first line is."""
    lines = [(number, line.strip("\x1e \t\r")) for number, line in enumerate(text.split("\n"), start=1)]
    filled = [(number, line) for number, line in lines if line]
    if len(filled) < 2 or not _is_object(filled[0][1]):
        raise Unreadable(
            f"this is not JSON: {whole.msg} at line {whole.lineno} column {whole.colno}",
            "the publisher's file is broken there: ask for it to be mended",
        )
    for number, line in filled:
        try:
            yield number, _loads(line)
        except json.JSONDecodeError as error:
            detail = f"the line is not JSON: {error.msg} at column {error.colno}"
            rejects.append(_reject(number, line, "invalid_json", detail))


def _is_object(line: str) -> bool:
    try:
        return isinstance(_loads(line), dict)
    except json.JSONDecodeError:
        return False


def _rows(
    placed: list[tuple[int, Any]], where: str | None, rejects: list[dict[str, Any]]
) -> Iterator[tuple[int, dict[str, Any]]]:
    for line, item in placed:
        if not isinstance(item, Mapping):
            written = json.dumps(item, ensure_ascii=False)
            rejects.append(_reject(line, written, "not_an_object", "the record is no object"))
            continue
        row = flatten(item)
        if where is None or row.get(where) is not None:
            yield line, row


def _reject(line: int, value: str, reason: str, detail: str) -> dict[str, Any]:
    return {"line": line, "scope": "row", "value": value, "reason": reason, "detail": detail}
