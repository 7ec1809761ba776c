"""One table from what went wrong to the problem that is answered; nothing else shapes an error."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from catalogue import NoRows, RowsTimeout, SearchUnavailable, SnapshotGone, UnknownDataset, UnknownSnapshot
from gateway.api.access import WrongPassword
from gateway.api.feeds import StewardNeeded
from gateway.api.rows import NotAcceptable
from gateway.clients.faults import AlreadyExists, NoSuch
from gateway.signed_in import ForeignOrigin, SignInNeeded
from schemas.problem import BadInput, Problem, ProblemSchema

log = logging.getLogger("entrepot.gateway")
MEDIA_TYPE = "application/problem+json"
RETRY_SOON = "5"


@dataclass(frozen=True)
class Kind:
    """A kind of problem; `type` is the name of its page under /problems/."""

    type: str
    status: int
    title: str


KINDS: dict[type[Exception], Kind] = {
    BadInput: Kind("bad-input", 400, "The request asks for something that cannot be given"),
    UnknownDataset: Kind("unknown-dataset", 404, "There is no such dataset"),
    NoRows: Kind("no-rows", 404, "The dataset is described here but its rows are kept elsewhere"),
    UnknownSnapshot: Kind("unknown-snapshot", 404, "The dataset has no such snapshot"),
    SnapshotGone: Kind("snapshot-gone", 410, "The snapshot is no longer kept"),
    NotAcceptable: Kind("not-acceptable", 406, "None of the accepted formats can be given"),
    AlreadyExists: Kind("already-exists", 409, "There is one of that name already"),
    NoSuch: Kind("not-found", 404, "There is nothing of that name"),
    SignInNeeded: Kind("sign-in-needed", 401, "Sign in first"),
    WrongPassword: Kind("wrong-password", 401, "The address and password do not belong together"),
    ForeignOrigin: Kind("foreign-origin", 403, "Only our own pages may send this"),
    StewardNeeded: Kind("not-allowed", 403, "You may not do that"),
    RowsTimeout: Kind("too-costly", 503, "The rows took too long to find"),
    SearchUnavailable: Kind("search-unavailable", 503, "The search engine does not answer"),
}
UNEXPECTED = Kind("unexpected", 500, "Something went wrong on our side")


def problem_of(fault: Exception) -> Problem:
    """The problem that answers a fault; an unknown one tells nothing of our inside."""
    instance = request.environ.get("entrepot.request_id")
    if isinstance(fault, HTTPException):
        status = fault.code or 500
        title = HTTPStatus(status).phrase
        return Problem(title.lower().replace(" ", "-"), title, status, fault.description or title, instance)
    kind = _kind(fault)
    detail = str(fault)
    if kind is UNEXPECTED:
        detail = "The fault is in our log under this request's id; the request itself may be right."
    errors = fault.errors if isinstance(fault, BadInput) else ()
    hint = getattr(fault, "hint", None)
    if hint and str(hint) not in detail:
        detail = f"{detail}; {hint}"
    return Problem(kind.type, kind.title, kind.status, detail, instance, errors)


def _kind(fault: Exception) -> Kind:
    return next((kind for cls, kind in KINDS.items() if isinstance(fault, cls)), UNEXPECTED)


def problem_answer(problem: Problem) -> Response:
    """A problem as problem+json, without what it does not say."""
    dumped = ProblemSchema().dump(problem)
    dumped["type"] = f"/problems/{problem.type}"
    said = {name: value for name, value in dumped.items() if value not in (None, [])}
    if "errors" in said:
        said["errors"] = [{k: v for k, v in e.items() if v is not None} for e in said["errors"]]
    response = Response(orjson.dumps(said), problem.status, content_type=MEDIA_TYPE)
    response.headers["Cache-Control"] = "no-store"
    if problem.status == 503:
        response.headers["Retry-After"] = RETRY_SOON
    if problem.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="entrepot"'
    return response


def install(app: Flask) -> None:
    """Make every fault of a view a problem; those of pages become pages."""

    @app.errorhandler(Exception)
    def answer(fault: Exception) -> Response:
        problem = problem_of(fault)
        if problem.status >= 500:
            log.error("request=%s path=%s", problem.instance, request.path, exc_info=fault)
        response = _page(problem) or problem_answer(problem)
        if isinstance(fault, MethodNotAllowed) and fault.valid_methods:
            response.headers["Allow"] = ", ".join(sorted(fault.valid_methods))
        return response


def _page(problem: Problem) -> Response | None:
    if request.path.startswith(("/api/", "/oauth/", "/.well-known/")):
        return None
    if not request.accept_mimetypes.accept_html or "text/html" not in request.headers.get("Accept", ""):
        return None
    from gateway.portal.pages import problem_page

    return problem_page(problem)
