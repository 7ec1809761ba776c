"""CSV: every row of a file is in the table or in the rejects, with its line."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harvesters.faults import FeedMisconfigured, Unreadable

FOLDERS = ("facility", "environment", "traffic", "corrupt", "catalogue")
SEMICOLONS = ("csv-detective_a_test_file.csv", "weird_head_padding.csv", "issue-811.csv")
WITHOUT_HEADER = ("null.csv",)


def text_of(path: Path) -> str:
    content = path.read_bytes()
    for encoding in ("utf-8-sig", "cp949", "big5", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError(path)


def test_every_row_of_every_real_file_is_in_the_table_or_in_the_rejects(shared_data: Path, read: Any) -> None:
    files = sorted(path for folder in FOLDERS for path in (shared_data / folder).rglob("*.csv"))
    assert len(files) > 40
    for path in files:
        if path.name == "empty.csv":
            continue
        (parsed,) = read(path)
        mark = ";" if path.name in SEMICOLONS else ","
        counted = [row for row in csv.reader(io.StringIO(text_of(path), newline=""), delimiter=mark) if row]
        blank = sum(1 for row in counted if len(row) == 1 and row[0] and not row[0].strip())
        header = 0 if path.name in WITHOUT_HEADER else 1
        assert parsed.table.num_rows + parsed.rejects.num_rows == len(counted) - header - blank, path.name
        assert parsed.table.num_rows == len(parsed.lines), path.name


def test_every_cell_of_real_files_is_as_it_was_written(shared_data: Path, read: Any) -> None:
    for name in (
        "facility/전국도시공원표준데이터.csv",
        "facility/서울_공영주차장_seoulCarpark.csv",
        "facility/부산_상가업소_영도구.csv",
        "corrupt/xloader/sample_with_mixed_quotes.csv",
    ):
        (parsed,) = read(shared_data / name)
        text = text_of(shared_data / name).replace("\r\n", "\n")
        written = list(csv.reader(io.StringIO(text, newline="")))
        width = parsed.table.num_columns
        expected = [[cell or None for cell in row[:width]] for row in written[1:] if row]
        columns = [column.to_pylist() for column in parsed.table.columns]
        assert [list(row) for row in zip(*columns, strict=True)] == expected


@pytest.mark.parametrize(
    ("name", "rows", "encoding"),
    [
        ("facility/전국도시공원표준데이터.csv", 17_967, "cp949"),
        ("facility/서울_공영주차장_seoulCarpark.csv", 17_864, "utf-8"),
        ("facility/전국버스정류장_busStation.csv", 76_505, "utf-8"),
        ("facility/제주시_무더위쉼터현황_20150931.csv", 40, "cp949"),
        ("environment/일별평균대기오염도_2018_1-6월.csv", 4_953, "utf-8-sig"),
    ],
)
def test_known_files_have_their_rows(
    shared_data: Path, read: Any, name: str, rows: int, encoding: str
) -> None:
    (parsed,) = read(shared_data / name)

    assert (parsed.table.num_rows, parsed.rejects.num_rows, parsed.encoding) == (rows, 0, encoding)


def test_the_list_of_thirty_thousand_datasets_is_read_from_its_gzip(shared_data: Path, read: Any) -> None:
    (parsed,) = read(shared_data / "catalogue" / "data_go_kr_list_half1.csv.gz")

    assert "목록키" in parsed.table.column_names
    assert parsed.rejects.num_rows == 0


def test_codes_keep_their_zeros_and_empty_cells_are_null(read_text: Any) -> None:
    (parsed,) = read_text('code,name\n00123,\n007,"x"\n')

    assert parsed.table.to_pylist() == [{"code": "00123", "name": None}, {"code": "007", "name": "x"}]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found(read_text: Any, mark: str, end: str) -> None:
    rows = [["이름", "값", "비고"], ["a, b", "1,5", "x"], ["c", "2", 'say "hi"']]
    written = io.StringIO()
    csv.writer(written, delimiter=mark, lineterminator=end).writerows(rows)

    (parsed,) = read_text(written.getvalue())

    assert parsed.table.column_names == rows[0]
    assert [list(row.values()) for row in parsed.table.to_pylist()] == rows[1:]
    assert parsed.lines.to_pylist() == [2, 3]


def test_lines_are_those_of_the_file_below_cells_with_line_breaks(read_text: Any) -> None:
    (parsed,) = read_text('a,b\n"one\ntwo",1\n\nshort\nlast,2\n')

    assert parsed.lines.to_pylist() == [2, 6]
    assert parsed.rejects.to_pylist() == [
        {
            "line": 5,
            "scope": "row",
            "column": None,
            "value": "short",
            "reason": "column_count",
            "detail": "the row has 1 cells, the header 2",
        }
    ]


def test_title_rows_above_the_header_are_passed_over(read_text: Any) -> None:
    (parsed,) = read_text("부산 공원 현황\n기준일,2026-01-01\n\n이름,구,면적,주소\nA,중구,1,x\nB,서구,2,y\n")

    assert parsed.table.column_names == ["이름", "구", "면적", "주소"]
    assert parsed.lines.to_pylist() == [5, 6]


def test_the_header_line_that_a_feed_names_is_obeyed(read_text: Any) -> None:
    (parsed,) = read_text("x,y\n1,2\n이름,값\na,3\n", header=3)

    assert parsed.table.to_pylist() == [{"이름": "a", "값": "3"}]


def test_columns_without_a_name_of_their_own_get_one(read_text: Any) -> None:
    (parsed,) = read_text('id,,id,"a\nb",\n1,2,3,4,\n')

    assert parsed.table.column_names == ["id", "column_2", "id_2", "a b"]


def test_a_delimiter_at_the_end_of_every_row_makes_no_column(read_text: Any) -> None:
    (parsed,) = read_text("a,b\n1,2,\n3,4,\n")

    assert parsed.table.column_names == ["a", "b"]
    assert parsed.table.num_rows == 2


def test_a_row_with_a_nul_byte_is_set_aside(read_text: Any) -> None:
    (parsed,) = read_text(b"a,b\n1,x\0y\n2,z\n")

    assert parsed.table.num_rows == 1
    assert parsed.rejects.to_pylist()[0]["reason"] == "nul_byte"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949", "utf-16"])
def test_korean_is_read_in_the_encodings_that_are_published(read_text: Any, encoding: str) -> None:
    (parsed,) = read_text("구,값\n강동구,똠방각하 펲시콜라\n".encode(encoding))

    assert parsed.table.to_pylist() == [{"구": "강동구", "값": "똠방각하 펲시콜라"}]


def test_a_declared_encoding_is_obeyed_strictly(read_text: Any) -> None:
    content = "name,n\nRené,1\n".encode("latin-1")

    (parsed,) = read_text(content, encoding="latin-1")
    assert parsed.table.to_pylist()[0]["name"] == "René"
    with pytest.raises(Unreadable, match=r"line 2 is not UTF-8: byte 0xe9 at offset 10"):
        read_text(content, encoding="utf-8")
    with pytest.raises(FeedMisconfigured, match="klingon"):
        read_text(content, encoding="klingon")


def test_an_unknown_encoding_is_named_with_line_and_byte(read_text: Any) -> None:
    with pytest.raises(Unreadable, match=r"line 3 is not CP949 nor UTF-8: byte 0xff.*\[format\] encoding"):
        read_text("구,값\n강,1\n".encode("cp949") + b"\xff\xfe,2\n")


def test_utf8_with_a_broken_byte_is_not_taken_for_cp949(read_text: Any) -> None:
    with pytest.raises(Unreadable, match="line 3 is not UTF-8"):
        read_text("구,값\n강동구,1\n".encode() + b"\xb0\xa1,2\n")


@pytest.mark.parametrize(
    "broken",
    [
        "강동구".encode("cp949").decode("latin-1"),
        "해운대구청".encode().decode("latin-1"),
        "강동구 강남구".encode().decode("cp1252", "ignore"),
    ],
)
def test_text_that_was_decoded_wrongly_before_is_not_published(read_text: Any, broken: str) -> None:
    with pytest.raises(Unreadable, match="before it came here"):
        read_text(f"구,값\n{broken},1\n")


def test_accents_of_other_languages_are_no_fault(read_text: Any) -> None:
    (parsed,) = read_text("name,note\nÅngström,«déjà vu» ÄÖÜ ±½°\nCafé, 12 m² \n")

    assert parsed.table.num_rows == 2


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf"])
def test_a_file_with_nothing_in_it_is_unreadable(read_text: Any, content: bytes) -> None:
    with pytest.raises(Unreadable, match="empty"):
        read_text(content)


def test_a_header_alone_is_a_table_without_rows(read_text: Any) -> None:
    (parsed,) = read_text("a,b\n")

    assert (parsed.table.num_rows, parsed.table.column_names) == (0, ["a", "b"])


def test_a_million_rows_in_cp949_take_less_than_700_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "readings.csv"
    rows = "".join(
        f"{n:06d},관측소 {n} 번,해운대구,2026-01-01 05:00:00,{n / 7:.2f},{n % 500},정상 도로상태\n"
        for n in range(5000)
    )
    with path.open("wb") as file:
        file.write("코드,이름,구,일시,속도,대수,비고\n".encode("cp949"))
        for _ in range(200):
            file.write(rows.encode("cp949"))
    script = (
        "import re, sys; from pathlib import Path; from harvesters.formats import csv\n"
        "from schemas.feed import FormatSpec\n"
        "(parsed,) = csv.read(Path(sys.argv[1]), FormatSpec())\n"
        # Not getrusage: its peak begins with that of the process that started this one.
        "peak = re.search(r'VmHWM:\\s+(\\d+)', Path('/proc/self/status').read_text())[1]\n"
        "print(parsed.table.num_rows, peak)"
    )
    run = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)

    read_rows, kilobytes = map(int, run.stdout.split())
    assert read_rows == 1_000_000
    assert kilobytes < 700_000
