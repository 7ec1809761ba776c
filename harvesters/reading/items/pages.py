"""Read a service page by page into one list, and believe neither a short page nor a count unchecked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harvesters.faults import QuotaSpent, SourceIncomplete, SourceRefused, SourceUnavailable
from harvesters.reading.items.envelopes import Answer

MOST_PAGES = 20_000
"""Where a service without a count never comes to an end, it is not one that can be read."""

_PAUSES = (1.0, 3.0)
"""Seconds before a page is asked again that the service failed to give."""

_SAFE_SIZE = 100
"""Every service of these families gives 100 rows a page."""


@dataclass(frozen=True)
class Service:
    """A service in pages: `ask` gives the page of that number, from 1, at so many rows a page.

    `name` is the feed's, for the sentences of faults; `masked` takes its secrets out of what it says.
    """

    name: str
    ask: Callable[[int, int], Answer]
    masked: Callable[[str], str]
    sleep: Callable[[float], None]


@dataclass
class _Listing:
    """One pass over all pages; `oddity` is what is wrong with them whatever their count."""

    rows: int = 0
    totals: frozenset[int] = frozenset()
    oddity: str = ""

    @property
    def is_whole(self) -> bool:
        return not self.oddity and self.totals <= {self.rows}


def list_all(service: Service, size: int, to: Path) -> int | None:
    """Write the items of all pages to a JSON list and return the count that the service gave, if any.

    A count that is not met, that moves, or pages that repeat themselves ask for a second pass, in smaller
    pages. Raises SourceIncomplete when that is no better, QuotaSpent, SourceRefused, SourceUnavailable.
    """
    for rows in (size, min(size, _SAFE_SIZE)):
        listing = _list(service, rows, to)
        if listing.is_whole:
            return listing.rows if listing.totals else None
    said = " then ".join(str(total) for total in sorted(listing.totals)) or "no number of"
    raise SourceIncomplete(
        f"{service.name}: the service says it holds {said} rows and gave {listing.rows}, in two passes"
        + (f": {listing.oddity}" if listing.oddity else ""),
        hint="what was published stays; ask its publisher when it lasts",
    )


def _list(service: Service, size: int, to: Path) -> _Listing:
    listing, seen, number = _Listing(), dict[str, int](), 0
    with to.open("w", encoding="utf-8") as file:
        file.write("[")
        while number < MOST_PAGES:
            number += 1
            answer = _page(service, number, size)
            if answer.total is not None:
                listing.totals |= {answer.total}
            written = [json.dumps(item, ensure_ascii=False) for item in answer.items]
            mark = hashlib.sha256("\n".join(written).encode("utf-8", "surrogatepass")).hexdigest()
            before = seen.setdefault(mark, number)
            if not written or before != number:
                listing.oddity = _repetition(listing, number, before) if written else ""
                break
            file.write(
                "".join((",\n" if listing.rows + at else "\n") + each for at, each in enumerate(written))
            )
            listing.rows += len(written)
            if _is_last(answer, listing.rows, size):
                break
            size = _found_cap(answer, number, size)
        else:
            listing.oddity = f"there is no end to its pages, {MOST_PAGES:,} were read"
        file.write("\n]\n")
    return listing


def _repetition(listing: _Listing, number: int, before: int) -> str:
    """What a page says that came before: beyond the last one it is an end as good as none."""
    ends = listing.rows in listing.totals or (not listing.totals and number == 2)
    return "" if ends else f"its page {number} repeats page {before}"


def _is_last(answer: Answer, rows: int, size: int) -> bool:
    full = len(answer.items) == size
    if answer.total is None:
        # Without a count a short page is the last; one longer than asked comes from a service without pages.
        return not full
    # A count that is met by a full page may be too small: the page after it has to be empty.
    return rows > answer.total or (rows == answer.total and not full)


def _found_cap(answer: Answer, number: int, size: int) -> int:
    """The size to go on with: where the first page came short by a cap, that of the cap.

    Some services count pages by what was asked for and skip what lies between. Caps are round numbers; a
    page that is short for another reason is left to the count at the end.
    """
    given = len(answer.items)
    return given if number == 1 and given < size and given % 10 == 0 else size


def _page(service: Service, number: int, size: int) -> Answer:
    """One page, asked again while the service stumbles."""
    for pause in (*_PAUSES, None):
        answer = service.ask(number, size)
        if answer.verdict not in ("retry", "wait") or pause is None:
            break
        service.sleep(pause)
    return _taken(service, answer, number)


def _taken(service: Service, answer: Answer, number: int) -> Answer:
    if answer.verdict == "ok":
        return answer
    if answer.verdict == "empty":
        return Answer(answer.code, answer.message, (), 0 if number == 1 else answer.total)
    said = f" ({service.masked(answer.message)[:200]})" if answer.message else ""
    message = f"{service.name}: page {number} gave result {answer.code}{said}: {answer.meaning}"
    if answer.verdict == "quota":
        raise QuotaSpent(message)
    raise (SourceUnavailable if answer.verdict == "retry" else SourceRefused)(message)
