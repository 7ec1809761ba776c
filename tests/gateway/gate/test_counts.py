"""A process may be killed between any two of its writes; what was admitted is never forgotten."""

from __future__ import annotations

from itertools import count

import pytest

from gateway.gate.clock import SECOND
from gateway.gate.counts import CELL, CalendarCount, Cells, Moment, WindowCount
from gateway.gate.periods import Period

WINDOW = 60


class Killed(BaseException):
    pass


class Fused:
    """Memory whose writer dies before write number `fuse`."""

    def __init__(self, view, fuse):
        self.view, self.fuse = view, fuse

    def __getitem__(self, place):
        return self.view[place]

    def __setitem__(self, place, value):
        if next(self.fuse) == 0:
            raise Killed
        self.view[place] = value


def cell():
    view = memoryview(bytearray(8 * CELL))
    return Cells(view.cast("Q"), view.cast("I"))


def dying(cells, writes):
    fuse = count(writes, -1)
    return Cells(Fused(cells.words, fuse), Fused(cells.halves, fuse))


def at(seconds):
    return Moment(7, round(seconds * SECOND), 1.8e9 + seconds)


@pytest.mark.parametrize("last", [1000.3, 1020, 1058, 1060.5, 1062, 1500])
def test_a_window_never_counts_too_little_and_its_surplus_is_gone_with_the_next_slot(last):
    for writes in range(80):
        cells, spent = cell(), [moment for moment in (1000.0, 1000.1, 1010.0, 1040.0) if moment < last]
        for moment in spent:
            WindowCount(cells, 0, WINDOW, at(moment)).spend(1)
        try:
            WindowCount(dying(cells, writes), 0, WINDOW, at(last)).spend(1)
        except Killed:
            ended = False
        else:
            ended = True
            spent.append(last)
        inside = [moment for moment in spent if last - WINDOW < moment <= last]
        assert WindowCount(cells, 0, WINDOW, at(last)).used >= len(inside)
        later = last + 2 * WINDOW / 63
        counted = [moment for moment in spent if later - WINDOW * 65 / 63 < moment <= later]
        assert WindowCount(cells, 0, WINDOW, at(later)).used <= len(counted) + (not ended)
        if ended:
            return
    pytest.fail("the writes never ended")


def test_a_day_never_counts_too_little():
    today, tomorrow = Period(700_000, 0, 86_400), Period(700_016, 86_400, 172_800)
    for writes in range(10):
        cells = cell()
        for _ in range(3):
            CalendarCount(cells, 0, today, at(0)).spend(1)
        for period, before in ((today, 3), (tomorrow, 0)):
            try:
                CalendarCount(dying(cells, writes), 0, period, at(0)).spend(1)
                spent = before + 1
            except Killed:
                spent = before
            assert spent <= CalendarCount(cells, 0, period, at(0)).used <= before + 1
