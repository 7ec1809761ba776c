"""A city whose datasets have every shape that a page must show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import shapely

from catalogue import Catalogue, Publication
from schemas.arrow import arrow_schema
from schemas.dataset import Column, Dataset, Text
from schemas.run import REJECTS, Run

START = datetime(2026, 3, 1, tzinfo=UTC)
HOSTILE = (
    "\"'></title></script><script>window.hacked = 1</script><img src=x onerror=window.hacked=1>{{7*7777}}"
)
PLACES = 2_100

CODES = {"P": Text("공원", "Park"), "L": Text("도서관", "Library")}
COLUMNS = (
    Column("id", "text", Text("관리 번호", "Id"), key=True, role="key"),
    Column("kind", "text", Text("종류", "Kind"), role="code", codes=CODES),
    Column("pm10", "number", Text("미세먼지", "PM10"), unit="ug/m3"),
    Column("open", "boolean", Text("개방", "Open")),
    Column("checked", "time", Text("점검 시각", "Checked at"), role="time"),
    Column("geometry", "geometry", Text("위치", "Location"), role="geometry"),
)


def publication(dataset: Dataset, columns: tuple[Column, ...], values: list[list[Any]]) -> Publication:
    """Rows of those columns' values; what names a row is the first."""
    schema = arrow_schema(columns)
    arrays = [pa.array(v, field.type) for v, field in zip([values[0], *values], schema, strict=True)]
    return Publication(dataset, columns, pa.Table.from_arrays(arrays, schema=schema), REJECTS.empty_table())


def places(id: str, shapes: list[Any], title: Text, theme: str = "facility") -> Publication:
    """One row for each shape."""
    numbers = range(len(shapes))
    dataset = Dataset(
        id, title, "가온시", "KOGL-1", id, themes=(theme,), formats=("csv", "geojson", "parquet")
    )
    values: list[list[Any]] = [
        [f"{n:05}" for n in numbers],
        ["PL"[n % 2] for n in numbers],
        [n / 4 for n in numbers],
        [n % 2 == 0 for n in numbers],
        [START + timedelta(seconds=n) for n in numbers],
        [shape and shapely.to_wkb(shape) for shape in shapes],
    ]
    return publication(dataset, COLUMNS, values)


def readings() -> Publication:
    dataset = Dataset("readings", Text("대기질", "Air"), "환경공단", "unknown", "readings", formats=("csv",))
    columns = (Column("station", "text"), Column("온도", "number", unit="Cel"))
    return publication(dataset, columns, [["S1", "S2"], [21.5, None]])


def hostile() -> Publication:
    """All that a publisher can write, written to run in a reader's browser."""
    evil = Text(HOSTILE, HOSTILE)
    dataset = Dataset(
        "hostile", evil, HOSTILE, HOSTILE, "hostile", description=evil, keywords=(HOSTILE,), themes=(HOSTILE,)
    )
    columns = (
        Column("id", "text", evil, unit=HOSTILE),
        Column(HOSTILE, "text", evil, role="code", codes={HOSTILE: evil}),
        Column("geometry", "geometry", evil, role="geometry"),
    )
    shape = shapely.to_wkb(shapely.box(129, 35, 129.1, 35.1))
    return publication(dataset, columns, [[HOSTILE], [HOSTILE], [shape]])


def entries() -> list[Dataset]:
    titles = {"lib-1": "도서관 목록", "evil-1": "나쁜 연결"}
    pages = {"lib-1": "https://data.example/lib", "evil-1": "javascript:alert(1)"}
    return [
        Dataset(id, Text(title), "시청", "KOGL-1", "list", identifier=f"1500{id}", landing_page=pages[id])
        for id, title in titles.items()
    ]


def run(feed: str, id: str, **more: Any) -> Run:
    began = datetime.now(UTC)
    return Run(id, feed, feed, **{"status": "running", "started": began, "requested": began, **more})


def land(catalogue: Catalogue) -> None:
    """Publish everything, and let harvests fail and be held back."""
    points = [shapely.Point(129 + n % 50 / 100, 35 + n // 50 / 100) for n in range(PLACES)]
    squares = [shapely.box(129 + n / 10, 35, 129.1 + n / 10, 35.1) for n in range(4)]
    shown = [
        places("places", points, Text("가온 공공장소", "Public places")),
        places("areas", [*squares, None], Text("가온 구역", "Areas"), "boundary"),
        places("buses", points[:3], Text("가온 버스", "Buses"), "transit"),
        places("buses", points[1:4], Text("가온 버스", "Buses"), "transit"),
        readings(),
        hostile(),
    ]
    for number, each in enumerate(shown):
        catalogue.publish(
            each, run(each.dataset.feed, f"r{number}", read=len(each.rows), published=len(each.rows))
        )
    catalogue.publish_entries("list", entries(), run("list", "r-list"), REJECTS.empty_table())
    reasons = {"outside_extent": 40}
    catalogue.record(run("readings", "s1", status="held", read=40, rejected=40, reasons=reasons))
    catalogue.record(run("readings", "s2", status="failed", error="the source does not answer"))
    catalogue.record(run("hostile", "s3", status="failed", error=HOSTILE, reasons={HOSTILE: 1}))
