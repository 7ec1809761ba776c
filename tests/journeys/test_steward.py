"""A steward's journey over the pages: try, upload, see a worse version held, let it in, go back, withdraw."""

from __future__ import annotations

import html
import io
import os
import re
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from portal_site import HERE, PASSWORD, SEOUL, Browser, Site, opened
from workbooks import data, workbook

from config.migrations import upgrade
from harvesters.feeds.uploaded import AllFeeds
from harvesters.fetch import HttpFetch
from harvesters.fetch.guard import Guard
from harvesters.run import Harvester
from harvesters.schedule import Schedule
from harvesters.worker import Worker
from schemas.run import Run

KOREA = (124.5, 33.0, 132.0, 38.95)
FEED = """title = { ko = "도시공원", en = "City parks" }
publisher = "가온시"
licence = "KOGL-1"
key = ["관리번호"]
[source]
kind = "upload"
"""
STEWARD = "steward@example.org"


class Desk(Browser):
    """A person at the steward's pages, and the worker of the city."""

    def __init__(self, site: Site, worker: Worker) -> None:
        super().__init__(site)
        self.worker, self.catalogue = worker, site.catalogue
        self.runs: list[Run] = []

    def sign_in(self, email: str) -> None:
        assert self.send("/developers/sign-in", email=email, password=PASSWORD).status_code == 303

    def press(self, path: str, **form: Any) -> Any:
        """Send a form of the desk; a file goes along as `(bytes, name)`."""
        token = re.search(r'name="csrf" value="([^"]+)"', self.get("/steward").text)
        assert token
        files = {
            name: (io.BytesIO(each[0]), each[1]) for name, each in form.items() if isinstance(each, tuple)
        }
        return self.client.post(
            path,
            data={"csrf": token[1], **form, **files},
            headers={"Accept": "text/html", "Accept-Language": "en", "Origin": "http://localhost"},
            content_type="multipart/form-data",
            environ_base=HERE,
        )

    def try_(self, file: bytes, name: str, **form: str) -> str:
        """The page of a trial, once a worker has answered it."""
        asked = self.press("/steward/trials", file=(file, name), **form)
        assert asked.status_code == 303, asked.text
        where = asked.headers["Location"]
        assert self.get(where).headers["Refresh"] == "2"
        self.runs = self.worker.once()
        page = self.get(where, "en")
        assert "Refresh" not in page.headers
        return page.text


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    upgrade(f"sqlite:///{tmp_path / 'entrepot.db'}")
    with opened(tmp_path) as site:
        work = tmp_path / "work"
        fetch = HttpFetch(Guard([]), retries=0)
        harvester = Harvester(site.catalogue, fetch, work, KOREA, SEOUL, os.environ)
        feeds = AllFeeds(dict, site.catalogue)
        schedule = Schedule(feeds, lambda feed: None, lambda feed: None, zone=SEOUL)
        worker = Worker(harvester, feeds, schedule, clock=lambda: datetime.now(UTC))
        site.clients.create_person(STEWARD, PASSWORD, role="steward")
        yield Desk(site, worker)
    shutil.rmtree(work, ignore_errors=True)


def csv(*names: str) -> bytes:
    rows = "".join(f"{n:03},{name},35.1{n},129.0{n}\n" for n, name in enumerate(names, 1))
    return f"관리번호,이름,위도,경도\n{rows}".encode("cp949")


def sheet(*names: str) -> bytes:
    rows = [[f"{n:03}", name, 35.1 + n / 100, 129 + n / 100] for n, name in enumerate(names, 1)]
    packed = io.BytesIO()
    with ZipFile(packed, "w") as archive:
        for name, content in workbook({"공원": data(["관리번호", "이름", "위도", "경도"], *rows)}).items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_from_a_first_try_to_a_withdrawal(desk: Desk) -> None:
    desk.sign_in(STEWARD)
    names = [f"공원 {n}" for n in range(1, 13)]
    page = desk.try_(csv(*names), "공원.csv")
    assert "cp949" in page
    assert "nothing has been changed" in page
    assert "공원 3" in page
    assert desk.catalogue.ids() == []

    page = desk.try_(sheet(*names), "공원.xlsx", feed=FEED, id="parks", publish="true")
    assert [run.status for run in desk.runs] == ["published"]
    assert "Uploaded. The run that publishes it" in page
    assert desk.catalogue.describe("parks").rows == 12
    good = desk.catalogue.snapshot("parks").id

    page = desk.try_(csv("공원 1", "뒷산"), "공원.csv", feed=FEED, id="parks", publish="true")
    assert re.search(r"0 new, \d changed, 10 gone", page)
    assert [run.status for run in desk.runs] == ["held"]
    assert desk.catalogue.describe("parks").rows == 12
    assert 'action="/steward/feeds/parks/approve"' in desk.get("/steward").text

    assert desk.press("/steward/feeds/parks/approve").status_code == 303
    assert [run.status for run in desk.worker.once()] == ["published"]
    assert desk.catalogue.describe("parks").rows == 2

    assert good in desk.get("/datasets/parks").text
    assert (
        desk.press("/steward/datasets/parks/revert", snapshot=good).headers["Location"] == "/datasets/parks"
    )
    assert desk.catalogue.describe("parks").rows == 12
    assert desk.press("/steward/feeds/parks/run").status_code == 303
    assert [run.status for run in desk.worker.once()] == ["held"]

    assert desk.press("/steward/datasets/parks/withdraw").status_code == 303
    assert desk.get("/datasets/parks").status_code == 404
    assert 'action="/steward/datasets/parks/restore"' in desk.get("/steward").text
    done = [deed.deed for deed in desk.catalogue.deeds()]
    assert done == ["withdraw", "revert", "approve", "upload", "upload"]
    assert {deed.by for deed in desk.catalogue.deeds()} == {STEWARD}


def test_nobody_else_is_let_to_the_desk(desk: Desk) -> None:
    paths = ["/steward", "/steward/trials/x", "/steward/trials/x/tables/0"]
    assert [desk.get(path).status_code for path in paths] == [401, 401, 401]
    desk.sign_up("kim@example.org")
    assert [desk.get(path).status_code for path in paths] == [403, 403, 403]
    forms = ["trials", "feeds/a/run", "feeds/a/approve", "feeds/a/remove"]
    forms += [f"datasets/a/{deed}" for deed in ("revert", "withdraw", "archive", "restore")]
    for form in forms:
        assert desk.send(f"/steward/{form}", feed=FEED).status_code == 403, form
    assert desk.catalogue.trials.claim("w1") is None
    assert "/steward" not in desk.get("/developers").text


def test_a_form_of_another_site_does_nothing(desk: Desk) -> None:
    desk.sign_in(STEWARD)
    assert desk.send("/steward/trials", csrf="guessed", feed=FEED).status_code == 403
    assert desk.send("/steward/datasets/parks/withdraw", csrf="guessed").status_code == 403
    assert desk.catalogue.trials.claim("w1") is None


def test_what_does_not_go_is_said_on_the_desk(desk: Desk) -> None:
    desk.sign_in(STEWARD)
    wrong = desk.press("/steward/trials", publish="true", feed=FEED)
    assert (wrong.status_code, "<code>id</code>" in wrong.text) == (400, True)
    assert "licence = &#34;KOGL-1&#34;" in wrong.text
    refused = desk.press("/steward/feeds/parks/approve")
    assert (refused.status_code, "Nothing is held: " in refused.text) == (409, True)
    assert desk.press("/steward/datasets/parks/withdraw").status_code == 404
    assert desk.press("/steward/feeds/parks/run").status_code == 404
    assert desk.get("/steward/feeds/parks/run").headers["Location"] == "/steward"
    assert desk.get("/steward/trials/nothing").status_code == 404


def test_a_feed_that_is_wrong_is_told_line_by_line(desk: Desk) -> None:
    desk.sign_in(STEWARD)
    page = desk.try_(csv("가"), "a.csv", feed=FEED.replace("licence", "license"), id="parks", publish="true")
    assert "parks.toml, line 3" in page
    assert desk.catalogue.uploaded_feeds.list() == []


def test_every_page_leads_a_steward_to_the_desk_and_nobody_else(desk: Desk) -> None:
    desk.sign_up("lee@example.org")
    assert 'href="/steward"' not in desk.get("/").text
    desk.sign_in(STEWARD)
    assert "Steward's desk" in html.unescape(desk.get("/datasets", "en").text)
    assert re.search(r'href="/steward"[^>]*>담당자 책상', desk.get("/", "ko").text)
    assert 'href="/steward" aria-current="page"' in desk.get("/steward").text
    assert 'href="/steward"' not in desk.get("/datasets/nothing").text.partition("<main")[0]


def test_changed_columns_are_seen_and_approved_on_the_page_of_their_trial(desk: Desk) -> None:
    desk.sign_in(STEWARD)
    desk.try_(csv("가", "나"), "공원.csv", feed=FEED, id="parks", publish="true")
    other = csv("가", "나").decode("cp949").replace("이름", "공원명").encode("cp949")
    page = desk.try_(other, "공원.csv", feed=FEED, id="parks", publish="true")
    assert [run.status for run in desk.runs] == ["held"]
    assert "Columns change, so the run will be held" in page
    assert ("new columns: 공원명" in page.lower(), "이름" in page) == (True, True)
    assert 'action="/steward/feeds/parks/approve"' in page
    assert "원본" not in page
    assert re.search(r"열이 바뀜<br><small", desk.get("/steward", "ko").text)
    assert desk.press("/steward/feeds/parks/approve").status_code == 303
    assert [run.status for run in desk.worker.once()] == ["published"]
    assert "공원명" in {column.name for column in desk.catalogue.snapshot("parks").columns}
