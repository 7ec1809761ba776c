"""Tell what stands around the rows of a table from the rows: titles, units, totals and notes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import pyarrow as pa

from schemas.run import REJECTS

Rows = Sequence[Sequence[str]]

MOST_FOOTERS = 40
"""How many rows at the end of a table may be notes and totals."""

TITLE = ("title", "the line stands above the names of the columns")
FOOTER = ("footer", "the line is a total or a note below the rows")
BLANK = ("blank_row", "the row holds nothing")

NO_HEADER, JOINED_HEADER, TITLE_ROWS = "no_header", "joined_header", "title_rows"
"""Words for what a reader made of the names: none are there, several lines make them, or they stand below
titles of a sheet."""

_NUMBER = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:[.,]\d+)?\s*%?")
_WHOLE = re.compile(r"[+-]?\d+")
_FRACTION = re.compile(r"[+-]?\d+\.\d+")
_DATE = re.compile(r"(?:19|20)\d\d([-./년]\s?)(?:0?[1-9]|1[0-2])([-./월]\s?)(?:0?[1-9]|[12]\d|3[01])(?!\d).*")
_NOTHING = frozenset({"", "-", "N/A", "n/a", "NA", "null", "NULL", "…"})
_YEARS = range(1800, 2200)

_TOTALS = frozenset({"합계", "총계", "총합계", "전체합계", "누계", "total", "grandtotal", "sum", "totals"})
TOTAL_LABELS = frozenset(
    form for word in _TOTALS for form in (word, word.upper(), word.title(), " ".join(word))
)
"""How a total is called in the most usual spellings."""
_NOTE = re.compile(
    r"(?i)\s*(?:출처|자료\s*출처|자료|주석?|비고|참고|단위)\s*[:：)\d]|\s*주\s*\d?\)|\s*[※☞*]"
    r"|\s*\(?(?:source|sources|note|notes|quelle|footnotes?)\b\s*[:：]"
)
_UNITS = """
명 인 천명 만명 개 개소 개교 개사 곳 대 건 회 점 면 호 동 실 병상 석 필지 그루 본 마리 척 권 세대 가구
시간 분 초 년 일 도 원 천원 만원 백만원 억원 십억원 $ usd krw won
㎡ m² m2 ㎢ km² km2 ha ㎞ km m ㎝ cm ㎜ mm kg ㎏ g t 톤 천톤 ㎥ m³ m3 ℓ l kl % ％ ‰ ℃ °c hpa
m/s ㎧ km/h ㎞/h ppm ppb ㎍/㎥ μg/m³ µg/m³ ㎎/㎥ mg/l ㎎/ℓ db kwh mwh gwh kw mw toe
명/㎢ 인/㎢ 원/㎡ 천원/㎡ 대/일 ㎥/일 톤/일
"""
_BRACKETED = re.compile(r"[(\[（]\s*(?:단위\s*[:：]\s*)?([^()\[\]（）]{1,12}?)\s*[)\]）]")


def has_no_header(rows: Rows) -> bool:
    """Whether the first row of a table is plainly a row like those below it, and names nothing.

    Every cell of it must be of the kind of its column, and one at least must say that it is a value: a
    date among dates, a fraction among numbers of its size, a number or word that comes again below, or
    the start of a count. Numbers that count columns or years are names.
    """
    first, below = rows[0], rows[1:]
    again = list(first) in [list(row) for row in below] and not _kind([c for c in first if c.strip()])
    if len(below) < 3 or again or _counts_columns(first):
        return False
    evident = 0
    for at, cell in enumerate(first):
        column = [row[at].strip() for row in below if at < len(row) and row[at].strip() not in _NOTHING]
        kind = _kind(column)
        if cell.strip() in _NOTHING or not column:
            continue
        if kind and _kind([cell.strip()]) != kind:
            return False
        evident += _is_value(cell.strip(), column, kind) * (2 if kind else 1)
    return evident >= 2


def _counts_columns(first: Sequence[str]) -> bool:
    """Whether numbers in the row count up from cell to cell, as years and numbered columns do."""
    numbers = [int(cell) for cell in map(str.strip, first) if _WHOLE.fullmatch(cell) and len(cell) < 10]
    steps = [b - a for a, b in pairwise(numbers)]
    return (
        len(numbers) > 1 and all(step == 1 for step in steps) and (numbers[0] in (0, 1) or len(numbers) > 2)
    )


def _kind(cells: Sequence[str]) -> str:
    """`number` or `date` where all are, else ""."""
    if cells and all(_NUMBER.fullmatch(cell) for cell in cells):
        return "number"
    return "date" if cells and all(_DATE.fullmatch(cell) for cell in cells) else ""


def _is_value(cell: str, column: Sequence[str], kind: str) -> bool:
    if kind == "date":
        return True
    if kind != "number":
        return len(column) > 3 and column.count(cell) * 10 >= len(column)
    number, numbers = _number(cell), [_number(each) for each in column]
    if _FRACTION.fullmatch(cell):
        return min(numbers) <= number <= max(numbers)
    if number in _YEARS:
        return False
    counts = all(b - a == 1 for a, b in pairwise([number, *numbers]))
    return counts or column.count(cell) * 10 >= len(column)


def _number(cell: str) -> float:
    return float(cell.replace(",", "").rstrip("% "))


def units_in(row: Sequence[str], names: Sequence[str], below: Rows) -> dict[str, str] | None:
    """The units that a row under the header gives the columns, by name; None where it is no such row."""
    found: dict[str, str] = {}
    for at, (cell, name) in enumerate(zip(row, names, strict=False)):
        text = " ".join(cell.split())
        if text in _NOTHING or text in ("구분", "단위", name):
            continue
        inner = _BRACKETED.fullmatch(text)
        if not inner and text.lower() not in _UNITS.split():
            return None
        if not inner and not _is_numeric(at, below):
            return None
        found[name] = inner[1] if inner else text
    numeric = sum(1 for at in range(len(names)) if _is_numeric(at, below))
    return found if found and len(found) * 2 >= numeric else None


def continued(header: Sequence[str], row: Sequence[str], below: Rows) -> list[str] | None:
    """The header joined with the row under it, where that names parts of its columns; None where it is data.

    It is one that repeats some names, or has some where the header is blank, above columns of numbers.
    """
    cells = [cell.strip() for cell in row]
    upper = [cell.strip() for cell in header]
    parts = [at for at, cell in enumerate(cells) if cell and at < len(upper) and cell != upper[at]]
    same = any(cell and cell == name for cell, name in zip(cells, upper, strict=False))
    if len(row) != len(header) or not parts or any(_NUMBER.fullmatch(cell) for cell in cells):
        return None
    if not (same or any(not upper[at] for at in parts)):
        return None
    if sum(_is_numeric(at, below) for at in parts) * 2 <= len(parts):
        return None
    names, group = [], ""
    for name, cell in zip(upper, cells, strict=True):
        group = name or group
        above = name or (group if cell else "")
        names.append("_".join(dict.fromkeys(filter(None, (above, cell)))))
    return names


def _is_numeric(at: int, rows: Rows) -> bool:
    cells = [row[at].strip() for row in rows if at < len(row) and row[at].strip() not in _NOTHING]
    return bool(cells) and sum(1 for cell in cells if _NUMBER.fullmatch(cell)) * 2 > len(cells)


def footers(rows: Rows, others: Sequence[str] = ()) -> int:
    """How many of the last rows are notes or totals, and no rows like those above; blank ones between count.

    `others` are first texts of rows further up: a word that comes there too is a value, and does not
    label a total.
    """
    labels = [*others, *map(_label, rows)]
    count = 0
    for place, row in enumerate(reversed(rows[-MOST_FOOTERS:]), start=1):
        label = _label(row)
        if _is_note(row) or (_is_total(label) and labels.count(label) == 1):
            count = place
        elif label:
            break
    return count if count < len(rows) else 0


def is_footer(row: Sequence[str]) -> bool:
    """Whether a line below the rows is a note or a total."""
    return _is_note(row) or _is_total(_label(row))


def _is_note(row: Sequence[str]) -> bool:
    filled = sum(1 for cell in row if cell.strip())
    return bool(_NOTE.match(_label(row))) and filled * 2 <= len(row)


def _label(row: Sequence[str]) -> str:
    return next((cell.strip() for cell in row if cell.strip()), "")


def _is_total(label: str) -> bool:
    return "".join(label.split()).strip("[]()<>:").lower() in _TOTALS


def set_aside(rows: Iterator[tuple[int, str]], reason: str, detail: str) -> pa.Table:
    """Rejects of whole rows, each with its line and what stands in it."""
    found: list[Mapping[str, Any]] = [
        {"line": line, "scope": "row", "value": value, "reason": reason, "detail": detail}
        for line, value in rows
    ]
    return pa.Table.from_pylist(found, schema=REJECTS)
