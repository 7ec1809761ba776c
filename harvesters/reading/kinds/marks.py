"""By what files of maps and transport are known, before anything of them is read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

HEAD = 64 << 10
"""How much of a file is looked at, in bytes."""

_KEY = re.compile(rb'"((?:[^"\\]|\\.)*+)"(\s*:)?|[{}\[\]]')
_GBFS = frozenset({b"last_updated", b"data"})
_SHAPES = frozenset({b"Point", b"LineString", b"Polygon", b"MultiPoint", b"MultiLineString", b"MultiPolygon"})
_GML = re.compile(
    rb"<(?:\w+:)?(?:FeatureCollection|GeodeticDataset)\b[^>]*(?:opengis\.net|xmlns)", re.IGNORECASE
)
_DATEX = re.compile(rb"datex2\.eu/schema/|<(?:\w+:)?d2LogicalModel\b")
# A .tab may also be a table parted by tabs: with these beside it, it is one of MapInfo.
_BESIDE = {".tab": (".map", ".dat"), ".mif": (".mid",)}
_OSM_PBF = b"\x0a\x09OSMHeader"


def zipped(names: Iterable[str], archive: str) -> str | None:
    """The kind of a ZIP whose files belong together: `gtfs`, `gis`, None for any other."""
    names = list(names)
    paths = [PurePosixPath(name) for name in names]
    if any(part.lower().endswith(".gdb") for path in paths for part in path.parts[:-1]):
        return "gis"
    lower = {PurePosixPath(name.lower()) for name in names}
    if any(each.with_suffix(beside) in lower for each in lower for beside in _BESIDE.get(each.suffix, ())):
        return "gis"
    folders = {path.parent for path in paths if path.name == "stops.txt"}
    for folder in folders:
        if {folder / "trips.txt", folder / "routes.txt"}.intersection(paths):
            return "gtfs"
    texts = bool(paths) and all(path.suffix == ".txt" for path in paths)
    return "gtfs" if texts and "gtfs" in archive.lower() else None


def binary(head: bytes) -> str | None:
    """The kind of a file that is no text, by its first bytes."""
    if head.startswith(b"fgb\x03fgb") or head[4 : 4 + len(_OSM_PBF)] == _OSM_PBF:
        return "gis"
    return None


def markup(text: bytes) -> str | None:
    """The kind of an XML document, by its first elements: `datex2`, `gis` for GML, OSM and GPX."""
    start = text[:4096]
    if _DATEX.search(start):
        return "datex2"
    if b"<osm" in start or b"<gpx" in start or (_GML.search(start) and b"/gml" in start):
        return "gis"
    return None


def json(text: bytes) -> str | None:
    """The kind of a JSON document, by the members of its outermost object: `gbfs`, `gis`."""
    keys, kind = _members(text)
    if keys >= _GBFS and keys.intersection((b"ttl", b"version")):
        return "gbfs"
    if kind in _SHAPES and b"coordinates" in keys:
        return "gis"
    if b"geometryType" in keys and b"esriGeometry" in text:
        return "gis"
    return "gis" if is_lone_place(text) else None


def is_lone_place(text: bytes) -> bool:
    """Whether a JSON document is one object with a `geometry`, such as a region, that is no Feature."""
    keys, kind = _members(text)
    return (
        b"geometry" in keys and b"coordinates" not in keys and kind != b"Feature" and b"features" not in keys
    )


def _members(text: bytes) -> tuple[set[bytes], bytes | None]:
    """The names in the outermost object, as far as the text goes, and the value of its `type`."""
    keys: set[bytes] = set()
    depth, last, kind = 0, b"", None
    for token in _KEY.finditer(text):
        if token[0] in b"{[":
            depth += 1
        elif token[0] in b"}]":
            depth -= 1
        elif depth == 1 and token[2] is not None:
            last = token[1]
            keys.add(last)
        elif depth == 1 and last == b"type" and kind is None:
            kind = token[1]
    return keys, kind
