"""The values that parameters have: boxes, times, whole numbers, words by commas, one of a few."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from marshmallow import ValidationError, fields, validate

from gateway.services import services
from schemas.dataset import BBox
from schemas.problem import did_you_mean

_WHOLE = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"\s*[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?\s*")
_DIGITS = 19
# A plus sign that was not encoded arrives as a blank.
_LOST_PLUS = re.compile(r"(\d\d:\d\d(?::\d\d(?:\.\d+)?)?) (\d\d:?\d\d)$")


def parse_whole(text: str) -> int:
    """A whole number of 64 bits; raises ValueError with a sentence."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"takes a whole number, not {text!r}")
    if len(text.lstrip("+-")) > _DIGITS or not -(2**63) <= int(text) < 2**63:
        raise ValueError(f"takes whole numbers of at most 64 bits, not {text!r}")
    return int(text)


def parse_number(text: str) -> float:
    """A finite number in decimal digits; raises ValueError with a sentence."""
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise ValueError(f"takes a number, not {text!r}")
    return value


def parse_bbox(text: str) -> BBox:
    """west,south,east,north in degrees; raises ValueError with a sentence."""
    try:
        west, south, east, north = (parse_number(part) for part in text.split(","))
    except ValueError:
        raise ValueError(
            "takes west,south,east,north, finite numbers; such as bbox=129.0,35.1,129.2,35.3"
        ) from None
    if not (-90 <= south <= 90 and -90 <= north <= 90 and -180 <= west <= 180 and -180 <= east <= 180):
        raise ValueError("lies outside the world; longitudes are -180 to 180, latitudes -90 to 90")
    if south > north:
        raise ValueError("has its south above its north; the order is west,south,east,north")
    return west, south, east, north


def parse_time(text: str, zone: ZoneInfo) -> datetime:
    """An RFC 3339 instant or a day, in UTC; without offset it is in `zone`. Raises ValueError."""
    try:
        moment = datetime.fromisoformat(_LOST_PLUS.sub(r"\1+\2", text))
        return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError("takes a time; such as 2026-01-03T09:00:00+09:00 or 2026-01-03") from None


class BBoxField(fields.Field[BBox]):
    """west,south,east,north in degrees, OGC:CRS84; west > east crosses the antimeridian."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> BBox:
        try:
            return parse_bbox(value)
        except ValueError as fault:
            raise ValidationError(str(fault)) from fault


class Words(fields.Field[tuple[str, ...]]):
    """Values separated by commas, each one of `known` where that is given."""

    def __init__(self, known: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.known = known

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> tuple[str, ...]:
        words = tuple(word.strip() for word in value.split(","))
        if not all(words):
            raise ValidationError("has an empty value between its commas; leave out the comma")
        for word in words if self.known else ():
            if word not in self.known:
                raise ValidationError(f"has no {word!r}; {did_you_mean(word, self.known)}")
        return words


class Whole(fields.Integer):
    """A whole number in decimal digits."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> int:
        try:
            return parse_whole(value)
        except ValueError as fault:
            raise ValidationError(str(fault)) from fault


class Moment(fields.Field[datetime]):
    """An RFC 3339 time; without an offset it is in the city's zone."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> datetime:
        try:
            return parse_time(str(value), services().zone)
        except ValueError as fault:
            raise ValidationError(str(fault)) from fault


class OneOf(validate.OneOf):
    """One of a few words; the fault names the nearest."""

    def __init__(self, words: Sequence[str]) -> None:
        super().__init__(words)

    def __call__(self, value: Any) -> Any:
        if value not in self.choices:
            raise ValidationError(f"has no {value!r}; {did_you_mean(str(value), map(str, self.choices))}")
        return value


class Between(validate.Range):
    """A number from one bound to another, both included."""

    def __init__(self, least: int, most: int) -> None:
        super().__init__(least, most, error=f"takes a whole number from {least} to {most}")
