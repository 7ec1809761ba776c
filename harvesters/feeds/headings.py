"""Read the headings that a steward adds to the dictionary: `headings.toml` in a folder of feeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harvesters.feeds.rules import Fault
from harvesters.normalise.headings import Dictionary, tiers
from schemas.problem import did_you_mean
from schemas.records import record_columns, record_names

NAME = "headings.toml"


def heading_faults(lines: Mapping[str, Any]) -> Iterator[Fault]:
    """Every line of the file that names no record, no column of it, or no headings."""
    for record, columns in lines.items():
        if record not in record_names():
            yield Fault((record,), f"no record {record!r}", did_you_mean(record, record_names()))
        elif not isinstance(columns, dict):
            yield Fault((record,), f"{record} takes a table", f"write its lines under [{record}]")
        else:
            yield from _column_faults(record, columns)


def _column_faults(record: str, columns: Mapping[str, Any]) -> Iterator[Fault]:
    known = [column.name for column in record_columns(record) if column.type != "geometry"]
    for column, written in columns.items():
        if column not in known:
            what = f"record {record} has no column {column!r}"
            yield Fault((record, column), what, did_you_mean(column, known))
        elif not isinstance(written, list) or not all(isinstance(each, str) and each for each in written):
            hint = f'write {column} = ["a heading | another of the same meaning"]'
            yield Fault((record, column), f"{column} takes a list of headings", hint)


def dictionary(lines: Mapping[str, Any], record: str) -> Dictionary:
    """The steward's headings of a record, in a file without faults."""
    return {column: tiers(written) for column, written in lines.get(record, {}).items()}
