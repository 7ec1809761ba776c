"""Schemas in the words of OpenAPI: our own fields, and what is given in a query string."""

from __future__ import annotations

import re
from typing import Any, cast

from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from gateway.api.asking.patterns import BOX, WORDS, one_of
from gateway.api.asking.values import BBoxField, Moment, Words


class Describer(MarshmallowPlugin):
    """apispec's plugin, taught our own fields and what our query strings take."""

    Converter = OpenAPIConverter

    def __init__(self) -> None:
        super().__init__(schema_name_resolver=_name)

    def init_spec(self, spec: APISpec) -> None:
        super().init_spec(spec)
        for field, format in ((BBoxField, None), (Words, None), (Moment, "date-time")):
            self.map_to_openapi_type(field, "string", format)  # type: ignore[no-untyped-call]
        cast(OpenAPIConverter, self.converter).add_attribute_function(_written)  # type: ignore[no-untyped-call]

    def asked(self, schema: type[Schema]) -> list[dict[str, Any]]:
        """The parameters of a query string: what is given there is never null, and rarely empty."""
        empty = {
            field.data_key or name
            for name, field in schema().fields.items()
            if field.metadata.get("may_be_empty")
        }
        converter = cast(OpenAPIConverter, self.converter)
        parameters = converter.schema2parameters(schema, location="query")
        return [_given(each, empty=each["name"] in empty) for each in parameters]


def _written(_: OpenAPIConverter, field: fields.Field[Any], **__: Any) -> dict[str, Any]:
    """How the value of one of our own fields is written."""
    if isinstance(field, BBoxField):
        return {"pattern": BOX}
    if isinstance(field, Words):
        return {"pattern": one_of(field.known) if field.known else WORDS}
    return {}


def _given(parameter: dict[str, Any], *, empty: bool) -> dict[str, Any]:
    schema = {name: value for name, value in parameter["schema"].items() if value is not None}
    if isinstance(schema["type"], list):
        schema["type"] = next(kind for kind in schema["type"] if kind != "null")
    if schema["type"] == "string" and not empty and schema.keys().isdisjoint(("enum", "format", "pattern")):
        schema["minLength"] = 1
    return parameter | {"schema": schema}


def _name(schema: Any) -> str:
    cls = schema if isinstance(schema, type) else type(schema)
    return re.sub(r"(Schema|Answer)$", "", cls.__name__) or cls.__name__
