"""How rows are to look: the format by parameter or Accept, the shape of JSON, the mark before CSV."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import get_args

from flask import request
from werkzeug.datastructures import MIMEAccept

from catalogue import PAGE_FORMATS, Look, Shape, fitting
from gateway.api.asking.parameter_words import Described, query_parameter
from gateway.api.asking.parameters import Pairs
from schemas.dataset import Column
from schemas.problem import BadInput, InputError, did_you_mean

PLAIN = Look()
LOOKS = ("shape", "bom")
"""Parameters that shape the answer and ask nothing of the rows."""
_ANY = "*/*"
_LIKED, _SHOWN = 100, 200
"""Media types that are weighed of an Accept, and letters of it that are repeated in a fault."""
_SHAPES: tuple[Shape, ...] = get_args(Shape)
_MEDIA_TYPES = {media_type.partition(";")[0]: name for name, (media_type, _) in PAGE_FORMATS.items()}
MEDIA_TYPES = tuple(_MEDIA_TYPES)
LOOK_PARAMETERS: tuple[Described, ...] = (
    query_parameter(
        "shape",
        "JSON as objects (records, if nothing is said), a list for each column, or one for each row (arrays)",
        enum=list(_SHAPES),
    ),
    query_parameter(
        "bom",
        "CSV with the byte order mark that some spreadsheets need to see UTF-8",
        enum=["true", "false"],
    ),
)
"""The same in the words of OpenAPI."""


class NotAcceptable(ValueError):
    """None of the media types a client accepts can be given."""

    def __init__(self, accept: str, offered: Sequence[str]) -> None:
        self.accept, self.offered = accept, offered
        super().__init__(
            f"these rows come as {', '.join(offered)}; none of them is accepted by {accept[:_SHOWN]!r}; "
            "name another in Accept or in the parameter format"
        )


def asked_of_rows(pairs: Pairs) -> Pairs:
    """The parameters that ask something of the rows."""
    return [pair for pair in pairs if pair[0] not in LOOKS]


def read_look(pairs: Pairs, format: str) -> Look:
    """How rows in `format` are to look; raises BadInput with every fault."""
    asked = {name: value for name, value in pairs if name in LOOKS}
    if not asked:
        return PLAIN
    shape, bom = asked.get("shape", "records"), asked.get("bom", "false")
    faults = [
        InputError(name, f"is of {owner} only", f"ask with format={owner}, or leave it out")
        for name, owner in (("shape", "json"), ("bom", "csv"))
        if name in asked and format != owner
    ]
    if shape not in _SHAPES:
        faults.append(InputError("shape", f"has no {shape!r}", did_you_mean(shape, _SHAPES)))
    if bom not in ("true", "false"):
        faults.append(InputError("bom", f"takes true or false, not {bom!r}"))
    if faults:
        raise BadInput(faults)
    return Look(shape=_SHAPES[_SHAPES.index(shape)], bom=bom == "true")


def accepted(columns: Sequence[Column]) -> str:
    """The format of rows that suits Accept best; raises NotAcceptable."""
    if takes_any():
        return "json"
    # JSON first: of what a client likes equally well it is what most expect.
    return _MEDIA_TYPES[
        best_media([_plain(PAGE_FORMATS[name][0]) for name in fitting(columns, PAGE_FORMATS)])
    ]


def takes_any() -> bool:
    """Whether Accept says nothing or, as most programs do, that anything will do: it need not be weighed."""
    accept: str = request.environ.get("HTTP_ACCEPT", _ANY)
    return accept == _ANY


def best_media(offered: Sequence[str]) -> str:
    """The media type that suits Accept best, the first where it says nothing; raises NotAcceptable.

    Parameters such as a charset ask for nothing that we could give or not give.
    """
    if takes_any() or not request.accept_mimetypes:
        return offered[0]
    liked = islice(request.accept_mimetypes, _LIKED)  # What is liked best comes first.
    accept = MIMEAccept([(_plain(media), quality) for media, quality in liked])
    best: str | None = accept.best_match(offered)
    if best is None:
        raise NotAcceptable(request.headers["Accept"], offered)
    return best


def _plain(media_type: str) -> str:
    return media_type.partition(";")[0].rstrip()
