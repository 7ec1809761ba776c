"""Read the repeated elements of an XML document into rows of text."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
from lxml import etree

from harvesters.faults import Unreadable
from harvesters.formats import Parsed
from harvesters.reading.columnar import table_of
from harvesters.reading.delimited.encoding import read_text
from harvesters.reading.items.grids import OTHER_LISTS
from harvesters.reading.items.rows import TEXT, find_items, flatten
from schemas.feed import FormatSpec

OPTIONS = frozenset({"crs", "encoding", "member", "records", "where", "x", "y"})

_DECLARATION = re.compile(r"\s*<\?xml\b[^>]*\?>")
_ENCODING = re.compile(rb"""<\?xml\b[^>]*\bencoding\s*=\s*["']([\w.:-]+)["']""")
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def read(path: Path, spec: FormatSpec) -> Iterator[Parsed]:
    """One table of the items; raises Unreadable naming the line where the text is no XML, or has entities."""
    text, encoding = _text(path, spec.encoding)
    root = _root(text)
    found = find_items({_local(root.tag): _value(root)}, spec.records)
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    for line, item in enumerate(found.held, start=1):
        row = flatten(item if isinstance(item, Mapping) else {TEXT: item})
        if spec.where is None or row.get(spec.where) is not None:
            rows.append(row)
            lines.append(line)
    repairs = {OTHER_LISTS: found.others} if found.others else {}
    yield Parsed(table_of(rows), pa.array(lines, pa.int64()), "xml", encoding=encoding, repairs=repairs)


def _text(path: Path, declared: str | None) -> tuple[str, str]:
    """The text, in the feed's encoding, or in the document's own where that holds, or in what does."""
    with path.open("rb") as file:
        head = file.read(1024)
    written = _ENCODING.search(head)
    own = written[1].decode().lower() if written else "utf-8"
    if declared or own == "utf-8" or not _is_codec(own):
        return read_text(path, declared)
    try:
        return read_text(path, own)
    except Unreadable:
        return read_text(path)


def _is_codec(name: str) -> bool:
    try:
        codecs.lookup(name)
    except LookupError:
        return False
    return True


def _root(text: str) -> etree._Element:
    if "<!ENTITY" in text:
        raise Unreadable("the XML defines entities, which data has no need of", "ask for it without its DTD")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        # The declared encoding was that of the bytes; the text is parsed as UTF-8.
        return etree.fromstring(_DECLARATION.sub("", text, count=1).encode(), parser)
    except etree.XMLSyntaxError as error:
        where = f"line {error.lineno}" + (f" column {error.offset}" if error.offset else "")
        raise Unreadable(
            f"this is not XML: {error.msg}, {where}", "the publisher's file is broken there"
        ) from error


def _value(element: etree._Element) -> Any:
    """Text, or a mapping of attributes and children; what is repeated becomes a list."""
    if element.get(_NIL) in ("true", "1"):
        return None
    held: dict[str, Any] = {}
    texts = [element.text or ""]
    for key, value in element.attrib.items():
        if not str(key).startswith("{http://www.w3.org/2001/XMLSchema-instance}"):
            _add(held, _local(key), value)
    for child in element:
        texts.append(child.tail or "")
        if isinstance(child.tag, str):
            _add(held, _local(child.tag), _value(child))
    text = " ".join(filter(None, (each.strip() for each in texts)))
    if not held:
        return text or None
    return {**held, TEXT: text} if text else held


def _add(held: dict[str, Any], name: str, value: Any) -> None:
    if name not in held:
        held[name] = value
    elif isinstance(held[name], list):
        held[name].append(value)
    else:
        held[name] = [held[name], value]


def _local(tag: str | bytes) -> str:
    return etree.QName(tag).localname
