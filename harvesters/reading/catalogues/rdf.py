"""Parse RDF of strangers (RDF/XML, Turtle, N-Triples, JSON-LD) without fetching anything on its account."""

from __future__ import annotations

import codecs
import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.sax import SAXException, SAXParseException

from rdflib import Graph
from rdflib.exceptions import ParserError
from rdflib.plugins.parsers.jsonld import to_rdf
from rdflib.plugins.parsers.notation3 import BadSyntax

from harvesters.faults import Unreadable
from harvesters.reading.delimited.encoding import read_text

LARGEST = 64 << 20
"""Bytes of one document: a graph takes some ten times its text in memory."""

_DECLARED = re.compile(r"""\s*<\?xml\b[^>]*?(?:\bencoding\s*=\s*["']([\w.:-]+)["'])?[^>]*\?>""")
_ENTITY = re.compile(r"<!ENTITY", re.IGNORECASE)
_PLACE = re.compile(r"^[^\s:]*:(\d+):(\d+): ")
_PAGE = re.compile(r"\s*(?:<!doctype\s+html|<html)\b", re.IGNORECASE)
_TRIPLE = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:<[^>\s]+>|_:\S+)\s+<[^>\s]+>\s")
# What rdflib's parsers let through of documents that end too early, or are nested too deeply.
_LEAKS = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
_POD = "project-open-data"
_BROKEN = "the publisher's file is broken there: ask for it to be mended"


def graph_of(text: str, base: str | None = None) -> Graph:
    """The triples of a document, whichever of the four it is; `base` is its own address.

    Raises Unreadable naming the line of the first fault, or for what would reach beyond the document.
    """
    if len(text) > LARGEST:
        raise Unreadable(
            f"the RDF is {len(text):,} characters long, and {LARGEST:,} are read at most",
            "ask for the catalogue in pages (Hydra), or as data.json",
        )
    if _PAGE.match(text):
        raise Unreadable("this is an HTML page, not RDF", "check the address: many servers answer errors so")
    kind = _kind(text)
    if kind == "xml":
        _refuse_entities(text)
    document = _without_contexts(text) if kind == "json-ld" else None
    graph = Graph()
    with _without_remarks():
        try:
            if kind == "json-ld":
                # Into a plain graph, where what stands in graphs inside of it counts alike.
                to_rdf(document, graph, base)
            else:
                graph.parse(data=text, format=kind, publicID=base)
        except BadSyntax as fault:
            raise Unreadable(f"this is not Turtle: {_turtle(fault)}", _BROKEN) from None
        except SAXParseException as fault:
            where = f"line {fault.getLineNumber()} column {fault.getColumnNumber()}"
            raise Unreadable(f"this is not RDF/XML: {fault.getMessage()}, {where}", _BROKEN) from None
        except (ParserError, SAXException, *_LEAKS) as fault:
            said = _PLACE.sub(r"line \1 column \2: ", str(fault))
            raise Unreadable(f"this is not RDF: {said[:200] or type(fault).__name__}", _BROKEN) from None
    return graph


def text_of(path: Path, declared: str | None = None) -> tuple[str, str]:
    """The text of a file and its encoding: the one declared, or the document's own; raises Unreadable."""
    with path.open("rb") as file:
        head = file.read(1024).decode("latin-1").removeprefix("\u00ef\u00bb\u00bf")
    own = _DECLARED.match(head)
    text, encoding = read_text(path, declared or (own[1] if own and _is_codec(own[1]) else None))
    # What the XML says of its encoding was said of its bytes.
    return _DECLARED.sub("", text, count=1) if own else text, encoding


def _is_codec(name: str | None) -> bool:
    try:
        return name is not None and codecs.lookup(name).name != "utf-8"
    except LookupError:
        return False


def _kind(text: str) -> str:
    start = text.lstrip()
    if start.startswith(("{", "[")):
        return "json-ld"
    if _TRIPLE.match(start):
        return "turtle"  # Every line of N-Triples is Turtle.
    return "xml" if start.startswith("<") else "turtle"


def _refuse_entities(text: str) -> None:
    if _ENTITY.search(text):
        raise Unreadable("the XML defines entities, which data has no need of", "ask for it without its DTD")


def _without_contexts(text: str) -> Any:
    """The JSON of a document that names no context by its address: whoever reads one would fetch it."""
    try:
        document = json.loads(text)
    except json.JSONDecodeError as fault:
        where = f"line {fault.lineno} column {fault.colno}"
        raise Unreadable(f"this is not JSON: {fault.msg}, {where}", _BROKEN) from None
    except RecursionError:
        raise Unreadable("the JSON is nested too deeply to be data") from None
    for named in _contexts(document):
        raise Unreadable(
            f"the JSON-LD names a context by its address, {named[:200]}, which is not fetched",
            'read it with kind = "dcat-us"' if _POD in named else "ask for it as RDF/XML or as Turtle",
        )
    return document


def _contexts(held: Any) -> Iterator[str]:
    if isinstance(held, list):
        for each in held:
            yield from _contexts(each)
    elif isinstance(held, Mapping):
        for name, value in held.items():
            if name in ("@context", "@import"):
                yield from (
                    each for each in (value if isinstance(value, list) else [value]) if isinstance(each, str)
                )
            yield from _contexts(value)


def _turtle(fault: BadSyntax) -> str:
    said = str(fault)
    # rdflib puts the reason in brackets, between the line and what stands there.
    reason = re.search(r"Bad syntax \((.*?)\) at \^ in", said, re.DOTALL)
    return f"{reason[1] if reason else 'bad syntax'}, line {fault.lines + 1}"


@contextmanager
def _without_remarks() -> Iterator[None]:
    """What rdflib says of odd literals and addresses is said of text that we publish as it is."""
    told = [logging.getLogger(name) for name in ("rdflib.term", "rdflib.plugins.parsers.notation3")]
    former = [each.level for each in told]
    try:
        for each in told:
            each.setLevel(logging.CRITICAL)
        yield
    finally:
        for each, level in zip(told, former, strict=True):
            each.setLevel(level)
