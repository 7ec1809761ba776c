"""A file on the web, or several that make one table, by http or https; unchanged ones are not sent again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from harvesters.faults import harmless
from harvesters.fetch import Fetched, is_address
from harvesters.secrets import Secret
from harvesters.sources import Raw, Unmodified, Visit, one_table

OPTIONS = frozenset({"url", "urls"})
REQUIRED: frozenset[str] = frozenset()
FORMAT: str | None = None

_SETTLED = timedelta(seconds=60)
"""A date of change is trusted when so long past (RFC 7232, 2.2.2): a file can change twice a second."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` is an absolute http or https address, `urls` a list of them; one of the two is there."""
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"
    urls = options.get("urls", [""])
    if "urls" in options and not (isinstance(urls, list) and urls and all(map(is_address, urls))):
        yield "urls", 'takes a list of addresses, as in ["https://…/2025.csv", "https://…/2026.csv"]'
    if ("url" in options) == ("urls" in options):
        yield "url", 'is needed, as in url = "https://…", or urls = [ … ] for several files, and not both'


def read(visit: Visit) -> Raw | Unmodified:
    """Fetch each address, where the last visit left validators on the condition that it has changed.

    Only when every server says that nothing has changed is that believed; when one has something new, all
    are read anew. An address that is a secret leaves no trace, so it is always read.
    """
    urls = visit.options.get("urls") or [visit.options["url"]]
    known = visit.known.get("files", [])
    if visit.known.get("urls", _shown(urls)) != _shown(urls):
        known = []  # Another day's file, of which nothing is known.
    if len(known) == len(urls) and all(known):
        asked = [
            _fetch(visit, place, url, held) for place, (url, held) in enumerate(zip(urls, known, strict=True))
        ]
        if all(each.unmodified for each in asked):
            return Unmodified(f"{asked[0].url}: status 304 to {', '.join(known[0])}")
    else:
        asked = [_fetch(visit, place, url, {}) for place, url in enumerate(urls)]
    whole = [
        _fetch(visit, place, urls[place], {}) if each.unmodified else each for place, each in enumerate(asked)
    ]
    files = [_validators(url, each) for url, each in zip(urls, whole, strict=True)]
    state = {"files": files, "urls": _shown(urls)} if any(files) else {}
    return one_table([_raw(each) for each in whole], state)


def _shown(urls: Sequence[str]) -> list[str | None]:
    """The addresses as they may be kept: of one that is a secret nothing is."""
    return [None if isinstance(url, Secret) else url for url in urls]


def _fetch(visit: Visit, place: int, url: str, known: Mapping[str, str]) -> Fetched:
    return visit.fetch(url, visit.folder / f"source-{place}", headers=known)


def _raw(fetched: Fetched) -> Raw:
    return Raw(
        path=fetched.path,
        name=fetched.filename or harmless(unquote(Path(urlsplit(fetched.url).path).name)) or "source",
        bytes=fetched.bytes,
        sha256=fetched.sha256,
        media_type=fetched.media_type,
    )


def _validators(url: str, fetched: Fetched) -> dict[str, str]:
    """The headers that ask whether a file is still the one that was fetched; none where that is in doubt."""
    if isinstance(url, Secret):
        return {}
    etag, modified = fetched.headers.get("etag", ""), fetched.headers.get("last-modified", "")
    held = {"If-None-Match": etag} if etag and etag.isascii() and etag.isprintable() else {}
    then, sent = _moment(modified), _moment(fetched.headers.get("date", "")) or datetime.now(UTC)
    return held | ({"If-Modified-Since": modified} if then and sent - then >= _SETTLED else {})


def _moment(text: str) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC)
    except ValueError:
        return None
