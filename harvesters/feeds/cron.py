"""Say what is wrong with a cron line of five fields."""

from __future__ import annotations

import re

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
_FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(_MONTHS, 1)}),
    ("day of the week", 0, 7, {name: number for number, name in enumerate(_DAYS)}),
)
_ITEM = re.compile(r"(?P<all>\*)(/(?P<nth>\d+))?|(?P<first>\w+)(-(?P<last>\w+)(/(?P<step>\d+))?)?")


def cron_fault(line: str) -> str | None:
    """One sentence on the first fault of a crontab(5) line, or None when it is good."""
    words = line.split()
    if len(words) != len(_FIELDS):
        return f"takes five fields (minute hour day month weekday), not {len(words)}"
    for word, (name, low, high, names) in zip(words, _FIELDS, strict=True):
        for item in word.lower().split(","):
            if not _is_item(item, low, high, names):
                return f"{item!r} is no {name} ({low} to {high})"
    return None


def _is_item(item: str, low: int, high: int, names: dict[str, int]) -> bool:
    match = _ITEM.fullmatch(item)
    if not match:
        return False
    steps = [int(step) for step in match.group("nth", "step") if step]
    ends = [_number(end, names) for end in match.group("first", "last") if end]
    in_range = all(end is not None and low <= end <= high for end in ends)
    return in_range and all(steps) and ends == sorted(ends, key=lambda end: end or 0)


def _number(word: str, names: dict[str, int]) -> int | None:
    return int(word) if word.isascii() and word.isdigit() else names.get(word)
