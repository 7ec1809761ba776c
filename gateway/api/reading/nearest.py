"""The rows nearest to a point, nearest first, with how many metres they are away."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response

from catalogue import encode_page
from gateway.api.asking.looks import LOOK_PARAMETERS, MEDIA_TYPES, accepted, read_look
from gateway.api.asking.parameter_words import query_parameter, taken, without
from gateway.api.asking.questions import PAGING, Question, read_question
from gateway.api.asking.row_parameters import ROW_PARAMETERS
from gateway.api.asking.values import parse_number, parse_whole
from gateway.api.describe import describe
from gateway.api.reading.rows import RowsAnswer
from gateway.services import services
from schemas.problem import BadInput, InputError
from schemas.query import NearestQuery

nearest = Blueprint("nearest", __name__, url_prefix="/api/v1/datasets")

K, MOST_K = 10, 1_000
_OWN = ("lon", "lat", "k", "max_m")
_PARAMETERS = (
    query_parameter(
        "lon",
        "longitude in degrees",
        required=True,
        type="number",
        minimum=-180,
        maximum=180,
        examples=[129.0],
    ),
    query_parameter(
        "lat", "latitude in degrees", required=True, type="number", minimum=-90, maximum=90, examples=[35.25]
    ),
    query_parameter("k", "how many rows", type="integer", minimum=1, maximum=MOST_K, default=K),
    query_parameter("max_m", "at most so many metres away", type="number", minimum=0),
    *without(ROW_PARAMETERS, PAGING),
    *LOOK_PARAMETERS,
)


@nearest.get("/<dataset>/nearest")
@describe(
    "The rows nearest to a point",
    tag="rows",
    scope="rows:read",
    answer=RowsAnswer,
    media_types=MEDIA_TYPES,
    extra_parameters=_PARAMETERS,
)
def read(dataset: str) -> Response:
    """The `k` rows nearest to a point on the ellipsoid, each with `_distance_m`; lines and areas are as far
    as their nearest point."""
    question = read_question(dataset, _OWN, PAGING)
    query = _query(question)
    format = dict(question.pairs).get("format") or accepted(question.snapshot.columns)
    look = read_look(question.pairs, format)
    unchanged = question.not_modified(format)
    if unchanged:
        return unchanged
    page = services().catalogue.nearest_of(question.snapshot, query)
    data, media_type = encode_page(page, format, look=look, name=dataset)
    return question.answer(data, media_type, format, len(page.values))


def _query(question: Question) -> NearestQuery:
    faults: list[InputError] = []

    def read(name: str, reader: Callable[[str], float]) -> float | None:
        return taken(question.own, name, reader, faults)

    lon, lat = read("lon", _degrees(180)), read("lat", _degrees(90))
    k, max_m = read("k", _count), read("max_m", _metres)
    for name in ("lon", "lat"):
        if name not in question.own:
            faults.append(InputError(name, "is missing", "give the point, such as lon=129.05&lat=35.15"))
    if faults or lon is None or lat is None:
        raise BadInput(faults)
    return NearestQuery(lon, lat, K if k is None else int(k), max_m, question.rows)


def _degrees(most: int) -> Callable[[str], float]:
    def read(text: str) -> float:
        value = parse_number(text)
        if not -most <= value <= most:
            raise ValueError(f"takes degrees from -{most} to {most}, not {text!r}")
        return value

    return read


def _count(text: str) -> float:
    count = parse_whole(text)
    if not 1 <= count <= MOST_K:
        raise ValueError(f"takes a whole number from 1 to {MOST_K}")
    return count


def _metres(text: str) -> float:
    value = parse_number(text)
    if value < 0:
        raise ValueError("takes metres, 0 or more; such as max_m=500")
    return value
