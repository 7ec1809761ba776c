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
_ONE_RANGE = re.compile(r"bytes\s*=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\s*", re.IGNORECASE)


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
    try:
        plain = _plain_range(export.path.stat().st_size)
        request.environ.pop("HTTP_RANGE", None)
        if plain:
            request.environ["HTTP_RANGE"] = plain
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
    if request.method == "HEAD" or response.status_code == 304:
        response.close()  # Nobody will read the file.
    response.headers["Cache-Control"] = PINNED if "snapshot" in query else REVALIDATE
    return response


def _plain_range(size: int) -> str | None:
    """The one range of bytes that is asked for of a file of `size` bytes, None where the whole is given.

    Several ranges, and those of another unit, are answered with the whole, as RFC 9110 (14.2) allows;
    so are those of a file that the client knows by a weak tag, as it demands (13.1.5).
    """
    asked = _ONE_RANGE.fullmatch(request.headers.get("Range", ""))
    if asked is None or request.headers.get("If-Range", "").startswith("W/"):
        return None
    first, last, length = asked.groups()
    if length is not None:
        return f"bytes={max(size - int(length), 0)}-"
    return None if last and int(last) < int(first) else f"bytes={first}-{last}"
