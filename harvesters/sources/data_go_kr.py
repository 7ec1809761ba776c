"""A paged service of data.go.kr: pageNo, numOfRows, totalCount."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from harvesters.faults import SourceIncomplete, SourceRefused, SourceUnavailable
from harvesters.fetch import is_address
from harvesters.reading.envelopes import Answer, open_envelope
from harvesters.sources import Raw, Visit

OPTIONS = frozenset({"url", "service_key", "page_size", "params"})
REQUIRED = frozenset({"url", "service_key"})
FORMAT = "json"

PAGE_SIZE = 100
"""Every service takes 100 rows a page; many take 1,000."""

_PAUSES = (1.0, 3.0)
"""Seconds before a page is asked again that the service failed to give."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` an address, `service_key` a text, `page_size` 1 to 10,000, `params` a table."""
    size, params = options.get("page_size", PAGE_SIZE), options.get("params", {})
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"
    if not isinstance(options.get("service_key", ""), str):
        yield "service_key", 'takes the name of an environment variable, as in "env:DATA_GO_KR_KEY"'
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 10_000:
        yield "page_size", "takes a whole number from 1 to 10000"
    if not (isinstance(params, Mapping) and all(isinstance(value, str | int) for value in params.values())):
        yield "params", 'takes a table of texts and whole numbers, as in { _type = "json" }'


def read(visit: Visit) -> Raw:
    """Read every page into one JSON list and hold it to totalCount; a total that moves means another pass."""
    service = _Service(visit)
    listed = visit.folder / "source.json"
    for _ in range(2):
        totals, got = _list(service, listed)
        if totals <= {got}:
            return _raw(listed, expected=got if totals else None)
    said = " then ".join(str(total) for total in sorted(totals))
    raise SourceIncomplete(
        f"{visit.feed.id}: the service says it holds {said} rows and gave {got}, in two passes",
        hint="where it caps its pages, a smaller page_size under [source] helps",
    )


def _list(service: _Service, to: Path) -> tuple[set[int], int]:
    """Write all items; return every total that the service named and the number of items it gave."""
    totals: set[int] = set()
    got, number, last = 0, 1, None
    with to.open("w", encoding="utf-8") as listed:
        listed.write("[")
        while True:
            answer = service.page(number)
            totals |= set() if answer.total is None else {answer.total}
            if answer.items and answer.items == last:
                break
            for item in answer.items:
                listed.write((",\n" if got else "\n") + json.dumps(item, ensure_ascii=False))
                got += 1
            if service.is_last(answer, got):
                break
            last, number = answer.items, number + 1
        listed.write("\n]\n")
    return totals, got


def _raw(listed: Path, *, expected: int | None) -> Raw:
    with listed.open("rb") as body:
        digest = hashlib.file_digest(body, "sha256").hexdigest()
    return Raw(
        path=listed,
        name=listed.name,
        bytes=listed.stat().st_size,
        sha256=digest,
        format=FORMAT,
        expected=expected,
    )


@dataclass
class _Service:
    """One service during one run; it remembers which form of the key was taken."""

    visit: Visit
    encode_key: bool = False

    @property
    def size(self) -> int:
        return int(self.visit.options.get("page_size", PAGE_SIZE))

    def is_last(self, answer: Answer, got: int) -> bool:
        if not answer.items:
            return True
        if answer.total is not None:
            return got >= answer.total
        # Without a count a short page is the last; one longer than asked comes from a service without pages.
        return len(answer.items) != self.size

    def page(self, number: int) -> Answer:
        """One page, asked again while the service stumbles; raises SourceRefused or SourceUnavailable."""
        for pause in (*_PAUSES, None):
            answer = self._ask(number)
            if answer.verdict == "key" and number == 1 and not self.encode_key:
                # Keys are handed out encoded and decoded, and some services decode what they get twice.
                self.encode_key = True
                answer = self._ask(number)
            if answer.verdict not in ("retry", "wait") or pause is None:
                break
            self.visit.sleep(pause)
        return self._taken(answer, number)

    def _ask(self, number: int) -> Answer:
        options = self.visit.options
        key = unquote(options["service_key"])
        params = {name: str(value) for name, value in options.get("params", {}).items()} | {
            "serviceKey": quote(key, safe="") if self.encode_key else key,
            "pageNo": str(number),
            "numOfRows": str(self.size),
        }
        fetched = self.visit.fetch(options["url"], self.visit.folder / "page", params=params)
        answer = open_envelope(fetched.path)
        fetched.path.unlink()
        return answer

    def _taken(self, answer: Answer, number: int) -> Answer:
        if answer.verdict == "ok":
            return answer
        if answer.verdict == "empty":
            return Answer(answer.code, answer.message, (), 0 if number == 1 else answer.total)
        said = f" ({self._masked(answer.message)})" if answer.message else ""
        message = f"{self.visit.feed.id}: page {number} gave result {answer.code}{said}: {answer.meaning}"
        raise (SourceUnavailable if answer.verdict == "retry" else SourceRefused)(message)

    def _masked(self, message: str) -> str:
        key = self.visit.options["service_key"]
        for form in (key, unquote(key), quote(unquote(key), safe="")):
            message = message.replace(form, "…")
        return message[:200]
