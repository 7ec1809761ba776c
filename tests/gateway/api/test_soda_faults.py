"""What cannot be asked in SoQL is told as Socrata tells it, and no sentence breaks anything."""

from __future__ import annotations

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

WORDS = (
    "id", "capacity", "name", "geometry", "since", "checked", "open", "and", "or", "not", "(", ")", "=",
    "<", ">=", "is", "null", "in", "like", "between", ",", "'P001'", "'x", "5", "-3", "1e400", "count(*)",
    "*", "as", "n", "upper(id)", "within_circle(geometry, 35, 129, 5)", "'2026-03-01'", "true", "`구`",
    ":id", "desc", "💧", "\\", "date_trunc_y(checked)", "sum(capacity)", "select", "where", "group by",
    "order by", "limit", "distinct", "having", "date_extract_dow(checked)", "date_extract_hh(since)", "n",
    "date_trunc_ym(since)", "median(area)", "+", "-", "*", "/", "%", "^", "||", "|>", "::text", "::number",
    "case(open, capacity, true, 0)", "coalesce(name, 'x')", ":updated_at", ":*", "null first", "0",
    "ln(area)", "distance_in_meters(geometry, 'POINT (129 35)')", "between",
)  # fmt: skip


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("only=dataset", "order"), ("limit=x", "whole number"), ("limit=1001", "1000"),
        ("order=size", "name"),
        ("q=a&q=b", "twice"), ("ids=parks&q=x", "limit"), ("categorys=x", "categories"),
    ],
)  # fmt: skip
def test_what_the_list_cannot_be_asked_is_told(still, query, said):
    answer = still.get(f"/api/catalog/v1?{query}")
    assert (answer.status_code, answer.json["error"]) == (400, True)
    assert said in answer.json["message"]


@pytest.mark.parametrize(
    ("asked", "status", "code", "said"),
    [
        ({"$where": "capacty > 1"}, 400, "query.soql.no-such-column", "'capacity'"),
        ({"$where": "capacity > 'x'"}, 400, "query.soql.type-mismatch", "whole number"),
        ({"$where": "capacity >"}, 400, "query.compiler.malformed", "a value"),
        ({"$where": "capacity > 1 and"}, 400, "query.compiler.malformed", "the end"),
        ({"$where": "(capacity > 1"}, 400, "query.compiler.malformed", "')'"),
        ({"$where": "name = 'x"}, 400, "query.compiler.malformed", "quote"),
        ({"$where": "within_boxes(geometry, 1,2,3,4)"}, 400, "query.soql.no-such-function", "within_box"),
        ({"$where": "within_circle(geometry, 129, 35, 5)"}, 400, "query.compiler.malformed", "latitude"),
        ({"$where": "name = null"}, 400, "query.compiler.malformed", "is null"),
        ({"$where": "(" * 60 + "open" + ")" * 60}, 400, "query.compiler.malformed", "deep"),
        ({"$where": "1 = 1; drop table x"}, 400, "query.compiler.malformed", ""),
        ({"$select": "name, count(*)"}, 400, "query.soql.column-not-in-group-bys", "$group"),
        ({"$select": "sum(name)"}, 400, "query.soql.type-mismatch", "text"),
        ({"$select": "id, id"}, 400, "query.soql.duplicate-alias", "twice"),
        ({"$order": "geometry"}, 400, "query.compiler.malformed", "geometry"),
        ({"$limit": "-1"}, 400, "query.compiler.malformed", "whole number"),
        ({"$limit": "1e400"}, 400, "query.compiler.malformed", "larger"),
        ({"$where": "within_circle(geometry, 35, 129, 1e999)"}, 400, "query.compiler.malformed", "larger"),
        ({"$limit": "1e20"}, 400, "query.compiler.malformed", "at most"),
        ({"$having": "count(*) > 1"}, 400, "query.compiler.malformed", "$group"),
        ({"$group": "district", "$having": "open"}, 400, "query.soql.column-not-in-group-bys", "$group"),
        ({"$group": "sum(capacity)"}, 400, "query.compiler.malformed", "sum(capacity)"),
        ({"$select": "date_extract_y(name)"}, 400, "query.soql.type-mismatch", "time"),
        ({"$where": "date_extract_year(checked) = 1"}, 400, "query.soql.no-such-function", "date_extract_y"),
        ({"$where": "date_extract_hh(checked) = 'x'"}, 400, "query.soql.type-mismatch", "whole number"),
        ({"$where": "sum(capacity) > 5"}, 400, "query.soql.aggregate-in-ungrouped-context", "$having"),
        ({"$select": "sum(max(capacity))"}, 400, "query.compiler.malformed", "|>"),
        ({"$where": "capacity + 1"}, 400, "query.soql.type-mismatch", "neither true nor false"),
        ({"$where": "name + 1 > 2"}, 400, "query.soql.type-mismatch", "numbers"),
        ({"$where": "name || capacity = 'x'"}, 400, "query.soql.type-mismatch", "::text"),
        ({"$where": "name = capacity"}, 400, "query.soql.type-mismatch", "one type"),
        ({"$where": "since = '2026-03-01T12:00:00'"}, 400, "query.soql.type-mismatch", "is a day"),
        ({"$select": "case(open, 1, true, 'x')"}, 400, "query.soql.type-mismatch", "whole number"),
        ({"$select": "case(capacity, 1)"}, 400, "query.soql.type-mismatch", "neither true nor false"),
        ({"$select": "capacity::date"}, 400, "query.compiler.malformed", "'date'"),
        ({"$select": "capacity" + "+1" * 150}, 400, "query.compiler.malformed", "deep"),
        ({"$select": "+".join(["capacity"] * 99) + "," + "+".join(["area"] * 200)}, 400,
         "query.compiler.malformed", "deep"),
        ({"$select": "count(*) as a, " + ", ".join(
            f"{b}+{b} as {c}" for b, c in zip("abcdefghijklmnop", "bcdefghijklmnopq", strict=True))}, 400,
         "query.compiler.malformed", "parts"),
        ({"$select": ", ".join(f"area * {n} as c{n}" for n in range(400))}, 400, "query.compiler.malformed",
         "1000"),
        ({"$select": "sum(9223372036854775807 * 9223372036854775807)"}, 400, "query.compiler.malformed",
         "no number can hold"),
        ({"$select": "stddev_pop(area * 1e308), regr_slope(area * 1e308, area * 1e308)"}, 400,
         "query.compiler.malformed", "no number can hold"),
        ({"$order": "count(*)"}, 400, "query.compiler.malformed", "$group"),
        ({"$order": "capacity null"}, 400, "query.compiler.malformed", "first or last"),
        ({"$query": "select id |> select name"}, 400, "query.soql.no-such-column", "name"),
        ({"$query": "select geometry |> select * where within_circle(geometry, 35, 129, 5)"}, 400,
         "query.compiler.malformed", "first select"),
        ({"$query": "select distinct district group by id"}, 400, "query.compiler.malformed", "distinct"),
        ({"$select": "simplify(geometry, 1)"}, 400, "query.soql.no-such-function", "simplify"),
        ({"$order": "distance_in_meters(name, 'POINT (1 2)')"}, 400, "query.soql.type-mismatch", "geometry"),
        ({"$limt": "1"}, 400, "invalid-parameter", "$limit"),
        ({"$query": "select * from x"}, 400, "query.compiler.malformed", "from"),
        ({"$query": "select *", "$limit": "1"}, 400, "query.compiler.malformed", "$limit"),
        ({"nme": "x"}, 400, "query.soql.no-such-column", "'name'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_socratas_shape(still, asked, status, code, said):
    answer = still.get("/resource/parks.json", query_string=asked)
    assert (answer.status_code, answer.json["error"], answer.json["code"]) == (status, True, code)
    assert said in answer.json["message"]


def test_no_such_dataset_and_no_such_format(still, socrata):
    assert still.get("/resource/none.json").status_code == 404
    assert still.get("/resource/none.json").json["code"] == "dataset.missing"
    assert still.get("/resource/parks.xml").status_code == 400
    assert still.get("/resource/list-1.json").status_code == 404
    with pytest.raises(requests.HTTPError, match="did you mean 'capacity'"):
        socrata.get("parks", where="capcity > 1")


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    clause=some.sampled_from(
        ["$where", "$select", "$order", "$group", "$having", "$query", "$limit", "$q", "capacity"]
    ),
    words=some.lists(some.sampled_from(WORDS), max_size=8),
    other=some.sampled_from(
        [{}, {"$group": "district"}, {"$select": "district, count(*)"}, {"$offset": "3"}]
    ),
)
def test_no_sentence_whatever_breaks_it(still, clause, words, other):
    answer = still.get("/resource/parks.json", query_string={**other, clause: " ".join(words)})
    assert answer.status_code in (200, 400), answer.text
    if answer.status_code == 400:
        assert answer.json["error"] is True
        assert answer.json["errorCode"] == answer.json["code"]
