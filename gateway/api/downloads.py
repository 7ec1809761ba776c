"""A whole snapshot as a file, or a range of it."""

from __future__ import annotations

import re

from flask import Blueprint, Response, request, send_file
from marshmallow import Schema, fields

from catalogue import EXPORT_FORMATS, SnapshotGone
from gateway.api.answers import PINNED, REVALIDATE
from gateway.api.describe import describe
from gateway.services import services
from schemas.problem import BadInput, InputError, did_you_mean

downloads = Blueprint("downloads", __name__, url_prefix="/api/v1/datasets")

_EXTENSIONS = {extension: name for name, (_, extension) in EXPORT_FORMATS.items()}
_ONE_RANGE = re.compile(r"bytes\s*=\s*(?:\d+-\d*|-\d+)\s*", re.IGNORECASE)


class DownloadParameters(Schema):
    snapshot = fields.String(metadata={"description": "a version by its id"})


@downloads.get("/<dataset>/download.<extension>")
@describe(
    "A whole snapshot as a file",
    tag="rows",
    scope="rows:read",
    query=DownloadParameters,
    media_types=tuple(media for media, _ in EXPORT_FORMATS.values()),
)
def download(dataset: str, extension: str, query: dict[str, str]) -> Response:
    """The current snapshot, or the one named; ranges, If-Range and If-None-Match are served."""
    format = _EXTENSIONS.get(extension, extension)
    if format not in EXPORT_FORMATS:
        hint = did_you_mean(extension, _EXTENSIONS)
        raise BadInput([InputError("download", f"there is none as {extension!r}", hint)])
    export = services().catalogue.export(dataset, format, query.get("snapshot"))
    _leave_out_unusual_ranges()
    try:
        response = send_file(
            export.path,
            mimetype=export.media_type,
            as_attachment=True,
            download_name=export.filename,
            etag=export.etag,
            conditional=True,
        )
    except FileNotFoundError as gone:
        # Collected as garbage in this instant.
        raise SnapshotGone(dataset, export.etag.partition(".")[0]) from gone
    response.headers["Cache-Control"] = PINNED if "snapshot" in query else REVALIDATE
    return response


def _leave_out_unusual_ranges() -> None:
    """Several ranges, or of another unit, are answered with the whole file, as RFC 9110 (14.2) allows."""
    if not _ONE_RANGE.fullmatch(request.headers.get("Range", "")):
        request.environ.pop("HTTP_RANGE", None)
