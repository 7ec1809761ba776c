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
