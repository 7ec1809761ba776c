"""Find in which coordinate reference system and order coordinates are, by where they would put the rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pyproj import CRS

from harvesters.normalise.place.crs import (
    Floats,
    Lonlat,
    crs_name,
    inside,
    katec,
    looks_like_degrees,
    to_lonlat,
)
from harvesters.normalise.place.regions import Boxes, in_boxes
from schemas.dataset import BBox

EARTH: BBox = (-180.0, -90.0, 180.0, 90.0)

IN_FORCE = (5186, 5187, 5185, 5188, 5179, 5181, 5183, 5180, 5184, 5182, 3857, 32652)
"""What Korean cities publish in since the datum of 2002 is the lawful one, UTM and web maps at the end."""

SUPERSEDED = (5174, 5176, 5173, 5177, 5175, 2097, 2096, 2098, 5178)
"""The same on the Bessel ellipsoid, as older files and the registers of businesses have it."""

# UTM-K came with the new datum; its twin on the old one lies 360 m off and no data could tell them apart.
_TWINS = {"EPSG:5178": "EPSG:5179"}

_HINTS: tuple[tuple[str, tuple[int, ...]], ...] = (
    (r"utm[\s_-]?k", (5179,)),
    (r"utm[\s_-]?52n?", (32652,)),
    (r"중부\s*원점", (5186, 5181, 5174, 2097)),
    (r"동부\s*원점", (5187, 5183, 5176, 2096)),
    (r"서부\s*원점", (5185, 5180, 5173, 2098)),
    (r"동해\s*원점", (5188, 5184, 5177)),
    (r"bessel|베셀", SUPERSEDED),
    (r"grs[\s_-]?80", IN_FORCE),
)
_KATEC = re.compile(r"katec|카텍|gis_?[xy]_?coor", re.IGNORECASE)
_MOST = 0.9
_NEAR = 60.0  # Metres. Datums differ by 250 and more, surveys of one place by less.
_SAME = 5.0
_PER_DEGREE = 111_320.0
_LISTED = 6


@dataclass(frozen=True)
class Sample:
    """Rows spread over a table, (n,) each: coordinates as written, and what else says where the rows are.

    `names` are those of the coordinate columns, `written` counts the rows that have something there.
    `boxes` are the bounds of the province each row names, `beside` its longitude and latitude where other
    columns hold them; None where nothing does.
    """

    x: Floats
    y: Floats
    names: Sequence[str] = ()
    written: int = 0
    boxes: Boxes | None = None
    beside: Lonlat | None = None


@dataclass(frozen=True)
class Guess:
    """A way to read the coordinates: `turned` takes the first as the northing. `share` of the sample fits,
    `middle` is where it puts the middle of it."""

    crs: CRS
    turned: bool
    share: float
    middle: tuple[float, float]

    @property
    def name(self) -> str:
        """The code, and the order where it is the other one."""
        return crs_name(self.crs) + (" with its axes turned" if self.turned else "")


def guesses(sample: Sample, extent: BBox, *, turns: bool) -> list[Guess]:
    """Every Korean CRS, and with `turns` either order, in which nine of ten rows lie where they should.

    Guesses that put the rows in the same places are one, and the systems in force come first.
    """
    # Small numbers are near a false origin, which is off the coast: those are no coordinates of a place.
    if not len(sample.x) or min(np.median(np.abs(sample.x)), np.median(np.abs(sample.y))) < 1000:
        return []
    if any(map(_KATEC.search, sample.names)) and (named := _fitting(sample, [katec()], extent, turns=False)):
        return named
    found = _fitting(sample, [CRS.from_epsg(code) for code in _hinted(sample.names)], extent, turns=turns)
    # Most of Korea lies inside of it as KATEC too, so that it says something only where something else does.
    if found and sample.boxes is None and sample.beside is None:
        return found
    return _distinct(found + _fitting(sample, [katec()], extent, turns=turns))


def _fitting(sample: Sample, systems: Sequence[CRS], extent: BBox, *, turns: bool) -> list[Guess]:
    orders = (False, True) if turns else (False,)
    tried = [_guess(sample, crs, turned, extent) for crs in systems for turned in orders]
    return _distinct([guess for guess in tried if guess.share >= _MOST])


def _hinted(names: Sequence[str]) -> tuple[int, ...]:
    """The codes that the names of the columns leave possible."""
    codes: tuple[int, ...] = IN_FORCE + SUPERSEDED
    for pattern, meant in _HINTS:
        if any(re.search(pattern, name, re.IGNORECASE) for name in names):
            codes = tuple(code for code in codes if code in meant) or codes
    return codes


def _guess(sample: Sample, crs: CRS, turned: bool, extent: BBox) -> Guess:
    lon, lat = read_as(crs, turned, sample.x, sample.y)
    return Guess(crs, turned, float(_fits(sample, lon, lat, extent).mean()), _middle(lon, lat))


def _fits(sample: Sample, lon: Floats, lat: Floats, extent: BBox) -> Floats:
    """Which rows lie where the extent and all else that is known says, as 1 and 0."""
    fits = inside(extent, lon, lat)
    if sample.boxes is not None:
        fits &= in_boxes(sample.boxes, lon, lat)
    if sample.beside is not None:
        known = np.isfinite(sample.beside[0]) & np.isfinite(sample.beside[1])
        fits &= ~known | (_metres((lon, lat), sample.beside) <= _NEAR)
    return fits.astype(np.float64)


def read_as(crs: CRS, turned: bool, x: Floats, y: Floats) -> Lonlat:
    """The coordinates as longitude and latitude; `turned` takes the first as the northing."""
    return to_lonlat(crs, y, x) if turned else to_lonlat(crs, x, y)


def _middle(lon: Floats, lat: Floats) -> tuple[float, float]:
    good = np.isfinite(lon) & np.isfinite(lat)
    return (float(np.median(lon[good])), float(np.median(lat[good]))) if good.any() else (np.nan, np.nan)


def _distinct(found: list[Guess]) -> list[Guess]:
    kept: list[Guess] = []
    names = {guess.name for guess in found}
    for guess in found:
        twin = _TWINS.get(crs_name(guess.crs))
        again = any(_metres(_arrays(guess.middle), _arrays(other.middle))[0] <= _SAME for other in kept)
        if not again and twin not in names:
            kept.append(guess)
    return kept


def _arrays(point: tuple[float, float]) -> Lonlat:
    return np.array(point[:1]), np.array(point[1:])


def _metres(one: Lonlat, other: Lonlat) -> Floats:
    """About how far apart points are; good to a per cent over a few kilometres."""
    east = (one[0] - other[0]) * np.cos(np.radians(other[1]))
    apart: Floats = np.hypot(east, one[1] - other[1]) * _PER_DEGREE
    return np.where(np.isfinite(apart), apart, np.inf)


def in_degrees(x: Floats, y: Floats) -> bool:
    """Whether most of the pairs can be longitude and latitude, in either order."""
    return looks_like_degrees(x, y) or looks_like_degrees(y, x)


def turned(crs: CRS, sample: Sample, extent: BBox) -> bool:
    """Whether no row lies inside the extent as written, and nearly all do with their axes turned."""
    if not len(sample.x) or inside(extent, *read_as(crs, False, sample.x, sample.y)).any():
        return False
    return bool(inside(extent, *read_as(crs, True, sample.x, sample.y)).mean() >= _MOST)


def candidates(sample: Sample, extent: BBox) -> list[str]:
    """The names of what would put nine of ten rows inside the extent."""
    return [guess.name for guess in guesses(sample, extent, turns=True)]


def listed(fitting: Sequence[Guess], first: str) -> str:
    """What the guesses would make of coordinates (`first` shows some), and the line that settles it."""
    where = "; ".join(
        f"{guess.name} puts the middle of them at {guess.middle[0]:.4f}, {guess.middle[1]:.4f}"
        for guess in fitting[:_LISTED]
    )
    more = f"; and {len(fitting) - _LISTED} more" if len(fitting) > _LISTED else ""
    return (
        f"the coordinates ({first}) may be in several coordinate reference systems: {where}{more}; see which "
        f'is right and write [format] crs = "{crs_name(fitting[0].crs)}" or another, with x and y where the '
        "axes are turned, or an extent that leaves one"
    )
