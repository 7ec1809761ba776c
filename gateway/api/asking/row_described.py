"""The parameters that ask for rows, in the words of OpenAPI."""

from __future__ import annotations

from catalogue import PAGE_FORMATS
from gateway.api.asking.cql2 import LANGUAGES
from gateway.api.asking.row_filters import OPERATORS

ROW_LIMIT = 10_000
FARTHEST = 2**63 - 1


def _query(name: str, description: str, **schema: object) -> dict[str, object]:
    return {
        "name": name,
        "in": "query",
        "description": description,
        "schema": {"type": "string", **schema},
    }


ROW_PARAMETERS: tuple[dict[str, object], ...] = (
    {
        "name": "filters",
        "in": "query",
        "style": "form",
        "explode": True,
        "description": "column=value, or column__ and one of "
        + " ".join(OPERATORS)
        + " (in and between by commas; in like, % stands for any letters and _ for one)",
        "schema": {"type": "object", "additionalProperties": {"type": "string"}},
    },
    _query("bbox", "west,south,east,north in degrees"),
    _query("near", "longitude,latitude,metres: at most so far from there"),
    _query("within", "DATASET:KEY: in the area of that name or code in another dataset, such as a dong"),
    _query("q", "words, each of them somewhere in the texts of a row, in any case"),
    _query("datetime", "a time, a day, or two of them around a slash, one perhaps .. or a duration as P1D"),
    _query("last", "the last so many seconds, minutes, hours or days: 90s 15m 24h 7d"),
    _query("filter", "a condition in CQL2 (OGC 21-065r2)"),
    _query("filter-lang", "how `filter` is written", enum=list(LANGUAGES), default=LANGUAGES[0]),
    _query("select", "columns, by commas"),
    _query("order", "columns, by commas; - before one for descending"),
    _query("limit", "rows in a page", type="integer", minimum=1, maximum=ROW_LIMIT, default=100),
    _query("offset", "rows to pass over; `next` is quicker", type="integer", minimum=0, default=0),
    _query("cursor", "where a page goes on, from `next`"),
    _query("count", "count all rows that answer, too", enum=["exact"]),
    _query("snapshot", "a version by its id"),
    _query("as_of", "the version of a time", format="date-time"),
    _query("format", "before what Accept says", enum=sorted(PAGE_FORMATS)),
)
