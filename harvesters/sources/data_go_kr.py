"""A paged service of data.go.kr: pageNo, numOfRows, totalCount."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from harvesters.fetch import is_address
from harvesters.reading.items.envelopes import Answer, open_envelope
from harvesters.reading.items.pages import Service, list_all
from harvesters.secrets import Secret
from harvesters.sources import Raw, Visit, raw_of

OPTIONS = frozenset({"url", "service_key", "page_size", "params", "paging"})
REQUIRED = frozenset({"url", "service_key"})
FORMAT = "json"

PAGE_SIZE = 100
"""Every service takes 100 rows a page; many take 1,000."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` an address, `service_key` a text, `page_size` 1 to 10,000, `params` a table, `paging` 2 names."""
    size, params = options.get("page_size", PAGE_SIZE), options.get("params", {})
    paging = options.get("paging", ["pageNo", "numOfRows"])
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"
    if not isinstance(options.get("service_key", ""), str):
        yield "service_key", 'takes the name of an environment variable, as in "env:DATA_GO_KR_KEY"'
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 10_000:
        yield "page_size", "takes a whole number from 1 to 10000"
    if not (isinstance(params, Mapping) and all(isinstance(value, str | int) for value in params.values())):
        yield "params", 'takes a table of texts and whole numbers, as in { _type = "json" }'
    if not (isinstance(paging, list) and len(paging) == 2 and all(isinstance(each, str) for each in paging)):
        yield "paging", 'takes the parameters of page and size, as in ["page", "perPage"]'


def read(visit: Visit) -> Raw:
    """Read every page into one JSON list and hold it to totalCount."""
    listed, service = visit.folder / "source.json", _Service(visit)
    size = int(visit.options.get("page_size", PAGE_SIZE))
    expected = list_all(Service(visit.feed.id, service.ask, service.masked, visit.sleep), size, listed)
    return raw_of(listed, FORMAT, expected)


@dataclass
class _Service:
    """One service during one run; it remembers which form of the key was taken."""

    visit: Visit
    encode_key: bool = False

    def ask(self, number: int, size: int) -> Answer:
        answer = self._asked(number, size)
        if answer.verdict == "key" and number == 1 and not self.encode_key:
            # Keys are handed out encoded and decoded, and some services decode what they get twice.
            self.encode_key = True
            answer = self._asked(number, size)
        return answer

    def _asked(self, number: int, size: int) -> Answer:
        options = self.visit.options
        key = unquote(options["service_key"])
        page, rows = options.get("paging", ("pageNo", "numOfRows"))
        params = {name: str(value) for name, value in options.get("params", {}).items()} | {
            "serviceKey": Secret(quote(key, safe="") if self.encode_key else key),
            page: str(number),
            rows: str(size),
        }
        fetched = self.visit.fetch(options["url"], self.visit.folder / "page", params=params)
        answer = open_envelope(fetched.path)
        fetched.path.unlink()
        return answer

    def masked(self, message: str) -> str:
        """What the service says without the key, in whatever form it repeats it."""
        key = self.visit.options["service_key"]
        for form in (key, unquote(key), quote(unquote(key), safe="")):
            message = message.replace(form, "…")
        return message
