"""What happens to datasets as it happens: server-sent events, and the same log as a page of JSON."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, request
from marshmallow import Schema, fields, validate

from catalogue import Catalogue
from gateway.api.answers import base_url, json_answer
from gateway.api.asking.values import Between, OneOf, Whole
from gateway.api.describe import describe
from gateway.api.reading.told import Telling
from gateway.caller import caller
from gateway.services import services
from schemas.event import EventSchema, shown
from schemas.problem import BadInput, InputError

events = Blueprint("events", __name__, url_prefix="/api/v1")

STREAM = "text/event-stream"
LONGEST = 300
PAGE = 1_000


class EventsParameters(Schema):
    last_event_id = Whole(
        load_default=None,
        validate=Between(0, 2**63 - 1),
        metadata={"description": "The id of the last event that came: those behind it are told first."},
    )
    rows = fields.Boolean(
        load_default=False, metadata={"description": "Tell the changed rows too, where they are few."}
    )
    seconds = Whole(
        load_default=LONGEST,
        validate=Between(1, LONGEST),
        metadata={"description": "How long the stream stays open."},
    )
    format = fields.String(
        load_default="stream",
        validate=OneOf(("stream", "json")),
        metadata={"description": "A stream that stays open, or a page of the same log."},
    )


class EventItemSchema(EventSchema):
    links = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class EventsAnswer(Schema):
    items = fields.List(fields.Nested(EventItemSchema), required=True)
    last_event_id = fields.Integer(required=True, validate=validate.Range(min=0))
    complete = fields.Boolean(required=True)


@events.get("/events")
@describe(
    "What happens to all datasets",
    tag="rows",
    scope="rows:read",
    query=EventsParameters,
    answer=EventsAnswer,
    media_types=(STREAM,),
)
def of_all(query: dict[str, Any]) -> Response:
    """Server-sent events: `published` for each new snapshot, `withdrawn` and `restored`.

    Each has an `id`; a client that comes back with `Last-Event-ID` (or `last_event_id`) is told what it
    missed, in order, and then what comes. `reset` tells that the log no longer reaches back so far. Streams
    end after five minutes and are meant to be opened again, as browsers do by themselves. One whose key is
    revoked, or the key of whose token, tells nothing more and ends. A caller who has as many open as one may
    is refused with 429 (`too-many-streams`), and with 503 where all places are taken; `Retry-After` says when
    to come again. With `format=json` the next 1,000 events
    behind `last_event_id` at once; `complete` is false where the log no longer reaches back so far.
    """
    return _answer(None, query)


@events.get("/datasets/<dataset>/events")
@describe(
    "What happens to a dataset",
    tag="rows",
    scope="rows:read",
    query=EventsParameters,
    answer=EventsAnswer,
    media_types=(STREAM,),
)
def of_dataset(dataset: str, query: dict[str, Any]) -> Response:
    """The events of one dataset, as /api/v1/events tells those of all."""
    services().catalogue.describe(dataset)
    return _answer(dataset, query)


def _answer(dataset: str | None, query: dict[str, Any]) -> Response:
    catalogue, last = services().catalogue, _last(query)
    if query["format"] == "json":
        return _page(catalogue, dataset, last or 0)
    who, streams = caller(request.environ), services().streams
    seconds = min(streams.seconds, query["seconds"])
    clients = services().clients

    def is_live() -> bool:
        return who.kid is None or clients.is_live(who.kid)

    telling = Telling(catalogue, base_url(), dataset, query["rows"], streams, is_live)
    answer = Response(telling.since(last, seconds, request.environ), content_type=STREAM)
    answer.headers["Cache-Control"] = "no-store"
    # nginx would hold back what it is not told to pass on at once.
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


def _page(catalogue: Catalogue, dataset: str | None, last: int) -> Response:
    found = catalogue.events.after(last, dataset, PAGE)
    oldest, newest = catalogue.events.ends()
    behind = found[-1].id if len(found) == PAGE else newest
    body = {"items": [shown(event, base_url()) for event in found], "last_event_id": behind}
    answer = json_answer({**body, "complete": oldest - 1 <= last <= newest})
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _last(query: dict[str, Any]) -> int | None:
    """The id that the header or the parameter names; a browser that comes back sends the later as header."""
    given = request.headers.get("Last-Event-ID")
    if not given:
        last: int | None = query["last_event_id"]
        return last
    if not given.isascii() or not given.isdecimal() or int(given) >= 2**63:
        raise BadInput([InputError("Last-Event-ID", "is none of our ids", "send the latest `id` as it came")])
    return int(given)
