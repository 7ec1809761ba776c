"""An application changes its key for an access token, and everything else is refused as RFC 6749 says."""

from __future__ import annotations

import logging
from base64 import b64encode
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from gateway.clients import Clients

Make = Callable[..., tuple[str, str, str]]
GRANT = {"grant_type": "client_credentials"}
REFUSED = (401, "invalid_client", 'Basic realm="entrepot", charset="UTF-8"')


@pytest.fixture
def app(make_client: Make) -> tuple[str, str, str]:
    return make_client("bus-board")


def outcome(response: Any) -> tuple[int, str, str | None]:
    assert response.headers["Cache-Control"] == "no-store"
    assert response.content_type == "application/json"
    return response.status_code, response.json["error"], response.headers.get("WWW-Authenticate")


def by_header(client_id: str, secret: str) -> dict[str, str]:
    pair = f"{quote(client_id)}:{quote(secret)}".encode()
    return {"Authorization": "Basic " + b64encode(pair).decode()}


def test_a_key_in_the_header_gives_a_token_of_all_scopes(
    http: FlaskClient, clients: Clients, app: tuple[str, str, str]
) -> None:
    response = http.post("/oauth/token", data=GRANT, headers=by_header(app[0], app[1]))
    body = response.json
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "no-store"
    assert {**body, "access_token": ""} == {
        "access_token": "",
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "catalogue:read rows:read usage:read",
    }
    found = clients.find(body["access_token"])
    assert found
    assert (found.kind, found.application, found.kid) == ("token", app[0], app[2])


def test_a_key_in_the_form_does_as_well_and_its_kid_names_the_client_too(
    http: FlaskClient, app: tuple[str, str, str]
) -> None:
    for client_id in (app[0], app[2]):
        form = GRANT | {"client_id": client_id, "client_secret": app[1]}
        assert http.post("/oauth/token", data=form).status_code == 200


def test_a_form_encoded_pair_in_the_header_is_decoded(http: FlaskClient, app: tuple[str, str, str]) -> None:
    pair = ":".join(part.replace("_", "%5F") for part in app[:2])
    headers = {"Authorization": "basic " + b64encode(pair.encode()).decode()}
    assert http.post("/oauth/token", data=GRANT, headers=headers).status_code == 200


def test_a_token_has_the_scopes_asked_for_and_no_other(
    http: FlaskClient, clients: Clients, app: tuple[str, str, str]
) -> None:
    form = GRANT | {"client_id": app[0], "client_secret": app[1], "scope": "rows:read"}
    body = http.post("/oauth/token", data=form).json
    assert body["scope"] == "rows:read"
    assert clients.find(body["access_token"]).scopes == {"rows:read"}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    "scope", ["rows:write", "rows:read rows:write", "rows:read  usage:read", " ", '"\\', "행"]
)
def test_a_scope_beyond_the_plan_is_refused_not_dropped(
    http: FlaskClient, app: tuple[str, str, str], scope: str
) -> None:
    form = GRANT | {"client_id": app[0], "client_secret": app[1], "scope": scope}
    response = http.post("/oauth/token", data=form)
    assert outcome(response)[:2] == (400, "invalid_scope")
    assert "catalogue:read rows:read usage:read" in response.json["error_description"]


def test_an_unknown_client_and_a_wrong_secret_are_answered_alike(
    http: FlaskClient, make_client: Make, app: tuple[str, str, str]
) -> None:
    other = make_client("other")
    tries = [(app[0], "wrong"), ("app_none", app[1]), (other[0], app[1]), ("app_none", "wrong"), (app[0], "")]
    headers = [http.post("/oauth/token", data=GRANT, headers=by_header(*pair)) for pair in tries]
    forms = [
        http.post("/oauth/token", data=GRANT | {"client_id": name, "client_secret": secret})
        for name, secret in tries
    ]
    nothing = http.post("/oauth/token", data=GRANT)
    answers = [*headers, *forms, nothing]
    assert {outcome(answer) for answer in answers} == {REFUSED}
    assert len({answer.data for answer in answers}) == 1


@pytest.mark.parametrize(
    "secret",
    [
        "비밀",
        "\0",
        "é" * 10,
        "x" * 400_000,
        "ek_live_",
        "\u2028",
        "%",
        "eat_000000000000_" + "0" * 32 + "_000000",
    ],
)
def test_an_odd_secret_is_a_wrong_one_and_never_a_fault(
    http: FlaskClient, app: tuple[str, str, str], secret: str
) -> None:
    form = GRANT | {"client_id": app[0], "client_secret": secret}
    assert outcome(http.post("/oauth/token", data=form)) == REFUSED
    assert outcome(http.post("/oauth/token", data=GRANT, headers=by_header(app[0], secret))) == REFUSED


@pytest.mark.parametrize(
    "value",
    [
        "Basic " + b64encode(b"\xff\xfe:\xff").decode(),
        "Basic " + b64encode("아이디:비밀".encode("cp949")).decode(),
        "Basic !!!",
        "Basic",
        "Basic ",
        "Basic " + b64encode(b"no-colon").decode(),
        "Bearer something",
        "",
        "Basic 열쇠",
    ],
)
def test_a_broken_authorization_header_is_a_client_refused(http: FlaskClient, value: str) -> None:
    environ = {"HTTP_AUTHORIZATION": value.encode().decode("latin-1")}
    assert outcome(http.post("/oauth/token", data=GRANT, environ_overrides=environ)) == REFUSED


def test_bytes_that_are_no_utf8_in_the_form_are_a_wrong_secret(
    http: FlaskClient, app: tuple[str, str, str]
) -> None:
    for raw in (b"%ff%fe", b"\xff\xfe", b"%00", b"%"):
        body = f"grant_type=client_credentials&client_id={app[0]}&client_secret=".encode() + raw
        response = http.post("/oauth/token", data=body, content_type="application/x-www-form-urlencoded")
        assert outcome(response) == REFUSED


def test_a_token_or_session_is_no_client_secret(
    http: FlaskClient, clients: Clients, app: tuple[str, str, str]
) -> None:
    token = clients.issue_token(clients.find(app[1]), [])[0]  # type: ignore[arg-type]
    assert outcome(http.post("/oauth/token", data=GRANT, headers=by_header(app[0], token))) == REFUSED


def test_a_revoked_key_gives_no_token(http: FlaskClient, clients: Clients, app: tuple[str, str, str]) -> None:
    clients.revoke_key(app[2], by="kim")
    assert outcome(http.post("/oauth/token", data=GRANT, headers=by_header(app[0], app[1]))) == REFUSED


def test_credentials_in_two_places_are_refused(http: FlaskClient, app: tuple[str, str, str]) -> None:
    headers = by_header(app[0], app[1])
    for extra in ({"client_id": app[0], "client_secret": app[1]}, {"client_id": "another"}):
        response = http.post("/oauth/token", data=GRANT | extra, headers=headers)
        assert outcome(response)[:2] == (400, "invalid_request")
    same = http.post("/oauth/token", data=GRANT | {"client_id": app[0]}, headers=headers)
    assert same.status_code == 200


def test_parameters_in_the_query_in_json_or_twice_are_refused(
    http: FlaskClient, app: tuple[str, str, str]
) -> None:
    headers = by_header(app[0], app[1])
    twice = "grant_type=client_credentials&grant_type=client_credentials"
    form_type = "application/x-www-form-urlencoded"
    tries = [
        http.post("/oauth/token?grant_type=client_credentials", headers=headers, content_type=form_type),
        http.post("/oauth/token?x=1", data=GRANT, headers=headers),
        http.post("/oauth/token", json=GRANT, headers=headers),
        http.post("/oauth/token", data=GRANT, content_type="multipart/form-data", headers=headers),
        http.post("/oauth/token", data=twice, content_type=form_type, headers=headers),
        http.post("/oauth/token", data="a=&a=&" + "grant_type=x", content_type=form_type, headers=headers),
        http.post("/oauth/token", data="a=1&" * 100, content_type=form_type, headers=headers),
        http.post("/oauth/token", data=b"x" * 1_100_000, content_type=form_type, headers=headers),
        http.post("/oauth/token", data={"grant_type": ""}, headers=headers),
        http.post("/oauth/token", headers=headers),
    ]
    assert {outcome(response)[:2] for response in tries} == {(400, "invalid_request")}


def test_a_body_in_chunks_is_taken_whole_or_refused(http: FlaskClient, app: tuple[str, str, str]) -> None:
    def send(body: bytes) -> Any:
        chunked = {"wsgi.input": BytesIO(body), "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        form = "application/x-www-form-urlencoded"
        headers = by_header(app[0], app[1])
        return http.post("/oauth/token", content_type=form, headers=headers, environ_overrides=chunked)

    whole = b"grant_type=client_credentials"
    assert send(whole).status_code == 200
    assert outcome(send(whole + b"&x=" + b"x" * 2_000_000))[:2] == (400, "invalid_request")


def test_other_grants_are_unsupported_and_their_names_not_repeated(
    http: FlaskClient, app: tuple[str, str, str]
) -> None:
    for grant in ("password", "authorization_code", "refresh_token", "<script>", "비밀\0"):
        response = http.post("/oauth/token", data={"grant_type": grant}, headers=by_header(app[0], app[1]))
        assert outcome(response)[:2] == (400, "unsupported_grant_type")
        assert grant not in response.text


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "HEAD"])
def test_only_post_is_taken(http: FlaskClient, path: str, method: str) -> None:
    response = http.open(path, method=method)
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")


def test_no_credential_reaches_the_debug_log(
    http: FlaskClient, app: tuple[str, str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    headers = by_header(app[0], app[1])
    token = http.post("/oauth/token", data=GRANT, headers=headers).json["access_token"]
    http.post("/oauth/introspect", data={"token": token}, headers=headers)
    http.post("/oauth/revoke", data={"token": token, "client_id": app[0], "client_secret": app[1]})
    assert token not in caplog.text
    assert app[1] not in caplog.text


def test_plain_http_is_taken_from_this_machine_behind_a_named_url_and_by_https_only(
    serve: Callable[..., FlaskClient], app: tuple[str, str, str]
) -> None:
    far = {"REMOTE_ADDR": "203.0.113.9", "HTTP_HOST": "localhost"}
    headers = by_header(app[0], app[1])
    refused = serve(**far).post("/oauth/token", data=GRANT, headers=headers)
    assert outcome(refused)[:2] == (400, "insecure_transport")
    assert serve(**far).post("https://localhost/oauth/token", data=GRANT, headers=headers).status_code == 200
    named = serve("https://data.city.example", **far)
    assert named.post("/oauth/token", data=GRANT, headers=headers).status_code == 200
    here = serve(REMOTE_ADDR="::1", HTTP_HOST="data.city.example")
    assert here.post("/oauth/token", data=GRANT, headers=headers).status_code == 200
