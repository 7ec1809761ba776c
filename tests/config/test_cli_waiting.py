"""Feeds that may not run for now say so in every command, and a file that is too large names its line."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

GUARD = {"ENTREPOT_ALLOW_HOSTS": "127.0.0.1"}


def test_a_feed_of_an_archived_dataset_is_passed_over_and_told_of(shell) -> None:
    shell.feed("libraries")
    shell.feed("museums")
    assert shell("harvest", "--all").status == 0
    assert shell("datasets", "archive", "libraries").status == 0
    listed = {item["id"]: item["waiting"] for item in shell("feeds", "list", "--json").items}
    assert listed["museums"] is None
    assert "'libraries' was archived by a steward" in listed["libraries"]
    checked = shell("feeds", "check", "libraries")
    assert (checked.status, "it waits" in checked.out) == (0, True)
    assert "entrepot datasets restore libraries" in checked.out
    every = shell("harvest", "--all", "--json")
    assert (every.status, [item["feed"] for item in every.items]) == (0, ["museums"])
    assert "libraries is passed over" in every.err
    by_hand = shell("harvest", "libraries", "--json")
    assert (by_hand.status, by_hand.item["status"], by_hand.item["reasons"]) == (1, "failed", {"closed": 0})
    assert shell("feeds", "check", "libraries", "--json").item["state"] == "fresh"
    assert shell("datasets", "restore", "libraries").status == 0
    assert shell("feeds", "check", "libraries", "--json").item["waiting"] is None
    assert shell("harvest", "libraries", "--json").item["status"] == "unchanged"


@pytest.fixture
def huge() -> Iterator[str]:
    """The address of a file of 10 GiB, as far as its server says."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(10 << 30))
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/huge.csv"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_file_that_is_too_large_names_the_line_to_write_wherever_it_is_met(shell, huge: str) -> None:
    line = 'max_bytes = "11GB" under [source]'
    path = shell.feed("parks")
    text = path.read_text(encoding="utf-8")
    remote = text.replace('kind = "file"\npath = "parks.csv"', f'kind = "url"\nurl = "{huge}"')
    path.write_text(remote, encoding="utf-8")
    assert line in shell("feeds", "try", huge, **GUARD).out
    assert line in shell("feeds", "try", "--feed", path, **GUARD).out
    harvested = shell("harvest", "parks", "--json", **GUARD).item
    assert (harvested["reasons"], line in harvested["error"]) == ({"too_large": 0}, True)
    checked = shell("feeds", "check", "parks", "--json", **GUARD).item
    assert line in checked["wrong"]
    assert str(path) in checked["todo"][0]
    wider = remote.replace("[format]", 'max_bytes = "11GB"\n[format]')
    path.write_text(wider, encoding="utf-8")
    assert "max_bytes" not in shell("harvest", "parks", "--json", **GUARD).item["error"]
