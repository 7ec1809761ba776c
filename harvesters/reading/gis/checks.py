"""Hold files to be whole where GDAL takes what is left of them and says nothing."""

from __future__ import annotations

import re
import sqlite3
import struct
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import orjson
from lxml import etree

from harvesters.faults import Unreadable

_AGAIN = "fetch it again"
_MODULE = re.compile(r"(?i)\bUSING\s+[\"'`\[]?(\w+)")
_INDEXES = frozenset({"rtree", "virtualspatialindex", "virtualelementary", "virtualknn", "virtualknn2"})
"""The virtual tables that are of the same database."""
_HEADER_MOST, _BLOB_MOST = 64 << 10, 32 << 20
"""What the OpenStreetMap wiki allows a header and a blob of a PBF file to hold."""


def check_lines(path: Path, name: str) -> None:
    """Raise Unreadable unless every line of a file of JSON lines is JSON; GDAL leaves out the others."""
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            text = line.strip(b"\x1e \t\r\n")
            try:
                if text:
                    orjson.loads(text)
            except orjson.JSONDecodeError as error:
                raise Unreadable(f"{name}: line {number} is no JSON ({error})", _AGAIN) from None


def check_tables(path: Path, name: str) -> None:
    """Raise Unreadable where a SQLite database has tables that are made of other files when they are read."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            tables = database.execute("SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'")
            virtual = {str(table): _MODULE.search(sql) for table, sql in tables}
    except sqlite3.Error as error:
        raise Unreadable(f"{name} is no whole SQLite database: {error}", _AGAIN) from error
    for table, module in virtual.items():
        if module is None or module[1].lower() not in _INDEXES:
            raise Unreadable(f"{name}: the table {table!r} is virtual", "publish it as a GeoPackage")


def check_markup(path: Path, name: str) -> None:
    """Raise Unreadable unless an XML document is well-formed to its end."""
    try:
        for _, element in etree.iterparse(path, resolve_entities=False, no_network=True, load_dtd=False):
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise Unreadable(f"{name} is not whole: {error.msg}, line {error.lineno}", _AGAIN) from error


def check_blobs(path: Path, name: str) -> None:
    """Raise Unreadable unless an OpenStreetMap PBF file ends where its last blob does.

    Each blob comes after the length of its header (four bytes, big-endian) and the header, a message whose
    field 3 is the length of the blob.
    """
    size = path.stat().st_size
    at, blobs = 0, 0
    with path.open("rb") as file:
        while at < size:
            file.seek(at)
            start = file.read(4)
            length = struct.unpack(">I", start)[0] if len(start) == 4 else _HEADER_MOST + 1
            header = file.read(length) if length <= _HEADER_MOST else b""
            data = next((value for field, value in _fields(header) if field == 3), -1)
            at += 4 + length + data
            blobs += 1
            if not 0 <= data <= _BLOB_MOST or at > size:
                raise Unreadable(f"{name} is not whole: it ends within blob {blobs}", _AGAIN)


def _fields(message: bytes) -> Iterator[tuple[int, int]]:
    """The numbers of a protocol buffers message and how long its other fields are, each with its field."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value, at = _varint(message, at)
        if tag & 7 == 2:
            at += value
        yield tag >> 3, value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message):
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            break
    return value, at
