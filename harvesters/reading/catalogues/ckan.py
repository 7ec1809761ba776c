"""Read the packages of a CKAN catalogue, as its Action API answers and its dumps hold them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harvesters.faults import HarvestFault, SourceRefused, SourceUnavailable, Unreadable
from harvesters.reading.catalogues import Entry, formats, plain, words
from harvesters.reading.catalogues.places import bounds_of

_ASK = ("Authorization Error", "Rate Limit Error")


def result_of(document: Any, where: str) -> Any:
    """What an answer of the Action API brought; raises SourceRefused or SourceUnavailable."""
    if isinstance(document, Mapping) and document.get("success") is True and "result" in document:
        return document["result"]
    if not isinstance(document, Mapping) or "success" not in document:
        raise SourceUnavailable(f"{where}: the answer is none of CKAN's, which say success and result")
    raise _fault(document.get("error"), where)


def packages_of(document: Any) -> list[Any]:
    """The packages of package_search, package_show, a list of packages or one alone; raises Unreadable."""
    held = document
    if isinstance(held, Mapping) and "success" in held:
        try:
            held = result_of(held, "the recorded answer")
        except (SourceRefused, SourceUnavailable) as fault:
            raise Unreadable(str(fault), "it recorded a fault, not data") from None
    if isinstance(held, Mapping) and isinstance(held.get("results"), list):
        held = held["results"]
    packages = held if isinstance(held, list) else [held]
    if not all(isinstance(each, Mapping) and "id" in each for each in packages):
        raise Unreadable("this holds no CKAN packages", 'say what it is with [format] kind, as in "json"')
    return packages


def entry(package: Mapping[str, Any], portal: str | None = None) -> Entry:
    """A package as an entry; `portal` is the address that its pages begin with, where it is known."""
    resources = [each for each in package.get("resources") or () if isinstance(each, Mapping)]
    title, title_en = _tongues(package, "title")
    description, description_en = _tongues(package, "notes")
    return Entry(
        identifier=plain(package.get("id")),
        title=title or plain(package.get("name")),
        title_en=title_en,
        description=description,
        description_en=description_en,
        publisher=_named(package.get("organization")) or plain(package.get("author")),
        themes=words(_named(group) for group in package.get("groups") or ()),
        keywords=words(_named(tag) for tag in package.get("tags") or ()),
        licence=plain(package.get("license_id")) or plain(package.get("license_title")),
        formats=formats(each.get("format") or each.get("mimetype") for each in resources),
        landing_page=_page(package, portal),
        extent=_extent(package),
        created=instant(package.get("metadata_created")),
        updated=instant(package.get("metadata_modified")),
    )


def instant(value: object) -> str | None:
    """A time of CKAN's, which is in UTC and does not say so."""
    text = plain(value)
    if text is None or "T" not in text or text.endswith("Z") or "+" in text:
        return text
    return text + "Z"


def _tongues(package: Mapping[str, Any], name: str) -> tuple[str | None, str | None]:
    """A text in Korean and in English where the portal translates it (ckanext-fluent), else as it stands."""
    translated = package.get(f"{name}_translated")
    said = translated if isinstance(translated, Mapping) else {}
    korean, english = plain(said.get("ko")), plain(said.get("en"))
    return (korean, english) if korean and english else (plain(package.get(name)) or korean or english, None)


def _extent(package: Mapping[str, Any]) -> str | None:
    """Around the geometry that ckanext-spatial keeps as a field of its own or among the extras."""
    extras = (each for each in package.get("extras") or () if isinstance(each, Mapping))
    kept = {str(each.get("key")): each.get("value") for each in extras}
    spatial = package.get("spatial") or kept.get("spatial")
    return bounds_of(spatial) if isinstance(spatial, str | Mapping) else None


def _named(held: object) -> str | None:
    if isinstance(held, Mapping):
        names = (plain(held.get(name)) for name in ("title", "display_name", "name"))
        return next((name for name in names if name), None)
    return plain(held)


def _page(package: Mapping[str, Any], portal: str | None) -> str | None:
    name = plain(package.get("name"))
    return f"{portal}/dataset/{name}" if portal and name else plain(package.get("url"))


def _fault(error: object, where: str) -> HarvestFault:
    said = error if isinstance(error, Mapping) else {"message": error}
    words = plain(said.get("message")) or "it does not say why"
    kind = plain(said.get("__type")) or "no type"
    refused = SourceRefused if kind in _ASK else SourceUnavailable
    return refused(f"{where}: the answer says success: false ({kind}: {words[:200]})")
