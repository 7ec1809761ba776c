"""Ask services that answer in JSON: one answer at a time, each held to be what it should be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, parse_qs, quote, unquote, urljoin, urlsplit

from harvesters.faults import SourceRefused, SourceUnavailable
from harvesters.fetch import Fetched, is_address
from harvesters.secrets import Secret
from harvesters.sources import Visit

ASIDE = frozenset({"url", "headers", "params"})
"""The options that every service takes: its address, and headers and parameters that each request gets."""


@dataclass
class Service:
    """One service during one visit: the bytes that it sent so far, and the headers of its last answer."""

    visit: Visit
    received: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The feed's url, without the slash at its end and as secret as it was."""
        url = self.visit.options["url"]
        plain = url.rstrip("/")
        return Secret(plain) if isinstance(url, Secret) else str(plain)

    @property
    def name(self) -> str:
        """The feed's name, for the sentences of faults."""
        return self.visit.feed.id

    def object_at(self, url: str, params: Mapping[str, str] | None = None, **headers: str) -> dict[str, Any]:
        """The object that an address answers with; raises SourceUnavailable where it is none."""
        return self.as_object(self.json_at(url, params, **headers))

    def json_at(self, url: str, params: Mapping[str, str] | None = None, **headers: str) -> Any:
        """The JSON that an address answers with."""
        return self.parsed(self.body_at(url, params, **headers))

    def parsed(self, body: bytes) -> Any:
        """The JSON of a body; raises SourceUnavailable where it is none, or says success: false."""
        try:
            answer = json.loads(body, parse_constant=lambda _: None)
        except (ValueError, RecursionError) as fault:
            begins = self.masked(" ".join(body[:80].decode("utf-8", "replace").split()))
            raise SourceUnavailable(
                f"{self.name}: the answer is not JSON ({str(fault)[:80]}); it begins {begins!r}",
                hint="url under [source] is the address of the service itself",
            ) from None
        if isinstance(answer, dict) and answer.get("success") is False:
            raise SourceUnavailable(f"{self.name}: answered success: false ({self.quoted(answer)})")
        return answer

    def as_object(self, answer: Any) -> dict[str, Any]:
        """The answer as an object."""
        if not isinstance(answer, dict):
            raise SourceUnavailable(f"{self.name}: answered no object but {self.quoted(answer)}")
        return answer

    def body_at(self, url: str, params: Mapping[str, str] | None = None, **headers: str) -> bytes:
        """The bytes that an address answers with; parameters and headers of the feed go along.

        Headers that are secret go to the feed's own host alone.
        """
        fetched = self.fetched(url, params, **headers)
        body = fetched.path.read_bytes()
        fetched.path.unlink()
        return body

    def fetched(self, url: str, params: Mapping[str, str] | None = None, **headers: str) -> Fetched:
        """The answer of an address, its body in a file that the next one takes the place of."""
        options = self.visit.options
        own = _site(url) == _site(options["url"])
        # What the feed adds to every address stands in links already, where the service made them from it.
        told = parse_qs(urlsplit(url).query)
        given = {name: _text(value) for name, value in options.get("params", {}).items() if name not in told}
        sent = {
            name: value
            for name, value in options.get("headers", {}).items()
            if own or not isinstance(value, Secret)
        }
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        asked = {**(params or {}), **(given if own else {})}
        fetched = self.visit.fetch(url, self.visit.folder / "answer", params=asked, headers={**named, **sent})
        self.received += fetched.bytes
        self.headers = fetched.headers
        return fetched

    def linked(self, href: object, base: str) -> str:
        """The address that a link of the service's own leads to, read from the page at `base`.

        Raises SourceRefused for one that leads to another host: its rows are not those of this service.
        Behind a proxy a service may know itself as http: it is asked as the feed says.
        """
        if not isinstance(href, str) or not href.strip():
            raise SourceUnavailable(f"{self.name}: the link to the next page is no address")
        target, own = urlsplit(urljoin(base, href.strip())), urlsplit(self.visit.options["url"])
        if target.hostname != own.hostname or (target.scheme == own.scheme and _port(target) != _port(own)):
            raise SourceRefused(
                f"{self.name}: the link to the next page leads to {target.netloc}, not to {own.netloc}",
                hint="write the address under which the service knows itself as url under [source]",
            )
        link = target._replace(scheme=own.scheme, netloc=own.netloc).geturl()
        return Secret(link) if self.masked(link) != link or isinstance(base, Secret) else link

    def quoted(self, answer: Any) -> str:
        """What the service said, short and without the feed's secrets."""
        return self.masked(json.dumps(answer, ensure_ascii=False))[:200]

    def masked(self, text: str) -> str:
        """A text of the service's without the feed's secrets, in whatever form it repeats them."""
        for secret in sorted(_secrets(self.visit.options), key=len, reverse=True):
            for form in {secret, unquote(secret), quote(secret, safe=""), json.dumps(secret)[1:-1]}:
                text = text.replace(form, "…")
        return text


def check_service(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` an address, `headers` a table of texts, `params` a table of texts and whole numbers."""
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"
    if not _holds(options.get("headers", {}), str):
        yield "headers", 'takes a table of texts, as in { "X-API-Key" = "env:API_KEY" }'
    elif any(
        _opens(name) and not value.startswith("env:") for name, value in options.get("headers", {}).items()
    ):
        yield "headers", 'hold a credential: write { Authorization = "env:NAME" } and set NAME to it'
    if not _holds(options.get("params", {}), str | int):
        yield "params", "takes a table of texts and whole numbers"


def check_texts(options: Mapping[str, Any], *names: str) -> Iterator[tuple[str, str]]:
    """Those of the options that are there and no text."""
    for name in names:
        if name in options and not (isinstance(options[name], str) and options[name].strip()):
            yield name, "takes a text"


def check_number(options: Mapping[str, Any], name: str, least: int, most: int) -> Iterator[tuple[str, str]]:
    """An option that is there and no whole number within its bounds."""
    value = options.get(name, least)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        yield name, f"takes a whole number from {least} to {most}"


def _holds(table: object, kinds: Any) -> bool:
    return isinstance(table, Mapping) and all(isinstance(each, kinds) for each in table.values())


def _opens(header: str) -> bool:
    return header.lower() in ("authorization", "proxy-authorization", "cookie")


def _text(value: str | int) -> str:
    return value if isinstance(value, str) else str(value)


def _site(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _port(parts: SplitResult) -> int:
    return parts.port or (443 if parts.scheme == "https" else 80)


def _secrets(held: Any) -> set[str]:
    """Every secret in the options, those in tables too."""
    if isinstance(held, Mapping):
        return {secret for each in held.values() for secret in _secrets(each)}
    if isinstance(held, Secret) and len(held) > 3:
        return {str(held)}
    return set()
