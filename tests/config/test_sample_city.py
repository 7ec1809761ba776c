"""The synthetic city's own server, read by the harvesters' own sources."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote
from urllib.request import urlopen
from zoneinfo import ZoneInfo

import pytest
from shapely.geometry import MultiPoint

from config.demo import FEEDS, PLACEHOLDER
from config.sample_city import api, files
from config.sample_city.city import City
from config.sample_city.server import serve
from config.settings import KOREA
from harvesters.faults import HarvestFault, SourceRefused
from harvesters.feeds import read_feed
from harvesters.fetch import HttpFetch
from harvesters.fetch.guard import Guard
from harvesters.tryout import Bench, try_feed

ZONE = ZoneInfo("Asia/Seoul")
NOON = datetime(2026, 7, 1, 12, 0, tzinfo=ZONE)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = serve()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def bench(address: str, tmp_path: Path) -> Bench:
    fetch = HttpFetch(Guard([address.removeprefix("http://")]))
    return Bench(fetch, tmp_path / "work", KOREA, ZONE, {"GAON_SERVICE_KEY": api.SERVICE_KEY})


def _feed(name: str, address: str, folder: Path, **changed: str):
    text = (FEEDS / f"{name}.toml").read_text(encoding="utf-8").replace(PLACEHOLDER, address)
    for old, new in changed.items():
        assert old in text
        text = text.replace(old, new)
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return read_feed(path)


@pytest.mark.parametrize("name", sorted(path.stem for path in FEEDS.glob("*.toml")))
def test_every_feed_of_the_city_is_read_whole(name: str, address: str, bench: Bench, tmp_path: Path) -> None:
    (tried,) = try_feed(_feed(name, address, tmp_path), bench)
    assert tried.read > 0
    assert (tried.rejected, tried.rejected_cells, tried.hold) == (0, 0, None), tried.reasons


def test_pages_in_json_and_xml_hold_the_same(address: str, bench: Bench, tmp_path: Path) -> None:
    (json,) = try_feed(_feed("gaon-air", address, tmp_path), bench)
    (xml,) = try_feed(_feed("gaon-air", address, tmp_path, **{'"json"': '"xml"'}), bench)
    key = quote(api.SERVICE_KEY)
    for kind, media_type in (("json", "application/json"), ("xml", "application/xml")):
        with urlopen(f"{address}/api/air?serviceKey={key}&resultType={kind}") as answer:
            assert answer.headers["Content-Type"] == media_type
    assert json.read == xml.read > 200, "more than a page"
    assert json.first == xml.first


def test_a_key_that_is_none_is_refused_in_the_gateways_envelope(
    address: str, bench: Bench, tmp_path: Path
) -> None:
    bad = Bench(bench.fetch, bench.work, KOREA, ZONE, {"GAON_SERVICE_KEY": "wrong"})
    with pytest.raises(SourceRefused, match="SERVICE_KEY_IS_NOT_REGISTERED_ERROR"):
        try_feed(_feed("gaon-stops", address, tmp_path), bad)


def test_a_page_that_is_too_large_is_refused_in_the_third_envelope(
    address: str, bench: Bench, tmp_path: Path
) -> None:
    greedy = _feed("gaon-stops", address, tmp_path, **{"page_size = 50": "page_size = 5000"})
    with pytest.raises(HarvestFault, match="INVALID_REQUEST_PARAMETER_ERROR"):
        try_feed(greedy, bench)


def test_none_one_and_several_items_are_written_as_there() -> None:
    asked = {"serviceKey": api.SERVICE_KEY, "_type": "json"}
    none, one, two = (api.answer([{"a": n} for n in range(count)], asked)[1] for count in range(3))
    assert b'"items": ""' in none
    assert b'"item": {"a": 0}' in one
    assert b'"item": [{"a": 0}, {"a": 1}]' in two


def test_the_city_is_the_same_at_every_start_and_its_buses_move() -> None:
    city, again = City(), City()
    assert files.facilities_csv(city) == files.facilities_csv(again)
    assert files.traffic_csv(city, NOON) == files.traffic_csv(again, NOON)
    before = {vehicle.id: vehicle.point for vehicle in city.vehicles(NOON)}
    after = {vehicle.id: vehicle.point for vehicle in city.vehicles(NOON.replace(second=15))}
    assert before.keys() == after.keys()
    assert all(before[name].equals(after[name]) == name.startswith("spare") for name in before)


def test_buses_never_leave_the_box_that_the_waiting_ones_hold() -> None:
    boxes = {
        MultiPoint([vehicle.point for vehicle in City().vehicles(NOON + timedelta(minutes=minutes))]).bounds
        for minutes in range(0, 40, 4)
    }
    assert len(boxes) == 1


def test_readings_go_back_to_the_same_hour_all_day() -> None:
    morning, evening = City().hours(NOON), City().hours(NOON + timedelta(hours=8))
    assert evening[: len(morning)] == morning
    assert len(evening) == len(morning) + 8
