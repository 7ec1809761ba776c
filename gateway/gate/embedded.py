"""The limiter of one machine: counts in the data folder, shared by all processes, kept through kill -9."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import tzinfo
from math import ceil
from pathlib import Path

from gateway.clients.plans import Limit
from gateway.gate.clock import Clock
from gateway.gate.counts import CalendarCount, Count, Moment, WindowCount
from gateway.gate.limits import Allowance, Decision, Subject
from gateway.gate.periods import Periods
from gateway.gate.table import Table

BUCKETS: Mapping[str, int] = {"application": 512, "address": 2048}
FREE = Decision(True, ())
_MOST = 1_000_000
_CROWDED = 1


class EmbeddedLimiter:
    """Counts in `folder`, about 31 MB; days and months begin in `zone`. Make it after any fork."""

    def __init__(
        self, folder: Path, zone: tzinfo, clock: Clock | None = None, buckets: Mapping[str, int] = BUCKETS
    ) -> None:
        self._clock = clock or Clock()
        self._boot = self._clock.boot()
        self._periods = Periods(zone)
        self._tables = {kind: Table(folder / f"{kind}-1.counts", number) for kind, number in buckets.items()}
        self._marks: dict[tuple[str, int, str | None], int] = {}

    def acquire(self, subject: Subject, limits: Sequence[Limit], cost: int = 1) -> Decision:
        """Spend `cost` of every limit, or of none where one refuses; a cost of 0 only looks."""
        if not 0 <= cost <= _MOST:
            raise ValueError(f"the cost of a request is 0 to {_MOST}, not {cost}")
        if not limits:
            return FREE
        with self._counting(subject, limits) as (counts, moment):
            return _decide(limits, counts, cost, moment)

    def give_back(self, subject: Subject, limits: Sequence[Limit], at: Moment) -> Decision:
        """Undo one request that was spent `at` that moment and turned out to be free; tells what is left."""
        with self._counting(subject, limits) as (counts, _):
            for count in counts:
                if count is not None:
                    count.give_back(at)
            return Decision(True, tuple(map(_allowance, limits, counts)))

    @contextmanager
    def _counting(
        self, subject: Subject, limits: Sequence[Limit]
    ) -> Iterator[tuple[list[Count | None], Moment]]:
        """The count of each limit at one moment, which nobody else reads or changes meanwhile."""
        table = self._tables[subject.kind]
        bucket, base = table.bucket(subject.name)
        with table.lock(bucket):
            moment = Moment(self._boot, self._clock.steady(), self._clock.wall())
            yield [self._count(table, bucket, (base, limit), moment) for limit in limits], moment

    def _count(self, table: Table, bucket: int, wanted: tuple[int, Limit], moment: Moment) -> Count | None:
        base, limit = wanted
        mark = self._mark(limit)
        at = table.cell(bucket, base ^ mark or 1, mark, moment)
        if at is None:
            return None
        if limit.calendar is None:
            return WindowCount(table.cells, at, limit.window, moment)
        return CalendarCount(table.cells, at, self._periods.at(limit.calendar, moment.wall), moment)

    def _mark(self, limit: Limit) -> int:
        """What tells a limit's cells from another's. Not its quota: a changed plan keeps its counts."""
        key = (limit.name, limit.window, limit.calendar)
        if key not in self._marks:
            digest = hashlib.blake2b(repr(key).encode(), digest_size=8).digest()
            self._marks[key] = int.from_bytes(digest, "big") or 1
        return self._marks[key]

    def close(self) -> None:
        """Let go of the files; the counts stay in them."""
        for table in self._tables.values():
            table.close()


def _decide(limits: Sequence[Limit], counts: Sequence[Count | None], cost: int, moment: Moment) -> Decision:
    for limit, count in zip(limits, counts, strict=True):
        if count is None or count.used + cost > limit.quota:
            return _refuse(limits, counts, cost)
    for count in counts:
        if cost and count is not None:
            count.spend(cost)
    return Decision(True, tuple(map(_allowance, limits, counts)), at=moment if cost else None)


def _refuse(limits: Sequence[Limit], counts: Sequence[Count | None], cost: int) -> Decision:
    pairs = zip(limits, counts, strict=True)
    broken = [(limit, count) for limit, count in pairs if count is None or count.used + cost > limit.quota]
    waits = [_CROWDED if count is None else _wait(limit, count, cost) for limit, count in broken]
    hopeless = any(limit.quota < cost for limit, _ in broken)
    return Decision(
        False,
        tuple(map(_allowance, limits, counts)),
        tuple(limit for limit, _ in broken),
        None if hopeless else max(waits),
    )


def _allowance(limit: Limit, count: Count | None) -> Allowance:
    if count is None:
        return Allowance(limit, 0, _CROWDED)
    left = limit.quota - count.used
    return Allowance(limit, left if left > 0 else 0, _wait(limit, count, 1) if count.used else limit.window)


def _wait(limit: Limit, count: Count, cost: int) -> int:
    """Whole seconds until `cost` fits, or until the first of what is used comes back where it fits now."""
    need = count.used + cost - limit.quota
    return ceil(count.wait(need if need > 0 else 1)) or 1
