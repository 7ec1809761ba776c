"""Fill the dates into what a feed asks its source for: `{date:%Y%m%d}`, `{date-1d:%Y-%m}`."""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from typing import Any

from harvesters.secrets import Secret
from schemas.feed import Feed

_MARK = re.compile(r"\{date[^{}]*\}")
_WHOLE = re.compile(r"\{date(?:([+-])(\d{1,4})(h|d|w|month))?(?::([^{}]+))?\}")
_DIRECTIVE = re.compile(r"%(.?)")
_KNOWN = "YmdHMSyjGVu"
_DAY = "%Y-%m-%d"
_STEPS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def dated(feed: Feed, moment: datetime, zone: tzinfo) -> Feed:
    """The feed with the dates of a moment, as the clocks of the zone have it, in all lines of its source."""
    local = moment.astimezone(zone)
    options = _changed(feed.source.options, lambda text: _MARK.sub(lambda mark: _date(mark[0], local), text))
    return replace(feed, source=replace(feed.source, options=options))


def date_faults(options: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The lines of a source with a date that cannot be told, each with what is wrong."""
    for name, value in options.items():
        for text in _texts(value):
            for mark in _MARK.findall(text):
                what = _fault(mark)
                if what:
                    yield name, what


def _fault(mark: str) -> str | None:
    whole = _WHOLE.fullmatch(mark)
    if whole is None:
        return f"holds {mark}, which is written {{date:%Y%m%d}}, or {{date-1d:%Y%m%d}} with h, d, w or month"
    for letter in _DIRECTIVE.findall(whole[4] or ""):
        if letter not in _KNOWN or not letter:
            return f"holds {mark}: a date is written with {', '.join(f'%{each}' for each in _KNOWN)}"
    return None


def _date(mark: str, local: datetime) -> str:
    whole = _WHOLE.fullmatch(mark)
    if whole is None:
        return mark
    if whole[2]:
        count = int(whole[2]) * (-1 if whole[1] == "-" else 1)
        local = _months(local, count) if whole[3] == "month" else local + count * _STEPS[whole[3]]
    return local.strftime(whole[4] or _DAY)


def _months(local: datetime, count: int) -> datetime:
    """The same day of another month, or its last where it is shorter."""
    years, month = divmod(local.year * 12 + local.month - 1 + count, 12)
    last = calendar.monthrange(years, month + 1)[1]
    return local.replace(year=years, month=month + 1, day=min(local.day, last))


def _changed(value: Any, change: Callable[[str], str]) -> Any:
    """The value with every text in it changed, but no secret."""
    if isinstance(value, Mapping):
        return {name: _changed(inner, change) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_changed(inner, change) for inner in value]
    return change(value) if isinstance(value, str) and not isinstance(value, Secret) else value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str):
        yield value
