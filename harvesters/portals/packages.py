"""List the packages of a CKAN portal whole, asking only for those that changed since they were published."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from harvesters.faults import SourceRefused, SourceUnavailable
from harvesters.portals import Portal, Walk, twice
from harvesters.portals.listing import Listing, digest_of
from harvesters.reading.catalogues.ckan import entry, instant
from harvesters.sources import Raw, Unmodified

PAGE_SIZE = 1_000
"""The most that CKAN gives in a page unless its operator lets it give more."""

_BATCH = 50
"""Packages asked for by id at once: their ids make an address of 2,300 bytes, which every server takes."""

_LIGHT = {"id", "metadata_modified"}
_WHOLE_EVERY = timedelta(days=7)
"""What changes a package without touching its time, as a new name of its organisation, is read this often."""

_TICK = timedelta(milliseconds=1)
"""CKAN's search cuts times to milliseconds, its packages have microseconds."""

Package = Mapping[str, Any]


def read_packages(portal: Portal) -> Raw | Unmodified:
    """Every package as an entry, those that stand as they were published by their identifier alone.

    All ids are listed each time and held to the portal's own count; raises SourceIncomplete, SourceRefused
    or SourceUnavailable.
    """
    reading = _Reading(portal, Listing(portal.visit.folder / "packages.json"))
    published = portal.visit.published
    if not published or not reading.list_lightly() or reading.is_due():
        return reading.whole()
    changed = [id for id, then in reading.listed.items() if not _same(then, published.get(id))]
    if not changed and reading.listed.keys() == published.keys():
        return Unmodified(f"{len(reading.listed)} packages are listed, none modified since", portal.bytes)
    few = 2 * len(changed) <= len(reading.listed)
    return (reading.changes(changed) if few else None) or reading.whole()


class _NotLight(Exception):
    """The portal gives whole packages, whatever fields were asked for."""


@dataclass
class _Reading:
    """One reading of a portal; `listed` holds when each package was modified, by its id."""

    portal: Portal
    listing: Listing
    listed: dict[str, datetime | None] = field(default_factory=dict)

    def list_lightly(self) -> bool:
        """List ids and times alone; False where the portal does not do that."""

        def check(package: Package) -> None:
            if package.keys() - _LIGHT:
                raise _NotLight

        try:
            self._list({"fl": ",".join(sorted(_LIGHT))}, check)
        except (SourceRefused, _NotLight):
            return False
        return True

    def is_due(self) -> bool:
        """Whether the packages were last read whole longer ago than they should be, by the portal's clock."""
        last, now = self.portal.visit.known.get("whole"), self.portal.clock
        return now is not None and (last is None or now - datetime.fromisoformat(last) >= _WHOLE_EVERY)

    def whole(self) -> Raw:
        """Read every package anew."""

        def add(package: Package) -> None:
            self.listing.add(entry(package, self.portal.address))

        self._list({}, add)
        now = self.portal.clock
        return self._raw(now.isoformat() if now else None)

    def changes(self, changed: Sequence[str]) -> Raw | None:
        """Read the packages of these ids anew; None where the portal does not give one that it listed."""
        with self.listing as listing:
            for start in range(0, len(changed), _BATCH):
                for package in self._named(changed[start : start + _BATCH]):
                    if package is None:
                        return None
                    self.listed[str(package["id"])] = _moment(package)
                    listing.add(entry(package, self.portal.address))
            for id in sorted(self.listed.keys() - set(changed)):
                listing.keep(id)
        return self._raw(self.portal.visit.known.get("whole"))

    def _raw(self, whole: str | None) -> Raw:
        """The list, named by its ids and their times, and by when it was last read whole."""
        lines = (
            f"{id} {then and then.isoformat(timespec='milliseconds')}" for id, then in self.listed.items()
        )
        digest = digest_of([*lines, f"whole {whole}"])
        return self.listing.raw(self.portal.bytes, digest, {"whole": whole} if whole else {})

    def _list(self, more: Mapping[str, str], take: Callable[[Package], None]) -> None:
        def walk() -> None:
            with self.listing:
                self.listed.clear()
                pages = Walk(lambda start: self._ask(more, start), lambda package: str(package["id"]))
                for package in pages.items():
                    self.listed[str(package["id"])] = _moment(package)
                    take(package)

        twice(walk, f"{self.portal.visit.feed.id}: the portal's list of packages")

    def _ask(self, more: Mapping[str, str], start: int) -> tuple[Sequence[Package], int]:
        options = self.portal.visit.options
        size = str(options.get("page_size", PAGE_SIZE))
        asked = {"sort": "id asc", "rows": size, "start": str(start), **_filters(options), **more}
        return _found(self.portal.call("package_search", **asked))

    def _named(self, ids: Sequence[str]) -> list[Package | None]:
        """The packages of these ids in one answer, None for one that it does not hold."""
        asked = f"id:({' OR '.join(_quoted(id) for id in ids)})"
        packages, _ = _found(self.portal.call("package_search", fq=asked, rows=str(len(ids))))
        found = {str(package["id"]): package for package in packages}
        return [found.get(id) for id in ids]


def _found(result: Any) -> tuple[Sequence[Package], int]:
    """The packages and the count of an answer to package_search; raises SourceUnavailable."""
    count = result.get("count") if isinstance(result, Mapping) else None
    packages = result.get("results") if isinstance(result, Mapping) else None
    if not isinstance(count, int) or not isinstance(packages, list):
        raise SourceUnavailable("package_search answered without count and results")
    if not all(isinstance(each, Mapping) and each.get("id") for each in packages):
        raise SourceUnavailable("package_search answered with a package that has no id")
    return packages, count


def _filters(options: Mapping[str, Any]) -> dict[str, str]:
    """The steward's own limits as CKAN takes them; both filters must hold."""
    fq, organisation = options.get("fq"), options.get("organisation")
    if organisation:
        own = f"organization:{_quoted(organisation)}"
        fq = f"{own} ({fq})" if fq and " OR " in fq else f"{own} {fq}" if fq else own
    return {name: text for name, text in (("q", options.get("q")), ("fq", fq)) if text}


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _moment(package: Package) -> datetime | None:
    """When the package was modified; None where it does not say."""
    try:
        then = datetime.fromisoformat(instant(package.get("metadata_modified")) or "")
    except ValueError:
        return None
    return then if then.tzinfo else then.replace(tzinfo=UTC)


def _same(listed: datetime | None, published: datetime | None) -> bool:
    """Whether the time listed is that of the published entry; no time is none that can be relied on."""
    return listed is not None and published is not None and abs(listed - published) < _TICK
