"""Read the metadata of geographic data: ISO 19115 in the XML of ISO 19139, and in that of 19115-3."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from harvesters.faults import Unreadable
from harvesters.reading.catalogues import Entry, box, formats, words
from harvesters.reading.catalogues.markup import Element, children, first, follow, name_of, text_in

ROOTS = ("MD_Metadata", "MI_Metadata")

_ABOUT = "identificationInfo/MD_DataIdentification|SV_ServiceIdentification|AbstractMD_Identification"
_PARTY = "CI_ResponsibleParty|CI_Responsibility"
_ORGANISATION = ("organisationName", "party/CI_Organisation/name")
_ROLES = ("publisher", "owner", "custodian", "distributor", "pointOfContact", "author", "originator")
_EXTENT = "extent/EX_Extent/geographicElement/EX_GeographicBoundingBox"
_CODED = "{http://www.w3.org/1999/xlink}href"
_ONLINE = (
    "distributionInfo/MD_Distribution/transferOptions/MD_DigitalTransferOptions/onLine/CI_OnlineResource"
)
_FORMATS = (
    "distributionInfo/MD_Distribution/distributionFormat/MD_Format",
    "distributionInfo/MD_Distribution/distributor/MD_Distributor/distributorFormat/MD_Format",
)
_WEB = ("http://", "https://")
_ENGLISH, _KOREAN = ("eng", "en"), ("kor", "ko")


def entry(record: Element) -> Entry:
    """A record as an entry; raises Unreadable for what is no MD_Metadata."""
    if name_of(record) not in ROOTS:
        raise Unreadable(f"this is no ISO 19139 record: its element is {name_of(record) or 'none'}")
    about = first(record, _ABOUT)
    identifier = _first(text_in(each) for each in _identifiers(record))
    if about is None:
        return Entry(identifier=identifier)
    citation = first(about, "citation/CI_Citation")
    tongues = _Tongues(record)
    title, title_en = tongues.both(None if citation is None else first(citation, "title"))
    description, description_en = tongues.both(first(about, "abstract"))
    return Entry(
        identifier=identifier,
        title=title,
        title_en=title_en,
        description=description,
        description_en=description_en,
        publisher=_publisher(record, about),
        themes=words(_code(each) for each in follow(about, "topicCategory/MD_TopicCategoryCode")),
        keywords=words(
            text_in(_own(each)) for each in follow(about, "descriptiveKeywords/MD_Keywords/keyword")
        ),
        licence=_licence(about),
        formats=formats(_formats(record)),
        landing_page=_page(record),
        extent=_first(_box(each) for each in follow(about, _EXTENT)),
        created=_date(citation, "publication", "creation"),
        updated=_date(citation, "revision") or _stamp(record),
    )


class _Tongues:
    """The languages of a record: its own, and those of its PT_FreeText by the id of their locale."""

    def __init__(self, record: Element) -> None:
        self._own = _language(_first_of(record, ("language", "defaultLocale/PT_Locale/language")))
        self._locales = {
            locale.get("id", ""): _language(first(locale, "languageCode|language"))
            for locale in follow(record, "locale|otherLocale/PT_Locale")
        }

    def both(self, element: Element | None) -> tuple[str | None, str | None]:
        """The words in Korean with those in English, where there are both; else as the record has them."""
        if element is None:
            return None, None
        own = text_in(_own(element))
        said = {self._own: own}
        for each in follow(element, "PT_FreeText/textGroup/LocalisedCharacterString"):
            said.setdefault(self._locales.get(each.get("locale", "").lstrip("#"), ""), text_in(each))
        korean, english = said.get("ko"), said.get("en")
        if korean and english:
            return korean, english
        return own or korean or english or _first(said.values()), None


def _identifiers(record: Element) -> Iterator[Element]:
    yield from follow(record, "fileIdentifier")
    yield from follow(record, "metadataIdentifier/MD_Identifier/code")
    yield from follow(record, f"{_ABOUT}/citation/CI_Citation/identifier/MD_Identifier|RS_Identifier/code")


def _own(element: Element) -> Element:
    """The element's text in the record's own language, without its translations."""
    return next((child for child in children(element) if name_of(child) != "PT_FreeText"), element)


def _language(element: Element | None) -> str:
    said = (_code(element) or "").lower()[:3]
    return "en" if said in _ENGLISH else "ko" if said in _KOREAN else said


def _code(element: Element | None) -> str | None:
    """What a code list's element says, by its text or by its value."""
    if element is None:
        return None
    coded = (each.get("codeListValue") for each in element.iter())
    return text_in(element) or _first(coded)


def _publisher(record: Element, about: Element) -> str | None:
    """The organisation that publishes, or owns, or answers for the data, before those of the metadata."""
    parties = [
        *follow(about, f"citation/CI_Citation/citedResponsibleParty/{_PARTY}"),
        *follow(about, f"pointOfContact/{_PARTY}"),
        *follow(record, f"contact/{_PARTY}"),
    ]
    ranked = sorted(parties, key=lambda party: _rank(_code(first(party, "role"))))
    return _first(_organisation(party) for party in ranked)


def _rank(role: str | None) -> int:
    return _ROLES.index(role) if role in _ROLES else len(_ROLES)


def _organisation(party: Element) -> str | None:
    found = _first_of(party, _ORGANISATION)
    return None if found is None else text_in(_own(found))


def _licence(about: Element) -> str | None:
    """An address among the legal constraints, else the first thing they say."""
    said = [
        *follow(about, "resourceConstraints/MD_LegalConstraints/otherConstraints"),
        *follow(about, "resourceConstraints/MD_LegalConstraints|MD_Constraints/useLimitation"),
    ]
    addresses = (each.get(_CODED) for constraint in said for each in constraint.iter())
    texts = [text for each in said if (text := text_in(_own(each)))]
    written = (word.rstrip(".,;)") for text in texts for word in text.split() if word.startswith(_WEB))
    return _first(addresses) or _first(written) or _first(texts)


def _formats(record: Element) -> Iterator[str | None]:
    for path in _FORMATS:
        for each in follow(record, path):
            named = _first_of(each, ("name", "formatSpecificationCitation/CI_Citation/title"))
            yield None if named is None else text_in(_own(named))


def _page(record: Element) -> str | None:
    """The page for people among the online resources, else the first of them."""
    resources = list(follow(record, _ONLINE))
    linked = [each for each in resources if "LINK" in (text_in(first(each, "protocol")) or "").upper()]
    links = (text_in(first(each, "linkage")) for each in (*linked, *resources))
    return next((link for link in links if link and link.startswith(_WEB)), None)


def _box(element: Element) -> str | None:
    edges = (
        f"{side}Bound{what}"
        for side, what in (
            ("west", "Longitude"),
            ("south", "Latitude"),
            ("east", "Longitude"),
            ("north", "Latitude"),
        )
    )
    try:
        return box([float(text_in(first(element, edge)) or "") for edge in edges])
    except ValueError:
        return None


def _date(citation: Element | None, *kinds: str) -> str | None:
    if citation is None:
        return None
    dated = {
        _code(first(each, "dateType")): text_in(first(each, "date"))
        for each in follow(citation, "date/CI_Date")
    }
    return _first(dated.get(kind) for kind in kinds)


def _stamp(record: Element) -> str | None:
    return text_in(_first_of(record, ("dateStamp", "dateInfo/CI_Date/date")))


def _first_of(element: Element, paths: Iterable[str]) -> Element | None:
    return next((found for path in paths if (found := first(element, path)) is not None), None)


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value), None)
