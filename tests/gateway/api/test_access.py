"""Sign up, make an application and a key, use it, revoke it; and nothing of anyone else's."""

from __future__ import annotations

import time

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


def test_from_signing_up_to_a_key_that_is_revoked(house):
    made = house.post("/api/v1/people", LEE)
    assert made.status_code == 201
    assert (made.json["email"], made.json["role"]) == ("lee@example.org", "developer")
    assert made.json["created"].endswith("Z")
    assert "password" not in made.text
    session = made.json["token"]
    assert house.get("/api/v1/people/me", key=session).json["email"] == "lee@example.org"

    application = house.post("/api/v1/applications", {"name": "정류장 안내"}, key=session)
    assert (application.status_code, application.json["plan"]) == (201, "free")
    id = application.json["id"]
    assert house.items("/api/v1/applications", key=session) == [application.json]

    key = house.post(f"/api/v1/applications/{id}/keys", {"label": "first"}, key=session)
    assert (key.status_code, key.headers["Cache-Control"]) == (201, "no-store")
    text, kid = key.json["key"], key.json["kid"]
    (listed,) = house.items(f"/api/v1/applications/{id}/keys", key=session)
    assert text not in str(listed)
    assert (listed["kid"], listed["label"], listed["revoked"]) == (kid, "first", None)

    answer = house.get(ROWS, key=text)
    assert (answer.status_code, '"day"' in answer.headers["RateLimit"]) == (200, True)
    assert house.ask(f"/api/v1/keys/{kid}", method="DELETE", key=session).status_code == 204
    until = time.monotonic() + 2
    while house.get(ROWS, key=text).status_code == 200 and time.monotonic() < until:
        time.sleep(0.1)
    answer = house.get(ROWS, key=text)
    assert kind(answer) == (401, "invalid-credential")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    (listed,) = house.items(f"/api/v1/applications/{id}/keys", key=session)
    assert listed["revoked"].endswith("Z")
    assert house.ask(f"/api/v1/keys/{kid}", method="DELETE", key=session).status_code == 204


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"email": "nobody"}, "email"),
        ({"email": ""}, "email"),
        ({"email": 5}, "email"),
        ({"email": None}, "email"),
        ({"email": "a\u0000b@example.org"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "x" * 1001}, "password"),
        ({"password": ["a", "b"]}, "password"),
        ({"name": "a" * 121}, "name"),
        ({"name": "a\u202eb"}, "name"),
        ({"role": "operator"}, "role"),
        ({"id": "per_1"}, "id"),
        ({"emial": "x"}, "emial"),
    ],
)
def test_a_sign_up_with_a_fault_is_told_where(still, change, where):
    answer = still.post("/api/v1/people", LEE | change)
    assert kind(answer) == (400, "bad-input")
    assert [error["where"] for error in answer.json["errors"]] == [where]


def test_what_is_missing_is_named(still):
    answer = still.post("/api/v1/people", {})
    assert {error["where"] for error in answer.json["errors"]} == {"email", "password"}


def test_an_address_signs_up_once(house):
    assert kind(house.post("/api/v1/people", KIM)) == (409, "already-exists")
    assert kind(house.post("/api/v1/people", KIM | {"email": " Kim@Example.org "})) == (409, "already-exists")


def test_a_wrong_password_and_a_stranger_are_told_the_same(house):
    wrong = house.post("/api/v1/sessions", KIM | {"password": "another password"})
    stranger = house.post("/api/v1/sessions", KIM | {"email": "nobody@example.org"})
    assert kind(wrong) == kind(stranger) == (401, "wrong-password")
    assert wrong.json["detail"] == stranger.json["detail"]
    assert wrong.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    ("body", "content_type", "answered"),
    [
        (b'{"email": "a@b.kr"}', "text/plain", (415, "not-json")),
        (b"email=a", "application/x-www-form-urlencoded", (415, "not-json")),
        (b"{}", "", (415, "not-json")),
        (b"{", "application/json", (400, "bad-input")),
        (b"[]", "application/json", (400, "bad-input")),
        (b"null", "application/json", (400, "bad-input")),
        (b"", "application/json", (400, "bad-input")),
        (b"\xff\xfe", "application/json", (400, "bad-input")),
        (b"[" * 100_000, "application/json", (400, "bad-input")),
        (b'{"email": NaN}', "application/json", (400, "bad-input")),
        (b'{"email": "\\ud800"}', "application/json", (400, "bad-input")),
        (b'{"email": "' + b"a" * (1 << 20) + b'"}', "application/json", (413, "too-large")),
    ],
)
def test_a_body_that_is_no_json_object_is_refused(still, body, content_type, answered):
    for path in ("/api/v1/people", "/api/v1/sessions"):
        answer = still.ask(path, method="POST", data=body, content_type=content_type)
        assert kind(answer) == answered


def test_json_with_parameters_in_its_type_is_json(house):
    answer = house.ask(
        "/api/v1/sessions",
        method="POST",
        data=b'{"email": "kim@example.org", "password": "a few words make a good one"}',
        content_type="application/json; charset=utf-8",
    )
    assert answer.status_code == 201


def test_signing_out_ends_the_session_that_came_as_a_token(house, session):
    assert house.ask("/api/v1/sessions", method="DELETE", key=session).status_code == 204
    time.sleep(1.05)
    assert kind(house.get("/api/v1/people/me", key=session)) == (401, "invalid-credential")


def test_signing_out_ends_the_session_that_came_as_a_cookie(house, browser):
    cookie = browser.get_cookie("entrepot_session")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site) == (True, "Lax")
    assert browser.get("/api/v1/people/me").status_code == 200
    assert browser.delete("/api/v1/sessions").status_code == 204
    assert browser.get_cookie("entrepot_session") is None
    browser.set_cookie("entrepot_session", cookie.value)
    assert browser.get("/api/v1/people/me").status_code == 401


def test_the_cookie_is_for_secure_lines_where_the_public_comes_by_https(open_house):
    with open_house(public_url="https://data.city.example") as house:
        answer = house.post("/api/v1/sessions", KIM)
    assert "Secure" in answer.headers["Set-Cookie"]


def test_what_another_sites_page_sends_with_a_cookie_is_refused(house, browser):
    for headers, status in [
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:81"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://localhost"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({}, 201),
    ]:
        name = f"app {headers}"
        answer = browser.post("/api/v1/applications", json={"name": name}, headers=headers)
        assert answer.status_code == status, headers
        if status == 403:
            assert answer.json["type"] == "/problems/foreign-origin"
    assert browser.delete("/api/v1/sessions", headers={"Origin": "https://evil.example"}).status_code == 403


def test_our_own_pages_may_stand_below_a_path(open_house):
    with open_house(public_url="https://city.example/data") as house:
        browser = Client(house.gate)
        browser.post("/api/v1/sessions", json=KIM, base_url="https://localhost")
        answer = browser.post(
            "/api/v1/applications",
            json={"name": "x"},
            base_url="https://localhost",
            headers={"Origin": "https://city.example"},
        )
    assert answer.status_code == 201


def test_a_token_needs_no_origin(house, session):
    headers = {"Origin": "https://app.example"}
    assert house.post("/api/v1/applications", {"name": "x"}, key=session, headers=headers).status_code == 201


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


@pytest.mark.parametrize("credential", ["ek_live_x", "", "키", "Basic abc"])
def test_a_credential_that_is_none_is_never_anonymous(house, credential):
    for headers in ({"Authorization": f"Bearer {credential}"}, {"X-API-Key": credential}):
        encoded = {name: value.encode().decode("latin-1") for name, value in headers.items()}
        answer = house.get(ROWS, headers=encoded)
        assert kind(answer) == (401, "invalid-credential")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_credentials_that_disagree_are_refused(house, make_key):
    first, other = make_key("first"), make_key("other")
    answer = house.get(ROWS, key=first, headers={"X-API-Key": other})
    assert kind(answer) == (400, "bad-input")
    assert house.get(ROWS, key=first, headers={"X-API-Key": first}).status_code == 200
    assert house.get(f"{ROWS}?apikey={first}").status_code == 200
