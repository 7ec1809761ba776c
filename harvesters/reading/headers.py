"""Find the row of a sheet that names its columns, and give every column a name of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

Rows = Sequence[Sequence[str]]


def header_row(rows: Rows) -> int | None:
    """Index of the row that names the columns, below any title rows; None when no row holds anything.

    It is the first row that fills more than half as many cells as the middle row does: a title, a unit or
    a date above the table fills fewer.
    """
    filled = [sum(1 for cell in row if cell.strip()) for row in rows]
    counts = sorted(count for count in filled if count)
    if not counts:
        return None
    enough = max(min(2, counts[-1]), counts[len(counts) // 2] // 2 + 1)
    return next(index for index, count in enumerate(filled) if count >= enough)


def usual_width(rows: Rows) -> tuple[int, float]:
    """The width that most rows have and the share of rows that have it; the earliest of equals wins."""
    widths = Counter(len(row) for row in rows)
    if not widths:
        return 0, 0.0
    width, count = widths.most_common(1)[0]
    return width, count / len(rows)


def column_names(cells: Sequence[str]) -> tuple[str, ...]:
    """One name a column: blanks become `column_3`, repeats `name_2`, line breaks within one a blank."""
    names: list[str] = []
    taken: set[str] = set()
    for place, cell in enumerate(cells, start=1):
        wanted = " ".join(cell.split()) or f"column_{place}"
        name, count = wanted, 1
        while name in taken:
            count += 1
            name = f"{wanted}_{count}"
        taken.add(name)
        names.append(name)
    return tuple(names)
