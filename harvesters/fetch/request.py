"""What is asked of a server: an address, headers, and which parts of them are secret."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import httpcore
import httpx

from harvesters.faults import SourceRefused
from harvesters.secrets import PREFIX, Secret, is_secret

_CONDITIONS = {"if-none-match", "if-modified-since"}
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True)
class Request:
    """A GET that is yet to be sent; as a text it is its address as it may be shown."""

    url: httpx.URL
    secrets: frozenset[str]
    headers: Mapping[str, str]

    def __str__(self) -> str:
        """The URL without a secret of the feed, or anything that looks like a key."""
        plain = str(self.url.copy_with(query=None, fragment=None, username="", password=""))
        pairs = self.url.params.multi_items()
        query = "&".join(f"{name}={'…' if is_secret(name) else value}" for name, value in pairs)
        shown = f"{plain}?{query}" if query else plain
        for secret in sorted(self.secrets, key=len, reverse=True):
            shown = shown.replace(secret, "…").replace(quote(secret, safe=""), "…")
        return shown

    @property
    def host(self) -> str:
        """The host and port that it goes to."""
        return self.url.netloc.decode("ascii")

    @property
    def is_conditional(self) -> bool:
        """Whether the server may answer that nothing changed."""
        return not _CONDITIONS.isdisjoint(name.lower() for name in self.headers)

    def redirected(self, answer: httpcore.Response) -> Request | None:
        """What the answer asks to be fetched instead; raises SourceRefused for what is no address."""
        if answer.status not in _REDIRECTS:
            return None
        location = next((value for name, value in answer.headers if name.lower() == b"location"), b"")
        try:
            if location:
                target = self.url.join(location.decode("utf-8"))
                return Request(target, self.secrets, self._headers_for(target))
        except (httpx.InvalidURL, UnicodeDecodeError):
            pass
        raise SourceRefused(f"{self}: redirects (status {answer.status}) to no address that can be read")

    def _headers_for(self, target: httpx.URL) -> Mapping[str, str]:
        """The headers that may follow a redirect: a secret stays with the host it was meant for."""
        if (target.scheme, target.netloc) == (self.url.scheme, self.url.netloc):
            return self.headers
        return {name: value for name, value in self.headers.items() if not isinstance(value, Secret)}


def request(url: str, params: Mapping[str, str], headers: Mapping[str, str]) -> Request:
    """The request of an address with more parameters; raises SourceRefused where it cannot be read."""
    try:
        parsed = httpx.URL(url)
        whole = parsed.copy_merge_params(params) if params else parsed
    except httpx.InvalidURL as fault:
        raise SourceRefused(f"the address cannot be read: {fault}", hint="mend url under [source]") from None
    given = (*params.values(), *headers.values())
    secrets: set[str] = {value for value in given if isinstance(value, Secret)}
    if isinstance(url, Secret):
        # Some services take their key as a part of the path.
        secrets |= {parsed.raw_path.decode().partition("?")[0], *parsed.params.values()} - {"", "/"}
    return Request(whole, frozenset(secrets), dict(headers))


def is_address(text: object) -> bool:
    """Whether a text is the address of a host on the web, or names one as `env:NAME`."""
    try:
        return isinstance(text, str) and (text.startswith(PREFIX) or _is_web(httpx.URL(text)))
    except httpx.InvalidURL:
        return False


def _is_web(url: httpx.URL) -> bool:
    return url.scheme in ("http", "https") and bool(url.host) and "%" not in url.host
