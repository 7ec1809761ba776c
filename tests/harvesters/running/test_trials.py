"""A worker answers the trials that stewards ask for, and takes a feed in only where that was asked."""

from __future__ import annotations

import io
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from catalogue import Catalogue, UnknownFeed, open_catalogue
from catalogue.search.embedded import Embedded
from config.migrations import upgrade
from harvesters.feeds.uploaded import AllFeeds
from harvesters.run import Harvester
from harvesters.schedule import Schedule
from harvesters.trials import next_trial
from harvesters.worker import Worker
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

HEAD = "번호,이름,위도,경도\n"
PARKS = HEAD + "".join(f"{n:03},공원 {n},35.1,129.0\n" for n in range(20))
FEED = """
title = "공원"
publisher = "부산광역시"
licence = "KOGL-1"
key = ["번호"]
[source]
kind = "upload"
""".replace('title = "공원"', 'title = { ko = "공원" }')


class City:
    """Asks for trials and has them answered by a worker over no feeds of folders."""

    def __init__(self, harvester: Harvester) -> None:
        self.harvester, self.catalogue = harvester, harvester.catalogue
        self.folders: dict[str, Feed] = {}
        self.feeds = AllFeeds(lambda: dict(self.folders), self.catalogue)
        zone, never = ZoneInfo("Asia/Seoul"), lambda feed: datetime.now(UTC)
        schedule = Schedule(self.feeds, never, lambda feed: None, zone=zone)
        self.worker = Worker(harvester, self.feeds, schedule, clock=lambda: datetime.now(UTC))

    def try_(self, file: str | None = None, **asked: Any) -> dict[str, Any]:
        """What came of a trial of a CSV, as it is stored."""
        data = None if file is None else io.BytesIO(file.encode("cp949"))
        named = {} if file is None else {"name": "parks.csv"}
        id = self.catalogue.trials.request("kim@example.org", {**named, **asked}, data)
        assert next_trial(self.harvester, "w1", self.feeds)
        found = self.catalogue.trials.read(id).found
        assert found is not None
        return dict(found)

    def publish(self, file: str | None, text: str = FEED, id: str = "parks") -> dict[str, Any]:
        return self.try_(file, feed=text, id=id, publish=True)


@pytest.fixture
def city(harvester: Harvester) -> City:
    return City(harvester)


def test_a_file_is_tried_and_nothing_is_published(city: City, catalogue: Catalogue) -> None:
    (table,) = city.try_(PARKS)["tables"]
    assert (table["format"], table["encoding"], table["read"], table["accepted"]) == ("csv", "cp949", 20, 20)
    assert table["first"][0]["geometry"] == {"type": "Point", "coordinates": [129.0, 35.1]}
    assert (catalogue.ids(), catalogue.uploaded_feeds.list(), catalogue.queue()) == ([], [], [])
    assert list(city.harvester.work.iterdir()) == []


def test_a_feed_that_is_uploaded_is_harvested_like_one_of_a_folder(city: City, catalogue: Catalogue) -> None:
    found = city.publish(PARKS)
    assert found["published"]
    (run,) = city.worker.once()
    assert (run.run, run.dataset, run.status, run.published) == (found["run"], "parks", "published", 20)
    assert [deed.by for deed in catalogue.deeds("parks")] == ["kim@example.org"]


def test_a_trial_says_how_it_differs_from_what_stands(city: City, catalogue: Catalogue) -> None:
    city.publish(PARKS)
    city.worker.once()
    standing = catalogue.snapshot("parks")
    changed = PARKS.replace("공원 3,", "뒷산,").replace("007,공원 7,35.1,129.0\n", "") + "900,새,35.2,129.1\n"
    (table,) = city.try_(changed, feed=FEED, id="parks")["tables"]
    differs = table["difference"]
    assert (differs["inserted"], differs["updated"], differs["deleted"]) == (1, 1, 1)
    assert {row["_change"]: row["_id"] for row in differs["rows"]} == {
        "inserted": "900",
        "updated": "003",
        "deleted": "007",
    }
    assert catalogue.snapshot("parks") == standing


def test_a_worse_version_waits_until_a_steward_lets_it_in(city: City, catalogue: Catalogue) -> None:
    city.publish(PARKS)
    city.worker.once()
    assert city.publish(HEAD + "001,공원 1,35.1,129.0\n")["published"]
    (held,) = city.worker.once()
    assert (held.status, catalogue.describe("parks").rows) == ("held", 20)
    catalogue.approve("parks", "kim@example.org")
    (run,) = city.worker.once()
    assert (run.status, catalogue.describe("parks").rows) == ("published", 1)


def test_what_would_be_held_at_once_is_not_taken_in(city: City, catalogue: Catalogue) -> None:
    found = city.publish(HEAD + "001,가,35.1,129.0\n002,나,1.0,2.0\n")
    assert (found["published"], found["why"]) == (False, found["tables"][0]["hold"]["detail"])
    assert catalogue.uploaded_feeds.list() == []


def test_changed_columns_are_uploaded_shown_and_wait_for_an_approval(
    city: City, catalogue: Catalogue
) -> None:
    city.publish(PARKS)
    city.worker.once()
    changed = PARKS.replace("이름", "공원명") + "900,새 공원,35.2,129.1\n"
    tried = city.try_(changed, feed=FEED, id="parks")
    (table,) = tried["tables"]
    assert (table["hold"]["reason"], table["difference"]["columns"]) == (
        "schema_changed",
        {"added": ["공원명"], "gone": ["이름"]},
    )
    found = city.publish(changed)
    assert (found["published"], found["waits"]) == (True, table["hold"]["detail"])
    (held,) = city.worker.once()
    assert (held.run, held.status, catalogue.describe("parks").rows) == (found["run"], "held", 20)
    catalogue.approve("parks", "kim@example.org")
    (run,) = city.worker.once()
    assert (run.status, run.published) == ("published", 21)
    assert [column.name for column in catalogue.snapshot("parks").columns][:2] == ["번호", "공원명"]


def test_a_file_without_the_key_shows_what_changed_and_is_not_taken_in(
    city: City, catalogue: Catalogue
) -> None:
    city.publish(PARKS)
    city.worker.once()
    found = city.publish(PARKS.replace("번호", "관리번호"))
    (table,) = found["tables"]
    assert (found["published"], table["hold"]["reason"], table["read"]) == (False, "schema_changed", 20)
    assert "the feed names a column '번호' that the source does not have" in found["why"]
    assert table["difference"]["columns"] == {"added": ["관리번호"], "gone": ["번호"]}
    assert (table["difference"]["inserted"], table["difference"]["rows"]) == (0, [])
    mended = FEED.replace('["번호"]', '["관리번호"]')
    assert city.publish(PARKS.replace("번호", "관리번호"), mended)["published"]
    (run,) = city.worker.once()
    assert run.status == "published"


def test_a_long_trial_is_kept_and_that_of_a_dead_worker_is_taken_up_within_its_lease(
    city: City, catalogue: Catalogue, site: Any
) -> None:
    def slow(request: Any) -> None:
        time.sleep(3)
        body = PARKS.encode()
        request.send_response(200)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)

    site.routes["/slow.csv"] = slow
    lease, taken = timedelta(seconds=2), list[object]()
    kept = catalogue.trials.request("kim", {"url": site.url("/slow.csv")})
    patient = threading.Thread(target=next_trial, args=(city.harvester, "w1", city.feeds, lease))
    patient.start()
    while patient.is_alive():
        time.sleep(0.1)
        taken.append(catalogue.trials.claim("w2", lease) if catalogue.trials.read(kept).claims else None)
    assert (set(taken), catalogue.trials.read(kept).claims) == ({None}, 1)
    assert catalogue.trials.read(kept).found["tables"][0]["read"] == 20
    dead = catalogue.trials.request("kim", {"url": site.url("/slow.csv")})
    assert catalogue.trials.claim("dead", lease).trial == dead
    time.sleep(2.1)
    assert next_trial(city.harvester, "w3", city.feeds, lease)
    assert catalogue.trials.read(dead).state == "done"


def test_an_upload_without_a_file_keeps_the_one_before(city: City) -> None:
    city.publish(PARKS)
    city.worker.once()
    assert city.publish(None, FEED.replace("KOGL-1", "CC0-1.0"))["published"]
    (run,) = city.worker.once()
    assert (run.status, run.published) == ("published", 20)
    assert "no file was uploaded" in city.publish(None, id="others")["refused"]


@pytest.mark.parametrize(
    ("lines", "line", "what"),
    [
        ('kind = "file"\npath = "/etc/passwd"', 7, "reads no files of the machine"),
        ('kind = "folder"\npath = "/etc"', 7, "reads no files of the machine"),
        ('kind = "url"\nurl = "env:HOME"', 8, "names no secrets"),
        ('kind = "url"\nurls = ["https://a.example/x", "env:HOME"]', 8, "names no secrets"),
        ('kind = "upload"\n[notify]\nwebhook = ["env:HOME"]', 9, "names no secrets"),
        ('kind = "upload"\npath = "/etc/passwd"', 8, "has no option 'path'"),
        ('kind = "upload"\n[format]\nkin = "csv"', 9, "unknown key"),
        ("kind = ", 7, "is not TOML"),
    ],
)
def test_a_feed_that_may_not_be_is_refused_line_by_line(
    city: City, catalogue: Catalogue, lines: str, line: int, what: str
) -> None:
    text = FEED.strip().replace('kind = "upload"', lines)
    for found in (city.publish(PARKS, text), city.try_(PARKS, feed=text)):
        assert any(what in error["what"] for error in found["errors"]), found
        assert any(error["where"].endswith(f"line {line - 1}") for error in found["errors"]), found
    assert catalogue.uploaded_feeds.list() == []


def test_the_name_of_a_file_names_no_secret(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CITY_SECRET", "s3cret")
    data = io.BytesIO(PARKS.encode())
    asked = {"name": "env:CITY_SECRET", "feed": FEED, "id": "parks", "publish": True}
    city.catalogue.trials.request("kim@example.org", asked, data)
    next_trial(city.harvester, "w1", city.feeds)
    (run,) = city.worker.once()
    assert run.status == "published"
    assert "s3cret" not in repr(city.feeds()["parks"])


def test_a_feed_of_a_folder_is_not_uploaded_over(city: City, catalogue: Catalogue, tmp_path) -> None:
    source = SourceSpec("file", {"path": "x.csv"})
    city.folders["parks"] = Feed("parks", Text("공원"), "시청", "CC0-1.0", source, folder=tmp_path)
    assert "stands in a folder" in city.publish(PARKS)["errors"][0]["what"]
    catalogue.uploaded_feeds.put("parks", FEED, "kim@example.org")
    assert city.feeds()["parks"].folder == tmp_path


def test_what_was_removed_is_harvested_no_more(city: City, catalogue: Catalogue) -> None:
    city.publish(PARKS)
    city.worker.once()
    assert "parks" in city.feeds()
    catalogue.uploaded_feeds.remove("parks", "kim@example.org")
    assert "parks" not in city.feeds()
    assert catalogue.describe("parks").rows == 20
    with pytest.raises(UnknownFeed):
        catalogue.uploaded_feeds.get("parks")


def test_an_address_of_the_machine_is_guarded(city: City) -> None:
    found = city.try_(url="http://169.254.169.254/latest/meta-data")
    assert "169.254.169.254" in found["refused"]


def test_what_is_no_data_is_refused_in_a_sentence(city: City) -> None:
    assert "HTML" in city.try_("<html><body>점검</body></html>")["refused"]


def test_a_trial_whose_workers_die_fails_with_a_sentence(tmp_path) -> None:
    now = [datetime(2026, 3, 1, tzinfo=UTC)]
    url = f"sqlite:///{tmp_path / 'entrepot.db'}"
    upgrade(url)
    catalogue = open_catalogue(
        url,
        tmp_path / "parts",
        Embedded(tmp_path / "search"),
        index_folder=tmp_path / "derived",
        clock=lambda: now[0],
    )
    id = catalogue.trials.request("kim", {"name": "x.csv"}, io.BytesIO(b"a\n1\n"))
    for worker in ("w1", "w2"):
        assert catalogue.trials.claim(worker).trial == id
        assert catalogue.trials.claim("w3") is None
        now[0] += timedelta(seconds=31)
    assert catalogue.trials.claim("w3") is None
    trial = catalogue.trials.read(id)
    assert (trial.state, "2 workers gave it up" in trial.found["refused"]) == ("done", True)
    catalogue.close()


def test_a_file_is_tried_as_a_feed_that_stands(city: City, catalogue: Catalogue, tmp_path) -> None:
    secret = SourceSpec("url", {"url": "https://a.example/x", "service_key": "env:CITY_SECRET"})
    city.folders["parks"] = Feed(
        "parks", Text("공원"), "시청", "CC0-1.0", secret, key=("번호",), folder=tmp_path
    )
    (table,) = city.try_(PARKS + "001,또 하나,35.1,129.0\n", id="parks")["tables"]
    assert (table["read"], table["reasons"]) == (21, {"duplicate_key": 1})
    (error,) = city.try_(PARKS, id="park")["errors"]
    assert ("there is no feed 'park'" in error["what"], "parks" in error["hint"]) == (True, True)
    assert catalogue.ids() == []
