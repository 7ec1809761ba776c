"""What a small city has published: parks with places, readings with times, odd columns, an entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import shapely

from catalogue import Publication
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS, Run

PUBLISHER = "부산광역시"
PLACES = (
    Column("id", "text", Text("번호", "Id"), key=True, role="key", required=True),
    Column("name", "text", Text("이름", "Name")),
    Column("district", "text", Text("구", "District"), role="code", codes={"중구": Text("중구", "Jung-gu")}),
    Column("capacity", "integer", Text("수용", "Capacity"), unit="1"),
    Column("area", "number", Text("면적", "Area"), unit="m2"),
    Column("open", "boolean", Text("개방", "Open")),
    Column("since", "date", Text("개설일", "Since")),
    Column("checked", "time", Text("점검", "Checked"), role="time"),
    Column("geometry", "geometry", Text("위치", "Location"), role="geometry"),
)
READINGS = (
    Column("station", "text", Text("측정소", "Station"), key=True, role="key"),
    Column("measured_at", "time", Text("측정", "Measured at"), key=True, role="time"),
    Column("pm10", "integer", Text("미세먼지", "PM10"), unit="ug/m3"),
)
ODD = (
    Column("limit", "integer"),
    Column("format", "text"),
    Column("구 이름", "text"),
)
START = datetime(2026, 3, 1, tzinfo=UTC)


def places(count: int = 25, prefix: str = "P") -> Publication:
    """Facilities on a grid from 129.00 E, 35.10 N, a hundredth of a degree apart, five in a line."""
    numbers = range(count)
    ids = [f"{prefix}{n:03}" for n in numbers]
    values = [
        ids,
        ids,
        [None if n == 4 else "=1+1" if n == 5 else "" if n == 6 else f"공원 {n}" for n in numbers],
        [("중구", "동구", "서구")[n % 3] for n in numbers],
        [None if n == 7 else n * 10 for n in numbers],
        [n / 4 for n in numbers],
        [n % 2 == 0 for n in numbers],
        [START.date() + timedelta(days=n) for n in numbers],
        [START + timedelta(hours=n, microseconds=500_000 * (n % 2)) for n in numbers],
        [
            None if n == 8 else shapely.to_wkb(shapely.Point(129 + n % 5 / 100, 35.1 + n // 5 / 100))
            for n in numbers
        ],
    ]
    dataset = Dataset(
        "parks",
        Text("부산 도시공원", "City parks of Busan"),
        PUBLISHER,
        "KOGL-1",
        "parks",
        description=Text("부산의 공원 목록", "All parks"),
        keywords=("공원",),
        themes=("facility",),
        source_crs="EPSG:5187",
    )
    return _publication(dataset, PLACES, values)


def readings(count: int = 60) -> Publication:
    """Three stations, a reading each hour."""
    numbers = range(count)
    stations = [f"S{n % 3}" for n in numbers]
    times = [START + timedelta(hours=n // 3) for n in numbers]
    ids = [f"{s}~{t:%Y-%m-%dT%H:%M:%SZ}" for s, t in zip(stations, times, strict=True)]
    dataset = Dataset(
        "air",
        Text("대기질 측정", "Air readings"),
        PUBLISHER,
        "CC0-1.0",
        "air",
        themes=("environment",),
    )
    return _publication(dataset, READINGS, [ids, stations, times, [n % 50 for n in numbers]])


def odd() -> Publication:
    """Columns named like parameters, and in Korean."""
    dataset = Dataset("odd", Text("이상한 열", "Odd columns"), "시청", "CC0-1.0", "odd")
    return _publication(dataset, ODD, [["0", "1"], [5, 6], ["a", "b"], ["중구", "동구"]])


def _publication(dataset: Dataset, columns: tuple[Column, ...], values: list[Any]) -> Publication:
    schema = arrow_schema(columns)
    arrays = [pa.array(v, field.type) for v, field in zip(values, schema, strict=True)]
    reject = {"line": 9, "scope": "row", "column": "x", "value": "?", "reason": "no_number", "detail": "none"}
    rejects = [reject | {"line": n} for n in range(1, 6)] if dataset.id == "parks" else []
    rows = pa.Table.from_arrays(arrays, schema=schema)
    return Publication(dataset, columns, rows, pa.Table.from_pylist(rejects, schema=REJECTS))


ENTRY = Dataset(
    "list-1",
    Text("부산 버스 노선", "Bus routes"),
    "교통공사",
    "KOGL-1",
    "list",
    identifier="15000123",
    themes=("transport",),
    formats=("CSV",),
    landing_page="https://data.example/15000123",
)


def run(publication: Publication, id: str) -> Run:
    rows, rejected = len(publication.rows), len(publication.rejects)
    feed = publication.dataset.feed
    return Run(
        id,
        feed,
        feed,
        "running",
        started=START + timedelta(days=id.startswith("r-")),
        read=rows + rejected,
        published=rows,
        rejected=rejected,
        reasons={"no_number": rejected} if rejected else {},
    )
