"""Filters in CQL2 (OGC 21-065r2), as text or as JSON, for all of our addresses and dialects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from gateway.api.asking.cql2.nodes import Columns
from gateway.api.asking.cql2.older import as_cql2
from gateway.api.asking.cql2.shapes import Move
from gateway.api.asking.cql2.text import read
from gateway.api.asking.cql2.walk import Walk
from schemas.conditions import Condition
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean

LANGUAGES = ("cql2-text", "cql2-json", "cql-text")
"""GDAL looks for the last by this name, and else leaves to us little of what it filters."""
LONGEST = 200_000
"""Letters of a filter."""

__all__ = ["LANGUAGES", "LONGEST", "Move", "cql2_condition"]


def cql2_condition(
    text: str, lang: str, columns: Sequence[Column], zone: ZoneInfo, *, move: Move | None = None
) -> Condition:
    """What a filter in one of LANGUAGES asks of rows by `columns` alone; raises BadInput.

    Times without an offset are in `zone`. `move` takes shapes of another CRS (`filter-crs`) to OGC:CRS84.
    """
    if lang not in LANGUAGES:
        raise BadInput([InputError("filter-lang", f"has no {lang!r}", did_you_mean(lang, LANGUAGES))])
    known = {column.name: column for column in columns}
    try:
        if len(text) > LONGEST:
            raise ValueError(f"has more than {LONGEST} letters; ask in several requests")
        tree = _json(text) if lang == "cql2-json" else read(_newest(text, lang, columns))
        return Walk(Columns(known, zone), move).condition(tree)
    except ValueError as fault:
        what, _, hint = str(fault).partition("; ")
        raise BadInput([InputError("filter", what, hint or None)]) from fault
    except RecursionError as fault:
        raise BadInput([InputError("filter", "is nested too deep", "write it flatter")]) from fault


def _newest(text: str, lang: str, columns: Sequence[Column]) -> str:
    return as_cql2(text, columns) if lang == "cql-text" else text


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as fault:
        raise ValueError(f'is no JSON ({fault}); write it as {{"op": "=", "args": [...]}}') from None
