"""One table from what went wrong to the problem that is answered; nothing else shapes an error."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import orjson
from flask import Flask, Response, request
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestedRangeNotSatisfiable

from catalogue import (
    Barred,
    BeingMade,
    ChangesGone,
    NoRows,
    NothingHeld,
    RowsTimeout,
    SearchUnavailable,
    SnapshotGone,
    TooManyRows,
    UnknownDataset,
    UnknownFeed,
    UnknownSnapshot,
    UnknownTrial,
)
from gateway.api.asking.looks import NotAcceptable
from gateway.api.people.access import WrongPassword
from gateway.api.stewards.sent import UploadTooLarge
from gateway.caller import REQUEST_ID
from gateway.clients.faults import AlreadyExists, NoSuch
from gateway.dialects.current import NotOfThatKind
from gateway.scopes import KeyNeeded, ScopeNeeded
from gateway.signed_in import ForeignOrigin, SignInNeeded, StewardNeeded
from gateway.streams import TooManyOfYours, TooManyStreams
from schemas.problem import BadInput, Problem, ProblemSchema

log = logging.getLogger("entrepot.gateway")
MEDIA_TYPE = "application/problem+json"
RETRY_SOON = "5"
_API = ("/api/", "/oauth/", "/.well-known/")


@dataclass(frozen=True)
class Kind:
    """A kind of problem; `type` is the name of its page under /problems/.

    `detail` stands in for the fault's own sentence where that may tell of our inside.
    """

    type: str
    status: int
    title: str
    detail: str | None = None


KINDS: dict[type[Exception], Kind] = {
    BadInput: Kind("bad-input", 400, "The request asks for something that cannot be given"),
    UnknownDataset: Kind("unknown-dataset", 404, "There is no such dataset"),
    NoRows: Kind("no-rows", 404, "The dataset is described here but its rows are kept elsewhere"),
    UnknownSnapshot: Kind("unknown-snapshot", 404, "The dataset has no such snapshot"),
    SnapshotGone: Kind("snapshot-gone", 410, "The snapshot is no longer kept"),
    UnknownTrial: Kind("unknown-trial", 404, "There is no such trial"),
    UnknownFeed: Kind("unknown-feed", 404, "There is no such feed"),
    Barred: Kind("barred", 409, "A steward has taken the dataset out of its feed's hands"),
    NothingHeld: Kind("nothing-held", 409, "Nothing waits to be let in"),
    UploadTooLarge: Kind("too-large", 413, "The body is too large"),
    NotAcceptable: Kind("not-acceptable", 406, "None of the accepted formats can be given"),
    AlreadyExists: Kind("already-exists", 409, "There is one of that name already"),
    NotOfThatKind: Kind("not-found", 404, "The dataset holds nothing of that kind"),
    NoSuch: Kind("not-found", 404, "There is nothing of that name"),
    SignInNeeded: Kind("sign-in-needed", 401, "Sign in first"),
    WrongPassword: Kind("wrong-password", 401, "The address and password do not belong together"),
    KeyNeeded: Kind("key-needed", 401, "Send a key"),
    ScopeNeeded: Kind("insufficient-scope", 403, "The credential was not made for this"),
    ForeignOrigin: Kind("foreign-origin", 403, "Only our own pages may send this"),
    StewardNeeded: Kind("not-allowed", 403, "You may not do that"),
    TooManyOfYours: Kind("too-many-streams", 429, "You can keep no other stream open now"),
    TooManyStreams: Kind("too-many-streams", 503, "No other stream can be kept open now"),
    # Before RowsTimeout, which it is one of: asked again it would be refused again.
    TooManyRows: Kind("too-many-rows", 400, "The question reads more rows than one may"),
    RowsTimeout: Kind("too-costly", 503, "The rows took too long to find"),
    BeingMade: Kind("being-made", 503, "The download is being made"),
    SearchUnavailable: Kind(
        "search-unavailable",
        503,
        "The search engine does not answer",
        "Datasets cannot be searched at the moment; their rows can be read.",
    ),
    OperationalError: Kind(
        "unavailable",
        503,
        "Temporarily unavailable",
        "The database does not answer; the same request may succeed in a few seconds.",
    ),
}
_REFUSED = (TooManyStreams, BeingMade, RowsTimeout)
"""What is refused although nothing is wrong here: a line of the log, and no trace."""
HTTP_KINDS: dict[int, Kind] = {
    404: Kind("no-such-address", 404, "Nothing is at this address", "See /api/v1/openapi.json for what is."),
    405: Kind("method-not-allowed", 405, "The address does not take this method", "See the header Allow."),
    412: Kind(
        "not-that-file", 412, "It is not the version of If-Match", "Ask for its snapshot by snapshot=ID."
    ),
    413: Kind("too-large", 413, "The body is too large", "Send at most 1 MiB."),
    415: Kind("not-json", 415, "The body is not JSON", "Send it with Content-Type: application/json."),
    416: Kind(
        "no-such-range", 416, "The file has no such bytes", "See the header Content-Range for its length."
    ),
}
"""What Flask and Werkzeug refuse by themselves; any other refusal is `bad-request`."""
BAD_REQUEST = Kind("bad-request", 400, "The request cannot be understood", "Its head or body is malformed.")
UNEXPECTED = Kind(
    "unexpected",
    500,
    "Something went wrong on our side",
    "The fault is in our log under this request's id; the request itself may be right.",
)


def problem_of(fault: Exception) -> Problem:
    """The problem that answers a fault; an unknown one tells nothing of our inside."""
    kind = _kind(fault)
    errors = fault.errors if isinstance(fault, BadInput) else ()
    detail = kind.detail or str(fault)
    return Problem(kind.type, kind.title, kind.status, detail, request.environ.get(REQUEST_ID), errors)


def _kind(fault: Exception) -> Kind:
    if isinstance(fault, HTTPException):
        status = fault.code or 500
        return HTTP_KINDS.get(status, BAD_REQUEST if status < 500 else UNEXPECTED)
    return next((kind for cls, kind in KINDS.items() if isinstance(fault, cls)), UNEXPECTED)


def problem_answer(problem: Problem) -> Response:
    """A problem as problem+json, without what it does not say."""
    dumped = ProblemSchema().dump(problem)
    dumped["type"] = f"/problems/{problem.type}"
    said = {name: value for name, value in dumped.items() if value not in (None, [])}
    if "errors" in said:
        said["errors"] = [{k: v for k, v in e.items() if v is not None} for e in said["errors"]]
    return Response(orjson.dumps(said), problem.status, content_type=MEDIA_TYPE)


def install(app: Flask) -> None:
    """Make every fault of a view a problem; those of pages become pages."""

    @app.errorhandler(Exception)
    def answer(fault: Exception) -> Response:
        return refused(fault)


def refused(fault: Exception) -> Response:
    """What answers a fault: its problem, or a page that tells of it; a fault of ours is in the log."""
    problem, headers = judged(fault)
    response = _page(problem) or problem_answer(problem)
    response.headers.update(headers)
    return response


def judged(fault: Exception) -> tuple[Problem, dict[str, str]]:
    """The problem that answers a fault and what its answer says in its head, for a dialect with a shape of
    its own; a fault of ours is in the log."""
    problem = problem_of(fault)
    if problem.status >= 500:
        refused = isinstance(fault, _REFUSED)
        level, trace = (logging.WARNING, None) if refused else (logging.ERROR, fault)
        log.log(level, "request=%s type=%s", problem.instance, problem.type, exc_info=trace)
    return problem, _headers(fault, problem.status)


def _headers(fault: Exception, status: int) -> dict[str, str]:
    """What an answer of this kind must say in its head."""
    told = {"Cache-Control": "no-store"}
    if isinstance(fault, MethodNotAllowed) and fault.valid_methods:
        told["Allow"] = ", ".join(sorted(fault.valid_methods))
    if isinstance(fault, RequestedRangeNotSatisfiable) and fault.length is not None:
        told["Content-Range"] = f"{fault.units} */{fault.length}"
    if isinstance(fault, ChangesGone):
        told["X-Snapshot"] = fault.current
    if isinstance(fault, ScopeNeeded):
        told["WWW-Authenticate"] = (
            f'Bearer realm="entrepot", error="insufficient_scope", scope="{fault.scope}"'
        )
    if status == 401:
        told["WWW-Authenticate"] = 'Bearer realm="entrepot"'
    if status in {429, 503}:
        told["Retry-After"] = RETRY_SOON
    return told


def _page(problem: Problem) -> Response | None:
    if f"{request.path}/".startswith(_API) or "text/html" not in request.headers.get("Accept", ""):
        return None
    from gateway.portal.pages import problem_page

    return problem_page(problem)
