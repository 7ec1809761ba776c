"""Read an OAuth request as the standard asks: a form in the body, each parameter once, over a safe line."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from authlib.oauth2.rfc6749 import InsecureTransportError, InvalidRequestError, OAuth2Payload, OAuth2Request
from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge

_LARGEST = 1_048_576
_FORM = "application/x-www-form-urlencoded"


class Form(OAuth2Payload):  # type: ignore[misc]  # Authlib has no types
    """The parameters of a request, each given once and not empty."""

    def __init__(self, parameters: Mapping[str, str]) -> None:
        self.parameters = parameters

    @property
    def data(self) -> Mapping[str, str]:
        return self.parameters


class FormRequest(OAuth2Request):  # type: ignore[misc]  # Authlib has no types
    """What Authlib works on; made from a Flask request by `read`."""

    def __init__(self, request: Request, parameters: Mapping[str, str]) -> None:
        # `read` has judged the line already, and by better means than the name in the Host header, which
        # is all that Authlib goes by.
        uri = request.url.replace("http://", "https://", 1)
        super().__init__(method=request.method, uri=uri, headers=request.headers)
        self.payload = Form(parameters)

    @property
    def form(self) -> Mapping[str, str]:
        parameters: Mapping[str, str] = self.payload.data
        return parameters


def read(request: Request, public_url: str | None) -> FormRequest:
    """The request for Authlib; raises InvalidRequestError, InsecureTransportError.

    Plain HTTP is taken from this machine (a proxy that ends TLS may stand there) and where the operator
    has named the public URL, and refused otherwise.
    """
    if not (request.is_secure or public_url or _is_local(request.remote_addr)):
        raise InsecureTransportError("Use https, or name this address in ENTREPOT_PUBLIC_URL.")
    if request.query_string:
        raise InvalidRequestError("Parameters belong in the body, not in the query.")
    if request.mimetype != _FORM:
        raise InvalidRequestError(f"The body must be {_FORM}.")
    return FormRequest(request, _parameters(_body(request)))


def basic(header: str) -> tuple[str, str] | None:
    """Client id and secret of an `Authorization: Basic` header, or None for any other or a broken one."""
    scheme, _, encoded = header.strip().partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    # Both are form-encoded before they are joined (RFC 6749, 2.3.1).
    client_id, _, secret = text.partition(":")
    return unquote_plus(client_id), unquote_plus(secret)


def _body(request: Request) -> bytes:
    request.max_content_length = _LARGEST
    try:
        body = request.get_data(cache=False)
    except RequestEntityTooLarge:
        body = None
    # A body sent in chunks is cut off at the limit, without an error.
    if body is None or len(body) >= _LARGEST:
        raise InvalidRequestError("The body is too large.")
    return body


def _parameters(body: bytes) -> dict[str, str]:
    """Undecodable bytes become U+FFFD, which no credential holds; empty counts as absent (RFC 6749, 3.2)."""
    try:
        pairs: list[tuple[Any, Any]] = parse_qsl(
            body.decode(errors="replace"), keep_blank_values=True, errors="replace", max_num_fields=50
        )
    except ValueError as error:
        raise InvalidRequestError("The body has too many parameters.") from error
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise InvalidRequestError("A parameter is given more than once.")
    return {name: value for name, value in parameters.items() if value}


def _is_local(address: str | None) -> bool:
    try:
        return address is not None and ip_address(address).is_loopback
    except ValueError:
        return False
