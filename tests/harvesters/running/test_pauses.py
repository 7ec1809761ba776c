"""A feed that is closed or out of calls is not run by the schedule, says so, and goes on by itself."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from waiting import wait_for

from catalogue import Catalogue
from harvesters.advice import advise
from harvesters.feeds.folders import FeedFolders
from harvesters.lease import harvest_now
from harvesters.pauses import Pause, pause_of
from harvesters.run import Harvester
from harvesters.schedule import Schedule
from harvesters.worker import Worker, last_start
from schemas.dataset import Text
from schemas.feed import Feed, ScheduleSpec, SourceSpec

SEOUL = ZoneInfo("Asia/Seoul")
FEED = """
title = {{ en = "Parks" }}
publisher = "Busan"
licence = "KOGL-1"
[source]
{source}
[schedule]
{schedule}
"""


def utc_now() -> datetime:
    return datetime.now(UTC)


class City:
    """A folder of feeds and a worker that runs what is due of them."""

    def __init__(self, harvester: Harvester, folder: Path) -> None:
        self.folder, self.harvester, self.catalogue = folder, harvester, harvester.catalogue
        self.feeds = FeedFolders([folder / "feeds"])
        (folder / "feeds").mkdir()
        self.schedule = Schedule(
            self.feeds,
            last_start(self.catalogue),
            lambda feed: self.catalogue.request_run(feed, "schedule"),
            zone=SEOUL,
            look=timedelta(seconds=0.1),
            pause=partial(pause_of, catalogue=self.catalogue, zone=SEOUL),
        )
        self.worker = Worker(harvester, self.feeds, self.schedule, clock=utc_now)

    def write(self, id: str, source: str, schedule: str = 'every = "1s"') -> Feed:
        path = self.folder / "feeds" / f"{id}.toml"
        path.write_text(FEED.format(source=source, schedule=schedule), "utf-8")
        return self.feeds()[id]

    def check(self, id: str) -> tuple[str | None, str | None]:
        """The state of a feed and what it waits for."""
        found = advise(self.feeds()[id], self.catalogue, now=utc_now(), zone=SEOUL)
        return found.health.state, found.waiting


@pytest.fixture
def city(harvester: Harvester, tmp_path: Path) -> City:
    return City(harvester, tmp_path)


@pytest.fixture
def parks(city: City, tmp_path: Path) -> Feed:
    (tmp_path / "parks.csv").write_text("번호,이름\n1,가\n2,나\n", "utf-8")
    feed = city.write("parks", 'kind = "file"\npath = "../parks.csv"')
    assert [run.status for run in city.worker.once()] == ["published"]
    return feed


@pytest.mark.parametrize("deed", ["archive", "withdraw"])
def test_a_closed_feed_is_passed_over_until_it_is_restored(
    city: City, catalogue: Catalogue, parks: Feed, deed: str
) -> None:
    getattr(catalogue, deed)("parks", "kim")
    time.sleep(1.1)
    assert city.worker.once() == []
    state, waiting = city.check("parks")
    assert state == "fresh"
    assert waiting is not None
    assert "restore it" in waiting
    assert "entrepot datasets restore parks" in waiting
    catalogue.restore("parks", "kim")
    assert city.check("parks")[1] is None
    assert [run.status for run in city.worker.once()] == ["unchanged"]


def test_a_closed_feed_that_is_asked_for_by_hand_fails_in_a_sentence_and_is_not_failing(
    city: City, catalogue: Catalogue, parks: Feed
) -> None:
    catalogue.archive("parks", "kim")
    (run,) = harvest_now(parks, city.harvester)
    assert (run.status, run.reasons) == ("failed", {"closed": 0})
    assert "was archived by a steward" in run.error
    assert city.check("parks")[0] == "fresh"
    city.worker.once()
    assert [each.state for each in catalogue.feed_health()] == ["fresh"]


def test_what_a_steward_closed_does_not_grow_stale(
    city: City, catalogue: Catalogue, parks: Feed, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.archive("parks", "kim")
    city.worker.once()
    later = advise(parks, catalogue, now=utc_now() + timedelta(days=99), zone=SEOUL)
    assert (later.health.state, later.health.expected) == ("fresh", None)
    assert [each.expected for each in catalogue.feed_health()] == [None]


def test_a_schedule_goes_on_with_a_restored_feed_by_itself(
    city: City, catalogue: Catalogue, parks: Feed
) -> None:
    catalogue.archive("parks", "kim")
    city.schedule.start()
    try:
        time.sleep(2.2)
        assert catalogue.queue() == []
        catalogue.restore("parks", "kim")
        wait_for(lambda: [run.feed for run in catalogue.queue()] == ["parks"])
    finally:
        city.schedule.stop()


def test_one_archived_table_of_several_is_left_as_it_is(
    city: City, catalogue: Catalogue, tmp_path: Path
) -> None:
    import zipfile

    def pack(names: str) -> None:
        with zipfile.ZipFile(tmp_path / "city.zip", "w") as packed:
            for table in ("parks", "stops"):
                packed.writestr(f"{table}.csv", f"번호,이름\n1,{names}\n")

    pack("가")
    feed = city.write("city", 'kind = "file"\npath = "../city.zip"')
    assert [run.status for run in city.worker.once()] == ["published"] * 2
    stood = catalogue.snapshot("city-stops")
    catalogue.archive("city-stops", "kim")
    pack("나")
    time.sleep(1.1)
    runs = {run.dataset: run for run in city.worker.once()}
    assert {name: run.status for name, run in runs.items()} == {
        "city-parks": "published",
        "city-stops": "unchanged",
    }
    assert "was archived by a steward" in runs["city-stops"].error
    assert catalogue.snapshot("city-stops") == stood
    by_hand = {run.dataset: run.status for run in harvest_now(feed, city.harvester)}
    assert by_hand == {"city-parks": "published", "city-stops": "failed"}
    assert city.check("city") == ("fresh", None)
    catalogue.restore("city-stops", "kim")
    assert {run.dataset: run.status for run in harvest_now(feed, city.harvester)}["city-stops"] == "published"


def test_a_feed_out_of_calls_waits_for_its_window_and_records_no_failed_run(
    city: City, catalogue: Catalogue, site
) -> None:
    address = site.body("/air.csv", "번호,이름\n1,가\n".encode())
    city.write("air", f'kind = "url"\nurl = "{address}"\ncalls = 1')
    assert [run.status for run in city.worker.once()] == ["published"]
    time.sleep(1.1)
    assert city.worker.once() == []
    assert len(catalogue.runs(feed="air")) == 1
    state, waiting = city.check("air")
    assert (state, waiting) == ("fresh", "your 1 calls a day are spent: next at 00:00 KST")
    found = advise(city.feeds()["air"], catalogue, now=utc_now(), zone=SEOUL)
    local = found.next_run.astimezone(SEOUL)
    assert (local.hour, local.minute, local > utc_now()) == (0, 0, True)


def test_a_feed_whose_calls_end_within_a_run_is_not_failing_and_still_due(
    city: City, catalogue: Catalogue, site
) -> None:
    site.body("/a.csv", "번호,이름\n1,가\n".encode())
    urls = f'["{site.url("/a.csv")}", "{site.url("/a.csv")}"]'
    city.write("air", f'kind = "url"\nurls = {urls}\ncalls = 1', 'cron = "0 0 1 1 *"')
    assert [run.reasons for run in city.worker.once()] == [{"quota_spent": 0}]
    assert city.check("air") == (None, "your 1 calls a day are spent: next at 00:00 KST")
    city.worker.once()
    assert [(each.status, each.state) for each in catalogue.feed_health()] == [("failed", None)]
    # It ran today, and its cron line says next year: what it missed is made up for when it may call again.
    assert last_start(catalogue)("air") is None


def test_a_paused_feed_is_asked_for_at_the_instant_its_pause_ends() -> None:
    feed = Feed("air", Text("대기"), "시청", "KOGL-1", SourceSpec("url"))
    feed = replace(feed, schedule=ScheduleSpec(cron="0 0 1 1 *"))
    until, asked = utc_now() + timedelta(seconds=1.5), list[datetime]()

    def pause(of: Feed) -> Pause | None:
        return Pause("your calls are spent", until) if utc_now() < until else None

    schedule = Schedule(
        lambda: {"air": feed},
        lambda id: None,
        lambda id: asked.append(utc_now()),
        zone=SEOUL,
        look=timedelta(seconds=0.1),
        pause=pause,
    )
    schedule.start()
    try:
        wait_for(lambda: asked)
        time.sleep(0.5)
    finally:
        schedule.stop()
    assert len(asked) == 1
    assert timedelta() <= asked[0] - until < timedelta(seconds=60)
