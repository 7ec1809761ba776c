"""Walks from page to page, and snapshots by name and by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlsplit

PARKS = "/api/v1/datasets/parks/rows"
AIR = "/api/v1/datasets/air/rows"


def ids(house, query="", path=PARKS):
    return [row["_id"] for row in house.items(f"{path}?{query}")]


def faults(house, query, path=PARKS):
    answer = house.get(f"{path}?{query}")
    assert answer.status_code == 400, answer.text
    assert answer.mimetype == "application/problem+json"
    assert answer.json["type"] == "/problems/bad-input"
    return {error["where"]: f"{error['what']}; {error.get('hint', '')}" for error in answer.json["errors"]}


def test_a_walk_meets_every_row_once_while_a_new_snapshot_is_published(house, places):
    answer = house.get(f"{PARKS}?limit=4&order=-capacity&format=json&select=id")
    seen, first, pages = [], answer.json["snapshot"], 0
    while True:
        seen += [row["_id"] for row in answer.json["items"]]
        assert answer.json["snapshot"] == first
        pages += 1
        following = answer.json.get("next")
        assert (f'<{following}>; rel="next"' if following else None) == answer.headers.get("Link")
        if not following:
            break
        assert following.startswith("http://localhost/api/v1/datasets/parks/rows?")
        kept = dict(parse_qsl(urlsplit(following).query))
        assert {"limit": "4", "order": "-capacity", "format": "json", "select": "id"}.items() <= kept.items()
        if pages == 2:
            house.publish(places(3, prefix="N"), "r-new")
        answer = house.get(following)
    assert pages == 7
    assert sorted(seen) == [f"P{n:03}" for n in range(25)]
    assert ids(house) == ["N000", "N001", "N002"]


def test_next_carries_korean_and_signs_as_they_were_asked(still):
    query = "name__startswith=%EA%B3%B5%EC%9B%90&checked__gte=2026-03-01T09:00:00+09:00&limit=3"
    following = still.get(f"{PARKS}?{query}").json["next"]
    kept = dict(parse_qsl(urlsplit(following).query))
    assert kept["name__startswith"] == "공원"
    assert len(still.get(following).json["items"]) == 3


def test_next_is_under_the_public_url(open_house):
    with open_house(public_url="https://data.city.example/open") as house:
        answer = house.get(f"{PARKS}?limit=3")
    assert answer.json["next"].startswith(
        "https://data.city.example/open/api/v1/datasets/parks/rows?limit=3&"
    )


def test_next_never_carries_a_credential(house, key):
    answer = house.get(f"{PARKS}?limit=3&apikey={key}")
    assert answer.status_code == 200
    assert "key" not in answer.json["next"]


def test_a_cursor_is_good_for_one_question(still):
    cursor = dict(parse_qsl(urlsplit(still.get(f"{PARKS}?limit=3").json["next"]).query))["cursor"]
    assert ids(still, f"limit=2&cursor={cursor}") == ["P003", "P004"]
    for other in (f"cursor={cursor}&open=true", f"cursor={cursor}&order=name"):
        assert "filters" in faults(still, other)["cursor"]
    tampered = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    assert "filters" in faults(still, f"cursor={tampered}")["cursor"]
    assert "another dataset" in faults(still, f"cursor={cursor}", AIR)["cursor"]
    assert "another snapshot" in faults(still, f"cursor={cursor}&snapshot=other")["cursor"]


def test_a_replaced_snapshot_is_read_by_name_and_by_time(house, places):
    before = house.get(f"{PARKS}?limit=1").json["snapshot"]
    created = house.catalogue.snapshot("parks").created
    house.publish(places(2, prefix="N"), "r-new")
    assert ids(house, f"snapshot={before}&limit=1") == ["P000"]
    moment = (created + timedelta(microseconds=1)).isoformat().replace("+", "%2B")
    assert ids(house, f"as_of={moment}&limit=1") == ["P000"]
    assert ids(house) == ["N000", "N001"]
    both = faults(house, f"snapshot={before}&as_of={moment}")
    assert "second snapshot" in both["as_of"]


def test_a_snapshot_is_read_with_its_own_columns(house, places):
    before = house.get(f"{PARKS}?limit=1").json["snapshot"]
    publication = places(2)
    kept = [column for column in publication.columns if column.name != "capacity"]
    narrower = type(publication)(
        publication.dataset, tuple(kept), publication.rows.drop_columns(["capacity"]), publication.rejects
    )
    house.publish(narrower, "r-new")
    assert ids(house, f"snapshot={before}&capacity=30") == ["P003"]
    assert "neither a parameter nor a column" in faults(house, "capacity=30")["capacity"]


def test_a_snapshot_that_is_no_longer_kept_is_410(open_house, places):
    with open_house() as house:
        before = house.get(f"{PARKS}?limit=3").json
        for number in range(12):
            house.publish(places(2), f"r-{number}")
    with open_house(clock=lambda: datetime.now(UTC) + timedelta(days=40)) as house:
        assert house.catalogue.collect_garbage({}) > 0
        for path in (f"{PARKS}?snapshot={before['snapshot']}", before["next"]):
            answer = house.get(path)
            assert (answer.status_code, answer.json["type"]) == (410, "/problems/snapshot-gone")
        assert ids(house) == ["P000", "P001"]
