"""Key holders subscribe an address to events, see how it fares, try it, end it; nobody else's is theirs."""

from __future__ import annotations

import pytest
from published import places

from catalogue import webhook_secret
from gateway.clients.secrets import open_secrets

PATH = "/api/v1/subscriptions"
HOOK = "https://hooks.example/in"


def test_a_subscription_is_made_listed_and_ended_and_its_secret_is_told_once(house, key):
    answer = house.post(PATH, {"url": HOOK, "datasets": ["parks"], "events": ["published"]}, key=key)
    assert answer.status_code == 201
    made = answer.json
    secret = made.pop("secret")
    assert secret == webhook_secret(open_secrets(house.folder / "secrets").webhook_key, made["id"])
    (listed,) = house.items(PATH, key=key)
    assert listed == made
    assert (listed["url"], listed["datasets"], listed["events"]) == (HOOK, ["parks"], ["published"])
    assert house.ask(f"{PATH}/{made['id']}", method="DELETE", key=key).status_code == 204
    assert house.items(PATH, key=key) == []
    assert house.ask(f"{PATH}/{made['id']}", method="DELETE", key=key).status_code == 404
    database = (house.folder / "entrepot.db").read_bytes()
    assert secret.encode() not in database


def test_it_begins_with_what_happens_next(house, key):
    house.post(PATH, {"url": HOOK}, key=key)
    house.publish(places(3), "r-new")
    (mine,) = house.catalogue.subscriptions.of(house.clients.application("bus-board").id)
    assert mine.owner == "kim@example.org"
    assert house.catalogue.subscriptions.next(mine).rows == 3


def test_a_trial_is_asked_for(house, key):
    id = house.post(PATH, {"url": HOOK}, key=key).json["id"]
    assert house.ask(f"{PATH}/{id}/test", method="POST", key=key).status_code == 202
    (mine,) = house.catalogue.subscriptions.of(house.clients.application("bus-board").id)
    assert mine.asked is not None
    assert house.ask(f"{PATH}/none/test", method="POST", key=key).status_code == 404


def test_anothers_subscription_is_as_if_there_were_none(house, make_key):
    mine, other = make_key("mine"), make_key("other")
    id = house.post(PATH, {"url": HOOK}, key=mine).json["id"]
    assert house.items(PATH, key=other) == []
    assert house.ask(f"{PATH}/{id}", method="DELETE", key=other).status_code == 404
    assert house.ask(f"{PATH}/{id}/test", method="POST", key=other).status_code == 404


def test_without_a_key_nobody_subscribes(still):
    for answer in (still.post(PATH, {"url": HOOK}), still.get(PATH)):
        assert (answer.status_code, answer.json["type"]) == (401, "/problems/key-needed")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "url"), ({"url": "ftp://x.example"}, "url"), ({"url": "https://"}, "url"),
        ({"url": "https://a:b@x.example/"}, "url"), ({"url": "https://x.example/#a"}, "url"),
        ({"url": "https://x.example:x/"}, "url"), ({"url": "https://x.example/가"}, "url"),
        ({"url": HOOK, "datasets": ["park"]}, "datasets"), ({"url": HOOK, "datasets": []}, "datasets"),
        ({"url": HOOK, "events": ["publish"]}, "events.0"), ({"url": HOOK, "evnts": []}, "evnts"),
    ],
)  # fmt: skip
def test_what_cannot_be_subscribed_is_refused_by_name(house, key, body, where):
    answer = house.post(PATH, body, key=key)
    assert answer.status_code == 400
    assert where in [fault["where"] for fault in answer.json["errors"]]


def test_an_application_has_so_many_and_no_more(house, key):
    for _ in range(20):
        assert house.post(PATH, {"url": HOOK}, key=key).status_code == 201
    assert house.post(PATH, {"url": HOOK}, key=key).status_code == 400
