"""The files of a system of stations, made of the dataset of its readings and the one of its places."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Response, request

from catalogue import NoRows
from gateway.api.answers import base_url, fresh, not_modified
from gateway.api.asking.parameters import load_query, read_pairs
from gateway.api.describe import NoParameters
from gateway.caller import ROWS
from gateway.dialects.current import NotOfThatKind, columns_called, current, lacking
from gateway.dialects.gbfs.older import VERSION as OLDER
from gateway.dialects.gbfs.older import older
from gateway.scopes import require
from gateway.services import services
from schemas.conditions import Filter
from schemas.dataset import ColumnType, Dataset
from schemas.query import RowQuery, SearchQuery
from schemas.snapshot import Snapshot

gbfs = Blueprint("gbfs", __name__, url_prefix="/gbfs")

VERSION = "3.0"
TTL = 60
FRESH = timedelta(days=1)
"""A station that was silent for longer than this when the last one spoke is listed no more."""
FILES = ("gbfs_versions", "system_information", "station_information", "station_status")
_READING = {
    "station": ("station_id",),
    "at": ("reported_at", "last_reported"),
    "vehicles": ("vehicles_available", "num_vehicles_available", "num_bikes_available"),
    "vehicles_disabled": ("vehicles_disabled", "num_vehicles_disabled", "num_bikes_disabled"),
    "docks": ("docks_available", "num_docks_available"),
    "docks_disabled": ("docks_disabled", "num_docks_disabled"),
    "installed": ("installed", "is_installed"),
    "renting": ("renting", "is_renting"),
    "returning": ("returning", "is_returning"),
}
_PLACE = {
    "station": ("facility_id", "station_id"),
    "name": ("name",),
    "name_en": ("name_en",),
    "where": ("geometry",),
    "address": ("address",),
    "capacity": ("capacity",),
}
_TYPES: dict[str, tuple[ColumnType, ...]] = {
    "at": ("time",),
    "where": ("geometry",),
    **dict.fromkeys(("vehicles", "vehicles_disabled", "docks", "docks_disabled", "capacity"), ("integer",)),
    **dict.fromkeys(("installed", "renting", "returning"), ("boolean",)),
}
"""Of what type a column must be, where not any will do."""
_SPDX = re.compile(r"CC0-1\.0|CC-BY(?:-NC)?(?:-SA|-ND)?-[1-4]\.0")
"""Licences that GBFS knows, among those that cities have."""
_CANDIDATES, _SAMPLE = 100, 20


@gbfs.get("/<dataset>/<file>.json")
def document(dataset: str, file: str) -> Response:
    """A file of GBFS 3.0: gbfs, gbfs_versions or one of FILES."""
    return _answer(dataset, file, "")


@gbfs.get(f"/<dataset>/{OLDER}/gbfs.json")
def older_start(dataset: str) -> Response:
    """Where the files of GBFS 2.3 are, language by language."""
    return _answer(dataset, "gbfs", OLDER)


@gbfs.get(f"/<dataset>/{OLDER}/<language>/<file>.json")
def older_document(dataset: str, language: str, file: str) -> Response:
    """A file of GBFS 2.3 in one of the languages of the system."""
    return _answer(dataset, file, f"{OLDER}/{language}")


def _answer(dataset: str, file: str, edition: str) -> Response:
    """A file as 3.0 has it, or as an older edition, in the language behind its number."""
    require("rows:read")
    load_query(NoParameters, read_pairs(request.query_string))
    readings = services().catalogue.snapshot(dataset)
    called = _called(readings)
    _check(dataset, file, edition)
    places = _places(readings, called) if file == "station_information" else None
    shown = places or readings
    told = f"{shown.id} {edition} {file} {base_url()}"
    etag = hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
    unchanged = not_modified(etag)
    if unchanged:
        return unchanged
    match file:
        case "gbfs":
            data = _feeds(dataset, edition)
        case "gbfs_versions":
            starts = {VERSION: _url(dataset, "", "gbfs"), OLDER: _url(dataset, OLDER, "gbfs")}
            data = {
                "versions": [{"version": version, "url": starts[version]} for version in (OLDER, VERSION)]
            }
        case "system_information":
            data = _system(services().catalogue.describe(dataset))
        case "station_information":
            data = {"stations": _stations(places) if places else []}
        case _:
            data = {"stations": _statuses(readings, called)}
    body = {"last_updated": shown.created, "ttl": TTL, "version": VERSION, "data": data}
    request.environ[ROWS] = len(data.get("stations", ()))
    written = older(file, body, edition.removeprefix(f"{OLDER}/")) if edition else body
    return fresh(orjson.dumps(written, option=orjson.OPT_UTC_Z), "application/json", etag)


def _check(dataset: str, file: str, edition: str) -> None:
    """That there is such a file in such an edition; raises NotOfThatKind."""
    if file not in ("gbfs", *FILES):
        raise NotOfThatKind(dataset, f"file {file}.json", f"there are gbfs, {', '.join(FILES)}")
    languages = _languages(services().catalogue.describe(dataset))
    if edition not in ("", OLDER, *(f"{OLDER}/{language}" for language in languages)):
        why = f"there are {', '.join(languages)}"
        raise NotOfThatKind(dataset, f"language {edition.removeprefix(f'{OLDER}/')!r}", why)


def _feeds(dataset: str, edition: str) -> dict[str, Any]:
    def listed(edition: str) -> list[dict[str, str]]:
        return [{"name": name, "url": _url(dataset, edition, name)} for name in FILES]

    if not edition:
        return {"feeds": listed("")}
    languages = _languages(services().catalogue.describe(dataset))
    return {language: {"feeds": listed(f"{OLDER}/{language}")} for language in languages}


def _called(readings: Snapshot) -> dict[str, str]:
    """The columns of the readings by our words; raises NotOfThatKind."""
    called = columns_called(readings, _READING, _TYPES)
    missing = [_READING[word][0] for word in ("station", "at", "vehicles") if word not in called]
    if missing:
        raise NotOfThatKind(readings.dataset, "readings of stations", lacking(missing))
    return called


def _url(dataset: str, edition: str, file: str) -> str:
    return "/".join(filter(None, (base_url(), "gbfs", dataset, edition, f"{file}.json")))


def _languages(dataset: Dataset) -> list[str]:
    """The languages of a system, as its title is told in them."""
    return [language for language in ("ko", "en") if getattr(dataset.title, language)]


def _system(dataset: Dataset) -> dict[str, Any]:
    languages = _languages(dataset)
    names = [{"text": getattr(dataset.title, each), "language": each} for each in languages]
    organisation = [{"text": dataset.publisher, "language": names[0]["language"]}]
    told: dict[str, Any] = {
        "system_id": dataset.id,
        "languages": languages,
        "name": names,
        "operator": organisation,
        "attribution_organization_name": organisation,
        # GBFS requires hours and an address, and datasets tell of neither: always open, and the city's own.
        "opening_hours": "24/7",
        "feed_contact_email": f"opendata@{urlsplit(base_url()).hostname or 'localhost'}",
        "timezone": str(services().zone),
    }
    if _SPDX.fullmatch(dataset.licence):
        told["license_id"] = dataset.licence
    return told


def _places(readings: Snapshot, called: dict[str, str]) -> Snapshot | None:
    """The dataset of the same publisher that says where these stations are, None where there is no reading to
    know it by; raises NotOfThatKind."""
    catalogue = services().catalogue
    about = catalogue.describe(readings.dataset)
    if _is_placed(readings):
        return readings
    few = catalogue.rows_of(readings, RowQuery(select=(called["station"],), limit=_SAMPLE))
    ids = tuple(str(row[1]) for row in few.values)
    candidates = list(_placed(about))
    if not ids:  # Before the first reading nothing but a name says whose stations they are.
        return next((places for places in candidates if _is_named_alike(places.dataset, about.id)), None)
    for places in candidates:
        if _tells_of(places, ids):
            return places
    why = f"no dataset of {about.publisher} tells where its stations are, by the same ids"
    raise NotOfThatKind(readings.dataset, "places of stations", why)


def _placed(about: Dataset) -> Iterator[Snapshot]:
    """The datasets of the same publisher that say where something is, of the same feed first."""
    catalogue = services().catalogue
    alike = catalogue.find(SearchQuery(publishers=(about.publisher,), limit=_CANDIDATES)).hits
    for hit in sorted(alike, key=lambda hit: hit.dataset.feed != about.feed):
        try:
            places = catalogue.snapshot(hit.dataset.id)
        except NoRows:
            continue
        if _is_placed(places):
            yield places


def _is_named_alike(one: str, other: str) -> bool:
    """Whether the ids of two datasets begin with the same word, but for its plural."""
    first, second = (re.split(r"[-_.]", each)[0].removesuffix("s") for each in (one, other))
    return first == second


def _is_placed(snapshot: Snapshot) -> bool:
    return {"station", "name", "where"} <= columns_called(snapshot, _PLACE, _TYPES).keys()


def _tells_of(places: Snapshot, ids: tuple[str, ...]) -> bool:
    """Whether most of these stations are among the places."""
    name = columns_called(places, _PLACE, _TYPES)["station"]
    kind = next(column.type for column in places.columns if column.name == name)
    if kind != "text" or not ids:
        return False
    asked = RowQuery(filters=(Filter(name, "in", ids),), select=(name,), limit=_SAMPLE)
    found = services().catalogue.rows_of(places, asked)
    return len({row[1] for row in found.values}) * 2 > len(set(ids))


def _stations(places: Snapshot) -> list[dict[str, Any]]:
    called = columns_called(places, _PLACE, _TYPES)
    found = current(services().catalogue, places, called["station"], None, FRESH)
    stations = {str(row[called["station"]]): _station(row, called) for row in found.rows}
    return [station for station in stations.values() if station is not None]


def _station(row: dict[str, Any], called: dict[str, str]) -> dict[str, Any] | None:
    """A station with its place; None where it has none, without which GBFS takes it for nothing."""
    shape = row[called["where"]]
    point = json.loads(shape) if shape else {}
    if point.get("type") != "Point" or not point["coordinates"]:
        return None
    names = {"ko": row[called["name"]], "en": row.get(called.get("name_en", ""))}
    station = {
        "station_id": str(row[called["station"]]),
        "name": [{"text": words, "language": language} for language, words in names.items() if words],
        "lon": point["coordinates"][0],
        "lat": point["coordinates"][1],
    }
    more = {word: row.get(called.get(word, "")) for word in ("address", "capacity")}
    return station | {word: value for word, value in more.items() if value is not None}


def _statuses(readings: Snapshot, called: dict[str, str]) -> list[dict[str, Any]]:
    found = current(services().catalogue, readings, called["station"], called["at"], FRESH)
    return [_status(row, called) for row in found.rows if row[called["vehicles"]] is not None]


def _status(row: dict[str, Any], called: dict[str, str]) -> dict[str, Any]:
    """How a station fares; what its source does not say of being open counts as open."""

    def truth(word: str) -> bool:
        value = row.get(called.get(word, ""))
        return True if value is None else bool(value)

    status = {
        "station_id": str(row[called["station"]]),
        "num_vehicles_available": row[called["vehicles"]],
        "is_installed": truth("installed"),
        "is_renting": truth("renting"),
        "is_returning": truth("returning"),
        "last_reported": row[called["at"]],
    }
    more = {
        "num_vehicles_disabled": "vehicles_disabled",
        "num_docks_available": "docks",
        "num_docks_disabled": "docks_disabled",
    }
    counts = {member: row.get(called.get(word, "")) for member, word in more.items()}
    return status | {member: value for member, value in counts.items() if value is not None}
