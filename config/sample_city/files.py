"""What the synthetic city publishes, as files in the formats that real cities use, CP949 and all."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyogrio
import pyproj
import shapely
from google.transit import gtfs_realtime_pb2 as gtfs

from config.sample_city.city import City

CRS = "EPSG:5187"
"""Korea 2000 / East Belt 2010, where Busan and its neighbours lie."""
_KOREAN_HEADERS = (
    "관리번호",
    "시설명",
    "시설구분",
    "구군",
    "소재지도로명주소",
    "수용인원",
    "경도",
    "위도",
    "데이터기준일자",
)


def districts_zip(city: City) -> bytes:
    """A shapefile in EPSG:5187 with a CP949 table and, as so often, no .cpg that says so."""
    project = pyproj.Transformer.from_crs("OGC:CRS84", CRS, always_xy=True)

    def projected(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(project.transform(xy[:, 0], xy[:, 1]))

    outlines = [shapely.transform(d.outline, projected) for d in city.districts]
    table = pa.table(
        {
            "SGG_CD": [d.code for d in city.districts],
            "SGG_NM": [d.name for d in city.districts],
            "SGG_ENG": [d.name_en for d in city.districts],
            "geometry": pa.array(shapely.to_wkb(outlines), pa.binary()),
        }
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "gaon_sgg.shp"
        pyogrio.write_arrow(
            table, path, geometry_name="geometry", geometry_type="Polygon", crs=CRS, encoding="CP949"
        )
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for part in sorted(Path(folder).iterdir()):
                if part.suffix != ".cpg":
                    archive.write(part, f"가온시_시군구/{part.name}")
    return packed.getvalue()


def facilities_csv(city: City) -> bytes:
    """CP949, commas inside quotes, codes with leading zeros, a few places without coordinates."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(_KOREAN_HEADERS)
    for place in city.places:
        x, y = (place.point.x, place.point.y) if place.point else ("", "")
        row = (place.code, place.name, place.kind, place.district.name, place.address, place.capacity, x, y)
        writer.writerow((*row, "2026-01-01"))
    return out.getvalue().encode("cp949")


def shelters_xlsx(city: City) -> bytes:
    """The city's shelters as a spreadsheet."""
    places = [place for place in city.places if place.kind in ("체육관", "도서관") and place.point]
    table = pa.table(
        {
            "대피소코드": [f"S{place.code}" for place in places],
            "대피소명": [f"{place.name} 대피소" for place in places],
            "구군": [place.district.name for place in places],
            "최대수용인원": pa.array([place.capacity for place in places], pa.int64()),
            "경도": [place.point.x for place in places if place.point],
            "위도": [place.point.y for place in places if place.point],
        }
    )
    with TemporaryDirectory() as folder:
        path = Path(folder) / "shelters.xlsx"
        pyogrio.write_arrow(table, path, driver="XLSX", layer="대피소")
        return path.read_bytes()


def vehicles_pb(city: City, now: datetime) -> bytes:
    """A GTFS Realtime message of vehicle positions."""
    feed = gtfs.FeedMessage()
    feed.header.gtfs_realtime_version = "2.0"
    feed.header.timestamp = int(now.timestamp())
    for vehicle in city.vehicles(now):
        entity = feed.entity.add(id=vehicle.id)
        entity.vehicle.vehicle.id = vehicle.id
        entity.vehicle.vehicle.label = f"{vehicle.route}번"
        entity.vehicle.trip.route_id = vehicle.route
        entity.vehicle.trip.trip_id = vehicle.trip
        entity.vehicle.stop_id = vehicle.stop
        entity.vehicle.current_stop_sequence = vehicle.sequence
        places = gtfs.VehiclePosition
        entity.vehicle.current_status = places.IN_TRANSIT_TO if vehicle.speed else places.STOPPED_AT
        entity.vehicle.position.latitude = vehicle.point.y
        entity.vehicle.position.longitude = vehicle.point.x
        entity.vehicle.position.bearing = vehicle.bearing
        entity.vehicle.position.speed = vehicle.speed
        entity.vehicle.timestamp = int(now.timestamp())
    return bytes(feed.SerializeToString())


def traffic_csv(city: City, now: datetime) -> bytes:
    """Hourly detector readings of the last two days, CP949, times without a zone."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("검지기ID", "측정일시", "도로명", "속도", "교통량", "소통상태", "경도", "위도"))
    for hour in city.hours(now):
        for detector, road, point in city.detectors:
            speed, volume = city.traffic(detector, hour)
            level = "free" if speed >= 40 else "slow" if speed >= 20 else "jam"
            writer.writerow(
                (detector, f"{hour:%Y-%m-%d %H:%M}", road, speed, volume, level, point.x, point.y)
            )
    return out.getvalue().encode("cp949")


def energy_csv(city: City, now: datetime) -> bytes:
    """Hourly electricity of each district over the last two days."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("meter_id", "measured_at", "interval", "direction", "source", "energy"))
    for hour in city.hours(now):
        for district in city.districts:
            used = city.energy(district.code, hour)
            writer.writerow((district.code, hour.isoformat(), 3600, "consumption", "electricity", used))
    return out.getvalue().encode()
