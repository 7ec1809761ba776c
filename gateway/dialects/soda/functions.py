"""The functions of SoQL: what each takes, and the formula that it stands for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from gateway.dialects.soda import literals, places
from gateway.dialects.soda.comparing import Side, matched
from gateway.dialects.soda.faults import MISMATCH, NO_FUNCTION, SoqlFault
from schemas.dataset import ColumnType
from schemas.formula import Constant, Formula, Holds, Of, figured
from schemas.problem import did_you_mean

if TYPE_CHECKING:
    from gateway.dialects.soda.expressions import Expressions

Kinds = tuple[str, ...]
_TEXT, _NUMBER, _TIME = ("text",), ("integer", "number"), ("date", "time")
_ORDERED = (*_TEXT, *_NUMBER, *_TIME)
_ANY = (*_ORDERED, "boolean", "geometry")
_SAID = {
    _TEXT: "a text",
    _NUMBER: "a number",
    _TIME: "a time",
    _ORDERED: "what has an order",
    _ANY: "a value",
}
_PLAIN: dict[str, tuple[tuple[Kinds, ...], ColumnType | None]] = {
    "upper": ((_TEXT,), "text"), "lower": ((_TEXT,), "text"), "unaccent": ((_TEXT,), "text"),
    "contains": ((_TEXT, _TEXT), "boolean"),
    "starts_with": ((_TEXT, _TEXT), "boolean"), "ln": ((_NUMBER,), "number"), "abs": ((_NUMBER,), None),
    "ceil": ((_NUMBER,), None), "floor": ((_NUMBER,), None), "round": ((_NUMBER, _NUMBER), None),
    "date_trunc_y": ((_TIME,), "date"), "date_trunc_ym": ((_TIME,), "date"),
    "date_trunc_ymd": ((_TIME,), "date"), "date_extract_y": ((_TIME,), "integer"),
    "date_extract_m": ((_TIME,), "integer"), "date_extract_d": ((_TIME,), "integer"),
    "date_extract_hh": ((_TIME,), "integer"), "date_extract_mm": ((_TIME,), "integer"),
    "date_extract_ss": ((_TIME,), "integer"), "date_extract_dow": ((_TIME,), "integer"),
    "date_extract_woy": ((_TIME,), "integer"),
}  # fmt: skip
"""What each takes and is; None is what it takes first."""
_FIGURES: dict[str, tuple[tuple[Kinds, ...], ColumnType | None]] = {
    "count": ((_ANY,), "integer"), "sum": ((_NUMBER,), None), "avg": ((_NUMBER,), "number"),
    "min": ((_ORDERED,), None), "max": ((_ORDERED,), None), "median": ((_NUMBER,), "number"),
    "stddev_pop": ((_NUMBER,), "number"), "stddev_samp": ((_NUMBER,), "number"),
    "regr_slope": ((_NUMBER, _NUMBER), "number"), "regr_intercept": ((_NUMBER, _NUMBER), "number"),
    "regr_r2": ((_NUMBER, _NUMBER), "number"),
}  # fmt: skip
_CASELESS = {
    "caseless_eq": "{}", "caseless_not_eq": "{}", "caseless_one_of": "{}", "caseless_starts_with": "{}%",
    "caseless_contains": "%{}%",
}  # fmt: skip
_MAKING_SHAPES = ("convex_hull", "extent", "num_points", "simplify", "simplify_preserve_topology")
_OF_SHAPES = "ask with within_box, within_circle, within_polygon, intersects and distance_in_meters"


def read(reader: Expressions) -> Formula:
    """The call that comes next; raises SoqlFault."""
    tokens = reader.tokens
    named = tokens.take().text.lower()
    known = _readers(named)
    if named not in known:
        hint = _OF_SHAPES if named in _MAKING_SHAPES else did_you_mean(named, known)
        raise SoqlFault(tokens.where, f"has no function {named!r}", hint, code=NO_FUNCTION)
    tokens.expect("(")
    found = known[named](reader)
    tokens.expect(")")
    return found


def like(reader: Expressions, left: Side, pattern: str) -> Formula:
    """That a text is as a pattern says."""
    if left.formula.type != "text":
        raise SoqlFault(reader.tokens.where, f"like asks of texts, {left.said} is none", code=MISMATCH)
    parts = (left.formula, Constant(escaped(pattern, "\\"), "text"))
    return reader.call("like", parts, "boolean")


def escaped(pattern: str, letters: str) -> str:
    """A pattern in which these letters stand for themselves."""
    return "".join(f"\\{letter}" if letter in letters else letter for letter in pattern)


def _readers(named: str) -> dict[str, Callable[[Expressions], Formula]]:
    """What reads the inside of each function."""
    return {
        **dict.fromkeys(_PLAIN, lambda reader: _plain(reader, named)),
        **dict.fromkeys(_FIGURES, lambda reader: _figure(reader, named)),
        **dict.fromkeys(_CASELESS, lambda reader: _caseless(reader, named)),
        **dict.fromkeys(("greatest", "least", "coalesce"), lambda reader: _one_of(reader, named)),
        "case": _case,
        **dict.fromkeys(
            ("within_box", "within_circle", "within_polygon", "intersects", "distance_in_meters"),
            lambda reader: _place(reader, named),
        ),
    }


def _plain(reader: Expressions, named: str) -> Formula:
    wanted, kind = _PLAIN[named]
    parts = _parts(reader, named, wanted[:1])
    for each in wanted[1:]:
        if named == "round" and not reader.tokens.skip(","):
            parts.append(Constant(0, "integer"))
        else:
            if named != "round":
                reader.tokens.expect(",")
            parts += _parts(reader, named, (each,))
    return reader.call(named, tuple(parts), kind or parts[0].type or "number")


def _parts(reader: Expressions, named: str, wanted: tuple[Kinds, ...]) -> list[Formula]:
    found: list[Formula] = []
    for kinds in wanted:
        if found:
            reader.tokens.expect(",")
        side = reader.side()
        if side.formula.type not in (*kinds, None):
            what = f"{named} takes {_SAID[kinds]}, {side.said} is {side.formula.type}"
            raise SoqlFault(reader.tokens.where, what, code=MISMATCH)
        found.append(side.formula)
    return found


def _figure(reader: Expressions, named: str) -> Formula:
    wanted, kind = _FIGURES[named]
    if named == "count" and reader.tokens.skip("*"):
        return reader.call("count", (), "integer")
    different = named == "count" and reader.tokens.skip_word("distinct")
    parts = _parts(reader, named, wanted)
    if any(map(figured, parts)):
        raise SoqlFault(reader.tokens.where, f"{named} is asked of another figure", "chain with |>")
    return reader.call("distinct" if different else named, tuple(parts), kind or parts[0].type or "number")


def _caseless(reader: Expressions, named: str) -> Formula:
    """One of some texts, whatever the case of any."""
    (asked,) = _parts(reader, named, (_TEXT,))
    reader.tokens.expect(",")
    words = reader.tokens.listed(lambda: escaped(literals.text(reader.tokens), "\\%_"))
    patterns = [Constant(_CASELESS[named].format(each), "text") for each in words]
    tests = tuple(reader.call("ilike", (asked, each), "boolean") for each in patterns)
    found = tests[0] if len(tests) == 1 else reader.call("or", tests, "boolean")
    return reader.call("not", (found,), "boolean") if named == "caseless_not_eq" else found


def _one_of(reader: Expressions, named: str) -> Formula:
    sides = reader.tokens.listed(reader.side)
    kind = _common(reader, sides)
    return reader.call(named, tuple(_turned(reader, each, sides) for each in sides), kind)


def _case(reader: Expressions) -> Formula:
    """Conditions, each with what is said where it is the first that is true."""
    tests: list[Formula] = []
    sides: list[Side] = []
    while True:
        tests.append(reader.condition())
        reader.tokens.expect(",")
        sides.append(reader.side())
        if not reader.tokens.skip(","):
            break
    kind = _common(reader, sides)
    said = [_turned(reader, each, sides) for each in sides]
    parts = tuple(part for pair in zip(tests, said, strict=True) for part in pair)
    return reader.call("case", parts, kind)


def _common(reader: Expressions, sides: list[Side]) -> ColumnType:
    """The type that all sides can be of, texts being written for times and days."""
    kinds = dict.fromkeys(s.formula.type for s in sides if not _written(s) and s.formula.type is not None)
    if not kinds:
        kinds = dict.fromkeys(s.formula.type for s in sides if s.formula.type is not None)
    if set(kinds) == set(_NUMBER):
        return "number"
    if len(kinds) > 1 or "geometry" in kinds:
        what = f"chooses between {' and '.join(str(each) for each in kinds)}"
        raise SoqlFault(reader.tokens.where, what, "give values of one type", code=MISMATCH)
    return next((each for each in kinds if each), "text")


def _turned(reader: Expressions, side: Side, sides: list[Side]) -> Formula:
    """A side as one of those it is chosen among."""
    other = next((s for s in sides if not _written(s) and s.formula.type is not None), side)
    return matched(reader.names, reader.tokens.where, side, other)


def _written(side: Side) -> bool:
    return isinstance(side.formula, Constant) and side.formula.type == "text"


def _place(reader: Expressions, named: str) -> Formula:
    """How the geometry of a row lies; of others than that of rows nothing is known."""
    tokens = reader.tokens
    side = reader.side()
    shapes = [column.name for column in reader.names.columns if column.type == "geometry"]
    if side.formula.type != "geometry":
        what = f"{named} asks of a geometry, {side.said} is {side.formula.type}"
        raise SoqlFault(tokens.where, what, code=MISMATCH)
    if not isinstance(side.formula, Of) or reader.names.updated is None or side.formula.column != shapes[0]:
        first = f"ask of {shapes[0]!r}, in the first select" if shapes else "ask in the first select"
        raise SoqlFault(tokens.where, f"{named} asks of the geometry of a row", first)
    match named:
        case "within_box":
            return Holds(places.box(tokens))
        case "within_circle":
            return Holds(places.circle(tokens))
        case "distance_in_meters":
            lon, lat = places.point(tokens)
            point = Constant(lon, "number"), Constant(lat, "number")
            return reader.call("metres", (side.formula, *point), "number")
    return Holds(places.shape(tokens, "within" if named == "within_polygon" else "intersects"))
