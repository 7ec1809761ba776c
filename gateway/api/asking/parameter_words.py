"""Parameters in the words of OpenAPI, and how each is read so that every fault is told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from schemas.problem import InputError

Described = dict[str, object]
_Value = TypeVar("_Value")


def query_parameter(name: str, description: str, *, required: bool = False, **schema: object) -> Described:
    """A parameter of the query string; its `schema` is a text of some length unless it says otherwise."""
    told: dict[str, object] = {"type": "string", **schema}
    if told["type"] == "string" and told.keys().isdisjoint(("enum", "format", "pattern")):
        told["minLength"] = 1
    described: Described = {"name": name, "in": "query", "description": description, "schema": told}
    return described | ({"required": True} if required else {})


def without(parameters: Iterable[Described], names: Sequence[str]) -> tuple[Described, ...]:
    """The parameters but for those of these names."""
    return tuple(each for each in parameters if each["name"] not in names)


def taken(
    given: Mapping[str, str], name: str, read: Callable[[str], _Value], faults: list[InputError]
) -> _Value | None:
    """What is given under a name, None where nothing is, or a fault that is noted.

    A reader raises ValueError with what is wrong and, behind "; ", how to mend it.
    """
    try:
        return read(given[name]) if name in given else None
    except ValueError as fault:
        what, _, hint = str(fault).partition("; ")
        faults.append(InputError(name, what, hint or None))
        return None
