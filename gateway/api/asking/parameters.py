"""Read what a request asks in its query string or body; nothing unknown, repeated or unreadable passes."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson
from flask import Request
from marshmallow import Schema, ValidationError
from marshmallow.fields import Field
from werkzeug.exceptions import UnsupportedMediaType

from schemas.problem import BadInput, InputError, did_you_mean

Pairs = list[tuple[str, str]]
MANY = 200
"""Parameters of one request; each that is unknown is compared with all that are known."""
_SAID = {
    "Missing data for required field": "is missing; give it a value",
    "Field may not be null": "is null; give it a value or leave it out",
    "Not a valid string": "takes a text",
}
"""What marshmallow says by itself, in our words."""
_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def read_pairs(query_string: bytes) -> Pairs:
    """The parameters of a query string in order, decoded strictly; raises BadInput for any not in UTF-8."""
    pairs, errors = [], []
    pieces = query_string.decode("latin-1").split("&")
    if len(pieces) > MANY:
        raise BadInput([InputError("query", f"has {len(pieces)} parameters", f"ask with at most {MANY}")])
    for piece in pieces:
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
    if "%" in text and _BAD_ESCAPE.search(text):
        raise ValueError(text)
    decoded = unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8")
    if "\x00" in decoded:
        raise ValueError(text)
    # As columns and texts are published: some keyboards write Hangul letter by letter.
    return decoded if decoded.isascii() else unicodedata.normalize("NFC", decoded)


@cache
def _readable(schema: type[Schema]) -> tuple[Schema, Mapping[str, Field[Any]]]:
    """A schema ready to load, and its fields under the names that are written in a request."""
    loader = schema()
    return loader, {field.data_key or name: field for name, field in loader.load_fields.items()}


def load_query(schema: type[Schema], pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Parameters as a schema reads them; raises BadInput for the unknown, the empty and the wrong."""
    _, known = _readable(schema)
    errors = []
    for name, value in pairs:
        if name not in known:
            hint = did_you_mean(name, known) if known else "this address takes no parameters"
            errors.append(InputError(name, "is not a parameter here", hint))
        elif value == "" and not known[name].metadata.get("may_be_empty"):
            errors.append(InputError(name, "is empty", "give it a value or leave it out"))
    if errors:
        raise BadInput(errors)
    return _load(schema, dict(pairs))


def load_body(schema: type[Schema], request: Request) -> dict[str, Any]:
    """A JSON object as a schema reads it; raises BadInput, and UnsupportedMediaType for what is not JSON."""
    if not request.is_json:
        raise UnsupportedMediaType
    try:
        body = orjson.loads(request.get_data())
    except orjson.JSONDecodeError:
        body = None
    if not isinstance(body, dict):
        raise BadInput([InputError("body", "is not a JSON object", "write it as {...} in UTF-8")])
    _, known = _readable(schema)
    unknown = [name for name in body if name not in known]
    if unknown:
        raise BadInput([InputError(n, "is not known here", did_you_mean(n, known)) for n in unknown])
    return _load(schema, body)


def _load(schema: type[Schema], given: Mapping[str, Any]) -> dict[str, Any]:
    loader, _ = _readable(schema)
    try:
        loaded: dict[str, Any] = loader.load(given)
    except ValidationError as fault:
        messages = fault.messages if isinstance(fault.messages, dict) else {"body": fault.messages}
        raise BadInput(_errors(messages)) from fault
    return loaded


def _errors(messages: Mapping[str, Any], prefix: str = "") -> list[InputError]:
    """Marshmallow's messages, one fault each; ours hold what is wrong and how to mend it, parted by "; "."""
    errors = []
    for name, faults in messages.items():
        where = f"{prefix}{name}"
        if isinstance(faults, Mapping):
            errors += _errors({str(k): v for k, v in faults.items()}, f"{where}.")
        else:
            texts = (str(fault).rstrip(".") for fault in faults)
            parts = (_SAID.get(text, text).partition("; ") for text in texts)
            errors += [InputError(where, what, hint or None) for what, _, hint in parts]
    return errors
