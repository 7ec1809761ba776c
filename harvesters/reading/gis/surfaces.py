"""Know geometries that few tools do: surfaces of triangles and patches, written as polygons, and curves."""

from __future__ import annotations

import struct

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from harvesters.reading.gis.points import kinds

_PLAIN = {15: 6, 16: 6, 17: 3}
"""PolyhedralSurface and TIN are laid out as MultiPolygon is, Triangle as Polygon (OGC 06-103r4, 8.2)."""

_POINT, _LINE, _RINGS, _COLLECTIONS = 1, 2, (3, 17), (4, 5, 6, 7, 15, 16)

_CURVES = np.arange(8, 15)


def are_curved(wkb: pa.Array) -> npt.NDArray[np.bool_]:
    """Which WKB geometries (n,) are curves, or made of some (ISO 13249-3: types 8 to 14)."""
    return np.isin((kinds(wkb) & 0x0FFFFFFF) % 1000, _CURVES)


def as_polygons(wkb: bytes) -> bytes:
    """The same WKB with the types of polygons for surfaces, also within collections.

    Raises ValueError where the bytes are no WKB or end too early.
    """
    written = bytearray(wkb)
    try:
        end = _geometry(written, 0)
    except struct.error:
        raise ValueError("the geometry ends too early") from None
    if end != len(wkb):
        raise ValueError("the geometry does not end where it should")
    return bytes(written)


def _geometry(wkb: bytearray, at: int) -> int:
    """Rewrite the geometry at a place, and return where it ends."""
    order = "<" if wkb[at : at + 1] == b"\x01" else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, at + 1)
    flags, (thousands, kind) = code & 0xF0000000, divmod(code & 0x0FFFFFFF, 1000)
    point = 8 * (2 + (thousands in (1, 3)) + (thousands in (2, 3)) + (flags >> 31) + (flags >> 30 & 1))
    struct.pack_into(f"{order}I", wkb, at + 1, flags | (1000 * thousands + _PLAIN.get(kind, kind)))
    if kind == _POINT:
        return int(at + 5 + point)
    (count,) = struct.unpack_from(f"{order}I", wkb, at + 5)
    at += 9
    if kind == _LINE:
        return int(at + point * count)
    if kind not in (*_RINGS, *_COLLECTIONS):
        raise ValueError(f"geometry type {kind} is not known")
    for _ in range(count):
        if kind in _COLLECTIONS:
            at = _geometry(wkb, at)
        else:
            (points,) = struct.unpack_from(f"{order}I", wkb, at)
            at += 4 + point * int(points)
    return at
