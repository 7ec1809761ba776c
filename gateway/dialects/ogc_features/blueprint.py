"""The blueprint of OGC API Features, and how its answers are asked for and given: format, language, ETag."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, Literal

import orjson
from flask import Blueprint, Response, render_template, request
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import PathConverter

from gateway.api.answers import REVALIDATE, base_url
from gateway.api.asking.parameters import Pairs, read_pairs
from gateway.dialects.ogc_features.links import GEOJSON, HTML, JSON, Link, header
from gateway.dialects.ogc_features.wording import word
from gateway.portal.blueprint import guard, language
from gateway.portal.language import LANGUAGES
from schemas.problem import BadInput, InputError, did_you_mean

Shown = Literal["json", "html"]
FORMATS: tuple[Shown, ...] = ("json", "html")
ABOUT = ("f", "lang")
"""Parameters that every resource takes: its format, and the language of titles."""

ogc_features = Blueprint("ogc_features", __name__, url_prefix="/ogc", template_folder="templates")


class AnyId(PathConverter):
    """The id of a feature in an address: any letters, at its beginning slashes too."""

    regex = ".+?"
    part_isolating = False


@ogc_features.record_once
def convert(state: BlueprintSetupState) -> None:
    """Let addresses hold ids."""
    state.app.url_map.converters["any_id"] = AnyId


def shown(pairs: Pairs) -> Shown:
    """What to answer with: `f` decides, then Accept; what cannot be given is answered in JSON."""
    asked = dict(pairs).get("f")
    if asked is not None:
        return read_format(asked)
    accept = request.environ.get("HTTP_ACCEPT", "*/*")
    if "html" not in accept:
        return "json"
    return "html" if request.accept_mimetypes.best_match([JSON, GEOJSON, HTML]) == HTML else "json"


def read_format(asked: str) -> Shown:
    """One of FORMATS; raises BadInput."""
    for format in FORMATS:
        if asked == format:
            return format
    raise BadInput([InputError("f", f"has no {asked!r}", did_you_mean(asked, FORMATS))])


def about(known: Iterable[str] = ()) -> Pairs:
    """The parameters of a resource that takes only those of ABOUT and `known`; raises BadInput."""
    pairs = read_pairs(request.query_string)
    names = [*ABOUT, *known]
    faults = [
        InputError(name, "is not a parameter here", did_you_mean(name, names))
        for name, _ in pairs
        if name not in names
    ]
    faults += check_language(pairs)
    if faults:
        raise BadInput(faults)
    return pairs


def check_language(pairs: Pairs) -> list[InputError]:
    """What is wrong with `lang`, if anything."""
    asked = dict(pairs).get("lang")
    if asked is None or asked in LANGUAGES:
        return []
    return [InputError("lang", f"has no {asked!r}", did_you_mean(asked, LANGUAGES))]


def answer(body: Mapping[str, Any], chosen: Shown, template: str, **more: Any) -> Response:
    """A resource as JSON, or as a page made of the same; 304 where the client has it."""
    spoken = language()
    data = encoded(body)
    etag = tag(data, chosen, spoken)
    unchanged = not_modified(etag)
    if unchanged:
        return unchanged
    if chosen == "html":
        return page(template, etag, body=body, **more)
    # A template is no address (RFC 8288): it stands in the body alone.
    response = weak(data, JSON, etag, [each for each in body.get("links", ()) if "templated" not in each])
    response.headers["Content-Language"] = spoken
    response.vary.add("Accept-Language")
    return response


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON, times in UTC as `Z`."""
    return orjson.dumps(body, option=orjson.OPT_UTC_Z)


def page(template: str, etag: str, caching: str = REVALIDATE, **told: Any) -> Response:
    """A page of the portal's look."""
    spoken = language()
    text = render_template(template, said=lambda key: word(key, spoken), **told)
    response = weak(text.encode(), f"{HTML}; charset=utf-8", etag, (), caching)
    return guard(response)


def tag(*parts: object) -> str:
    """The ETag of what is made of `parts` alone, and of the address that its links begin with."""
    made = hashlib.blake2b(base_url().encode(), digest_size=16)
    for part in parts:
        made.update(b"\0" + (part if isinstance(part, bytes) else str(part).encode()))
    return made.hexdigest()


def not_modified(etag: str, caching: str = REVALIDATE) -> Response | None:
    """The 304 to give before any work is done, or None."""
    if "HTTP_IF_NONE_MATCH" in request.environ and request.if_none_match.contains_weak(etag):
        return Response(status=304, headers=_validators(etag, caching))
    return None


def weak(
    data: bytes, media_type: str, etag: str, links: Iterable[Link] = (), caching: str = REVALIDATE
) -> Response:
    """An answer whose ETag is weak: the instant it was made at is in it, or in the links a page has."""
    headers = _validators(etag, caching)
    told = header(links)
    if told:
        headers.append(("Link", told))
    return Response(data, headers=headers, content_type=media_type)


def _validators(etag: str, caching: str) -> list[tuple[str, str]]:
    return [("ETag", f'W/"{etag}"'), ("Cache-Control", caching), ("Vary", "Accept, Accept-Encoding")]
