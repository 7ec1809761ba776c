"""Figures and spans of time as parameters write them: agg=count,avg(speed),p95(speed) and bucket=5m."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import get_args

from gateway.api.asking.values import parse_whole
from schemas.dataset import Column
from schemas.problem import did_you_mean
from schemas.query import Bucket, Calendar, Fill, Function, Measure, Order

LIMIT, MOST = 1_000, 10_000
FIGURES = 50
"""So many may be asked for at once."""
FILLS: tuple[Fill, ...] = get_args(Fill)
_FUNCTIONS: tuple[Function, ...] = tuple(each for each in get_args(Function) if each != "percentile")
_CALENDAR: tuple[Calendar, ...] = get_args(Calendar)
_FIGURE = re.compile(r"([^()]+)(?:\((.*)\))?", re.DOTALL)
_SHARE = re.compile(r"p(\d{1,2}(?:\.\d{1,3})?|100)")
_SPAN = re.compile(r"([1-9]\d{0,7})([smhdw])")
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


def read_measures(text: str) -> tuple[Measure, ...]:
    """The figures asked for; raises ValueError with a sentence."""
    pieces = list(_pieces(text))
    if len(pieces) > FIGURES:
        raise ValueError(f"asks for {len(pieces)} figures; ask for at most {FIGURES} at once")
    return tuple(map(_measure, pieces))


def _pieces(text: str) -> Iterator[str]:
    """What stands between commas outside of parentheses: a column may have both in its name."""
    depth, piece = 0, ""
    for letter in text:
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth <= 0:
            yield piece
            depth, piece = 0, ""
        else:
            piece += letter
    yield piece


def _measure(text: str) -> Measure:
    match = _FIGURE.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"cannot read {text!r}; write count, avg(column) or p95(column), with commas between"
        )
    word, column = match[1], match[2]
    share = _SHARE.fullmatch(word)
    if share is None and word not in _FUNCTIONS:
        raise ValueError(f"has no {word!r}; {did_you_mean(word, [*_FUNCTIONS, 'p50', 'p95', 'p99'])}")
    if column == "" or (column is None and word != "count"):
        raise ValueError(f"asks for {word} of no column; write {word}(column)")
    name = word if column is None else f"{word}_{column}"
    if share is not None:
        return Measure(name, "percentile", column, float(share[1]) / 100)
    return Measure(name, _FUNCTIONS[_FUNCTIONS.index(word)], column)


def read_bucket(text: str, columns: Sequence[Column]) -> Bucket:
    """Spans of the column behind a colon, or of the one that says when rows are; raises ValueError."""
    every, colon, name = text.partition(":")
    times = [column for column in columns if column.type in ("time", "date")]
    times.sort(key=lambda column: column.role != "time")
    if not times:
        raise ValueError("asks when rows are, but this dataset has no column of times")
    if colon and name not in {column.name for column in times}:
        raise ValueError(f"has no column of times {name!r}; {did_you_mean(name, [c.name for c in times])}")
    return Bucket(name if colon else times[0].name, _span(every))


def _span(text: str) -> int | Calendar:
    for unit in _CALENDAR:
        if text == unit:
            return unit
    match = _SPAN.fullmatch(text)
    if match is None:
        raise ValueError(f"has no span {text!r}; such as 5m, 1h, 1d, week, month, quarter or year")
    return int(match[1]) * _SECONDS[match[2]]


def read_fill(text: str) -> Fill:
    """How spans without rows are filled; raises ValueError."""
    for fill in FILLS:
        if text == fill:
            return fill
    raise ValueError(f"has no {text!r}; {did_you_mean(text, FILLS)}")


def read_names(text: str) -> tuple[str, ...]:
    """Columns by commas; raises ValueError."""
    names = tuple(text.split(","))
    if not all(names):
        raise ValueError("has an empty name between its commas; leave out the comma")
    if len(set(names)) < len(names):
        raise ValueError("names a column more than once; name each once")
    return names


def read_order(text: str) -> tuple[Order, ...]:
    """Columns of the answer, - before those that descend; raises ValueError."""
    return tuple(Order(name.removeprefix("-"), name.startswith("-")) for name in read_names(text))


def read_limit(text: str) -> int:
    """How many groups at most; raises ValueError."""
    limit = parse_whole(text)
    if not 1 <= limit <= MOST:
        raise ValueError(f"takes a whole number from 1 to {MOST}; filter, or group by less")
    return limit
