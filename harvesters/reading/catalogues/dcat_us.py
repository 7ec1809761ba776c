"""Read a data.json catalogue by the DCAT-US schema, 1.1 or 3.0."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harvesters.faults import Unreadable
from harvesters.reading.catalogues import Entry, box, formats, plain, words
from harvesters.reading.catalogues.places import bounds_of

_BOX = re.compile(r"\s*[,\s]\s*")


def datasets_of(document: Any) -> list[Any]:
    """Every dataset of a catalogue and of the catalogues and series inside it; raises Unreadable."""
    if isinstance(document, list):
        return document
    if not isinstance(document, Mapping) or not isinstance(document.get("dataset"), list | Mapping):
        raise Unreadable("this is no data.json catalogue: it has no list `dataset`")
    return list(_datasets(document))


def entry(dataset: Any) -> Entry:
    """A dataset as an entry, one that says nothing where it is no object."""
    if not isinstance(dataset, Mapping):
        return Entry()
    files = [each for each in _list(dataset.get("distribution")) if isinstance(each, Mapping)]
    return Entry(
        identifier=_first(dataset.get("identifier")) or plain(dataset.get("@id")),
        title=_first(dataset.get("title")),
        description=_first(dataset.get("description")),
        publisher=_first(dataset.get("publisher")),
        themes=words(_first(each) for each in _list(dataset.get("theme"))),
        keywords=words(_first(each) for each in _list(dataset.get("keyword"))),
        licence=_first(dataset.get("license")) or next(filter(None, map(_licence, files)), None),
        formats=formats(_first(each.get("format")) or _first(each.get("mediaType")) for each in files),
        landing_page=_address(dataset.get("landingPage")) or next(filter(None, map(_access, files)), None),
        extent=next(filter(None, map(_extent, _list(dataset.get("spatial")))), None),
        created=_first(dataset.get("issued")),
        updated=_first(dataset.get("modified")),
    )


def _datasets(catalogue: Mapping[str, Any]) -> Iterator[Any]:
    yield from _list(catalogue.get("dataset"))
    for name in ("catalog", "datasetSeries"):
        for inner in _list(catalogue.get(name)):
            if isinstance(inner, Mapping):
                yield from _datasets(inner)


def _list(held: Any) -> list[Any]:
    return held if isinstance(held, list) else [] if held is None else [held]


def _first(held: Any) -> str | None:
    """The text of a value: its own, its name's where it is an object, that of the first in a list."""
    if isinstance(held, Mapping):
        names = ("name", "prefLabel", "label", "notation", "@value", "en", "ko", "@id")
        return next((found for name in names if (found := _first(held.get(name)))), None)
    if isinstance(held, list):
        return next((found for each in held if (found := _first(each))), None)
    return plain(held)


def _address(held: Any) -> str | None:
    if isinstance(held, Mapping):
        return plain(held.get("@id")) or plain(held.get("accessURL"))
    return _first(held)


def _licence(file: Mapping[str, Any]) -> str | None:
    return _first(file.get("license"))


def _access(file: Mapping[str, Any]) -> str | None:
    return _address(file.get("accessURL")) or _address(file.get("downloadURL"))


def _extent(spatial: Any) -> str | None:
    """The box of four numbers, or around a geometry; None for the name of a place."""
    if isinstance(spatial, Mapping):
        held = (spatial.get(name) for name in ("bbox", "geometry"))
        return bounds_of(spatial) or next((found for each in held if (found := _extent(each))), None)
    if not isinstance(spatial, str):
        return None
    edges = _BOX.split(spatial.strip())
    try:
        return box(float(edge) for edge in edges) if len(edges) == 4 else bounds_of(spatial)
    except ValueError:
        return bounds_of(spatial)
