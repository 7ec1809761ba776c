"""Imported by a process that others are forked from: DuckDB, which starts a thread, comes after the fork."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType


class _Later(ModuleType):
    """A module that is imported when it is first used."""

    def __getattr__(self, attribute: str) -> object:
        del sys.modules[self.__name__]
        real = import_module(self.__name__)
        self.__dict__.update(vars(real))
        return getattr(real, attribute)


sys.modules["duckdb"] = _Later("duckdb")
