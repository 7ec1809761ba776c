"""Turn the records of DATEX II publications into rows: situations, measurements, their sites, parking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from lxml import etree

from harvesters.reading.transport.datex import as_json, geometry, kind, local, texts, within
from schemas.dataset import ColumnType

Row = dict[str, Any]

UNITS = {
    "speed": "km/h", "vehicleFlowRate": "{vehicle}/h", "percentage": "%", "duration": "s",
    "concentrationOfVehicles": "{vehicle}/km", "temperature": "Cel", "windSpeed": "km/h",
    "visibility": "m", "vehicleCountValue": "{vehicle}",
}  # fmt: skip
"""What the data dictionary measures the simplest of its values in, by their element."""


@dataclass(frozen=True)
class Publication:
    """The records of one kind: the elements they are, the rows of one, and the columns with their types."""

    elements: tuple[str, ...]
    rows: Callable[[etree._Element, str | None], Iterator[Row]]
    columns: dict[str, ColumnType]
    placed: bool = True


def _situations(situation: etree._Element, published: str | None) -> Iterator[Row]:
    """A row for each record of a situation; what has no column of its own stands in `record` as JSON."""
    for record in within(situation, "situationRecord"):
        said = texts(record)
        yield {
            "situation_id": situation.get("id"),
            "record_id": record.get("id"),
            "version": record.get("version") or said.get("situationRecordVersion"),
            "kind": kind(record),
            "published_at": published,
            "created_at": said.get("situationRecordCreationTime"),
            "updated_at": said.get("situationRecordVersionTime"),
            "severity": said.get("severity"),
            "probability": said.get("probabilityOfOccurrence"),
            "status": said.get("validityStatus"),
            "starts_at": said.get("overallStartTime"),
            "ends_at": said.get("overallEndTime"),
            "cause": said.get("causeType"),
            "comment": _comments(record),
            "road": said.get("roadNumber") or said.get("roadName"),
            "alertc_table": said.get("alertCLocationTableNumber"),
            "alertc_direction": said.get("alertCDirectionCoded"),
            "alertc_locations": _locations(record),
            "record": orjson.dumps(as_json(record)).decode(),
            "geometry": geometry(record),
        }


def _comments(record: etree._Element) -> str | None:
    """What is said for people, by paragraphs, blank lines left out."""
    values = [each for comment in within(record, "comment") for each in within(comment, "value")]
    lines = (line.strip() for each in values for line in (each.text or "").splitlines())
    return "\n".join(filter(None, lines)) or None


def _locations(record: etree._Element) -> str | None:
    codes = [(each.text or "").strip() for each in within(record, "specificLocation")]
    return " ".join(filter(None, codes)) or None


def _measurements(site: etree._Element, published: str | None) -> Iterator[Row]:
    """A row for each value that a site measured, under the index that its table explains."""
    said = texts(site)
    reference = next(within(site, "measurementSiteReference"), None)
    about = {
        "site_id": reference.get("id") if reference is not None else None,
        "site_version": reference.get("version") if reference is not None else None,
        "measured_at": _time(site) or published,
    }
    found = False
    for indexed in within(site, "measuredValue", "physicalQuantity"):
        if indexed.get("index") is not None:
            for value in _values(indexed):
                found = True
                yield about | {"index": indexed.get("index")} | value
    if not found:
        yield about | {"error": said.get("dataError")}


def _time(site: etree._Element) -> str | None:
    moment = next(within(site, "measurementTimeDefault"), None)
    return next(iter(texts(moment).values()), None) if moment is not None else None


def _values(indexed: etree._Element) -> Iterator[Row]:
    for data in within(indexed, "basicData"):
        numbers = [
            each for each in data.iter(etree.Element) if _is_number(each.text) and local(each) != "dataError"
        ]
        for number in numbers or [data]:
            holder = number.getparent() if number is not data else next(iter(data), data)
            holder = holder if holder is not None else data
            yield {
                "quantity": kind(data),
                "measure": local(holder) if holder is not data else local(number),
                "value": number.text if number is not data else None,
                "unit": UNITS.get(local(number)),
                "inputs": holder.get("numberOfInputValuesUsed"),
                "error": texts(holder).get("dataError"),
            }


def _is_number(text: str | None) -> bool:
    try:
        return bool(text) and float(text or "") is not None
    except ValueError:
        return False


def _sites(site: etree._Element, published: str | None) -> Iterator[Row]:
    """A row for each value that a site measures, by the index under which measurements give it."""
    said = texts(site)
    where = geometry(site)
    about = {
        "site_id": site.get("id"),
        "version": site.get("version"),
        "name": _name(site, "measurementSiteName"),
        "road": said.get("roadNumber"),
        "direction": said.get("measurementSide") or said.get("directionBoundOnLinearSection"),
        "lanes": said.get("measurementSiteNumberOfLanes"),
        "geometry": where,
    }
    indexed = [each for each in within(site, "measurementSpecificCharacteristics") if each.get("index")]
    for each in indexed:
        detail = texts(each)
        yield about | {
            "index": each.get("index"),
            "quantity": detail.get("specificMeasurementValueType"),
            "lane": detail.get("specificLane"),
            "period": detail.get("period"),
            "vehicles": detail.get("vehicleType"),
        }
    if not indexed:
        yield about


def _name(element: etree._Element, name: str) -> str | None:
    named = next(within(element, name), None)
    return next(iter(texts(named).values()), None) if named is not None else None


def _parking(record: etree._Element, published: str | None) -> Iterator[Row]:
    said = texts(record)
    yield {
        "parking_id": record.get("id"),
        "version": record.get("version"),
        "name": _name(record, "parkingName") or _name(record, "parkingFacilityName"),
        "spaces": said.get("parkingNumberOfSpaces") or said.get("totalParkingCapacity"),
        "record": orjson.dumps(as_json(record)).decode(),
        "geometry": geometry(record),
    }


def _parking_status(record: etree._Element, published: str | None) -> Iterator[Row]:
    said = texts(record)
    reference = next(within(record, "parkingRecordReference", "parkingFacilityReference"), None)
    yield {
        "parking_id": reference.get("id") if reference is not None else record.get("id"),
        "reported_at": said.get("parkingStatusOriginTime")
        or said.get("parkingFacilityStatusTime")
        or published,
        "vacant": said.get("parkingNumberOfVacantSpaces") or said.get("totalNumberOfVacantParkingSpaces"),
        "occupied": said.get("parkingNumberOfOccupiedSpaces")
        or said.get("totalNumberOfOccupiedParkingSpaces"),
        "occupancy": said.get("parkingOccupancy") or said.get("parkingFacilityOccupancy"),
        "status": said.get("parkingSiteOpeningStatus")
        or said.get("openingStatus")
        or said.get("parkingFacilityStatus"),
        "record": orjson.dumps(as_json(record)).decode(),
    }


def _typed(texts: str, **types: str) -> dict[str, ColumnType]:
    """Columns in order, of type text unless another is named."""
    found: dict[str, ColumnType] = {}
    for name in texts.split():
        found[name] = types.get(name, "text")  # type: ignore[assignment]
    return found


PUBLICATIONS = {
    "situations": Publication(
        ("situation",),
        _situations,
        _typed(
            "situation_id record_id version kind published_at created_at updated_at severity "
            "probability status starts_at ends_at cause comment road "
            "alertc_table alertc_direction alertc_locations record",
            **dict.fromkeys(("published_at", "created_at", "updated_at", "starts_at", "ends_at"), "time"),
        ),
    ),
    "measurements": Publication(
        ("siteMeasurements",),
        _measurements,
        _typed(
            "site_id site_version measured_at index quantity measure value unit inputs error",
            measured_at="time", index="integer", value="number", inputs="integer", error="boolean",
        ),
        placed=False,
    ),
    "measurement_sites": Publication(
        ("measurementSiteRecord", "measurementSite"),
        _sites,
        _typed(
            "site_id version name road direction lanes index quantity lane period vehicles",
            lanes="integer", index="integer", period="number",
        ),
    ),
    "parking": Publication(
        ("parkingRecord", "parkingFacility"),
        _parking,
        _typed("parking_id version name spaces record", spaces="integer"),
    ),
    "parking_status": Publication(
        ("parkingRecordStatus", "parkingFacilityStatus"),
        _parking_status,
        _typed(
            "parking_id reported_at vacant occupied occupancy status record",
            reported_at="time", vacant="integer", occupied="integer", occupancy="number",
        ),
        placed=False,
    ),
}  # fmt: skip
"""What is read, by the name of its table."""

ELEMENTS = tuple(element for each in PUBLICATIONS.values() for element in each.elements)
