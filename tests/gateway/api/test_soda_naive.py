"""What is worked out in SoQL is what a few lines of Python work out of the same rows, whatever is asked."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

Row = dict[str, Any]
FULL = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@dataclass(frozen=True)
class Said:
    """An expression as SoQL writes it, what it is of a row, and whether that is a whole number."""

    text: str
    of: Callable[[Row], Any]
    whole: bool = False

    def __repr__(self) -> str:
        return self.text


def known(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same of values that are there; null of others, and of what is no number."""

    def found(*values: Any) -> Any:
        if None in values:
            return None
        try:
            made = function(*values)
        except (ZeroDivisionError, OverflowError, ValueError):
            return None
        return None if isinstance(made, float) and not math.isfinite(made) else made

    return found


def remainder(a: float, b: float) -> float:
    if isinstance(a, int) and isinstance(b, int):
        return int(math.copysign(1, a)) * (abs(a) % abs(b))
    return math.fmod(a, b)


MADE = {
    "+": known(lambda a, b: a + b), "-": known(lambda a, b: a - b), "*": known(lambda a, b: a * b),
    "/": known(lambda a, b: a / b), "%": known(remainder),
}  # fmt: skip
COMPARED = {
    "=": known(lambda a, b: a == b), "!=": known(lambda a, b: a != b), "<": known(lambda a, b: a < b),
    "<=": known(lambda a, b: a <= b), ">": known(lambda a, b: a > b), ">=": known(lambda a, b: a >= b),
}  # fmt: skip


def column(name: str, *, whole: bool = False) -> Said:
    return Said(name, lambda row: row[name], whole)


def worked(a: Said, sign: str, b: Said) -> Said:
    made = MADE[sign]
    whole = a.whole and b.whole and sign != "/"
    return Said(f"({a} {sign} {b})", lambda row: made(a.of(row), b.of(row)), whole)


def chosen(test: Said, a: Said, b: Said) -> Said:
    def of(row: Row) -> Any:
        return a.of(row) if test.of(row) is True else b.of(row)

    return Said(f"case({test}, {a}, true, {b})", of, a.whole and b.whole)


def first(a: Said, b: Said) -> Said:
    def of(row: Row) -> Any:
        found = a.of(row)
        return b.of(row) if found is None else found

    return Said(f"coalesce({a}, {b})", of, a.whole and b.whole)


def outer(word: str, a: Said, b: Said) -> Said:
    choose = max if word == "greatest" else min

    def of(row: Row) -> Any:
        there = [value for value in (a.of(row), b.of(row)) if value is not None]
        return choose(there, default=None)

    return Said(f"{word}({a}, {b})", of, a.whole and b.whole)


def joined(word: str, a: Said, b: Said) -> Said:
    deciding = word == "or"

    def of(row: Row) -> Any:
        both = (a.of(row), b.of(row))
        return deciding if deciding in both else None if None in both else not deciding

    return Said(f"({a} {word} {b})", of)


def compared(a: Said, sign: str, b: Said) -> Said:
    test = COMPARED[sign]
    return Said(f"{a} {sign} {b}", lambda row: test(a.of(row), b.of(row)))


NUMBERS = some.deferred(
    lambda: some.one_of(
        some.just(column("capacity", whole=True)),
        some.just(column("area")),
        some.integers(-3, 40).map(lambda n: Said(str(n), lambda row: n, whole=True)),
        some.sampled_from([0.5, 2.25]).map(lambda n: Said(str(n), lambda row: n)),
        some.just(Said("date_extract_d(since)", lambda row: row["since"].day, whole=True)),
        some.builds(worked, NUMBERS, some.sampled_from(list(MADE)), NUMBERS),
        NUMBERS.map(lambda a: Said(f"(-{a})", lambda row: known(lambda v: -v)(a.of(row)), a.whole)),
        some.builds(chosen, TRUTHS, NUMBERS, NUMBERS),
        some.builds(first, NUMBERS, NUMBERS),
        some.builds(outer, some.sampled_from(["greatest", "least"]), NUMBERS, NUMBERS),
    )
)
TEXTS = some.deferred(
    lambda: some.one_of(
        some.sampled_from([column("id"), column("name"), column("district")]),
        some.sampled_from(["", "a", "공원 1", "P01", "중구"]).map(lambda t: Said(f"'{t}'", lambda row: t)),
        some.builds(
            lambda a, b: Said(f"({a} || {b})", lambda row: known(lambda x, y: x + y)(a.of(row), b.of(row))),
            TEXTS,
            TEXTS,
        ),
        TEXTS.map(lambda a: Said(f"lower({a})", lambda row: known(str.lower)(a.of(row)))),
        some.builds(chosen, TRUTHS, TEXTS, TEXTS),
        some.builds(first, TEXTS, TEXTS),
    )
)
TRUTHS = some.deferred(
    lambda: some.one_of(
        some.just(column("open")),
        some.builds(compared, NUMBERS, some.sampled_from(list(COMPARED)), NUMBERS),
        some.builds(compared, TEXTS, some.sampled_from(list(COMPARED)), TEXTS),
        some.builds(joined, some.sampled_from(["and", "or"]), TRUTHS, TRUTHS),
        TRUTHS.map(lambda a: Said(f"not ({a})", lambda row: known(lambda v: not v)(a.of(row)))),
        some.one_of(NUMBERS, TEXTS).map(lambda a: Said(f"{a} is null", lambda row: a.of(row) is None)),
        TEXTS.map(
            lambda a: Said(f"contains({a}, '1')", lambda row: known(lambda text: "1" in text)(a.of(row)))
        ),
        TEXTS.map(
            lambda a: Said(f"{a} like 'P%'", lambda row: known(lambda text: text.startswith("P"))(a.of(row)))
        ),
    )
)


@pytest.fixture(scope="module")
def rows(still) -> list[Row]:
    found = still.get("/resource/parks.json?$order=:id").json
    return [
        {
            "id": row["id"],
            "name": row.get("name"),
            "district": row["district"],
            "capacity": int(row["capacity"]) if "capacity" in row else None,
            "area": float(row["area"]),
            "open": row["open"],
            "since": date.fromisoformat(row["since"][:10]),
        }
        for row in found
    ]


def answer(still, **asked: str) -> list[dict[str, Any]]:
    said = still.get("/resource/parks.json", query_string={f"${name}": text for name, text in asked.items()})
    assert said.status_code == 200, (asked, said.text)
    return said.json


def same(shown: Any, expected: Any, *, whole: bool) -> bool:
    if expected is None or shown is None or isinstance(expected, str | bool):
        return shown == expected
    if whole:
        return shown == str(expected)
    return math.isclose(float(shown), expected, rel_tol=1e-9, abs_tol=1e-9)


def fits(*said: Said) -> bool:
    """Whether it is not more than may be asked."""
    depths = [accumulate((letter == "(") - (letter == ")") for letter in each.text) for each in said]
    return all(len(each.text) < 1_000 for each in said) and all(max(each) < 20 for each in depths)


@FULL
@given(asked=some.one_of(NUMBERS, TEXTS, TRUTHS).filter(fits))
def test_of_each_row(still, rows, asked):
    found = answer(still, select=f"{asked} as x", order=":id")
    for shown, row in zip(found, rows, strict=True):
        assert same(shown.get("x"), asked.of(row), whole=asked.whole), (asked, row, shown)


@FULL
@given(asked=TRUTHS.filter(fits))
def test_which_rows(still, rows, asked):
    found = [row["id"] for row in answer(still, select="id", where=asked.text, order="id")]
    assert found == [row["id"] for row in rows if asked.of(row) is True]


@FULL
@given(by=some.one_of(TEXTS, TRUTHS).filter(fits), of=NUMBERS.filter(fits), least=some.integers(0, 9))
def test_groups_of_rows(still, rows, by, of, least):
    asked = f"{by} as g, count(*) as n, count({of}) as there, sum({of}) as total, max({of}) as most"
    found = answer(still, select=asked, group=by.text, having=f"count(*) > {least}")
    groups: dict[Any, list[Any]] = {}
    for row in rows:
        groups.setdefault(by.of(row), []).append(of.of(row))
    expected = {key: values for key, values in groups.items() if len(values) > least}
    assert {row.get("g") for row in found} == set(expected)
    for row in found:
        values = [value for value in expected[row.get("g")] if value is not None]
        assert (int(row["n"]), int(row["there"])) == (len(expected[row.get("g")]), len(values))
        assert same(row.get("total"), sum(values) if values else None, whole=of.whole)
        assert same(row.get("most"), max(values, default=None), whole=of.whole)


@FULL
@given(by=TEXTS.filter(fits), down=some.booleans(), nulls=some.sampled_from(["first", "last"]))
def test_in_which_order(still, rows, by, down, nulls):
    found = answer(still, select="id", order=f"{by} {'desc' if down else ''} nulls {nulls}, id")
    there = sorted((row for row in rows if by.of(row) is not None), key=by.of, reverse=down)
    if down:  # Ties go up whichever way the others go.
        there = sorted(sorted(there, key=lambda row: row["id"]), key=by.of, reverse=True)
    missing = [row for row in rows if by.of(row) is None]
    expected = [*missing, *there] if nulls == "first" else [*there, *missing]
    assert [row["id"] for row in found] == [row["id"] for row in expected]


@FULL
@given(
    of=some.sampled_from(["since", "checked"]),
    said=some.one_of(
        some.tuples(
            some.sampled_from(["date_trunc_y", "date_trunc_ym", "date_trunc_ymd"]),
            some.sampled_from(
                ["'2026-03-01'", "'2026-03-02'", "'2026-02-15'", "'2026-01-01'", "'2027-01-01'"]
            ),
        ),
        some.tuples(some.just("date_extract_y"), some.sampled_from(["2025", "2026", "2027", "9999"])),
    ),
    sign=some.sampled_from(list(COMPARED)),
    mirrored=some.booleans(),
)
def test_spans_of_time_are_looked_up_as_they_are_worked_out(still, of, said, sign, mirrored):
    left, right = f"{said[0]}({of})", said[1]
    test = f"{right} {sign} {left}" if mirrored else f"{left} {sign} {right}"
    looked_up = answer(still, select="id", where=test, order="id")
    assert looked_up == answer(still, select="id", where=f"case({test}, true, true, false)", order="id")
