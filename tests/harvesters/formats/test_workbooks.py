"""Workbooks: headers found and flattened, cells as they are."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from workbooks import data, workbook

from harvesters.faults import FeedMisconfigured, Unreadable
from harvesters.reading.sheets.tables import Merged, Sheet, tables
from schemas.feed import FormatSpec

Zipped = Callable[..., Path]


@pytest.mark.parametrize(
    ("name", "rows", "first"),
    [
        ("facility/전국도서관표준데이터.xls", 1756, 2),
        ("facility/01. population_in_Seoul.xls", 26, 4),
        ("facility/주유소/지역_위치별(주유소) (1).xls", 19, 4),
        ("corrupt/messytables/span_rich.xls", 5, 2),
        ("corrupt/frictionless/multiline-headers.xlsx", 1, 6),
    ],
)
def test_known_workbooks_have_their_rows(
    shared_data: Path, read: Any, name: str, rows: int, first: int
) -> None:
    (parsed,) = read(shared_data / name)

    assert (parsed.table.num_rows, parsed.lines[0].as_py(), parsed.name) == (rows, first, "")


def test_every_petrol_workbook_has_its_header_below_the_title(shared_data: Path, read: Any) -> None:
    files = sorted((shared_data / "facility" / "주유소").glob("*.xls"))
    assert len(files) == 12
    for path in files:
        (parsed,) = read(path)
        assert parsed.table.column_names[:3] == ["지역", "상호", "주소"]
        assert parsed.lines[0].as_py() == 4
        assert set(parsed.table["지역"].to_pylist()) == {"서울특별시"}


def test_headers_of_several_rows_become_one_name_a_column(shared_data: Path, read: Any) -> None:
    (seoul,) = read(shared_data / "facility/01. population_in_Seoul.xls")
    (food,) = read(shared_data / "corrupt/frictionless/multiline-headers.xlsx")

    assert seoul.table.column_names[2:6] == ["세대", "인구_합계_계", "인구_합계_남자", "인구_합계_여자"]
    assert seoul.table["세대"][0].as_py() == 4202888
    assert food.table.column_names[:2] == ["Region", "Caloric contribution_(%)"]


def test_groups_above_a_header_are_part_of_it() -> None:
    rows = [
        ["2026 인구 현황", None, None, None],
        [None, "인구", None, None],
        ["구", "남", "여", "비고"],
        ["강동구", 1.0, 2.0, "a"],
        ["중구", 3.0, 4.5, None],
    ]
    merged = (Merged(0, 0, 0, 3), Merged(1, 1, 1, 2))

    (table,) = tables(iter([Sheet("a", False, rows, merged)]), FormatSpec(), "xlsx", None)

    assert table.table.to_pylist() == [
        {"구": "강동구", "인구_남": 1.0, "인구_여": 2.0, "비고": "a"},
        {"구": "중구", "인구_남": 3.0, "인구_여": 4.5, "비고": None},
    ]
    assert table.lines.to_pylist() == [4, 5]


def test_cells_keep_what_they_are(zipped: Zipped, read: Any) -> None:
    day = dt.date(2026, 1, 3)
    path = zipped(
        workbook(
            {
                "표": data(
                    ["코드", "수", "값", "날짜", "섞임"], ["007", 12, 1.5, day, 3], ["12", 13, 2, day, "-"]
                )
            }
        ),
        "a.xlsx",
    )

    (parsed,) = read(path)

    assert parsed.table.to_pylist() == [
        {"코드": "007", "수": 12, "값": 1.5, "날짜": day, "섞임": "3"},
        {"코드": "12", "수": 13, "값": 2.0, "날짜": day, "섞임": "-"},
    ]


def test_hidden_sheets_are_read_only_when_named(zipped: Zipped, read: Any) -> None:
    sheet = data(["a", "b"], [1, "x"])
    path = zipped(
        workbook({"보임": sheet, "숨김": sheet, "빈": data(), "둘": sheet}, hidden=("숨김",)), "a.xlsx"
    )

    assert [(each.name, each.repairs) for each in read(path)] == [("보임", {"hidden_sheet": 1}), ("둘", {})]
    assert [(each.name, each.table.num_rows) for each in read(path, sheet="숨김")] == [("", 1)]
    with pytest.raises(FeedMisconfigured, match="did you mean '숨김'"):
        read(path, sheet="숨김표")


def test_merged_cells_among_the_data_count_in_their_first_cell(zipped: Zipped, read: Any) -> None:
    path = zipped(workbook({"a": data(["a", "b"], ["x", "y"], [None, "z"], merge="A2:A3")}), "a.xlsx")

    (parsed,) = read(path)

    assert parsed.table["a"].to_pylist() == ["x", None]


def test_a_sheet_of_numbers_has_no_header(zipped: Zipped, read: Any) -> None:
    (parsed,) = read(zipped(workbook({"a": data([1, 2], [3, 4])}), "a.xlsx"))

    assert parsed.table.to_pylist() == [{"column_1": 1, "column_2": 2}, {"column_1": 3, "column_2": 4}]


def test_the_row_a_feed_names_is_the_header(zipped: Zipped, read: Any) -> None:
    path = zipped(workbook({"a": data(["x", "y"], ["이름", "값"], ["a", 1])}), "a.xlsx")

    (parsed,) = read(path, header=2)

    assert parsed.table.to_pylist() == [{"이름": "a", "값": 1}]


def test_a_cell_beyond_the_horizon_does_not_bring_the_process_down(zipped: Zipped, read: Any) -> None:
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>2</v></c></row>'
    far = f"<sheetData>{cells}</sheetData>"

    with pytest.raises(Unreadable, match="row 1,048,576 and column 16,384"):
        read(zipped(workbook({"a": far}), "a.xlsx"))


def test_formats_far_out_without_a_value_do_no_harm(zipped: Zipped, read: Any) -> None:
    rows = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576" s="1"/></row>'

    (parsed,) = read(zipped(workbook({"a": f"<sheetData>{rows}</sheetData>"}), "a.xlsx"))

    assert parsed.table.num_rows == 1


def test_an_encrypted_workbook_says_so(shared_data: Path, read: Any) -> None:
    with pytest.raises(Unreadable, match="encrypted"):
        read(shared_data / "corrupt/messytables/encrypted_no_password.xls")


@pytest.mark.parametrize("share", [0.05, 0.4, 0.8])
def test_workbooks_cut_short_are_unreadable(shared_data: Path, read_text: Any, share: float) -> None:
    for name in ("facility/전국도서관표준데이터.xls", "corrupt/messytables/large.xlsx"):
        content = (shared_data / name).read_bytes()
        with pytest.raises(Unreadable):
            read_text(content[: int(len(content) * share)], Path(name).name)


FLAT = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0">
<office:body><office:spreadsheet><table:table table:name="공원">{}</table:table></office:spreadsheet>
</office:body></office:document>"""


def test_a_flat_open_document_is_a_workbook_too(read_text: Any) -> None:
    cell = '<table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell>'
    lines = (("이름", "구"), ("시민공원", "부산진구"), ("어린이공원", "남구"))
    rows = "".join(f"<table:table-row>{''.join(map(cell.format, line))}</table:table-row>" for line in lines)

    (parsed,) = read_text(FLAT.format(rows), "parks.fods")

    assert parsed.kind == "ods"
    assert parsed.table.to_pylist() == [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
