"""Find the repeated items of a JSON or XML document and flatten each to a row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from harvesters.faults import Unreadable
from harvesters.reading.items.grids import Grid, Kin, Shape, chosen, others, shape_of, titles_of
from harvesters.reading.items.refusals import beside_heads, is_empty
from schemas.problem import did_you_mean

TEXT = "#text"
"""The member that holds an XML element's own text where it has attributes or children too."""

KEY = "#key"
"""The member that holds the name under which a record stands among others."""

_DEEPEST = 8
# What services call their one item when there is but one and it comes without a list.
_SINGLES = frozenset(
    {"item", "items", "row", "rows", "record", "records", "data", "list", "result", "results"}
)


@dataclass(frozen=True)
class Items:
    """The items as they stand in the document, and the names it lists for their members, if it does; `grid`
    reads those that are lists of cells. `others` counts the objects in other lists."""

    held: Sequence[Any]
    names: tuple[str, ...] = ()
    grid: Grid | None = None
    others: int = 0


def find_items(document: Any, path: str | None = None) -> Items:
    """The items at `path` (`response/body/items/item`), or the longest list of objects or of rows of cells.

    One item may stand without a list, none may be null, "" or missing from its container. Raises Unreadable
    when the path leads nowhere or nothing looks like items, with what a service tells of it.
    """
    try:
        found = _items(document, path)
    except Unreadable:
        if is_empty(document, listed=False):
            return Items([])
        raise
    if not found.held:
        is_empty(document, listed=True)
    return found


def _items(document: Any, path: str | None) -> Items:
    if path:
        return Items(_follow([document], path.strip("/").split("/"), path))
    if document == []:
        return Items([])
    document = beside_heads(document)
    lists = list(_lists(document))
    shapes = [shape for _, shape in lists]
    found = chosen(shapes)
    if found is not None:
        items, _ = lists[found[0]]
        return replace(items, grid=found[1], others=others(shapes, found))
    single = _single(document)
    if single is not None:
        return Items(single)
    raise Unreadable("the document holds no list of items", 'name their path with [format] records = "..."')


def flatten(item: Mapping[str, Any]) -> dict[str, Any]:
    """One level of scalars: `{"coords": {"lat": 1}}` becomes `coords_lat`; lists become JSON text."""
    row: dict[str, Any] = {}
    for name, value in _members(item, "", 0):
        unique, count = name, 1
        while unique in row:
            count += 1
            unique = f"{name}_{count}"
        row[unique] = value
    return row


def _members(item: Mapping[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    for key, value in item.items():
        plain = "key" if key == KEY else key
        name = (prefix.removesuffix("_") or "text") if key == TEXT else f"{prefix}{plain}"
        if isinstance(value, Mapping) and depth < _DEEPEST:
            yield from _members(value, f"{name}_", depth + 1)
        elif isinstance(value, list | Mapping):
            yield name, json.dumps(value, ensure_ascii=False) if value else None
        else:
            yield name, None if value == "" else value


def _follow(found: list[Any], steps: list[str], path: str) -> list[Any]:
    for place, step in enumerate(steps):
        objects = [each for each in found if isinstance(each, Mapping)]
        values = [each[step] for each in objects if step in each]
        if not values and any(each not in (None, "", [], {}) for each in found):
            known = sorted({key for each in objects for key in each})
            before = "/".join(steps[:place]) or "the document"
            raise Unreadable(
                f"[format] records = {path!r}: {before} holds no {step!r}", did_you_mean(step, known)
            )
        found = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return [each for each in found if each not in (None, "")]


def _lists(held: Any) -> Iterator[tuple[Items, Shape]]:
    """Every list that is not inside another one, or object of records under their names, and its shape."""
    if isinstance(held, list):
        yield Items(held), shape_of(held)
    elif isinstance(held, Mapping) and _are_records(held):
        named = [{KEY: key, **value} for key, value in held.items()]
        yield Items(named), Shape(len(named), objects=True)
    elif isinstance(held, Mapping):
        fields, records = held.get("fields"), held.get("records")
        if isinstance(fields, list) and isinstance(records, list):
            names = titles_of(fields)
            yield Items(records, names), replace(shape_of(records), titles=names, described=True)
            return
        for value in held.values():
            yield from _lists(value)


def _are_records(held: Mapping[str, Any]) -> bool:
    kin = Kin()
    for value in held.values():
        kin.see(value if isinstance(value, Mapping) else None)
    return kin.are_records()


def _single(held: Any) -> list[Any] | None:
    """The one item under a usual name, or none where it holds nothing; None where no name is usual."""
    if not isinstance(held, Mapping):
        return None
    for key, value in held.items():
        deeper = _single(value)
        if deeper is not None:
            return deeper
        if key in _SINGLES and (value in (None, "", [], {}) or isinstance(value, Mapping)):
            return [value] if value else []
    return None
