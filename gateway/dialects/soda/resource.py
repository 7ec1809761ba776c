"""Rows and groups of a dataset, asked in SoQL, as JSON, CSV or GeoJSON; a row by its id."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from itertools import chain

from flask import Response, request

from gateway.api.answers import REVALIDATE, not_modified
from gateway.api.asking.parameters import load_query, read_pairs
from gateway.api.describe import NoParameters
from gateway.caller import ROWS
from gateway.dialects.soda import encoding
from gateway.dialects.soda.asking import Asked, read_asked
from gateway.dialects.soda.blueprint import problem, soda
from gateway.dialects.soda.faults import SoqlFault
from gateway.dialects.soda.finding import PAGE, Found, find
from gateway.dialects.soda.literals import Names
from gateway.scopes import require
from gateway.services import services
from schemas.problem import did_you_mean
from schemas.snapshot import Snapshot

Writer = Callable[[Iterator[Found]], Iterator[bytes]]
FORMATS: dict[str, tuple[str, Writer]] = {
    "json": ("application/json; charset=utf-8", encoding.as_json),
    "csv": ("text/csv; charset=utf-8", encoding.as_csv),
    "geojson": ("application/vnd.geo+json; charset=utf-8", encoding.as_geojson),
}
_MARK = b"\xef\xbb\xbf"


@soda.get("/resource/<name>")
def resource(name: str) -> Response:
    """The rows of `ID.json`, `ID.csv` or `ID.geojson`; `ID` alone is as Accept says, else JSON."""
    require("rows:read")
    dataset, format = _named(name)
    snapshot = services().catalogue.snapshot(dataset)
    names = Names(snapshot.columns, services().zone, snapshot.created)
    asked = read_asked(read_pairs(request.query_string), names)
    return _unchanged(snapshot, format) or _answer(snapshot, asked, format)


@soda.get("/resource/<dataset>/<row>")
def one(dataset: str, row: str) -> Response:
    """A row by its `:id`, as an object."""
    require("rows:read")
    load_query(NoParameters, read_pairs(request.query_string))
    snapshot, id = services().catalogue.snapshot(dataset), row.removesuffix(".json")
    unchanged = _unchanged(snapshot, id)
    if unchanged:
        return unchanged
    pairs = [(":id", id), ("$limit", "1"), ("$$exclude_system_fields", "false")]
    asked = read_asked(pairs, Names(snapshot.columns, services().zone, snapshot.created))
    found = next(find(services().catalogue, snapshot, asked, services().zone))
    if not found.values:
        return problem(404, "row.missing", f"dataset {dataset!r} has no row {id!r}; ask for :id to see them")
    request.environ[ROWS] = 1
    listed = b"".join(encoding.as_json(iter((found,))))
    return _said(listed[1:-2], snapshot, "json", id)


def _answer(snapshot: Snapshot, asked: Asked, format: str) -> Response:
    """One page whole, more than that as it is read."""
    pages = find(services().catalogue, snapshot, asked, services().zone)
    # What cannot be given shows with the first page, while it can still be said.
    first = next(pages)
    body = FORMATS[format][1](_counted(chain((first,), pages), request.environ))
    pieces = chain((_MARK,), body) if asked.mark and format == "csv" else body
    whole = len(first.values) < PAGE
    answer = _said(b"".join(pieces) if whole else _streamed(pieces), snapshot, format, format)
    answer.headers["X-SODA2-Fields"] = json.dumps(first.names)
    answer.headers["X-SODA2-Types"] = json.dumps(encoding.types(first))
    return answer


def _counted(pages: Iterator[Found], environ: dict[str, int]) -> Iterator[Found]:
    for page in pages:
        environ[ROWS] = environ.get(ROWS, 0) + len(page.values)
        yield page


def _streamed(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """A generator, so that a client that goes away ends the reading of rows too."""
    yield from pieces


def _said(body: bytes | Iterator[bytes], snapshot: Snapshot, format: str, what: str) -> Response:
    answer = Response(body, content_type=FORMATS[format][0])
    answer.set_etag(_etag(snapshot.id, what))
    answer.headers.update({"Cache-Control": REVALIDATE, "Vary": "Accept, Accept-Encoding"})
    answer.headers["Last-Modified"] = format_datetime(snapshot.created, usegmt=True)
    answer.headers["X-Snapshot"] = snapshot.id
    return answer


def _unchanged(snapshot: Snapshot, what: str) -> Response | None:
    return not_modified(_etag(snapshot.id, what))


def _named(name: str) -> tuple[str, str]:
    dataset, dot, format = name.rpartition(".")
    if not dot:
        media = {type.partition(";")[0]: format for format, (type, _) in FORMATS.items()}
        return name, media[request.accept_mimetypes.best_match(media) or "application/json"]
    if format not in FORMATS:
        raise SoqlFault("resource", f"does not come as {format!r}", did_you_mean(format, FORMATS))
    return dataset, format


def _etag(snapshot: str, what: str) -> str:
    asked = b"\0".join((snapshot.encode(), what.encode(), request.query_string))
    return hashlib.blake2b(asked, digest_size=16).hexdigest()
