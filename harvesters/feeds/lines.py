"""Find the line of a TOML text on which a key stands."""

from __future__ import annotations

import re
from collections.abc import Iterator

Path = tuple[str, ...]

_HEADER = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*=""")
_PART = re.compile(r"""[\w-]+|"[^"]*"|'[^']*'""")
_LONG_TEXT = re.compile('"""|' + "'''")


def line_of(text: str, path: Path) -> int | None:
    """The line, from 1, of the key at `path`, else of the closest table or key around it."""
    lines = dict(reversed(list(_keys(text))))
    while path:
        if path in lines:
            return lines[path]
        path = path[:-1]
    return None


def _keys(text: str) -> Iterator[tuple[Path, int]]:
    table: Path = ()
    inside_text = False
    for number, line in enumerate(text.splitlines(), 1):
        if not inside_text:
            if header := _HEADER.match(line):
                table = _parts(header[1])
                yield table, number
            elif key := _KEY.match(line):
                yield (*table, *_parts(key[1])), number
        inside_text ^= len(_LONG_TEXT.findall(line)) % 2 == 1


def _parts(dotted: str) -> Path:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
