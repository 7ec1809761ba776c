"""Marshmallow fields that carry what a column of a record means: titles, unit, role, code list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, fields

from schemas.dataset import Column, ColumnType, Role, Text

CODES = Mapping[str, tuple[str, str]]


class Geometry(fields.Field[bytes]):
    """A geometry as WKB in OGC:CRS84."""


def _meta(ko: str, en: str, unit: str | None, role: Role | None, codes: CODES | None) -> dict[str, Any]:
    return {"metadata": {"ko": ko, "en": en, "unit": unit, "role": role, "codes": codes}}


def key(ko: str, en: str) -> fields.String:
    """A text that names the row; required."""
    return fields.String(required=True, **_meta(ko, en, None, "key", None))


def text(ko: str, en: str, *, codes: CODES | None = None, required: bool = False) -> fields.String:
    """A text, or a code of a list when `codes` gives the meaning of each."""
    role: Role | None = "code" if codes else None
    return fields.String(required=required, allow_none=not required, **_meta(ko, en, None, role, codes))


def number(ko: str, en: str, unit: str) -> fields.Float:
    """A measure in `unit` (UCUM; `1` for a ratio)."""
    return fields.Float(allow_none=True, **_meta(ko, en, unit, None, None))


def integer(ko: str, en: str, unit: str = "1") -> fields.Integer:
    """A count in `unit` (UCUM)."""
    return fields.Integer(allow_none=True, **_meta(ko, en, unit, None, None))


def time(ko: str, en: str) -> fields.AwareDateTime:
    """The instant that says when; required."""
    return fields.AwareDateTime(required=True, **_meta(ko, en, None, "time", None))


def truth(ko: str, en: str) -> fields.Boolean:
    """Whether something is so."""
    return fields.Boolean(allow_none=True, **_meta(ko, en, None, None, None))


def instant(ko: str, en: str) -> fields.AwareDateTime:
    """A moment that does not say when the row is, such as the end of what it tells of."""
    return fields.AwareDateTime(allow_none=True, **_meta(ko, en, None, None, None))


def date(ko: str, en: str) -> fields.Date:
    """A calendar day."""
    return fields.Date(allow_none=True, **_meta(ko, en, None, None, None))


def geometry(ko: str = "위치", en: str = "Location") -> Geometry:
    """Where the row is."""
    return Geometry(allow_none=True, **_meta(ko, en, None, "geometry", None))


_TYPES: tuple[tuple[type[Any], ColumnType], ...] = (
    (Geometry, "geometry"),
    (fields.AwareDateTime, "time"),
    (fields.Date, "date"),
    (fields.Boolean, "boolean"),
    (fields.Integer, "integer"),
    (fields.Float, "number"),
    (fields.String, "text"),
)


def columns(record: type[Schema]) -> tuple[Column, ...]:
    """The columns of a record schema, in the order they are declared."""
    return tuple(_column(name, field) for name, field in record().fields.items())


def _column(name: str, field: fields.Field[Any]) -> Column:
    meta = field.metadata
    codes = meta["codes"]
    return Column(
        name=name,
        type=next(kind for cls, kind in _TYPES if isinstance(field, cls)),
        title=Text(meta["ko"], meta["en"]),
        unit=meta["unit"],
        key=meta["role"] == "key",
        role=meta["role"],
        codes={code: Text(*words) for code, words in codes.items()} if codes else None,
        required=field.required,
    )
