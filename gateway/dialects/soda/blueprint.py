"""The blueprint of SODA; what goes wrong in it is said as Socrata says it."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response

from gateway.dialects.soda.faults import CODES, MALFORMED, SoqlFault, said
from gateway.errors import judged

soda = Blueprint("soda", __name__)


@soda.errorhandler(SoqlFault)
def misread(fault: SoqlFault) -> Response:
    """A question that cannot be read."""
    return problem(400, fault.code, str(fault), parameter=fault.where, **fault.data)


def problem(status: int, code: str, message: str, **data: object) -> Response:
    """An error in Socrata's shape, kept by nobody."""
    body = orjson.dumps(said(code, message, **data))
    answer = Response(body, status, content_type="application/json; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


@soda.errorhandler(Exception)
def failed(fault: Exception) -> Response:
    """All else that goes wrong, as the rest of the gateway judges it."""
    found, headers = judged(fault)
    code = CODES.get(found.status, found.type if found.status != 400 else MALFORMED)
    message = "; ".join([found.detail, *(f"{e.where}: {e.what}" for e in found.errors)])
    answer = problem(found.status, code, message, request=found.instance)
    answer.headers.update(headers)
    return answer
