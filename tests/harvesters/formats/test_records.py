"""JSON and XML: their repeated items become flat rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from harvesters.faults import Unreadable


def rows(parsed: Any) -> list[dict[str, Any]]:
    result: list[dict[str, Any]] = parsed.table.to_pylist()
    return result


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("api/busan_bims_busInfoByRouteId_5200036000_1791278091.xml", 143),
        ("api/busan_bims_busInfo_29.xml", 2),
        ("api/busan_bims_busStopList_06158.xml", 1),
        ("api/changwon_busdata.json", 322),
        ("api/changwon_busposition.json", 6),
        ("api/kpubdata_success_apt_trade.json", 2),
        ("api/kpubdata_success_empty.json", 0),
        ("api/parkapi-reutlingen.json", 30),
        ("catalogue/ckan_package_search_dados_gov_br_0_400.json", 400),
        ("search/datafinder_documents.jsonl", 3327),
    ],
)
def test_known_answers_have_their_items(shared_data: Path, read: Any, name: str, count: int) -> None:
    (parsed,) = read(shared_data / name)

    assert (parsed.table.num_rows, parsed.rejects.num_rows) == (count, 0)


def test_only_items_with_a_member_are_rows_where_the_feed_says_so(shared_data: Path, read: Any) -> None:
    path = shared_data / "api/busan_bims_busInfoByRouteId_5200036000_1791278091.xml"

    (parsed,) = read(path, records="response/body/items/item", where="carno")

    assert parsed.table.num_rows == 10
    assert parsed.table["carno"].null_count == 0
    assert len(set(parsed.lines.to_pylist())) == 10


def test_broken_json_is_named_with_line_and_column(shared_data: Path, read: Any) -> None:
    with pytest.raises(Unreadable, match="line 1 column 583"):
        read(shared_data / "facility/전국도서관표준데이터.json")


@pytest.mark.parametrize("name", ["kpubdata_error_auth_30.json", "kpubdata_error_xml_auth_30.xml"])
def test_an_answer_that_only_says_no_is_no_table(shared_data: Path, read: Any, name: str) -> None:
    with pytest.raises(Unreadable, match=r"a fault and no data: 30: .*KEY"):
        read(shared_data / "api" / name)


def test_numbers_stay_numbers_and_codes_text(read_text: Any) -> None:
    items = [
        {"n": 1, "x": 1, "code": "007", "mixed": 1, "flag": True, "big": 2**70},
        {"n": 2, "x": 2.5, "code": "12", "mixed": "a", "flag": False, "big": 1},
    ]

    (parsed,) = read_text(json.dumps(items), "a.json")

    types = dict(zip(parsed.table.column_names, parsed.table.schema.types, strict=True))
    assert types["n"] == pa.int64()
    assert types["x"] == pa.float64()
    assert types["flag"] == pa.bool_()
    assert rows(parsed)[0] | {"x": 1} == {
        "n": 1, "x": 1, "code": "007", "mixed": "1", "flag": True, "big": str(2**70),
    }  # fmt: skip


def test_nested_objects_are_flattened_and_lists_kept_as_json(read_text: Any) -> None:
    items = [{"at": {"lat": 1.5, "more": {"x": 1}}, "tags": ["a", "나"], "none": [], "at_lat": 9}]

    (parsed,) = read_text(json.dumps({"data": items}), "a.json")

    assert rows(parsed) == [
        {"at_lat": 1.5, "at_more_x": 1, "tags": '["a", "나"]', "none": None, "at_lat_2": 9}
    ]


def test_standard_data_of_the_portal_keeps_the_order_of_its_fields(read_text: Any) -> None:
    document = {"fields": [{"id": "나"}, {"id": "가"}, {"id": "다"}], "records": [{"가": "1", "나": "2"}]}

    (parsed,) = read_text(json.dumps(document), "a.json")

    assert parsed.table.column_names == ["나", "가", "다"]
    assert rows(parsed) == [{"나": "2", "가": "1", "다": None}]


def test_one_item_may_come_without_its_list(read_text: Any) -> None:
    document = {"response": {"body": {"items": {"item": {"a": "1"}}}}}

    (found,) = read_text(json.dumps(document), "a.json")
    (named,) = read_text(json.dumps(document), "b.json", records="response/body/items/item")

    assert rows(found) == rows(named) == [{"a": "1"}]


def test_a_path_that_leads_nowhere_names_what_is_there(read_text: Any) -> None:
    with pytest.raises(Unreadable, match=r"body holds no 'item'.*did you mean 'items'"):
        read_text('{"body": {"items": []}}', "a.json", records="body/item")
    (empty,) = read_text('{"body": {"items": ""}}', "b.json", records="body/items/item")
    assert empty.table.num_rows == 0


def test_json_lines_are_read_and_broken_ones_set_aside_with_their_line(read_text: Any) -> None:
    (parsed,) = read_text('{"a": 1}\n\n{"a": 2\n"text"\n{"a": 3}\n', "a.ndjson")

    assert rows(parsed) == [{"a": 1}, {"a": 3}]
    assert parsed.lines.to_pylist() == [1, 5]
    assert [(each["line"], each["reason"]) for each in parsed.rejects.to_pylist()] == [
        (3, "invalid_json"),
        (4, "not_an_object"),
    ]


@pytest.mark.parametrize(
    "content", ["", "{", "[1, 2]", '{"a": 1}', "[" * 100_000, '"text"', '{"a": NaN}', "nonsense"]
)
def test_json_without_items_is_unreadable(read_text: Any, content: str) -> None:
    with pytest.raises(Unreadable):
        read_text(content, "a.json", kind="json")


def test_mojibake_behind_escapes_is_found(read_text: Any) -> None:
    broken = "강동구".encode("cp949").decode("latin-1")

    with pytest.raises(Unreadable, match="강동"):
        read_text(json.dumps([{"구": broken}]), "a.json")


def test_attributes_and_repeated_elements_of_xml_become_columns(read_text: Any) -> None:
    text = (
        '<a xmlns="http://x.example/1" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><row id="1">'
        '<v unit="m">5</v><t>x</t><t>y</t><n xsi:nil="true"/></row><row id="2"><v unit="m">6</v></row></a>'
    )

    (parsed,) = read_text(text, "a.xml")

    assert rows(parsed) == [
        {"id": "1", "v_unit": "m", "v": "5", "t": '["x", "y"]', "n": None},
        {"id": "2", "v_unit": "m", "v": "6", "t": None, "n": None},
    ]


@pytest.mark.parametrize(
    ("declared", "actual"), [("EUC-KR", "cp949"), ("UTF-8", "cp949"), ("euc-kr", "utf-8")]
)
def test_the_encoding_an_xml_declares_is_tried_not_trusted(
    read_text: Any, declared: str, actual: str
) -> None:
    text = f'<?xml version="1.0" encoding="{declared}"?><r><i><구>똠방 강동구</구></i><i><구>나</구></i></r>'

    (parsed,) = read_text(text.encode(actual), "a.xml")

    assert rows(parsed)[0] == {"구": "똠방 강동구"}


@pytest.mark.parametrize(
    "content",
    [
        '<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><r><i>&b;</i><i>&b;</i></r>',
        '<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd"><r><i>&b;</i></r>',
        "<r><i>1</i>",
        "<r>" * 5000 + "</r>" * 5000,
        "<r/>",
    ],
)
def test_xml_with_entities_or_faults_is_unreadable(read_text: Any, content: str) -> None:
    with pytest.raises(Unreadable):
        read_text(content, "a.xml")


def test_an_empty_list_is_a_table_without_rows(read_text: Any) -> None:
    (parsed,) = read_text("[]", "a.json")

    assert (parsed.table.num_rows, parsed.table.num_columns, len(parsed.rejects)) == (0, 0, 0)
