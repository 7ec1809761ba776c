"""Read the rows of one resource of a CKAN portal: from its DataStore, or from the file itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from harvesters.faults import FeedMisconfigured, SourceUnavailable
from harvesters.fetch import Fetched, is_address
from harvesters.portals import Portal, Walk, twice
from harvesters.portals.conditions import to_know, unless_same
from harvesters.portals.listing import Listing
from harvesters.sources import Raw, Unmodified
from schemas.problem import did_you_mean

PAGE_SIZE = 10_000
"""CKAN gives 32,000 records in a page at most."""

_INNER = ("_id", "_full_text", "rank")


def read_resource(portal: Portal) -> Raw | Unmodified:
    """The records of the resource's table, held to its total; the file where the portal has made no table.

    Raises SourceIncomplete, SourceRefused, SourceUnavailable, or FeedMisconfigured where there is none.
    """
    resource = _resource(portal)
    return (
        _records(portal, str(resource["id"])) if resource.get("datastore_active") else _file(portal, resource)
    )


def _resource(portal: Portal) -> Mapping[str, Any]:
    """The resource by its id, or by id or name among those of `dataset`."""
    options, feed = portal.visit.options, portal.visit.feed.id
    wanted, dataset = str(options["resource"]), options.get("dataset")
    if dataset is None:
        found = portal.call("resource_show", id=wanted)
    else:
        package = portal.call("package_show", id=str(dataset))
        held = package.get("resources") if isinstance(package, Mapping) else None
        known = [each for each in held or () if isinstance(each, Mapping)]
        found = next((each for each in known if wanted in (each.get("id"), each.get("name"))), None)
        if found is None:
            names = [str(each.get("name") or each.get("id")) for each in known]
            raise FeedMisconfigured(
                f"{feed}: dataset {dataset} has no resource {wanted!r}", did_you_mean(wanted, names)
            )
    if not isinstance(found, Mapping) or not found.get("id"):
        raise SourceUnavailable(f"{feed}: the portal answered with no resource for {wanted!r}")
    return found


def _records(portal: Portal, resource: str) -> Raw:
    listing = Listing(portal.visit.folder / "records.json")
    size = str(portal.visit.options.get("page_size", PAGE_SIZE))

    def ask(offset: int) -> tuple[Sequence[Any], int]:
        asked = {"resource_id": resource, "sort": "_id asc", "limit": size, "offset": str(offset)}
        return _found(portal.call("datastore_search", **asked))

    def walk() -> None:
        with listing:
            for record in Walk(ask, lambda record: str(record["_id"])).items():
                listing.write({name: value for name, value in record.items() if name not in _INNER})

    twice(walk, f"{portal.visit.feed.id}: the table of resource {resource}")
    return listing.raw(portal.bytes)


def _found(result: Any) -> tuple[Sequence[Any], int]:
    total = result.get("total") if isinstance(result, Mapping) else None
    records = result.get("records") if isinstance(result, Mapping) else None
    if not isinstance(total, int) or not isinstance(records, list):
        raise SourceUnavailable("datastore_search answered without total and records")
    if not all(isinstance(each, Mapping) and "_id" in each for each in records):
        raise SourceUnavailable("datastore_search answered with a record that has no _id")
    return records, total


def _file(portal: Portal, resource: Mapping[str, Any]) -> Raw | Unmodified:
    visit, url = portal.visit, resource.get("url")
    if not isinstance(url, str) or not is_address(url):
        raise SourceUnavailable(f"{visit.feed.id}: the resource names no address that can be fetched")
    own = urlsplit(url).netloc == urlsplit(portal.address).netloc
    headers = unless_same(visit.known, url) | (dict(portal.credentials) if own else {})
    fetched = visit.fetch(url, visit.folder / "source", headers=headers)
    if fetched.unmodified:
        return Unmodified(f"{fetched.url}: not modified (status 304)", portal.bytes)
    return _raw(fetched, resource, url)


def _raw(fetched: Fetched, resource: Mapping[str, Any], url: str) -> Raw:
    return Raw(
        path=fetched.path,
        name=fetched.filename or Path(unquote(urlsplit(url).path)).name or str(resource.get("name")),
        bytes=fetched.bytes,
        sha256=fetched.sha256,
        media_type=fetched.media_type,
        state=to_know(url, fetched),
    )
