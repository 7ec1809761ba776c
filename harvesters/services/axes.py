"""Find in which order a service writes its coordinates, and name their CRS so that readers take them so."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass

from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from harvesters.reading.catalogues.markup import Element, name_of
from schemas.dataset import BBox

EPSG = re.compile(r"(?i)EPSG\D+(?:[\d.]+\D+)?(\d{4,6})$")
"""The code at the end of whatever name of a CRS."""

_PLACES = ("posList", "pos", "coordinates", "lowerCorner")
_PAIR = re.compile(r"\s*([-+.\deE]+)[\s,]+([-+.\deE]+)")
_MARGIN = 0.02
"""Degrees around a layer's box in which a place of it may lie: boxes are rounded."""


@dataclass(frozen=True)
class Naming:
    """A CRS as the service calls it, and as it has to be called for its coordinates to be read in order."""

    said: str
    meant: str

    def applied(self, text: str) -> str:
        """Markup with the name that is meant."""
        return text.replace(f'srsName="{self.said}"', f'srsName="{self.meant}"')


def naming(root: Element, asked: str | None, box: BBox | None) -> Naming | None:
    """How the CRS of an answer in GML is to be called, None where it says no code or the order is the same.

    A short name (`EPSG:5186`) means x before y, a URN the order of the register. Services mix them up: where
    one order alone puts the first place into the layer's own `box`, it is believed. Where that tells
    nothing, whoever was `asked` for a URN wrote its order (WFS 1.1.0, 8.2).
    """
    said, place = _first(root)
    code = EPSG.search(said) if said else None
    if said is None or code is None or not _is_north_first(int(code[1])):
        return None
    in_order = _in_order(place, int(code[1]), box) if place and box else None
    if in_order is None:
        in_order = said.lower().startswith("urn:") or "/def/crs/" in said or _is_urn(asked)
    meant = f"urn:ogc:def:crs:EPSG::{code[1]}" if in_order else f"EPSG:{code[1]}"
    return Naming(said, meant)


def _first(root: Element) -> tuple[str | None, tuple[float, float] | None]:
    """The name of the first CRS in a document, and the first pair of numbers under it."""
    for element in root.iter():
        said = element.get("srsName")
        if said:
            return str(said), next(_pairs(element), None)
    return None, None


def _pairs(element: Element) -> Iterator[tuple[float, float]]:
    for each in element.iter():
        found = _PAIR.match(each.text or "") if name_of(each) in _PLACES else None
        if found:
            try:
                yield float(found[1]), float(found[2])
            except ValueError:
                return


def _is_north_first(code: int) -> bool:
    try:
        axes = CRS.from_epsg(code).axis_info
    except CRSError:
        return False
    return bool(axes) and axes[0].direction.lower() == "north"


def _in_order(place: tuple[float, float], code: int, box: BBox) -> bool | None:
    """Whether a place is written north first; None where the box holds both readings, or neither."""
    degrees = Transformer.from_crs(code, 4326, always_xy=True)
    as_said, turned = (_holds(box, degrees.transform(*pair)) for pair in (place[::-1], place))
    return None if as_said == turned else as_said


def _holds(box: BBox, place: tuple[float, float]) -> bool:
    (lon, lat), (west, south, east, north) = place, box
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return False
    return west - _MARGIN <= lon <= east + _MARGIN and south - _MARGIN <= lat <= north + _MARGIN


def _is_urn(name: str | None) -> bool:
    return name is not None and name.lower().startswith("urn:")
