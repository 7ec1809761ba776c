"""Read a JSON document of another catalogue from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from harvesters.faults import Unreadable
from harvesters.reading.delimited.encoding import read_text


def read_json(path: Path, encoding: str | None = None) -> tuple[Any, str]:
    """The document and its encoding; JSON lines are a list. Raises Unreadable naming line and column."""
    text, encoding = read_text(path, encoding)
    try:
        return _loads(text), encoding
    except json.JSONDecodeError as fault:
        whole = fault
    lines = [line for line in text.splitlines() if line.strip()]
    try:
        return [_loads(line) for line in lines] if len(lines) > 1 else _loads(text), encoding
    except json.JSONDecodeError:
        raise Unreadable(
            f"this is not JSON: {whole.msg} at line {whole.lineno} column {whole.colno}",
            "the publisher's file is broken there: ask for it to be mended",
        ) from None


def _loads(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError:
        raise Unreadable("the JSON is nested too deeply to be data") from None
