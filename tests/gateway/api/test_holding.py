"""Answers that are sent piece by piece have so many places, and what is small is sent whole."""

from __future__ import annotations

from typing import Any

import pytest
from published import places
from werkzeug.test import EnvironBuilder, run_wsgi_app

from gateway import holding

DATASET = "/api/v1/datasets/parks"


@pytest.fixture
def narrow(house):
    """A house that sends two of each kind at once, one to each caller, and counts any file as large."""
    streams = house.services.streams
    for kind in (streams.events, streams.exports, streams.files):
        kind.at_once, kind.each = 2, 1
    return house


def sent(house, path: str, address: str = "127.0.0.1") -> tuple[Any, str]:
    built = EnvironBuilder(path=path).get_environ() | {"REMOTE_ADDR": address}
    body, status, _ = run_wsgi_app(house.gate, built)
    return body, status[:3]


@pytest.mark.parametrize("path", ["export.csv", "export.parquet", "download.csv", "download.geojson"])
def test_a_caller_who_reads_one_to_its_end_may_have_the_next(narrow, monkeypatch, path):
    monkeypatch.setattr(holding, "WHOLE", 0)
    first, status = sent(narrow, f"{DATASET}/{path}")
    assert status == "200"
    refused, status = sent(narrow, f"{DATASET}/{path}")
    assert status == "429"
    assert b"too-many-streams" in b"".join(refused)
    assert narrow.get(f"{DATASET}/rows").status_code == 200
    whole = b"".join(first)
    first.close()
    again, status = sent(narrow, f"{DATASET}/{path}")
    assert (status, b"".join(again)) == ("200", whole)
    again.close()


@pytest.mark.parametrize("path", ["export.csv", "download.csv"])
def test_all_callers_together_have_so_many(narrow, monkeypatch, path):
    monkeypatch.setattr(holding, "WHOLE", 0)
    held = [sent(narrow, f"{DATASET}/{path}", f"203.0.113.{n}") for n in range(3)]
    assert [status for _, status in held] == ["200", "200", "503"]
    held[0][0].close()
    held.append(sent(narrow, f"{DATASET}/{path}", "203.0.113.3"))
    assert held[-1][1] == "200"
    for body, _ in (held[1], held[3]):
        body.close()


def test_a_question_that_is_refused_keeps_no_place(narrow):
    for path, status in (
        ("export.csv?nome=1", 400),
        ("export.gpx", 400),
        ("export.geojson?select=name", 400),
    ):
        assert narrow.get(f"{DATASET}/{path}").status_code == status
    known = narrow.get(f"{DATASET}/export.csv").headers["ETag"]
    assert narrow.get(f"{DATASET}/export.csv", headers={"If-None-Match": known}).status_code == 304
    narrow.ask(f"{DATASET}/export.csv", method="HEAD")
    assert narrow.services.streams.exports.open == 0
    assert sent(narrow, f"{DATASET}/export.csv")[1] == "200"


def test_a_small_file_and_a_range_of_one_need_no_place(narrow):
    held = [sent(narrow, f"{DATASET}/download.csv") for _ in range(3)]
    assert [status for _, status in held] == ["200"] * 3
    assert narrow.services.streams.files.open == 0
    for body, _ in held:
        body.close()
    answer = narrow.get(f"{DATASET}/download.csv", headers={"Range": "bytes=0-9", "Accept-Encoding": "gzip"})
    assert (answer.status_code, len(answer.data)) == (206, 10)
    assert "Content-Encoding" not in answer.headers
    whole = narrow.get(f"{DATASET}/download.csv", headers={"Accept-Encoding": "gzip"})
    assert whole.headers["Content-Length"] == str(len(whole.data))
    assert "Content-Encoding" not in whole.headers


def test_one_who_left_in_the_middle_gives_the_place_back(narrow):
    narrow.publish(places(20), "r-a")
    body, _ = sent(narrow, f"{DATASET}/export.ndjson")
    next(iter(body))
    assert narrow.services.streams.exports.open == 1
    body.close()
    assert narrow.services.streams.exports.open == 0
