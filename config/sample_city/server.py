"""A local HTTP server that publishes the synthetic city."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit
from zoneinfo import ZoneInfo

from config.sample_city import api, files
from config.sample_city.city import City

ZONE = ZoneInfo("Asia/Seoul")
Answer = tuple[str, bytes]
Page = Callable[[Mapping[str, str]], Answer]


def serve(port: int = 0) -> ThreadingHTTPServer:
    """The city's server, bound to loopback; call `serve_forever` on it. Port 0 takes a free one."""
    pages = _pages(City())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            page = pages.get(url.path)
            if page is None:
                self._answer(404, "text/plain; charset=utf-8", b"no such page in this synthetic city\n")
            else:
                media_type, body = page(dict(parse_qsl(url.query, keep_blank_values=True)))
                self._answer(200, media_type, body)

        def _answer(self, status: int, media_type: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", media_type)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()[:24]}"')
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: the harvester's own lines tell what was fetched."""

    return ThreadingHTTPServer(("127.0.0.1", port), Handler)


def _pages(city: City) -> dict[str, Page]:
    still: dict[str, Answer] = {
        "/files/districts.zip": ("application/zip", files.districts_zip(city)),
        "/files/facilities.csv": ("text/csv", files.facilities_csv(city)),
        "/files/shelters.xlsx": (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            files.shelters_xlsx(city),
        ),
    }
    moving: dict[str, Page] = {
        "/gtfs-rt/vehicles.pb": lambda _: ("application/x-protobuf", files.vehicles_pb(city, _now())),
        "/files/traffic.csv": lambda _: ("text/csv", files.traffic_csv(city, _now())),
        "/files/energy.csv": lambda _: ("text/csv", files.energy_csv(city, _now())),
        "/api/stops": lambda asked: api.answer(_stops(city), asked),
        "/api/air": lambda asked: api.answer(_air(city), asked),
    }
    return {path: (lambda _, answer=answer: answer) for path, answer in still.items()} | moving


def _now() -> datetime:
    return datetime.now(ZONE)


def _stops(city: City) -> list[dict[str, object]]:
    return [
        {
            "nodeId": node,
            "nodeNm": name,
            "routeNo": route.number,
            "nodeOrd": order,
            "gpsLong": at.x,
            "gpsLati": at.y,
        }
        for route in city.routes
        for order, (node, name, at) in enumerate(route.stops, start=1)
    ]


def _air(city: City) -> list[dict[str, object]]:
    return [
        {
            "stationName": station,
            "dataTime": f"{hour:%Y-%m-%d %H:%M}",
            **{f"{name}Value": value for name, value in city.air(station, hour).items()},
            "lon": at.x,
            "lat": at.y,
        }
        for hour in city.hours(_now())
        for station, at in city.stations
    ]
