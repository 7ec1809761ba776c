"""Rows with columns of another dataset are the same by look-up and by scan, and as Python joins them."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalogue import snapshots
from catalogue.rows import Rows
from schemas.conditions import Filter, Not, Some, Words
from schemas.dataset import Column
from schemas.problem import BadInput
from schemas.query import Join, Order, RowQuery

NOW = datetime(2026, 11, 25, tzinfo=UTC)
OURS = (Column("code", "text", semantic="legal_dong_code"), Column("n", "integer"))
THEIRS = (
    Column("dong", "text", key=True, semantic="legal_dong_code"),
    Column("name", "text"),
    Column("n", "integer"),
)
CODES = st.sampled_from(["가", "나", "다", "라"])
OURS_ROWS = st.lists(st.tuples(st.none() | CODES, st.none() | st.integers(0, 3)), max_size=12)
THEIRS_ROWS = st.lists(
    st.tuples(CODES, st.sampled_from(["a", "b", None]), st.none() | st.integers(0, 3)),
    max_size=4,
    unique_by=lambda row: row[0],
)
TESTS = {
    "none": ((), lambda row: True),
    "ours": ((Filter("n", "gt", 0),), lambda row: row["n"] is not None and row["n"] > 0),
    "theirs": ((Filter("trees.n", "gt", 0),), lambda row: row["trees.n"] is not None and row["trees.n"] > 0),
    "either": (
        (Some((Filter("n", "eq", 1), Filter("trees.name", "eq", "a"))),),
        lambda row: row["n"] == 1 or row["trees.name"] == "a",
    ),
    "not": (
        (Not(Filter("trees.name", "eq", "a")),),
        lambda row: row["trees.name"] is not None and row["trees.name"] != "a",
    ),
    "words": ((Words("b"),), lambda row: "b" in (row["code"] or "") + (row["trees.name"] or "")),
}
ORDERS = st.lists(
    st.builds(Order, st.sampled_from(["n", "trees.n", "trees.name", "code"]), st.booleans()),
    max_size=2,
    unique_by=lambda order: order.column,
).map(tuple)


def naive(ours, theirs, test, order):
    known = {row[0]: row for row in theirs}
    rows = []
    for place, (code, n) in enumerate(ours):
        dong, name, other = known.get(code, (None, None, None))
        row = {
            "_id": str(place),
            "code": code,
            "n": n,
            "trees.dong": dong,
            "trees.name": name,
            "trees.n": other,
        }
        rows += [row] if TESTS[test][1](row) else []
    for by in reversed(order):
        some = [row for row in rows if row[by.column] is not None]
        some.sort(key=lambda row: row[by.column], reverse=by.descending)
        rows = [*some, *(row for row in rows if row[by.column] is None)]
    return [tuple(row.values()) for row in rows]


def walked(rows, whole, query):
    found, cursor = [], None
    while True:
        page = rows.read(
            whole, RowQuery(query.filters, order=query.order, limit=3, cursor=cursor, count=True)
        )
        found += page.values
        cursor = page.next
        if cursor is None:
            assert page.count == len(found)
            return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ours=OURS_ROWS, theirs=THEIRS_ROWS, test=st.sampled_from(sorted(TESTS)), order=ORDERS)
def test_a_join_is_what_plain_python_joins(publication, make_folder, ours, theirs, test, order):
    with tempfile.TemporaryDirectory() as folder:
        storage = make_folder(Path(folder))
        write = [(OURS, ours, "ours"), (THEIRS, theirs, "theirs")]
        left, right = (
            snapshots.write(
                publication(c, [(str(n), *row) for n, row in enumerate(rows)]), storage, name, NOW
            )
            for c, rows, name in write
        )
        wanted = naive(ours, theirs, test, order)
        for built in ((), (left,), (left, right)):
            rows = Rows(storage, Path(folder) / f"index{len(built)}")
            for snapshot in built:
                rows.build(snapshot)
            whole = rows.beside(left, right, Join("trees"))
            assert walked(rows, whole, RowQuery(TESTS[test][0], order=order)) == wanted
            rows.close()


def test_what_is_not_unique_is_not_joined(publication, storage, tmp_path):
    left = snapshots.write(publication(OURS, [("0", "가", 1)]), storage, "ours", NOW)
    right = snapshots.write(
        publication(THEIRS, [("0", "가", "a", 1), ("1", "나", "a", 2)]), storage, "theirs", NOW
    )
    rows = Rows(storage, tmp_path / "none")
    with pytest.raises(BadInput, match="2 rows for 1 values"):
        rows.beside(left, right, Join("trees", "code", "name"))
    assert rows.beside(left, right, Join("trees", "n", "n", ("name",))).columns[-1].name == "trees.name"
    rows.close()
