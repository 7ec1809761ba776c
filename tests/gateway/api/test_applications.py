"""Applications, keys, usage and runs: each only for those who may."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

ROWS = "/api/v1/datasets/parks/rows"
LEE = {"email": "lee@example.org", "password": "long enough a password"}
KIM = {"email": "kim@example.org", "password": "a few words make a good one"}


def kind(answer):
    return answer.status_code, answer.json["type"].removeprefix("/problems/")


@pytest.fixture
def browser(house):
    """A client that keeps cookies, as a page does."""
    client = Client(house.gate)
    assert client.post("/api/v1/sessions", json=KIM).status_code == 201
    return client


def test_only_who_is_signed_in_may_make_and_see_applications(house, key):
    for method, path in [
        ("POST", "/api/v1/applications"),
        ("GET", "/api/v1/applications"),
        ("GET", "/api/v1/people/me"),
        ("DELETE", "/api/v1/sessions"),
        ("POST", "/api/v1/applications/x/keys"),
        ("GET", "/api/v1/applications/x/keys"),
        ("DELETE", "/api/v1/keys/x"),
        ("POST", "/api/v1/feeds/parks/runs"),
    ]:
        for credential in (None, key):
            body = (
                {"json": {"name": "x"} if path.endswith("applications") else {}} if method == "POST" else {}
            )
            answer = house.ask(path, method=method, key=credential, **body)
            assert kind(answer) == (401, "sign-in-needed"), (method, path)
            assert answer.headers["WWW-Authenticate"]


def test_an_application_has_a_name_of_its_own(house, session):
    assert house.post("/api/v1/applications", {"name": "bus"}, key=session).status_code == 201
    assert kind(house.post("/api/v1/applications", {"name": "bus"}, key=session)) == (409, "already-exists")
    for body in (
        {"name": ""},
        {"name": "a" * 101},
        {"name": "x", "plan": "internal"},
        {"name": "x", "owner": "y"},
    ):
        assert kind(house.post("/api/v1/applications", body, key=session)) == (400, "bad-input")


def test_a_key_ends_when_it_was_told_to(house, session):
    house.post("/api/v1/applications", {"name": "bus"}, key=session)
    path = "/api/v1/applications/bus/keys"
    made = house.post(path, {"expires": "2099-01-01T09:00:00+09:00"}, key=session)
    assert made.json["expires"] == "2099-01-01T00:00:00Z"
    assert house.post(path, {"expires": None}, key=session).json["expires"] is None
    for expires in ("2001-01-01", "soon", 5, "9999-12-31T23:59:59-23:00"):
        answer = house.post(path, {"expires": expires}, key=session)
        assert kind(answer) == (400, "bad-input"), expires
        assert answer.json["errors"][0]["where"] == "expires"


def test_what_is_someone_elses_is_as_if_it_were_not(house, session):
    house.post("/api/v1/applications", {"name": "bus"}, key=session)
    kid = house.post("/api/v1/applications/bus/keys", {}, key=session).json["kid"]
    lee = house.post("/api/v1/people", LEE).json["token"]
    for method, path in [
        ("POST", "/api/v1/applications/bus/keys"),
        ("GET", "/api/v1/applications/bus/keys"),
        ("DELETE", f"/api/v1/keys/{kid}"),
        ("GET", "/api/v1/usage?application=bus"),
    ]:
        body = {"json": {}} if method == "POST" else {}
        mine = house.ask(path, method=method, key=lee, **body)
        none = house.ask(path.replace("bus", "nil").replace(kid, "nil"), method=method, key=lee, **body)
        assert kind(mine) == kind(none) == (404, "not-found")
    assert house.items("/api/v1/applications", key=lee) == []
    assert house.get(ROWS, key=session).status_code == 200


def test_usage_asked_with_a_key_is_its_applications(house, make_key):
    first, other = make_key("first"), make_key("other")
    for _ in range(3):
        house.get(f"{ROWS}?limit=7", key=first)
    house.get("/api/v1/datasets", key=first)
    house.get(ROWS, key=other)
    used = house.get("/api/v1/usage", key=first)
    assert (used.status_code, used.headers["Cache-Control"]) == (200, "no-store")
    body = used.json
    assert (body["requests"], body["rows"], body["refused"]) == (4, 21, 0)
    assert body["bytes"] > 1000
    assert [day["requests"] for day in body["by_day"]] == [4]
    assert {route["route"]: route["requests"] for route in body["by_route"]} == {
        "/api/v1/datasets": 1,
        "/api/v1/datasets/{dataset}/rows": 3,
    }
    burst, day = body["limits"]
    # Asking for usage spends of the limits, though it is not counted as use.
    assert burst == {
        "name": "burst",
        "quota": 100_000,
        "window": 60,
        "remaining": 99_995,
        "reset": burst["reset"],
    }
    assert (day["name"], day["window"], day["remaining"]) == ("day", 86_400, 999_995)
    assert 0 < burst["reset"] <= 61
    assert house.get("/api/v1/usage", key=first).json["requests"] == 4


def test_usage_is_shown_to_who_is_signed_in(house, session, make_key, browser):
    key = make_key("first")
    house.get(ROWS, key=key)
    for body in (
        house.get("/api/v1/usage?application=first", key=session).json,
        browser.get("/api/v1/usage").json,
    ):
        assert (body["requests"], body["limits"][0]["remaining"]) == (1, 99_999)
    assert kind(house.get("/api/v1/usage")) == (401, "key-needed")
    assert kind(house.get("/api/v1/usage?application=", key=session)) == (400, "bad-input")
    assert kind(house.get("/api/v1/usage?application=other", key=key)) == (404, "not-found")


def test_usage_of_a_plan_without_limits_names_none(house, make_key):
    assert house.get("/api/v1/usage", key=make_key("inside", "internal")).json["limits"] == []


def test_a_run_is_asked_for_by_a_steward(house, session):
    steward = house.clients.sign_in("steward@example.org", KIM["password"])
    path = "/api/v1/feeds/parks/runs"
    assert kind(house.ask(path, method="POST", key=session)) == (403, "not-allowed")
    asked = house.ask(path, method="POST", key=steward)
    assert (asked.status_code, house.catalogue.queue()[0].run) == (202, asked.json["run"])
    assert house.catalogue.queue()[0].trigger == "portal"
    assert house.ask(path, method="POST", key=steward).json == asked.json
    assert kind(house.ask("/api/v1/feeds/prks/runs", method="POST", key=steward)) == (404, "not-found")
