"""The common municipal record schemas that feeds are normalised to; the file name is the registry."""

from __future__ import annotations

import pkgutil
from importlib import import_module

from marshmallow import Schema

from schemas.dataset import Column
from schemas.fields import columns
from schemas.problem import did_you_mean


class UnknownRecord(LookupError):
    """No record schema has that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.hint = did_you_mean(name, record_names())
        super().__init__(f"there is no record schema {name!r}; {self.hint}")


def record_names() -> tuple[str, ...]:
    """The names that a feed's `record` may take."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__)))


def record_schema(name: str) -> type[Schema]:
    """The marshmallow schema of a record, for its documentation; raises UnknownRecord."""
    if name not in record_names():
        raise UnknownRecord(name)
    record: type[Schema] = import_module(f"{__name__}.{name}").Record
    return record


def record_columns(name: str) -> tuple[Column, ...]:
    """The columns of a record; raises UnknownRecord."""
    return columns(record_schema(name))
