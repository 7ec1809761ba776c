"""How the feeds are: when each was last harvested, with what result, and a run asked for."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response
from marshmallow import Schema, fields

from gateway.api.answers import fresh, link, not_modified, private_answer, public_answer, shown
from gateway.api.describe import describe
from gateway.api.stewards.atom import MEDIA_TYPE, atom
from gateway.clients.faults import NoSuch
from gateway.services import services
from gateway.signed_in import steward
from schemas.run import FeedHealthSchema

feeds = Blueprint("feeds", __name__, url_prefix="/api/v1/feeds")


class RunAskedSchema(Schema):
    run = fields.String(required=True)


class UploadedFeedSchema(Schema):
    feed = fields.String(required=True)
    text = fields.String(required=True)
    uploaded = fields.AwareDateTime(required=True, format="iso")
    by = fields.String(required=True)
    name = fields.String(required=True, allow_none=True, metadata={"description": "What its file is called."})


class FeedsAnswer(Schema):
    items = fields.List(fields.Nested(FeedHealthSchema), required=True)


@feeds.get("")
@describe("The health of every feed", tag="feeds", scope="catalogue:read", answer=FeedsAnswer)
def health() -> Response:
    """Each feed's last run and last success, and its state: fresh, late, stale or failing."""
    states = services().catalogue.feed_health()
    return public_answer({"items": [shown(FeedHealthSchema, state) for state in states]})


@feeds.get("/changes.atom")
@describe("Changes of feeds' states", tag="feeds", scope="catalogue:read", media_types=(MEDIA_TYPE,))
def changes() -> Response:
    """The latest hundred changes that were told, as an Atom feed: late, stale, failing, and fresh again."""
    address, all_feeds = link("/api/v1/feeds/changes.atom"), link("/api/v1/feeds")
    data = atom(services().catalogue.notices.changes(), address, all_feeds)
    etag = hashlib.blake2b(data, digest_size=16).hexdigest()
    return not_modified(etag) or fresh(data, MEDIA_TYPE, etag)


@feeds.post("/<feed>/runs")
@describe("Ask for a harvest", tag="feeds", answer=RunAskedSchema, status=202, secured=True)
def ask(feed: str) -> Response:
    """Queue a run of the feed for the next free worker; one that is queued already is given back."""
    steward()
    catalogue = services().catalogue
    ran = {state.feed for state in catalogue.feed_health()}
    if feed not in ran | {each.feed for each in catalogue.uploaded_feeds.list()}:
        raise NoSuch("feed", feed)
    return private_answer({"run": catalogue.request_run(feed, "portal")}, 202)


@feeds.get("/<feed>")
@describe("A feed that was uploaded", tag="stewards", answer=UploadedFeedSchema, secured=True)
def uploaded(feed: str) -> Response:
    """Its text as it was uploaded last, by whom and when; feeds of the city's folders are not shown."""
    steward()
    return private_answer(shown(UploadedFeedSchema, services().catalogue.uploaded_feeds.get(feed)))


@feeds.delete("/<feed>")
@describe("Remove a feed that was uploaded", tag="stewards", status=204, secured=True)
def remove(feed: str) -> Response:
    """Harvest it no more, and forget its file; what it published stays until it is withdrawn."""
    services().catalogue.uploaded_feeds.remove(feed, steward().email)
    return Response(status=204)
