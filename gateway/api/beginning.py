"""Where to begin: the addresses that lead to all others."""

from __future__ import annotations

from flask import Blueprint, Response
from marshmallow import Schema, fields

from gateway.api.answers import link, public_answer
from gateway.api.describe import describe

beginning = Blueprint("beginning", __name__)

PATHS = {
    "datasets": "/api/v1/datasets",
    "feeds": "/api/v1/feeds",
    "openapi": "/api/v1/openapi.json",
    "console": "/docs",
    "developers": "/developers",
}


class BeginningSchema(Schema):
    datasets = fields.Url(required=True)
    feeds = fields.Url(required=True)
    openapi = fields.Url(required=True)
    console = fields.Url(required=True)
    developers = fields.Url(required=True)


@beginning.get("/api/v1")
@describe("Where to begin", tag="about", answer=BeginningSchema)
def begin() -> Response:
    """The addresses that lead to all others."""
    return public_answer({name: link(path) for name, path in PATHS.items()})
