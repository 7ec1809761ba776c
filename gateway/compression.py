"""Compress answers for clients that ask for gzip or zstd."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterable, Iterator
from typing import Any

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
_FLOWING = ("text/csv", "application/x-ndjson", "application/geo+json", "application/geo+json-seq")
"""What is packed as it is written. Events are not: each has to leave at once."""
_GZIP = zlib.MAX_WBITS | 16


def install(app: Flask) -> None:
    """Compress what views answer; files and ranges go as they are, since their lengths are promised."""

    @app.after_request
    def compress(response: Response) -> Response:
        if "HTTP_ACCEPT_ENCODING" not in request.environ or not _worth_it(response):
            return response
        encoding = request.accept_encodings.best_match(["zstd", "gzip"])
        if encoding is None:
            return response
        if response.is_streamed:
            _flow(response, encoding)
        else:
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
    if response.status_code != 200 or response.direct_passthrough or "Content-Encoding" in response.headers:
        return False
    kind = response.mimetype or ""
    if response.is_streamed:
        return kind in _FLOWING
    return not kind.startswith(_ALREADY) and (response.content_length or 0) >= SMALLEST


def _flow(response: Response, encoding: str) -> None:
    """Pack a stream piece by piece, at the level that keeps up with its writing."""
    plain: Any = response.response
    if hasattr(plain, "close"):
        response.call_on_close(plain.close)
    if encoding == "zstd":
        response.response = _packed(plain, zstandard.ZstdCompressor(3).compressobj())
    else:
        response.response = _packed(plain, zlib.compressobj(1, wbits=_GZIP))


def _packed(pieces: Iterable[bytes], packer: Any) -> Iterator[bytes]:
    for piece in pieces:
        if packed := packer.compress(piece):
            yield packed
    yield packer.flush()
