"""Say once, beside a view, what it takes and gives: requests are read by it and OpenAPI is made of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from flask import request
from flask.typing import ResponseReturnValue
from marshmallow import Schema

from gateway.api.asking.parameters import load_body, load_query, read_pairs
from gateway.scopes import require
from gateway.signed_in import person_or_none

View = Callable[..., ResponseReturnValue]
OPERATION = "entrepot_operation"


class NoParameters(Schema):
    """What an address takes that takes no parameters."""


@dataclass(frozen=True)
class Operation:
    """What OpenAPI says of a view; `answer` None means no JSON body.

    `nothing` says when there is nothing to give, which is 204; `endings` are what its path may end in.
    `scope` is what a credential must allow; `secured` says that a person must be signed in. Where both are
    given, either will do.
    """

    summary: str
    tag: str
    query: type[Schema]
    body: type[Schema] | None
    form: type[Schema] | None
    answer: type[Schema] | None
    status: int
    scope: str | None
    secured: bool
    media_types: tuple[str, ...]
    extra_parameters: tuple[dict[str, Any], ...]
    nothing: str | None = None
    endings: tuple[str, ...] = ()


def describe(  # noqa: PLR0913  (one keyword for each thing OpenAPI says)
    summary: str,
    *,
    tag: str,
    query: type[Schema] = NoParameters,
    body: type[Schema] | None = None,
    form: type[Schema] | None = None,
    answer: type[Schema] | None = None,
    status: int = 200,
    scope: str | None = None,
    secured: bool = False,
    media_types: tuple[str, ...] = (),
    extra_parameters: tuple[dict[str, Any], ...] = (),
    nothing: str | None = None,
    endings: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """Checks the scope, and reads the query string into the keyword `query` and the body into `body`, where
    the view takes them.

    A view with `extra_parameters` reads its own query string; one with a `form`, which may carry files,
    reads its own body, once it knows who sends it.
    """
    operation = Operation(
        summary=summary,
        tag=tag,
        query=query,
        body=body,
        form=form,
        answer=answer,
        status=status,
        scope=scope,
        secured=secured,
        media_types=media_types,
        extra_parameters=extra_parameters,
        nothing=nothing,
        endings=endings,
    )
    return lambda view: _described(view, operation)


def _described(view: View, operation: Operation) -> View:
    @wraps(view)
    def described(**arguments: Any) -> ResponseReturnValue:
        if operation.scope and not (operation.secured and person_or_none()):
            require(operation.scope)
        if not operation.extra_parameters:
            loaded = load_query(operation.query, read_pairs(request.query_string))
            if operation.query is not NoParameters:
                arguments["query"] = loaded
        if operation.body and not operation.form:
            arguments["body"] = load_body(operation.body, request)
        return view(**arguments)

    setattr(described, OPERATION, operation)
    return described
