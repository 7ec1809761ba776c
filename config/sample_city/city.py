"""The synthetic city itself: districts, roads, places and what its sensors would say at a given time."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import shapely
from shapely.geometry import LineString, MultiPoint, Point, Polygon

CENTRE = (128.95, 35.30)
"""Longitude and latitude, degrees: EPSG:5187 needs a real place; nothing else here is real."""
SEED = 20260101
DISTRICTS = (
    ("91110", "항만구", "Harbour-gu"),
    ("91140", "시청구", "Cityhall-gu"),
    ("91170", "강변구", "Riverside-gu"),
    ("91200", "산성구", "Fortress-gu"),
    ("91230", "온천구", "Spa-gu"),
    ("91260", "대학구", "College-gu"),
    ("91290", "공단구", "Works-gu"),
    ("91320", "바다구", "Beach-gu"),
)
KINDS = ("도서관", "공원", "공영주차장", "체육관", "보건소", "전기차 충전소")
ROADS = ("중앙대로", "해안로", "강변북로", "산성터널", "공단로", "대학로")
STEP = timedelta(hours=1)


@dataclass(frozen=True)
class District:
    code: str
    name: str
    name_en: str
    outline: Polygon


@dataclass(frozen=True)
class Place:
    """A facility; `code` begins with zeros, as such codes do."""

    code: str
    name: str
    kind: str
    district: District
    address: str
    capacity: int | None
    point: Point | None


@dataclass(frozen=True)
class Route:
    number: str
    path: LineString
    stops: tuple[tuple[str, str, Point], ...]


@dataclass(frozen=True)
class Vehicle:
    """Where a bus is; speed in metres per second, bearing in degrees clockwise from north."""

    id: str
    route: str
    trip: str
    stop: str
    sequence: int
    point: Point
    bearing: float
    speed: float


class City:
    """Gaon: the same at every start, apart from what time changes."""

    def __init__(self) -> None:
        chance = random.Random(SEED)  # noqa: S311  (a synthetic city needs no secrets)
        self.districts = _districts(chance)
        self.places = tuple(_places(chance, self.districts))
        self.routes = tuple(_routes(chance, self.districts))
        self.detectors = tuple(
            (f"D{i:03d}", ROADS[i % len(ROADS)], _inside(chance, self.districts[i % len(self.districts)]))
            for i in range(24)
        )
        self.stations = tuple((d.name, d.outline.representative_point()) for d in self.districts)

    def vehicles(self, now: datetime) -> Iterator[Vehicle]:
        """Each route has four buses; a round takes 40 minutes. Spare ones wait at the ends of the net."""
        for route in self.routes:
            for n in range(4):
                round_number, along = divmod(now.timestamp() / 2400 + n / 4, 1)
                yield _vehicle(route, n, int(round_number), along)
        yield from _waiting(self.routes)

    def hours(self, now: datetime) -> tuple[datetime, ...]:
        """The full hours since the midnight two days ago, oldest first."""
        last = now.replace(minute=0, second=0, microsecond=0)
        return tuple(last - STEP * back for back in range(now.hour + 48, -1, -1))

    def traffic(self, detector: str, hour: datetime) -> tuple[float, int]:
        """Speed in km/h and vehicles in the hour: two rush hours, quieter at weekends."""
        rush = sum(math.exp(-(((hour.hour - peak) / 2.2) ** 2)) for peak in (8.5, 18.5))
        week = 0.6 if hour.weekday() >= 5 else 1.0
        volume = int(250 + 1500 * rush * week * _noise(detector, hour, 0.8, 1.2))
        return round(max(8.0, 62 - volume / 38) * _noise(hour.isoformat(), hour, 0.95, 1.05), 1), volume

    def air(self, station: str, hour: datetime) -> dict[str, float]:
        """PM10 and PM2.5 in ug/m3, ozone and nitrogen dioxide in ppm."""
        sun = max(0.0, math.sin((hour.hour - 6) / 12 * math.pi))
        pm10 = 38 * _noise(station, hour, 0.6, 1.6)
        return {
            "pm10": round(pm10),
            "pm25": round(pm10 * 0.52),
            "o3": round(0.018 + 0.03 * sun * _noise(station, hour, 0.8, 1.2), 3),
            "no2": round(0.012 + 0.015 * (1 - sun) * _noise(station, hour, 0.8, 1.2), 3),
        }

    def energy(self, district: str, hour: datetime) -> float:
        """Electricity used in the hour, kWh."""
        day = 1 + 0.5 * math.sin((hour.hour - 9) / 24 * 2 * math.pi)
        return round(42_000 * day * _noise(district, hour, 0.9, 1.1), 1)


def _noise(name: str, hour: datetime, low: float, high: float) -> float:
    seed = f"{name}/{hour.isoformat()}"
    return random.Random(seed).uniform(low, high)  # noqa: S311


def _districts(chance: random.Random) -> tuple[District, ...]:
    x, y = CENTRE
    coast = Polygon(
        [
            (
                x + 0.11 * math.cos(a) * chance.uniform(0.85, 1.1),
                y + 0.08 * math.sin(a) * chance.uniform(0.85, 1.1),
            )
            for a in (i * math.pi / 24 for i in range(48))
        ]
    ).buffer(0)
    seeds = MultiPoint(
        [
            (x + 0.065 * math.cos(a), y + 0.047 * math.sin(a))
            for a in (i * 2 * math.pi / len(DISTRICTS) + 0.2 for i in range(len(DISTRICTS)))
        ]
    )
    cells = shapely.voronoi_polygons(seeds, extend_to=coast).geoms
    outlines = {
        index: cell.intersection(coast)
        for cell in cells
        for index, seed in enumerate(seeds.geoms)
        if cell.contains(seed)
    }
    return tuple(District(*names, outlines[index]) for index, names in enumerate(DISTRICTS))


def _inside(chance: random.Random, district: District) -> Point:
    west, south, east, north = district.outline.bounds
    while True:
        point = Point(round(chance.uniform(west, east), 6), round(chance.uniform(south, north), 6))
        if district.outline.contains(point):
            return point


def _places(chance: random.Random, districts: tuple[District, ...]) -> Iterator[Place]:
    for number in range(480):
        district, kind = districts[number % len(districts)], KINDS[number % len(KINDS)]
        yield Place(
            code=f"{number:06d}",
            name=f"{district.name} 제{number // len(districts) + 1} {kind}",
            kind=kind,
            district=district,
            address=f"가온시 {district.name} {chance.choice(ROADS)} {chance.randint(1, 400)}",
            capacity=None if number % 9 == 0 else chance.randint(10, 900),
            point=None if number % 60 == 59 else _inside(chance, district),
        )


def _routes(chance: random.Random, districts: tuple[District, ...]) -> Iterator[Route]:
    for number in range(5):
        corners = [_inside(chance, districts[(number + step) % len(districts)]) for step in (0, 2, 3, 5, 7)]
        path = LineString([*corners, corners[0]])
        stops = tuple(
            (f"{number}{n:04d}", f"{ROADS[number]} {n + 1}정류장", path.interpolate(n / 24, normalized=True))
            for n in range(24)
        )
        yield Route(str(100 + number * 11), path, stops)


def _vehicle(route: Route, number: int, round_number: int, along: float) -> Vehicle:
    here = route.path.interpolate(along, normalized=True)
    ahead = route.path.interpolate((along + 0.002) % 1, normalized=True)
    sequence = int(along * len(route.stops))
    east = (ahead.x - here.x) * math.cos(math.radians(here.y))
    metres = math.hypot(east, ahead.y - here.y) * 111_195
    return Vehicle(
        id=f"{route.number}-{number + 1}",
        route=route.number,
        trip=f"{route.number}-{round_number % 1000:03d}",
        stop=route.stops[sequence][0],
        sequence=sequence + 1,
        point=here,
        bearing=math.degrees(math.atan2(east, ahead.y - here.y)) % 360,
        speed=metres / (0.002 * 2400),
    )


def _waiting(routes: tuple[Route, ...]) -> Iterator[Vehicle]:
    """A bus at each end of the net: where buses are at all is the same at any time."""
    corners = [(Point(corner), route) for route in routes for corner in route.path.coords]
    west, east = sorted(corners, key=lambda corner: corner[0].x)[:: len(corners) - 1]
    south, north = sorted(corners, key=lambda corner: corner[0].y)[:: len(corners) - 1]
    for number, (point, route) in enumerate((west, east, south, north), 1):
        there = _vehicle(route, 0, 0, route.path.project(point, normalized=True) % 1)
        yield replace(there, id=f"spare-{number}", point=point, speed=0.0)
