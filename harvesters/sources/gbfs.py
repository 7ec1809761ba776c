"""The feeds of shared vehicles that a gbfs.json announces (GBFS 1 to 3), each a table, no sooner than new."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from harvesters.faults import FeedMisconfigured, SourceUnavailable
from harvesters.fetch import is_address
from harvesters.secrets import Secret
from harvesters.services import ASIDE, Service, check_service, check_texts
from harvesters.services.watermark import moment, written
from harvesters.sources import Raw, Unmodified, Visit
from schemas.problem import did_you_mean

OPTIONS = frozenset({"feeds", "language"}) | ASIDE
REQUIRED = frozenset({"url"})
FORMAT = "gbfs"

_ABOUT = frozenset({"gbfs", "gbfs_versions", "manifest"})
"""What tells of other files and holds no data."""

_LONGEST = timedelta(days=1)
"""No file is believed to hold for longer."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` the address of a gbfs.json, `feeds` a list of names, `language` a code such as "ko"."""
    yield from check_service(options)
    yield from check_texts(options, "language")
    feeds = options.get("feeds", ["a"])
    if not (isinstance(feeds, list) and feeds and all(isinstance(each, str) and each for each in feeds)):
        yield "feeds", 'takes a list of names, as in ["station_information", "station_status"]'


def read(visit: Visit) -> Raw | Unmodified:
    """The files of the chosen feeds, or of all, in one archive; each is a table.

    Before the time that the files said they would hold for is over, the source is not asked. Raises
    FeedMisconfigured for a feed that is not announced, SourceRefused, SourceUnavailable.
    """
    until = moment(visit.known["until"]) if visit.known.get("until") else None
    if until and datetime.now(UTC) < until <= datetime.now(UTC) + _LONGEST:
        return Unmodified(f"its ttl says that nothing is new before {written(until)}")
    service = Service(visit)
    announced = _announced(service, service.object_at(service.address), visit.options.get("language"))
    files = [_file(service, name, announced) for name in _chosen(visit, announced)]
    path = visit.folder / "gbfs.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for each in files:
            archive.writestr(f"{each.name}.json", each.body)
    digest = hashlib.sha256("".join(each.mark for each in files).encode()).hexdigest()
    holds = min(each.holds for each in files)
    state = {"until": written(datetime.now(UTC) + holds)} if holds else {}
    return Raw(path, path.name, service.received, digest, format=FORMAT, state=state)


@dataclass(frozen=True)
class _File:
    """One feed's file; `holds` is for how long from now it says that nothing is new."""

    name: str
    body: bytes
    holds: timedelta

    @property
    def mark(self) -> str:
        return self.name + hashlib.sha256(self.body).hexdigest()


def _announced(service: Service, answer: Mapping[str, Any], language: str | None) -> dict[str, str]:
    """The address of each feed by its name; versions 1 and 2 have them by language."""
    data = answer.get("data")
    if not isinstance(data, Mapping):
        raise SourceUnavailable(
            f"{service.name}: the answer announces no feeds but is {service.quoted(answer)}",
            "url under [source] is the address of a gbfs.json",
        )
    held = data if "feeds" in data else _in_language(service, data, language)
    feeds = held.get("feeds")
    found = [each for each in feeds if isinstance(each, Mapping)] if isinstance(feeds, list) else []
    announced = {str(each["name"]): each["url"] for each in found if each.get("name") and each.get("url")}
    if not announced or not all(is_address(url) and not url.startswith("env:") for url in announced.values()):
        raise SourceUnavailable(f"{service.name}: gbfs.json announces no feeds with their addresses")
    return announced


def _in_language(service: Service, data: Mapping[str, Any], language: str | None) -> Mapping[str, Any]:
    """The feeds in a language; in the city's own or English where none is asked for, else in the first."""
    if language is not None and language not in data:
        raise FeedMisconfigured(
            f"{service.name}: the feeds do not come in language {language!r}", did_you_mean(language, data)
        )
    held = data.get(language or next((each for each in ("ko", "en", *data) if each in data), ""))
    return held if isinstance(held, Mapping) else {}


def _chosen(visit: Visit, announced: Mapping[str, str]) -> list[str]:
    wanted = visit.options.get("feeds") or sorted(announced.keys() - _ABOUT)
    for name in wanted:
        if name not in announced:
            raise FeedMisconfigured(
                f"{visit.feed.id}: gbfs.json announces no feed {name!r}", did_you_mean(name, announced)
            )
    return list(dict.fromkeys(wanted))


def _file(service: Service, name: str, announced: Mapping[str, str]) -> _File:
    """The file of a feed; raises SourceUnavailable where it is none of GBFS."""
    url = announced[name]
    body = service.body_at(Secret(url) if service.masked(url) != url else url)
    held = service.as_object(service.parsed(body))
    if not isinstance(held.get("data"), Mapping):
        raise SourceUnavailable(f"{service.name}: the file {name} holds no data: {service.quoted(held)}")
    return _File(name, body, _holds(held))


def _holds(held: Mapping[str, Any]) -> timedelta:
    """For how long from now a file says that nothing is new: its ttl after it was last updated."""
    said, ttl = held.get("last_updated"), held.get("ttl")
    if isinstance(said, bool | None) or isinstance(ttl, bool) or not isinstance(ttl, int | float):
        return timedelta()
    try:
        then = datetime.fromtimestamp(float(said), UTC) if not isinstance(said, str) else moment(said)
        left = then + timedelta(seconds=ttl) - datetime.now(UTC) if then else timedelta()
    except (ValueError, OverflowError, OSError, TypeError):
        return timedelta()
    return min(max(left, timedelta()), _LONGEST)
