"""Which province or city a row says it is in, and where that lies."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.values.cells import is_text
from schemas.dataset import BBox

Boxes = npt.NDArray[np.float64]

# Bounds of the boundaries of Statistics Korea of 2018, widened by about two kilometres; Gunwi, which went
# from North Gyeongsang to Daegu in 2023, lies in both.
_BOUNDS: dict[tuple[str, ...], BBox] = {
    ("서울특별시", "서울시", "서울"): (126.74, 37.41, 127.21, 37.73),
    ("부산광역시", "부산시", "부산"): (128.74, 34.85, 129.33, 35.41),
    ("대구광역시", "대구시", "대구"): (128.33, 35.58, 128.91, 36.35),
    ("인천광역시", "인천시", "인천"): (124.59, 36.9, 126.82, 38.01),
    ("광주광역시", "광주"): (126.62, 35.03, 127.05, 35.28),
    ("대전광역시", "대전시", "대전"): (127.22, 36.16, 127.58, 36.52),
    ("울산광역시", "울산시", "울산"): (128.95, 35.3, 129.49, 35.75),
    ("세종특별자치시", "세종시", "세종"): (127.1, 36.38, 127.44, 36.76),
    ("경기도", "경기"): (126.35, 36.87, 127.87, 38.31),
    ("강원도", "강원특별자치도", "강원"): (127.07, 37.0, 129.39, 38.64),
    ("충청북도", "충북"): (127.25, 35.99, 128.68, 37.28),
    ("충청남도", "충남"): (125.5, 35.95, 127.66, 37.09),
    ("전라북도", "전북특별자치도", "전북"): (125.93, 35.27, 127.94, 36.18),
    ("전라남도", "전남"): (125.04, 33.9, 127.93, 35.51),
    ("경상북도", "경북"): (127.77, 35.54, 131.9, 37.57),
    ("경상남도", "경남"): (127.55, 34.48, 129.25, 35.93),
    ("제주특별자치도", "제주도", "제주"): (126.1, 33.06, 127.0, 34.04),
}
_NAMES = pa.array([name for names in _BOUNDS for name in names])
_BOXES = np.array([box for names, box in _BOUNDS.items() for _ in names])
_FEW = 0.5


def boxes_of(rows: pa.Table) -> Boxes | None:
    """(n, 4) bounds of the province each row names first in a column of its own words, NaN where it names
    none; None where no column names one in most of its rows."""
    best, most = None, _FEW * max(len(rows), 1)
    for column in rows.itercolumns():
        if is_text(column.type):
            found = _named(column)
            count = len(found) - found.null_count
            if count > most:
                best, most = found, count
    if best is None:
        return None
    numbers = pc.fill_null(best, -1).to_numpy(zero_copy_only=False)
    boxes = np.full((len(rows), 4), np.nan)
    boxes[numbers >= 0] = _BOXES[numbers[numbers >= 0]]
    return boxes


def _named(column: pa.ChunkedArray) -> pa.Array:
    """The place in _NAMES of each text's first word, null where it is none."""
    texts = pc.utf8_trim_whitespace(column.cast(pa.string()).combine_chunks())
    first = pc.struct_field(pc.extract_regex(texts, r"^(?P<word>[^\s,()]+)"), "word")
    return pc.index_in(first, value_set=_NAMES)


def in_boxes(
    boxes: Boxes, lon: npt.NDArray[np.float64], lat: npt.NDArray[np.float64]
) -> npt.NDArray[np.bool_]:
    """Which points lie in their row's bounds; a row without bounds lies anywhere."""
    west, south, east, north = boxes.T
    within: npt.NDArray[np.bool_] = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return np.asarray(within | np.isnan(west))
