"""The rows nearest to a point: rings around it are widened until what they hold is certain."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import shapely

from catalogue import geometry
from catalogue.rows.engines.scan import RowsTimeout
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

Read = Callable[[RowQuery], RowPage]
"""A page of rows of the snapshot."""
_Row = tuple[float, tuple[object, ...]]


def nearest(read: Read, snapshot: Snapshot, query: NearestQuery) -> RowPage:
    """The rows with their distance as the last column, in metres; ties are in the order of the rows.

    A line or an area is as far away as its nearest point. Raises BadInput, and RowsTimeout where too many
    rows are about equally near.
    """
    place = _checked(query, snapshot)
    asked, hidden = _asked(query.rows, place)
    rings = _Rings(read, asked, query, snapshot)
    page, radius = rings.first()
    best = rings.best(page, radius)
    return _page(page, best, place if hidden else None)


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


def _asked(rows: RowQuery, place: str) -> tuple[RowQuery, bool]:
    """Which rows and columns are read, and whether their geometry is not to be shown."""
    filters = rows.filters if rows.bbox is None else (*rows.filters, Box(rows.bbox))
    hidden = rows.select is not None and place not in rows.select
    select = (*rows.select, place) if rows.select is not None and hidden else rows.select
    return RowQuery(filters=filters, select=select), hidden


class _Rings:
    """Boxes around a point, read as pages of rows."""

    def __init__(self, read: Read, asked: RowQuery, query: NearestQuery, snapshot: Snapshot) -> None:
        self._read, self._asked, self._query, self._snapshot = read, asked, query, snapshot
        self._place = geometry.geometry_column(snapshot.columns) or ""
        self._reach = WORLD if query.max_m is None else min(query.max_m, WORLD)
        self._most = 20 * query.k + 500
        self._end = time.monotonic() + SECONDS

    def first(self) -> tuple[RowPage, float]:
        """The first page of a ring that holds enough rows but not too many, or no more than it must."""
        low, high = 0.0, math.inf
        radius = self._guess()
        while True:
            page = self._ring(radius)
            if page.next is not None and radius > max(_TIGHT, 2 * low):
                high, radius = radius, math.sqrt(low * radius) if low else radius / 8
            elif page.next is None and len(page.values) < self._query.k and radius < self._reach:
                # Wider once, then all there is: where few rows answer, each ring takes a scan.
                wider = min(4 * radius, self._reach) if low == 0 else self._reach
                low, radius = radius, wider if high == math.inf else math.sqrt(radius * high)
            else:
                return page, radius

    def best(self, page: RowPage, radius: float) -> list[_Row]:
        """The nearest of all rows, nearest first, where `page` begins what is in the ring of `radius`."""
        found = self._nearest([page])
        farthest = found[-1][0] if len(found) == self._query.k else self._reach
        if page.next is None and (farthest <= radius or self._holds_all(radius)):
            return found
        if page.next is None:  # One that is nearer may lie beyond a side of the ring.
            page = self._ring(farthest)
        return self._nearest([page]) if page.next is None else self._picked(farthest)

    def _picked(self, radius: float) -> list[_Row]:
        """The nearest of a crowded ring: found by their places alone, and read when they are known."""
        found = self._nearest(self._places(radius))
        ids = tuple(str(row[0]) for _, row in found)
        asked = RowQuery(filters=(Filter(ID, "in", ids),), select=self._asked.select, limit=self._query.k)
        rows = {row[0]: row for row in self._read(asked).values}
        return [(metres, rows[place[0]]) for metres, place in found]

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

    def _ring(self, radius: float) -> RowPage:
        """What is in a ring, as far as it goes on a page; raises RowsTimeout when time is up."""
        return self._page(replace(self._asked, limit=self._most), radius)

    def _page(self, asked: RowQuery, radius: float) -> RowPage:
        if time.monotonic() > self._end:
            raise RowsTimeout(self._snapshot.dataset, f"{SECONDS:.0f} seconds")
        box = distance.around(self._query.lon, self._query.lat, radius)
        return self._read(replace(asked, bbox=box))

    def _places(self, radius: float) -> Iterator[RowPage]:
        """Where the rows in a ring are, page by page; raises RowsTimeout when they do not end."""
        asked = replace(self._asked, select=(self._place,), limit=PAGE)
        for _ in range(PAGES):
            page = self._page(asked, radius)
            yield page
            if page.next is None:
                return
            asked = replace(asked, cursor=page.next)
        raise RowsTimeout(self._snapshot.dataset, f"{PAGE * PAGES} rows about equally near")

    def _nearest(self, pages: Iterable[RowPage]) -> list[_Row]:
        """The rows of all pages that are near enough, nearest first."""
        found: list[_Row] = []
        for page in pages:
            found += self._measured(page)
            found.sort(key=lambda row: row[0])  # Stable: ties stay in the order of the rows.
            del found[self._query.k :]
        return found

    def _measured(self, page: RowPage) -> Iterator[_Row]:
        where = page.names.index(self._place)
        shapes = shapely.from_geojson(np.array([row[where] for row in page.values], object))
        metres = distance.metres(self._query.lon, self._query.lat, shapes)
        for far, row in zip(metres.tolist(), page.values, strict=True):
            if far <= self._reach:
                yield far, row


def _page(page: RowPage, best: list[_Row], hidden: str | None) -> RowPage:
    """The best rows with how far they are, without a geometry that nobody asked for."""
    kept = [place for place, name in enumerate(page.names) if name != hidden]
    name = "_distance_m"
    while name in page.names:
        name = f"_{name}"
    far = Column(name, "number", title=Text("거리", "Distance"), unit="m")
    values: list[tuple[Any, ...]] = [
        (*(row[place] for place in kept), round(metres, 3)) for metres, row in best
    ]
    columns = tuple(column for column in page.columns if column.name != hidden)
    names = (*(page.names[place] for place in kept), name)
    return RowPage(page.snapshot, (*columns, far), names, values)
