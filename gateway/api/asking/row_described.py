"""The parameters that ask for rows, in the words of OpenAPI."""

from __future__ import annotations

from catalogue import PAGE_FORMATS
from gateway.api.asking.cql2 import LANGUAGES
from gateway.api.asking.parameter_words import Described, query_parameter
from gateway.api.asking.patterns import BOX, LAST, NAMES, NEAR, PAIR, SOMETHING, SPAN
from gateway.api.asking.row_filters import OPERATORS

ROW_LIMIT = 10_000
FARTHEST = 2**63 - 1

# No default of what goes with another parameter only: programs made from a description send each.
ROW_PARAMETERS: tuple[Described, ...] = (
    {
        "name": "filters",
        "in": "query",
        "style": "form",
        "explode": True,
        "description": "column=value, or column__ and one of "
        + " ".join(OPERATORS)
        + " (in and between by commas; in like, % stands for any letters and _ for one)",
        "schema": {
            "type": "object",
            "additionalProperties": {"type": "string"},
            "examples": [{"kind": "공원", "capacity__gte": "100"}],
        },
    },
    query_parameter(
        "bbox", "west,south,east,north in degrees", pattern=BOX, examples=["128.9,35.2,129,35.3"]
    ),
    query_parameter(
        "near",
        "longitude,latitude,metres: at most so far from there",
        pattern=NEAR,
        examples=["129,35.25,900"],
    ),
    query_parameter(
        "within",
        "DATASET:KEY: in the area of that name or code in another dataset, such as a dong",
        pattern=PAIR,
        examples=["gaon-districts:대학구"],
    ),
    query_parameter(
        "q",
        "words, each of them somewhere in the texts of a row, in any case",
        pattern=SOMETHING,
        examples=["공원"],
    ),
    query_parameter(
        "datetime",
        "a time, a day, or two of them around a slash, one perhaps .. or a duration as P1D",
        pattern=SPAN,
        examples=["2026-01-01/..", "2026-01-03T09:00:00+09:00/P1D"],
    ),
    query_parameter(
        "last",
        "the last so many seconds, minutes, hours or days: 90s 15m 24h 7d",
        pattern=LAST,
        examples=["7d"],
    ),
    query_parameter(
        "filter",
        "a condition in CQL2 (OGC 21-065r2)",
        examples=["kind = '공원' AND capacity BETWEEN 10 AND 500"],
    ),
    query_parameter(
        "filter-lang",
        f"how `filter`, which is there, is written; {LANGUAGES[0]} where nothing is said",
        enum=list(LANGUAGES),
    ),
    query_parameter("select", "columns, by commas", pattern=NAMES, examples=["name,kind"]),
    query_parameter(
        "order", "columns, by commas; - before one for descending", pattern=NAMES, examples=["-capacity,name"]
    ),
    query_parameter("limit", "rows in a page", type="integer", minimum=1, maximum=ROW_LIMIT, default=100),
    query_parameter(
        "offset",
        "rows to pass over, where no cursor is given; `next` is quicker",
        type="integer",
        minimum=0,
        maximum=FARTHEST,
    ),
    query_parameter("cursor", "where a page goes on, from `next`"),
    query_parameter("count", "count all rows that answer, too", enum=["exact"]),
    query_parameter("snapshot", "a version by its id"),
    query_parameter("as_of", "the version of a time", format="date-time"),
    query_parameter("format", "before what Accept says", enum=sorted(PAGE_FORMATS)),
)
