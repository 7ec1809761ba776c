"""A mirror is three lines: apply what changed, keep the cursor, ask again."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta

import pyarrow.parquet as pq
import pytest
from published import places

PATH = "/api/v1/datasets/parks/changes"


def lines(answer) -> list:
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_changes_are_told_line_by_line_and_the_last_gives_the_cursor(house):
    before = house.catalogue.snapshot("parks").id
    house.publish(places(24), "r-less")
    answer = house.get(f"{PATH}?since={before}")
    head, *rows, last = lines(answer)
    assert head["since"] == before
    assert head["counts"] == {"inserted": 0, "updated": 0, "deleted": 1}
    assert [(row["_change"], row["_id"]) for row in rows] == [("deleted", "P024")]
    assert last == {"cursor": answer.headers["X-Cursor"], "more": False}
    assert "Link" not in answer.headers
    assert lines(house.get(f"{PATH}?since={last['cursor']}"))[1:] == [last]


def test_a_mirror_walks_page_by_page_and_link_leads_on(house):
    before = house.catalogue.snapshot("parks").id
    house.publish(places(9, prefix="Q"), "r-other")
    seen, url = [], f"{PATH}?since={before}&limit=10"
    while url:
        answer = house.get(url)
        _, *rows, last = lines(answer)
        assert len(rows) <= 10
        seen += [(row["_change"], row["_id"]) for row in rows]
        link = answer.headers.get("Link")
        assert bool(link) == last["more"]
        url = link and link[1 : link.index(">")].removeprefix("http://localhost")
    assert len(seen) == len(set(seen)) == 9 + 25


def test_the_same_as_parquet_says_in_its_metadata_what_the_first_line_says(house):
    before = house.catalogue.snapshot("parks").id
    house.publish(places(30), "r-more")
    answer = house.get(f"{PATH}?since={before}&format=parquet&limit=4")
    table = pq.read_table(io.BytesIO(answer.data))
    head = json.loads(table.schema.metadata[b"entrepot"])
    assert head["counts"] == {"inserted": 5, "updated": 0, "deleted": 0}
    assert table["_change"].to_pylist() == ["inserted"] * 4
    assert table.column_names[:3] == ["_change", "_changed", "_id"]
    rest = pq.read_table(
        io.BytesIO(house.get(f"{PATH}?since={answer.headers['X-Cursor']}&format=parquet").data)
    )
    ids = table["_id"].to_pylist() + rest["_id"].to_pylist()
    assert sorted(ids) == [f"P{n:03}" for n in range(25, 30)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400), ("?since=", 400), ("?since=none", 404), ("?sinc=x", 400), ("?since=~none", 400),
        ("?since=x&limit=0", 400), ("?since=x&limit=100001", 400), ("?since=x&format=csv", 400),
    ],
)  # fmt: skip
def test_changes_since_nothing_are_refused(still, query, status):
    assert still.get(f"{PATH}{query}").status_code == status


def test_changes_no_longer_known_are_gone_and_the_snapshot_to_load_is_named(open_house):
    now = [datetime.now(UTC)]
    with open_house(clock=lambda: now[0]) as house:
        before = house.catalogue.snapshot("parks").id
        cursor = house.get(f"{PATH}?since={before}").headers["X-Cursor"]
        for number in range(12):
            now[0] += timedelta(days=5)
            house.publish(places(number + 1), f"r-{number}")
        house.catalogue.collect_garbage({"parks": timedelta(days=1)})
        answer = house.get(f"{PATH}?since={cursor}")
        assert (answer.status_code, answer.json["type"]) == (410, "/problems/snapshot-gone")
        current = house.catalogue.snapshot("parks").id
        assert answer.headers["X-Snapshot"] == current
        assert current in answer.json["detail"]


def test_rows_of_changes_are_counted_in_the_usage_of_the_key(house, key):
    before = house.catalogue.snapshot("parks").id
    house.publish(places(30), "r-more")
    house.get(f"{PATH}?since={before}", key=key)
    usage = house.get("/api/v1/usage", key=key).json
    assert (usage["requests"], usage["rows"]) == (1, 5)
