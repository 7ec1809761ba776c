"""Read the records of a catalogue service's answer (OGC CSW 2.0.2), in whichever schema they stand."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from harvesters.faults import SourceRefused, SourceUnavailable, Unreadable
from harvesters.reading.catalogues import Entry, box, dcat, formats, iso19139, words
from harvesters.reading.catalogues.markup import Element, children, first, name_of, root_of, text_in
from harvesters.reading.catalogues.rdf import graph_of

_RECORDS = ("Record", "SummaryRecord", "BriefRecord")
_PASSING = ("NoApplicableCode", "ServerBusy")


@dataclass(frozen=True)
class Page:
    """The entries of one answer; `matched` and `next` are what the service says, None where it does not.

    `returned` counts the records that stand in the answer, whatever it says of them.
    """

    entries: tuple[Entry, ...]
    returned: int
    matched: int | None = None
    next: int | None = None
    encoding: str | None = None


def page_of(body: bytes) -> Page:
    """The page in a GetRecords answer; raises SourceRefused, SourceUnavailable or Unreadable."""
    root = root_of(body)
    if name_of(root) in ("ExceptionReport", "ServiceExceptionReport"):
        raise _fault(root)
    results = first(root, "SearchResults")
    if name_of(root) != "GetRecordsResponse" or results is None:
        raise Unreadable(f"this is no answer to GetRecords: its element is {name_of(root)}")
    found = tuple(_entries(results))
    return Page(
        entries=found,
        returned=len(found),
        matched=_number(results, "numberOfRecordsMatched"),
        next=_number(results, "nextRecord"),
        encoding=(root.getroottree().docinfo.encoding or "utf-8").lower(),
    )


def _entries(results: Element) -> Iterator[Entry]:
    for record in children(results):
        if name_of(record) in iso19139.ROOTS:
            yield iso19139.entry(record)
        elif name_of(record) in _RECORDS:
            yield _dublin(record)
        elif name_of(record) == "RDF":
            yield from dcat.entries(graph_of(etree.tostring(record, encoding="unicode")))
        else:
            raise Unreadable(
                f"the answer holds {name_of(record)}, which is no schema that is read here",
                "ask for ISO 19139, DCAT or csw:Record with schema under [source]",
            )


def _dublin(record: Element) -> Entry:
    return Entry(
        identifier=_text(record, "identifier"),
        title=_text(record, "title"),
        description=_text(record, "abstract") or _text(record, "description"),
        publisher=_text(record, "publisher") or _text(record, "creator") or _text(record, "contributor"),
        keywords=words(text_in(each) for each in children(record, "subject")),
        licence=_text(record, "license") or _text(record, "rights"),
        formats=formats(text_in(each) for each in children(record, "format")),
        landing_page=_page(record),
        extent=_extent(record),
        created=_text(record, "issued") or _text(record, "created"),
        updated=_text(record, "modified") or _text(record, "date"),
    )


def _text(record: Element, name: str) -> str | None:
    return next((text for each in children(record, name) if (text := text_in(each))), None)


def _page(record: Element) -> str | None:
    texts = (text_in(each) for name in ("references", "URI", "source") for each in children(record, name))
    return next((text for text in texts if text and text.startswith(("http://", "https://"))), None)


def _extent(record: Element) -> str | None:
    """The box in degrees; a box in WGS 84 by its URN puts latitude first (OGC 06-121r9, 10.2)."""
    around = next(children(record, "BoundingBox", "WGS84BoundingBox"), None)
    if around is None:
        return None
    lower, upper = ((text_in(first(around, name)) or "").split() for name in ("LowerCorner", "UpperCorner"))
    try:
        (a, b), (c, d) = map(float, lower), map(float, upper)
    except ValueError:
        return None
    crs = around.get("crs", "CRS84")
    if "CRS84" in crs or not crs.endswith("4326"):
        return box((a, b, c, d)) if "CRS84" in crs or name_of(around) == "WGS84BoundingBox" else None
    return box((b, a, d, c)) if crs.startswith("urn:") else box((a, b, c, d))


def _number(results: Element, name: str) -> int | None:
    text = results.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() else None


def _fault(report: Element) -> SourceRefused | SourceUnavailable:
    exception = next(children(report, "Exception", "ServiceException"), report)
    code = exception.get("exceptionCode") or exception.get("code") or "no code"
    said = f"the service answers with an exception ({code}: {(text_in(exception) or '')[:200]})"
    return SourceUnavailable(said) if code in _PASSING else SourceRefused(said)
