"""A file of GBFS 3.0 as 2.3 has it: one language a file, times in seconds, and vehicles called bikes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

VERSION = "2.3"
_KEPT = ("system_id", "timezone", "feed_contact_email")


def older(file: str, body: Mapping[str, Any], language: str) -> dict[str, Any]:
    """The same file in 2.3, in one language; what lists files is the same in both."""
    data = _DATA[file](body["data"], language) if file in _DATA else body["data"]
    return {**body, "last_updated": _seconds(body["last_updated"]), "version": VERSION, "data": data}


def _system(data: Mapping[str, Any], language: str) -> dict[str, Any]:
    told = {name: data[name] for name in _KEPT}
    spoken = {name: _spoken(data[name], language) for name in ("name", "operator")}
    return {**told, **spoken, "language": language}


def _places(data: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {"stations": [{**each, "name": _spoken(each["name"], language)} for each in data["stations"]]}


def _statuses(data: Mapping[str, Any], _language: str) -> dict[str, Any]:
    return {"stations": [_status(each) for each in data["stations"]]}


def _status(station: Mapping[str, Any]) -> dict[str, Any]:
    renamed = {name.replace("num_vehicles_", "num_bikes_"): value for name, value in station.items()}
    return {**renamed, "last_reported": _seconds(station["last_reported"])}


def _spoken(texts: Sequence[Mapping[str, str]], language: str) -> str:
    """A text in the language, or as it is where there is none in that."""
    said = {each["language"]: each["text"] for each in reversed(texts)}
    return said.get(language, texts[0]["text"])


def _seconds(moment: datetime | str) -> int:
    return int((datetime.fromisoformat(moment) if isinstance(moment, str) else moment).timestamp())


_DATA: dict[str, Callable[[Mapping[str, Any], str], dict[str, Any]]] = {
    "system_information": _system,
    "station_information": _places,
    "station_status": _statuses,
}
