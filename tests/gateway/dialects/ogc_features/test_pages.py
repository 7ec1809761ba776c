"""Pages of features: walked once each, by cursor or offset, with links that keep what was asked; 304s."""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from ogc_city import ODD_IDS, SEOUL, facilities, land, opened

from config.migrations import upgrade

ITEMS = "/ogc/collections/facilities/items"


def local(link: str) -> str:
    return link.removeprefix("http://localhost")


def next_of(body) -> str | None:
    return next((local(each["href"]) for each in body["links"] if each["rel"] == "next"), None)


def ids(body) -> list[str]:
    return [each["id"] for each in body["features"]]


@pytest.mark.parametrize(
    "asked", ["limit=777", "limit=200&종류=병원", "limit=333&bbox=129.0,35.1,129.1,35.2"]
)
def test_walking_next_gives_each_feature_once(house, asked):
    path, seen, matched = f"{ITEMS}?{asked}", [], None
    while path:
        body = house.json(path)
        matched = matched or body["numberMatched"]
        seen += ids(body)
        path = next_of(body)
    assert len(seen) == len(set(seen)) == matched


def test_next_keeps_every_parameter_as_it_was(house):
    uri = "http://www.opengis.net/def/crs/EPSG/0/5187"
    asked = (
        f"limit=10&bbox=129,35.100000000000001,129.2,35.3&crs={uri}&종류=병원&properties=종류,면적&lang=en"
    )
    body = house.json(f"{ITEMS}?{asked}")
    following = next_of(body)
    for piece in (f"crs={uri}", "bbox=129,35.100000000000001,129.2,35.3", "limit=10", "lang=en"):
        assert piece in following
    assert quote("종류") in following
    again = house.json(following)
    assert list(again["features"][0]["properties"]) == ["종류", "면적"]
    assert again["features"][0]["geometry"]["coordinates"][0] > 180


def test_offset_gives_the_same_pages_as_the_cursor_and_goes_on_by_it(house):
    first = house.json(f"{ITEMS}?limit=50")
    second = house.json(next_of(first))
    skipped = house.json(f"{ITEMS}?limit=50&offset=50")
    assert ids(skipped) == ids(second)
    assert skipped["numberMatched"] == 3_000
    assert "offset" not in next_of(skipped)
    assert ids(house.json(next_of(skipped))) == ids(house.json(next_of(second)))


def test_an_offset_behind_the_end_is_an_empty_page(house):
    body = house.json(f"{ITEMS}?offset=5000")
    assert (body["features"], body["numberReturned"], body["numberMatched"]) == ([], 0, 3_000)
    assert next_of(body) is None


def test_links_stand_in_the_head_as_in_the_body(house):
    answer = house.get(f"{ITEMS}?limit=3")
    told = answer.headers["Link"]
    for each in answer.get_json(force=True)["links"]:
        assert f'<{each["href"]}>; rel="{each["rel"]}"; type="{each["type"]}"' in told


def test_what_a_client_has_is_not_sent_again(house):
    for path in (
        f"{ITEMS}?limit=3",
        f"{ITEMS}/F000001",
        "/ogc/collections",
        "/ogc/api",
        "/ogc/collections/edges/schema",
    ):
        answer = house.get(path)
        etag = answer.headers["ETag"]
        again = house.get(path, If_None_Match=etag)
        assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", etag)
        assert house.get(path, If_None_Match='W/"other"').status_code == 200


def test_a_tag_is_of_one_question_in_one_form(house):
    paths = (
        f"{ITEMS}?limit=3",
        f"{ITEMS}?limit=4",
        f"{ITEMS}?limit=3&f=html",
        f"{ITEMS}?limit=3&f=json&crs=EPSG:5187",
    )
    assert len({house.get(path).headers["ETag"] for path in paths}) == 4


def test_a_page_of_a_named_snapshot_is_the_same_for_ever_and_its_tag_is_strong(house):
    snapshot = house.get(ITEMS).headers["X-Snapshot"]
    path = f"{ITEMS}?limit=3&snapshot={snapshot}"
    first, other = house.get(path), house.get(path, Cache_Control="no-cache")
    assert first.data == other.data
    assert "timeStamp" not in first.get_json(force=True)
    assert first.headers["ETag"].startswith('"')
    assert "immutable" in first.headers["Cache-Control"]
    known = house.get(path, If_None_Match=first.headers["ETag"], Cache_Control="no-cache")
    assert (known.status_code, known.headers["ETag"]) == (304, first.headers["ETag"])


def test_a_page_of_now_says_when_it_was_made_and_its_tag_is_weak(house):
    answer = house.get(f"{ITEMS}?limit=3")
    assert answer.get_json(force=True)["timeStamp"]
    assert answer.headers["ETag"].startswith('W/"')


def test_one_feature_has_nothing_of_the_instant_and_a_strong_tag(house):
    first, other = (house.get(f"{ITEMS}/F000001", Cache_Control=told) for told in ("", "no-cache"))
    assert (first.data, first.headers["ETag"]) == (other.data, other.headers["ETag"])
    assert first.headers["ETag"].startswith('"')


def test_head_is_answered_as_get(house):
    from werkzeug.test import Client

    answer = Client(house.gate).head(f"{ITEMS}?limit=3", environ_base={"REMOTE_ADDR": "127.0.0.1"})
    assert (answer.status_code, answer.data) == (200, b"")
    assert answer.headers["Content-Crs"]


@pytest.mark.parametrize("odd", [*ODD_IDS, "tower", "nowhere"])
def test_a_feature_is_found_by_an_id_of_any_letters(house, odd):
    body = house.json(f"/ogc/collections/edges/items/{quote(odd, safe='')}")
    assert body["id"] == odd
    own = next(each["href"] for each in body["links"] if each["rel"] == "self")
    assert house.json(local(own))["id"] == odd


def test_a_feature_that_is_not_there_is_not_found(house):
    answer = house.get(f"{ITEMS}/nobody")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize("rest", ["", "/items", "/items/x", "/schema", "/queryables"])
def test_a_collection_that_is_not_there_is_not_found(house, rest):
    answer = house.get(f"/ogc/collections/nobody{rest}")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


def test_a_walk_goes_on_in_its_snapshot_while_a_new_one_is_published(tmp_path):
    upgrade(f"sqlite:///{tmp_path / 'entrepot.db'}")
    with opened(tmp_path) as house:
        land(house.catalogue, facilities(30))
        body = house.json(f"{ITEMS}?limit=20")
        land(house.catalogue, facilities(10))
        rest = house.json(next_of(body))
        assert (len(rest["features"]), rest["numberMatched"]) == (10, 30)
        assert house.json(ITEMS)["numberMatched"] == 10
        named = house.get(ITEMS).headers["X-Snapshot"]
        assert house.json(f"{ITEMS}?snapshot={named}&limit=1")["numberMatched"] == 10
        now = datetime.now(UTC).astimezone(SEOUL).isoformat()
        assert house.json(f"{ITEMS}?as_of={quote(now)}")["numberMatched"] == 10


def test_links_begin_with_the_public_address(tmp_path):
    upgrade(f"sqlite:///{tmp_path / 'entrepot.db'}")
    with opened(tmp_path, public_url="https://data.city.example") as house:
        land(house.catalogue, facilities(3))
        for path in ("/ogc/", "/ogc/collections", f"{ITEMS}?limit=1", f"{ITEMS}/F000001"):
            assert all(
                each["href"].startswith("https://data.city.example/") for each in house.json(path)["links"]
            )
        assert house.json("/ogc/api")["servers"][0]["url"] == "https://data.city.example/ogc"


def test_callers_have_the_limits_of_their_plan_and_know_them(tmp_path):
    upgrade(f"sqlite:///{tmp_path / 'entrepot.db'}")
    with opened(tmp_path, plan="anonymous") as house:
        land(house.catalogue, facilities(3))
        assert "q=30" in house.get("/ogc/").headers["RateLimit-Policy"]
        statuses = [house.get(ITEMS).status_code for _ in range(31)]
        assert (statuses[0], statuses[-1]) == (200, 429)


def test_a_key_that_opens_nothing_is_refused(house):
    assert house.get(ITEMS, Authorization="Bearer nonsense").status_code == 401
