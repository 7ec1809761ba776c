"""Stewards change what is published over HTTP, each deed under their name; nobody else may."""

from __future__ import annotations

import io
import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from published import START, places, run

STEWARD = "steward@example.org"
PASSWORD = "a few words make a good one"
DEEDS = [
    ("POST", "/api/v1/feeds/parks/approve", None),
    ("POST", "/api/v1/datasets/parks/revert", {"snapshot": "any"}),
    ("POST", "/api/v1/datasets/parks/withdraw", None),
    ("POST", "/api/v1/datasets/parks/archive", None),
    ("POST", "/api/v1/datasets/parks/restore", None),
    ("GET", "/api/v1/datasets/parks/deeds", None),
    ("GET", "/api/v1/feeds/parks/deeds", None),
]


@pytest.fixture
def steward(house) -> str:
    """The token of the steward's session."""
    return house.clients.sign_in(STEWARD, PASSWORD)


@pytest.mark.parametrize(("method", "path", "body"), DEEDS)
def test_deeds_are_for_stewards(house, session, key, method, path, body):
    asked = {"method": method} | ({"json": body} if body else {})
    assert house.ask(path, **asked).status_code == 401
    assert house.ask(path, key=key, **asked).status_code == 401
    assert house.ask(path, key=session, **asked).status_code == 403
    assert house.catalogue.deeds() == []
    assert house.catalogue.describe("parks").rows == 25


def test_a_steward_goes_back_and_the_deed_names_who(house, steward):
    good = house.catalogue.snapshot("parks").id
    house.publish(places(5), "r-worse")
    answer = house.post("/api/v1/datasets/parks/revert", {"snapshot": good}, key=steward)
    assert (answer.status_code, answer.json["rows"]) == (200, 25)
    assert house.get("/api/v1/datasets/parks/rows?count=exact").json["count"] == 25
    (deed,) = house.items("/api/v1/datasets/parks/deeds", key=steward)
    assert (deed["by"], deed["deed"], deed["subject"]) == (STEWARD, "revert", "parks")
    assert deed["detail"]["to"] == good


@pytest.mark.parametrize(
    ("body", "status"),
    [({"snapshot": "20200101T000000Z-none"}, 404), ({}, 400), ({"snapshot": ""}, 400), ({"snapsho": 1}, 400)],
)
def test_a_snapshot_that_is_not_there_is_no_way_back(house, steward, body, status):
    answer = house.post("/api/v1/datasets/parks/revert", body, key=steward)
    assert answer.status_code == status
    assert house.catalogue.deeds() == []


def test_what_is_withdrawn_is_gone_until_it_is_restored(house, steward):
    assert house.ask("/api/v1/datasets/parks/withdraw", method="POST", key=steward).status_code == 204
    assert house.get("/api/v1/datasets/parks").status_code == 404
    assert house.get("/api/v1/datasets/parks/rows").status_code == 404
    assert house.ask("/api/v1/datasets/parks/restore", method="POST", key=steward).status_code == 204
    assert house.get("/api/v1/datasets/parks/rows?count=exact").json["count"] == 25
    told = [deed["deed"] for deed in house.items("/api/v1/datasets/parks/deeds", key=steward)]
    assert told == ["restore", "withdraw"]


def test_what_is_archived_is_read_and_not_reverted(house, steward):
    good = house.catalogue.snapshot("parks").id
    assert house.ask("/api/v1/datasets/parks/archive", method="POST", key=steward).status_code == 204
    assert house.get("/api/v1/datasets/parks/rows").status_code == 200
    refused = house.post("/api/v1/datasets/parks/revert", {"snapshot": good}, key=steward)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/barred")


@pytest.mark.parametrize("deed", ["withdraw", "archive", "restore"])
def test_a_deed_on_nothing_says_so(house, steward, deed):
    answer = house.ask(f"/api/v1/datasets/park/{deed}", method="POST", key=steward)
    assert answer.status_code == 404
    assert "parks" in answer.json["detail"]


def test_what_is_held_is_let_in_by_name(house, steward):
    nothing = house.ask("/api/v1/feeds/parks/approve", method="POST", key=steward)
    assert (nothing.status_code, nothing.json["type"]) == (409, "/problems/nothing-held")
    waiting = replace(run(places(2), "r-held"), status="held", fingerprint="mark", error="too few")
    house.catalogue.record(waiting)
    answer = house.ask("/api/v1/feeds/parks/approve", method="POST", key=steward)
    assert answer.status_code == 202
    assert [each.run for each in house.catalogue.queue()] == [answer.json["run"]]
    assert house.catalogue.is_approved("parks", "mark")
    (deed,) = house.items("/api/v1/feeds/parks/deeds", key=steward)
    assert (deed["by"], deed["deed"]) == (STEWARD, "approve")


def test_rejects_come_as_a_file(still):
    csv = still.get("/api/v1/datasets/parks/rejects/download")
    head, *lines = csv.text.splitlines()
    assert head.split(",")[:3] == ["line", "scope", "column"]
    assert len(lines) == 5
    assert 'filename="parks-rejects.csv"' in csv.headers["Content-Disposition"]
    ndjson = still.get("/api/v1/datasets/parks/rejects/download?format=ndjson").text
    assert [json.loads(line)["line"] for line in ndjson.splitlines()] == [1, 2, 3, 4, 5]
    packed = still.get("/api/v1/datasets/parks/rejects/download?format=parquet")
    assert pq.read_table(io.BytesIO(packed.data))["line"].to_pylist() == [1, 2, 3, 4, 5]
    assert still.get("/api/v1/datasets/parks/rejects/download?format=xml").status_code == 400
    assert still.get("/api/v1/datasets/nothing/rejects/download").status_code == 404


def test_a_rule_says_how_much_it_set_aside_and_since_when(still):
    (fault,) = still.items("/api/v1/datasets/parks/faults")
    assert (fault["reason"], fault["column"], fault["count"]) == ("no_number", "x", 5)
    assert fault["first_seen"] == fault["last_seen"]
    assert fault["first_seen"] > START.isoformat()
    assert still.items("/api/v1/datasets/parks/missing") == []
    assert still.get("/api/v1/datasets/nothing/faults").status_code == 404
