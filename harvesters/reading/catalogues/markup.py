"""Parse the XML of other catalogues, with no entities and no network, and look into it by local names."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree

from harvesters.faults import Unreadable

Element = etree._Element

_ENTITY = re.compile(rb"<!ENTITY|<\0!\0E\0N\0T\0I\0T\0Y", re.IGNORECASE)


def root_of(body: bytes) -> Element:
    """The outermost element; raises Unreadable naming the line where the text is no XML, or has entities."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as fault:
        where = f"line {fault.lineno}" + (f" column {fault.offset}" if fault.offset else "")
        raise Unreadable(
            f"this is not XML: {fault.msg}, {where}", "the publisher's file is broken there"
        ) from None
    if _ENTITY.search(body):
        raise Unreadable("the XML defines entities, which data has no need of", "ask for it without its DTD")
    return root


def name_of(element: Element) -> str:
    """The local name, "" for a comment."""
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def children(element: Element, *names: str) -> Iterator[Element]:
    """The children of these local names, of any name where none is given."""
    for child in element:
        if isinstance(child.tag, str) and (not names or name_of(child) in names):
            yield child


def follow(element: Element, path: str) -> Iterator[Element]:
    """The elements at a path of local names (`citation/CI_Citation|Citation/title`)."""
    name, _, rest = path.partition("/")
    for child in children(element, *name.split("|")):
        if rest:
            yield from follow(child, rest)
        else:
            yield child


def first(element: Element, path: str) -> Element | None:
    """The first element at a path."""
    return next(follow(element, path), None)


def text_in(element: Element | None) -> str | None:
    """The text in an element and in what it holds, None where there is none."""
    if element is None:
        return None
    return "".join(map(str, element.itertext())).strip() or None
