"""A client asks about its tokens and ends them; of another client's it learns nothing."""

from __future__ import annotations

from collections.abc import Callable
from time import time

import pytest
from flask.testing import FlaskClient

from gateway.clients import Clients

App = tuple[str, str, str]


@pytest.fixture
def mine(make_client: Callable[..., App]) -> App:
    return make_client("mine")


@pytest.fixture
def other(make_client: Callable[..., App]) -> App:
    return make_client("other")


@pytest.fixture
def token(clients: Clients, mine: App) -> str:
    return clients.issue_token(clients.find(mine[1]), ["rows:read"])[0]  # type: ignore[arg-type]


def client(app: App) -> dict[str, str]:
    return {"client_id": app[0], "client_secret": app[1]}


def test_a_client_learns_what_its_live_token_may_do_and_until_when(
    http: FlaskClient, mine: App, token: str
) -> None:
    response = http.post("/oauth/introspect", data=client(mine) | {"token": token})
    body = response.json
    assert response.headers["Cache-Control"] == "no-store"
    assert (body["active"], body["client_id"], body["sub"]) == (True, mine[0], mine[0])
    assert (body["scope"], body["token_type"]) == ("rows:read", "Bearer")
    assert abs(body["iat"] - time()) < 30
    assert body["exp"] - body["iat"] == 3600


def test_of_anything_else_it_learns_that_it_is_not_active(
    http: FlaskClient, clients: Clients, mine: App, other: App, token: str
) -> None:
    ended = clients.issue_token(clients.find(mine[1]), [])[0]  # type: ignore[arg-type]
    clients.revoke_token(ended)
    answers = [http.post("/oauth/introspect", data=client(other) | {"token": token})] + [
        http.post("/oauth/introspect", data=client(mine) | {"token": text})
        for text in ("unknown", "열쇠", "\0", mine[1], ended, "x" * 100_000)
    ]
    assert [answer.json for answer in answers] == [{"active": False}] * 7
    assert {answer.status_code for answer in answers} == {200}


def test_a_revoked_token_ends_and_again_is_no_error(
    http: FlaskClient, clients: Clients, mine: App, token: str
) -> None:
    form = client(mine) | {"token": token, "token_type_hint": "access_token"}
    answers = [http.post("/oauth/revoke", data=form) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert clients.find(token) is None
    assert clients.find(mine[1])


@pytest.mark.parametrize("text", ["unknown", "열쇠", "\0", "x" * 100_000])
def test_revoking_a_token_that_is_none_is_no_error(http: FlaskClient, mine: App, text: str) -> None:
    assert http.post("/oauth/revoke", data=client(mine) | {"token": text}).status_code == 200


def test_a_key_cannot_be_ended_as_if_it_were_a_token(http: FlaskClient, clients: Clients, mine: App) -> None:
    assert http.post("/oauth/revoke", data=client(mine) | {"token": mine[1]}).status_code == 200
    assert clients.find(mine[1])


def test_another_clients_token_cannot_be_ended(
    http: FlaskClient, clients: Clients, other: App, token: str
) -> None:
    response = http.post("/oauth/revoke", data=client(other) | {"token": token})
    assert (response.status_code, response.json["error"]) == (400, "invalid_grant")
    assert clients.find(token)


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_both_need_to_know_the_client(
    http: FlaskClient, clients: Clients, mine: App, token: str, path: str
) -> None:
    for shown in ({}, {"client_id": mine[0]}, {"client_id": mine[0], "client_secret": "wrong"}):
        response = http.post(path, data=shown | {"token": token})
        assert (response.status_code, response.json["error"]) == (401, "invalid_client")
        assert response.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert clients.find(token)


@pytest.mark.parametrize("path", ["/oauth/introspect", "/oauth/revoke"])
def test_a_request_about_no_token_or_an_unreadable_one_is_refused(
    http: FlaskClient, mine: App, path: str
) -> None:
    tries = [
        http.post(path, data=client(mine)),
        http.post(path, data=client(mine) | {"token": ""}),
        http.post(path, json=client(mine) | {"token": "x"}),
        http.post(path + "?token=x", data=client(mine)),
    ]
    assert {(answer.status_code, answer.json["error"]) for answer in tries} == {(400, "invalid_request")}


def test_an_unknown_hint_of_the_type_is_passed_over(http: FlaskClient, mine: App, token: str) -> None:
    form = client(mine) | {"token": token, "token_type_hint": "refresh_token_of_another_kind"}
    assert http.post("/oauth/introspect", data=form).json["active"]
