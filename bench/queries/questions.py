"""What each server is asked: the same in its own words, at random but the same in every run."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from bench.queries.data import DISTRICTS, KIND, SEED, STATIONS, instant, station
from bench.queries.report import Target
from bench.queries.sql import page

MANY = 400
SIDE = 0.03
DATASETS = "/api/v1/datasets"
ROWS = f"{DATASETS}/readings/rows"
PLACES = f"{DATASETS}/facilities/rows"
PLAIN = {"_shape": "objects", "_size": 100, "_nocount": 1, "_nofacet": 1, "_nosuggest": 1}
"""What costs Datasette time and is not asked of us is switched off: counts, facets and their suggestions."""
QUICK = (Target("p99", 50),)
PAGES = (Target("rate", 500), *QUICK)


@dataclass(frozen=True)
class Question:
    """`paths` by the name of a server; `sql` is what PostgreSQL is given by a CKAN datastore."""

    title: str
    paths: Mapping[str, list[str]]
    sql: str | None = None
    targets: Sequence[Target] = ()


def questions(readings: int, kinds: Sequence[str]) -> list[Question]:
    """All that is measured as requests a second; `readings` is their number, `kinds` are those of shops."""
    boxes = [_box("facilities"), _box("shops")]
    pages = [_filtered(), _counted(), _kind(kinds), _latest()]
    heavy = [_grouped("million"), _unindexed("million"), _grouped("readings"), _unindexed("readings")]
    return [_point(readings // STATIONS), *pages, *boxes, _nearest(), *heavy]


def _ours(dataset: str = "readings", **asked: object) -> str:
    return f"{DATASETS}/{dataset}/rows?{urlencode(asked)}"


def _theirs(database: str = "readings", **asked: object) -> str:
    return f"/{database}/rows.json?{urlencode(asked | PLAIN)}"


def _point(steps: int) -> Question:
    ids = [f"{station(n)}~{instant(s)}" for n, s in _pairs(steps)]
    paths = {"entrepot": [_ours(_id=id) for id in ids], "datasette": [_theirs(_id__exact=id) for id in ids]}
    by_id = f"\\set id random(1, {steps * STATIONS})\n" + page('WHERE "_id" = :id')
    return Question("one row by its key", paths, by_id, QUICK)


def _filtered() -> Question:
    districts = [f"구{n % DISTRICTS:02d}" for n, _ in _pairs(1)]
    ours = [_ours(district=each, order="-at", limit=100) for each in districts]
    theirs = [_theirs(district__exact=each, _sort_desc="at") for each in districts]
    paths = {"entrepot": ours, "datasette": theirs}
    return Question("a page of a sixteenth, newest first", paths, targets=PAGES)


def _counted() -> Question:
    stations = [station(n) for n, _ in _pairs(1)]
    ours = [_ours(station=each, order="-at", limit=100, count="exact") for each in stations]
    theirs = [_theirs(station__exact=each, _sort_desc="at").replace("&_nocount=1", "") for each in stations]
    where = "WHERE \"station\" = 'S' || lpad(:n::text, 4, '0')"
    sql = f"\\set n random(0, {STATIONS - 1})\n" + page(where, '"at" DESC')
    paths = {"entrepot": ours, "datasette": theirs}
    return Question("a detector's page, newest first, with its count", paths, sql, PAGES)


def _kind(kinds: Sequence[str]) -> Question:
    chance = random.Random(SEED)
    asked = [chance.choice(kinds) for _ in range(MANY)]
    ours = [_ours("shops", **{KIND: each}, limit=100, count="exact") for each in asked]
    theirs = [_theirs("shops", **{f"{KIND}__exact": each}).replace("&_nocount=1", "") for each in asked]
    listed = ", ".join("'" + each.replace("'", "''") + "'" for each in kinds)
    where = f'WHERE "{KIND}" = (ARRAY[{listed}])[:n]'
    sql = f"\\set n random(1, {len(kinds)})\n" + page(where, table="shops", names="s.*")
    paths = {"entrepot": ours, "datasette": theirs}
    return Question("a page of shops of a kind, of 39 columns, with its count", paths, sql)


def _latest() -> Question:
    stations = [station(n) for n, _ in _pairs(1)]
    ours = [_ours(station=each, order="-at", limit=100) for each in stations]
    theirs = [_theirs(station__exact=each, _sort_desc="at") for each in stations]
    paths = {"entrepot": ours, "datasette": theirs}
    return Question("the last hundred readings of a detector", paths, targets=PAGES)


def _box(dataset: str) -> Question:
    found: dict[str, list[str]] = {
        name: [] for name in ("entrepot", "entrepot ogc", "datasette", "pygeoapi", "pg_featureserv")
    }
    for w, s in _corners():
        box, e, n = f"{w},{s},{w + SIDE},{s + SIDE}", w + SIDE, s + SIDE
        found["entrepot"].append(f"{DATASETS}/{dataset}/rows?bbox={box}&limit=100&count=exact&format=geojson")
        found["entrepot ogc"].append(f"/ogc/collections/{dataset}/items?bbox={box}&limit=100")
        inside = f"xmin <= {e} and xmax >= {w} and ymin <= {n} and ymax >= {s}"
        test = f"pos in (select id from places where {inside}) and {inside}"
        found["datasette"].append(f"/{dataset}/rows.json?{urlencode({'_where': test, **PLAIN})}")
        found["pygeoapi"].append(f"/collections/{dataset}/items?bbox={box}&limit=100&f=json")
        found["pg_featureserv"].append(f"/collections/public.{dataset}/items.json?bbox={box}&limit=100")
    return Question(f"a hundred {dataset} of a box, with the exact count (ours)", found, targets=QUICK)


def _nearest() -> Question:
    nearest = PLACES.replace("rows", "nearest")
    ours = [f"{nearest}?lon={lon}&lat={lat}&k=10" for lon, lat in _corners()]
    return Question("the ten nearest", {"entrepot": ours}, targets=QUICK)


def _grouped(dataset: str) -> Question:
    """Beside peers over all readings; a million of them are for a target of ours."""
    asked = f"group=district&agg={quote('count,avg(speed)', safe='(),')}"
    select = "SELECT district, count(*), avg(speed) FROM {} WHERE volume >= {} GROUP BY district"
    paths = {"entrepot": [f"{DATASETS}/{dataset}/aggregate?{asked}&volume__gte={n}" for n in range(MANY)]}
    title = f"count and mean by district over {dataset}"
    if dataset == "million":
        return Question(title, paths, targets=(Target("p50", 30, 1),))
    paths["datasette"] = [
        f"/readings.json?{urlencode({'sql': select.format('rows', n)})}" for n in range(MANY)
    ]
    sql = f"\\set n random(0, {MANY})\n{select.format('readings', ':n')};\n"
    return Question(title, paths, sql, (Target("p50", 150, 1),))


def _unindexed(dataset: str) -> Question:
    limits = [10 + n / 100 for n in range(MANY)]
    paths = {"entrepot": [_ours(dataset, occupancy__gt=99, speed__lt=each, limit=100) for each in limits]}
    title = f"a page of {dataset} by columns without an index"
    if dataset == "million":
        return Question(title, paths, targets=(Target("p50", 60, 1),))
    paths["datasette"] = [_theirs(occupancy__gt=99, speed__lt=each) for each in limits]
    sql = f"\\set n random(0, {MANY})\n" + page("WHERE occupancy > 99 AND speed < 10 + :n / 100.0")
    return Question(title, paths, sql)


def _pairs(steps: int) -> Iterator[tuple[int, int]]:
    chance = random.Random(SEED)
    for _ in range(MANY):
        yield chance.randrange(STATIONS), chance.randrange(steps)


def _corners() -> Iterator[tuple[float, float]]:
    chance = random.Random(SEED)
    for _ in range(MANY):
        yield round(chance.uniform(128.85, 129.22), 6), round(chance.uniform(35.05, 35.32), 6)
