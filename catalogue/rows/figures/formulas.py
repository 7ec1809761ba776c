"""The SQL of formulas; names of columns are ours, and values parameters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from catalogue.rows.engines import like, sql
from catalogue.rows.engines.sql import Dialect, Fragment
from catalogue.rows.figures import buckets
from catalogue.rows.question.check import EPOCH, plain_text
from catalogue.rows.question.tree import Node
from schemas.dataset import Column, ColumnType
from schemas.formula import FIGURES, Call, Constant, Formula, Holds, Of
from schemas.problem import BadInput, InputError
from schemas.query import PartName
from schemas.snapshot import Snapshot

TRUNCATED = {"date_trunc_y": "year", "date_trunc_ym": "month", "date_trunc_ymd": "day"}
EXTRACTED: dict[str, PartName] = {
    "date_extract_y": "year", "date_extract_m": "month", "date_extract_woy": "week", "date_extract_d": "day",
    "date_extract_dow": "weekday", "date_extract_hh": "hour", "date_extract_mm": "minute",
    "date_extract_ss": "second",
}  # fmt: skip
_ARITHMETIC = {"+", "-", "*", "/", "%", "^", "ln", "neg", "abs", "ceil", "floor", "round"}
_SQL = {
    "+": "({} + {})", "-": "({} - {})", "*": "({} * {})", "/": "({} / {})", "%": "({} % {})",
    "^": "pow({}, {})", "neg": "(-{})", "ln": "ln({})", "abs": "abs({})", "ceil": "ceil({})",
    "floor": "floor({})", "round": "round({}, {})", "||": "({} || {})", "upper": "upper({})",
    "lower": "lower({})", "unaccent": "bare({})",
    "eq": "({} = {})", "ne": "({} <> {})", "lt": "({} < {})", "lte": "({} <= {})",
    "gt": "({} > {})", "gte": "({} >= {})", "not": "(NOT {})", "isnull": "({} IS NULL)",
    "contains": "contains({}, {})", "starts_with": "starts_with({}, {})", "metres": "metres({}, {}, {})",
    "count": "count({})", "distinct": "count(DISTINCT {})", "sum": "sum({})", "avg": "avg({})",
    "min": "min({})", "max": "max({})", "median": "quantile_cont({}, 0.5)", "stddev_pop": "stddev_pop({})",
    "stddev_samp": "stddev_samp({})", "regr_slope": "regr_slope({}, {})", "regr_r2": "regr_r2({}, {})",
    "regr_intercept": "regr_intercept({}, {})",
}  # fmt: skip
_LISTED = {"and": ("(", " AND ", ")"), "or": ("(", " OR ", ")"), "coalesce": ("COALESCE(", ", ", ")"),
           "greatest": ("greatest(", ", ", ")"), "least": ("least(", ", ", ")")}  # fmt: skip
_TYPES: dict[ColumnType, str] = {
    "text": "VARCHAR", "integer": "HUGEINT", "number": "DOUBLE", "boolean": "BOOLEAN",
}  # fmt: skip


@dataclass(frozen=True)
class Writer:
    """Writes formulas over what is called `names`; what is `grouped` by has a name of its own.

    `clock` tells how far clocks are ahead in the time of a column, None being that of what is worked out;
    `nodes` are the conditions that formulas hold.
    """

    snapshot: Snapshot
    dialect: Dialect
    names: Mapping[str, str]
    clock: Callable[[str | None], buckets.Offsets]
    nodes: Mapping[Holds, Node]
    grouped: Mapping[Formula, str] = field(default_factory=dict)

    def sql(self, formula: Formula) -> Fragment:
        """What a formula says, as it is compared, ordered by and shown: numbers are finite."""
        text, values = self._raw(formula)
        if not isinstance(formula, Call) or formula in self.grouped or formula.type not in _TYPES:
            return text, values
        # Beyond numbers, as of the logarithm of 0 or a product of too many digits, there is none.
        if formula.function in _ARITHMETIC:
            text = f"TRY({text})"
        return (f"finite({text})" if formula.type == "number" else text), values

    def _raw(self, formula: Formula) -> Fragment:
        if self.grouped and formula in self.grouped:
            return self.grouped[formula], []
        match formula:
            case Of(column):
                return self.names[column], []
            case Constant():
                return _constant(formula)
            case Holds():
                text, values = sql.test(self.snapshot, self.nodes[formula], self.dialect)
                return f"({text})", values
            case Call():
                return self._call(formula)

    def _call(self, call: Call) -> Fragment:
        name, parts = call.function, call.parts
        match name:
            case "like" | "ilike":
                return self._like(call)
            case "case":
                return self._case(call)
            case "cast":
                form = f"TRY_CAST({{}} AS {_TYPES[call.type]})"
            case "in":
                form = f"({{}} IN ({', '.join(['{}'] * (len(parts) - 1))}))"
            case "count" if not parts:
                form = "count(*)"
            case _ if name in TRUNCATED or name in EXTRACTED:
                return self._time(call)
            case _ if name in _LISTED:
                start, joint, end = _LISTED[name]
                form = f"{start}{joint.join(['{}'] * len(parts))}{end}"
            case _:
                form = _SQL[name]
        return _joined(form, [self._as(part, call) for part in parts])

    def _as(self, part: Formula, call: Call) -> Fragment:
        """A part as a number of the kind that the whole is, where it is one; texts may be kept as numbers."""
        numeric = call.type in ("integer", "number") and part.type in ("integer", "number", None)
        if call.function not in _ARITHMETIC:
            text, values = self.sql(part)
            mixed = numeric and part.type != call.type and call.function not in FIGURES
        else:
            text, values = self._raw(part)
            mixed = not isinstance(part, Call) or part.type != call.type
        if isinstance(part, Of) and part.type == "text" and call.function not in FIGURES:
            return f"CAST({text} AS VARCHAR)", values
        if call.function == "round" and part is not call.parts[0]:
            return f"CAST({text} AS INTEGER)", values
        return (f"CAST({text} AS {_TYPES[call.type]})" if numeric and mixed else text), values

    def _case(self, call: Call) -> Fragment:
        pairs = [
            _joined("WHEN {} THEN {}", [self.sql(call.parts[place]), self._as(call.parts[place + 1], call)])
            for place in range(0, len(call.parts), 2)
        ]
        return _joined(f"(CASE {' '.join(['{}'] * len(pairs))} END)", pairs)

    def _like(self, call: Call) -> Fragment:
        text, values = self._as(call.parts[0], call)
        pattern = call.parts[1]
        assert isinstance(pattern, Constant)
        folded = call.function == "ilike"
        said = (
            (like.small(plain_text(str(pattern.value))) or "") if folded else plain_text(str(pattern.value))
        )
        try:
            like.simplest(said)
        except ValueError as error:
            raise BadInput([InputError("like", str(error), "give a shorter or another one")]) from None
        found = self.dialect.small.format(text) if folded else text
        return self.dialect.like.format(found), [*values, self.dialect.pattern(said)]

    def _time(self, call: Call) -> Fragment:
        """A span or a part of a time, by the clock on the wall."""
        part = call.parts[0]
        text, values = self.sql(part)
        assert part.type is not None
        column = Column("when", part.type)
        offsets = self.clock(part.column if isinstance(part, Of) else None)
        if call.function in EXTRACTED:
            found = buckets.part(EXTRACTED[call.function], column, text, offsets)
        else:
            wall, _ = buckets.on_the_wall(column, text, offsets)
            found = f"CAST(date_trunc('{TRUNCATED[call.function]}', make_timestamp({wall})) AS DATE)"
        return found, values * found.count(text) if values else []


def _joined(form: str, parts: list[Fragment]) -> Fragment:
    return form.format(*(text for text, _ in parts)), [value for _, values in parts for value in values]


def _constant(constant: Constant) -> Fragment:
    match constant.type, constant.value:
        case _, None:
            return "NULL", []
        case "time", datetime() as moment:
            return "make_timestamptz(?)", [(moment - EPOCH) // timedelta(microseconds=1)]
        case "date", day:
            return "CAST(? AS DATE)", [str(day)]
        case "text", text:
            return "?", [plain_text(str(text))]
        case _, int() | float() as number:
            return "?", [number]
    raise ValueError(f"{constant.value!r} is no value of type {constant.type}")
