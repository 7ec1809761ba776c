"""A token does what it was made for, and is told what it lacks for the rest."""

from __future__ import annotations

import pytest

ROWS = [
    "/api/v1/datasets/parks/rows",
    "/api/v1/datasets/parks/rows?limit=0",
    "/api/v1/datasets/parks/download.csv",
    "/api/v1/datasets/parks/rejects",
]
CATALOGUE = [
    "/api/v1/datasets",
    "/api/v1/datasets/autocomplete?q=a",
    "/api/v1/datasets/parks",
    "/api/v1/datasets/parks/schema",
    "/api/v1/datasets/parks/snapshots",
    "/api/v1/datasets/parks/runs",
    "/api/v1/feeds",
]


@pytest.fixture
def token(house, make_key):
    """Changes the key of one application for a token with these scopes."""
    key = make_key("token-app")
    application = house.clients.application("token-app").id

    def make(scope=None):
        form = {"grant_type": "client_credentials", "client_id": application, "client_secret": key}
        answer = house.ask("/oauth/token", method="POST", data=form | ({"scope": scope} if scope else {}))
        assert answer.status_code == 200, answer.text
        return answer.json["access_token"]

    return make


def test_a_token_with_all_scopes_reads_rows_and_usage_as_its_application(house, token):
    text = token()
    assert house.get(ROWS[0], key=text).status_code == 200
    used = house.get("/api/v1/usage", key=text).json
    assert [route["route"] for route in used["by_route"]] == ["/api/v1/datasets/{dataset}/rows"]


def test_a_token_for_the_catalogue_alone_is_refused_rows(house, token):
    text = token("catalogue:read")
    assert {house.get(path, key=text).status_code for path in CATALOGUE} == {200}
    for path in ROWS:
        answer = house.get(path, key=text)
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/insufficient-scope")
        challenge = 'Bearer realm="entrepot", error="insufficient_scope", scope="rows:read"'
        assert answer.headers["WWW-Authenticate"] == challenge
        assert "rows:read" in answer.json["detail"]


def test_a_token_for_rows_alone_is_refused_the_catalogue_and_usage(house, token):
    text = token("rows:read")
    assert house.get(ROWS[0], key=text).status_code == 200
    for path in [*CATALOGUE, "/api/v1/usage"]:
        answer = house.get(path, key=text)
        assert (answer.status_code, answer.json["type"]) == (403, "/problems/insufficient-scope")


def test_a_key_has_the_scopes_of_its_plan(house, make_key):
    key = make_key("blind", "blind")
    assert house.get(CATALOGUE[0], key=key).status_code == 200
    assert house.get(ROWS[0], key=key).status_code == 403


def test_where_nobody_reads_rows_without_a_key_one_is_asked_for(open_house):
    with open_house(anonymous="blind") as house:
        assert house.get(CATALOGUE[0]).status_code == 200
        answer = house.get(ROWS[0])
        assert (answer.status_code, answer.json["type"]) == (401, "/problems/key-needed")
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="entrepot"'
