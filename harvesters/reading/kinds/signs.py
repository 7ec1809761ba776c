"""Tell the kind of a file from its first bytes, and from its name only where those leave a doubt."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from harvesters.faults import Unreadable
from harvesters.formats import format_kinds
from harvesters.reading.catalogues.marks import kind_of as catalogue_of
from harvesters.reading.kinds import marks

NAMES = {
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".txt": "csv", ".psv": "csv",
    ".xlsx": "xlsx", ".xlsm": "xlsx", ".xls": "xls", ".ods": "ods", ".fods": "ods",
    ".html": "html", ".htm": "html",
    ".json": "json", ".ndjson": "json", ".jsonl": "json", ".xml": "xml",
    ".parquet": "parquet", ".geoparquet": "parquet", ".arrow": "arrow", ".feather": "arrow", ".dbf": "dbf",
    ".geojson": "gis", ".topojson": "gis", ".gpkg": "gis", ".kml": "gis", ".kmz": "gis", ".shp": "gis",
    ".pb": "gtfs-rt", ".pbf": "gtfs-rt",
}  # fmt: skip
"""The kinds that endings of names promise."""

_FOREIGN = {
    b"%PDF": "a PDF", b"HWP Document": "a Hangul document", b"{\\rtf": "RTF",
    b"\x89PNG": "an image", b"\xff\xd8\xff": "an image",
    b"Rar!": "a RAR archive", b"7z\xbc\xaf": "a 7-Zip archive", b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz", b"\x28\xb5\x2f\xfd": "packed with Zstandard", b"FEA1": "Feather version 1",
}  # fmt: skip
_BINARY = {
    b"PAR1": "parquet", b"ARROW1": "arrow", b"\xff\xff\xff\xff": "arrow", b"\xd0\xcf\x11\xe0": "xls",
    b"SQLite format 3\0": "gis", b"\0\0\x27\x0a": "gis",
}  # fmt: skip
# Workbooks of Excel 2 to 4, before they were documents of several streams.
_BIFF = re.compile(rb"\x09[\x00\x02\x04][\x04\x06]\x00[\x00\x02\x04]")
_ROOT = re.compile(rb"(?:<\?.*?\?>|<!--.*?-->|<!doctype\s[^>\[]*>|\s)*<([\w:.-]+)", re.DOTALL | re.IGNORECASE)
_HTML = frozenset({b"html", b"head", b"body", b"table", b"div", b"p", b"script", b"meta", b"br", b"center"})
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f]")
_TOKEN = re.compile(rb'"((?:[^"\\]|\\.)*+)"(\s*:)?|[{}\[\]]')
_GEOMETRIES = frozenset({b"FeatureCollection", b"Feature", b"Topology", b"GeometryCollection"})
_TABLES = ("html", "xls", "xlsx")
"""What a file of one HTML table is called: many an office program opens it, so many a server sends it."""


def kind_of(head: bytes, name: str) -> str:
    """The kind of a file that is no archive; raises Unreadable where it is none that is read here."""
    for mark, what in _FOREIGN.items():
        if head.startswith(mark):
            raise Unreadable(
                f"{name} is {what}, which is not read here", "publish it as CSV, XLSX, JSON or GeoJSON"
            )
    if head[257:262] == b"ustar":
        raise Unreadable(f"{name} is a TAR archive, which is not read here", "publish it as ZIP")
    named = NAMES.get(PurePosixPath(name.lower()).suffix)
    for mark, kind in _BINARY.items():
        if head.startswith(mark):
            return kind
    text = _ascii(head)
    described = catalogue_of(text, name)
    if described:
        return described
    if text.startswith(b"<"):
        return _markup(text, name, named)
    if text.startswith((b"{", b"[")):
        kind = "gis" if named == "gis" or _json_type(text) in _GEOMETRIES else "json"
        return _known(marks.json(text)) or kind
    if b"\0" in text[:1024] or named == "gtfs-rt":
        return _binary(head, name, named)
    return named if named in ("csv", "json", "xml") else "csv"


def refuse_page(head: bytes, name: str, kind: str | None) -> None:
    """Raise Unreadable for a web page, unless a table in it is looked for by its name or by the feed."""
    named = NAMES.get(PurePosixPath(name.lower()).suffix)
    if _ascii(head)[:200].lower().startswith((b"<!doctype html", b"<html")) and not (
        kind == "html" or (kind is None and named in _TABLES)
    ):
        raise page(name)


def page(name: str) -> Unreadable:
    """The fault of a web page where data should be."""
    return Unreadable(f"{name} is an HTML page, not data", "check the address: many servers answer errors so")


def _markup(text: bytes, name: str, named: str | None) -> str:
    root = _ROOT.match(text)
    element = root[1].lower() if root else b""
    if element in _HTML:
        if named in _TABLES or element == b"table":
            return "html"
        raise page(name)
    if b'"urn:schemas-microsoft-com:office:spreadsheet"' in text[:2048]:
        return "xls"
    if element == b"office:document":
        return "ods"
    kind = "gis" if element.rpartition(b":")[2] == b"kml" else "xml"
    return _known(marks.markup(text)) or kind


def _known(kind: str | None) -> str | None:
    return kind if kind in format_kinds() else None


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
    marked = marks.binary(head)
    if marked:
        return marked
    # Every GTFS Realtime message starts with field 1, its header, of a few bytes.
    if head[:1] == b"\x0a" and named in (None, "gtfs-rt"):
        return "gtfs-rt"
    if _is_dbf(head):
        return "dbf"
    if _BIFF.match(head):
        return "xls"
    if named == "csv" or _is_wide_text(head):
        return "csv"
    raise Unreadable(f"{name} is of no kind that is read here", "say what it is with [format] kind")


def _is_dbf(head: bytes) -> bool:
    """Whether this is the start of a dBase table: a version, a date, and room for whole column entries."""
    if len(head) < 66 or head[0] not in (0x02, 0x03, 0x30, 0x31, 0x43, 0x83, 0x8B, 0xCB, 0xF5):
        return False
    size = int.from_bytes(head[8:10], "little")
    return (
        1 <= head[2] <= 12 and 1 <= head[3] <= 31 and size >= 65 and int.from_bytes(head[10:12], "little") > 1
    )


def _is_wide_text(head: bytes) -> bool:
    """Whether every other byte of the text is NUL now and then, as in UTF-16 without a mark."""
    return bool(wide_order(head))


def wide_order(head: bytes) -> str | None:
    """`utf-16-le` or `utf-16-be` where a text without a byte order mark is plainly one of them."""
    start = head[: len(head) & ~1][:4096]
    even, odd = start[0::2].count(0), start[1::2].count(0)
    # Hangul has bytes of zero too, on the other side and seldom.
    order = "utf-16-le" if odd > even * 8 else "utf-16-be" if even > odd * 8 else None
    if order is None or max(even, odd) < max(2, len(start) // 20):
        return None
    return None if _CONTROL.search(start.decode(order, "replace")) else order


def _ascii(head: bytes) -> bytes:
    """The start of a text without mark, blanks and the NULs of UTF-16."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head[2:].replace(b"\0", b"")
    elif wide_order(head):
        head = head.replace(b"\0", b"")
    # A record separator starts each text of a JSON text sequence (RFC 7464).
    return head.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n\f\v\x1e")
