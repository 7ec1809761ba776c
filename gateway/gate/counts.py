"""Count in one cell of a table: the trailing window in 64 slots, or the days and months of a calendar."""

from __future__ import annotations

from typing import NamedTuple, Protocol

from gateway.gate.clock import SECOND
from gateway.gate.periods import Period

SLOTS = 64
SPAN = SLOTS - 1
"""Slots in one window. All 64 are counted, so that the part of a slot that a window still touches is never
forgotten: what was admitted comes back between 1 and 64/63 windows later."""
PERIODS = 16
HEAD = 5
CELL = HEAD + SLOTS // 2
"""Words of 64 bits in a cell: boot (0 for a calendar), expiry, latest slot, oldest slot that counts, total;
then 64 counters of 32 bits, or 16 pairs of a period's number and its count."""
BOOT, EXPIRY, LATEST, OLDEST, TOTAL = range(HEAD)
EMPTY = memoryview(bytes(8 * CELL)).cast("Q")


class Cells(NamedTuple):
    """The same bytes seen as unsigned numbers of 64 and of 32 bits."""

    words: memoryview[int]
    halves: memoryview[int]


class Moment(NamedTuple):
    """Now: which boot, steady nanoseconds since it, and Unix seconds on the wall."""

    boot: int
    steady: int
    wall: float


class Count(Protocol):
    """One limit's count at one moment."""

    used: int

    def spend(self, cost: int) -> None: ...

    def give_back(self, at: Moment) -> None:
        """Take back one that was spent at that moment, if it still counts."""
        ...

    def wait(self, need: int) -> float:
        """Seconds until at least `need` of what is used has come back; at most all of it does."""
        ...


class WindowCount:
    """What was spent in the trailing window that ends now.

    Writes are in such an order that a process killed between any two leaves a little too much counted, until
    the next slot begins, and never too little.
    """

    __slots__ = ("_at", "_cells", "_now", "_slot", "_window", "used")

    def __init__(self, cells: Cells, at: int, window: int, moment: Moment) -> None:
        """Bring the cell at word `at` up to now; `window` in seconds."""
        self._cells, self._at, self._now, self._window = cells, at, moment.steady, window * SECOND
        words = cells.words
        slot, latest = self._now * SPAN // self._window, words[at + LATEST]
        # A slot that lies ahead tells of another boot where boots have no names.
        if words[at + BOOT] != moment.boot or latest > slot + 1:
            words[at : at + CELL] = EMPTY
            words[at + LATEST] = words[at + OLDEST] = latest = slot
            words[at + EXPIRY] = self._now + self._window
            words[at + BOOT] = moment.boot
        self._slot = max(slot, latest)
        if slot > latest:
            self._forget(latest)
        self.used = words[at + TOTAL]

    def _forget(self, latest: int) -> None:
        """Empty the slots that the window has left, and add up the others again."""
        (words, halves), at, slot = self._cells, self._at, self._slot
        first = 2 * (at + HEAD)
        for stale in range(max(latest, slot - SLOTS) + 1, slot + 1):
            halves[first + stale % SLOTS] = 0
        counters = halves[first : first + SLOTS].tolist()
        words[at + TOTAL] = sum(counters)
        words[at + OLDEST] = next((s for s in range(slot - SPAN, slot) if counters[s % SLOTS]), slot)
        words[at + LATEST] = slot

    def spend(self, cost: int) -> None:
        (words, halves), at = self._cells, self._at
        words[at + EXPIRY] = self._leaves(self._slot)
        words[at + TOTAL] = self.used = self.used + cost
        if self.used == cost:
            words[at + OLDEST] = self._slot
        halves[2 * (at + HEAD) + self._slot % SLOTS] += cost

    def give_back(self, at: Moment) -> None:
        (words, halves), slot = self._cells, at.steady * SPAN // self._window
        counter = 2 * (self._at + HEAD) + slot % SLOTS
        if at.boot != words[self._at + BOOT] or slot <= self._slot - SLOTS or not halves[counter]:
            return
        halves[counter] -= 1
        words[self._at + TOTAL] = self.used = self.used - 1

    def wait(self, need: int) -> float:
        (words, halves), at = self._cells, self._at
        first, slot, back = 2 * (at + HEAD), words[at + OLDEST], 0
        while slot < self._slot:
            back += halves[first + slot % SLOTS]
            if back >= need:
                break
            slot += 1
        return (self._leaves(slot) - self._now) / SECOND

    def _leaves(self, slot: int) -> int:
        """The first nanosecond at which no trailing window touches `slot`."""
        return -(-(slot + SLOTS) * self._window // SPAN)


class CalendarCount:
    """What was spent in a day or month. The counts of 16 of them are kept, so that a wall clock set forward
    or back finds the count of whichever day it tells."""

    __slots__ = ("_at", "_moment", "_period", "_place", "_words", "used")

    def __init__(self, cells: Cells, at: int, period: Period, moment: Moment) -> None:
        self._words, self._at, self._period, self._moment = cells.words, at, period, moment
        self._place = at + HEAD + 2 * (period.number % PERIODS)
        self.used = self._words[self._place + 1] if self._words[self._place] == period.number else 0

    def spend(self, cost: int) -> None:
        words, place = self._words, self._place
        words[self._at + EXPIRY] = max(words[self._at + EXPIRY], int(self._period.end))
        if words[place] != self._period.number:
            words[place + 1] = 0
            words[place] = self._period.number
        words[place + 1] = self.used = self.used + cost

    def give_back(self, at: Moment) -> None:
        if self._period.start <= at.wall < self._period.end and self.used:
            self._words[self._place + 1] = self.used = self.used - 1

    def wait(self, need: int) -> float:
        return self._period.end - self._moment.wall


def forgotten(words: memoryview[int], at: int, moment: Moment) -> bool:
    """Whether nothing that the cell at `at` counts can matter any more."""
    boot, expiry = words[at + BOOT], words[at + EXPIRY]
    if boot == 0:
        return expiry <= moment.wall
    return boot != moment.boot or expiry <= moment.steady
