"""Objects of an S3-compatible bucket: the newest under a prefix, or all of them as one table.

They are fetched through the one outgoing door, not through a library's own sockets: so addresses are
guarded and pinned, redirects are looked at, and sizes are bounded as everywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from harvesters.faults import (
    FeedMisconfigured,
    SourceIncomplete,
    SourceUnavailable,
    Unreadable,
    harmless,
)
from harvesters.fetch import Fetched, is_address
from harvesters.fetch.signing import Keys, canonical_query, signed_headers
from harvesters.reading.catalogues.markup import Element, children, first, name_of, root_of, text_in
from harvesters.secrets import PREFIX
from harvesters.sources import Raw, Unmodified, Visit, one_table

OPTIONS = frozenset({"url", "access_key", "secret_key", "glob", "take"})
REQUIRED = frozenset({"url"})
FORMAT: str | None = None

REGION = "us-east-1"
_MOST_OBJECTS = 100_000
_TAKES = 'takes "s3://bucket/prefix", with ?endpoint=https://… and &region=… where it is not at Amazon'


@dataclass(frozen=True)
class _Place:
    """`s3://bucket/prefix?endpoint=https://…&region=…`, the prefix read as it stands."""

    endpoint: str
    bucket: str
    prefix: str
    region: str


@dataclass(frozen=True)
class _Object:
    key: str
    etag: str
    size: int
    modified: str


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` an s3 address, both keys or none, `glob` a pattern of keys, `take` either newest or all."""
    url = options.get("url", PREFIX)
    if not (isinstance(url, str) and (url.startswith(PREFIX) or _place(url))):
        yield "url", _TAKES
    for name, other in (("access_key", "secret_key"), ("secret_key", "access_key")):
        if name in options and (not isinstance(options[name], str) or other not in options):
            yield name, f"takes the name of an environment variable, and needs {other} beside it"
    if not isinstance(options.get("glob", "*"), str):
        yield "glob", 'takes a pattern of what follows the prefix, as in "*.csv"'
    if options.get("take", "newest") not in ("newest", "all"):
        yield "take", 'takes "newest", the object written last, or "all", every one as one table'


def read(visit: Visit) -> Raw | Unmodified:
    """Fetch the objects; unmodified while the keys, sizes and ETags of the listing are as they were."""
    bucket = _Bucket(visit)
    found = bucket.objects()
    if visit.options.get("take", "newest") == "newest":
        found = [max(found, key=lambda each: (each.modified, each.key))]
    listing = json.dumps([(each.key, each.etag, each.size) for each in found])
    mark = hashlib.sha256(listing.encode()).hexdigest()
    if mark == visit.known.get("listing"):
        return Unmodified(f"{bucket}: keys, sizes and ETags of {len(found)} objects are as they were")
    return one_table([bucket.raw(each, place) for place, each in enumerate(found)], {"listing": mark})


class _Bucket:
    def __init__(self, visit: Visit) -> None:
        place = _place(visit.options["url"])
        if place is None:
            raise FeedMisconfigured("the address of the bucket cannot be read", hint=f"url {_TAKES}")
        self._visit, self._place, self._options = visit, place, visit.options

    def __str__(self) -> str:
        return f"s3://{self._place.bucket}/{self._place.prefix}"

    def objects(self) -> list[_Object]:
        """All objects under the prefix that the pattern admits, in the order of their keys."""
        listed: list[_Object] = []
        token = ""
        while True:
            page = self._page(token)
            fresh = [_object(each) for each in children(page, "Contents")]
            if listed and fresh and fresh[0].key <= listed[-1].key:
                raise SourceIncomplete(f"{self}: the listing gives {fresh[0].key!r} a second time")
            listed += fresh
            following = text_in(first(page, "NextContinuationToken")) or ""
            if text_in(first(page, "IsTruncated")) != "true":
                break
            if not following or following == token or len(listed) > _MOST_OBJECTS:
                raise SourceIncomplete(
                    f"{self}: the listing does not come to its end after {len(listed)} objects"
                )
            token = following
        glob, skip = self._options.get("glob", "*"), len(self._place.prefix)
        chosen = [each for each in listed if each.size and fnmatchcase(each.key[skip:], glob)]
        if not chosen:
            raise SourceUnavailable(f"{self} holds no object {glob}", hint="mend url or glob under [source]")
        return sorted(chosen, key=lambda each: each.key)

    def raw(self, wanted: _Object, place: int) -> Raw:
        """One object, and the very one that was listed."""
        path = quote(f"/{self._place.bucket}/{wanted.key}", safe="/-_.~")
        fetched = self._fetch(path, {}, f"source-{place}")
        etag = fetched.headers.get("etag", wanted.etag)
        if fetched.bytes != wanted.size or etag != wanted.etag:
            raise SourceIncomplete(
                f"{self}: {wanted.key!r} is listed with {wanted.size:,} bytes and ETag {wanted.etag}, "
                f"and came with {fetched.bytes:,} and {etag}",
                hint="it was written to meanwhile, and is read at the next run",
            )
        name = harmless(PurePosixPath(wanted.key).name)
        return Raw(fetched.path, name or "source", fetched.bytes, fetched.sha256, fetched.media_type)

    def _page(self, token: str) -> Element:
        more = {"continuation-token": token} if token else {}
        params = {"list-type": "2", "prefix": self._place.prefix} | more
        fetched = self._fetch(quote(f"/{self._place.bucket}/", safe="/-_.~"), params, "listing")
        page = root_of(fetched.path.read_bytes())
        fetched.path.unlink()
        if name_of(page) != "ListBucketResult":
            raise Unreadable(f"{self}: answered {name_of(page)} where a listing was asked for")
        return page

    def _fetch(self, path: str, params: Mapping[str, str], to: str) -> Fetched:
        query = canonical_query(params)
        url = f"{self._place.endpoint}{path}" + (f"?{query}" if query else "")
        headers: dict[str, str] = {}
        if "access_key" in self._options:
            keys = Keys(self._options["access_key"], self._options["secret_key"], self._place.region)
            headers = signed_headers(url, keys, datetime.now(UTC))
        return self._visit.fetch(url, self._visit.folder / to, headers=headers)


def _object(entry: Element) -> _Object:
    key, etag, size, modified = (
        text_in(first(entry, name)) or "" for name in ("Key", "ETag", "Size", "LastModified")
    )
    if not {".", ".."}.isdisjoint(key.split("/")):
        raise Unreadable(f"the bucket holds an object {key!r}, whose name leads elsewhere", "rename it")
    if not (key and size.isascii() and size.isdigit()):
        raise Unreadable("the listing of the bucket holds an object without a key or a size")
    return _Object(key, etag, int(size), modified)


def _place(url: str) -> _Place | None:
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc:
        return None
    options = {name: values[0] for name, values in parse_qs(parts.query).items()}
    region = options.get("region", REGION)
    endpoint = options.get("endpoint", f"https://s3.{region}.amazonaws.com").rstrip("/")
    if options.keys() - {"endpoint", "region"} or not is_address(endpoint) or "?" in endpoint:
        return None
    return _Place(endpoint, parts.netloc, parts.path.lstrip("/"), region)
