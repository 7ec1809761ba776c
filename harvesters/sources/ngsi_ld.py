"""The entities of one type that a context broker holds (NGSI-LD, NGSIv2), held to the broker's own count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harvesters.faults import SourceUnavailable
from harvesters.fetch import is_address
from harvesters.portals import Walk, twice
from harvesters.secrets import Secret
from harvesters.services import ASIDE, Service, check_number, check_service, check_texts
from harvesters.services.entities import laid_out
from harvesters.services.features import collection, feature
from harvesters.services.paging import walked
from harvesters.sources import Raw, Visit

OPTIONS = frozenset({"type", "q", "api", "context", "tenant", "page_size"}) | ASIDE
REQUIRED = frozenset({"url", "type"})
FORMAT = "gis"

PAGE_SIZE = 1_000
"""The most that brokers give in a page."""


@dataclass(frozen=True)
class Api:
    """How one generation of brokers is asked: where, for the count, for a tenant's entities."""

    root: str
    counting: Mapping[str, str]
    counted: str
    tenant: str


APIS = {
    "ngsi-ld": Api("/ngsi-ld/v1", {"count": "true"}, "NGSILD-Results-Count", "NGSILD-Tenant"),
    "v2": Api("/v2", {"options": "count"}, "Fiware-Total-Count", "Fiware-Service"),
}
"""What `api` may name."""


def check(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`url` the broker's address, `type` of the entities, `q` a condition, `context` the address of a JSON-LD
    context, `tenant` a name, `api` one of APIS, `page_size` 10 to 1,000."""
    yield from check_service(options)
    yield from check_texts(options, "type", "q", "tenant")
    yield from check_number(options, "page_size", 10, 1_000)
    if "context" in options and not is_address(options["context"]):
        yield "context", "takes an address that starts with http:// or https://"
    if options.get("api", "v2") not in APIS:
        yield "api", f"takes {' or '.join(APIS)}"


def read(visit: Visit) -> Raw:
    """Every entity of the type as a row, with its place.

    Raises SourceIncomplete where other entities came than the broker counts, SourceRefused or
    SourceUnavailable.
    """
    service = Service(visit)

    def walk() -> Raw:
        with collection(visit.folder / "features.geojson") as listing:
            for entity in walked(Walk(lambda start: _page(service, start), lambda each: str(each["id"]))):
                listing.write(feature(*laid_out(entity)))
        return listing.raw(service.received)

    raw: Raw = twice(walk, f"{visit.feed.id}: the broker's list of {visit.options['type']}")
    return raw


def _page(service: Service, start: int) -> tuple[Sequence[Mapping[str, Any]], int]:
    """The entities from a place on, and how many the broker counts."""
    options = service.visit.options
    api = APIS[options.get("api", "ngsi-ld")]
    params = {
        "type": options["type"],
        "limit": str(options.get("page_size", PAGE_SIZE)),
        "offset": str(start),
        **api.counting,
    }
    params |= {"q": options["q"]} if options.get("q") else {}
    found = service.json_at(f"{_root(service, api)}/entities", params, **_headers(options, api))
    count = service.headers.get(api.counted.lower(), "")
    if not isinstance(found, list):
        raise SourceUnavailable(f"{service.name}: answered no list of entities but {service.quoted(found)}")
    if not count.isascii() or not count.isdigit():
        raise SourceUnavailable(
            f"{service.name}: the broker does not count its entities ({api.counted})",
            "url under [source] is the address of a broker, api says of which generation",
        )
    if not all(isinstance(each, Mapping) and each.get("id") for each in found):
        raise SourceUnavailable(f"{service.name}: the broker gave an entity without its id")
    return found, int(count)


def _root(service: Service, api: Api) -> str:
    address = service.address
    plain = str(address).removesuffix("/entities").removesuffix(api.root)
    return Secret(plain + api.root) if isinstance(address, Secret) else plain + api.root


def _headers(options: Mapping[str, Any], api: Api) -> dict[str, str]:
    headers = {"Accept": "application/json"}
    if options.get("context"):
        relation = 'rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
        headers["Link"] = f"<{options['context']}>; {relation}"
    if options.get("tenant"):
        headers[api.tenant] = options["tenant"]
    return headers
