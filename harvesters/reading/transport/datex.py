"""Walk a DATEX II message, of version 2 or 3, one record at a time, and say where a record is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import shapely
from lxml import etree

from harvesters.faults import Unreadable

_XSI_TYPE = "{http://www.w3.org/2001/XMLSchema-instance}type"
_CHUNK = 1 << 20


def names_in(path: Path, wanted: Sequence[str]) -> set[str]:
    """Which of these elements the message holds, whatever their namespace; refuses a document type."""
    pattern = re.compile(rb"<(?:[\w.-]+:)?(" + b"|".join(each.encode() for each in wanted) + rb")[\s>/]")
    found: set[str] = set()
    before = b""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            data = before + chunk
            if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
                raise Unreadable("the XML declares a document type, which data has no need of")
            found.update(match[1].decode() for match in pattern.finditer(data))
            before = data[-200:]
    return found


def records(path: Path, names: Sequence[str]) -> Iterator[tuple[etree._Element, str | None]]:
    """The elements of these names and when each was published; one stays whole until the next is asked for.

    Raises Unreadable where the XML breaks off or is not well-formed.
    """
    published = None
    tags = [f"{{*}}{name}" for name in (*names, "publicationTime")]
    try:
        # huge_tree: messages of a whole country pass what libxml2 thinks is large.
        for _, element in etree.iterparse(
            path, tag=tags, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True
        ):
            if local(element) == "publicationTime":
                published = (element.text or "").strip() or None
                continue
            yield element, published
            element.clear()
            parent = element.getparent()
            while parent is not None and parent[0] is not element:
                del parent[0]
    except etree.XMLSyntaxError as error:
        raise Unreadable(
            f"this is not XML to its end: {error.msg}, line {error.lineno}", "fetch it again"
        ) from error


def local(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return str(element.tag).rpartition("}")[2] if isinstance(element.tag, str) else ""


def kind(element: etree._Element | None) -> str | None:
    """What `xsi:type` says that an element is, without its prefix."""
    said = element.get(_XSI_TYPE) if element is not None else None
    return str(said).rpartition(":")[2] if said else None


def texts(element: etree._Element) -> dict[str, str]:
    """The first text of each name within an element."""
    found: dict[str, str] = {}
    for each in element.iter(etree.Element):
        text = (each.text or "").strip()
        if text:
            found.setdefault(local(each), text)
    return found


def within(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The elements of these names inside of one, in the order they stand."""
    return (each for each in element.iter(etree.Element) if each is not element and local(each) in names)


def as_json(element: etree._Element) -> Any:
    """An element as JSON: its text, or its attributes and children, with lists for what is repeated."""
    held: dict[str, Any] = {}
    said = kind(element)
    if said:
        held["type"] = said
    held |= {str(name): str(value) for name, value in element.attrib.items() if not str(name).startswith("{")}
    for child in element.iterchildren(etree.Element):
        name, value = local(child), as_json(child)
        if name in held:
            before = held[name]
            held[name] = [*before, value] if isinstance(before, list) else [before, value]
        else:
            held[name] = value
    text = (element.text or "").strip()
    return ({**held, "text": text} if text else held) if held else text


def geometry(element: etree._Element) -> shapely.Geometry | None:
    """Where a record is, in longitude and latitude: its lines and areas, its points, or where it is shown.

    None where it only names a place of a location table (Alert-C) or has coordinates that are none. Positions
    are written latitude first, also in GML (EN 16157-2).
    """
    lines = [_line(each) for each in within(element, "posList")]
    if lines and all(line is not None for line in lines):
        return _together([line for line in lines if line is not None])
    points = [point for each in within(element, "pointCoordinates") if (point := _point(each))]
    if points:
        return _together(list(dict.fromkeys(points)))
    shown = within(element, "locationForDisplay", "coordinatesForDisplay")
    return next((point for each in shown if (point := _point(each))), None)


def _line(element: etree._Element) -> shapely.Geometry | None:
    try:
        numbers = [float(each) for each in (element.text or "").split()]
    except ValueError:
        return None
    step = 3 if element.get("srsDimension") == "3" else 2
    positions = [(numbers[at + 1], numbers[at]) for at in range(0, len(numbers) - 1, step)]
    parent = element.getparent()
    if parent is not None and local(parent) == "LinearRing" and len(positions) > 3:
        return shapely.Polygon(positions)
    return shapely.LineString(positions) if len(positions) > 1 else None


def _point(element: etree._Element) -> shapely.Point | None:
    said = texts(element)
    try:
        return shapely.Point(float(said["longitude"]), float(said["latitude"]))
    except (KeyError, ValueError):
        return None


def _together(shapes: Sequence[shapely.Geometry]) -> shapely.Geometry:
    kinds = {each.geom_type for each in shapes}
    if len(shapes) == 1:
        return shapes[0]
    many = {
        "Point": shapely.MultiPoint,
        "LineString": shapely.MultiLineString,
        "Polygon": shapely.MultiPolygon,
    }
    return many[kinds.pop()](shapes) if len(kinds) == 1 else shapely.GeometryCollection(list(shapes))
