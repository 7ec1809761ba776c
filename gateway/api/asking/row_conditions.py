"""Parameters that say which rows by more than one column: places, times, words and CQL2."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from gateway.api.asking.cql2 import LANGUAGES, cql2_condition
from gateway.api.asking.spans import Span, read_last, read_span
from gateway.api.asking.typed import literal
from gateway.api.asking.values import parse_number
from schemas.conditions import Area, Condition, Filter, Near, Operator, Words
from schemas.dataset import Column
from schemas.problem import did_you_mean

Conditions = Sequence[Condition]


@dataclass(frozen=True)
class Asked:
    """A question to rows with `columns`, `_id` among them; `given` holds all of its parameters.

    Every method reads the value of the parameter it is named after; raises ValueError with a sentence, or
    BadInput.
    """

    columns: Mapping[str, Column]
    zone: ZoneInfo
    given: Mapping[str, str]

    def near(self, text: str) -> Conditions:
        self.check_placed()
        try:
            lon, lat, metres = map(parse_number, text.split(","))
        except ValueError:
            lon = lat = metres = math.nan
        if not (-180 <= lon <= 180 and -90 <= lat <= 90 and metres >= 0):
            raise ValueError("takes longitude,latitude,metres; such as near=129.05,35.15,500")
        return (Near(lon, lat, metres),)

    def within(self, text: str) -> Conditions:
        self.check_placed()
        dataset, _, key = text.partition(":")
        if not (dataset and key):
            raise ValueError(
                "takes a dataset and the key or name of an area in it; such as within=dongs:우동"
            )
        return (Area(dataset, key),)

    def q(self, text: str) -> Conditions:
        if not text.strip():
            raise ValueError("has no word; give one or more, such as q=버스 정류장")
        return (Words(text),)

    def datetime(self, text: str) -> Conditions:
        return self._in(read_span(text, self.zone))

    def last(self, text: str) -> Conditions:
        if "datetime" in self.given:
            raise ValueError("says a second time when; give it or datetime")
        return self._in(Span(read_last(text, datetime.now(UTC)), None))

    def filter(self, text: str) -> Conditions:
        lang = self.given.get("filter-lang", LANGUAGES[0])
        if lang not in LANGUAGES:
            return ()  # Which is said of filter-lang.
        return (cql2_condition(text, lang, tuple(self.columns.values()), self.zone),)

    def language(self, text: str) -> Conditions:
        if text not in LANGUAGES:
            raise ValueError(f"has no {text!r}; {did_you_mean(text, LANGUAGES)}")
        if "filter" not in self.given:
            raise ValueError("says how a filter is written, and there is none; give filter as well")
        return ()

    def check_placed(self) -> None:
        """Raise ValueError where rows have no place."""
        if not any(column.type == "geometry" for column in self.columns.values()):
            raise ValueError("asks where rows are, but this dataset has no geometry")

    def _in(self, span: Span) -> Conditions:
        column = self._when()
        until: Operator = "lt" if span.without else "lte"
        ends: list[tuple[Operator, datetime | None]] = [("gte", span.first), (until, span.last)]
        return [Filter(column.name, op, literal(column, end, self.zone)) for op, end in ends if end]

    def _when(self) -> Column:
        times = [column for column in self.columns.values() if column.type in ("time", "date")]
        if not times:
            raise ValueError("asks when rows are, but this dataset has no column of times")
        return next((column for column in times if column.role == "time"), times[0])


CONDITIONS: Mapping[str, Callable[[Asked, str], Conditions]] = {
    "near": Asked.near,
    "within": Asked.within,
    "q": Asked.q,
    "datetime": Asked.datetime,
    "last": Asked.last,
    "filter": Asked.filter,
    "filter-lang": Asked.language,
}
