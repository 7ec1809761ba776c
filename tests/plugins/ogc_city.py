"""A city for GIS programs: many facilities, places at the world's edges, odd ids, rows of no place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import shapely
from werkzeug.test import Client, TestResponse

from catalogue import Catalogue, Publication, open_catalogue
from catalogue.database import connect
from catalogue.search.embedded import Embedded
from gateway.app import create_app
from gateway.clients import Clients
from gateway.clients.plans import load_plans
from gateway.clients.secrets import open_secrets
from gateway.gate import EmbeddedLimiter, Gate, Identify, Meter
from gateway.services import Services
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS, Run

SEOUL = ZoneInfo("Asia/Seoul")
PLANS = Path(__file__).resolve().parents[2] / "config" / "plans.toml"
START = datetime(2026, 3, 1, tzinfo=UTC)
BUSAN = (128.75, 34.88, 129.31, 35.39)
KINDS = ("음식점", "병원", "학교", "약국", "공원")
WORDS = ("해운대", "수영", "동래", "서면", "광안리", "남포", "사상", "다대포")

FACILITIES = (
    Column("관리번호", "text", Text("관리번호", "Id"), key=True, role="key", required=True),
    *(Column(name, "text", Text(name)) for name in ("시설명", "종류", "구군", "도로명주소", "지번주소")),
    *(Column(name, "text", Text(name)) for name in ("전화번호", "관리기관", "비고")),
    Column("수용인원", "integer", Text("수용인원", "Capacity"), unit="1"),
    Column("면적", "number", Text("면적", "Area"), unit="m2"),
    Column("개방여부", "boolean", Text("개방여부", "Open")),
    Column("개설일", "date", Text("개설일", "Since")),
    Column("점검시각", "time", Text("점검시각", "Checked"), role="time", required=True),
    Column("geometry", "geometry", Text("위치", "Location"), role="geometry"),
)
EDGES = (
    Column("name", "text", Text("이름", "Name"), key=True, role="key", required=True),
    Column("limit", "integer", Text("제한", "Limit")),
    Column("seen", "time", Text("관측", "Seen"), role="time"),
    Column("geometry", "geometry", Text("위치", "Location"), role="geometry"),
    Column("entrance", "geometry", Text("입구", "Entrance")),
)
ODD_IDS = (
    "a/b?c=d&e#f%2F",
    "..",
    "한글 이름",
    "x~y~2026-01-01T00:00:00Z",
    "//",
    "https://a.example//b/1",
    "'\"<b>",
)
AT_THE_EDGES: dict[str, str | None] = {
    "east of the date line": "POINT (-179.5 66)",
    "west of it": "POINT (178.5 66)",
    "north pole": "POINT (0 90)",
    "south": "POINT (20 -88)",
    "greenwich": "POINT (0 51.5)",
    "equator": "POINT (-75 0)",
    "tower": "POINT Z (129.1 35.1 120.5)",
    "nowhere": None,
    **dict.fromkeys(ODD_IDS, "POINT (129.05 35.15)"),
    "slanted": "LINESTRING (129.2 35.2, 129.3 35.3)",
    "far from Korea": "POINT (39 0)",
}
READINGS = (
    Column("station", "text", Text("측정소", "Station"), key=True, role="key"),
    Column("measured_at", "time", Text("측정", "Measured at"), key=True, role="time"),
    Column("pm10", "integer", Text("미세먼지", "PM10"), unit="ug/m3"),
)


def facilities(count: int, id: str = "facilities") -> Publication:
    """Facilities around the dongs' middle, the same for the same count."""
    random = np.random.default_rng(20261122)
    lon = np.round(np.clip(random.normal(129.06, 0.08, count), BUSAN[0], BUSAN[2]), 7)
    lat = np.round(np.clip(random.normal(35.16, 0.07, count), BUSAN[1], BUSAN[3]), 7)
    numbers = range(count)
    name = [WORDS[n % len(WORDS)] for n in numbers]
    kind = [KINDS[n % len(KINDS)] for n in numbers]
    ids = [f"F{n:06}" for n in numbers]
    values: list[Any] = [
        ids,
        [f"{a} {b} {n}" for a, b, n in zip(name, kind, numbers, strict=True)],
        kind,
        [f"{each}구" for each in name],
        [f"부산광역시 {a}구 {a}로 {n % 900}" for a, n in zip(name, numbers, strict=True)],
        [f"부산광역시 {a}동 {n % 700}-{n % 9}" for a, n in zip(name, numbers, strict=True)],
        [f"051-{n % 900:03}-{n % 10_000:04}" for n in numbers],
        ["부산광역시청"] * count,
        [None if n % 3 else "엘리베이터 있음" for n in numbers],
        [n % 500 for n in numbers],
        [n / 4 for n in numbers],
        [n % 2 == 0 for n in numbers],
        [date(2020, 1, 1) + timedelta(days=n % 2000) for n in numbers],
        [START + timedelta(minutes=n) for n in numbers],
        shapely.to_wkb(shapely.points(lon, lat)).tolist(),
    ]
    return _publication(_dataset(id, Text("부산 시설", "Facilities of Busan")), FACILITIES, [ids, *values])


def edges() -> Publication:
    """Places where bounding boxes and addresses go wrong."""
    names = list(AT_THE_EDGES)
    shapes = [_wkb(text) for text in AT_THE_EDGES.values()]
    seen = [None if n == "nowhere" else START + timedelta(days=i) for i, n in enumerate(names)]
    doors = [_wkb("POINT (129 35)") if n == "tower" else None for n in names]
    values = [names, names, list(range(len(names))), seen, shapes, doors]
    return _publication(_dataset("edges", Text(None, "Edges of the world")), EDGES, values)


def readings(count: int = 60) -> Publication:
    """Rows that are nowhere: three stations, a reading each hour."""
    numbers = range(count)
    stations = [f"S{n % 3}" for n in numbers]
    times = [START + timedelta(hours=n // 3) for n in numbers]
    ids = [f"{s}~{t:%Y-%m-%dT%H:%M:%SZ}" for s, t in zip(stations, times, strict=True)]
    values = [ids, stations, times, [n % 50 for n in numbers]]
    return _publication(_dataset("readings", Text("대기질 측정", "Air readings")), READINGS, values)


def dongs(folder: Path) -> Publication:
    """The 205 administrative dongs of Busan."""
    file = folder / "boundary" / "hangjeongdong_부산광역시.geojson"
    found = json.loads(file.read_text(encoding="utf-8"))["features"]
    names = ("adm_cd2", "adm_nm", "sggnm")
    columns = (
        Column("adm_cd2", "text", Text("행정동코드", "Code"), key=True, role="key", required=True),
        Column("adm_nm", "text", Text("행정동명", "Name")),
        Column("sggnm", "text", Text("시군구명", "District")),
        Column("geometry", "geometry", Text("경계", "Boundary"), role="geometry"),
    )
    shapes = shapely.to_wkb(shapely.from_geojson([json.dumps(each["geometry"]) for each in found])).tolist()
    values = [[each["properties"][name] for each in found] for name in names]
    return _publication(
        _dataset("dongs", Text("부산 행정동", "Dongs of Busan")), columns, [values[0], *values, shapes]
    )


def land(catalogue: Catalogue, publication: Publication) -> None:
    """Publish, and build the row index."""
    rows, feed = len(publication.rows), publication.dataset.feed
    run = Run(f"run-{feed}", feed, feed, "running", started=START, read=rows, published=rows)
    catalogue.publish(publication, run)
    catalogue.build_index(catalogue.snapshot(publication.dataset.id))


def _dataset(id: str, title: Text) -> Dataset:
    return Dataset(id, title, "부산광역시", "KOGL-1", id, themes=("facility",), keywords=("지도",))


def _wkb(text: str | None) -> bytes | None:
    return None if text is None else shapely.to_wkb(shapely.from_wkt(text))


def _publication(dataset: Dataset, columns: tuple[Column, ...], values: list[Any]) -> Publication:
    schema = arrow_schema(columns)
    arrays = [pa.array(v, field.type) for v, field in zip(values, schema, strict=True)]
    rows = pa.Table.from_arrays(arrays, schema=schema)
    return Publication(dataset, columns, rows, REJECTS.empty_table())


class House:
    """The gateway in this process, whose callers have no limits unless they are on a `plan`."""

    def __init__(self, catalogue: Catalogue, clients: Clients, gate: Gate) -> None:
        self.catalogue, self.clients, self.gate = catalogue, clients, gate

    def get(self, path: str, **headers: str) -> TestResponse:
        """An answer; names of headers are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        client = Client(self.gate, use_cookies=False)
        return client.get(path, headers=named, environ_base={"REMOTE_ADDR": "127.0.0.1"}, buffered=True)

    def json(self, path: str, **headers: str) -> Any:
        """What a good answer holds."""
        answer = self.get(path, **headers)
        assert answer.status_code == 200, (path, answer.text)
        return json.loads(answer.data)


@contextmanager
def opened(folder: Path, plan: str = "internal", public_url: str | None = None) -> Iterator[House]:
    """The gateway over a folder; callers without a key are on `plan`."""
    url = f"sqlite:///{folder / 'entrepot.db'}"
    catalogue = open_catalogue(
        url, folder / "parts", Embedded(folder / "search"), index_folder=folder / "derived"
    )
    database, plans, secrets = connect(url), load_plans(PLANS), open_secrets(folder / "secrets")
    clients = Clients(database, secrets, plans, clock=lambda: datetime.now(UTC), zone=SEOUL)
    meter, limiter = Meter(folder / "usage", clients.fold), EmbeddedLimiter(folder / "limits", SEOUL)
    services = Services(catalogue, clients, plans, limiter, SEOUL, meter.flush, public_url)
    app = create_app(services, session_key=secrets.session_key, version="1")
    identify = Identify(clients.find, plans, plan)
    yield House(catalogue, clients, Gate(app.wsgi_app, identify=identify, limiter=limiter, meter=meter))
    meter.close()
    limiter.close()
    catalogue.close()
    database.dispose()
