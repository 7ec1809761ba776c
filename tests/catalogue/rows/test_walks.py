"""A walk by cursor sees each row of its snapshot once, whatever is published meanwhile."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue import Publication, open_catalogue
from catalogue.search.embedded import Embedded
from config.migrations import upgrade
from schemas.arrow import arrow_schema
from schemas.conditions import Filter, Not, Some
from schemas.dataset import Column, Dataset, Text
from schemas.query import Order, RowQuery
from schemas.run import REJECTS, Run

NOW = datetime(2026, 11, 25, tzinfo=UTC)
COLUMNS = (Column("name", "text"), Column("n", "integer"))
ORDERS = st.lists(
    st.builds(Order, st.sampled_from(["_id", "name", "n"]), st.booleans()),
    max_size=2,
    unique_by=lambda o: o.column,
).map(tuple)
FILTERS = st.sampled_from(
    [
        (),
        (Filter("n", "gt", 1),),
        (Some((Filter("name", "like", "가%"), Not(Filter("n", "in", (1, 2))))),),
    ]
)


def publication(count):
    rows = [(str(i), ("가나", "다", None)[i % 3], None if i % 7 == 0 else i % 5) for i in range(count)]
    schema = arrow_schema(COLUMNS)
    table = pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)
    dataset = Dataset("trees", Text("나무", "Trees"), "부산광역시", "KOGL-1", "trees")
    return Publication(dataset, COLUMNS, table, REJECTS.empty_table())


@settings(max_examples=5, deadline=None)
@given(order=ORDERS, filters=FILTERS, limit=st.integers(2, 9), indexed=st.sampled_from([(), (0,), (0, 1)]))
def test_each_row_comes_once_while_new_snapshots_are_published(order, filters, limit, indexed):
    with TemporaryDirectory() as folder:
        home = Path(folder)
        url = f"sqlite:///{home / 'c.db'}"
        upgrade(url)
        catalogue = open_catalogue(
            url, home / "storage", Embedded(home / "search"), index_folder=home / "derived"
        )

        def publish(count, number):
            new = publication(count)
            run = Run(f"r{number}", "trees", "trees", "running", started=NOW, read=count, published=count)
            catalogue.publish(new, run)

        publish(25, 0)
        begun = catalogue.snapshot("trees")
        whole = catalogue.rows("trees", RowQuery(filters=filters, order=order, limit=1_000))
        seen, cursor, number = [], None, 0
        while True:
            if number in indexed:  # The row index comes to stand in the middle of a walk.
                catalogue.build_index(begun)
            page = catalogue.rows("trees", RowQuery(filters=filters, order=order, limit=limit, cursor=cursor))
            assert page.snapshot == begun.id
            seen += [row[0] for row in page.values]
            cursor, number = page.next, number + 1
            if cursor is None:
                break
            publish(25 + number, number)
        assert seen == [row[0] for row in whole.values]
        assert len(set(seen)) == len(seen)
        catalogue.close()
