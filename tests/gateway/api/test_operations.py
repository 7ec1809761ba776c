"""What an operator asks: is it alive, is it ready, how is it doing."""

from __future__ import annotations


def test_it_is_alive_and_ready(still):
    assert still.get("/livez").json == {"status": "ok"}
    assert still.get("/readyz").json == {"status": "ok", "checks": {"catalogue": "ok", "clients": "ok"}}


def test_without_a_database_it_is_alive_but_not_ready(house):
    for file in house.folder.glob("entrepot.db*"):
        file.unlink()
    house.catalogue._parts.engine.dispose()
    answer = house.get("/readyz")
    assert (answer.status_code, answer.json["status"]) == (503, "unavailable")
    assert answer.json["checks"]["catalogue"] == "unavailable"
    assert house.get("/livez").status_code == 200


def test_operators_meet_no_limit(still):
    for path in ("/livez", "/readyz", "/metrics"):
        assert "RateLimit" not in still.get(path).headers


def test_metrics_count_requests_by_route_and_feeds_by_state(house, key):
    for _ in range(2):
        house.get("/api/v1/datasets/parks/rows", key=key)
    answer = house.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert 'entrepot_requests_total{route="/api/v1/datasets/{dataset}/rows"} 2.0' in lines
    assert 'entrepot_feed_rows{feed="parks"} 25.0' in lines
    assert 'entrepot_feed_failing{feed="parks"} 0.0' in lines
    assert any(line.startswith('entrepot_feed_age_seconds{feed="parks"}') for line in lines)
    assert key.split("_")[3] not in answer.text
