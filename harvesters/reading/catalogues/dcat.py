"""Read the datasets of a DCAT catalogue from its triples (W3C DCAT 3 and the profiles of it)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from rdflib import DCAT, DCTERMS, FOAF, RDF, RDFS, SKOS, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from harvesters.reading.catalogues import Entry, formats, plain, words
from harvesters.reading.catalogues.places import bounds_of

HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
_LOCN = Namespace("http://www.w3.org/ns/locn#")
_VCARD = Namespace("http://www.w3.org/2006/vcard/ns#")
_OLD_GEO = Namespace("http://www.opengis.net/rdf#")
_GEO = Namespace("http://www.opengis.net/ont/geosparql#")
_NAMES = (
    FOAF.name,
    SKOS.prefLabel,
    _VCARD.fn,
    _VCARD["organization-name"],
    RDFS.label,
    DCTERMS.title,
    RDF.value,
)
_SHAPES = (DCAT.bbox, _LOCN.geometry, _GEO.asWKT, _OLD_GEO.asWKT, DCAT.centroid)
_NUMBER = re.compile(r"(?:c_)?[\d.]+")
# GeoNetwork writes this name, which the vocabulary does not have.
_UPDATED = URIRef(f"{DCTERMS._NS}updated")
_ADDRESSES = (DCAT.landingPage, FOAF.homepage, FOAF.page)


def entries(graph: Graph) -> Iterator[Entry]:
    """Each dcat:Dataset, and whatever a catalogue calls its dataset, in the order of the document."""
    found = dict.fromkeys(graph.subjects(RDF.type, DCAT.Dataset))
    found |= dict.fromkeys(graph.objects(None, DCAT.dataset))
    return (_entry(_Thing(graph, node)) for node in found if not isinstance(node, Literal))


def next_page(graph: Graph) -> str | None:
    """The address of the page that follows, where the catalogue comes in pages (Hydra)."""
    for name in (HYDRA.next, HYDRA.nextPage):
        for address in graph.objects(None, name):
            return str(address)
    return None


def total(graph: Graph) -> int | None:
    """How many datasets the catalogue says it holds in all its pages; None where it does not."""
    for value in graph.objects(None, HYDRA.totalItems):
        text = str(value).strip()
        return int(text) if text.isascii() and text.isdigit() else None
    return None


@dataclass(frozen=True)
class _Thing:
    """A node of a graph and what is said of it."""

    graph: Graph
    node: Node

    def all(self, *names: URIRef) -> list[_Thing]:
        """What stands under the first of these names that stands at all, in the order of the document."""
        for name in names:
            found = list(dict.fromkeys(self.graph.objects(self.node, name)))
            if found:
                return [_Thing(self.graph, node) for node in found]
        return []

    def text(self, *names: URIRef) -> str | None:
        """The words under these names: English, else without a language, else in the first language."""
        said = {
            _language(each.node): plain(str(each.node)) for each in reversed(self.all(*names)) if each.is_text
        }
        return said.get("en") or said.get("") or next((said[each] for each in sorted(said)), None)

    def tongues(self, *names: URIRef) -> tuple[str | None, str | None]:
        """The words in Korean, or as `text` finds them, and in English where there are both."""
        said = {
            _language(each.node): plain(str(each.node)) for each in reversed(self.all(*names)) if each.is_text
        }
        return (
            (said["ko"], said["en"])
            if said.get("ko") and said.get("en")
            else (said.get("ko") or self.text(*names), None)
        )

    @property
    def is_text(self) -> bool:
        return isinstance(self.node, Literal)

    @property
    def address(self) -> str | None:
        """The node's IRI, or a text that is one."""
        text = str(self.node)
        return text if not isinstance(self.node, BNode) and text.startswith(("http://", "https://")) else None

    @property
    def name(self) -> str | None:
        """What a text says, what a thing is called, or the last part of its address."""
        if self.is_text:
            return plain(str(self.node))
        named = self.text(*(name for name in _NAMES if (self.node, name, None) in self.graph))
        if named or isinstance(self.node, BNode):
            return named
        last = plain(unquote(str(self.node).rstrip("/#").replace("#", "/").rpartition("/")[2]))
        # The number of a concept says nothing without the address before it.
        return last if last and not _NUMBER.fullmatch(last) else str(self.node)


def _entry(dataset: _Thing) -> Entry:
    files = dataset.all(DCAT.distribution)
    title, title_en = dataset.tongues(DCTERMS.title, RDFS.label)
    description, description_en = dataset.tongues(DCTERMS.description, DCTERMS.abstract)
    return Entry(
        identifier=_identifier(dataset),
        title=title,
        title_en=title_en,
        description=description,
        description_en=description_en,
        publisher=_first(each.name for each in dataset.all(DCTERMS.publisher, DCTERMS.creator)),
        themes=words(each.name for each in dataset.all(DCAT.theme)),
        keywords=words(str(each.node) for each in dataset.all(DCAT.keyword) if each.is_text),
        licence=_first(_licence(each) for each in (dataset, *files)),
        formats=formats(_format(each) for each in files),
        landing_page=_page(dataset, files),
        extent=_first(bounds_of(shape) for shape in _shapes(dataset)),
        created=dataset.text(DCTERMS.issued, DCTERMS.created),
        updated=dataset.text(DCTERMS.modified, _UPDATED),
    )


def _identifier(dataset: _Thing) -> str | None:
    named = sorted(str(each.node).strip() for each in dataset.all(DCTERMS.identifier) if each.is_text)
    return _first(named) or (None if isinstance(dataset.node, BNode) else str(dataset.node))


def _licence(thing: _Thing) -> str | None:
    return _first(each.address or each.name for each in thing.all(DCTERMS.license))


def _format(file: _Thing) -> str | None:
    return _first(
        each.name if each.is_text or isinstance(each.node, BNode) else str(each.node)
        for name in (DCTERMS["format"], DCAT.mediaType)
        for each in file.all(name)
    )


def _page(dataset: _Thing, files: list[_Thing]) -> str | None:
    own = (each.address for each in dataset.all(*_ADDRESSES))
    theirs = (each.address for file in files for each in file.all(DCAT.accessURL, DCAT.downloadURL))
    return _first(own) or _first(theirs) or dataset.address


def _shapes(dataset: _Thing) -> Iterator[str]:
    for place in dataset.all(DCTERMS.spatial):
        for name in _SHAPES:
            yield from (str(shape.node) for shape in place.all(name) if shape.is_text)


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)


def _language(node: Node) -> str:
    return (node.language or "").partition("-")[0].lower() if isinstance(node, Literal) else ""
