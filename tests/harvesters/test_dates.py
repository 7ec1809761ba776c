"""A feed of a file a day names the day in its address, in the city's zone."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from harvesters.dates import date_faults, dated
from harvesters.feeds import feed_from
from harvesters.secrets import Secret
from harvesters.sources import Raw, Visit, url
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec
from schemas.problem import BadInput

SEOUL = ZoneInfo("Asia/Seoul")
NEAR_MIDNIGHT = datetime(2026, 3, 30, 15, 5, tzinfo=UTC)  # 00:05 of the 31st in Seoul


def filled(text: object) -> object:
    feed = Feed("air", Text("대기"), "시청", "KOGL-1", SourceSpec("url", {"url": text}))
    return dated(feed, NEAR_MIDNIGHT, SEOUL).source.options["url"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://a.example/{date:%Y%m%d}.csv", "https://a.example/20260331.csv"),
        ("https://a.example/{date}.csv", "https://a.example/2026-03-31.csv"),
        ("{date-1d:%Y%m%d}", "20260330"),
        ("{date-1h:%Y%m%dT%H}", "20260330T23"),
        ("{date+1w:%y/%j}", "26/097"),
        ("{date-1month:%Y-%m-%d}", "2026-02-28"),
        ("{date-15month:%Y%m}", "202412"),
        ("{date-1d:%Y}/{date-1d:%m}/{date-1d:%d}", "2026/03/30"),
        ("{data} {x}", "{data} {x}"),
    ],
)
def test_a_date_is_told_as_the_citys_clocks_have_it(written: str, meant: str) -> None:
    assert filled(written) == meant
    assert list(date_faults({"url": written})) == []


def test_dates_are_filled_in_everywhere_but_in_secrets() -> None:
    secret = Secret("{date}")
    held = {"params": {"basDt": "{date:%Y%m%d}", "key": secret}, "list": ["{date:%d}"], "calls": 3}
    assert filled(held) == {"params": {"basDt": "20260331", "key": "{date}"}, "list": ["31"], "calls": 3}


@pytest.mark.parametrize(
    ("written", "what"),
    [
        ("{date-1x:%Y}", "{date:%Y%m%d}"),
        ("{date:}", "{date:%Y%m%d}"),
        ("{date -1d}", "{date:%Y%m%d}"),
        ("{date:%Q}", "%Y, %m, %d"),
        ("{date:%Y%}", "%Y, %m, %d"),
    ],
)
def test_a_date_that_cannot_be_told_is_named(written: str, what: str) -> None:
    ((name, said),) = date_faults({"params": {"day": written}})
    assert name == "params"
    assert written in said
    assert what in said


TEXT = """
title = { ko = "대기" }
publisher = "시청"
licence = "KOGL-1"
[source]
kind = "url"
url = "https://a.example/{date-1d:MARK}.csv"
"""


def test_a_feeds_file_may_hold_dates_and_names_the_line_of_a_wrong_one() -> None:
    feed = feed_from(Path("air.toml"), TEXT.replace("MARK", "%Y%m%d"))
    assert feed.source.options["url"].endswith("{date-1d:%Y%m%d}.csv")
    with pytest.raises(BadInput) as bad:
        feed_from(Path("air.toml"), TEXT.replace("MARK", "%Q"))
    assert [error.where for error in bad.value.errors] == ["air.toml, line 7"]


def test_a_run_asks_for_the_file_of_its_own_day_and_knows_nothing_of_it_yet(site, tmp_path: Path) -> None:
    yesterday, today = "2026-03-30", "2026-03-31"
    for day in (yesterday, today):
        site.body(f"/{day}.csv", b"a\n1\n", ETag='"same"')
    written = Feed("air", Text("대기"), "시청", "KOGL-1", SourceSpec("url", {"url": site.url("/{date}.csv")}))
    known: Mapping[str, object] = {}
    for moment in (NEAR_MIDNIGHT - timedelta(days=1), NEAR_MIDNIGHT):
        raw = url.read(Visit(dated(written, moment, SEOUL), site.fetch(), tmp_path, known))
        assert isinstance(raw, Raw)
        known = raw.state
    assert site.seen == [f"/{yesterday}.csv", f"/{today}.csv"]
    assert known == {"files": [{"If-None-Match": '"same"'}], "urls": [site.url(f"/{today}.csv")]}
