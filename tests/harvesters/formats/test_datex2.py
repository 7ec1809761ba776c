"""DATEX II: situations, measurements and their sites, parking; versions 2 and 3."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import shapely

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.formats import datex2
from harvesters.normalise import normalise
from schemas.dataset import Text
from schemas.feed import Feed, SourceSpec

XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'


def version2(kind: str, inside: str) -> str:
    return (
        f'<d2LogicalModel xmlns="http://datex2.eu/schema/2/2_0" {XSI} modelBaseVersion="2">'
        f'<payloadPublication xsi:type="{kind}"><publicationTime>2026-11-25T10:00:00+09:00</publicationTime>'
        f"{inside}</payloadPublication></d2LogicalModel>"
    )


def version3(kind: str, inside: str) -> str:
    spaces = "".join(
        f' xmlns:{prefix}="http://datex2.eu/schema/3/{name}"'
        for prefix, name in (
            ("con", "messageContainer"),
            ("sit", "situation"),
            ("com", "common"),
            ("loc", "locationReferencing"),
            ("roa", "roadTrafficData"),
        )
    )
    return (
        f"<con:messageContainer{spaces} {XSI}>"
        f'<con:payload xsi:type="{kind}"><com:publicationTime>2026-11-25T01:00:00Z</com:publicationTime>'
        f"{inside}</con:payload></con:messageContainer>"
    )


ACCIDENT = """
<sit:situation id="S1"><sit:overallSeverity>high</sit:overallSeverity>
 <sit:situationRecord xsi:type="sit:Accident" id="R1" version="2">
  <sit:situationRecordCreationTime>2026-11-25T00:30:00Z</sit:situationRecordCreationTime>
  <sit:severity>high</sit:severity>
  <sit:generalPublicComment><com:comment><com:values><com:value lang="ko">광안대교 사고</com:value>
  </com:values></com:comment></sit:generalPublicComment>
  <sit:locationReference xsi:type="loc:LinearLocation"><loc:gmlLineString srsDimension="2">
   <loc:posList>35.15 129.11 35.16 129.12 35.17 129.13</loc:posList></loc:gmlLineString>
  </sit:locationReference>
 </sit:situationRecord>
 <sit:situationRecord xsi:type="sit:RoadOrCarriagewayOrLaneManagement" id="R2" version="1">
  <sit:locationReference xsi:type="loc:PointLocation"><loc:pointByCoordinates><loc:pointCoordinates>
   <loc:latitude>35.1</loc:latitude><loc:longitude>129.0</loc:longitude></loc:pointCoordinates>
  </loc:pointByCoordinates></sit:locationReference>
 </sit:situationRecord>
</sit:situation>"""

MEASURED = """
<siteMeasurements><measurementSiteReference id="L1" version="3" targetClass="MeasurementSiteRecord"/>
 <measurementTimeDefault>2026-11-25T09:59:00+09:00</measurementTimeDefault>
 <measuredValue index="1"><measuredValue><basicData xsi:type="TrafficFlow">
  <vehicleFlow numberOfInputValuesUsed="7"><vehicleFlowRate>420</vehicleFlowRate></vehicleFlow>
 </basicData></measuredValue></measuredValue>
 <measuredValue index="2"><measuredValue><basicData xsi:type="TrafficSpeed">
  <averageVehicleSpeed><dataError>true</dataError></averageVehicleSpeed></basicData></measuredValue></measuredValue>
 <measuredValue index="3"><measuredValue><basicData xsi:type="TravelTimeData">
  <travelTime><duration>61.5</duration></travelTime><freeFlowTravelTime><duration>50</duration></freeFlowTravelTime>
 </basicData></measuredValue></measuredValue>
</siteMeasurements>
<siteMeasurements><measurementSiteReference id="L2" version="1"/></siteMeasurements>"""

SITES = """
<measurementSiteTable id="T" version="3"><measurementSiteRecord id="L1" version="3">
 <measurementSiteName><values><value lang="ko">광안대로 1</value></values></measurementSiteName>
 <measurementSpecificCharacteristics index="1"><measurementSpecificCharacteristics><period>60</period>
  <specificLane>lane1</specificLane><specificMeasurementValueType>trafficFlow</specificMeasurementValueType>
 </measurementSpecificCharacteristics></measurementSpecificCharacteristics>
 <measurementSpecificCharacteristics index="2"><measurementSpecificCharacteristics>
  <specificMeasurementValueType>trafficSpeed</specificMeasurementValueType>
 </measurementSpecificCharacteristics></measurementSpecificCharacteristics>
 <measurementSiteLocation xsi:type="Point"><locationForDisplay><latitude>35.15</latitude>
  <longitude>129.11</longitude></locationForDisplay></measurementSiteLocation>
</measurementSiteRecord></measurementSiteTable>"""


@pytest.mark.parametrize(
    ("name", "rows"),
    [("Roadwork", 8), ("TrafficSituationAbnormalTraffic", 3), ("Datex2_2019-11-26-14-35-08-487", 5)],
)
def test_real_messages_give_every_record(shared_data: Path, read: Any, name: str, rows: int) -> None:
    (parsed,) = read(shared_data / f"datex2/{name}.xml")

    assert (parsed.kind, parsed.name, parsed.table.num_rows) == ("datex2", "", rows)
    assert parsed.table["record_id"].null_count == 0
    assert (shared_data / f"datex2/{name}.xml").read_text().count("<situationRecord ") == rows
    assert any(parsed.table["alertc_locations"].to_pylist())


def test_situations_of_version_3_have_their_lines_and_points(read_text: Any) -> None:
    (parsed,) = read_text(version3("sit:SituationPublication", ACCIDENT), "a.xml")

    first, second = parsed.table.to_pylist()
    assert (first["situation_id"], first["record_id"], first["kind"]) == ("S1", "R1", "Accident")
    assert first["comment"] == "광안대교 사고"
    assert json.loads(first["record"])["generalPublicComment"]
    line = shapely.LineString([(129.11, 35.15), (129.12, 35.16), (129.13, 35.17)])
    assert shapely.from_wkb(first["geometry"]) == line
    assert shapely.from_wkb(second["geometry"]) == shapely.Point(129.0, 35.1)


def test_measurements_are_a_row_for_each_value_under_its_index(read_text: Any) -> None:
    (parsed,) = read_text(version2("MeasuredDataPublication", MEASURED), "a.xml")
    feed = Feed("loops", Text(en="Loops"), "p", "l", SourceSpec("file"))

    found = normalise(parsed, feed, extent=(124, 33, 132, 39), zone=ZoneInfo("Asia/Seoul"))

    rows = found.rows.to_pylist()
    assert [(row["site_id"], row["index"], row["measure"], row["value"], row["unit"]) for row in rows] == [
        ("L1", 1, "vehicleFlow", 420.0, "{vehicle}/h"),
        ("L1", 2, "averageVehicleSpeed", None, None),
        ("L1", 3, "travelTime", 61.5, "s"),
        ("L1", 3, "freeFlowTravelTime", 50.0, "s"),
        ("L2", None, None, None, None),
    ]
    assert (rows[0]["inputs"], rows[1]["error"]) == (7, True)
    assert rows[0]["measured_at"].isoformat() == "2026-11-25T00:59:00+00:00"


def test_sites_say_what_each_index_means_and_where_it_is(read_text: Any) -> None:
    (parsed,) = read_text(version2("MeasurementSiteTablePublication", SITES), "a.xml")

    rows = parsed.table.to_pylist()
    assert [(row["site_id"], row["index"], row["quantity"], row["lane"]) for row in rows] == [
        ("L1", "1", "trafficFlow", "lane1"),
        ("L1", "2", "trafficSpeed", None),
    ]
    assert rows[0]["name"] == "광안대로 1"
    assert shapely.from_wkb(rows[1]["geometry"]) == shapely.Point(129.11, 35.15)


def test_a_message_of_sites_and_measurements_is_two_tables_that_meet(read_text: Any) -> None:
    whole = version2("MeasuredDataPublication", SITES + MEASURED)

    measured, sites = read_text(whole, "a.xml")
    (alone,) = read_text(whole, "a.xml", layer="measurement_sites")

    assert (measured.name, sites.name, alone.name) == ("measurements", "measurement_sites", "")
    assert {("L1", "1"), ("L1", "2")} <= {
        (row["site_id"], row["index"]) for row in measured.table.to_pylist()
    }
    assert alone.table.equals(sites.table)
    with pytest.raises(FeedMisconfigured, match="did you mean 'measurement_sites'"):
        read_text(whole, "a.xml", layer="measurement_site")


def test_parking_and_its_status_are_read(read_text: Any) -> None:
    parking = (
        '<parkingTable><parkingRecord id="P1" version="1"><parkingName><values><value>시청</value></values>'
        "</parkingName><parkingNumberOfSpaces>120</parkingNumberOfSpaces></parkingRecord></parkingTable>"
        '<parkingRecordStatus><parkingRecordReference id="P1"/>'
        "<parkingStatusOriginTime>2026-11-25T10:00:00+09:00</parkingStatusOriginTime><parkingOccupancy>"
        "<parkingNumberOfVacantSpaces>20</parkingNumberOfVacantSpaces></parkingOccupancy></parkingRecordStatus>"
    )

    places, status = read_text(version2("GenericPublication", parking), "a.xml")

    assert [(row["parking_id"], row["name"], row["spaces"]) for row in places.table.to_pylist()] == [
        ("P1", "시청", "120")
    ]
    assert [(row["parking_id"], row["vacant"]) for row in status.table.to_pylist()] == [("P1", "20")]


def test_a_packed_message_comes_in_pieces_and_loses_nothing(
    read_text: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(datex2, "ROWS", 100)
    one = MEASURED.partition("</siteMeasurements>")[0] + "</siteMeasurements>"
    message = version2("MeasuredDataPublication", one * 150)

    (parsed,) = read_text(gzip.compress(message.encode()), "a.xml.gz")

    pieces = list(parsed.pieces())
    assert len(pieces) == 6
    assert [line for piece in pieces for line in piece.lines.to_pylist()] == list(range(1, 601))


@pytest.mark.parametrize("share", [0.3, 0.9, 0.999])
def test_a_message_cut_short_is_unreadable(shared_data: Path, read_text: Any, share: float) -> None:
    content = (shared_data / "datex2/Roadwork.xml").read_bytes()

    with pytest.raises(Unreadable, match="not XML to its end"):
        read_text(content[: int(len(content) * share)], "a.xml")


def test_a_document_type_is_refused_and_another_publication_told(read_text: Any) -> None:
    bomb = '<!DOCTYPE d [<!ENTITY a "ha">]>' + version2("SituationPublication", "")

    with pytest.raises(Unreadable, match="document type"):
        read_text(bomb, "a.xml", kind="datex2")
    with pytest.raises(Unreadable, match='kind = "xml"'):
        read_text(version2("VmsPublication", "<vmsUnit/>"), "a.xml")
