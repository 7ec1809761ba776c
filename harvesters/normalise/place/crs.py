"""Which coordinate reference system a source is in, and the way from there to longitude and latitude."""

from __future__ import annotations

import re
from functools import partial

import numpy as np
import numpy.typing as npt
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from harvesters.faults import FeedMisconfigured, Unreadable
from schemas.dataset import BBox

Floats = npt.NDArray[np.float64]
Lonlat = tuple[Floats, Floats]

CRS84 = "OGC:CRS84"
_KOREAN = (5174, 5173, 5178, 5179, 5180, 5181, 5183, 5185, 5186, 5187, 5188, 2096, 2097, 32652, 3857)
"""What Korean cities publish in, and what a source that does not say so may be in."""

KATEC = "KATEC"
"""The system of Korean navigators and petrol stations, to which EPSG gives no code."""

# The shift of the datum is that of EPSG:5174, to which all of the Bessel ellipsoid are moved here.
_KATEC = (
    "+proj=tmerc +lat_0=38 +lon_0=128 +k=0.9999 +x_0=400000 +y_0=600000 +ellps=bessel "
    "+towgs84=-115.8,474.99,674.11,1.16,-2.31,-1.63,6.43 +units=m +no_defs"
)

_CODE_IN_NAME = re.compile(r"epsg[\s:_]*(\d{4,6})", re.IGNORECASE)


def declared_crs(written: str, where: str) -> CRS:
    """The CRS that a feed declares; raises FeedMisconfigured."""
    if written.strip().upper() == KATEC:
        return katec()
    try:
        return CRS.from_user_input(written)
    except CRSError as fault:
        raise FeedMisconfigured(
            f"{where}: {written!r} is no coordinate reference system",
            'write a code such as crs = "EPSG:5186"',
        ) from fault


def katec() -> CRS:
    """The CRS named KATEC."""
    plain = CRS.from_proj4(_KATEC).to_json_dict()
    plain["source_crs"]["name"] = KATEC
    return CRS.from_json_dict(plain)


def source_crs(written: str) -> CRS:
    """The CRS that a source states, an authority's where its WKT matches one; raises Unreadable."""
    try:
        stated = CRS.from_user_input(written)
    except CRSError as fault:
        raise Unreadable(
            f"the source states a coordinate reference system that cannot be read: {written[:80]!r}",
            'write it as [format] crs = "EPSG:…"',
        ) from fault
    authority = stated.to_authority(min_confidence=70)
    return CRS.from_authority(*authority) if authority else _with_datum(stated)


def _with_datum(stated: CRS) -> CRS:
    """The Korean CRS of the same projection for one that names an ellipsoid but no datum.

    Old shapefiles describe Bessel TM so; read to the letter they lie 300 m off (EPSG:5174 shifts them).
    """
    if stated.datum is None or not stated.datum.name.startswith(("Not specified", "Unknown", "unknown")):
        return stated
    wanted, known = _projection(stated), (*map(CRS.from_epsg, _KOREAN), katec())
    return next((crs for crs in known if _projection(crs) == wanted), stated)


def _projection(crs: CRS) -> tuple[object, ...]:
    """Ellipsoid and projection in numbers, rounded to a millimetre and a hundredth of an arc second."""
    # Of a CRS that is bound to WGS 84 the operation is the shift to that.
    plain = crs.source_crs if crs.is_bound and crs.source_crs else crs
    operation, ellipsoid = plain.coordinate_operation, crs.ellipsoid
    if operation is None or ellipsoid is None:
        return (crs.name,)
    values = tuple(sorted((param.name, _rounded(param.value)) for param in operation.params))
    return operation.method_name, round(ellipsoid.semi_major_metre, 3), values


def _rounded(value: float | str) -> float | str:
    """A parameter of a projection; the names of grids that shift a datum are parameters too."""
    return value if isinstance(value, str) else round(float(value), 6)


def crs_in_name(name: str) -> str | None:
    """The code in a column's name such as `좌표X(EPSG5186)`."""
    match = _CODE_IN_NAME.search(name)
    return f"EPSG:{match[1]}" if match else None


def crs_name(crs: CRS) -> str:
    """How a CRS is recorded: its authority's code, or its name where it has none."""
    if crs.name == KATEC:
        return KATEC
    authority = crs.to_authority(min_confidence=100)
    return ":".join(authority) if authority else f"{crs.name} (WKT)"


def to_lonlat(crs: CRS, x: Floats, y: Floats) -> Lonlat:
    """Eastings and northings as degrees of OGC:CRS84, not finite where a point has no place in it."""
    if is_lonlat(crs):
        return x, y
    return _transform(crs)(x, y)


def is_lonlat(crs: CRS) -> bool:
    """Whether coordinates of the CRS, x first, are those of OGC:CRS84 already."""
    return crs.to_authority() in (("OGC", "CRS84"), ("EPSG", "4326"))


def _transform(crs: CRS) -> partial[Lonlat]:
    return partial(Transformer.from_crs(crs, CRS84, always_xy=True).transform)


def looks_like_degrees(x: Floats, y: Floats) -> bool:
    """Whether most of the pairs can be longitudes and latitudes."""
    if not len(x):
        return True
    return bool(np.median(np.abs(x)) <= 180 and np.median(np.abs(y)) <= 90)


def inside(extent: BBox, lon: Floats, lat: Floats) -> npt.NDArray[np.bool_]:
    """Which points lie in the box; west > east crosses the antimeridian. Not finite is outside."""
    west, south, east, north = extent
    across = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
    return across & (lat >= south) & (lat <= north)
