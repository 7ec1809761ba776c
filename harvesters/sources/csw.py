"""A catalogue service of geographic data (OGC CSW 2.0.2), by GetRecords in pages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from harvesters.faults import SourceRefused, SourceUnavailable
from harvesters.fetch import is_address
from harvesters.portals import Moved, twice
from harvesters.portals.listing import Listing
from harvesters.reading.catalogues.csw import Page, page_of
from harvesters.sources import Raw, Visit

OPTIONS = frozenset({"url", "schema", "cql", "page_size"})
REQUIRED = frozenset({"url"})
FORMAT = "json"

PAGE_SIZE = 100
SCHEMAS = {
    "iso19139": "http://www.isotc211.org/2005/gmd",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dc": "http://www.opengis.net/cat/csw/2.0.2",
}
"""What `schema` may name: the output schema that is asked for."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` an address, `schema` one of SCHEMAS, `cql` a text, `page_size` 1 to 1,000."""
    size = options.get("page_size", PAGE_SIZE)
    if "url" in options and not is_address(options["url"]):
        yield "url", "takes an address that starts with http:// or https://"
    if options.get("schema", "iso19139") not in SCHEMAS:
        yield "schema", f"takes one of {', '.join(SCHEMAS)}"
    if "cql" in options and not (isinstance(options["cql"], str) and options["cql"].strip()):
        yield "cql", "takes a condition in CQL, as in \"csw:AnyText like '%water%'\""
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 1_000:
        yield "page_size", "takes a whole number from 1 to 1000"


def read(visit: Visit) -> Raw:
    """Every record that the service matches as an entry, held to its own count.

    Raises SourceIncomplete where it gives another number, SourceRefused or SourceUnavailable for what it
    says of itself, Unreadable.
    """
    reading = _Reading(visit, Listing(visit.folder / "records.json"))
    raw: Raw = twice(reading.walk, f"{visit.feed.id}: the service's list of records")
    return raw


@dataclass(frozen=True)
class _Reading:
    """One reading of a service, which may be walked more than once."""

    visit: Visit
    listing: Listing

    def walk(self) -> Raw:
        """Read from the first record to the last; raises Moved."""
        names: set[str] = set()
        matched, size, start = None, 0, 1
        with self.listing:
            while start:
                page, length = self._ask(start)
                size += length
                if matched not in (None, page.matched):
                    raise Moved(f"it matched {matched} first and {page.matched} at record {start}")
                matched = page.matched
                self._take(page, names)
                start = self._following(page, start)
        if matched != self.listing.count:
            raise Moved(f"it says that it matched {matched} and gave {self.listing.count}")
        return self.listing.raw(size)

    def _take(self, page: Page, names: set[str]) -> None:
        """Write a page's records; one that stood on an earlier page tells that the pages moved."""
        own = {entry.identifier for entry in page.entries if entry.identifier}
        again = min(own & names, default=None)
        if again is not None:
            raise Moved(f"{again} came on two pages")
        names |= own
        for entry in page.entries:
            self.listing.add(entry)

    def _following(self, page: Page, start: int) -> int:
        """Where the next page starts, 0 after the last; services that give no nextRecord are counted."""
        after = start + page.returned
        if page.returned == 0 or page.next == 0 or (page.matched is not None and after > page.matched):
            return 0
        if page.next is not None and page.next <= start:
            raise Moved(f"record {start} leads back to {page.next}")
        return page.next or after

    def _ask(self, start: int) -> tuple[Page, int]:
        fetched = self.visit.fetch(
            self.visit.options["url"], self.visit.folder / "page", params=self._params(start)
        )
        try:
            page = page_of(fetched.path.read_bytes())
        except SourceRefused as said:
            raise SourceRefused(f"{self.visit.feed.id}: {said}", self._hint()) from said
        if page.matched is None:
            raise SourceUnavailable(f"{self.visit.feed.id}: the service does not say how many records match")
        return page, fetched.bytes

    def _hint(self) -> str | None:
        """What to change where a service does not take what it is asked."""
        if "cql" in self.visit.options:
            return "cql may have to be written as \"csw:AnyText like '%water%'\", small letters and all"
        return None if self.visit.options.get("schema") == "dc" else 'every service has schema = "dc"'

    def _params(self, start: int) -> dict[str, str]:
        options = self.visit.options
        asked = {
            "service": "CSW",
            "version": "2.0.2",
            "request": "GetRecords",
            "typeNames": "csw:Record",
            "namespace": "xmlns(csw=http://www.opengis.net/cat/csw/2.0.2)",
            "resultType": "results",
            "elementSetName": "full",
            "outputSchema": SCHEMAS[options.get("schema", "iso19139")],
            "startPosition": str(start),
            "maxRecords": str(options.get("page_size", PAGE_SIZE)),
        }
        only = {"constraintLanguage": "CQL_TEXT", "constraint_language_version": "1.1.0"}
        return asked | (only | {"constraint": options["cql"]} if "cql" in options else {})
