"""Every error is one shape, has a page that explains it, and tells nothing of our inside."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import pytest

from gateway.errors import BAD_REQUEST, HTTP_KINDS, KINDS, UNEXPECTED
from gateway.problems import PROBLEMS

GATEWAY = Path(__file__).resolve().parents[3] / "gateway"


def kind(answer):
    return answer.status_code, answer.json["type"].removeprefix("/problems/")


def test_every_kind_of_problem_has_a_page(still):
    kinds = [*KINDS.values(), *HTTP_KINDS.values(), BAD_REQUEST, UNEXPECTED]
    refusals = (GATEWAY / "gate" / "refusals.py").read_text()
    refused = set(re.findall(r'^\s*\(?"([a-z-]+)",', refusals, re.MULTILINE)) | set(
        re.findall(r'\("([a-z]+(?:-[a-z]+)*)", "', refusals)
    )
    assert {"invalid-credential", "quota-exceeded", "unavailable"} <= refused
    for name in {kind.type for kind in kinds} | refused:
        assert name in PROBLEMS, name
        for language in ("ko", "en"):
            assert still.get(f"/problems/{name}?lang={language}").status_code == 200


def test_every_page_is_of_a_problem_that_can_be():
    kinds = {kind.type for kind in (*KINDS.values(), *HTTP_KINDS.values(), BAD_REQUEST, UNEXPECTED)}
    refusals = (GATEWAY / "gate" / "refusals.py").read_text()
    for name in PROBLEMS:
        assert name in kinds or f'"{name}"' in refusals, name


@pytest.mark.parametrize(
    ("method", "path", "answered"),
    [
        ("GET", "/api/v1/nothing", (404, "no-such-address")),
        ("GET", "/api/nothing", (404, "no-such-address")),
        ("GET", "/api", (404, "no-such-address")),
        ("GET", "/api/v2/datasets", (404, "no-such-address")),
        ("GET", "/oauth/nothing", (404, "no-such-address")),
        ("GET", "/.well-known/nothing", (404, "no-such-address")),
        ("POST", "/api/v1/datasets", (405, "method-not-allowed")),
        ("DELETE", "/api/v1/datasets/parks/rows", (405, "method-not-allowed")),
        ("GET", "/api/v1/people", (405, "method-not-allowed")),
        ("PATCH", "/api/v1/keys/x", (405, "method-not-allowed")),
    ],
)
def test_what_is_no_address_of_the_api_is_a_problem(still, method, path, answered):
    for accept in ("*/*", "text/html", "application/json"):
        answer = still.ask(path, method=method, headers={"Accept": accept})
        assert kind(answer) == answered
        assert answer.mimetype == "application/problem+json"
        assert answer.json["instance"] == answer.headers["X-Request-ID"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["RateLimit"]
        if answered[0] == 405:
            assert answer.headers["Allow"]


def test_a_trailing_slash_is_no_other_address(still):
    assert still.get("/api/v1/datasets/").status_code == 200
    assert still.get("/api/v1/datasets/parks/").json["id"] == "parks"


def test_a_page_that_is_not_there_is_a_page_for_a_browser_and_a_problem_for_a_program(still):
    page = still.get("/nothing", headers={"Accept": "text/html,*/*;q=0.8"})
    assert (page.status_code, page.mimetype) == (404, "text/html")
    assert kind(still.get("/nothing")) == (404, "no-such-address")


class Broken:
    """A search engine that fails as nobody foresaw."""

    def search(self, query):
        raise RuntimeError("SELECT secret FROM /srv/hidden")

    def close(self):
        pass


def test_a_fault_of_ours_is_500_and_only_the_log_knows_more(open_house, caplog):
    with open_house(engine=Broken()) as house, caplog.at_level(logging.ERROR, "entrepot.gateway"):
        answer = house.get("/api/v1/datasets?q=geheim")
    assert kind(answer) == (500, "unexpected")
    for told in ("SELECT", "hidden", "RuntimeError", "Traceback", "geheim", "/srv"):
        assert told not in answer.text
    (record,) = caplog.records
    assert answer.json["instance"] in record.getMessage()
    assert "geheim" not in record.getMessage()
    assert record.exc_info


def test_a_database_that_is_away_is_503_and_tells_no_sql(house):
    key = house.get("/api/v1/datasets/parks")
    assert key.status_code == 200
    for file in house.folder.glob("entrepot.db*"):
        file.unlink()
    house.catalogue._parts.engine.dispose()
    answer = house.get("/api/v1/datasets/parks")
    assert kind(answer) == (503, "unavailable")
    assert answer.headers["Retry-After"]
    assert "SELECT" not in answer.text
    assert "entrepot.db" not in answer.text


@pytest.mark.parametrize("host", ["evil host", "a/b", "[", "", "x" * 300, "\xff"])
def test_a_host_header_that_is_none_is_no_fault_of_ours(still, host):
    answer = still.get("/api/v1/datasets/parks", headers={"Host": host})
    assert answer.status_code in (200, 400)
    if answer.status_code == 400:
        assert kind(answer) == (400, "bad-request")


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/datasets/%FF/rows",
        "/api/v1/datasets/%/rows",
        "/%FF",
        "/api/%E2%82/x",
        "/api/v1/datasets/parks/%0d%0a",
    ],
)
def test_a_path_that_is_no_text_is_404(still, path):
    assert still.get(path).status_code == 404


def test_what_is_missing_is_said_with_how_to_mend_it(still):
    (error,) = still.get("/api/v1/datasets/parks/changes").json["errors"]
    assert error == {"where": "since", "what": "is missing", "hint": "give it a value"}
