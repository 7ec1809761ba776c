"""Read the features of a GeoJSON block by block; what is unusual is left to GDAL, which is slower."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

BLOCK = 4 << 20
_LONGEST_FEATURE = 64 << 20
_TRIES = 8

# Members of a collection that say nothing of its features or their places; `crs` is for GDAL to understand.
_MEMBERS = frozenset(
    {"type", "name", "features", "crs", "bbox", "title", "description", "links", "timeStamp", "timestamp"}
    | {"totalFeatures", "numberMatched", "numberReturned", "generator", "copyright"}
)
_LIST = re.compile(rb'"features"\s*:\s*\[')
_NEXT = re.compile(rb"\s*,\s*(?=\{)")


class Unusual(ValueError):
    """The file holds something that is better understood by GDAL."""


class Features:
    """The features of a collection as they are written, in lists that a block of the text holds.

    Once they are all read, `outline` is the document with its first feature alone.
    """

    def __init__(self, path: Path, block: int = BLOCK) -> None:
        self._path = path
        self._block = block
        self.outline = b""

    def __iter__(self) -> Iterator[list[Any]]:
        """Raises Unusual for all but plain collections: for broken JSON too."""
        first: Any = None
        with self._path.open("rb") as file:
            head, rest = _beginning(file.read(self._block))
            while more := file.read(self._block):
                features, rest = _cut(rest + more)
                if features:
                    first = first or features[0]
                    yield features
        features, tail = _end(head, rest)
        if not features and first is None:
            raise Unusual("no feature")
        self.outline = head + orjson.dumps(first or features[0]) + b"]" + tail
        if features:
            yield features


def _beginning(text: bytes) -> tuple[bytes, bytes]:
    """The text up to the features, and from there.

    What parses where it is closed is what it seems to be: a text before a place says how deep that lies.
    """
    found = _LIST.search(text)
    head = text[: found.end()] if found else b""
    document = _loads(head + b"]}")
    if not isinstance(document, dict) or document.get("type") != "FeatureCollection":
        raise Unusual("no collection that says so before its features")
    if document.get("features") != []:
        raise Unusual("features within something else")
    return head, text[len(head) :]


def _cut(text: bytes) -> tuple[list[Any], bytes]:
    """The features that end in a text, and what is left of it; none where the first one is not read yet."""
    at, tries = len(text), 0
    while (at := text.rfind(b"}", 0, at)) >= 0 and tries < _TRIES:
        behind = _NEXT.match(text, at + 1)
        if behind is None:
            continue
        try:
            found = orjson.loads(b"[" + text[: at + 1] + b"]")
        except orjson.JSONDecodeError:
            tries += 1  # It ends within a feature, or is none.
            continue
        return _plain(found, text[: at + 1]), text[behind.end() :]
    if tries or len(text) > _LONGEST_FEATURE:
        raise Unusual("no feature ends where one should")
    return [], text


def _end(head: bytes, text: bytes) -> tuple[list[Any], bytes]:
    """The last features, and what stands behind them in the document."""
    document = _loads(head + text)
    at, tries = len(text), 0
    while (at := text.rfind(b"]", 0, at)) >= 0 and tries < _TRIES:
        tries += 1
        try:
            found = orjson.loads(b"[" + text[:at] + b"]")
        except orjson.JSONDecodeError:
            continue
        tail = text[at + 1 :]
        names = json.loads(head + b"]" + tail, object_pairs_hook=_names)
        if len(set(names)) < len(names) or not _MEMBERS.issuperset(names) or document["features"] != found:
            raise Unusual("members beside the features that may say more of them")
        return _plain(found, text), tail
    raise Unusual("much stands behind the features")


def _names(members: list[tuple[str, Any]]) -> list[str]:
    """What an object of these members is taken for: their names, of which one may come twice."""
    return [name for name, _ in members]


def _plain(features: list[Any], text: bytes) -> list[Any]:
    """The features of a text; GDAL ends a text at a NUL, and so may others."""
    if b"\\u0000" in text:
        raise Unusual("a NUL in a text")
    return features


def _loads(text: bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Unusual(str(error)) from error
