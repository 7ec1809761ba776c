"""Put the features of several answers in GML into one document."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from harvesters.faults import SourceIncomplete
from harvesters.portals.listing import Listing
from harvesters.reading.catalogues.markup import Element, children, name_of

_MEMBERS = ("member", "featureMember", "featureMembers")


def members(root: Element, feed: str) -> Iterator[tuple[str | None, str]]:
    """Each feature of a collection with its id, as text in its own wrapping.

    Raises SourceIncomplete where the service says, in the middle of it, that it cannot go on.
    """
    for element in root.iter():
        if name_of(element) in ("truncatedResponse", "ExceptionReport", "ServiceExceptionReport"):
            said = " ".join("".join(str(each) for each in element.itertext()).split())
            raise SourceIncomplete(f"{feed}: the service ended its answer with a fault ({said[:200]})")
    for wrapping in children(root, *_MEMBERS):
        for feature in list(children(wrapping)):
            alone = _empty(wrapping)
            id = next((str(value) for name, value in feature.attrib.items() if _is_id(str(name))), None)
            alone.append(feature)
            yield id, etree.tostring(alone, encoding="unicode", with_tail=False)


def document(path: Path, around: Element) -> Listing:
    """A listing of features in GML, in the same outermost element as an answer's collection, `around`."""
    start = etree.tostring(_empty(around), encoding="unicode")
    prefix = f"{around.prefix}:" if around.prefix else ""
    return Listing(
        path,
        before=f'<?xml version="1.0" encoding="UTF-8"?>\n{start.removesuffix("/>")}>',
        between="",
        after=f"\n</{prefix}{name_of(around)}>\n",
        format="gis",
    )


def _empty(element: Element) -> Element:
    """The element with its names and nothing else."""
    spaces: Any = element.nsmap
    return etree.Element(element.tag, nsmap=spaces)


def _is_id(name: str) -> bool:
    """gml:id of version 3, fid of those before."""
    return name == "fid" or (name.startswith("{http://www.opengis.net/gml") and name.endswith("}id"))
