"""Find out what a file is by what it holds, and by its name only where that leaves a doubt."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import resolved_kind
from harvesters.reading.archives import Member, gunzip, members, unzip
from schemas.feed import FormatSpec
from schemas.problem import did_you_mean

_HEAD = 64 << 10
_LAYERS = 4
_GIS = (".shp", ".kml", ".gpkg", ".geojson", ".topojson")
_NAMES = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".psv": "csv",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls",
    ".json": "json", ".ndjson": "json", ".jsonl": "json", ".xml": "xml",
    ".geojson": "gis", ".topojson": "gis", ".gpkg": "gis", ".kml": "gis", ".kmz": "gis", ".shp": "gis",
    ".pb": "gtfs-rt", ".pbf": "gtfs-rt",
}  # fmt: skip
_FOREIGN = {
    b"%PDF": "a PDF", b"HWP Document": "a Hangul document", b"{\\rtf": "RTF",
    b"PAR1": "Parquet", b"ARROW1": "Arrow", b"@prefix": "Turtle",
    b"\x89PNG": "an image", b"\xff\xd8\xff": "an image",
    b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive",
}  # fmt: skip
_ROOT = re.compile(rb"(?:<\?.*?\?>|<!--.*?-->|<!doctype\s[^>\[]*>|\s)*<([\w:.-]+)", re.DOTALL | re.IGNORECASE)
_HTML = frozenset({b"html", b"head", b"body", b"table", b"div", b"p", b"script", b"meta", b"br", b"center"})
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*+)"(\s*:)?|[{}\[\]]')
_GEOMETRIES = frozenset({b"FeatureCollection", b"Feature", b"Topology", b"GeometryCollection"})


@dataclass(frozen=True)
class Detected:
    """The kind of a file (a module of harvesters.formats) and the file to read, unpacked."""

    kind: str
    path: Path
    name: str


def detect(path: Path, name: str, folder: Path, spec: FormatSpec | None = None) -> Detected:
    """What to read and with which format; unpacks gzip and one-file ZIPs into `folder`.

    `name` is the file's name as its source gave it. A kind named by the feed is believed, but not of a
    web page. Raises Unreadable when the file is empty, broken, or of a kind that is not read here.
    """
    spec = spec or FormatSpec()
    for layer in range(_LAYERS):
        head = _head(path)
        if not head:
            raise Unreadable(f"{name} is empty")
        inner = folder / f"unpacked-{layer}"
        if head.startswith(b"\x1f\x8b"):
            gunzip(path, inner)
            path, name = inner, name.removesuffix(".gz")
        elif head.startswith(b"PK"):
            found = members(path)
            kind = _zipped_kind(found, name, spec)
            if kind:
                return Detected(kind, path, name)
            member = _one(found, name, spec.member)
            unzip(path, member, inner)
            path, name = inner, PurePosixPath(member.name).name
        else:
            _refuse_page(head, name)
            return Detected(resolved_kind(spec.kind) if spec.kind else _kind(head, name), path, name)
    raise Unreadable(f"{name} is packed more than {_LAYERS - 1} times over", "publish it unpacked")


def _zipped_kind(found: tuple[Member, ...], name: str, spec: FormatSpec) -> str | None:
    """The kind of a ZIP that is read as it is, a workbook or geometries; None when it only holds files."""
    kind = resolved_kind(spec.kind) if spec.kind else None
    names = {each.name for each in found}
    if "xl/workbook.xml" in names or (kind == "xlsx" and "[Content_Types].xml" in names):
        return kind or "xlsx"
    if "mimetype" in names and "content.xml" in names:
        raise Unreadable(
            f"{name} is an OpenDocument file, which is not read here", "publish it as XLSX or CSV"
        )
    geometries = [each for each in found if each.suffix in _GIS and spec.member in (None, each.name)]
    return "gis" if kind in (None, "gis") and geometries else None


def _one(found: tuple[Member, ...], name: str, wanted: str | None) -> Member:
    if wanted:
        chosen = [each for each in found if each.name == wanted]
        if not chosen:
            raise FeedMisconfigured(
                f"[format] member = {wanted!r} is not in {name}",
                did_you_mean(wanted, [each.name for each in found]),
            )
        return chosen[0]
    data = [each for each in found if each.suffix in _NAMES or each.suffix in (".zip", ".gz")]
    listed = ", ".join(repr(each.name) for each in found[:8]) + (", …" if len(found) > 8 else "")
    if not data:
        raise Unreadable(f"{name} holds no data file, only {listed or 'nothing'}")
    if len(data) > 1:
        raise Unreadable(f"{name} holds several files: {listed}", 'choose one with [format] member = "..."')
    return data[0]


def _kind(head: bytes, name: str) -> str:
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            raise Unreadable(
                f"{name} is {what}, which is not read here", "publish it as CSV, XLSX, JSON or GeoJSON"
            )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    if head.startswith(b"SQLite format 3\0") or head.startswith(b"\0\0\x27\x0a"):
        return "gis"
    text = _ascii(head)
    named = _NAMES.get(PurePosixPath(name.lower()).suffix)
    if text.startswith(b"<"):
        return _markup(text, name)
    if text.startswith((b"{", b"[")):
        return "gis" if named == "gis" or _json_type(text) in _GEOMETRIES else "json"
    if b"\0" in text[:1024] or named == "gtfs-rt":
        return _binary(head, name, named)
    return named if named in ("csv", "json", "xml") else "csv"


def _markup(text: bytes, name: str) -> str:
    root = _ROOT.match(text)
    element = root[1].lower() if root else b""
    if element in _HTML:
        raise _page(name)
    return "gis" if element.rpartition(b":")[2] == b"kml" else "xml"


def _refuse_page(head: bytes, name: str) -> None:
    if _ascii(head)[:200].lower().startswith((b"<!doctype html", b"<html")):
        raise _page(name)


def _page(name: str) -> Unreadable:
    return Unreadable(f"{name} is an HTML page, not data", "check the address: many servers answer errors so")


def _json_type(text: bytes) -> bytes | None:
    """The value of `type` in the outermost object, as far as the start of the text shows it."""
    depth, key = 0, b""
    for token in _TOKEN.finditer(text):
        if token[0] in b"{[":
            depth += 1
        elif token[0] in b"}]":
            depth -= 1
        elif depth == 1 and token[2] is None and key == b"type":
            return token[1]
        key = (token[1] or b"") if token[2] is not None and depth == 1 else b""
    return None


def _binary(head: bytes, name: str, named: str | None) -> str:
    # Every GTFS Realtime message starts with field 1, its header, of a few bytes.
    if head[:1] == b"\x0a" and named in (None, "gtfs-rt"):
        return "gtfs-rt"
    if named == "csv":
        return "csv"
    raise Unreadable(f"{name} is of no kind that is read here", "say what it is with [format] kind")


def _ascii(head: bytes) -> bytes:
    """The start of a text without mark, blanks and the NULs of UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[2:].replace(b"\0", b"")
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()


def _head(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEAD)
