"""Read the features of a GeoJSON block by block; what is unusual is left to GDAL, which is slower."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import orjson
import pyarrow as pa

BLOCK = 4 << 20
_LONGEST_FEATURE = 64 << 20
_TRIES = 8
_AT_ONCE = 2
"""How many blocks are read at once; as many more wait to be taken."""

# Members of a collection that say nothing of its features or their places; `crs` is for GDAL to understand.
_MEMBERS = frozenset(
    {"type", "name", "features", "crs", "bbox", "title", "description", "links", "timeStamp", "timestamp"}
    | {"totalFeatures", "numberMatched", "numberReturned", "generator", "copyright"}
)
_LIST = re.compile(rb'"features"\s*:\s*\[')
_NEXT = re.compile(rb"\s*,\s*(?=\{)")


Waiting: TypeAlias = tuple[bytes, bytes, "Future[Block | None]"]


class Unusual(ValueError):
    """The file holds something that is better understood by GDAL."""


@dataclass(frozen=True)
class Block:
    """Features as columns: their names, properties and places (WKB, of type null where there is none)."""

    ids: list[Any]
    properties: Mapping[str, pa.Array]
    places: pa.Array


class Features:
    """The features of a collection as they are written, in lists that a block of the text holds.

    Where `quick` is set, it reads the blocks that come then, some at once; what it cannot comes in lists.
    Once they are all read, `outline` is the document with its first feature alone.
    """

    def __init__(self, path: Path, block: int = BLOCK) -> None:
        self._path = path
        self._block = block
        self._rest = b""
        self.quick: Callable[[bytes], Block | None] | None = None
        self.outline = b""

    def __iter__(self) -> Iterator[list[Any] | Block]:
        """Raises Unusual for all but plain collections: for broken JSON too."""
        first: Any = None
        with self._path.open("rb") as file:
            head, self._rest = _beginning(file.read(self._block))
            for features in self._blocks(file):
                if first is None and isinstance(features, list):
                    first = features[0]
                yield features
        features, tail = _end(head, self._rest)
        if not features and first is None:
            raise Unusual("no feature")
        self.outline = head + orjson.dumps(first or features[0]) + b"]" + tail
        if features:
            yield features

    def _blocks(self, file: BinaryIO) -> Iterator[list[Any] | Block]:
        """The features of all blocks but the last, which is left as the rest."""
        waiting: deque[Waiting] = deque()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            while more := file.read(self._block):
                self._rest += more
                if self.quick is None and not waiting:
                    features, self._rest = _cut(self._rest)
                    if features:
                        yield features
                    continue
                text, sign, self._rest = _parted(self._rest)
                if text:
                    waiting.append((text, sign, pool.submit(self.quick or _nothing, text)))
                if len(waiting) > _AT_ONCE:
                    yield from self._taken(waiting)
            while waiting:
                yield from self._taken(waiting)

    def _taken(self, waiting: deque[Waiting]) -> Iterator[list[Any] | Block]:
        """The features of the next text that waits; what was parted in the wrong place is put together."""
        text, sign, reading = waiting.popleft()
        block = reading.result()
        if block is not None:
            yield block
            return
        try:
            features = _plain(orjson.loads(b"[" + text + b"]"), text)
        except orjson.JSONDecodeError:
            self._rest = b"".join([text, sign, *(part for each in waiting for part in each[:2]), self._rest])
            waiting.clear()
            features, self._rest = _cut(self._rest)
        if features:
            yield features


def _nothing(text: bytes) -> Block | None:
    return None


def _parted(text: bytes) -> tuple[bytes, bytes, bytes]:
    """The text up to what looks like the end of its last whole feature, the comma behind it, and the rest."""
    at = len(text)
    while (at := text.rfind(b"}", 0, at)) >= 0:
        behind = _NEXT.match(text, at + 1)
        if behind is not None:
            return text[: at + 1], behind[0], text[behind.end() :]
    if len(text) > _LONGEST_FEATURE:
        raise Unusual("no feature ends where one should")
    return b"", b"", text


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
