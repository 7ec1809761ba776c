"""A run makes no call beyond what its source allows, and says when the next one may be made."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from catalogue.allowances import Allowances
from catalogue.database import connect
from config.migrations import upgrade
from harvesters.calls import calling, check, size_of
from harvesters.faults import QuotaSpent, SourceRefused, TooLarge
from harvesters.fetch.body import wider
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

SEOUL = ZoneInfo("Asia/Seoul")


@pytest.fixture
def allowances(tmp_path: Path) -> Iterator[Allowances]:
    upgrade(f"sqlite:///{tmp_path / 'entrepot.db'}")
    engine = connect(f"sqlite:///{tmp_path / 'entrepot.db'}")
    yield Allowances(engine, lambda: datetime(2026, 3, 1, 12, tzinfo=UTC))
    engine.dispose()


def feed(url: str, **options: object) -> Feed:
    return Feed("air", Text("대기"), "부산광역시", "KOGL-1", SourceSpec("url", {"url": url} | options))


def test_a_spent_allowance_names_the_time_of_the_next_call(site, to, allowances) -> None:
    limited = feed(site.body("/air", b"rows"), calls=2)
    with calling(limited, site.fetch(), allowances, SEOUL) as fetch:
        fetch(site.url("/air"), to)
        fetch(site.url("/air"), to)
        with pytest.raises(QuotaSpent, match=r"your 2 calls a day are spent: next at 00:00 KST") as spent:
            fetch(site.url("/air"), to)
    assert len(site.seen) == 2
    assert spent.value.reason == "quota_spent"
    assert isinstance(spent.value, SourceRefused)


def test_feeds_of_one_service_share_its_allowance(site, to, allowances) -> None:
    site.body("/air", b"rows")
    for query in ("?a=1", "?a=2"):
        with calling(feed(site.url("/air") + query, calls=2), site.fetch(), allowances, SEOUL) as fetch:
            fetch(site.url("/air"), to)
    with (
        pytest.raises(QuotaSpent),
        calling(feed(site.url("/air"), calls=2), site.fetch(), allowances, SEOUL) as fetch,
    ):
        fetch(site.url("/air"), to)


def test_services_of_one_portal_are_counted_apart_and_feeds_of_one_service_together(allowances) -> None:
    def spend(name: str, service: str) -> None:
        spec = SourceSpec("seoul", {"service": service, "service_key": "env:KEY", "calls": 1})
        asked = Feed(name, Text("대기"), "서울특별시", "KOGL-1", spec)
        with calling(asked, lambda *_, **__: None, allowances, SEOUL) as fetch:
            fetch("http://openapi.example/", Path("nowhere"))

    spend("air", "ListAir")
    spend("parks", "ListParks")
    with pytest.raises(QuotaSpent):
        spend("air-by-hour", "ListAir")


def test_a_source_that_says_its_quota_is_spent_is_not_asked_again_in_its_day(site, to, allowances) -> None:
    told = feed(site.body("/air", b"rows"))
    with pytest.raises(QuotaSpent, match="next at 00:00 KST"), calling(told, site.fetch(), allowances, SEOUL):
        raise QuotaSpent("result 22")
    with (
        pytest.raises(QuotaSpent, match="next at 00:00 KST"),
        calling(told, site.fetch(), allowances, SEOUL) as fetch,
    ):
        fetch(site.url("/air"), to)
    assert site.seen == []


def test_a_feed_may_take_less_or_more_than_is_usual(site, to, allowances) -> None:
    bounded = feed(site.body("/air", b"x" * 2000), max_bytes="1KB")
    with (
        pytest.raises(SourceRefused, match=r'1,000 are taken at most; write max_bytes = "2KB" under'),
        calling(bounded, site.fetch(), allowances, SEOUL) as fetch,
    ):
        fetch(site.url("/air"), to)
    wider = feed(site.url("/air"), max_bytes="2KB")
    with calling(wider, site.fetch(max_bytes=100), allowances, SEOUL) as fetch:
        assert fetch(site.url("/air"), to).bytes == 2000


@pytest.mark.parametrize(
    ("text", "size"),
    [("500MB", 500_000_000), ("12 gb", 12 * 10**9), ("1B", 1), ("0GB", None), ("12", None), (12, None)],
)
def test_a_size_is_a_number_and_a_unit(text, size) -> None:
    assert size_of(text) == size


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ({"calls": 1000}, []),
        ({"calls": 1000, "per": "month", "max_bytes": "12GB"}, []),
        ({"calls": 0}, ["calls"]),
        ({"calls": True}, ["calls"]),
        ({"per": "day"}, ["per"]),
        ({"calls": 1, "per": "week"}, ["per"]),
        ({"max_bytes": 12}, ["max_bytes"]),
    ],
)
def test_a_line_that_cannot_be_taken_is_named(options, wrong) -> None:
    assert [name for name, _ in check(options)] == wrong


@pytest.mark.parametrize(
    ("size", "line"),
    [(10_737_418_240, "11GB"), (1 << 30, "2GB"), (999_999_999, "1000MB"), (5_000_000, "5MB"), (12, "12B")],
)
def test_what_is_too_large_names_the_line_that_takes_it(size: int, line: str) -> None:
    assert f'write max_bytes = "{line}" under [source]' in wider(size)
    assert (size_of(line) or 0) >= size


def test_a_body_of_unknown_length_names_a_line_too(site, to, respond) -> None:
    def stream(request) -> None:
        request.send_response(200)
        request.end_headers()
        request.wfile.write(b"x" * 3000)

    site.routes["/long"] = stream
    with pytest.raises(TooLarge, match=r'more than 1,000 bytes.*write max_bytes = "2KB" under') as fault:
        site.fetch(max_bytes=1000)(site.url("/long"), to)
    assert fault.value.reason == "too_large"
