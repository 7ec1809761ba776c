"""A whole snapshot as a file, or a range of it; sent by us, or by the proxy in front."""

from __future__ import annotations

import base64
import re

from flask import Blueprint, Response, request, send_file
from marshmallow import Schema, fields

from catalogue import DOWNLOADS, Export, SnapshotGone
from gateway.api.answers import PINNED, REVALIDATE, not_modified
from gateway.api.describe import describe
from gateway.services import services
from schemas.problem import BadInput, InputError, did_you_mean

downloads = Blueprint("downloads", __name__, url_prefix="/api/v1/datasets")

_NAMES = {extension: name for name, (_, extension) in DOWNLOADS.items()}
_ONE_RANGE = re.compile(r"bytes\s*=\s*(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))\s*", re.IGNORECASE)


class DownloadParameters(Schema):
    snapshot = fields.String(metadata={"description": "a version by its id"})


@downloads.get("/<dataset>/download.<extension>")
@describe(
    "A whole snapshot as a file",
    tag="rows",
    scope="rows:read",
    query=DownloadParameters,
    media_types=tuple(dict.fromkeys(media for media, _ in DOWNLOADS.values())),
    endings=tuple(_NAMES),
)
def download(dataset: str, extension: str, query: dict[str, str]) -> Response:
    """The current snapshot, or the one named; ranges, If-Range and If-None-Match are served.

    `X-Rows` counts its rows, `Repr-Digest` is the SHA-256 of the file (RFC 9530). One that nobody has asked
    for before may take a while to be made: 503 then says when to ask again.
    """
    name = _NAMES.get(extension, extension)
    if name not in DOWNLOADS:
        hint = did_you_mean(extension, _NAMES)
        raise BadInput([InputError("download", f"there is none as {extension!r}", hint)])
    export = services().catalogue.download(dataset, name, query.get("snapshot"))
    caching = PINNED if "snapshot" in query else REVALIDATE
    # Before any range: a part of another version than that of If-Match would spoil the client's file.
    response = not_modified(export.etag, caching) or _handed_over(export) or _sent(dataset, export)
    response.headers["Cache-Control"] = caching
    response.headers["X-Snapshot"] = export.snapshot
    if response.status_code != 304:
        digest = base64.b64encode(export.sha256).decode()
        response.headers.update({"X-Rows": str(export.rows), "Repr-Digest": f"sha-256=:{digest}:"})
    return response


def _handed_over(export: Export) -> Response | None:
    """An answer without a body, in place of which the proxy sends the file, or None where we send it."""
    handover = services().handover
    if handover is None:
        return None
    response = Response(content_type=export.media_type)
    response.headers["X-Accel-Redirect"] = handover.address(export.path)
    response.headers.set("Content-Disposition", "attachment", filename=export.filename)
    response.set_etag(export.etag)
    return response


def _sent(dataset: str, export: Export) -> Response:
    try:
        plain = _plain_range(export.path.stat().st_size)
        request.environ.pop("HTTP_RANGE", None)
        request.environ.pop("HTTP_IF_MATCH", None)  # Judged before; Werkzeug takes "*" for a tag.
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
        raise SnapshotGone(dataset, export.snapshot) from gone
    # Werkzeug would say the charset once more.
    response.headers["Content-Type"] = export.media_type
    if request.method == "HEAD" or response.status_code == 304:
        response.close()  # Nobody will read the file.
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
