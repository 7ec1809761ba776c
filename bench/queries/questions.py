"""What each server is asked: the same in its own words, at random but the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from bench.queries.data import DISTRICTS, SEED, STATIONS, instant, station
from bench.queries.sql import page

MANY = 400
SIDE = 0.03
ROWS = "/api/v1/datasets/readings/rows"
AGGREGATE = "/api/v1/datasets/readings/aggregate"
PLACES = "/api/v1/datasets/facilities/rows"
PLAIN = {"_shape": "objects", "_size": 100, "_nocount": 1, "_nofacet": 1, "_nosuggest": 1}
"""What costs Datasette time and is not asked of us is switched off: counts, facets and their suggestions."""


@dataclass(frozen=True)
class Question:
    """`paths` by the name of a server; `sql` is what PostgreSQL is given by a CKAN datastore."""

    title: str
    paths: Mapping[str, list[str]]
    sql: str | None = None


def questions(readings: int) -> list[Question]:
    """All that is measured as requests a second; `readings` is their number."""
    asked = (_filtered, _counted, _latest, _box, _nearest, _grouped, _unindexed)
    return [_point(readings // STATIONS), *(question() for question in asked)]


def _ours(**asked: object) -> str:
    return f"{ROWS}?{urlencode(asked)}"


def _theirs(**asked: object) -> str:
    return f"/readings/rows.json?{urlencode(asked | PLAIN)}"


def _point(steps: int) -> Question:
    ids = [f"{station(n)}~{instant(s)}" for n, s in _pairs(steps)]
    paths = {"entrepot": [_ours(_id=id) for id in ids], "datasette": [_theirs(_id__exact=id) for id in ids]}
    by_id = f"\\set id random(1, {steps * STATIONS})\n" + page('WHERE "_id" = :id')
    return Question("one row by its key", paths, by_id)


def _filtered() -> Question:
    districts = [f"구{n % DISTRICTS:02d}" for n, _ in _pairs(1)]
    ours = [_ours(district=each, order="-at", limit=100) for each in districts]
    theirs = [_theirs(district__exact=each, _sort_desc="at") for each in districts]
    return Question("a page of a sixteenth, newest first", {"entrepot": ours, "datasette": theirs})


def _counted() -> Question:
    stations = [station(n) for n, _ in _pairs(1)]
    ours = [_ours(station=each, order="-at", limit=100, count="exact") for each in stations]
    theirs = [_theirs(station__exact=each, _sort_desc="at").replace("&_nocount=1", "") for each in stations]
    where = "WHERE \"station\" = 'S' || lpad(:n::text, 4, '0')"
    sql = f"\\set n random(0, {STATIONS - 1})\n" + page(where, '"at" DESC')
    paths = {"entrepot": ours, "datasette": theirs}
    return Question("a detector's page, newest first, with its count", paths, sql)


def _latest() -> Question:
    stations = [station(n) for n, _ in _pairs(1)]
    ours = [_ours(station=each, order="-at", limit=100) for each in stations]
    theirs = [_theirs(station__exact=each, _sort_desc="at") for each in stations]
    return Question("the last hundred readings of a detector", {"entrepot": ours, "datasette": theirs})


def _box() -> Question:
    found: dict[str, list[str]] = {
        name: [] for name in ("entrepot", "entrepot ogc", "datasette", "pygeoapi", "pg_featureserv")
    }
    for w, s in _corners():
        box, e, n = f"{w},{s},{w + SIDE},{s + SIDE}", w + SIDE, s + SIDE
        found["entrepot"].append(f"{PLACES}?bbox={box}&limit=100&count=exact&format=geojson")
        found["entrepot ogc"].append(f"/ogc/collections/facilities/items?bbox={box}&limit=100")
        inside = f"xmin <= {e} and xmax >= {w} and ymin <= {n} and ymax >= {s}"
        test = f"pos in (select id from places where {inside}) and {inside}"
        found["datasette"].append(f"/facilities/rows.json?{urlencode({'_where': test, **PLAIN})}")
        found["pygeoapi"].append(f"/collections/facilities/items?bbox={box}&limit=100&f=json")
        found["pg_featureserv"].append(f"/collections/public.facilities/items.json?bbox={box}&limit=100")
    return Question("a box of 0.03 degrees, a hundred of it, with the exact count (ours)", found)


def _nearest() -> Question:
    nearest = PLACES.replace("rows", "nearest")
    ours = [f"{nearest}?lon={lon}&lat={lat}&k=10" for lon, lat in _corners()]
    return Question("the ten nearest", {"entrepot": ours})


def _grouped() -> Question:
    asked = f"group=district&agg={quote('count,avg(speed)', safe='(),')}"
    select = "SELECT district, count(*), avg(speed) FROM {} WHERE volume >= {} GROUP BY district"
    ours = [f"{AGGREGATE}?{asked}&volume__gte={n}" for n in range(MANY)]
    theirs = [f"/readings.json?{urlencode({'sql': select.format('rows', n)})}" for n in range(MANY)]
    sql = f"\\set n random(0, {MANY})\n{select.format('readings', ':n')};\n"
    return Question(
        "count and mean by district over all readings", {"entrepot": ours, "datasette": theirs}, sql
    )


def _unindexed() -> Question:
    limits = [10 + n / 100 for n in range(MANY)]
    ours = [_ours(occupancy__gt=99, speed__lt=each, limit=100) for each in limits]
    theirs = [_theirs(occupancy__gt=99, speed__lt=each) for each in limits]
    sql = f"\\set n random(0, {MANY})\n" + page("WHERE occupancy > 99 AND speed < 10 + :n / 100.0")
    return Question("a page by columns without an index", {"entrepot": ours, "datasette": theirs}, sql)


def _pairs(steps: int) -> Iterator[tuple[int, int]]:
    chance = random.Random(SEED)
    for _ in range(MANY):
        yield chance.randrange(STATIONS), chance.randrange(steps)


def _corners() -> Iterator[tuple[float, float]]:
    chance = random.Random(SEED)
    for _ in range(MANY):
        yield round(chance.uniform(128.85, 129.22), 6), round(chance.uniform(35.05, 35.32), 6)
