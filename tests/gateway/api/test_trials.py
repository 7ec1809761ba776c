"""Stewards have files, addresses and feeds tried over HTTP, and feeds uploaded; nobody else may."""

from __future__ import annotations

import io

import pytest
from published import places

STEWARD = "steward@example.org"
PASSWORD = "a few words make a good one"
FEED = 'title = { ko = "공원" }\npublisher = "시청"\nlicence = "KOGL-1"\n[source]\nkind = "upload"\n'
TRIALS = "/api/v1/trials"


@pytest.fixture
def steward(house) -> str:
    return house.clients.sign_in(STEWARD, PASSWORD)


def sent(text: str = "a,b\n1,2\n", name: str = "parks.csv", **fields: str) -> dict[str, object]:
    """A form with a file."""
    return {"file": (io.BytesIO(text.encode("cp949")), name), **fields}


def test_a_file_waits_for_a_worker_and_its_result_is_read(house, steward):
    asked = house.ask(TRIALS, method="POST", data=sent("번호\n1\n", feed=FEED, id="parks"), key=steward)
    assert asked.status_code == 202, asked.text
    assert asked.headers["Location"] == asked.json["url"]
    id = asked.json["trial"]
    waiting = house.get(f"{TRIALS}/{id}", key=steward).json
    assert (waiting["state"], waiting["by"], waiting["finished"]) == ("queued", STEWARD, None)
    assert waiting["asked"] == {"name": "parks.csv", "id": "parks"}
    claimed = house.catalogue.trials.claim("w1")
    assert house.catalogue.trials.data(claimed).read_bytes() == "번호\n1\n".encode("cp949")
    assert house.get(f"{TRIALS}/{id}", key=steward).json["state"] == "running"
    house.catalogue.trials.finish(id, "w1", {"tables": [{"read": 1}]})
    done = house.get(f"{TRIALS}/{id}", key=steward).json
    assert (done["state"], done["tables"]) == ("done", [{"read": 1}])
    assert house.catalogue.describe("parks").rows == 25


def test_an_address_or_a_feed_is_tried_as_json(house, steward):
    for body in ({"url": "https://files.example/parks.csv"}, {"feed": FEED, "id": "parks", "publish": True}):
        id = house.post(TRIALS, body, key=steward).json["trial"]
        assert dict(house.catalogue.trials.read(id).asked) == body


def test_a_feed_may_be_sent_as_a_file_too(house, steward):
    form = sent(id="parks", publish="true") | {"feed": (io.BytesIO(FEED.encode()), "parks.toml")}
    id = house.ask(TRIALS, method="POST", data=form, key=steward).json["trial"]
    asked = house.catalogue.trials.read(id).asked
    assert (asked["feed"], asked["publish"], asked["name"]) == (FEED, True, "parks.csv")


def test_trials_are_for_stewards_and_seen_by_who_asked(house, steward, session, key):
    for way in ({}, {"key": key}):
        assert house.ask(TRIALS, method="POST", data=sent(), **way).status_code == 401
    assert house.ask(TRIALS, method="POST", data=sent(), key=session).status_code == 403
    assert house.catalogue.trials.claim("w1") is None
    id = house.ask(TRIALS, method="POST", data=sent(), key=steward).json["trial"]
    house.clients.create_person("other@example.org", PASSWORD, role="steward")
    house.clients.create_person("chief@example.org", PASSWORD, role="operator")
    other, chief = (house.clients.sign_in(f"{who}@example.org", PASSWORD) for who in ("other", "chief"))
    seen = [house.get(f"{TRIALS}/{id}", key=who).status_code for who in (steward, other, chief, session)]
    assert seen == [200, 404, 200, 403]


@pytest.mark.parametrize(
    ("form", "where"),
    [
        ({}, "file"),
        ({"publish": "true", "feed": FEED}, "id"),
        ({"publish": "true", "id": "parks", "file": (io.BytesIO(b"a"), "a.csv")}, "feed"),
        ({"publish": "yes", "feed": FEED}, "publish"),
        ({"id": "Parks!", "feed": FEED}, "id"),
        ({"url": "ftp://a.example/x"}, "url"),
        ({"url": "https://a.example/x", "file": (io.BytesIO(b"a"), "a.csv")}, "url"),
        ({"url": "https://a.example/x", "feed": FEED, "id": "parks", "publish": "true"}, "url"),
        ({"fed": FEED}, "fed"),
        ({"feed": [FEED, FEED]}, "feed"),
        ({"file": "no file"}, "file"),
        ({"feed": (io.BytesIO("제목".encode("cp949")), "x.toml")}, "feed"),
        ({"feed": (io.BytesIO(b"#" * (300 << 10)), "x.toml")}, "feed"),
    ],
)
def test_a_form_that_does_not_go_together_names_the_field(house, steward, form, where):
    answer = house.ask(TRIALS, method="POST", data=form, key=steward, content_type="multipart/form-data")
    assert answer.status_code == 400, answer.text
    assert where in [error["where"] for error in answer.json["errors"]]
    assert house.catalogue.trials.claim("w1") is None


@pytest.mark.parametrize(
    ("body", "kind"), [(b"a=1", "text/plain"), (b"x", None), (b"<a/>", "application/xml")]
)
def test_what_is_neither_form_nor_json_is_refused(house, steward, body, kind):
    assert house.ask(TRIALS, method="POST", data=body, content_type=kind, key=steward).status_code == 415


@pytest.mark.parametrize("kind", ["multipart/form-data", "multipart/form-data; boundary=b"])
@pytest.mark.parametrize("body", [b"", b"--b", b"--b\r\n\r\n--b--", b"\xff\x00" * 50])
def test_a_broken_form_is_no_fault_of_ours(house, steward, kind, body):
    assert house.ask(TRIALS, method="POST", data=body, content_type=kind, key=steward).status_code == 400


def test_more_than_the_largest_is_refused_before_it_is_read(house, steward):
    head = {"environ_overrides": {"CONTENT_LENGTH": str(600 << 20)}}
    answer = house.ask(TRIALS, method="POST", data=sent(), key=steward, **head)
    assert (answer.status_code, "512 MiB" in answer.json["detail"]) == (413, True)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:/자료/공원.csv", "공원.csv"),
        ("a\tb\x7f.csv", "ab.csv"),
        ("x" * 300 + ".csv", "x" * 116 + ".csv"),
    ],
)
def test_a_name_leads_nowhere(house, steward, name, kept):
    id = house.ask(TRIALS, method="POST", data=sent(name=name), key=steward).json["trial"]
    assert house.catalogue.trials.read(id).asked["name"] == kept


def test_an_uploaded_feed_is_shown_run_and_removed_by_stewards(house, steward, session):
    house.catalogue.uploaded_feeds.put("new", FEED, STEWARD, ("new.csv", io.BytesIO(b"a\n1\n")))
    assert house.get("/api/v1/feeds/new", key=session).status_code == 403
    shown = house.get("/api/v1/feeds/new", key=steward).json
    assert (shown["text"], shown["by"], shown["name"]) == (FEED, STEWARD, "new.csv")
    run = house.ask("/api/v1/feeds/new/runs", method="POST", key=steward)
    assert [each.run for each in house.catalogue.queue()] == [run.json["run"]]
    assert house.ask("/api/v1/feeds/new", method="DELETE", key=session).status_code == 403
    assert house.ask("/api/v1/feeds/new", method="DELETE", key=steward).status_code == 204
    gone = [house.ask("/api/v1/feeds/new", method=how, key=steward) for how in ("GET", "DELETE")]
    assert [(each.status_code, each.json["type"]) for each in gone] == [(404, "/problems/unknown-feed")] * 2
    told = house.items("/api/v1/feeds/new/deeds", key=steward)
    assert [deed["deed"] for deed in told] == ["remove", "upload"]


@pytest.mark.parametrize("truth", [0, 1, 1.0, []])
def test_numbers_are_no_truth(house, steward, truth):
    body = {"feed": FEED, "id": "parks", "publish": truth}
    answer = house.ask(TRIALS, method="POST", json=body, key=steward)
    assert answer.status_code == 400
    assert answer.json["errors"] == [{"where": "publish", "what": "takes true or false"}]


def test_nothing_of_a_trial_is_published(house, steward):
    before = house.catalogue.snapshot("parks")
    house.ask(TRIALS, method="POST", data=sent(feed=FEED, id="parks", publish="true"), key=steward)
    assert house.catalogue.snapshot("parks") == before
    assert places().dataset.id in house.catalogue.ids()
    assert house.catalogue.uploaded_feeds.list() == []
