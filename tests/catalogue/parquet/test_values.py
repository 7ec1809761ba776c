"""How instants are spelled."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from catalogue.rows.engines.values import instants

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.datetimes(datetime(1, 1, 1), timezones=st.just(UTC))


def microseconds(at):
    return (at - EPOCH) // timedelta(microseconds=1)


@given(st.lists(TIMES | TIMES.map(lambda t: t.replace(microsecond=0))))
def test_an_instant_reads_back_as_it_was(times):
    spelled = instants([microseconds(at) for at in times])

    assert [datetime.fromisoformat(text) for text in spelled] == times


def test_a_fraction_is_spelled_only_where_there_is_one():
    whole = microseconds(datetime(2026, 11, 25, 6, tzinfo=UTC))

    assert instants([whole]) == ["2026-11-25T06:00:00Z"]
    assert instants([whole, whole + 500_000, None]) == [
        "2026-11-25T06:00:00Z",
        "2026-11-25T06:00:00.500000Z",
        None,
    ]
