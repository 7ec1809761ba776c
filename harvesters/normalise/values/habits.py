"""Tell from all values of a column how it is written, where strict reading does not fit it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from harvesters.normalise.values.cells import MISSING_WORDS, NULL_MARKERS, is_text, sample
from harvesters.normalise.values.moments import Written, says_epoch, year_first
from harvesters.normalise.values.numbers import Figures
from harvesters.normalise.values.units import Unit, unit_behind

_FIGURE = (
    r"^(?:[△▵−–+-]\s*)?\(?\s*(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*\)?"
    r"\s*(?P<unit>[^\d\s+.,()△▵−–-][^()]*)?$"
)


@dataclass
class _Seen:
    """What the values of a column are: numbers, words for missing ones, the units behind numbers."""

    numbers: int = 0
    bare: int = 0
    missing: int = 0
    others: int = 0
    units: dict[str, Unit] = field(default_factory=dict)

    def add(self, values: pa.ChunkedArray) -> None:
        counted = pc.value_counts(values.drop_null())
        texts, counts = counted.field("values"), counted.field("counts")
        missing = pc.is_in(texts, pa.concat_arrays([NULL_MARKERS, MISSING_WORDS]))
        figures = pc.extract_regex(pc.utf8_normalize(texts, "NFKC"), _FIGURE)
        units = pc.if_else(missing, pa.scalar(None, pa.string()), pc.struct_field(figures, "unit"))
        for suffix in pc.unique(units.drop_null()).to_pylist():
            unit = unit_behind(suffix.strip()) if suffix else None
            if unit is not None:
                self.units[suffix.strip()] = unit
        known = pa.array([*self.units, ""], pa.string())
        fits = pc.fill_null(pc.is_in(pc.utf8_trim_whitespace(units), known), False)
        self.missing += _sum(counts, missing)
        self.numbers += _sum(counts, fits)
        self.bare += _sum(counts, pc.fill_null(pc.equal(units, ""), False))
        self.others += _sum(counts, pc.invert(pc.or_(missing, pc.and_(fits, pc.is_valid(units)))))


def loose_figures(pieces: Iterable[pa.ChunkedArray]) -> Figures | None:
    """How the numbers of a column are written that holds nothing else but words for missing ones, and more
    numbers than those; None for any other. A unit must stand behind all of them, and be one."""
    seen = _Seen()
    for values in pieces:
        if not is_text(values.type) or _others(sample(values)):
            return None
        seen.add(values.cast(pa.string()))
        if seen.others:
            return None
    kinds = set(seen.units.values())
    if seen.numbers <= seen.missing or len(kinds) > 1 or (kinds and seen.bare):
        return None
    return Figures(True, tuple(seen.units))


def declared_figures(pieces: Iterable[pa.ChunkedArray], unit: str | None) -> Figures:
    """How the numbers of a column are written that is known to hold numbers, of `unit` (UCUM) where they are
    bare."""
    seen = _Seen()
    for values in pieces:
        if is_text(values.type):
            seen.add(values.cast(pa.string()))
    kinds = set(seen.units.values())
    if len(kinds) > 1 or (seen.bare and kinds and kinds != {one for one in kinds if one.code == unit}):
        return Figures(True)
    return Figures(True, tuple(seen.units))


def declared_times(pieces: Iterable[pa.ChunkedArray], name: str) -> Written:
    """How the dates and times of a column are written that is known to hold some."""
    return Written(short=short_years(pieces), epoch=says_epoch(name), asked=True)


def short_years(pieces: Iterable[pa.ChunkedArray]) -> bool:
    """Whether a column has two-digit years, and a value that shows that they come first."""
    return any(year_first(values.cast(pa.string())) for values in pieces if is_text(values.type))


def _others(values: pa.ChunkedArray) -> int:
    seen = _Seen()
    seen.add(values.cast(pa.string()))
    return seen.others


def _sum(counts: pa.Array, chosen: pa.Array) -> int:
    return int(pc.sum(counts.filter(chosen)).as_py() or 0)
