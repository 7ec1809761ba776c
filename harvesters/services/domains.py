"""Give the codes of an ArcGIS layer their names, as its coded-value domains and its types have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

Names: TypeAlias = Mapping[Any, str]
"""What each code is called."""


@dataclass
class Domains:
    """The names of a layer's codes: by field, and where rows have types, by the type of the row first.

    `beside` is the column in which a field's codes are kept. `counts` are the cells that got a name
    (`code_named`), and those whose code has none (`code_without_name`).
    """

    fields: Mapping[str, Names]
    type_field: str | None
    types: Mapping[Any, Mapping[str, Names]]
    beside: Mapping[str, str]
    counts: dict[str, int] = field(default_factory=dict)

    def named(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The row with the name in the place of each code, and the code in a column after it.

        A code without a name stays where it is too, as it is what maps show of it.
        """
        own = self.types.get(row.get(self.type_field)) if self.type_field else None
        made: dict[str, Any] = {}
        for column, value in row.items():
            if column not in self.beside:
                made[column] = value
                continue
            names = (own or {}).get(column) or self.fields.get(column, {})
            made[column] = None if value is None else self._name(value, names)
            made[self.beside[column]] = value
        return made

    def _name(self, code: Any, names: Names) -> str:
        found = names.get(code)
        word = "code_without_name" if found is None else "code_named"
        self.counts[word] = self.counts.get(word, 0) + 1
        return str(code) if found is None else found


def domains_of(about: Mapping[str, Any], id_field: str) -> Domains:
    """The domains that a layer tells of itself; those whose names are the codes themselves tell nothing."""
    told = [each for each in _objects(about.get("fields")) if each.get("name") != id_field]
    known = {str(each.get("name")) for each in told}
    fields = {str(each["name"]): names for each in told if (names := _names(each.get("domain")))}
    types = {each.get("id"): _of_type(each) for each in _objects(about.get("types"))}
    type_field = about.get("typeIdField") or None
    titles = {each.get("id"): str(each["name"]) for each in _objects(about.get("types")) if each.get("name")}
    if type_field in known and type_field not in fields and _tells(titles):
        fields[str(type_field)] = titles
    coded = {*fields, *(name for held in types.values() for name in held)} & known
    beside: dict[str, str] = {}
    for name in sorted(coded):
        beside[name] = _free(f"{name}_code", {*known, *beside.values()})
    return Domains(fields, type_field, types, beside)


def _of_type(held: Mapping[str, Any]) -> dict[str, Names]:
    """The domains that hold for rows of one type; an inherited one is that of the field."""
    own = held.get("domains")
    if not isinstance(own, Mapping):
        return {}
    return {str(name): names for name, domain in own.items() if (names := _names(domain))}


def _names(domain: Any) -> dict[Any, str]:
    if not isinstance(domain, Mapping) or domain.get("type") != "codedValue":
        return {}
    pairs = [
        (each.get("code"), str(each["name"]))
        for each in _objects(domain.get("codedValues"))
        if each.get("name") is not None and isinstance(each.get("code"), str | int | float)
    ]
    return dict(pairs) if _tells(dict(pairs)) else {}


def _tells(names: Mapping[Any, str]) -> bool:
    return any(str(code) != name for code, name in names.items())


def _free(name: str, taken: Iterable[str]) -> str:
    """The name, or the first with a number behind it that no column has in whatever letters."""
    lowered = {each.lower() for each in taken}
    numbers = iter(range(2, len(lowered) + 3))
    found = name
    while found.lower() in lowered:
        found = f"{name}_{next(numbers)}"
    return found


def _objects(held: Any) -> list[Mapping[str, Any]]:
    return [each for each in held if isinstance(each, Mapping)] if isinstance(held, list) else []
