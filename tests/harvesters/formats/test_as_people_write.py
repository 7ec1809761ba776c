"""Tables as people write them: titles, notes, units, odd encodings and quotes, and nothing lost of any."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from workbooks import data, ods, ods_row, workbook

from harvesters.faults import Unreadable
from harvesters.formats import Parsed

Zipped = Callable[..., Path]
PARKS = """부산광역시 공원 현황,,
(2026년 1월 기준),,
구,공원명,면적
해운대구,달맞이공원,"12,300"
수영구,민락공원,"4,100"
동래구,온천공원,900
합계,,"17,300"
※ 출처: 부산광역시 공원여가정책과
"""


def reasons(parsed: Parsed) -> list[tuple[int, str]]:
    return [(each["line"], each["reason"]) for each in parsed.rejects.to_pylist()]


def columns(parsed: Parsed) -> dict[str, list[Any]]:
    return {name: parsed.table[name].to_pylist() for name in parsed.table.column_names}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16", "utf-16-le", "utf-16-be"])
def test_titles_totals_and_notes_stand_beside_the_rows_in_every_encoding(
    read_text: Any, encoding: str
) -> None:
    (parsed,) = read_text(PARKS.encode(encoding))

    assert columns(parsed)["공원명"] == ["달맞이공원", "민락공원", "온천공원"]
    assert reasons(parsed) == [(1, "title"), (2, "title"), (7, "footer"), (8, "footer")]
    assert parsed.rejects["value"].to_pylist()[2] == '합계,,"17,300"'


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le"])
def test_a_text_file_of_excel_is_read(read_text: Any, encoding: str) -> None:
    (parsed,) = read_text("번호\t이름\r\n1\t가나다\r\n2\t라마바\r\n".encode(encoding), "표.txt")

    assert columns(parsed) == {"번호": ["1", "2"], "이름": ["가나다", "라마바"]}


def test_the_total_of_a_table_in_pieces_is_found_at_its_very_end(read_text: Any) -> None:
    rows = "".join(f"{number},{number * 3}\n" for number in range(1, 50_001))

    (parsed,) = read_text(f"번호,값\n{rows}합계,3750075000\n")

    assert parsed.table.num_rows == 50_000
    assert reasons(parsed) == [(50_002, "footer")]


def test_a_word_for_a_total_is_a_value_where_it_comes_again(read_text: Any) -> None:
    text = "구,성별,인구\n중구,남자,1\n중구,여자,2\n중구,합계,3\n서구,남자,4\n서구,여자,5\n서구,합계,9\n"

    (long,) = read_text(text)
    (last,) = read_text("성별,인구\n합계,9\n남자,4\n여자,5\n")
    (twice,) = read_text("구분,인구\n합계,9\n남자,4\n합계,5\n")

    assert [each.table.num_rows for each in (long, last, twice)] == [6, 3, 3]


def test_rows_of_delimiters_are_counted_and_not_published(read_text: Any) -> None:
    (parsed,) = read_text("a,b\n1,2\n,\n3,4\n,\n,\n")

    assert columns(parsed) == {"a": ["1", "3"], "b": ["2", "4"]}
    assert reasons(parsed) == [(3, "blank_row"), (5, "blank_row"), (6, "blank_row")]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1,null,0\n2,0,0\n3,,\n4,0,0\n", 4),  # a count, and nothing that names
        ("26\t0\t7456\t0\n26\t0\t12513\t1\n26\t0\t32867\t1\n27\t0\t15781\t0\n", 4),
        ("2026-01-01 00:00,1.5\n2026-01-01 01:00,2.5\n2026-01-01 02:00,1\n2026-01-01 03:00,9\n", 4),
        ("가,12.5\n나,11.25\n다,13.5\n라,8.1\n", 4),
        ("연도,2000,2001,2002\n가,1,2,3\n나,4,5,6\n다,7,8,2000\n라,1,1,1\n", 4),  # years name columns
        ("0,1,2\n0,0,1\n1,1,1\n0,1,2\n0,1,0\n", 4),  # so do numbers that count them
        ("773869,767541\n64.375,67.625\n62.6,68.5\n64,67\n", 3),  # numbers of sensors above their readings
        ("a,b\n1,2\na,b\n3,4\n", 3),
        ("이름,값\n가,1\n", 1),
    ],
)
def test_a_first_row_that_is_plainly_a_row_names_nothing(read_text: Any, text: str, rows: int) -> None:
    (parsed,) = read_text(text)

    assert parsed.table.num_rows == rows
    names_itself = rows == len(text.splitlines())
    assert (parsed.table.column_names[0] == "column_1") == names_itself


def test_a_row_of_units_is_no_row(read_text: Any) -> None:
    (parsed,) = read_text("구,인구,면적,비율\n구분,(명),㎢,%\n중구,12,3.4,5\n서구,13,4.4,6\n")
    (words,) = read_text("구,호실,동\n중구,호,동\n서구,1,2\n")

    assert parsed.units == {"인구": "명", "면적": "㎢", "비율": "%"}
    assert columns(parsed)["구"] == ["중구", "서구"]
    assert words.table.num_rows == 2


@pytest.mark.parametrize(
    "header",
    [
        "시도,성별,2024,2024,2025,2025\n시도,성별,인구,세대,인구,세대\n",
        "시도,성별,2024,,2025,\n,,인구,세대,인구,세대\n",
    ],
)
def test_a_second_line_of_names_is_part_of_the_header(read_text: Any, header: str) -> None:
    (parsed,) = read_text(f"{header}부산,계,10,4,11,5\n대구,계,8,3,8,3\n")

    assert parsed.table.column_names == ["시도", "성별", "2024_인구", "2024_세대", "2025_인구", "2025_세대"]
    assert parsed.table.num_rows == 2


def test_columns_without_a_name_are_kept(read_text: Any) -> None:
    (parsed,) = read_text("a,b\n1,2,3\n4,5,6\n7,8\n")

    assert columns(parsed) == {"a": ["1", "4"], "b": ["2", "5"], "column_3": ["3", "6"]}
    assert reasons(parsed) == [(4, "column_count")]


def test_the_delimiter_that_excel_names_is_taken_and_its_line_is_none(read_text: Any) -> None:
    (parsed,) = read_text("sep=;\r\na;b\r\n1,5;2\r\n2,5;3\r\n")

    assert columns(parsed) == {"a": ["1,5", "2,5"], "b": ["2", "3"]}
    assert reasons(parsed) == []


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_other_delimiters_are_seen_also_beside_decimal_commas(read_text: Any, mark: str) -> None:
    (parsed,) = read_text(f"이름{mark}값\n가{mark}1,5\n나{mark}2,25\n")

    assert columns(parsed) == {"이름": ["가", "나"], "값": ["1,5", "2,25"]}


def test_cells_quoted_by_apostrophes_lose_them_and_keep_quotes(read_text: Any) -> None:
    (parsed,) = read_text("'이름','말'\n'가, 나','그는 \"예\"라 했다'\n'다','a\nb'\n")

    assert columns(parsed) == {"이름": ["가, 나", "다"], "말": ['그는 "예"라 했다', "a\nb"]}


def test_quotes_escaped_as_in_c_are_part_of_their_cell(read_text: Any) -> None:
    (parsed,) = read_text('"a","b"\n"he said \\"yes\\" twice","1"\n"x","2"\n')

    assert columns(parsed) == {"a": ['he said "yes" twice', "x"], "b": ["1", "2"]}


def test_a_path_that_ends_in_a_backslash_is_no_escape(read_text: Any) -> None:
    (parsed,) = read_text('"a","b"\n"C:\\data\\","1"\n')

    assert columns(parsed)["a"] == ["C:\\data\\"]


@pytest.mark.parametrize(
    ("text", "encoding", "found"),
    [
        ("Comune;Sigla\nAgliè;TO\nForlì;FC\nSan Donà;VE\n", "latin-1", "cp1252"),
        ("name,price\nCAFÉ À LA CRÈME,€ 3\nMüller – Söhne,£ 4\n", "cp1252", "cp1252"),
        ("編號,名稱,地址\n1,雲嘉南濱海國家風景區,台南市北門區\n2,日月潭,南投縣魚池鄉\n", "big5", "big5"),
        ("编号,名称,地址\n1,人民公园,上海市黄浦区南京西路\n2,中山公园,北京市东城区\n", "gb18030", "gb18030"),
        ("番号,名前\n1,こどもの国\n2,みどり公園のひろば\n", "cp932", "cp932"),
        ("구,값\n강동구,25℃\n똠방,1\n", "cp949", "cp949"),
        ("id,temp\n1,25°\n2,30°C\n", "latin-1", "cp1252"),
        ("город,код\nМосква,1\n", "cp1251", "cp1251"),
    ],
)
def test_encodings_are_known_by_letters_that_make_sense(
    read_text: Any, text: str, encoding: str, found: str
) -> None:
    (parsed,) = read_text(text.encode(encoding))

    assert parsed.encoding == found
    assert parsed.table.column_names == text.splitlines()[0].replace(";", ",").split(",")
    assert set("".join(map(str, parsed.table.to_pylist()))) >= {sign for sign in text if sign.isalpha()}


def test_a_name_cut_in_the_middle_of_a_letter_costs_its_cell(read_text: Any) -> None:
    rows = "".join(f"{number},해운대구 우동 {number}번지\n" for number in range(50))
    cut = "51,해운대구 우동".encode("cp949")[:-1]

    (korean,) = read_text(f"번호,주소\n{rows}".encode("cp949") + cut + b"\n52,x\n")
    (utf8,) = read_text(f"번호,주소\n{rows}".encode() + "51,우동".encode()[:-1] + b"\n")

    assert korean.encoding == "cp949"
    assert korean.table["주소"].to_pylist()[50:] == ["해운대구 우\ufffd", "x"]
    assert utf8.table["주소"].to_pylist()[-1] == "우\ufffd"


@pytest.mark.parametrize(
    "content",
    [
        "구,값\n강동구,1\n".encode("cp949").decode("latin-1").encode(),
        "구,값\n강동구 강남구,1\n".encode("cp949") + bytes(range(0x80, 0x100)) + b",2\n",
        "구,값\n".encode() + "강동구,1\n".encode("cp949"),
        "miasto,kod\nWrocław,1\nŁódź,2\n".encode("cp1250"),
    ],
)
def test_letters_that_make_no_sense_are_refused(read_text: Any, content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_text(content)


def test_an_xls_that_is_a_web_page_with_one_table_is_read(read_text: Any) -> None:
    page = """<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head>
    <meta content="text/html; charset=ks_c_5601-1987"><style>td {mso: x}</style></head>
    <body><table border=1><tr><td colspan=4>주유소 현황</td></tr>
    <tr><th rowspan=2>상호</th><th colspan=2>가격</th><th rowspan=2>비고</th></tr><tr><th>휘발유<th>경유</tr>
    <tr><td>가나<br>주유소<td>1,650<td>1,500<td>&nbsp;</tr><tr><td>다라<td>1,700<td>1,550<td>셀프</tr>
    </table></body></html>"""

    (parsed,) = read_text(page.encode("cp949"), "주유소.xls")

    assert (parsed.kind, parsed.encoding) == ("html", "cp949")
    assert columns(parsed) == {
        "상호": ["가나 주유소", "다라"],
        "가격_휘발유": ["1,650", "1,700"],
        "가격_경유": ["1,500", "1,550"],
        "비고": [None, "셀프"],
    }
    assert (reasons(parsed), parsed.repairs["title_rows"]) == ([], 1)


@pytest.mark.parametrize("name", ["data.xls", "data.html", "data.csv", "download"])
def test_a_web_page_that_says_something_else_is_no_data(read_text: Any, name: str) -> None:
    page = "<html><body><h1>Service is down</h1><p>Please come again later, we are sorry.</p>{}</body></html>"

    for table in ("", "<table><tr><td>Home<td>Login<tr><td>Help<td>Map</table>"):
        with pytest.raises(Unreadable, match="HTML page"):
            read_text(page.format(table), name)


def test_a_workbook_that_excel_wrote_as_xml_is_read(read_text: Any) -> None:
    text = """<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>
    <Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"
      xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="표"><Table>
      <Row><Cell ss:MergeAcross="1"><Data ss:Type="String">현황</Data></Cell></Row>
      <Row><Cell><Data ss:Type="String">코드</Data></Cell><Cell><Data ss:Type="String">값</Data></Cell></Row>
      <Row><Cell><Data ss:Type="String">007</Data></Cell><Cell><Data ss:Type="Number">1.5</Data></Cell></Row>
      <Row ss:Index="6"><Cell ss:Index="2"><Data ss:Type="Number">2</Data></Cell></Row>
    </Table></Worksheet></Workbook>"""

    (parsed,) = read_text(text, "표.xls")

    assert columns(parsed) == {"코드": ["007", None], "값": [1.5, 2.0]}
    assert parsed.lines.to_pylist() == [3, 6]


def test_headers_of_two_rows_with_units_below_are_one(zipped: Zipped, read: Any) -> None:
    rows = data(
        ["인구 현황", None, None, None],
        ["구", "인구", None, "면적"],
        [None, "남", "여", None],
        [None, "(명)", "(명)", "(㎢)"],
        ["중구", 10, 11, 2.5],
        ["서구", 12, 13, 3.5],
        ["합계", 22, 24, 6],
        ["자료: 행정안전부", None, None, None],
        merge="A1:D1 A2:A3 B2:C2 D2:D3",
    )

    (parsed,) = read(zipped(workbook({"표": rows}), "a.xlsx"))

    assert columns(parsed) == {
        "구": ["중구", "서구"],
        "인구_남": [10, 12],
        "인구_여": [11, 13],
        "면적": [2.5, 3.5],
    }
    assert parsed.units == {"인구_남": "명", "인구_여": "명", "면적": "㎢"}
    assert reasons(parsed) == [(7, "footer"), (8, "footer")]
    assert parsed.repairs["title_rows"] == 1


def test_a_spreadsheet_of_libreoffice_with_merged_cells_is_read(zipped: Zipped, read: Any) -> None:
    day = dt.date(2026, 1, 3)
    rows = (
        ods_row(("공원 현황", 3, 1), None, None)
        + ods_row(("구", 1, 2), ("면적", 2, 1), None)
        + ods_row(None, "2025", "2026")
        + ods_row("중구", 1.5, 2, rows_repeated=2)
        + ods_row("서구", 3, day)
        + ods_row(None, rows_repeated=1_000_000)
    )

    (parsed,) = read(zipped(ods({"표": rows}), "a.ods"))

    assert columns(parsed) == {
        "구": ["중구", "중구", "서구"],
        "면적_2025": [1.5, 1.5, 3.0],
        "면적_2026": ["2", "2", "2026-01-03"],
    }
    assert (reasons(parsed), parsed.repairs["title_rows"]) == ([], 1)


def test_a_row_repeated_a_million_times_does_not_fill_the_memory(zipped: Zipped, read: Any) -> None:
    rows = ods_row("a", "b") + ods_row(*range(50), rows_repeated=1_000_000)

    with pytest.raises(Unreadable, match="too far out"):
        read(zipped(ods({"표": rows}), "a.ods"))


def test_a_zip_of_korean_names_holds_a_table_a_file(tmp_path: Path, read: Any) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("서구.csv", "a,b\n3,4\n")
    path = tmp_path / "묶음.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("NAME.csv", "a,b\n1,2\n")
        archive.writestr("more.zip", inner.getvalue())
        archive.writestr("readme.txt", "how to read this")
        archive.writestr("지도.pdf", b"%PDF-1.7")

    # An archiver of old writes the bytes of CP949 and does not say so.
    path.write_bytes(path.read_bytes().replace(b"NAME", "중구".encode("cp949")))

    assert [(each.name, each.table.num_rows) for each in read(path)] == [("중구", 1), ("서구", 1)]
    assert [each.name for each in read(path, member="*구.csv")] == [""]


def test_lines_of_json_keep_what_is_nested(read_text: Any) -> None:
    text = '{"id": 1, "at": {"lat": 35.1, "lon": 129}, "tags": ["a"]}\n{"id": 2, "at": null}\nnot json\n'

    (parsed,) = read_text(text, "a.ndjson")

    assert columns(parsed)["at_lat"] == [35.1, None]
    assert columns(parsed)["tags"] == ['["a"]', None]
    assert reasons(parsed) == [(3, "invalid_json")]


def test_lines_that_end_in_cr_alone_are_lines(read_text: Any) -> None:
    (parsed,) = read_text("쉼터,정원\r가,10\r나,20\r".encode("cp949"))

    assert columns(parsed) == {"쉼터": ["가", "나"], "정원": ["10", "20"]}


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"7z\xbc\xaf\x27\x1c" + b"x" * 99, "7-Zip"),
        (b"x" * 257 + b"ustar" + b"\0" * 300, "TAR"),
        (b"BZh9", "bzip2"),
    ],
)
def test_other_archives_say_what_they_are(read_text: Any, content: bytes, said: str) -> None:
    with pytest.raises(Unreadable, match=f"{said}.*publish it as"):
        read_text(content, "data.bin")


def test_a_span_that_is_no_number_fills_one_cell_and_is_told(read_text: Any) -> None:
    page = '<table><tr><th>이름<th>수<tr><td colspan="foo">가<td>1<tr><td>나<td colspan="">2</table>'

    (parsed,) = read_text(page, "표.xls")

    assert columns(parsed) == {"이름": ["가", "나"], "수": ["1", "2"]}
    assert parsed.repairs["broken_span"] == 2
