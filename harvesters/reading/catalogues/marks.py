"""By what documents of other catalogues are known, before anything of them is read."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_ENDINGS = (".ttl", ".nt", ".rdf", ".jsonld")
_ELEMENT = re.compile(rb"(?:<\?.*?\?>|<!--.*?-->|<!doctype\s[^>\[]*>|\s)*<(?:[\w.-]+:)?([\w.-]+)", re.DOTALL)
_ELEMENTS = {
    b"GetRecordsResponse": "csw",
    b"MD_Metadata": "iso19139",
    b"MI_Metadata": "iso19139",
}
_DCAT = b"http://www.w3.org/ns/dcat#"
_TURTLE = re.compile(rb"(?:#[^\n]*\n|\s)*(?:@prefix|@base|prefix\s+[\w-]*:|base\s+<)", re.IGNORECASE)
_IRI = rb"<(?:https?|urn|tag|info|mailto|file):[^>\s]*>"
_TRIPLE = re.compile(rb"(?:#[^\n]*\n|\s)*" + _IRI + rb"\s+" + _IRI + rb"\s+[<\"_]")
_POD = re.compile(
    rb"project-open-data\.cio\.gov/v1\.1|resources?\.data\.gov/[\w./-]*dcat-us|/dcat-us[/-]?3", re.IGNORECASE
)
_OLD_POD = (b'"accessLevel"', b'"identifier"', b'"title"')
_PACKAGE = (b'"metadata_modified"', b'"license_id"', b'"num_resources"')
_SEARCHED = (b'"success"', b'"results"', b'"metadata_modified"', b'"owner_org"')


def kind_of(text: bytes, name: str) -> str | None:
    """The kind of a text of which this is the start, None where it is no catalogue's.

    Only a name that ends as RDF's do makes RDF of what says nothing of DCAT.
    """
    if text.startswith((b"{", b"[")):
        return _json(text, name)
    if _TURTLE.match(text) or _TRIPLE.match(text):
        return "dcat"
    if text.startswith(b"<"):
        element = _ELEMENT.match(text)
        root = element[1] if element else b""
        if root == b"RDF" and (_DCAT in text or _named(name)):
            return "dcat"
        return _ELEMENTS.get(root)
    return None


def _json(text: bytes, name: str) -> str | None:
    if (_POD.search(text) and b'"dataset"' in text) or (text.startswith(b"[") and _all(_OLD_POD, text)):
        return "dcat-us"
    if _all(_PACKAGE, text) or _all(_SEARCHED, text):
        return "ckan"
    if b'"@context"' in text or b'"@graph"' in text:
        return "dcat" if b"/ns/dcat#" in text or b'"dcat:' in text or _named(name) else None
    return None


def _named(name: str) -> bool:
    return PurePosixPath(name.lower()).suffix in _ENDINGS


def _all(marks: tuple[bytes, ...], text: bytes) -> bool:
    return all(mark in text for mark in marks)
