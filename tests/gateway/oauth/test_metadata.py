"""The metadata document names what works here, and what it does not name does not work."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from urllib.parse import urlsplit

from flask.testing import FlaskClient

PATH = "/.well-known/oauth-authorization-server"


def test_urls_follow_the_request_where_no_public_url_is_named(http: FlaskClient) -> None:
    document = http.get(PATH, base_url="http://127.0.0.1:8123").json
    assert document["issuer"] == "http://127.0.0.1:8123"
    assert document["token_endpoint"] == "http://127.0.0.1:8123/oauth/token"


def test_urls_start_with_the_public_url_where_one_is_named(serve: Callable[..., FlaskClient]) -> None:
    document = serve("https://data.city.example/").get(PATH).json
    assert document["issuer"] == "https://data.city.example"
    assert document["revocation_endpoint"] == "https://data.city.example/oauth/revoke"


def test_every_advertised_endpoint_method_and_scope_works(
    http: FlaskClient, make_client: Callable[..., tuple[str, str, str]]
) -> None:
    app_id, key, _ = make_client("bus-board")
    document = http.get(PATH).json
    shown = {
        "client_secret_basic": (
            {},
            {"Authorization": "Basic " + b64encode(f"{app_id}:{key}".encode()).decode()},
        ),
        "client_secret_post": ({"client_id": app_id, "client_secret": key}, {}),
    }
    for endpoint in ("token", "revocation", "introspection"):
        path = urlsplit(document[f"{endpoint}_endpoint"]).path
        for method in document[f"{endpoint}_endpoint_auth_methods_supported"]:
            form, headers = shown[method]
            for scope in document["scopes_supported"]:
                asked = {"grant_type": document["grant_types_supported"][0], "scope": scope, "token": "x"}
                assert http.post(path, data=form | asked, headers=headers).status_code == 200


def test_nothing_is_advertised_that_is_not_there(http: FlaskClient) -> None:
    document = http.get(PATH).json
    assert document["response_types_supported"] == []
    assert document["grant_types_supported"] == ["client_credentials"]
    assert {name for name in document if name.endswith("_endpoint")} == {
        "token_endpoint",
        "revocation_endpoint",
        "introspection_endpoint",
    }
    assert http.get("/oauth/authorize").status_code == 404
