"""Write a unit the way a reader knows it: `ug/m3` is a code, µg/m³ is what it says."""

from __future__ import annotations

import re

# The UCUM codes whose usual sign is another; "1" counts or compares and has no sign.
_SIGNS = {
    "1": "",
    "Cel": "°C",
    "deg": "°",
    "[ppm]": "ppm",
    "[ppb]": "ppb",
    "Ohm": "Ω",
    "a": "yr",
    "mo": "month",
}
_POWERS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_PARTS = re.compile(r"([./])")
_ATOM = re.compile(r"(\[?[A-Za-z%]+\]?)(-?\d+)?")


def readable(unit: str | None) -> str:
    """A UCUM code as people write it; what is no such code stays as it is, and "" says there is no unit."""
    if not unit:
        return ""
    return "".join(_part(part) for part in _PARTS.split(unit))


def _part(part: str) -> str:
    if part == ".":
        return "·"
    if part in _SIGNS:
        return _SIGNS[part]
    if part.startswith("{") and part.endswith("}"):  # an annotation: what is counted
        return part[1:-1]
    atom = _ATOM.fullmatch(part)
    if atom is None:
        return part
    sign = re.sub(r"^u(?=[A-Za-z])", "µ", _SIGNS.get(atom[1], atom[1]))
    return sign + (atom[2] or "").translate(_POWERS)
