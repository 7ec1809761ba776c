"""The rows nearest to a point: rings around it are widened until what they hold is certain."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any

import numpy as np
import orjson
import shapely

from catalogue import geometry
from catalogue.geometry import Floats
from catalogue.rows.scan.scanner import RowsTimeout
from catalogue.rows.space import distance
from schemas.arrow import ID
from schemas.conditions import Box, Filter
from schemas.dataset import Column, Text
from schemas.problem import BadInput, InputError
from schemas.query import NearestQuery, RowPage, RowQuery
from schemas.snapshot import Snapshot

MOST_K = 1_000
WORLD = 20_004_000.0
"""Metres that no two places are farther apart."""
AIM = 3
"""How many times more rows than are asked for a first ring should hold, were all spread evenly."""
PAGE, PAGES = 10_000, 30
"""Rows that are compared at once, and how often: so many may be equally far from the point."""
SECONDS = 5.0
"""Of reading, after which no other page is begun."""
_DEGREE = 111_000.0
_TIGHT = 1.0
"""Metres of a ring that is not drawn in any more."""
_CLOSE = 1.25
"""How many times wider than one that is too narrow a ring is not drawn in any more either."""
_POINT = '{"type":"Point"'

Read = Callable[[RowQuery], RowPage]
"""A page of rows of the snapshot."""
_Near = tuple[float, str]
"""How many metres a row is away, and its id."""


def nearest(read: Read, snapshot: Snapshot, query: NearestQuery) -> RowPage:
    """The rows with their distance as the last column, in metres; ties are in the order of the rows.

    A line or an area is as far away as its nearest point. They are found by their places alone, and read
    when they are known. Raises BadInput, and RowsTimeout where too many rows are about equally near.
    """
    place = _checked(query, snapshot)
    found = _Rings(read, query, snapshot, place).nearest()
    asked = RowQuery(filters=(Filter(ID, "in", tuple(id for _, id in found)),), select=query.rows.select)
    return _page(read(replace(asked, limit=query.k)), found)


def _checked(query: NearestQuery, snapshot: Snapshot) -> str:
    """The column that says where rows are; raises BadInput with every fault found."""
    place = geometry.geometry_column(snapshot.columns)
    faults = []
    if place is None:
        faults.append(InputError("lon", "these rows have no geometry", "read them without a place"))
    if not -180 <= query.lon <= 180:
        faults.append(InputError("lon", f"is {query.lon}", "give degrees from -180 to 180"))
    if not -90 <= query.lat <= 90:
        faults.append(InputError("lat", f"is {query.lat}", "give degrees from -90 to 90"))
    if not 1 <= query.k <= MOST_K:
        faults.append(InputError("k", f"is {query.k}", f"ask for 1 to {MOST_K} rows"))
    if query.max_m is not None and not 0 <= query.max_m < math.inf:
        faults.append(InputError("max_m", f"is {query.max_m}", "give metres, 0 or more"))
    if faults or place is None:
        raise BadInput(faults)
    return place


class _Rings:
    """Boxes around a point, in which the places of rows are read and measured page by page."""

    def __init__(self, read: Read, query: NearestQuery, snapshot: Snapshot, place: str) -> None:
        self._read, self._query, self._snapshot = read, query, snapshot
        rows = query.rows
        filters = rows.filters if rows.bbox is None else (*rows.filters, Box(rows.bbox))
        self._asked = RowQuery(filters=filters, select=(place,), limit=20 * query.k + 500)
        self._reach = WORLD if query.max_m is None else min(query.max_m, WORLD)
        self._end = time.monotonic() + SECONDS

    def nearest(self) -> list[_Near]:
        """The nearest of all rows, nearest first: all are known once a ring that holds enough is read whole.

        `low` is too narrow, `high` holds many rows, and within `enough` metres there are as many as asked.
        """
        low, high, enough = 0.0, math.inf, self._reach
        radius = self._guess()
        while True:
            page = self._page(self._asked, radius)
            found, crowded = self._best([page]), page.next is not None
            full = len(found) == self._query.k
            enough = min(enough, found[-1][0]) if full else enough
            if not crowded and (enough <= radius or self._holds_all(radius)):
                return found
            if not crowded:  # One that is nearer may lie beyond a side of a ring, though it holds enough.
                low, radius = radius, enough if full else self._wider(radius, low, high)
            elif enough < radius / 2:
                high = radius = enough
            elif radius > max(_TIGHT, _CLOSE * low):
                high, radius = radius, math.sqrt(low * radius) if low else radius / 8
            else:
                return self._best(self._pages(enough))

    def _wider(self, radius: float, low: float, high: float) -> float:
        """The ring to try after one that holds too few rows."""
        if high < math.inf:
            return high if high <= _CLOSE * radius else math.sqrt(radius * high)
        # Of conditions, each ring may take a scan: then wider once, and all there is after that.
        return min(4 * radius, self._reach) if low == 0 or not self._asked.filters else self._reach

    def _holds_all(self, radius: float) -> bool:
        """Whether no row of the snapshot is outside of the box of a ring."""
        west, south, east, north = distance.around(self._query.lon, self._query.lat, radius)
        box = self._snapshot.bbox
        if box is None or west > east or box[0] > box[2]:
            return False
        return west <= box[0] and south <= box[1] and box[2] <= east and box[3] <= north

    def _guess(self) -> float:
        """A ring that holds some rows, were they spread evenly over where they are."""
        if self._snapshot.bbox is None or not self._snapshot.rows:
            return self._reach
        west, south, east, north = self._snapshot.bbox
        lon, lat = self._query.lon, self._query.lat
        width = max(east - west, 0.0) * math.cos(math.radians((south + north) / 2))
        area = width * (north - south) * _DEGREE**2
        even = math.sqrt(area * AIM * self._query.k / (math.pi * self._snapshot.rows))
        edge = (min(max(lon, west), max(east, west)), min(max(lat, south), north))
        outside = 0.0 if edge == (lon, lat) else distance.metres(lon, lat, shapely.points([edge]))[0]
        return min(max(even + outside, _TIGHT), self._reach)

    def _page(self, asked: RowQuery, radius: float) -> RowPage:
        """What is in a ring, as far as it goes on a page; raises RowsTimeout when time is up."""
        if time.monotonic() > self._end:
            raise RowsTimeout(self._snapshot.dataset, f"{SECONDS:.0f} seconds")
        box = distance.around(self._query.lon, self._query.lat, radius)
        return self._read(replace(asked, bbox=box))

    def _pages(self, radius: float) -> Iterator[RowPage]:
        """All that is in a ring, page by page; raises RowsTimeout when they do not end."""
        asked = replace(self._asked, limit=PAGE)
        for _ in range(PAGES):
            page = self._page(asked, radius)
            yield page
            if page.next is None:
                return
            asked = replace(asked, cursor=page.next)
        raise RowsTimeout(self._snapshot.dataset, f"{PAGE * PAGES} rows about equally near")

    def _best(self, pages: Iterable[RowPage]) -> list[_Near]:
        """The nearest rows of all pages, nearest first; ties stay in the order of the rows."""
        found: list[_Near] = []
        for page in pages:
            found += self._measured(page.values)
            found.sort(key=itemgetter(0))
            del found[self._query.k :]
        return found

    def _measured(self, rows: Sequence[tuple[object, ...]]) -> Iterator[_Near]:
        """Those of rows of id and place that may be among the nearest."""
        lon, lat = self._query.lon, self._query.lat
        texts = [text for _, text in rows]
        points = _points(texts)
        if points is None:
            near = np.arange(len(rows))
            metres = distance.metres(lon, lat, shapely.from_geojson(np.array(texts, object)))
        else:
            near, metres = distance.nearest(lon, lat, points, self._query.k)
        for place, far in zip(near.tolist(), metres.tolist(), strict=True):
            if far <= self._reach:
                yield far, str(rows[place][0])


def _points(texts: Sequence[Any]) -> Floats | None:
    """Longitudes and latitudes (n, 2) of places in GeoJSON, None where some are no points."""
    if not texts or not texts[0].startswith(_POINT):
        return None
    shapes = orjson.loads(f"[{','.join(texts)}]")
    if any(shape["type"] != "Point" for shape in shapes):
        return None
    return np.array([shape["coordinates"][:2] for shape in shapes], np.float64)


def _page(page: RowPage, found: Sequence[_Near]) -> RowPage:
    """The rows found in their order, with how far they are."""
    name = "_distance_m"
    while name in page.names:
        name = f"_{name}"
    far = Column(name, "number", title=Text("거리", "Distance"), unit="m")
    rows = {row[0]: row for row in page.values}
    values = [(*rows[id], round(metres, 3)) for metres, id in found]
    return RowPage(page.snapshot, (*page.columns, far), (*page.names, name), values)
