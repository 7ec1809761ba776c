"""What passengers are told: a row an alert, or a row for each thing that an alert is about."""

from __future__ import annotations

from typing import Any

import orjson
import pyarrow as pa
from google.transit import gtfs_realtime_pb2 as gtfs

from harvesters.reading.transport.realtime.values import TRIP, given, moment, text, trip, word

_TIME = pa.timestamp("us", "UTC")
_WORDS = ("header", "description", "url")
_LANGUAGES = ("ko", "en")
_SAID = [(f"{name}{after}", pa.string()) for name in _WORDS for after in ("", "_ko", "_en")]
_ALERT = [
    ("alert_id", pa.string()),
    ("active_from", _TIME),
    ("active_until", _TIME),
    ("cause", pa.string()),
    ("effect", pa.string()),
    ("severity", pa.string()),
    *_SAID,
]
_ALERTS = pa.schema(
    [
        *_ALERT,
        ("periods", pa.string()),
        ("translations", pa.string()),
        ("entities", pa.int64()),
        ("informed_entities", pa.string()),
    ]
)
_ENTITIES = pa.schema(
    [
        *_ALERT,
        ("part", pa.string()),
        ("agency_id", pa.string()),
        *TRIP,
        ("route_type", pa.int64()),
        ("stop_id", pa.string()),
    ]
)


def alerts(entities: list[Any], header: Any) -> pa.Table:
    """A row an alert: its words as its maker wrote them first, and in Korean and English where it has them.

    `active_from` and `active_until` bound all of its periods; several stand in `periods` as JSON, words in
    further languages in `translations`, and what it is about in `informed_entities`, counted by `entities`.
    """
    rows = []
    for entity in entities:
        about = [_selected(each) for each in entity.alert.informed_entity]
        said = [{name: value for name, value in each.items() if value is not None} for each in about]
        informed = {"entities": len(about), "informed_entities": _json(said)}
        rows.append(_alert(entity) | _more(entity.alert) | informed)
    return pa.Table.from_pylist(rows, schema=_ALERTS)


def informed_entities(entities: list[Any], header: Any) -> tuple[pa.Table, list[int]]:
    """A row for each thing that each alert is about (`part` counts them), and which entity it is of.

    An alert about nothing in particular has one row.
    """
    rows: list[dict[str, Any]] = []
    places: list[int] = []
    for place, entity in enumerate(entities):
        about = [_selected(each) for each in entity.alert.informed_entity] or [{}]
        for part, each in enumerate(about, start=1):
            rows.append(_alert(entity) | {"part": str(part)} | each)
            places.append(place)
    return pa.Table.from_pylist(rows, schema=_ENTITIES), places


def _alert(entity: Any) -> dict[str, Any]:
    alert = entity.alert
    starts = [each.start for each in alert.active_period]
    ends = [each.end for each in alert.active_period]
    row = {
        "alert_id": text(entity, "id"),
        # A period without a start or an end is open on that side.
        "active_from": moment(min(starts)) if starts and all(starts) else None,
        "active_until": moment(max(ends)) if ends and all(ends) else None,
        "cause": word(alert, "cause", gtfs.Alert.Cause),
        "effect": word(alert, "effect", gtfs.Alert.Effect),
        "severity": word(alert, "severity_level", gtfs.Alert.SeverityLevel),
    }
    for name in _WORDS:
        said = _translations(alert, name)
        row[name] = said.get("") or next(iter(said.values()), None)
        row |= {f"{name}_{language}": said.get(language) for language in _LANGUAGES}
    return row


def _translations(alert: Any, name: str) -> dict[str, str]:
    """The words by language, "" for those without one; of a language's regions the first counts."""
    field = getattr(alert, name if name == "url" else f"{name}_text")
    said: dict[str, str] = {}
    for each in field.translation:
        language = (text(each, "language") or "").lower().partition("-")[0]
        words = text(each, "text")
        if words:
            said.setdefault(language, words)
    return said


def _more(alert: Any) -> dict[str, Any]:
    """What has no column of its own, as JSON."""
    periods = [[moment(each.start), moment(each.end)] for each in alert.active_period]
    others = {
        name: {language: words for language, words in said.items() if language not in ("", *_LANGUAGES)}
        for name in _WORDS
        if (said := _translations(alert, name))
    }
    others = {name: said for name, said in others.items() if said}
    return {"periods": _json(periods if len(periods) > 1 else None), "translations": _json(others)}


def _selected(selector: Any) -> dict[str, Any]:
    """What an alert is about: an agency, a route, a kind of route, a trip, a stop, or several together."""
    on_trip = {name: value for name, value in trip(selector.trip).items() if value is not None}
    return {
        "agency_id": text(selector, "agency_id"),
        "route_id": text(selector, "route_id"),
        "route_type": given(selector, "route_type"),
        "direction_id": given(selector, "direction_id"),
        "stop_id": text(selector, "stop_id"),
    } | on_trip


def _json(value: Any) -> str | None:
    return orjson.dumps(value).decode() if value else None
