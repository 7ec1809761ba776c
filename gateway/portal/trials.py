"""Try a file on a page: send it, wait for a worker, and see what would become of it."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue

from gateway.api.answers import private_answer
from gateway.api.stewards.sent import UploadTooLarge, read_sent
from gateway.api.stewards.trials import TrialBody, own_trial, request_trial
from gateway.portal.blueprint import STEWARD, portal, wording
from gateway.portal.dataset import MAP_WORDS
from gateway.portal.steward import desk_page
from gateway.signed_in import steward
from schemas.problem import BadInput, InputError

HOME = f"{STEWARD}/trials"
_AGAIN = 2
"""Seconds after which the page of a trial that is not done looks again."""


@portal.post(HOME)
def try_file() -> ResponseReturnValue:
    """Have what was sent tried."""
    person = steward()
    try:
        trial = request_trial(read_sent(request, TrialBody), person)
    except BadInput as bad:
        return desk_page(bad.errors), 400
    except UploadTooLarge as large:
        return desk_page([InputError("file", "is too large", str(large))]), 413
    return make_response(redirect(f"{HOME}/{trial}", 303))


@portal.get(HOME)
def address_of_the_form() -> Response:
    """Someone reloaded by hand what the form had answered."""
    return make_response(redirect(STEWARD, 303))


@portal.get(f"{HOME}/<trial>")
def trial_page(trial: str) -> Response:
    """A trial: waiting, or with what it found."""
    found = own_trial(trial, steward())
    tables = (found.found or {}).get("tables", [])
    maps = [_map(trial, place, table) for place, table in enumerate(tables)]
    shown = render_template("trial.html", trial=found, found=found.found or {}, maps=maps)
    response = make_response(shown)
    response.headers["Cache-Control"] = "no-store"
    if found.finished is None:
        response.headers["Refresh"] = str(_AGAIN)
    return response


@portal.get(f"{HOME}/<trial>/tables/<int:place>")
def first_rows(trial: str, place: int) -> Response:
    """The first rows of a table, for the script of the map."""
    tables = (own_trial(trial, steward()).found or {}).get("tables", [])
    table = tables[place] if place < len(tables) else {"first": [], "accepted": 0}
    return private_answer({"items": table["first"], "count": table["accepted"]})


def _map(trial: str, place: int, table: dict[str, Any]) -> dict[str, Any] | None:
    """What the script that draws the map is told; None for a table without places."""
    if not any(column["type"] == "geometry" for column in table["columns"]):
        return None
    said = wording()
    plain = [column for column in table["columns"] if column["type"] != "geometry"]
    return {
        "rows": f"{HOME}/{trial}/tables/{place}",
        "most": len(table["first"]),
        "total": table["accepted"],
        "bbox": table["extent"],
        "moving": False,
        "zone": str(said.zone),
        "columns": [
            {"title": column["name"], "unit": column.get("unit", ""), "codes": {}, **column}
            for column in plain
        ],
        "words": {name: said.t(f"map_{name}") for name in MAP_WORDS} | {"some": said.t("map_trial")},
    }
