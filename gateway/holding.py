"""What is sent piece by piece holds a thread till its client has read it: only so many may, and the rest are
sent whole."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from typing import cast

from flask import Flask, Response, after_this_request, request
from werkzeug.wsgi import ClosingIterator

from gateway.caller import caller
from gateway.errors import refused
from gateway.services import services
from gateway.streams import Places, Streams, TooManyStreams

WHOLE = 2 << 20
"""Bytes up to which a file, or a range of one, is handed over at once, and needs no thread any more."""
EVENTS = "text/event-stream"
_HELD = "entrepot.held"


def hold(places: Places) -> None:
    """Take one of the places for the answer of this request, till it is sent; raises TooManyStreams."""
    stack = _taken(places)

    @after_this_request
    def release(response: Response) -> Response:
        response.call_on_close(stack.close)
        return response


def install(app: Flask) -> None:
    """Give each answer that is sent piece by piece a place, or the problem that there is none."""

    @app.after_request
    def held(response: Response) -> Response:
        if not response.is_streamed or request.method == "HEAD" or response.status_code == 304:
            return response
        length = response.content_length
        if length is not None and length <= WHOLE:
            response.direct_passthrough = False
            response.make_sequence()
        elif _HELD not in request.environ:
            try:
                stack = _taken(_places(services().streams, response))
            except TooManyStreams as fault:
                response.close()
                return refused(fault)
            # Not by the response, which is let go of while the server still sends a file of it.
            pieces = cast(Iterable[bytes], response.response)
            response.response = ClosingIterator(pieces, stack.close)
        return response


def _taken(places: Places) -> ExitStack:
    who, stack = caller(request.environ), ExitStack()
    stack.enter_context(places.place(who.application or who.address, services().catalogue.watch.rouse))
    request.environ[_HELD] = True
    return stack


def _places(streams: Streams, response: Response) -> Places:
    if response.mimetype == EVENTS:
        return streams.events
    # How long it will be is known of a file alone.
    return streams.exports if response.content_length is None else streams.files
