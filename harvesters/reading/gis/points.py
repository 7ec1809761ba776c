"""Read and write plain points many at once, as the bytes that they are: shapes would be made one by one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.uint32]

_SIZE = 21
_HEAD = (1, 1, 0, 0, 0)
"""How the WKB of a flat point begins whose numbers are little-endian: byte order and type."""


def points(wkb: pa.Array | pa.ChunkedArray) -> Floats | None:
    """Coordinates (n, 2) of WKB, NaN where null; None unless all are flat, little-endian points with both."""
    array = wkb.combine_chunks() if isinstance(wkb, pa.ChunkedArray) else wkb
    if not pa.types.is_binary(array.type) or array.null_count == len(array):
        return None
    _, ends, data = array.buffers()
    starts = np.frombuffer(ends, np.int32)[array.offset : array.offset + len(array) + 1]
    given = array.is_valid().to_numpy(zero_copy_only=False)
    if (np.diff(starts) != np.where(given, _SIZE, 0)).any():
        return None
    cells = np.frombuffer(data, np.uint8)[starts[0] : starts[-1]].reshape(-1, _SIZE)
    if (cells[:, :5] != _HEAD).any():
        return None
    found = np.ascontiguousarray(cells[:, 5:]).view("<f8")
    if np.isnan(found).any():
        return None
    if len(found) == len(array):
        return found
    spread = np.full((len(array), 2), np.nan)
    spread[given] = found
    return spread


def as_points(lon: Floats, lat: Floats, given: npt.NDArray[np.bool_]) -> pa.Array:
    """Little-endian WKB of points, (n,) each; null where not given."""
    written = np.zeros(len(lon), dtype=[("order", "u1"), ("kind", "<u4"), ("x", "<f8"), ("y", "<f8")])
    written["order"], written["kind"], written["x"], written["y"] = 1, 1, lon, lat
    packed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(_SIZE), len(lon), [None, pa.py_buffer(written)])
    return pc.if_else(pa.array(given), packed.cast(pa.binary()), pa.scalar(None, pa.binary()))


def kinds(wkb: pa.Array) -> Codes:
    """The types of geometries (n,) as their WKB writes them, 0 where it is null or too short to say."""
    _, ends, data = wkb.cast(pa.binary()).buffers()
    codes = np.zeros(len(wkb), np.uint32)
    if data is None:
        return codes
    starts = np.frombuffer(ends, np.int32)[wkb.offset : wkb.offset + len(wkb) + 1]
    given = wkb.is_valid().to_numpy(zero_copy_only=False) & (np.diff(starts) >= len(_HEAD))
    written, at = np.frombuffer(data, np.uint8), starts[:-1][given].astype(np.int64)
    head = written[at[:, None] + np.arange(len(_HEAD))]
    little, big = (np.ascontiguousarray(head[:, 1:]).view(order)[:, 0] for order in ("<u4", ">u4"))
    codes[given] = np.where(head[:, 0] == 1, little, big)
    return codes
