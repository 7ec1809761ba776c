"""The coordinate reference systems that features come in, each in the axis order of its register."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from pyproj.exceptions import ProjError

from schemas.dataset import BBox
from schemas.problem import BadInput, InputError, did_you_mean

Floats = npt.NDArray[np.float64]
_REGISTER = "http://www.opengis.net/def/crs/"
# CRS84 comes first: a client that asks for none gets it (OGC 18-058r1, 6.2).
_PLANES = (5174, 5178, 5179, 5181, 5185, 5186, 5187, 5188)
"""Those of Korea: a belt and the one system of 1985, the one system and a belt of 2000, the belts of 2010."""
_CODES = ("OGC:CRS84", *(f"EPSG:{code}" for code in (4326, 3857, *_PLANES, 32652)))
_SHORT = re.compile(r"\[?(EPSG|OGC):(\w+)\]?", re.IGNORECASE)
_DENSE = 21
"""Points along each side of a box or shape when it is taken to another system, where sides are curves."""


@dataclass(frozen=True)
class Crs:
    """One system; `decimals` are those that keep what is stored, about a centimetre."""

    uri: str
    code: str
    decimals: int

    @property
    def plain(self) -> bool:
        """Whether coordinates are as they are stored: longitude, latitude."""
        return self.code == _CODES[0]


def _crs(code: str) -> Crs:
    authority, _, number = code.partition(":")
    uri = f"{_REGISTER}{authority}/{'1.3' if authority == 'OGC' else '0'}/{number}"
    return Crs(uri, code, 7 if number in ("CRS84", "4326") else 3)


OFFERED: dict[str, Crs] = {crs.uri: crs for crs in map(_crs, _CODES)}
CRS84 = next(iter(OFFERED.values()))


def read_crs(text: str) -> Crs:
    """One of OFFERED by its URI, or by `EPSG:5187` for people; raises ValueError with a sentence."""
    short = _SHORT.fullmatch(text)
    uri = _crs(f"{short[1].upper()}:{short[2].upper()}").uri if short else text
    found = OFFERED.get(uri.replace("https:", "http:", 1))
    if found is None:
        raise ValueError(f"has no {text!r}; {did_you_mean(text, OFFERED)}")
    return found


@cache
def _transformer(source: str, target: str) -> Transformer:
    # Without always_xy, coordinates are read and written in the order of the register.
    return Transformer.from_crs(source, target)


def reprojected(shapes: Sequence[str | None], ids: Sequence[str], crs: Crs) -> list[str | None]:
    """GeoJSON texts (n,) in CRS84 as GeoJSON in `crs`; raises BadInput naming one of `ids` (n,)."""
    places = shapely.from_geojson(list(shapes))
    transformer = _transformer(CRS84.code, crs.code)

    def move(coordinates: Floats) -> Floats:
        moved = transformer.transform(coordinates[:, 0], coordinates[:, 1])
        return np.round(np.column_stack([*moved, *coordinates.T[2:]]), crs.decimals)

    deep = shapely.has_z(places)
    moved = np.empty(len(places), object)
    moved[~deep] = shapely.transform(places[~deep], move)
    moved[deep] = shapely.transform(places[deep], move, include_z=True)
    for feature, bounds in zip(ids, shapely.bounds(moved), strict=True):
        if np.isinf(bounds).any():
            what = f"is not defined where feature {feature!r} lies"
            raise BadInput([InputError("crs", what, "ask for this page in CRS84")])
    texts: list[str | None] = shapely.to_geojson(moved).tolist()
    return texts


def to_crs84(shape: Any, crs: Crs) -> Any:
    """A shapely geometry whose coordinates are in `crs`, in CRS84; raises ValueError where it cannot be."""
    if crs.plain or shape.is_empty:
        return shape
    transformer = _transformer(crs.code, CRS84.code)
    west, south, east, north = shapely.bounds(shape)
    if max(east - west, north - south) > 0:
        # What is straight in one system is a curve in the other.
        shape = shapely.segmentize(shape, max(east - west, north - south) / _DENSE)
    moved = shapely.transform(shape, lambda c: np.column_stack(transformer.transform(c[:, 0], c[:, 1])))
    if not np.isfinite(shapely.bounds(moved)).all():
        raise ValueError(f"lies where {crs.uri} is not defined; mind the order of its axes")
    return moved


def box_to_crs84(box: tuple[float, float, float, float], crs: Crs) -> BBox:
    """The box around a box of `crs`, whose numbers are in the order of its axes; raises ValueError."""
    if crs.code == "EPSG:4326":
        south, west, north, east = box
        return west, south, east, north
    if crs.plain:
        return box
    if box[0] > box[2] or box[1] > box[3]:
        raise ValueError("has its lower corner above its upper; the order is that of the axes of bbox-crs")
    try:
        west, south, east, north = _transformer(crs.code, CRS84.code).transform_bounds(*box, _DENSE)
    except ProjError:
        west = south = east = north = math.inf
    if not all(map(math.isfinite, (west, south, east, north))):
        raise ValueError(f"lies where {crs.uri} is not defined; the order is that of the axes of bbox-crs")
    return west, south, east, north
