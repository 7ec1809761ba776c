"""Read what is sent with a file: a form whose file goes to the disk as it comes, or JSON without one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, BinaryIO, cast

from flask import Request
from marshmallow import Schema
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestEntityTooLarge, UnsupportedMediaType

from gateway.api.asking.parameters import Pairs, load_body, load_query
from schemas.problem import BadInput, InputError

LARGEST = 512 << 20
LONGEST_TEXT = 256 << 10
FORM = "multipart/form-data"
_LONGEST_NAME = 120


class UploadTooLarge(ValueError):
    """More was sent than is taken."""

    def __init__(self) -> None:
        super().__init__(f"send at most {LARGEST >> 20} MiB; give the address of a larger file instead")


@dataclass(frozen=True)
class Sent:
    """The fields that were sent, and the file with its name where there is one, to be read at once."""

    fields: dict[str, Any]
    name: str | None = None
    data: BinaryIO | None = None


def read_sent(request: Request, schema: type[Schema], files: tuple[str, ...] = ("file",)) -> Sent:
    """A form or a JSON object as `schema` reads it; raises BadInput, UploadTooLarge, UnsupportedMediaType.

    The first of `files` is the file itself; every other field may be sent as a file of UTF-8 too.
    """
    if request.mimetype != FORM:
        if not request.is_json:
            raise UnsupportedMediaType
        return Sent(load_body(schema, request))
    request.max_content_length = LARGEST
    request.max_form_memory_size = 2 * LONGEST_TEXT
    try:
        pairs, file = _pairs(request, files[0])
    except RequestEntityTooLarge as fault:
        raise UploadTooLarge from fault
    loaded = load_query(schema, pairs)
    return (
        Sent(loaded)
        if file is None
        else Sent(loaded, _safe(file.filename or ""), cast(BinaryIO, file.stream))
    )


def _pairs(request: Request, file: str) -> tuple[Pairs, FileStorage | None]:
    """The fields of a form that hold something, and its file."""
    texts = [(name, value) for name, values in request.form.lists() for value in values]
    # A field of a browser that nobody chose a file for is there, without a name.
    sent = [(name, each) for name, all_ in request.files.lists() for each in all_ if each.filename]
    texts += [(name, _text(name, each)) for name, each in sent if name != file]
    names = [name for name, _ in texts] + [name for name, _ in sent if name == file]
    faults = [InputError(name, "is given more than once", "give it once") for name in _twice(names)]
    faults += [InputError(n, "is not UTF-8", "save it as UTF-8") for n, text in texts if "\ufffd" in text]
    if request.form.get(file):
        faults.append(InputError(file, "is a text and no file", f"send it as a file: -F {file}=@FILE"))
    if faults:
        raise BadInput(faults)
    pairs = [(name, text) for name, text in texts if text and name not in (file, "csrf")]
    return pairs, next((each for name, each in sent if name == file), None)


def _text(name: str, file: FileStorage) -> str:
    data = file.stream.read(LONGEST_TEXT + 1)
    if len(data) > LONGEST_TEXT:
        raise BadInput([InputError(name, f"is longer than {LONGEST_TEXT >> 10} KiB")])
    return data.decode("utf-8-sig", "replace")


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})


def _safe(name: str) -> str:
    """The last part of a path, without what cannot be printed; its ending tells the format."""
    plain = "".join(each for each in PurePosixPath(name.replace("\\", "/")).name if each.isprintable())
    return plain[-_LONGEST_NAME:].strip() or "upload"
