"""The OpenAPI 3.0 definition, with every collection's own parameters; all its references are its own."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from flask import Response, current_app
from flask.blueprints import BlueprintSetupState

from gateway.api.answers import base_url
from gateway.dialects.ogc_features.blueprint import (
    about,
    encoded,
    not_modified,
    ogc_features,
    page,
    read_format,
    tag,
    weak,
)
from gateway.dialects.ogc_features.links import OPENAPI, ROOT
from gateway.dialects.ogc_features.openapi import Described, openapi
from gateway.dialects.ogc_features.wording import word
from gateway.portal.blueprint import language
from gateway.services import services

_KEPT = 8
_EXTENSION = "entrepot_ogc_features"


class Definitions:
    """The definitions made last, since one of many collections takes a while."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._made: OrderedDict[str, bytes] = OrderedDict()

    def get(self, key: str) -> bytes | None:
        """The one made under a key."""
        return self._made.get(key)

    def keep(self, key: str, made: bytes) -> None:
        """Remember one, and forget the oldest."""
        with self._lock:
            self._made[key] = made
            while len(self._made) > _KEPT:
                self._made.popitem(last=False)


@ogc_features.record_once
def remember(state: BlueprintSetupState) -> None:
    """Each application has its own."""
    state.app.extensions[_EXTENSION] = Definitions()


@ogc_features.get("/api")
def definition() -> Response:
    """OpenAPI 3.0; JSON whatever Accept says, since the suite's parser asks for HTML and reads JSON."""
    asked = dict(about()).get("f")
    spoken = language()
    if asked is not None and read_format(asked) == "html":
        return page("ogc/api.html", tag("api.html", spoken))
    datasets = services().catalogue.datasets_with_rows()
    etag = tag("api", spoken, *(dataset.snapshot for dataset in datasets))
    unchanged = not_modified(etag)
    if unchanged:
        return unchanged
    made: Definitions = current_app.extensions[_EXTENSION]
    body = made.get(etag)
    if body is None:
        catalogue = services().catalogue
        found = [
            Described(each.id, each.title.best(spoken), catalogue.columns(each.id, each.snapshot))
            for each in datasets
        ]
        body = encoded(openapi(found, base_url() + ROOT, word("title", spoken)))
        made.keep(etag, body)
    return weak(body, OPENAPI, etag)
