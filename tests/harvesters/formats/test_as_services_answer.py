"""JSON as services answer: rows of cells with names apart, rows beside heads, and faults in place of data."""

from __future__ import annotations

import json
from typing import Any

import pytest

from harvesters.faults import Unreadable

CITY = [["id", "name"], [1, "종로구"], [2, "중구"]]


def rows(parsed: Any) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = parsed.table.to_pylist()
    return result


@pytest.mark.parametrize(
    "document",
    [
        CITY,
        {"columns": CITY[0], "data": CITY[1:]},
        {"columns": CITY[0], "index": [0, 1], "data": CITY[1:]},
        {"fields": [{"id": "id"}, {"id": "name"}], "records": CITY[1:]},
        {"result": {"header": [{"name": "id"}, {"name": "name"}], "rows": CITY[1:]}},
        {
            "meta": {"view": {"columns": [{"id": -1, "name": "id"}, {"id": 7, "name": "name"}]}},
            "data": CITY[1:],
        },
        {"columns": [{"name": "id"}, {"name": "name"}], "data": CITY[1:2] * 2, "links": [{"rel": "self"}]},
    ],
    ids=["header row", "columns", "pandas", "fields", "header", "socrata", "links beside"],
)
def test_rows_of_cells_are_read_under_the_names_that_stand_beside_or_above(
    document: Any, read_text: Any
) -> None:
    (parsed,) = read_text(json.dumps(document), "a.json")

    assert rows(parsed)[0] == {"id": 1, "name": "종로구"}
    assert (parsed.table.num_rows, parsed.rejects.num_rows) == (2, 0)


def test_a_row_of_another_length_than_its_header_is_set_aside(read_text: Any) -> None:
    (parsed,) = read_text(json.dumps([*CITY, [3], [4, "b", "c"], {"id": 5, "name": "x"}]), "a.json")
    (headed,) = read_text(json.dumps([*CITY, [3], [4, "b", "c"]]), "a.json")

    assert rows(parsed) == [{"id": 5, "name": "x"}], "a list that holds an object is one of objects"
    assert rows(headed) == [{"id": 1, "name": "종로구"}, {"id": 2, "name": "중구"}]
    assert headed.lines.to_pylist() == [2, 3]
    assert headed.rejects["reason"].to_pylist() == ["column_count"] * 2
    assert headed.rejects["line"].to_pylist() == [4, 5]


def test_columns_that_are_described_are_no_records_where_rows_stand_beside(read_text: Any) -> None:
    described = [{"name": name, "type": "text", "width": 10} for name in "abcde"]

    (parsed,) = read_text(json.dumps({"columns": described, "data": [[1, 2, 3, 4, 5]]}), "a.json")

    assert rows(parsed) == [{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}]


def test_a_last_column_without_a_name_is_one_all_the_same(read_text: Any) -> None:
    (parsed,) = read_text(
        json.dumps({"columns": ["a", "b", ""], "data": [[1, 2, None], [3, 4, 5]]}), "a.json"
    )

    assert rows(parsed)[1] == {"a": 3, "b": 4, "column_3": 5}


def test_coordinates_are_no_rows(read_text: Any) -> None:
    with pytest.raises(Unreadable, match="no list of items"):
        read_text(json.dumps({"center": {"line": [[126.9, 37.5], [127.0, 37.6]]}}), "a.json")


RESULT = {"RESULT": {"CODE": "INFO-000", "MESSAGE": "정상 처리되었습니다."}}


@pytest.mark.parametrize(
    "parts",
    [
        [{"head": [{"list_total_count": 2}, RESULT, {"pSize": 100}]}, {"row": [{"a": 1}, {"a": 2}]}],
        [
            [{"head": [{"list_total_count": 2}, RESULT]}],
            [{"head": [{"pSize": 9}], "row": [{"a": 1}, {"a": 2}]}],
        ],
    ],
)
def test_rows_are_found_beside_the_heads_of_a_service(parts: Any, read_text: Any) -> None:
    (parsed,) = read_text(json.dumps({"schoolInfo": parts}), "a.json")

    assert rows(parsed) == [{"a": 1}, {"a": 2}]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (
            {"response": {"header": {"resultCode": "22", "resultMsg": "LIMITED"}, "body": {"items": []}}},
            "22: LIM",
        ),
        ({"station": {"RESULT": {"CODE": "INFO-100", "MESSAGE": "인증키"}, "row": []}}, "INFO-100: 인증키"),
        ({"RESULT": {"CODE": "ERROR-290", "MESSAGE": "인증키"}}, "ERROR-290: 인증키"),
        ({"err": "30", "errMsg": "인증키"}, r"30: 인증키.*the key is not registered"),
        ({"errMsg": "Invalid access token", "errCd": -401, "trId": "x"}, "-401: Invalid"),
        ({"statusCode": "019", "statusMessage": "no"}, "019: no"),
    ],
)
def test_an_answer_that_tells_a_fault_is_refused_with_it(document: Any, fault: str, read_text: Any) -> None:
    with pytest.raises(Unreadable, match=f"a fault and no data: {fault}"):
        read_text(json.dumps(document), "a.json")


@pytest.mark.parametrize(
    "document",
    [
        {"RESULT": {"CODE": "INFO-200", "MESSAGE": "해당하는 데이터가 없습니다."}},
        {"response": {"header": {"resultCode": "00", "resultMsg": "NORMAL SERVICE."}, "body": {"items": []}}},
        {"response": {"header": {"resultCode": "03", "resultMsg": "NODATA_ERROR"}, "body": {"items": ""}}},
        {"code": 1, "message": "success", "data": []},
        {"code": 200, "message": "Bien", "data": []},
    ],
)
def test_an_answer_without_data_has_no_rows(document: Any, read_text: Any) -> None:
    (parsed,) = read_text(json.dumps(document), "a.json")

    assert parsed.read == 0


def test_records_with_codes_and_messages_of_their_own_are_data(read_text: Any) -> None:
    (parsed,) = read_text(json.dumps({"data": [{"code": "30", "message": "공사"}]}), "a.json")

    assert rows(parsed) == [{"code": "30", "message": "공사"}]


def test_objects_in_other_lists_are_told(read_text: Any) -> None:
    (two,) = read_text(json.dumps({"nodes": [{"a": 1}], "links": [{"b": 1}, {"b": 2}]}), "a.json")
    (named,) = read_text(json.dumps({"columns": [{"name": "a"}, {"name": "b"}], "rows": [[1, 2]]}), "a.json")

    assert (two.table.num_rows, two.repairs) == (2, {"other_lists": 1})
    assert (named.table.num_rows, named.repairs) == (1, {})


STATIONS = {
    "101": {"이름": "시청", "위치": {"x": 1}, "호선": [{"n": 1}]},
    "102": {"이름": "종각", "호선": []},
}


@pytest.mark.parametrize("document", [STATIONS, {"_default": STATIONS}, {"count": 2, "data": STATIONS}])
def test_records_under_their_names_are_rows_that_keep_them(document: Any, read_text: Any) -> None:
    (parsed,) = read_text(json.dumps(document), "a.json")

    assert [(row["key"], row["이름"]) for row in rows(parsed)] == [("101", "시청"), ("102", "종각")]


def test_objects_of_different_kinds_are_no_records(read_text: Any) -> None:
    document = {"header": {"code": "0", "n": 1}, "body": {"items": [{"a": 1}, {"a": 2}, {"a": 3}]}}

    (parsed,) = read_text(json.dumps(document), "a.json")

    assert rows(parsed) == [{"a": 1}, {"a": 2}, {"a": 3}]
