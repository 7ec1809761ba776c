"""What publishers and feeds write is shown, and never runs."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from portal_city import HOSTILE
from portal_site import Browser, linked, told_to_map


class Seen(HTMLParser):
    """Every tag with its attributes, and all text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(text: str) -> Seen:
    parser = Seen()
    parser.feed(text)
    return parser


def assert_inert(text: str) -> None:
    page = seen(text)
    for tag, attributes in page.tags:
        assert not [name for name in attributes if name.startswith("on")], (tag, attributes)
        if tag == "script":
            own = (attributes.get("src") or "").startswith("/static/")
            assert own or attributes.get("type") == "application/ld+json", attributes
        if tag == "img":
            assert attributes["src"] == "/static/icon.svg"
        for name in ("href", "src", "action"):
            assert re.match(r"(/|https?://|#)", attributes.get(name) or "/"), attributes
    assert "54439" not in page.text


@pytest.mark.parametrize("path", ["/", "/datasets", "/datasets?q=window.hacked", "/datasets/hostile"])
@pytest.mark.parametrize("language", ["ko", "en"])
def test_what_a_publisher_wrote_does_not_run(site: Any, path: str, language: str) -> None:
    text = site.get(path, language).text
    assert "window.hacked" in text
    assert_inert(text)


def test_it_is_still_shown_as_written(site: Any) -> None:
    text = site.get("/datasets/hostile").text
    # Title, lead, publisher, licence, keyword, theme, reason, error, column, code and value.
    assert seen(text).text.count(HOSTILE) >= 11
    assert linked(text)["name"] == HOSTILE
    assert told_to_map(text)["columns"][1]["title"] == HOSTILE


@pytest.mark.parametrize("name", ["q", "theme", "publisher", "sort", "offset", "lang", "x"])
def test_what_an_address_says_does_not_run(site: Any, name: str) -> None:
    for path in ("/datasets", "/nothing", "/developers"):
        answer = Browser(site).client.get(
            path,
            query_string={name: HOSTILE},
            headers={"Accept": "text/html"},
            environ_base={"REMOTE_ADDR": "::1"},
        )
        assert_inert(answer.text)


def test_what_a_developer_typed_does_not_run(site: Any) -> None:
    reader = Browser(site)
    refused = reader.send("/developers/sign-up", email=HOSTILE, password="x", name=HOSTILE)
    assert_inert(refused.text)
    reader.sign_up("hostile@example.org")
    reader.send("/developers/applications", name=HOSTILE)
    text = reader.get("/developers").text
    assert HOSTILE in seen(text).text
    assert_inert(text)


def test_a_script_address_is_no_link(site: Any) -> None:
    assert "javascript:" not in site.get("/datasets/evil-1").text


def test_no_script_may_stand_in_a_page(site: Any) -> None:
    for path in ("/", "/datasets/hostile", "/developers", "/docs", "/nothing", "/problems/no-rows"):
        policy = dict(
            part.strip().split(" ", 1)
            for part in site.get(path).headers["Content-Security-Policy"].split(";")
        )
        assert policy.get("script-src", policy["default-src"]) == "'self'"
        assert policy["object-src"] == policy["frame-ancestors"] == "'none'"
        assert policy["form-action"] == policy["base-uri"] == "'self'"
