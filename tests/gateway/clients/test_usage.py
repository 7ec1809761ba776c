"""Every metered request is counted once, in the city's days, whatever is sent twice or at the same time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

from sqlalchemy import Engine, func, select, text

from gateway.clients import Clients
from gateway.clients.tables import usage_segment
from gateway.clients.usage import ANONYMOUS, DayUsage, RouteUsage, Usage, UsageRecord

NOON = datetime(2026, 11, 25, 3, 0, tzinfo=UTC).timestamp()  # 12:00 in Seoul


def record(**changed: object) -> UsageRecord:
    return UsageRecord(NOON, "app_a", "kid", "/rows", 200, 100, 5_000, 900)._replace(**changed)


def test_a_segment_is_counted_once_however_often_it_is_folded(clients: Clients) -> None:
    assert clients.fold("one", [record(), record()])
    assert not clients.fold("one", [record(), record()])
    assert clients.fold("two", [record()])
    assert clients.usage("app_a").requests == 3


def test_refused_requests_are_told_apart_from_those_let_in(clients: Clients) -> None:
    clients.fold("one", [record(), record(status=429, rows=0, bytes=300), record(status=404, rows=0)])
    used = clients.usage("app_a")
    assert (used.requests, used.refused, used.rows, used.bytes) == (2, 1, 100, 10_300)


def test_usage_is_told_by_day_of_the_city_and_by_route(clients: Clients) -> None:
    evening = datetime(2026, 11, 25, 15, 0, tzinfo=UTC).timestamp()  # midnight in Seoul
    clients.fold("one", [record(at=evening, route="/datasets"), record(), record(at=evening - 1)])
    assert clients.usage("app_a") == Usage(
        requests=3,
        refused=0,
        rows=300,
        bytes=15_000,
        by_day=(
            DayUsage(date(2026, 11, 25), 2, 0, 200, 10_000),
            DayUsage(date(2026, 11, 26), 1, 0, 100, 5_000),
        ),
        by_route=(RouteUsage("/datasets", 1, 0, 100, 5_000), RouteUsage("/rows", 2, 0, 200, 10_000)),
    )


def test_calls_without_a_key_are_counted_together_and_apart_from_applications(clients: Clients) -> None:
    clients.fold("one", [record(application=None), record()])
    assert clients.usage(ANONYMOUS).requests == 1
    assert clients.usage("app_a").requests == 1


def test_an_application_that_never_called_has_used_nothing(clients: Clients) -> None:
    assert clients.usage("app_none") == Usage(0, 0, 0, 0)


def test_folding_the_same_segments_at_once_counts_each_once(clients: Clients) -> None:
    records = [record(application=f"app_{n % 3}", route=f"/r{n % 5}") for n in range(60)]
    with ThreadPoolExecutor(4) as pool:
        folded = list(pool.map(lambda n: clients.fold(f"segment-{n % 10}", records), range(40)))
    assert sum(folded) == 10
    assert [clients.usage(f"app_{n}").requests for n in range(3)] == [200, 200, 200]


def test_the_ids_of_segments_are_forgotten_after_a_month(clients: Clients, engine: Engine, clock) -> None:
    clients.fold("old", [record()])
    clock.turn(days=31)
    clients.fold("new", [record()])
    with engine.connect() as db:
        assert db.scalar(select(func.count()).select_from(usage_segment)) == 1


def test_sums_beyond_32_bits_are_kept(clients: Clients) -> None:
    clients.fold("one", [record(bytes=2**40), record(bytes=2**40)])
    assert clients.usage("app_a").bytes == 2**41


def test_all_callers_together_are_told_by_route(clients: Clients) -> None:
    clients.fold("one", [record(), record(application=None), record(application="app_b", route="/datasets")])
    assert clients.usage_by_route() == (
        RouteUsage("/datasets", 1, 0, 100, 5_000),
        RouteUsage("/rows", 2, 0, 200, 10_000),
    )


def test_clients_are_ready_only_where_their_tables_stand(clients: Clients, engine: Engine) -> None:
    assert clients.ready()
    with engine.begin() as db:
        db.execute(text("ALTER TABLE person RENAME TO people"))
    assert not clients.ready()
