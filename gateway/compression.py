"""Compress answers for clients that ask for gzip or zstd."""

from __future__ import annotations

import gzip

import zstandard
from flask import Flask, Response, request

SMALLEST = 860
"""Bytes below which compressing costs more than it saves."""
_ALREADY = (
    "image/",
    "font/",
    "application/vnd.apache.parquet",
    "application/vnd.pmtiles",
    "application/vnd.openxmlformats",
    "application/zip",
)


def install(app: Flask) -> None:
    """Compress what views answer; files and ranges go as they are, since their lengths are promised."""

    @app.after_request
    def compress(response: Response) -> Response:
        if not _worth_it(response):
            return response
        encoding = request.accept_encodings.best_match(["zstd", "gzip"])
        if encoding is None:
            return response
        data = response.get_data()
        packed = zstandard.compress(data, 3) if encoding == "zstd" else gzip.compress(data, 5, mtime=0)
        response.set_data(packed)
        response.headers["Content-Encoding"] = encoding
        response.vary.add("Accept-Encoding")
        etag, _ = response.get_etag()
        if etag:
            # The bytes differ from those of the plain answer, so the tag can no longer be strong.
            response.set_etag(etag, weak=True)
        return response


def _worth_it(response: Response) -> bool:
    if response.status_code != 200 or response.direct_passthrough or response.is_streamed:
        return False
    if "Content-Encoding" in response.headers or (response.mimetype or "").startswith(_ALREADY):
        return False
    return (response.content_length or 0) >= SMALLEST
