"""A workbook: texts stay texts, days and instants are dates, and what does not fit says so."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime

import pyarrow as pa
import pytest
from lxml import etree
from python_calamine import CalamineWorkbook

from catalogue.encode import sheets
from catalogue.encode.answers import Answer, stream
from catalogue.encode.sheets import MOST_ROWS
from catalogue.encode.workbook import letters
from schemas.arrow import arrow_schema
from schemas.dataset import Column
from schemas.problem import BadInput

TEXT = (Column("word", "text"),)
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def book(columns, rows, name="parks"):
    schema = arrow_schema(columns)
    names = schema.names
    table = pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], schema)
    return b"".join(stream(Answer(name, columns, len(table), table.to_batches), "xlsx"))


def cells(data, sheet="xl/worksheets/sheet1.xml"):
    """The cells of a sheet's rows as elements."""
    root = etree.fromstring(zipfile.ZipFile(io.BytesIO(data)).read(sheet))
    return [list(row) for row in root.iter(f"{MAIN}row")]


def read(data):
    return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()[1:]


@pytest.mark.parametrize(
    "word", ["=1+1", "+82-51", "@x", "-", "0042", "2026-11-25", " spaced ", "<b>&amp;</b>"]
)
def test_a_text_is_a_text_whatever_it_looks_like(word):
    data = book(TEXT, [("0", word)])
    assert read(data) == [["0", word]]
    cell = cells(data)[1][1]
    assert (cell.get("t"), cell.find(f"{MAIN}f")) == ("inlineStr", None)


def test_its_plain_style_has_the_name_by_which_programs_look_for_it():
    styles = etree.fromstring(zipfile.ZipFile(io.BytesIO(book(TEXT, [("0", "a")]))).read("xl/styles.xml"))
    (named,) = styles.iter(f"{MAIN}cellStyle")
    assert (named.get("name"), named.get("builtinId"), named.get("xfId")) == ("Normal", "0", "0")


def test_what_xml_cannot_hold_is_escaped_and_what_looks_escaped_is_kept():
    data = book(TEXT, [("0", "bell\x07 return\r end"), ("1", "_x0007_")])
    texts = ["".join(row[1].itertext()) for row in cells(data)[1:]]
    assert texts == ["bell_x0007_ return_x000D_ end", "_x005F_x0007_"]


def test_a_text_longer_than_a_cell_is_replaced_by_a_remark():
    ((_, short), (_, long)) = read(book(TEXT, [("0", "가" * 32_767), ("1", "가" * 32_768)]))
    assert short == "가" * 32_767
    assert long.startswith("[32,768 letters")


def test_days_and_instants_are_dates_and_those_that_sheets_do_not_know_are_texts():
    columns = (Column("day", "date"), Column("at", "time"))
    at = datetime(2026, 11, 25, 3, 4, 5, 678_000, tzinfo=UTC)
    data = book(
        columns,
        [("0", date(2026, 11, 25), at), ("1", date(1899, 1, 1), at.replace(year=1800)), ("2", None, None)],
    )
    new, old, none = read(data)
    assert new == ["0", date(2026, 11, 25), datetime(2026, 11, 25, 3, 4, 5, 678_000)]
    assert old == ["1", "1899-01-01", "1800-11-25T03:04:05.678000Z"]
    assert none == ["2", "", ""]


def test_a_whole_number_that_a_cell_would_round_is_a_text():
    data = book(
        (Column("n", "integer"),), [("0", 10**15 - 1), ("1", 2**63 - 1), ("2", -(2**63)), ("3", None)]
    )
    assert [row[1] for row in read(data)] == [10**15 - 1, str(2**63 - 1), str(-(2**63)), ""]


def test_rows_beyond_the_end_of_a_sheet_go_on_in_another():
    columns = (Column("n", "integer"),)
    total = MOST_ROWS + 1
    numbers = pa.array(range(total), pa.int64())
    table = pa.Table.from_arrays([numbers.cast(pa.string()), numbers], schema=arrow_schema(columns))
    answer = Answer(
        "a name that is far too long for a sheet", columns, total, lambda: table.to_batches(16_384)
    )
    with zipfile.ZipFile(io.BytesIO(b"".join(stream(answer, "xlsx")))) as packed:
        written = [packed.read(f"xl/worksheets/sheet{n}.xml") for n in (1, 2)]
        titles = etree.fromstring(packed.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        assert [len(each.get("name")) for each in titles] == [31, 31]
    assert [sheet.count(b"<row r=") for sheet in written] == [MOST_ROWS, 3]
    assert f'<row r="{MOST_ROWS}"><c r="A{MOST_ROWS}"'.encode() in written[0]
    assert f"<v>{MOST_ROWS - 1}</v>".encode() in written[1]


def test_a_sheet_of_much_text_goes_on_in_another(monkeypatch):
    monkeypatch.setattr(sheets, "MOST_BYTES", 70_000)
    words = pa.array(["가" * 10_000] * 5)
    table = pa.Table.from_arrays([pa.array(list("01234")), words], schema=arrow_schema(TEXT))
    answer = Answer("parks", TEXT, 5, lambda: table.to_batches(1))
    data = b"".join(stream(answer, "xlsx"))
    assert [len(cells(data, f"xl/worksheets/sheet{n}.xml")) for n in (1, 2)] == [1 + 3, 1 + 2]


def test_each_cell_says_where_it_stands_as_programs_want_that_do_not_count():
    data = book((Column("a", "text"), Column("b", "integer")), [("0", "가", None), ("1", None, 5)])
    assert [[cell.get("r") for cell in row] for row in cells(data)] == [
        [f"{letter}{line}" for letter in "ABC"] for line in (1, 2, 3)
    ]
    lines = [cell[0].getparent().get("r") for cell in cells(data)]
    assert lines == ["1", "2", "3"]


def test_columns_are_called_as_sheets_call_them():
    assert [letters(n) for n in (0, 25, 26, 701, 702, 16_383)] == [b"A", b"Z", b"AA", b"ZZ", b"AAA", b"XFD"]


def test_its_files_are_such_as_older_readers_of_zip_know_and_tell_first_what_it_is():
    infos = zipfile.ZipFile(io.BytesIO(book(TEXT, [("0", "a")]))).infolist()
    assert [each.filename for each in infos][:3] == [
        "_rels/.rels",
        "xl/styles.xml",
        "xl/worksheets/sheet1.xml",
    ]
    assert {each.extract_version for each in infos} == {20}  # 45 would be ZIP64


def test_no_rows_are_a_sheet_with_the_names_of_the_columns():
    assert [[cell[0][0].text for cell in row] for row in cells(book(TEXT, []))] == [["_id", "word"]]


def test_more_columns_than_a_sheet_has_are_refused():
    columns = tuple(Column(f"c{i}", "integer") for i in range(16_384))
    with pytest.raises(BadInput, match="columns"):
        book(columns, [])


def test_the_same_rows_make_the_same_bytes():
    rows = [("0", "가"), ("1", None)]
    assert book(TEXT, rows) == book(TEXT, rows)
