"""Read what a request asks in its query string or body; nothing unknown, repeated or unreadable passes."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes
from zoneinfo import ZoneInfo

from flask import Request
from marshmallow import Schema, ValidationError, fields

from schemas.dataset import BBox
from schemas.problem import BadInput, InputError, did_you_mean

Pairs = list[tuple[str, str]]
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_EXAMPLE = "bbox=129.0,35.1,129.2,35.3"


def read_pairs(query_string: bytes) -> Pairs:
    """The parameters of a query string in order, decoded strictly; raises BadInput for any not in UTF-8."""
    pairs, errors = [], []
    for piece in query_string.decode("latin-1").split("&"):
        if not piece:
            continue
        name, _, value = piece.partition("=")
        try:
            pairs.append((_decode(name), _decode(value)))
        except ValueError:
            where = name.encode("ascii", "replace").decode()
            errors.append(InputError(where, "is not percent-encoded UTF-8", "encode it as UTF-8"))
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            errors.append(InputError(name, "is given more than once", "give it once"))
        seen.add(name)
    if errors:
        raise BadInput(errors)
    return pairs


def _decode(text: str) -> str:
    if _BAD_ESCAPE.search(text):
        raise ValueError(text)
    decoded = unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8")
    if "\x00" in decoded:
        raise ValueError(text)
    return decoded


def load_query(schema: type[Schema], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Parameters as a schema reads them; raises BadInput for the unknown, the empty and the wrong."""
    known = schema().fields
    errors = []
    for name, value in pairs:
        if name not in known:
            hint = did_you_mean(name, known) if known else "this address takes no parameters"
            errors.append(InputError(name, "is not a parameter here", hint))
        elif value == "" and not known[name].metadata.get("may_be_empty"):
            errors.append(InputError(name, "is empty", "give it a value or leave it out"))
    if errors:
        raise BadInput(errors)
    try:
        loaded: dict[str, Any] = schema().load(dict(pairs))
    except ValidationError as fault:
        raise BadInput(_errors(_by_field(fault))) from fault
    return loaded


def load_body(schema: type[Schema], request: Request) -> dict[str, Any]:
    """A JSON object as a schema reads it; raises BadInput."""
    body = request.get_json(silent=True) if request.is_json else None
    if not isinstance(body, dict):
        hint = "send a JSON object with Content-Type: application/json"
        raise BadInput([InputError("body", "is not a JSON object", hint)])
    known = schema().fields
    unknown = [name for name in body if name not in known]
    if unknown:
        raise BadInput([InputError(n, "is not known here", did_you_mean(n, known)) for n in unknown])
    try:
        loaded: dict[str, Any] = schema().load(body)
    except ValidationError as fault:
        raise BadInput(_errors(_by_field(fault))) from fault
    return loaded


def _by_field(fault: ValidationError) -> Mapping[str, Any]:
    return fault.messages if isinstance(fault.messages, dict) else {"body": fault.messages}


def _errors(messages: Mapping[str, Any], prefix: str = "") -> list[InputError]:
    errors = []
    for name, faults in messages.items():
        where = f"{prefix}{name}"
        if isinstance(faults, Mapping):
            errors += _errors({str(k): v for k, v in faults.items()}, f"{where}.")
        else:
            errors += [InputError(where, str(fault).rstrip(".")) for fault in faults]
    return errors


def parse_bbox(text: str) -> BBox:
    """west,south,east,north in degrees; raises ValueError with a sentence."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise ValueError(f"takes four numbers west,south,east,north such as {_EXAMPLE}") from None
    if not all(math.isfinite(x) for x in (west, south, east, north)):
        raise ValueError("takes finite numbers")
    if not (-90 <= south <= 90 and -90 <= north <= 90 and -180 <= west <= 180 and -180 <= east <= 180):
        raise ValueError("lies outside the world: longitudes -180 to 180, latitudes -90 to 90")
    if south > north:
        raise ValueError("has its south above its north; the order is west,south,east,north")
    return west, south, east, north


def parse_time(text: str, zone: ZoneInfo) -> datetime:
    """An RFC 3339 instant or day; without offset it is in `zone`. Raises ValueError with a sentence."""
    try:
        # A plus sign that was not encoded arrives as a blank.
        moment = datetime.fromisoformat(re.sub(r" (\d\d:\d\d)$", r"+\1", text) if "T" in text else text)
    except ValueError:
        raise ValueError("takes a time such as 2026-01-03T09:00:00+09:00 or 2026-01-03") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


class BBoxField(fields.Field[BBox]):
    """west,south,east,north in degrees, OGC:CRS84; west > east crosses the antimeridian."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> BBox:
        try:
            return parse_bbox(value)
        except ValueError as fault:
            raise ValidationError(str(fault)) from fault


class Words(fields.Field[tuple[str, ...]]):
    """Values separated by commas."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> tuple[str, ...]:
        words = tuple(word.strip() for word in value.split(","))
        if not all(words):
            raise ValidationError("has an empty value between its commas")
        return words


class Moment(fields.Field[datetime]):
    """An RFC 3339 time; without an offset it is in the city's zone."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            return parse_time(value, self.context_zone())
        except ValueError as fault:
            raise ValidationError(str(fault)) from fault

    @staticmethod
    def context_zone() -> ZoneInfo:
        """The zone of the application that answers."""
        from gateway.services import services

        return services().zone
