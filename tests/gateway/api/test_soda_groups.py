"""sodapy asks for groups: their figures, which of them, spans and parts of times."""

from __future__ import annotations

import pytest


def test_groups_and_their_figures(socrata):
    found = socrata.get(
        "parks", select="district, count(*) as n, sum(capacity), max(area) as largest", group="district",
        order="n desc, district", where="capacity >= 0",
    )  # fmt: skip
    assert [(row["district"], row["n"]) for row in found] == [("중구", "9"), ("서구", "8"), ("동구", "7")]
    assert found[0]["sum_capacity"] == str(sum(range(0, 250, 30)))
    assert socrata.get("parks", select="count(*)") == [{"count": "25"}]
    assert socrata.get("parks", select="count(capacity) as c, avg(area)") == [{"c": "24", "avg_area": "3.0"}]
    assert [r["district"] for r in socrata.get("parks", select="distinct district", order="district")] == [
        "동구", "서구", "중구",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("having", "expected"),
    [
        ("n > 7", ["서구", "중구"]),
        ("sum(capacity) < 1000 or n = 9", ["동구", "중구"]),
        ("not district like '중%' and 8 >= n", ["동구", "서구"]),
        ("district in ('중구', '서구') and avg(area) between 2.9 and 3", ["중구"]),
        ("max(checked) > '2026-03-02T08:00:00' and n != 9", ["서구"]),
        ("max(checked) > '2027-01-01'", []),
        ("min(capacity) is null", []),
    ],
)
def test_groups_are_chosen_by_their_figures(socrata, having, expected):
    asked = {"select": "district, count(capacity) as n", "group": "district", "order": "district"}
    # sodapy has no word of its own for it, and passes on what it does not know.
    assert [r["district"] for r in socrata.get("parks", **{"$having": having}, **asked)] == expected


def test_groups_that_are_chosen_come_in_pages_and_in_one_query(socrata):
    asked = {"group": "district", "order": "district", "$having": "count(*) > 1"}
    assert socrata.get("parks", limit=1, offset=1, **asked) == [{"district": "서구"}]
    query = "select district group by district having count(*) between 8 and 8 order by district"
    assert socrata.get("parks", query=query) == [{"district": "동구"}, {"district": "서구"}]
    assert socrata.get("parks", select="count(*)", **{"$having": "count(*) > 25"}) == []


def test_groups_by_parts_of_time(socrata):
    found = socrata.get(
        "parks", group="y, dow", order="y, dow",
        select="date_extract_y(since) as y, date_extract_dow(since) as dow, count(*) as n",
    )  # fmt: skip
    assert [(row["y"], row["dow"], row["n"]) for row in found] == [
        ("2026", str(day), "4" if day < 4 else "3") for day in range(7)
    ]
    hours = socrata.get(
        "parks", select="date_extract_hh(checked), median(capacity)",
        group="date_extract_hh(checked)", **{"$having": "date_extract_hh_checked = 9"},
    )  # fmt: skip
    assert hours == [{"date_extract_hh_checked": "9", "median_capacity": "120.0"}]
    days = socrata.get(
        "parks", select="date_trunc_ymd(checked) as day, date_extract_y(since) as y, sum(capacity)",
        group="day, y", order="day",
    )  # fmt: skip
    assert [(row["day"][:10], row["y"]) for row in days] == [("2026-03-01", "2026"), ("2026-03-02", "2026")]


def test_groups_by_spans_of_time_and_in_pages(socrata):
    found = socrata.get("parks", select="date_trunc_ymd(checked) as day, count(*)", group="day", order="day")
    assert found == [
        {"day": "2026-03-01T00:00:00.000", "count": "15"},
        {"day": "2026-03-02T00:00:00.000", "count": "10"},
    ]
    second = socrata.get(
        "parks", select="district,count(*)", group="district", order="district", limit=1, offset=1
    )
    assert [row["district"] for row in second] == ["서구"]


def test_a_whole_query_in_one(socrata):
    asked = "SELECT id, capacity AS c WHERE capacity > 100 ORDER BY c DESC LIMIT 2 OFFSET 1"
    assert socrata.get("parks", query=asked) == [{"id": "P023", "c": "230"}, {"id": "P022", "c": "220"}]
    grouped = "select district, count(*) as n where open group by district order by n desc, district limit 1"
    assert socrata.get("parks", query=grouped) == [{"district": "중구", "n": "5"}]
