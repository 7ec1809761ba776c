"""The gate as callers meet it: credentials, limits, headers, refusals, and what is written down."""

from __future__ import annotations

import re

import pytest
from http_sfv import List

ROWS = "/api/v1/datasets/parks/rows"


def policies(header):
    """A RateLimit or RateLimit-Policy header as {name: parameters}, by a parser of structured fields."""
    parsed = List()
    parsed.parse(header.encode())
    return {item.value: dict(item.params) for item in parsed}


def test_without_a_credential_the_anonymous_plan_counts_by_address(door):
    answer = door.ask(ROWS)
    assert answer.json == {"kind": "anonymous", "plan": "anonymous", "application": None, "query": ""}
    assert policies(answer.headers["ratelimit-policy"]) == {
        "burst": {"q": 30, "w": 60},
        "day": {"q": 1000, "w": 86400},
    }
    left = policies(answer.headers["ratelimit"])
    assert (left["burst"]["r"], left["day"]["r"]) == (29, 999)
    assert 0 < left["burst"]["t"] <= 61
    assert policies(door.ask(ROWS, peer="203.0.113.10").headers["ratelimit"])["burst"]["r"] == 29


@pytest.mark.parametrize("way", ["bearer", "header", "query", "all"])
def test_a_key_is_taken_from_any_of_its_three_places(door, way):
    headers = {"AUTHORIZATION": f"bearer  {door.key}", "X_API_KEY": door.key}
    kept = {"bearer": ["AUTHORIZATION"], "header": ["X_API_KEY"], "all": list(headers)}.get(way, [])
    path = f"{ROWS}?limit=1&%61pikey={door.key}&q=a+b" if way in {"query", "all"} else f"{ROWS}?limit=1&q=a+b"
    answer = door.ask(path, **{name: headers[name] for name in kept})
    expected = {"kind": "key", "plan": "free", "application": door.application, "query": "limit=1&q=a+b"}
    assert (answer.status, answer.json) == (200, expected)


def test_no_credential_goes_beyond_the_gate(door):
    door.ask(f"{ROWS}?apikey={door.key}&apiKey={door.key}&api_key={door.key}", X_API_KEY=door.key)
    door.keyed(ROWS)
    door.ask(f"/datasets?apikey={door.key}")
    assert len(door.seen) == 3
    assert not any(door.key in str(environ) for environ in door.seen)


@pytest.mark.parametrize(
    "headers",
    [
        {"AUTHORIZATION": ""},
        {"X_API_KEY": ""},
        {"AUTHORIZATION": "Bearer"},
        {"AUTHORIZATION": "Bearer ek_live_nothing"},
        {"AUTHORIZATION": "Bearer \xec\x95\x88"},
        {"AUTHORIZATION": "Basic YTpi"},
        {"AUTHORIZATION": "Bearer " + "a" * 5000},
        {"X_API_KEY": "two words"},
    ],
)
def test_a_bad_credential_is_401_and_never_anonymous(door, headers):
    answer = door.ask(ROWS, **headers)
    assert (answer.status, door.seen) == (401, [])
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"].startswith('Bearer realm="entrepot"')
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.json["type"] == "/problems/invalid-credential"
    assert answer.json["instance"] == answer.headers["x-request-id"]
    assert policies(answer.headers["ratelimit"])["burst"]["r"] == 30


@pytest.mark.parametrize("query", ["apikey=", "apikey=%ED%95%9C", "apikey=%FF", "apikey"])
def test_an_unreadable_key_in_the_query_is_401(door, query):
    assert door.ask(f"{ROWS}?{query}").status == 401


def test_credentials_that_disagree_are_400_and_tell_neither(door):
    answer = door.keyed(ROWS, X_API_KEY="another")
    assert answer.status == 400
    assert {error["where"] for error in answer.json["errors"]} == {
        "the Authorization header",
        "the X-API-Key header",
    }
    assert door.key not in answer.body.decode()
    # Servers join repeated headers with a comma.
    assert door.ask(ROWS, AUTHORIZATION=f"Bearer {door.key},Bearer other").status == 400
    assert door.ask(ROWS, X_API_KEY=f"{door.key},{door.key}").status == 200
    assert door.ask(f"{ROWS}?apikey={door.key}&apikey=other").status == 400


def test_a_revoked_key_stops_within_a_second(door, hands):
    assert door.keyed(ROWS).status == 200
    door.clients.revoke_key(door.kid, "test")
    hands.go(1)
    assert door.keyed(ROWS).status == 401


def test_a_key_made_after_a_failed_try_works_within_a_second(door, hands):
    door.clients.revoke_key(door.kid, "test")
    _, text = door.clients.create_key(door.application)
    assert door.ask(ROWS, X_API_KEY=text).status == 200


def test_a_database_that_is_away_is_503_and_no_fault_of_the_key(door, engine, hands):
    assert door.keyed(ROWS).status == 200
    hands.go(2)
    with engine.begin() as db:
        db.exec_driver_sql("ALTER TABLE credential RENAME TO gone")
    answer = door.keyed(ROWS)
    assert (answer.status, answer.headers["retry-after"]) == (503, "2")
    assert door.ask(ROWS).status == 200


def test_beyond_the_limit_429_says_which_when_and_how_to_get_more(door, hands):
    answers = [door.ask(ROWS) for _ in range(31)]
    assert [answer.status for answer in answers] == [200] * 30 + [429]
    refused = answers[-1]
    assert refused.json["violated-policies"] == ["burst"]
    assert refused.json["type"] == "/problems/quota-exceeded"
    assert refused.json["sign_up"] == "/developers"
    after = int(refused.headers["retry-after"])
    assert f'"burst" (30 requests in any 60 s) is used up. Try again in {after} s.' in refused.json["detail"]
    left = policies(refused.headers["ratelimit"])
    assert left["burst"] == {"r": 0, "t": after}
    assert left["day"]["r"] == 970
    hands.go(after)
    assert door.ask(ROWS).status == 200


def test_every_kind_of_answer_of_the_api_tells_the_limits_and_its_id(door):
    for path, status in (
        (ROWS, 200),
        ("/api/v1/nowhere", 404),
        ("/api/v1/broken", 500),
        ("/oauth/none", 404),
    ):
        answer = door.keyed(path)
        assert answer.status == status
        assert set(policies(answer.headers["ratelimit"])) == {"burst", "day", "month"}
        assert set(policies(answer.headers["ratelimit-policy"])) == {"burst", "day", "month"}
        assert re.fullmatch(r"[0-9a-f]{12}-[0-9a-f]+", answer.headers["x-request-id"])
        exposed = answer.headers["access-control-expose-headers"].split(", ")
        assert {"RateLimit", "X-Cursor", "X-Truncated"} <= set(exposed)


def test_all_keys_of_an_application_share_its_limits(door):
    _, other = door.clients.create_key(door.application)
    door.keyed(ROWS)
    assert policies(door.ask(ROWS, X_API_KEY=other).headers["ratelimit"])["burst"]["r"] == 118


def test_a_plan_without_limits_has_none_to_tell(door):
    owner = door.clients.create_person("op@example.org", None)
    inside = door.clients.create_application(owner.id, "inside", "internal")
    _, text = door.clients.create_key(inside.id)
    answers = [door.ask(ROWS, X_API_KEY=text) for _ in range(200)]
    assert {answer.status for answer in answers} == {200}
    assert "ratelimit" not in answers[0].headers


def test_a_preflight_is_free_and_answered_before_the_key_is_asked_for(door):
    for _ in range(40):
        answer = door.ask(ROWS, method="OPTIONS", ORIGIN="https://map.example", AUTHORIZATION="Bearer bad")
        assert (answer.status, answer.body) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert policies(door.ask(ROWS).headers["ratelimit"])["burst"]["r"] == 29


def test_live_checks_have_no_limit_and_pages_their_own(door):
    assert {door.ask("/livez").status for _ in range(700)} == {200}
    assert [door.ask("/datasets").status for _ in range(601)].count(429) == 1
    assert door.ask(ROWS).status == 200


def test_bad_keys_may_be_tried_thirty_times_a_minute_and_a_good_one_is_not_held_up(door, hands):
    tries = [door.ask(ROWS, X_API_KEY=f"guess{n}") for n in range(32)]
    assert [answer.status for answer in tries] == [401] * 30 + [429] * 2
    assert tries[-1].json["violated-policies"] == ["failed-credentials"]
    assert door.keyed(ROWS).status == 200
    assert door.ask(ROWS, X_API_KEY="guess", peer="203.0.113.10").status == 401
    hands.go(int(tries[-1].headers["retry-after"]))
    assert door.ask(ROWS, X_API_KEY="guess").status == 401


@pytest.mark.parametrize("path", ["/oauth/token", "/api/v1/sessions", "/developers/sign-in"])
def test_where_the_application_judges_secrets_wrong_ones_are_few(door, hands, path):
    good = {"AUTHORIZATION": "Basic c2VjcmV0"} if path == "/oauth/token" else {}
    statuses = []
    for _ in range(34):
        statuses.append(door.ask(path, method="POST").status)
        hands.go(1)
    assert statuses == [401] * 30 + [429] * 4
    assert door.ask(path, method="POST", **good).status == 429
    hands.go(60)
    assert door.ask(path, method="POST", **good).status == (200 if good else 401)


def test_a_session_may_come_as_a_credential_and_is_the_only_one_that_views_see(door):
    door.clients.create_person("lee@example.org", "long enough a password")
    session = door.clients.sign_in("lee@example.org", "long enough a password")
    assert door.ask(ROWS, X_API_KEY=session).json["kind"] == "session"
    assert door.seen[-1]["HTTP_AUTHORIZATION"] == f"Bearer {session}"


def test_a_request_id_is_taken_from_a_trusted_proxy_only(door):
    offered = {"X_REQUEST_ID": "from-the-proxy.1"}
    assert door.ask(ROWS, peer="10.0.0.1", **offered).headers["x-request-id"] == "from-the-proxy.1"
    assert door.ask(ROWS, **offered).headers["x-request-id"] != "from-the-proxy.1"
    assert door.ask(ROWS, peer="10.0.0.1", X_REQUEST_ID="bad id\r\n").headers["x-request-id"] != "bad id\r\n"


def test_head_is_refused_without_a_body(door):
    answer = door.ask(ROWS, method="HEAD", X_API_KEY="bad")
    assert (answer.status, answer.body) == (401, b"")


def test_usage_counts_what_was_let_in_and_what_was_refused(door):
    sent = sum(len(door.keyed(ROWS).body) for _ in range(122))
    door.ask(ROWS)
    door.keyed("/api/v1/usage")
    door.meter.flush()
    usage = door.clients.usage(door.application)
    assert (usage.requests, usage.refused, usage.rows) == (120, 2, 360)
    assert 0 < usage.bytes < sent
    by_route = {route.route: route.requests for route in usage.by_route}
    assert by_route["/api/v1/datasets/<name>/rows"] == 120
    assert door.clients.usage("anonymous").requests == 1


def test_a_stream_is_one_request_with_all_its_rows_and_bytes(door):
    assert len(door.keyed("/api/v1/export").body) == 5000
    door.meter.flush()
    usage = door.clients.usage(door.application)
    assert (usage.requests, usage.rows, usage.bytes) == (1, 50, 5000)


def test_head_counts_no_bytes(door):
    assert door.ask(ROWS, method="HEAD", X_API_KEY=door.key).headers["content-length"] != "0"
    door.meter.flush()
    usage = door.clients.usage(door.application)
    assert (usage.requests, usage.bytes) == (1, 0)


def test_an_application_that_fails_outright_is_counted_too(door):
    def fails(environ, start_response):
        raise RuntimeError("broken beyond Flask")

    door.gate._app = fails
    with pytest.raises(RuntimeError):
        door.keyed(ROWS)
    door.meter.flush()
    assert door.clients.usage(door.application).requests == 1
