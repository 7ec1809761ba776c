"""What is computed deep within one another is asked in the time of its length, not of its powers."""

from __future__ import annotations

import time

import pytest

from schemas.conditions import Cell, Compared, Given, Made
from schemas.dataset import Column
from schemas.query import RowQuery

DEEP = 28
COLUMNS = (Column("size", "number"),)


@pytest.mark.parametrize("word", ["/", "%", "^", "div"])
def test_a_reckoning_within_others_takes_no_longer_each_time(both_ways, word):
    made = Cell("size")
    for step in range(DEEP):
        made = Made(word, (Given(step + 2.0), made))
    query = RowQuery(filters=(Compared(made, "isnull", Given(True)),), count=True)
    with both_ways(COLUMNS, [("0", 0.0), ("1", 3.0), ("2", None)]) as ways:
        began = time.process_time()
        pages = [rows.read(ways.snapshot, query) for rows in (ways.indexed, ways.scanned)]
        # It was said twice in each step once, which comes to hours.
        assert time.process_time() - began < 20
    assert pages[0].values == pages[1].values
    assert "2" in [row[0] for row in pages[0].values]
