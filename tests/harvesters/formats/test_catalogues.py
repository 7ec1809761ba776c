"""Documents of other catalogues are known by what they hold, and give a row for each dataset."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from harvesters.faults import Unreadable
from harvesters.reading.catalogues import Entry, box, formats
from harvesters.reading.catalogues.places import bounds_of
from schemas.feed import ENTRY_COLUMNS

Read = Callable[..., list[Any]]
FILES = {
    "ckan_package_search_dados_gov_br_0_400.json": ("ckan", 400),
    "ckan_package_show_bolsa-familia.json": ("ckan", 1),
    "hdx_unesco_dataset.json": ("ckan", 1),
    "dcat/catalog.rdf": ("dcat", 2),
    "dcat/catalog_datasets_list.rdf": ("dcat", 2),
    "dcat/catalog_pod.jsonld": ("dcat-us", 1),
    "dcat/dataset_gov_de.rdf": ("dcat", 1),
    "dcat/dataset_multilingual.ttl": ("dcat", 1),
    "dcat-us/dcatus.json": ("dcat-us", 7),
    "dcat-us/large-spatial.data.json": ("dcat-us", 1),
    "dcat-us/missing-dataset-fields.data.json": ("dcat-us", 2),
    "dcat-us/usda.gov.data.json": ("dcat-us", 3),
    "dcat-us/valid_iso1.xml": ("iso19139", 1),
    "iso19139/8a74fdb2-ac39-499f-9db2-4c74411d6387.xml": ("iso19139", 1),
    "iso19139/FCSConservancyPolygons.xml": ("iso19139", 1),
    "iso19139/dataset1.xml": ("iso19139", 1),
    "udata-harvest/catalog.xml": ("dcat", 4),
    "udata-harvest/evian.json": ("dcat-us", 8),
    "udata-harvest/geonetwork-dcat-page-1.xml": ("csw", 2),
    "udata-harvest/geonetwork-iso19139-page-1.xml": ("csw", 2),
    "udata-harvest/geonetwork.xml": ("dcat", 1),
}


def only(parsed: list[Any]) -> dict[str, Any]:
    """The one row of the one table."""
    (table,) = parsed
    (row,) = table.table.to_pylist()
    found: dict[str, Any] = row
    return found


def test_a_row_has_the_columns_of_an_entry() -> None:
    assert tuple(field.name for field in fields(Entry)) == ENTRY_COLUMNS


@pytest.mark.parametrize("name", FILES)
def test_real_documents_give_a_row_for_each_dataset(shared_data: Path, read: Read, name: str) -> None:
    kind, count = FILES[name]
    (parsed,) = read(shared_data / "catalogue" / name)

    assert (parsed.kind, len(parsed.table)) == (kind, count)
    assert parsed.table.column_names == list(ENTRY_COLUMNS)
    empty = 1 if "missing" in name else 0
    assert parsed.table["identifier"].null_count == parsed.table["title"].null_count == empty


def test_turtle_that_is_broken_names_its_fault(shared_data: Path, read: Read) -> None:
    with pytest.raises(Unreadable, match=r"healthdcatap:.* not bound, line 158"):
        read(shared_data / "catalogue" / "dcat" / "dataset.ttl")


def test_a_package_is_read_to_its_formats(shared_data: Path, read: Read) -> None:
    (parsed,) = read(shared_data / "catalogue" / "ckan_package_search_dados_gov_br_0_400.json")
    first = parsed.table.to_pylist()[0]

    assert first["identifier"] == "33520fa2-a68f-485f-8d36-9cb08633a561"
    assert first["title"] == "Sistema de Transportes de Servidores Públicos - TaxiGov"
    assert first["updated"] == "2023-01-30T11:15:06.596410Z"
    assert first["licence"] == "other-pd"
    assert "csv" in {
        word for formats in parsed.table["formats"].to_pylist() if formats for word in json.loads(formats)
    }


def test_a_record_in_two_languages_gives_both(read_text: Read) -> None:
    row = only(read_text(ISO, "record.xml"))

    assert (row["title"], row["title_en"]) == ("부산 도시공원", "City parks of Busan")
    assert row["publisher"] == "부산광역시"
    assert (row["created"], row["updated"]) == ("2020-01-01", "2024-02-03")
    assert row["extent"] == "128.7,34.8,129.4,35.5"
    assert json.loads(row["themes"]) == ["environment"]
    assert json.loads(row["formats"]) == ["geojson"]
    assert row["licence"] == "https://www.kogl.or.kr/info/licenseType1.do"
    assert row["landing_page"] == "https://data.busan.example/parks"


def test_titles_in_other_languages_are_taken_in_english_first(shared_data: Path, read: Read) -> None:
    row = only(read(shared_data / "catalogue" / "dcat" / "dataset_multilingual.ttl"))
    assert (row["title"], row["title_en"]) == ("Test DCAT dataset", None)


def test_rdf_is_read_in_each_of_its_writings(read_text: Read) -> None:
    triples = '<http://a.example/1> <http://purl.org/dc/terms/title> "공원"@ko .\n<http://a.example/1> '
    triples += "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://www.w3.org/ns/dcat#Dataset> .\n"
    json_ld = {
        "@context": {"dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/"},
        "@graph": [{"@id": "http://a.example/1", "@type": "dcat:Dataset", "dct:title": "공원"}],
    }
    for text in (triples, json.dumps(json_ld, ensure_ascii=False)):
        row = only(read_text(text, "catalogue"))
        assert (row["identifier"], row["title"]) == ("http://a.example/1", "공원")


def test_rdf_xml_is_read_in_the_encoding_that_it_declares(read_text: Read) -> None:
    text = (
        '<?xml version="1.0" encoding="EUC-KR"?><rdf:RDF xmlns:dcat="http://www.w3.org/ns/dcat#" '
        'xmlns:dct="http://purl.org/dc/terms/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        '<dcat:Dataset rdf:about="http://a.example/1"><dct:title>도시공원 현황</dct:title>'
        "</dcat:Dataset></rdf:RDF>"
    )
    assert only(read_text(text.encode("cp949"), "a.rdf"))["title"] == "도시공원 현황"


def test_a_catalogue_of_dcat_us_3_is_read_with_those_inside_it(read_text: Read) -> None:
    held = {
        "@context": "https://resources.data.gov/dcat-us/3.0/context.jsonld",
        "dataset": [
            {
                "@id": "http://a.example/1",
                "identifier": ["a-1"],
                "title": "Parks",
                "publisher": {
                    "@type": "Organization",
                    "name": "City",
                    "subOrganizationOf": {"name": "State"},
                },
                "theme": [{"prefLabel": "environment"}],
                "keyword": "park",
                "spatial": [{"bbox": "POLYGON((129 35, 130 35, 130 36, 129 35))"}],
                "distribution": [
                    {"mediaType": "text/csv", "license": "CC0-1.0", "downloadURL": "http://a.example/p"}
                ],
            }
        ],
        "catalog": [{"dataset": [{"identifier": "b-1", "title": "Trees"}]}],
    }
    (parsed,) = read_text(json.dumps(held), "data.json")
    first, second = parsed.table.to_pylist()

    assert (first["identifier"], second["identifier"]) == ("a-1", "b-1")
    assert (first["publisher"], first["licence"], first["extent"]) == ("City", "CC0-1.0", "129,35,130,36")
    assert [json.loads(first[name]) for name in ("themes", "keywords", "formats")] == [
        ["environment"],
        ["park"],
        ["csv"],
    ]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"help": "h", "success": false, "error": {"message": "Not found", "__type": "x"}}', "ckan"),
        ('{"catalog": []}', "dcat-us"),
        ("<a/>", "iso19139"),
        ("<a/>", "csw"),
        ('{"@context": "https://project-open-data.cio.gov/v1.1/schema/catalog.jsonld"}', "dcat"),
    ],
)
def test_a_kind_that_the_document_is_not_says_so(read_text: Read, text: str, kind: str) -> None:
    with pytest.raises(Unreadable):
        read_text(text, "sample", kind=kind)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('[{"id": 1, "title": "a"}]', "json"),
        ('{"type": "FeatureCollection", "features": []}', "gis"),
        ('{"@context": "https://uri.etsi.org/ngsi-ld/core", "id": "a", "data": [{"a": 1}]}', "json"),
        ("<rows><row><a>1</a></row><row><a>2</a></row></rows>", "xml"),
    ],
)
def test_other_documents_stay_what_they_are(text: str, kind: str, tmp_path: Path) -> None:
    from harvesters.reading.kinds.signs import kind_of

    assert kind_of(text.encode(), "sample") == kind


@pytest.mark.parametrize(
    ("written", "word"),
    [
        ("text/csv; charset=utf-8", "csv"),
        (".CSV", "csv"),
        ("http://publications.europa.eu/resource/authority/file-type/CSV", "csv"),
        ("https://www.iana.org/assignments/media-types/application/geo+json", "geojson"),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
        ("OGC:WMS", "wms"),
        ("SHP", "shapefile"),
    ],
)
def test_formats_are_short_words(written: str, word: str) -> None:
    assert formats([written, None, " "]) == (word,)


@pytest.mark.parametrize(
    ("written", "extent"),
    [
        ("POINT (129 35)", "129,35,129,35"),
        ("<http://www.opengis.net/def/crs/EPSG/0/4326> POINT (35 129)", "129,35,129,35"),
        ("<http://www.opengis.net/def/crs/EPSG/0/5186> POINT (200000 600000)", None),
        ('{"type": "Point", "coordinates": [129, 35]}', "129,35,129,35"),
        ("Busan", None),
        ("POINT (1290 35)", None),
        ("POLYGON EMPTY", None),
    ],
)
def test_places_are_boxes_in_degrees_or_nothing(written: str, extent: str | None) -> None:
    assert bounds_of(written) == extent


def test_a_box_whose_sides_were_swapped_is_none() -> None:
    assert box((3.28, 49.3, 1.31, 50.4)) is None
    assert box((177.0, -20.0, -178.0, -10.0)) == "177,-20,-178,-10"


ISO = """<?xml version="1.0" encoding="UTF-8"?>
<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd" xmlns:gco="http://www.isotc211.org/2005/gco">
 <gmd:fileIdentifier><gco:CharacterString>busan-parks</gco:CharacterString></gmd:fileIdentifier>
 <gmd:language><gmd:LanguageCode codeListValue="kor"/></gmd:language>
 <gmd:locale><gmd:PT_Locale id="EN"><gmd:languageCode><gmd:LanguageCode codeListValue="eng"/>
 </gmd:languageCode></gmd:PT_Locale></gmd:locale>
 <gmd:dateStamp><gco:Date>2024-05-05</gco:Date></gmd:dateStamp>
 <gmd:identificationInfo><gmd:MD_DataIdentification>
  <gmd:citation><gmd:CI_Citation>
   <gmd:title><gco:CharacterString>부산 도시공원</gco:CharacterString><gmd:PT_FreeText><gmd:textGroup>
    <gmd:LocalisedCharacterString locale="#EN">City parks of Busan</gmd:LocalisedCharacterString>
   </gmd:textGroup></gmd:PT_FreeText></gmd:title>
   <gmd:date><gmd:CI_Date><gmd:date><gco:Date>2020-01-01</gco:Date></gmd:date>
    <gmd:dateType><gmd:CI_DateTypeCode codeListValue="creation"/></gmd:dateType></gmd:CI_Date></gmd:date>
   <gmd:date><gmd:CI_Date><gmd:date><gco:Date>2024-02-03</gco:Date></gmd:date>
    <gmd:dateType><gmd:CI_DateTypeCode codeListValue="revision"/></gmd:dateType></gmd:CI_Date></gmd:date>
  </gmd:CI_Citation></gmd:citation>
  <gmd:pointOfContact><gmd:CI_ResponsibleParty>
   <gmd:organisationName><gco:CharacterString>연구소</gco:CharacterString></gmd:organisationName>
   <gmd:role><gmd:CI_RoleCode codeListValue="author"/></gmd:role>
  </gmd:CI_ResponsibleParty></gmd:pointOfContact>
  <gmd:pointOfContact><gmd:CI_ResponsibleParty>
   <gmd:organisationName><gco:CharacterString>부산광역시</gco:CharacterString></gmd:organisationName>
   <gmd:role><gmd:CI_RoleCode codeListValue="publisher"/></gmd:role>
  </gmd:CI_ResponsibleParty></gmd:pointOfContact>
  <gmd:resourceConstraints><gmd:MD_LegalConstraints><gmd:otherConstraints><gco:CharacterString>공공누리
   https://www.kogl.or.kr/info/licenseType1.do.</gco:CharacterString></gmd:otherConstraints>
  </gmd:MD_LegalConstraints></gmd:resourceConstraints>
  <gmd:topicCategory><gmd:MD_TopicCategoryCode>environment</gmd:MD_TopicCategoryCode></gmd:topicCategory>
  <gmd:extent><gmd:EX_Extent><gmd:geographicElement><gmd:EX_GeographicBoundingBox>
   <gmd:westBoundLongitude><gco:Decimal>128.7</gco:Decimal></gmd:westBoundLongitude>
   <gmd:eastBoundLongitude><gco:Decimal>129.4</gco:Decimal></gmd:eastBoundLongitude>
   <gmd:southBoundLatitude><gco:Decimal>34.8</gco:Decimal></gmd:southBoundLatitude>
   <gmd:northBoundLatitude><gco:Decimal>35.5</gco:Decimal></gmd:northBoundLatitude>
  </gmd:EX_GeographicBoundingBox></gmd:geographicElement></gmd:EX_Extent></gmd:extent>
 </gmd:MD_DataIdentification></gmd:identificationInfo>
 <gmd:distributionInfo><gmd:MD_Distribution>
  <gmd:distributionFormat><gmd:MD_Format><gmd:name><gco:CharacterString>GeoJSON</gco:CharacterString></gmd:name>
  </gmd:MD_Format></gmd:distributionFormat>
  <gmd:transferOptions><gmd:MD_DigitalTransferOptions>
   <gmd:onLine><gmd:CI_OnlineResource><gmd:linkage><gmd:URL>https://data.busan.example/wfs</gmd:URL></gmd:linkage>
    <gmd:protocol><gco:CharacterString>OGC:WFS</gco:CharacterString></gmd:protocol></gmd:CI_OnlineResource></gmd:onLine>
   <gmd:onLine><gmd:CI_OnlineResource><gmd:linkage><gmd:URL>https://data.busan.example/parks</gmd:URL></gmd:linkage>
    <gmd:protocol><gco:CharacterString>WWW:LINK-1.0-http--link</gco:CharacterString></gmd:protocol>
   </gmd:CI_OnlineResource></gmd:onLine>
  </gmd:MD_DigitalTransferOptions></gmd:transferOptions></gmd:MD_Distribution></gmd:distributionInfo>
</gmd:MD_Metadata>"""
