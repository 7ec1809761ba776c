"""A service of the Seoul open data plaza: key, service, first and last row in the path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from harvesters.fetch import is_address
from harvesters.reading.items.envelopes import Answer, open_envelope
from harvesters.reading.items.pages import Service, list_all
from harvesters.secrets import Secret
from harvesters.sources import Raw, Visit, raw_of

OPTIONS = frozenset({"url", "service", "service_key", "page_size", "arguments"})
REQUIRED = frozenset({"service", "service_key"})
FORMAT = "json"

PLAZA = "http://openapi.seoul.go.kr:8088"
MOST_ROWS = 1000
"""Rows that one call may ask for; more is ERROR-336."""

SAMPLE = "sample"
SAMPLE_ROWS = 5
"""The key that needs no sign-up, and the rows that it gives a call."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`service` and `service_key` texts, `url` an address, `page_size` 1 to 1,000, `arguments` a list."""
    size, arguments = options.get("page_size", MOST_ROWS), options.get("arguments", [])
    service = options.get("service", "name")
    if "url" in options and not is_address(options["url"]):
        yield "url", f"takes an address that starts with http:// or https://, {PLAZA} where it is left out"
    if not (isinstance(service, str) and service.isascii() and service.isidentifier()):
        yield "service", 'takes the name of a service, as in "RealtimeCityAir"'
    if not isinstance(options.get("service_key", ""), str):
        yield "service_key", 'takes the name of an environment variable, as in "env:SEOUL_KEY"'
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= MOST_ROWS:
        yield "page_size", f"takes a whole number from 1 to {MOST_ROWS}"
    if not (isinstance(arguments, list) and all(isinstance(each, str | int) for each in arguments)):
        yield "arguments", 'takes a list of what follows the rows in the path, as in ["20260101", "강남구"]'


def read(visit: Visit) -> Raw:
    """Read every row into one JSON list, by 1,000 a call, and hold it to list_total_count."""
    key, listed = visit.options["service_key"], visit.folder / "source.json"
    size = SAMPLE_ROWS if key == SAMPLE else int(visit.options.get("page_size", MOST_ROWS))

    def ask(number: int, size: int) -> Answer:
        url = _address(visit.options, (number - 1) * size + 1, number * size)
        fetched = visit.fetch(url, visit.folder / "page")
        answer = open_envelope(fetched.path)
        fetched.path.unlink()
        return answer

    def masked(message: str) -> str:
        return message if key == SAMPLE else message.replace(key, "…").replace(quote(key, safe=""), "…")

    expected = list_all(Service(visit.feed.id, ask, masked, visit.sleep), size, listed)
    return raw_of(listed, FORMAT, expected)


def _address(options: Mapping[str, Any], first: int, last: int) -> Secret:
    """The address of those rows, a secret as a whole: the key is a part of its path."""
    steps = [options["service_key"], "json", options["service"], first, last, *options.get("arguments", [])]
    path = "/".join(quote(str(step), safe="") for step in steps)
    return Secret(f"{options.get('url', PLAZA).rstrip('/')}/{path}")
